//! The protocols: each is a codec, which decodes a body into a query and encodes what the model
//! computed for it.

use std::slice;

use hyper::StatusCode;
use longshore_engine::{Method, Output, OutputData, Table};

mod bare;
mod cloud_event;
pub(crate) mod columnar;
mod finite;
pub(crate) mod grpc;
mod head;
mod invocations;
mod kind;
pub(crate) mod lines;
mod rows;
mod v1;
mod v2;

pub(crate) use columnar::Columnar;
pub(crate) use head::Head;
pub(crate) use kind::Protocol;

use crate::{
    config::Limits,
    contract::Contract,
    failure::Failure,
    frame::Bounds,
    json::{Scanner, write},
    reply::Reply,
};
use cloud_event::EventMode;
pub(crate) use cloud_event::rfc3339;
use v2::reply_content::Contents;

/// One protocol.
pub(crate) trait Codec: Sync {
    /// The keys that the query of its path may have.
    fn keys(&self) -> &'static [&'static str];

    /// Says how the body is written, or refuses it before it is read.
    fn accepts(&self, head: &Head<'_>) -> Result<MediaType, Failure>;

    /// True when the reply is to be a stream of Arrow.
    fn answers_arrow(&self, _: &Head<'_>) -> bool {
        false
    }

    /// Reads a body against what the model takes.
    fn decode(&self, contract: &Contract, body: Body<'_>) -> Result<Query, Failure>;

    /// Writes what the model computed. `request_id` is that of the reply's header.
    fn encode(
        &self,
        contract: &Contract,
        query: &Query,
        outputs: &[(Method, Output)],
        request_id: &[u8],
    ) -> Result<Reply, Failure>;

    /// Writes why a request is not answered.
    fn refuse(&self, failure: &Failure) -> Reply;
}

/// The codec of a protocol.
pub(crate) fn codec(protocol: Protocol) -> &'static dyn Codec {
    match protocol {
        Protocol::V1 => &v1::V1,
        Protocol::V2 => &v2::V2,
        Protocol::Mlflow => &invocations::Invocations,
        Protocol::Grpc => &grpc::Grpc,
    }
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// JSON of this many bytes, and behind it items of tensors as raw bytes.
    Tensors {
        json: usize,
    },
    /// JSON, one row a line, as many as come.
    Lines,
    /// A message of Protocol Buffers.
    Protobuf,
    /// A table in a format that keeps its columns together.
    Columnar(Columnar),
    /// JSON that is the data of an event.
    Event(EventMode),
}

/// A body, and how it is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) media_type: MediaType,
    pub(crate) limits: &'a Limits,
}

impl<'a> Body<'a> {
    fn bounds(&self) -> Bounds {
        Bounds::new(self.limits.rows, self.bytes.len())
    }

    fn scanner(&self) -> Result<Scanner<'a>, Failure> {
        Scanner::new(self.bytes, self.limits.depth)
    }
}

/// What a request asks.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) table: Table,
    /// The methods asked for by name; the model's default one when empty.
    pub(crate) methods: Vec<Method>,
    /// The request's own id (V2).
    pub(crate) id: Option<String>,
    /// The methods whose items are to be raw bytes in the reply (V2, gRPC).
    pub(crate) raw: Vec<Method>,
    /// What is said of the outputs' content types (V2, gRPC).
    contents: Contents,
    /// The output that the request calls by KServe's name for the only one (V2, gRPC).
    first: Option<Method>,
    /// The reply is the data of an event (V1).
    event: Option<EventMode>,
}

impl Query {
    /// Rows for the model's default method.
    pub(crate) fn of(table: Table) -> Self {
        Self {
            table,
            methods: Vec::new(),
            id: None,
            raw: Vec::new(),
            contents: Vec::new(),
            first: None,
            event: None,
        }
    }

    /// What the reply calls the output of a method.
    fn output_name(&self, method: Method) -> &'static str {
        if self.first == Some(method) { v2::requested::FIRST } else { method.name() }
    }

    /// The methods that answer.
    fn answering(methods: &[Method], contract: &Contract) -> Vec<Method> {
        if methods.is_empty() { vec![contract.default] } else { methods.to_vec() }
    }

    /// The methods that it asks for, by name or not.
    pub(crate) fn asked<'q>(&'q self, contract: &'q Contract) -> &'q [Method] {
        if self.methods.is_empty() { slice::from_ref(&contract.default) } else { &self.methods }
    }

    /// Asks for a method that was named outside of the body.
    pub(crate) fn ask(&mut self, method: Option<Method>) -> Result<(), Failure> {
        choose(&mut self.methods, method, "the query", "the body")
    }
}

