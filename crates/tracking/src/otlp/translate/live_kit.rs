//! Spans of the agents of `LiveKit`. Messages are events there.

use super::{Any, Attributes, Event, GEN_AI};

pub(super) fn kind(attributes: &Attributes) -> Option<&'static str> {
    if attributes.get("gen_ai.request.model").is_some() {
        return Some("LLM");
    }
    let said = attributes.text("gen_ai.operation.name").map(|it| it.to_lowercase());
    let named = said.and_then(|said| GEN_AI.kinds.iter().find(|(name, _)| *name == said));
    named.map(|(_, kind)| *kind).or_else(|| {
        attributes.iter().find_map(|(key, _)| match key {
            "lk.retry_count" => Some("LLM"),
            "lk.agent_name" | "lk.instructions" | "lk.generation_id" => Some("AGENT"),
            "lk.input_text"
            | "lk.user_transcript"
            | "lk.transcript_confidence"
            | "lk.transcription_delay" => Some("UNKNOWN"),
            key if key.starts_with("lk.function_tool") => Some("TOOL"),
            key if key.starts_with("lk.tts") => Some("UNKNOWN"),
            _ => None,
        })
    })
}

pub(super) fn inputs(events: &[Event]) -> Option<String> {
    messages(events, |event| {
        let role = match &*event.name {
            "gen_ai.system.message" => "system",
            "gen_ai.user.message" => "user",
            "gen_ai.assistant.message" => "assistant",
            _ => return None,
        };
        Some(Any::Text(role.to_owned()))
    })
}

pub(super) fn outputs(events: &[Event]) -> Option<String> {
    messages(events, |event| {
        let said = || of(event, "role").unwrap_or_else(|| Any::Text("assistant".to_owned()));
        (event.name == "gen_ai.choice").then(said)
    })
}

fn messages(events: &[Event], role: impl Fn(&Event) -> Option<Any>) -> Option<String> {
    let messages = events.iter().filter_map(|event| {
        let role = role(event)?;
        let content = of(event, "content").filter(Any::is_true)?;
        Some(Any::Map(vec![("role".to_owned(), role), ("content".to_owned(), content)]))
    });
    let messages: Vec<_> = messages.collect();
    (!messages.is_empty()).then(|| Any::List(messages).dump())
}

/// An attribute of an event; JSON text is what it holds.
fn of(event: &Event, key: &str) -> Option<Any> {
    let value = event.attributes.iter().find(|(it, _)| it == key).map(|(_, value)| value)?;
    Some(match value {
        Any::Text(text) => Any::parse_or_text(text),
        value => value.clone(),
    })
}
