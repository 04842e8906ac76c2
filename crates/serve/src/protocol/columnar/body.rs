//! From a table to a query.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

use super::{super::Query, Columnar};
use crate::{
    budget::Budget,
    config::Limits,
    contract::Contract,
    failure::Failure,
    frame::{Bounds, arrow, parquet},
    memory::Share,
};

/// Reads a table. It arrived as `sent` bytes, and the memory for what it decodes to is taken from
/// `share`.
pub(crate) fn decode(
    contract: &Contract,
    columnar: Columnar,
    bytes: &Bytes,
    sent: usize,
    limits: &Limits,
    share: &mut Share,
) -> Result<Query, Failure> {
    let schema = &contract.schema;
    let mut budget = Budget::new(share, sent, limits);
    // the budget bounds what the cells take
    let bounds = Bounds { rows: limits.rows, cells: usize::MAX };
    let binary = |name: &str, at: usize| schema.is_binary(name, at);
    // the head of a message is read by a library, which a stranger's bytes may surprise
    let read = AssertUnwindSafe(|| match columnar {
        Columnar::Arrow => arrow::read(bytes, schema.names(), binary, &bounds, &mut budget),
        Columnar::Parquet => parquet::read(bytes, schema.names(), binary, &bounds, &mut budget),
    });
    let frame = catch_unwind(read)
        .unwrap_or_else(|_| Err(Failure::invalid("the body is not well-formed")))?;
    Ok(Query::of(schema.fit(frame)?))
}
