//! Spans of Vercel's AI SDK for one call of a model: each part of the request and of the reply is an attribute.

use super::{Any, Attributes};

/// How many layers of JSON text a value may have.
const LAYERS: usize = 3;

pub(super) fn is_chat(attributes: &Attributes) -> bool {
    let kind = attributes.get("ai.operationId").map(unpacked);
    matches!(
        kind.as_ref().and_then(Any::text),
        Some("ai.generateText.doGenerate" | "ai.streamText.doStream")
    )
}

pub(super) fn inputs(attributes: &Attributes) -> Option<String> {
    let mut parts = below(attributes, "ai.prompt.");
    for (key, value) in &mut parts {
        if let ("tools", Any::List(tools)) = (key.as_str(), value) {
            for tool in tools {
                if let Any::Text(text) = tool {
                    *tool = unpacked(text);
                }
            }
        }
    }
    object(parts)
}

pub(super) fn outputs(attributes: &Attributes) -> Option<String> {
    object(below(attributes, "ai.response."))
}

fn object(parts: Vec<(String, Any)>) -> Option<String> {
    (!parts.is_empty()).then(|| Any::Map(parts).dump())
}

fn below(attributes: &Attributes, prefix: &str) -> Vec<(String, Any)> {
    let named = attributes.iter().filter_map(|(key, text)| Some((key.strip_prefix(prefix)?, text)));
    named.map(|(name, text)| (name.to_owned(), unpacked(text))).collect()
}

fn unpacked(text: &str) -> Any {
    let mut found = Any::Text(text.to_owned());
    for _ in 0..LAYERS {
        match found.text().and_then(Any::parse) {
            Some(inner) => found = inner,
            None => break,
        }
    }
    found
}
