use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Any, Attributes, Wrong, any::quote};

/// The attribute that holds the id that MLflow gives to a trace.
const REQUEST_ID: &str = "mlflow.traceRequestId";

/// How a span ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nobody said.
    #[default]
    Unset,
    /// Well.
    Ok,
    /// With an error.
    Error,
}

impl Status {
    /// By OpenTelemetry's number. Others mean nothing.
    pub(super) fn of(code: i64) -> Self {
        match code {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }

    /// The name that MLflow keeps.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unset => "UNSET",
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }
}

/// Something that happened during a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Event {
    pub(super) name: String,
    /// Nanoseconds since 1970.
    pub(super) time: u64,
    pub(super) attributes: Vec<(String, Any)>,
}

/// Another span that one has to do with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Link {
    pub(super) trace: Vec<u8>,
    pub(super) span: Vec<u8>,
    pub(super) attributes: Vec<(String, Any)>,
}

/// A step of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Span {
    pub(super) trace: u128,
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    /// Its name.
    pub(crate) name: String,
    /// Nanoseconds since 1970.
    pub(crate) start: u64,
    /// Nanoseconds since 1970; `None` while it is in progress.
    pub(crate) end: Option<u64>,
    /// How it ended.
    pub(crate) status: Status,
    pub(super) message: String,
    /// What is known of it.
    pub(crate) attributes: Attributes,
    pub(super) events: Vec<Event>,
    pub(super) links: Vec<Link>,
    /// What is known of the program that made it.
    pub(crate) resource: std::sync::Arc<Vec<(String, Any)>>,
}

impl Span {
    /// Sets the ids, and the attribute that names the trace.
    ///
    /// # Errors
    /// [`Wrong::Span`] for an id that is missing or too long.
    pub(super) fn identify(
        &mut self,
        trace: &[u8],
        span: &[u8],
        parent: &[u8],
    ) -> Result<(), Wrong> {
        if trace.is_empty() || span.is_empty() {
            return Err(Wrong::Span);
        }
        self.trace = number(trace)?;
        let short = |id: u128| u64::try_from(id).map_err(|_| Wrong::Span);
        self.id = short(number(span)?)?;
        self.parent = Some(short(number(parent)?)?).filter(|id| *id != 0);
        let id = Any::Text(self.trace_id()).dump();
        self.attributes.set(REQUEST_ID, id);
        Ok(())
    }

    /// The id that MLflow gives to its trace.
    pub(crate) fn trace_id(&self) -> String {
        trace_id(self.trace)
    }

    /// 16 hexadecimal digits.
    pub(crate) fn id(&self) -> String {
        span_id(self.id)
    }

    /// The id of the span that it is a part of; none for the root.
    pub(crate) fn parent_id(&self) -> Option<String> {
        self.parent.map(span_id)
    }

    /// What MLflow keeps of it: JSON text as Python prints it.
    pub(crate) fn content(&self) -> String {
        let mut out = String::new();
        let mut field = |name: &str, write: &dyn Fn(&mut String)| {
            out.push_str(if out.is_empty() { "{" } else { ", " });
            quote(name, &mut out);
            out.push_str(": ");
            write(&mut out);
        };
        let text = |text: String| move |out: &mut String| quote(&text, out);
        let any = |value: Any| move |out: &mut String| value.write(out);
        field("trace_id", &text(STANDARD.encode(self.trace.to_be_bytes())));
        field("span_id", &text(STANDARD.encode(self.id.to_be_bytes())));
        let parent = self.parent.map(|id| Any::Text(STANDARD.encode(id.to_be_bytes())));
        field("parent_span_id", &any(parent.unwrap_or_default()));
        field("name", &text(self.name.clone()));
        field("start_time_unix_nano", &|out| out.push_str(&self.start.to_string()));
        field("end_time_unix_nano", &|out| match self.end {
            Some(end) => out.push_str(&end.to_string()),
            None => out.push_str("null"),
        });
        let events = self.events.iter().map(|event| {
            Any::Map(vec![
                ("name".to_owned(), Any::Text(event.name.clone())),
                ("time_unix_nano".to_owned(), Any::Int(event.time as i64)),
                ("attributes".to_owned(), Any::Map(event.attributes.clone())),
            ])
        });
        field("events", &any(Any::List(events.collect())));
        let status = [
            ("code".to_owned(), Any::Text(format!("STATUS_CODE_{}", self.status.name()))),
            ("message".to_owned(), Any::Text(self.message.clone())),
        ];
        field("status", &any(Any::Map(status.to_vec())));
        field("attributes", &|out| self.attributes.write(out));
        let links = self.links.iter().filter_map(|link| {
            let span = u64::try_from(number(&link.span).ok()?).ok()?;
            let attributes = match &link.attributes {
                empty if empty.is_empty() => Any::None,
                attributes => Any::Map(attributes.clone()),
            };
            Some(Any::Map(vec![
                ("trace_id".to_owned(), Any::Text(trace_id(number(&link.trace).ok()?))),
                ("span_id".to_owned(), Any::Text(span_id(span))),
                ("attributes".to_owned(), attributes),
            ]))
        });
        field("links", &any(Any::List(links.collect())));
        out + "}"
    }
}

fn trace_id(id: u128) -> String {
    format!("tr-{id:032x}")
}

fn span_id(id: u64) -> String {
    format!("{id:016x}")
}

/// The number that bytes are; MLflow takes ids so.
fn number(bytes: &[u8]) -> Result<u128, Wrong> {
    if bytes.len() > 16 {
        return Err(Wrong::Span);
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte)))
}
