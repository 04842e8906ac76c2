//! The two shapes of the storages' XML: a flat refusal, and a list of elements.

use std::cell::RefCell;

use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};

/// Calls `leaf` with the path of every element that has no children, and its text; `close` with
/// the path of every element when it ends.
///
/// # Errors
/// A sentence about what is not XML.
pub(crate) fn walk(
    text: &str,
    mut leaf: impl FnMut(&[String], &str),
    mut close: impl FnMut(&[String]),
) -> Result<(), String> {
    const DEPTH: usize = 32;
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    let mut is_leaf = false;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                let name = start.local_name();
                path.push(String::from_utf8_lossy(name.as_ref()).into_owned());
                if path.len() > DEPTH {
                    return Err("it is nested too deep".into());
                }
                content.clear();
                is_leaf = true;
            }
            Event::Empty(start) => {
                let name = start.local_name();
                path.push(String::from_utf8_lossy(name.as_ref()).into_owned());
                leaf(&path, "");
                close(&path);
                path.pop();
                is_leaf = false;
            }
            Event::Text(part) => {
                content.push_str(&part.decode().map_err(|error| error.to_string())?);
            }
            Event::CData(part) => {
                content.push_str(&part.decode().map_err(|error| error.to_string())?);
            }
            Event::GeneralRef(reference) => {
                let char = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                let name = reference.decode().map_err(|error| error.to_string())?;
                match (char, resolve_predefined_entity(&name)) {
                    (Some(char), _) => content.push(char),
                    (None, Some(text)) => content.push_str(text),
                    (None, None) => return Err(format!("`&{name};` is not known")),
                }
            }
            Event::End(_) => {
                if is_leaf {
                    leaf(&path, &content);
                }
                close(&path);
                is_leaf = false;
                path.pop();
                content.clear();
            }
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err("it ends early".into()),
            Event::DocType(_) => return Err("it has a document type".into()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

/// The elements at the path `item` below `root`. `field` gets, for each element without children, its path
/// below the root, its text, and the item that it may be a part of.
///
/// # Errors
/// A sentence about what is not XML or has another root, or what `field` says.
pub(crate) fn items<T: Default>(
    text: &str,
    root: &str,
    item: &[&str],
    mut field: impl FnMut(&[&str], &str, &mut T) -> Result<(), String>,
) -> Result<Vec<T>, String> {
    let (mut items, mut found, mut broken) = (Vec::new(), None, None);
    let current = RefCell::new(T::default());
    walk(
        text,
        |path, text| {
            let names: Vec<_> = path.iter().map(String::as_str).collect();
            let Some((first, below)) = names.split_first() else { return };
            found.get_or_insert_with(|| (*first).to_owned());
            if let Err(reason) = field(below, text, &mut current.borrow_mut()) {
                broken = Some(reason);
            }
        },
        |path| {
            if path.get(1..).is_some_and(|below| below == item) {
                items.push(current.take());
            }
        },
    )?;
    match (found, broken) {
        (Some(found), None) if found == root => Ok(items),
        (Some(found), Some(reason)) if found == root => Err(reason),
        (found, _) => Err(format!("it is `{}`", found.as_deref().unwrap_or("nothing"))),
    }
}

/// A size in bytes.
///
/// # Errors
/// A sentence about what is no number.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| format!("the size `{text}` is not a number"))
}

/// The text of the first element of a name, wherever it is.
pub(crate) fn first(text: &str, name: &str) -> Option<String> {
    let mut found = None;
    let leaf = |path: &[String], text: &str| {
        if found.is_none() && path.last().is_some_and(|last| last == name) {
            found = Some(text.to_owned());
        }
    };
    walk(text, leaf, |_| ()).ok()?;
    found
}

#[cfg(test)]
mod tests {
    use super::{first, walk};

    #[test]
    fn entities_and_namespaces_are_read() {
        let text =
            "<?xml version=\"1.0\"?><a xmlns='urn:x'><b>x &amp;&#x41;<![CDATA[<]]></b><c/></a>";
        assert_eq!(first(text, "b").unwrap(), "x &A<");
        assert_eq!(first(text, "c").unwrap(), "");
        assert_eq!(first(text, "d"), None);
    }

    #[test]
    fn what_is_cut_nested_or_expanding_is_refused() {
        let read = |text: &str| walk(text, |_, _| (), |_| ());
        assert!(read("<a><b>x").is_err());
        assert!(read(&"<a>".repeat(1000)).is_err());
        assert!(read("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>").is_err());
        assert!(read("<a>&b;</a>").is_err());
    }
}
