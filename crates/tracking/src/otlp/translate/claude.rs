//! Spans of Claude Code: <https://code.claude.com/docs/en/monitoring-usage>. Content that its user did not allow to
//! be sent is a mark.

use super::{Any, Attributes, Event, count, text};

const REDACTED: &str = "<REDACTED>";

/// What a span is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Interaction,
    Request,
    Tool,
}

impl Step {
    pub(super) fn of(attributes: &Attributes) -> Option<Self> {
        let said = attributes.text("span.type")?;
        match said.strip_prefix("claude_code.").unwrap_or(&said) {
            "interaction" => Some(Self::Interaction),
            "llm_request" => Some(Self::Request),
            "tool" => Some(Self::Tool),
            _ => None,
        }
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Interaction => "AGENT",
            Self::Request => "LLM",
            Self::Tool => "TOOL",
        }
    }
}

/// Tokens that were cached are none of those that went in, unlike elsewhere.
pub(super) fn tokens(attributes: &Attributes) -> [Option<i64>; 5] {
    if Step::of(attributes) != Some(Step::Request) {
        return [None; 5];
    }
    let count = |key| count(attributes.get(key)?);
    let (read, written) = (count("cache_read_tokens"), count("cache_creation_tokens"));
    let cached = read.unwrap_or_default().saturating_add(written.unwrap_or_default());
    let input = count("input_tokens").map(|it| it.saturating_add(cached));
    [input, count("output_tokens"), None, read, written]
}

fn content(attributes: &Attributes, key: &str) -> Option<String> {
    attributes
        .full(key)
        .filter(|it| Any::parse_or_text(it).text() != Some(REDACTED))
        .map(Into::into)
}

pub(super) fn inputs(attributes: &Attributes) -> Option<String> {
    let content = |key| content(attributes, key);
    match Step::of(attributes)? {
        Step::Interaction => content("user_prompt").or_else(|| content("new_context")),
        Step::Request => content("new_context"),
        Step::Tool => content("tool_input").or_else(|| {
            let keys = ["full_command", "file_path", "skill_name", "subagent_type"];
            let details = keys
                .into_iter()
                .filter_map(|key| Some((key.to_owned(), Any::parse_or_text(&content(key)?))));
            let details: Vec<_> = details.collect();
            (!details.is_empty()).then(|| Any::Map(details).dump())
        }),
    }
}

pub(super) fn outputs(attributes: &Attributes) -> Option<String> {
    match Step::of(attributes)? {
        Step::Interaction => None,
        Step::Request => content(attributes, "response.model_output"),
        Step::Tool => content(attributes, "new_context"),
    }
}

pub(super) fn output_of_events(attributes: &Attributes, events: &[Event]) -> Option<String> {
    if Step::of(attributes) != Some(Step::Tool) {
        return None;
    }
    let said = |event: &Event, key: &str| {
        let (_, value) = event.attributes.iter().find(|(it, _)| it == key)?;
        let value = match value {
            Any::Text(text) => Any::parse_or_text(text),
            value => value.clone(),
        };
        let is_said = value.is_true() && value.text() != Some(REDACTED);
        is_said.then(|| value.text().map_or_else(|| value.dump(), text))
    };
    let outputs = events.iter().filter(|event| event.name == "tool.output");
    outputs.into_iter().find_map(|event| {
        ["output", "content", "diff"].into_iter().find_map(|key| said(event, key))
    })
}
