//! Spans of Gemini's command line, in the form that MLflow's web page shows as a chat.

use super::{Any, Attributes, GEN_AI, first};

/// What it calls itself.
const NAME: &str = "gemini-cli";

pub(super) fn is_one(attributes: &Attributes) -> bool {
    attributes.text("gen_ai.agent.name").as_deref() == Some(NAME)
}

pub(super) fn kind(attributes: &Attributes) -> Option<&'static str> {
    if !is_one(attributes) {
        return None;
    }
    match &*attributes.text("gen_ai.operation.name")? {
        "llm_call" => Some("LLM"),
        "tool_call" => Some("TOOL"),
        "agent_call" => Some("AGENT"),
        _ => None,
    }
}

pub(super) fn inputs(attributes: &Attributes) -> Option<String> {
    let said = is_one(attributes).then(|| first(attributes, GEN_AI.inputs)).flatten()?;
    Some(match Any::parse_or_text(&said) {
        contents @ (Any::List(_) | Any::Text(_)) => {
            Any::Map(vec![("contents".to_owned(), contents)]).dump()
        }
        _ => said,
    })
}

/// It writes one content for each piece of an answer; the page wants all parts in one.
pub(super) fn outputs(attributes: &Attributes) -> Option<String> {
    let said = is_one(attributes).then(|| first(attributes, GEN_AI.outputs)).flatten()?;
    let found = Any::parse_or_text(&said);
    let parts = found.items().iter().flat_map(|it| it.get("parts").map_or(&[][..], Any::items));
    let parts: Vec<_> = parts.cloned().collect();
    if parts.is_empty() {
        return Some(said);
    }
    let pair = |key: &str, value| (key.to_owned(), value);
    let content =
        vec![pair("role", Any::Text("model".to_owned())), pair("parts", Any::List(parts))];
    let candidate = Any::Map(vec![pair("content", Any::Map(content))]);
    Some(Any::Map(vec![pair("candidates", Any::List(vec![candidate]))]).dump())
}
