//! What other makers of spans say, under MLflow's names. What MLflow's own attributes say stays.

mod claude;
mod gemini;
mod live_kit;
mod vercel;

use super::{
    Any, Attributes, Span,
    dialects::{
        Dialect, GEN_AI, GOOGLE_ADK, LAMINAR, LANGFUSE, LIVE_KIT, OPEN_INFERENCE, TRACELOOP,
        VERCEL, VOLT_AGENT,
    },
    span::Event,
};

const TYPE: &str = "mlflow.spanType";
const INPUTS: &str = "mlflow.spanInputs";
const OUTPUTS: &str = "mlflow.spanOutputs";
const TOKENS: &str = "mlflow.chat.tokenUsage";
const FORMAT: &str = "mlflow.message.format";
const TOOLS: &str = "mlflow.chat.tools";
const MODEL: &str = "mlflow.llm.model";
const PROVIDER: &str = "mlflow.llm.provider";

/// The type of a span whose maker said none.
const UNKNOWN: &str = "UNKNOWN";

/// Puts what a span says under MLflow's names.
pub(crate) fn translate(span: &mut Span) {
    span.attributes.unwrap_texts();
    let events = std::mem::take(&mut span.events);
    let attributes = &mut span.attributes;
    let known = attributes.value(TYPE);
    if known.as_ref().is_none_or(|it| matches!(it, Any::None) || it.text() == Some(UNKNOWN))
        && let Some(kind) = kind(attributes)
    {
        attributes.set(TYPE, text(kind));
    }
    if attributes.get(INPUTS).is_none() && vercel::is_chat(attributes) {
        // as bare text, where all others are JSON text: clients look for it so
        attributes.set(FORMAT, "vercel_ai".to_owned());
    }
    attributes.set_new(INPUTS, |it| inputs(it, &events));
    attributes.set_new(OUTPUTS, |it| outputs(it, &events));
    attributes.set_new(TOKENS, tokens);
    attributes.set_new(FORMAT, |it| format(it).map(text));
    attributes.set_new(TOOLS, |it| first(it, &["gen_ai.tool.definitions"]));
    attributes.set_new(MODEL, model);
    attributes.set_new(PROVIDER, provider);
    span.events = events;
}

fn text(text: &str) -> String {
    Any::Text(text.to_owned()).dump()
}

/// The type of span that a convention says.
fn kind(attributes: &Attributes) -> Option<&'static str> {
    let by = |dialect: &Dialect| {
        dialect.kind.iter().find_map(|key| {
            let said = attributes.text(key)?;
            dialect.kinds.iter().find(|(name, _)| *name == said).map(|(_, kind)| *kind)
        })
    };
    by(&OPEN_INFERENCE)
        .or_else(|| gemini::kind(attributes))
        .or_else(|| claude::Step::of(attributes).map(claude::Step::kind))
        .or_else(|| [&GEN_AI, &TRACELOOP, &VERCEL, &VOLT_AGENT].into_iter().find_map(by))
        .or_else(|| live_kit::kind(attributes))
        .or_else(|| [&LAMINAR, &LANGFUSE].into_iter().find_map(by))
}

/// The JSON text of the first of some attributes that is more than empty. A `#` in a name stands for digits.
fn first(attributes: &Attributes, keys: &[&str]) -> Option<String> {
    let found = keys.iter().find_map(|key| {
        if !key.contains('#') {
            return attributes.full(key);
        }
        let named = attributes.iter().filter(|(name, _)| is_like(name, key));
        named.map(|(name, _)| name).find_map(|name| attributes.full(name))
    });
    found.map(ToOwned::to_owned)
}

/// Whether a name begins as a pattern says.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut left = name;
    for (at, part) in pattern.split('#').enumerate() {
        if at > 0 {
            let digits = left.trim_start_matches(|it: char| it.is_ascii_digit());
            if digits.len() == left.len() {
                return false;
            }
            left = digits;
        }
        let Some(rest) = left.strip_prefix(part) else { return false };
        left = rest;
    }
    true
}

fn inputs(attributes: &Attributes, events: &[Event]) -> Option<String> {
    let by = |dialect: &Dialect| first(attributes, dialect.inputs);
    by(&OPEN_INFERENCE)
        .or_else(|| gemini::inputs(attributes))
        .or_else(|| claude::inputs(attributes))
        .or_else(|| [&GEN_AI, &TRACELOOP, &GOOGLE_ADK].into_iter().find_map(by))
        .or_else(
            || if vercel::is_chat(attributes) { vercel::inputs(attributes) } else { by(&VERCEL) },
        )
        .or_else(|| [&VOLT_AGENT, &LIVE_KIT, &LAMINAR, &LANGFUSE].into_iter().find_map(by))
        .or_else(|| of_event(events, "gen_ai.content.prompt", "gen_ai.prompt"))
        .or_else(|| live_kit::inputs(events))
}

