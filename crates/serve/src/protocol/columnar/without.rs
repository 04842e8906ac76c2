//! What a build without Arrow and Parquet does in their place: nothing comes here, since such a body
//! is refused by its type and such a reply is never wanted.

use bytes::Bytes;
use longshore_engine::{Method, Output};

use super::{super::Query, Columnar};
use crate::{config::Limits, contract::Contract, failure::Failure, memory::Share, reply::Reply};

/// Refuses a table.
pub(crate) fn decode(
    _: &Contract,
    _: Columnar,
    _: &Bytes,
    _: usize,
    _: &Limits,
    _: &mut Share,
) -> Result<Query, Failure> {
    Err(missing())
}

/// Refuses to write an answer.
pub(crate) fn encode(_: &[(Method, Output)]) -> Result<Reply, Failure> {
    Err(missing())
}

fn missing() -> Failure {
    Failure::internal("the request was not answered", "the cargo feature `arrow` is off")
}
