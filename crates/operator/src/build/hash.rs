//! Short names for what is long, of letters and digits that spell no word.

use ring::digest::{SHA256, digest};
use serde_json::Value;

/// The characters that Kubernetes itself makes such names of.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Characters of a hash.
pub(super) const LENGTH: usize = 5;

/// The hash of a value, whatever the order of its keys.
pub(super) fn of_value(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    of_text(&text)
}

/// The hash of a text.
pub(super) fn of_text(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let letters = digest.as_ref().iter().take(LENGTH);
    letters.map(|&byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect()
}

/// Writes a value with the keys of its objects in order.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<_> = fields.iter().collect();
            names.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in names {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LENGTH, of_text, of_value};

    #[test]
    fn a_hash_is_of_the_value() {
        let value = json!({"a": [1, {"b": "c"}], "d": null});
        let same = json!({"d": null, "a": [1, {"b": "c"}]});
        assert_eq!(of_value(&value), of_value(&same));
        for other in
            [json!({"a": [1, {"b": "d"}], "d": null}), json!({"a": [1, {"b": "c"}]}), json!(null)]
        {
            assert_ne!(of_value(&value), of_value(&other), "{other}");
        }
        assert_eq!(of_text("iris").len(), LENGTH);
    }
}