fn outputs(attributes: &Attributes, events: &[Event]) -> Option<String> {
    let by = |dialect: &Dialect| first(attributes, dialect.outputs);
    by(&OPEN_INFERENCE)
        .or_else(|| gemini::outputs(attributes))
        .or_else(|| claude::outputs(attributes))
        .or_else(|| [&GEN_AI, &TRACELOOP, &GOOGLE_ADK].into_iter().find_map(by))
        .or_else(|| {
            if vercel::is_chat(attributes) { vercel::outputs(attributes) } else { by(&VERCEL) }
        })
        .or_else(|| [&VOLT_AGENT, &LIVE_KIT, &LAMINAR, &LANGFUSE].into_iter().find_map(by))
        .or_else(|| of_event(events, "gen_ai.content.completion", "gen_ai.completion"))
        .or_else(|| live_kit::outputs(events))
        .or_else(|| claude::output_of_events(attributes, events))
}

/// What an event says that Spring AI writes.
fn of_event(events: &[Event], name: &str, key: &str) -> Option<String> {
    let events = events.iter().filter(|event| event.name == name);
    let mut found = events.filter_map(|event| {
        event.attributes.iter().find(|(it, value)| it == key && value.is_true())
    });
    found.next().map(|(_, value)| match value {
        Any::Text(text) => text.clone(),
        value => value.dump(),
    })
}

/// The tokens that a convention counts, as a JSON object.
fn tokens(attributes: &Attributes) -> Option<String> {
    let by = |dialect: &Dialect| {
        dialect.tokens.map(|keys| keys.iter().find_map(|key| count(attributes.get(key)?)))
    };
    let all = [
        by(&OPEN_INFERENCE),
        by(&GEN_AI),
        claude::tokens(attributes),
        by(&TRACELOOP),
        by(&VOLT_AGENT),
    ];
    let [input, output, total, read, written] =
        all.into_iter().find(|[input, output, total, ..]| {
            input.is_some() || output.is_some() || total.is_some()
        })?;
    let total = total.or_else(|| input?.checked_add(output?));
    let pairs = [
        ("input_tokens", input),
        ("output_tokens", output),
        ("total_tokens", total),
        ("cache_read_input_tokens", read),
        ("cache_creation_input_tokens", written),
    ];
    let pairs = pairs.into_iter().filter_map(|(key, count)| Some((key.to_owned(), count?)));
    Some(Any::Map(pairs.map(|(key, count)| (key, Any::Int(count))).collect()).dump())
}

/// An integer, or a text of one.
fn count(text: &str) -> Option<i64> {
    match Any::parse(text)? {
        Any::Int(count) => Some(count),
        Any::Bool(flag) => Some(flag.into()),
        Any::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The form of messages, for the web page.
fn format(attributes: &Attributes) -> Option<&'static str> {
    let has = |prefix: &str| attributes.iter().any(|(key, _)| key.starts_with(prefix));
    if gemini::is_one(attributes) {
        return Some("gemini");
    }
    if ["voltagent.operation_id", "voltagent.conversation_id"]
        .iter()
        .any(|key| attributes.get(key).is_some())
    {
        return Some("voltagent");
    }
    if has("lk.") {
        return Some("livekit");
    }
    attributes.get("lmnr.span.type").map(|_| "openai")
}

fn model(attributes: &Attributes) -> Option<String> {
    let said =
        [OPEN_INFERENCE.models, GEN_AI.models].into_iter().find_map(|keys| first(attributes, keys));
    let said = said.map(|text| Any::parse_or_text(&text).dump());
    let within = |key| attributes.value(key)?.get("model").filter(|it| it.is_true()).cloned();
    said.or_else(|| {
        let model = within(INPUTS).or_else(|| within(OUTPUTS))?;
        model.text().map(text)
    })
}

fn provider(attributes: &Attributes) -> Option<String> {
    let keys = [&OPEN_INFERENCE, &GEN_AI, &TRACELOOP].map(|dialect| dialect.provider);
    let said = keys.into_iter().flatten().find_map(|key| attributes.full(key));
    said.map(|text| Any::parse_or_text(text).dump())
}

#[cfg(test)]
mod tests;
