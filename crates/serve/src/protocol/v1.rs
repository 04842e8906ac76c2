//! `POST /v1/models/{m}:predict`.

use super::{
    Query,
    bare::{self, Bare},
    rows,
};
use crate::{
    failure::Failure,
    frame::Bounds,
    json::{Scanner, twice},
    repository::Served,
};

/// Reads `{"instances": [...]}` or `{"inputs": ...}`; `inputs` wins, as in KServe. Other keys are
/// for other servers.
pub(super) fn decode(
    scanner: &mut Scanner<'_>,
    served: &Served,
    bounds: &Bounds,
) -> Result<Query, Failure> {
    let (mut instances, mut inputs) = (None, None);
    let whole = scanner.clone();
    let mut first = true;
    bare::open(scanner, EXAMPLE, wrap)?;
    while scanner.more(b'}', &mut first)? {
        let key = scanner.key()?;
        let place = match &*key {
            "instances" => &mut instances,
            "inputs" => &mut inputs,
            _ => {
                scanner.skip()?;
                continue;
            }
        };
        if place.is_some() {
            return Err(twice(&key));
        }
        match (&*key, scanner.shape()) {
            (_, "a list") | ("inputs", "an object") => {}
            ("instances", "an object") => {
                return Err(Failure::invalid(
                    "`instances` is an object where a list of rows is expected; send columns as \
                     {\"inputs\": {\"column\": [value, …], …}}",
                ));
            }
            (key, shape) => {
                return Err(scanner.clone().skip().err().unwrap_or_else(|| {
                    Failure::invalid(format!("`{key}` is {shape} where a list of rows is expected"))
                }));
            }
        }
        *place = Some(rows::items_or_columns(scanner, &served.schema, bounds)?);
    }
    scanner.finish()?;
    let frame = inputs.or(instances).ok_or_else(|| {
        let sent = bare::advice(&whole).map_or(EXAMPLE.into(), |(bare, text)| wrap(bare, &text));
        Failure::invalid(format!("there is neither `instances` nor `inputs`; send {sent}"))
    })?;
    Ok(Query { table: served.schema.fit(frame)?, methods: Vec::new(), id: None, raw: false })
}

const EXAMPLE: &str = "{\"instances\": [row, …]}";

fn wrap(bare: Bare, body: &str) -> String {
    match bare {
        Bare::Rows | Bare::Records => format!("{{\"instances\": {body}}}"),
        Bare::Record => format!("{{\"instances\": [{body}]}}"),
        Bare::Columns => format!("{{\"inputs\": {body}}}"),
    }
}
