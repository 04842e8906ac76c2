//! A small writer of pickles: an estimator of scikit-learn with the attributes that a target makes up.

/// A value of a pickle, as its opcodes.
pub type Value = Vec<u8>;

pub fn text(text: &[u8]) -> Value {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text].concat()
}

pub fn int(value: u8) -> Value {
    vec![b'K', value]
}

pub fn flag(value: bool) -> Value {
    vec![if value { 0x88 } else { 0x89 }]
}

pub fn pair(first: u8, second: u8) -> Value {
    [int(first), int(second), vec![0x86]].concat()
}

/// A list of texts.
pub fn list(items: &[&[u8]]) -> Value {
    let items: Vec<u8> = items.iter().flat_map(|item| text(item)).collect();
    [b"](", &items[..], b"e"].concat()
}

/// A dict from texts to their places.
pub fn places(items: &[&[u8]]) -> Value {
    let pairs =
        items.iter().enumerate().flat_map(|(at, item)| [text(item), int(at as u8)].concat());
    [b"}(", &pairs.collect::<Vec<_>>()[..], b"u"].concat()
}

/// An object of a class with attributes.
pub fn estimator(module: &str, class: &str, attributes: &[(&str, Value)]) -> Vec<u8> {
    let state: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, value)| [&text(name.as_bytes())[..], value].concat())
        .collect();
    [b"\x80\x02c", module.as_bytes(), b"\n", class.as_bytes(), b"\n)\x81}(", &state, b"ub."]
        .concat()
}
