//! Newline-delimited JSON (jsonlines.org): one row a line, one answer a line. V1 and MLflow's
//! protocol have it alike.

use longshore_engine::{Method, Output};

use super::{Query, finite, list as write_list, rows, values};
use crate::{
    config::Limits,
    contract::Contract,
    failure::Failure,
    frame::Bounds,
    json::{Scanner, write},
    lines::Line,
};

/// The type of a reply.
pub(crate) const CONTENT_TYPE: &str = "application/x-ndjson";

/// True for the names that this form has.
pub(super) fn is_lines(media_type: &str) -> bool {
    matches!(
        media_type,
        CONTENT_TYPE | "application/ndjson" | "application/jsonlines" | "application/jsonl"
    )
}

/// Reads lines together, each of which is one row. The failure may be that of any of them.
pub(crate) fn decode(
    contract: &Contract,
    lines: &[Line<'_>],
    limits: &Limits,
) -> Result<Query, Failure> {
    let bytes: usize = lines.iter().map(|line| line.bytes.len() + 1).sum();
    let mut list = Vec::with_capacity(bytes + 2);
    list.push(b'[');
    for (at, line) in lines.iter().enumerate() {
        // a line that is no value on its own must not become one beside others
        let mut scanner = Scanner::line(line.bytes, limits.depth)?;
        scanner.skip()?;
        scanner.finish()?;
        if at > 0 {
            list.push(b',');
        }
        list.extend_from_slice(line.bytes);
    }
    list.push(b']');
    let mut scanner = Scanner::line(&list, limits.depth.saturating_add(1))?;
    let bounds = Bounds::new(limits.rows, list.len());
    let frame = rows::list(&mut scanner, &contract.schema, &bounds)?;
    scanner.finish()?;
    let table = contract.schema.fit(frame)?;
    if table.rows != lines.len() {
        let detail = format!("{} rows of {} lines", table.rows, lines.len());
        return Err(Failure::internal("the lines were not answered", detail));
    }
    Ok(Query::of(table))
}

/// Writes the one output of `lines` lines behind `out`.
pub(crate) fn encode(
    out: &mut Vec<u8>,
    outputs: &[(Method, Output)],
    lines: usize,
) -> Result<(), Failure> {
    let unlike = |detail: &str| Err(Failure::internal("the lines were not answered", detail));
    let [(method, output)] = outputs else { return unlike("one output was expected") };
    if output.rows != lines {
        return unlike("the output has another number of rows");
    }
    finite::check(*method, output)?;
    for row in 0..lines {
        out.extend_from_slice(b"{\"prediction\":");
        match output.columns {
            None => values(out, &output.data, row, row + 1),
            Some(columns) => write_list(out, &output.data, row * columns, (row + 1) * columns),
        }
        out.extend_from_slice(b"}\n");
    }
    Ok(())
}

/// Writes why a line is not answered.
pub(crate) fn refuse(out: &mut Vec<u8>, failure: &Failure, line: u64) {
    error(out, failure, line);
    out.extend_from_slice(b"}\n");
}

/// Writes why no line from `line` on is answered.
pub(crate) fn end(out: &mut Vec<u8>, failure: &Failure, line: u64) {
    error(out, failure, line);
    out.extend_from_slice(b",\"ended\":true}\n");
}

fn error(out: &mut Vec<u8>, failure: &Failure, line: u64) {
    out.extend_from_slice(b"{\"error\":");
    write::text(out, &failure.message);
    out.extend_from_slice(b",\"line\":");
    write::integer(out, line);
}

#[cfg(test)]
mod tests {
    use longshore_engine::OutputData;

    use super::*;

    #[test]
    fn each_row_is_a_line() {
        for (output, expected) in [
            (
                Output::flat(OutputData::Text([Some("a\nb"), None].into_iter().collect())),
                "{\"prediction\":\"a\\nb\"}\n{\"prediction\":null}\n",
            ),
            (
                Output::matrix(2, 2, OutputData::F64(vec![0.5, 1.0, f64::NAN, 2.0])),
                "{\"prediction\":[0.5,1.0]}\n{\"prediction\":[null,2.0]}\n",
            ),
        ] {
            let mut out = Vec::new();
            let outputs = [(Method::Transform, output)];
            encode(&mut out, &outputs, 2).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            assert!(encode(&mut Vec::new(), &outputs, 3).is_err());
        }
    }
}
