//! Spans as OpenTelemetry's protocol (OTLP) sends them and as MLflow keeps them.
//!
//! A request is protobuf or JSON; both become [`Span`]s. What other makers of spans call inputs, outputs,
//! tokens and models is put under MLflow's names by [`translate`], and [`Span::content`] is what MLflow keeps of a
//! span. [`Stored`] reads that again.

mod any;
mod attributes;
mod dialects;
mod encoding;
mod json;
mod protobuf;
mod span;
mod stored;
mod translate;
mod wire;

pub(crate) use any::Any;
pub(crate) use attributes::Attributes;
pub(crate) use encoding::{Broken, decoded};
pub(crate) use span::{Span, Status};
pub(crate) use stored::Stored;
pub(crate) use translate::translate;

/// What a request holds.
pub(crate) type Spans = Vec<Span>;

/// Why a request cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is empty.
    Nothing,
    /// It is not in the form that its type says.
    Form,
    /// A span has no id, or one that is too long.
    Span,
}

/// Reads an `ExportTraceServiceRequest` in protobuf.
///
/// # Errors
/// [`Wrong`].
pub(crate) fn of_protobuf(body: &[u8]) -> Result<Spans, Wrong> {
    protobuf::request(body)
}

/// Reads an `ExportTraceServiceRequest` in JSON.
///
/// # Errors
/// [`Wrong`].
pub(crate) fn of_json(body: &[u8]) -> Result<Spans, Wrong> {
    json::request(body)
}
