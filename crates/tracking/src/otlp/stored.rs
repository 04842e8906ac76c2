//! A span as MLflow keeps it.

use base64::{Engine, engine::general_purpose::STANDARD};
use longshore_mlflow::rest::{Json, print};

use super::{Any, any::quote};

/// The content of a span that was kept.
#[derive(Clone, Debug)]
pub(crate) struct Stored(Any);

impl Stored {
    /// From its JSON text; `None` when it is none.
    pub(crate) fn parse(content: &str) -> Option<Self> {
        Any::parse(content).filter(|it| matches!(it, Any::Map(_))).map(Self)
    }

    /// The object that an attribute is, such as the tokens that were used.
    pub(crate) fn object(&self, key: &str) -> Option<Any> {
        let value = self.0.get("attributes")?.get(key)?;
        let value = match value {
            Any::Text(text) => Any::parse(text)?,
            value => value.clone(),
        };
        matches!(value, Any::Map(_)).then_some(value)
    }

    /// OpenTelemetry's `Span` as Protocol Buffers print it in JSON; `None` when parts are missing.
    pub(crate) fn message(&self) -> Option<Json> {
        let mut out = Object::begin();
        let trace = self.0.get("trace_id")?.text()?;
        let is_hexadecimal = trace.starts_with("tr-");
        let id = |text: &str| if is_hexadecimal { bytes(text) } else { Some(text.to_owned()) };
        out.text("trace_id", &id(trace)?);
        out.text("span_id", &id(self.0.get("span_id")?.text()?)?);
        let parent = self.0.get("parent_span_id").and_then(Any::text).filter(|it| !it.is_empty());
        if let Some(parent) = parent {
            out.text("parent_span_id", &id(parent)?);
        }
        let name = self.0.get("name").and_then(Any::text).unwrap_or_default();
        out.text_unless_empty("name", name);
        for key in ["start_time_unix_nano", "end_time_unix_nano"] {
            out.nanoseconds(key, self.0.get(key));
        }
        let attributes = self.0.get("attributes").map(|it| match it {
            Any::Map(pairs) => {
                pairs.iter().map(|(key, value)| (key.clone(), unfolded(value))).collect()
            }
            _ => Vec::new(),
        });
        out.list("attributes", &pairs(&attributes.unwrap_or_default()));
        let events = self.0.get("events").map_or(&[][..], Any::items).iter().map(|event| {
            let mut out = Object::begin();
            out.nanoseconds("time_unix_nano", event.get("time_unix_nano"));
            let name = event.get("name").and_then(Any::text).unwrap_or_default();
            out.text_unless_empty("name", name);
            out.list("attributes", &pairs(map(event.get("attributes"))));
            out.end()
        });
        out.list("events", &events.collect::<Vec<_>>());
        let links = self.0.get("links").map_or(&[][..], Any::items).iter().filter_map(|link| {
            let mut out = Object::begin();
            out.text("trace_id", &bytes(link.get("trace_id")?.text()?)?);
            out.text("span_id", &bytes(link.get("span_id")?.text()?)?);
            out.list("attributes", &pairs(map(link.get("attributes"))));
            Some(out.end())
        });
        out.list("links", &links.collect::<Vec<_>>());
        let mut status = Object::begin();
        let said = |key| self.0.get("status").and_then(|it| it.get(key)).and_then(Any::text);
        status.text_unless_empty("message", said("message").unwrap_or_default());
        let code = said("code").unwrap_or_default();
        if let code @ ("OK" | "ERROR") = code.strip_prefix("STATUS_CODE_").unwrap_or(code) {
            status.text("code", &format!("STATUS_CODE_{code}"));
        }
        out.raw("status", &status.end());
        Some(Json(out.end()))
    }
}

/// The value of an attribute: MLflow keeps its JSON text.
fn unfolded(value: &Any) -> Any {
    match value {
        Any::Text(text) if text.is_empty() => Any::None,
        Any::Text(text) => Any::parse_or_text(text),
        value => value.clone(),
    }
}

