//! `POST /v1/models/{m}:predict`.

use super::{Query, rows};
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
    let mut first = true;
    scanner.begin(b'{')?;
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
        *place = Some(if &*key == "inputs" {
            rows::list_or_columns(scanner, &served.schema, bounds)?
        } else {
            rows::list(scanner, &served.schema, bounds)?
        });
    }
    scanner.finish()?;
    let frame = inputs.or(instances).ok_or_else(|| {
        Failure::invalid(
            "there is neither `instances` nor `inputs`; send {\"instances\": [row, …]}",
        )
    })?;
    Ok(Query { table: served.schema.fit(frame)?, methods: Vec::new(), id: None, raw: false })
}
