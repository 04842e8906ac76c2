//! The same request in JSON. Ids are hexadecimal digits there, and integers of 64 bits may be texts.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    Any, Attributes, Spans, Wrong,
    any::unique,
    span::{Event, Link, Span, Status},
};

/// An object whose fields have two spellings.
struct Object(Map<String, Value>);

impl Object {
    fn of(value: Value) -> Result<Self, Wrong> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            Value::Null => Ok(Self(Map::new())),
            _ => Err(Wrong::Form),
        }
    }

    fn take(&mut self, camel: &str, snake: &str) -> Value {
        self.0.remove(camel).or_else(|| self.0.remove(snake)).unwrap_or_default()
    }

    fn list(&mut self, camel: &str, snake: &str) -> Result<Vec<Value>, Wrong> {
        match self.take(camel, snake) {
            Value::Array(items) => Ok(items),
            Value::Null => Ok(Vec::new()),
            _ => Err(Wrong::Form),
        }
    }

    fn text(&mut self, name: &str) -> Result<String, Wrong> {
        match self.take(name, name) {
            Value::String(text) => Ok(text),
            Value::Null => Ok(String::new()),
            _ => Err(Wrong::Form),
        }
    }

    fn nanoseconds(&mut self, camel: &str, snake: &str) -> Result<u64, Wrong> {
        match self.take(camel, snake) {
            Value::Null => Ok(0),
            Value::Number(number) => number.as_u64().ok_or(Wrong::Form),
            Value::String(text) => text.parse().map_err(|_| Wrong::Form),
            _ => Err(Wrong::Form),
        }
    }

    fn id(&mut self, camel: &str, snake: &str) -> Result<Vec<u8>, Wrong> {
        let Value::String(text) = self.take(camel, snake) else { return Ok(Vec::new()) };
        let digits = text.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|_| Wrong::Form)?;
            if pair.len() != 2 || !pair.bytes().all(|it| it.is_ascii_hexdigit()) {
                return Err(Wrong::Form);
            }
            u8::from_str_radix(pair, 16).map_err(|_| Wrong::Form)
        });
        digits.collect()
    }

    fn attributes(&mut self) -> Result<Vec<(String, Any)>, Wrong> {
        pairs(self.list("attributes", "attributes")?)
    }
}

pub(super) fn request(body: &[u8]) -> Result<Spans, Wrong> {
    let mut request = Object::of(serde_json::from_slice(body).map_err(|_| Wrong::Form)?)?;
    let resources = request.list("resourceSpans", "resource_spans")?;
    if resources.is_empty() {
        return Err(Wrong::Nothing);
    }
    let mut spans = Vec::new();
    for resource in resources {
        let mut resource = Object::of(resource)?;
        let about = Object::of(resource.take("resource", "resource"))?.attributes()?;
        let about = Arc::new(about);
        for scope in resource.list("scopeSpans", "scope_spans")? {
            for span in Object::of(scope)?.list("spans", "spans")? {
                spans.push(Span { resource: about.clone(), ..of(span)? });
            }
        }
    }
    Ok(spans)
}

fn of(value: Value) -> Result<Span, Wrong> {
    let mut from = Object::of(value)?;
    let mut status = Object::of(from.take("status", "status"))?;
    let end = from.nanoseconds("endTimeUnixNano", "end_time_unix_nano")?;
    let mut span = Span {
        name: from.text("name")?,
        start: from.nanoseconds("startTimeUnixNano", "start_time_unix_nano")?,
        end: Some(end).filter(|it| *it != 0),
        status: match status.take("code", "code") {
            Value::Number(code) => Status::of(code.as_i64().ok_or(Wrong::Form)?),
            Value::String(name) => match &*name {
                "STATUS_CODE_UNSET" => Status::Unset,
                "STATUS_CODE_OK" => Status::Ok,
                "STATUS_CODE_ERROR" => Status::Error,
                _ => return Err(Wrong::Form),
            },
            Value::Null => Status::Unset,
            _ => return Err(Wrong::Form),
        },
        message: status.text("message")?,
        ..Span::default()
    };
    span.attributes = Attributes::of(from.attributes()?);
    for event in from.list("events", "events")? {
        let mut event = Object::of(event)?;
        span.events.push(Event {
            name: event.text("name")?,
            time: event.nanoseconds("timeUnixNano", "time_unix_nano")?,
            attributes: event.attributes()?,
        });
    }
    for link in from.list("links", "links")? {
        let mut link = Object::of(link)?;
        span.links.push(Link {
            trace: link.id("traceId", "trace_id")?,
            span: link.id("spanId", "span_id")?,
            attributes: link.attributes()?,
        });
    }
    let (trace, id) = (from.id("traceId", "trace_id")?, from.id("spanId", "span_id")?);
    span.identify(&trace, &id, &from.id("parentSpanId", "parent_span_id")?)?;
    Ok(span)
}

fn pairs(items: Vec<Value>) -> Result<Vec<(String, Any)>, Wrong> {
    let pairs = items.into_iter().map(|item| {
        let mut item = Object::of(item)?;
        Ok((item.text("key")?, value(item.take("value", "value"))?))
    });
    Ok(unique(pairs.collect::<Result<_, _>>()?))
}

/// An `AnyValue`. The reader of JSON bounds how deep it is.
fn value(from: Value) -> Result<Any, Wrong> {
    let Some((name, found)) = Object::of(from)?.0.into_iter().find(|(_, it)| !it.is_null()) else {
        return Ok(Any::None);
    };
    Ok(match (&*name, found) {
        ("stringValue" | "string_value" | "bytesValue" | "bytes_value", Value::String(text)) => {
            Any::Text(text)
        }
        ("boolValue" | "bool_value", Value::Bool(flag)) => Any::Bool(flag),
        ("intValue" | "int_value", Value::Number(number)) => {
            Any::Int(number.as_i64().ok_or(Wrong::Form)?)
        }
        ("intValue" | "int_value", Value::String(text)) => {
            Any::Int(text.parse().map_err(|_| Wrong::Form)?)
        }
        ("doubleValue" | "double_value", Value::Number(number)) => {
            Any::Double(number.as_f64().ok_or(Wrong::Form)?)
        }
        ("doubleValue" | "double_value", Value::String(text)) => Any::Double(match &*text {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            text => text.parse().map_err(|_| Wrong::Form)?,
        }),
        ("arrayValue" | "array_value", list) => {
            let items = Object::of(list)?.list("values", "values")?;
            Any::List(items.into_iter().map(value).collect::<Result<_, _>>()?)
        }
        ("kvlistValue" | "kvlist_value", list) => {
            Any::Map(pairs(Object::of(list)?.list("values", "values")?)?)
        }
        _ => return Err(Wrong::Form),
    })
}