fn map(value: Option<&Any>) -> &[(String, Any)] {
    match value {
        Some(Any::Map(pairs)) => pairs,
        _ => &[],
    }
}

/// Bytes in base 64, from MLflow's id of a trace or of a span.
fn bytes(id: &str) -> Option<String> {
    let digits = id.strip_prefix("tr-").unwrap_or(id);
    if digits.is_empty()
        || digits.len() % 2 == 1
        || !digits.bytes().all(|it| it.is_ascii_hexdigit())
    {
        return None;
    }
    let pairs = (0..digits.len())
        .step_by(2)
        .map(|at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    Some(STANDARD.encode(pairs.collect::<Option<Vec<_>>>()?))
}

/// `KeyValue`s.
fn pairs(pairs: &[(String, Any)]) -> Vec<String> {
    let pairs = pairs.iter().map(|(key, value)| {
        let mut out = Object::begin();
        out.text("key", key);
        if *value != Any::None {
            out.raw("value", &any(value));
        }
        out.end()
    });
    pairs.collect()
}

/// An `AnyValue`.
fn any(value: &Any) -> String {
    let mut out = Object::begin();
    match value {
        Any::None => {}
        Any::Bool(flag) => out.raw("bool_value", &flag.to_string()),
        Any::Int(number) => out.raw("int_value", &number.to_string()),
        Any::Double(number) => out.raw("double_value", &print(number)),
        Any::Text(text) => out.text("string_value", text),
        Any::List(items) => {
            let mut list = Object::begin();
            list.list("values", &items.iter().map(any).collect::<Vec<_>>());
            out.raw("array_value", &list.end());
        }
        Any::Map(map) => {
            let mut list = Object::begin();
            list.list("values", &pairs(map));
            out.raw("kvlist_value", &list.end());
        }
    }
    out.end()
}

/// An object that is being printed, without spaces.
struct Object(String);

impl Object {
    fn begin() -> Self {
        Self("{".to_owned())
    }

    fn raw(&mut self, key: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(key, &mut self.0);
        self.0.push(':');
        self.0.push_str(json);
    }

    fn text(&mut self, key: &str, text: &str) {
        let mut quoted = String::new();
        quote(text, &mut quoted);
        self.raw(key, &quoted);
    }

    fn text_unless_empty(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.text(key, text);
        }
    }

    fn nanoseconds(&mut self, key: &str, value: Option<&Any>) {
        let text = match value {
            Some(Any::Int(number)) if *number != 0 => number.to_string(),
            Some(Any::Text(text)) if text.parse::<u64>().is_ok_and(|it| it != 0) => text.clone(),
            _ => return,
        };
        self.raw(key, &text);
    }

    fn list(&mut self, key: &str, items: &[String]) {
        if !items.is_empty() {
            self.raw(key, &format!("[{}]", items.join(",")));
        }
    }

    fn end(self) -> String {
        self.0 + "}"
    }
}

#[cfg(test)]
mod tests {
    use super::Stored;
    use crate::otlp::{of_json, translate};

    #[test]
    fn a_span_comes_back_as_mlflow_prints_it() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("cases/spans.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let mut spans = of_json(case["request"].to_string().as_bytes()).unwrap();
            let wanted = case["spans"].as_array().unwrap();
            assert_eq!(spans.len(), wanted.len());
            for (span, wanted) in spans.iter_mut().zip(wanted) {
                translate(span);
                let content = span.content();
                assert_eq!(content, wanted["content"].as_str().unwrap());
                let message = Stored::parse(&content).unwrap().message().unwrap().0;
                let message: serde_json::Value = serde_json::from_str(&message).unwrap();
                assert_eq!(message, wanted["message"]);
                assert_eq!(span.trace_id(), wanted["trace_id"].as_str().unwrap());
                assert_eq!(span.id(), wanted["span_id"].as_str().unwrap());
                assert_eq!(span.parent_id().as_deref(), wanted["parent_id"].as_str());
            }
        }
    }
}
