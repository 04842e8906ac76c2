//! References in texts: ids of runs and of logged models, and where their artifacts are.

use std::collections::HashMap;

/// What old ids and locations became.
#[derive(Debug, Default)]
pub(super) struct Rewrite {
    to: HashMap<String, To>,
}

#[derive(Debug)]
struct To {
    id: String,
    /// Where the artifacts were, and where they are.
    artifacts: Option<(String, String)>,
}

/// Digits of the ids that MLflow makes.
const DIGITS: usize = 32;

impl Rewrite {
    pub(super) fn add(&mut self, from: &str, to: &str, artifacts: Option<(String, String)>) {
        let plain = |place: String| place.trim_end_matches('/').to_owned();
        let artifacts = artifacts.map(|(old, new)| (plain(old), plain(new)));
        self.to.insert(from.to_owned(), To { id: to.to_owned(), artifacts });
    }

    pub(super) fn artifacts(&self, from: &str) -> Option<&str> {
        Some(&self.to.get(from)?.artifacts.as_ref()?.1)
    }

    /// A text with new ids and locations in place of old ones; `None` when it has none of the old ones.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        if let Some(to) = self.to.get(text) {
            return Some(to.id.clone());
        }
        let mut out: Option<String> = None;
        for id in ids(text) {
            let Some(to) = self.to.get(id) else { continue };
            let now = out.take().unwrap_or_else(|| text.to_owned());
            let now = match &to.artifacts {
                Some((old, new)) if !old.is_empty() => now.replace(old, new),
                _ => now,
            };
            out = Some(now.replace(id, &to.id));
        }
        out
    }
}

/// Whether a text has what may be an id.
pub(super) fn has_ids(text: &str) -> bool {
    ids(text).next().is_some()
}

/// What may be an id in a text: 32 hexadecimal digits that stand for themselves, with the `m-` of logged models.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let begin = at;
            let digits = bytes.iter().skip(begin).take_while(|byte| is_digit(**byte)).count();
            at = begin + digits.max(1);
            let before = begin.checked_sub(1).and_then(|before| bytes.get(before));
            let after = bytes.get(begin + digits);
            let alone = |byte: Option<&u8>| !byte.is_some_and(u8::is_ascii_alphanumeric);
            if digits == DIGITS && alone(before) && alone(after) {
                let is_model = text.get(..begin).is_some_and(|before| before.ends_with("m-"))
                    && alone(begin.checked_sub(3).and_then(|before| bytes.get(before)));
                let first = if is_model { begin - 2 } else { begin };
                return text.get(first..begin + digits);
            }
        }
        None
    })
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::{Rewrite, has_ids};

    const OLD: &str = "0123456789abcdef0123456789abcdef";
    const NEW: &str = "fedcba9876543210fedcba9876543210";

    fn rewrite() -> Rewrite {
        let mut rewrite = Rewrite::default();
        let places =
            (format!("s3://old/1/{OLD}/artifacts"), format!("mlflow-artifacts:/7/{NEW}/artifacts"));
        rewrite.add(OLD, NEW, Some(places));
        rewrite.add(&format!("m-{OLD}"), &format!("m-{NEW}"), None);
        rewrite.add("my-run", NEW, None);
        rewrite
    }

    #[test]
    fn references_are_rewritten_wherever_they_are() {
        let rewrite = rewrite();
        for (old, new) in [
            (OLD.to_owned(), NEW.to_owned()),
            ("my-run".to_owned(), NEW.to_owned()),
            (format!("runs:/{OLD}/model"), format!("runs:/{NEW}/model")),
            (format!("models:/m-{OLD}"), format!("models:/m-{NEW}")),
            (
                format!("s3://old/1/{OLD}/artifacts/model"),
                format!("mlflow-artifacts:/7/{NEW}/artifacts/model"),
            ),
            (
                format!(r#"[{{"run_id": "{OLD}", "model_id": "m-{OLD}"}}]"#),
                format!(r#"[{{"run_id": "{NEW}", "model_id": "m-{NEW}"}}]"#),
            ),
        ] {
            assert_eq!(rewrite.text(&old).as_deref(), Some(&*new), "{old}");
        }
    }

    #[test]
    fn artifacts_are_known_of_a_run_that_was_recognised() {
        let mut rewrite = Rewrite::default();
        rewrite.add(OLD, NEW, Some((String::new(), "y:/a/".to_owned())));
        assert_eq!(rewrite.artifacts(OLD), Some("y:/a"));
        assert_eq!(rewrite.text(&format!("x:/{OLD}")), Some(format!("x:/{NEW}")));
    }

    #[test]
    fn what_is_no_reference_stays() {
        let rewrite = rewrite();
        for text in [
            String::new(),
            "a value".to_owned(),
            format!("{OLD}0"),
            format!("x{OLD}"),
            NEW.to_owned(),
            "is my-run here".to_owned(),
            format!("é{}", "a".repeat(32)),
        ] {
            assert_eq!(rewrite.text(&text), None, "{text}");
        }
        assert!(has_ids(&format!("é{OLD}")) && !has_ids("0123"));
    }
}
