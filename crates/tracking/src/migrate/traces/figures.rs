//! Figures in what Python wrote as JSON.

use serde_json::{Map, Value as Json};

use crate::figures::{number, standing};

/// Reads JSON as Python writes it: with `NaN` and infinite numbers, which become nothing.
pub(super) fn lenient(text: &str) -> Option<Json> {
    if let Ok(found) = serde_json::from_str(text) {
        return Some(found);
    }
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    let (mut is_text, mut is_escaped) = (false, false);
    while let Some(it) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| rest.starts_with(word));
        if let Some(word) = word.filter(|_| !is_text) {
            plain.push_str("null");
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        if it == '"' && !is_escaped {
            is_text = !is_text;
        }
        is_escaped = is_text && it == '\\' && !is_escaped;
        plain.push(it);
        rest = rest.get(it.len_utf8()..).unwrap_or_default();
    }
    serde_json::from_str(&plain).ok()
}

/// The object that a text is; an empty one when it is none.
pub(super) fn object(text: &str) -> Map<String, Json> {
    match lenient(text) {
        Some(Json::Object(map)) => map,
        _ => Map::new(),
    }
}

/// A whole number of 64 bits, or a text of one.
pub(super) fn whole(value: &Json) -> Option<i64> {
    let exact = match value {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    // 2^63 is the first that does not fit
    let fits = |it: &f64| {
        it.fract() == 0.0
            && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(it)
    };
    exact.or_else(|| number(value).filter(fits).map(|it| it as i64))
}

/// The first characters of a text.
pub(super) fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// What counts of an assessment in means, and whether it is a number. What is no JSON is a text.
pub(super) fn aggregate(text: &str) -> (Option<f64>, bool) {
    standing(&serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{aggregate, cut, lenient, number, object, whole};

    #[test]
    fn figures_are_read_as_python_reads_them() {
        assert_eq!(
            object(r#"{"a": NaN, "b": "NaN \" NaN", "c": -Infinity}"#)["b"],
            json!("NaN \" NaN")
        );
        assert_eq!(object(r#"{"a": NaN}"#)["a"], json!(null));
        assert!(object("[1]").is_empty() && object("{").is_empty());
        assert_eq!(lenient("nothing"), None);
        for (value, wanted) in [
            (json!(5), Some(5)),
            (json!(5.0), Some(5)),
            (json!("12"), Some(12)),
            (json!(" 1e3 "), Some(1000)),
            (json!(5.5), None),
            (json!(true), None),
            (json!(null), None),
            (json!(1e19), None),
            (json!([1]), None),
            (json!(i64::MIN), Some(i64::MIN)),
            (json!(u64::MAX), None),
        ] {
            assert_eq!(whole(&value), wanted, "{value}");
        }
        assert_eq!(
            [json!("0.5"), json!(true), json!("nan")].map(|it| number(&it)),
            [Some(0.5), None, None]
        );
        assert_eq!(cut("üäö", 2), "üä");
    }

    #[test]
    fn assessments_count_as_numbers_truth_or_nothing() {
        for (text, wanted) in [
            ("0.5", (Some(0.5), true)),
            ("3", (Some(3.0), true)),
            ("true", (Some(1.0), false)),
            ("\" Yes\"", (Some(1.0), false)),
            ("no", (Some(0.0), false)),
            ("\"maybe\"", (None, false)),
            ("NaN", (None, false)),
            ("1e999", (None, false)),
            ("[1]", (None, false)),
            ("null", (None, false)),
        ] {
            assert_eq!(aggregate(text), wanted, "{text}");
        }
    }
}