/// Adds the method that `one` place of a request names to those that `other` names: both may name it.
fn choose(
    methods: &mut Vec<Method>,
    method: Option<Method>,
    one: &str,
    other: &str,
) -> Result<(), Failure> {
    let Some(method) = method else { return Ok(()) };
    match methods[..] {
        [] => methods.push(method),
        [same] if same == method => {}
        _ => {
            return Err(Failure::invalid(format!(
                "{one} asks for the method `{method}` and {other} for another; name it in one of them"
            )));
        }
    }
    Ok(())
}

/// Why a request is not answered, as KServe writes it.
fn kserve_failure(failure: &Failure) -> Reply {
    let mut out = Vec::with_capacity(64 + failure.message.len());
    out.extend_from_slice(b"{\"error\":");
    write::text(&mut out, &failure.message);
    out.push(b'}');
    Reply::json(out).with_status(status(failure))
}

/// The HTTP status of a failure.
fn status(failure: &Failure) -> StatusCode {
    StatusCode::from_u16(failure.code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The one method asked for, and its output.
fn only(outputs: &[(Method, Output)]) -> Result<&(Method, Output), Failure> {
    match outputs {
        [one] => Ok(one),
        _ => Err(Failure::internal("the request was not answered", "one output was expected")),
    }
}

/// The output of the one method asked for.
fn predictions(outputs: &[(Method, Output)]) -> Result<Reply, Failure> {
    let (method, output) = only(outputs)?;
    finite::check(*method, output)?;
    let mut out = Vec::with_capacity(32 + output.data.len() * 20);
    out.extend_from_slice(b"{\"predictions\":");
    nested(&mut out, output);
    out.push(b'}');
    Ok(Reply::json(out))
}

/// One value a row, or one list a row.
fn nested(out: &mut Vec<u8>, output: &Output) {
    let Some(columns) = output.columns else {
        return list(out, &output.data, 0, output.data.len());
    };
    out.push(b'[');
    for row in 0..output.rows {
        if row > 0 {
            out.push(b',');
        }
        list(out, &output.data, row * columns, (row + 1) * columns);
    }
    out.push(b']');
}

/// The values from `from` up to `to` as a list.
fn list(out: &mut Vec<u8>, data: &OutputData, from: usize, to: usize) {
    out.push(b'[');
    values(out, data, from, to);
    out.push(b']');
}

/// The same without brackets.
fn values(out: &mut Vec<u8>, data: &OutputData, from: usize, to: usize) {
    fn each<T: Copy>(
        out: &mut Vec<u8>,
        values: &[T],
        from: usize,
        to: usize,
        write: impl Fn(&mut Vec<u8>, T),
    ) {
        for (at, &value) in values.get(from..to).unwrap_or_default().iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write(out, value);
        }
    }
    match data {
        OutputData::F64(v) => each(out, v, from, to, write::double),
        // the double that Python makes of a float, so that both read back the same
        OutputData::F32(v) => each(out, v, from, to, |out, x| write::double(out, f64::from(x))),
        OutputData::I64(v) => each(out, v, from, to, write::integer),
        OutputData::I32(v) => each(out, v, from, to, write::integer),
        OutputData::Bool(v) => each(out, v, from, to, write::boolean),
        OutputData::Text(texts) => {
            for at in from..to {
                if at > from {
                    out.push(b',');
                }
                write::optional_text(out, texts.get(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_nested_as_numpy_lists_them() {
        let cases = [
            (Output::flat(OutputData::I64(vec![1, -2])), "[1,-2]"),
            (Output::matrix(2, 1, OutputData::F64(vec![0.5, f64::NAN])), "[[0.5],[null]]"),
            (Output::matrix(1, 2, OutputData::F32(vec![0.1, 1.0])), "[[0.10000000149011612,1.0]]"),
            (Output::matrix(2, 0, OutputData::F64(vec![])), "[[],[]]"),
            (Output::flat(OutputData::Bool(vec![true])), "[true]"),
            (
                Output::flat(OutputData::Text([Some("a\"b"), None].into_iter().collect())),
                "[\"a\\\"b\",null]",
            ),
        ];
        for (output, expected) in cases {
            let mut out = Vec::new();
            nested(&mut out, &output);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
