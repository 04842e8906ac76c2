//! The beginning of what a trace was asked and answered, for lists of traces.

use super::{super::start::PREVIEW, Any};
use longshore_mlflow::rest::limits;

/// From the JSON text of a value: the last message of a role where there are messages, and the text itself elsewhere.
pub(super) fn of(text: &str, role: &str) -> String {
    let value = Any::parse(text);
    let message = value.as_ref().and_then(|value| last(value, role, 0));
    let said = message.and_then(said).filter(|it| !it.is_empty());
    let text = said.as_deref().unwrap_or(text);
    let cut = limits::cut(text, PREVIEW);
    if cut.len() == text.len() {
        return text.to_owned();
    }
    format!("{}...", limits::cut(text, PREVIEW - 3))
}

/// The last message of a role, or of any.
fn last<'v>(value: &'v Any, role: &str, depth: usize) -> Option<&'v Any> {
    let list = |key| value.get(key).map(Any::items).filter(|items| !items.is_empty());
    let choice = || {
        let message = value.get("choices")?.items().first()?.get("message")?;
        is_message(message).then_some(std::slice::from_ref(message))
    };
    let found =
        list("messages").or_else(choice).or_else(|| list("input")).or_else(|| list("output"));
    let Some(found) = found else {
        // a request inside of a request inside of one is nobody's
        let inner = value.get("request").filter(|_| depth < 8)?;
        return last(inner, role, depth + 1);
    };
    let mut messages = found.iter().filter(|it| is_message(it)).rev();
    let of_role = |it: &&Any| it.get("role").and_then(Any::text) == Some(role);
    messages.clone().find(of_role).or_else(|| messages.next())
}

fn is_message(value: &Any) -> bool {
    value.get("role").is_some() && value.get("content").is_some()
}

/// The text of a message, or of its first part that is text.
fn said(message: &Any) -> Option<String> {
    let content = message.get("content")?;
    let part = |part: &Any| {
        let of_text =
            || matches!(part.get("type")?.text()?, "text" | "output_text").then_some(part);
        part.text().or_else(|| of_text()?.get("text")?.text()).map(ToOwned::to_owned)
    };
    content.text().map(ToOwned::to_owned).or_else(|| content.items().iter().find_map(part))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn previews_are_those_of_mlflow() {
        // mlflow.tracing.utils.truncation._get_truncated_preview of mlflow 3.17
        let cases = [
            (r#"{"x": 1}"#, "user", r#"{"x": 1}"#),
            (
                r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#,
                "user",
                "a",
            ),
            (
                r#"{"messages": [{"role": "assistant", "content": [{"type": "image"}, {"type": "text", "text": "b"}]}]}"#,
                "user",
                "b",
            ),
            (
                r#"{"choices": [{"message": {"role": "assistant", "content": "c"}}]}"#,
                "assistant",
                "c",
            ),
            (r#"{"request": {"input": [{"role": "user", "content": "d"}]}}"#, "user", "d"),
            (
                r#"{"messages": [{"role": "user", "content": ""}]}"#,
                "user",
                r#"{"messages": [{"role": "user", "content": ""}]}"#,
            ),
            ("no JSON", "user", "no JSON"),
        ];
        for (text, role, wanted) in cases {
            assert_eq!(of(text, role), wanted);
        }
        let long = of(&"ä".repeat(1001), "user");
        assert_eq!(long, "ä".repeat(997) + "...");
    }
}
