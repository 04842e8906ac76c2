//! Reading what may not be there, or may be of another release's form, from an object.

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

/// The text at a JSON pointer, unless it is empty.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// The list at a JSON pointer; empty when there is none.
pub(super) fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The moment at a JSON pointer, as RFC 3339 has it.
pub(super) fn moment(value: &Value, pointer: &str) -> Option<Timestamp> {
    text(value, pointer)?.parse().ok()
}
