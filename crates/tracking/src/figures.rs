//! Figures of traces and assessments: by which names they are kept, and what a value of JSON is as a number.

use serde_json::Value as Json;

/// The metadata of the session that a trace is part of.
pub(crate) const SESSION: &str = "mlflow.trace.session";

/// Longest id of a session, in characters.
pub(crate) const SESSION_LENGTH: usize = 250;

/// The metadata of the tokens that a trace used, a JSON object.
pub(crate) const TOKENS: &str = "mlflow.trace.tokenUsage";

/// The metadata of what a trace cost in US dollars, a JSON object.
pub(crate) const COST: &str = "mlflow.trace.cost";

/// The keys of tokens, which are their columns too.
pub(crate) const TOKEN_KEYS: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
];

/// The keys of costs, which are their columns too.
pub(crate) const COST_KEYS: [&str; 3] = ["input_cost", "output_cost", "total_cost"];

/// A finite number, also as text.
pub(crate) fn number(value: &Json) -> Option<f64> {
    let found = match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    found.filter(|it| it.is_finite())
}

/// The number that stands for what an assessment says in statistics, and whether it is one itself: numbers as they are,
/// truth and `yes` or `no` as 1 and 0.
pub(crate) fn standing(value: &Json) -> (Option<f64>, bool) {
    match value {
        Json::Bool(flag) => (Some(f64::from(u8::from(*flag))), false),
        Json::Number(number) => {
            let found = number.as_f64().filter(|it| it.is_finite());
            (found, found.is_some())
        }
        Json::String(text) => match &*text.trim().to_lowercase() {
            "yes" => (Some(1.0), false),
            "no" => (Some(0.0), false),
            _ => (None, false),
        },
        _ => (None, false),
    }
}
