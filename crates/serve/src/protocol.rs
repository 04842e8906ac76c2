//! The protocols: each decodes a body into rows, and encodes the model's answers.

use longshore_engine::{Method, Output, OutputData, Table};

mod bare;
pub(crate) mod grpc;
pub(crate) mod invocations;
mod rows;
pub(crate) mod v1;
pub(crate) mod v2;

use crate::{
    failure::Failure,
    frame::Bounds,
    json::{Scanner, write},
    repository::Served,
};

/// The protocol of a request; failures and metrics differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    V1,
    V2,
    Mlflow,
    Grpc,
}

impl Protocol {
    pub(crate) const ALL: [Self; 4] = [Self::V1, Self::V2, Self::Mlflow, Self::Grpc];

    /// The label in metrics and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Mlflow => "mlflow",
            Self::Grpc => "grpc",
        }
    }
}

/// A body, and how it is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'a> {
    pub(crate) bytes: &'a [u8],
    /// Comma-separated values instead of JSON.
    pub(crate) csv: bool,
}

/// The bounds of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) rows: usize,
    pub(crate) depth: usize,
}

/// What a request asks.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) table: Table,
    /// The methods asked for by name; the model's default one when empty.
    pub(crate) methods: Vec<Method>,
    /// The request's own id (V2).
    pub(crate) id: Option<String>,
    /// The reply's items are to be raw bytes, as the request's were (gRPC).
    pub(crate) raw: bool,
}

/// Reads a body as `protocol` defines it, against what the model takes.
pub(crate) fn decode(
    protocol: Protocol,
    served: &Served,
    body: Body<'_>,
    shape: Shape,
) -> Result<Query, Failure> {
    let bounds = Bounds::new(shape.rows, body.bytes.len());
    if body.csv {
        return invocations::decode_csv(body.bytes, served, &bounds);
    }
    if protocol == Protocol::Grpc {
        return grpc::decode(body.bytes, served, &bounds);
    }
    let mut scanner = Scanner::new(body.bytes, shape.depth)?;
    let query = match protocol {
        Protocol::V1 => v1::decode(&mut scanner, served, &bounds),
        Protocol::V2 => v2::decode(&mut scanner, served, &bounds),
        Protocol::Mlflow | Protocol::Grpc => invocations::decode(&mut scanner, served, &bounds),
    }?;
    Ok(query)
}

/// Runs the model and writes the reply.
pub(crate) fn answer(
    protocol: Protocol,
    served: &Served,
    query: &Query,
    request_id: &[u8],
) -> Result<Vec<u8>, Failure> {
    if protocol == Protocol::V2 {
        return v2::answer(served, query, request_id);
    }
    if protocol == Protocol::Grpc {
        return grpc::answer(served, query, request_id);
    }
    let output = served.run(served.method, &query.table)?;
    let mut out = Vec::with_capacity(32 + output.data.len() * 20);
    out.extend_from_slice(b"{\"predictions\":");
    nested(&mut out, &output);
    out.push(b'}');
    Ok(out)
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
    out.push(b'[');
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
    out.push(b']');
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
