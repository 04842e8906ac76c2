//! `POST /v1/models/{m}:predict`.

use longshore_engine::{Method, Output};

use super::{
    Body, Codec, Head, MediaType, Query,
    bare::{self, Bare},
    cloud_event::{self, EventMode},
    columnar, kserve_failure, lines, predictions, rows,
};
use crate::{
    contract::Contract,
    failure::Failure,
    frame::Bounds,
    json::{Scanner, twice},
    reply::Reply,
};

/// KServe's first protocol.
pub(super) struct V1;

impl Codec for V1 {
    fn keys(&self) -> &'static [&'static str] {
        &["method"]
    }

    fn accepts(&self, head: &Head<'_>) -> Result<MediaType, Failure> {
        if let Some(mode) = cloud_event::mode(head)? {
            return Ok(MediaType::Event(mode));
        }
        let kind = head.media_type()?;
        if let Some(kind) = kind.as_deref() {
            if lines::is_lines(kind) {
                return Ok(MediaType::Lines);
            }
            if let Some(table) = columnar::accepts(kind) {
                return table;
            }
        }
        head.only_json(kind.as_deref()).map(|()| MediaType::Json)
    }

    fn answers_arrow(&self, head: &Head<'_>) -> bool {
        // an event is answered with an event
        columnar::is_wanted(head.headers) && !matches!(cloud_event::mode(head), Ok(Some(_)))
    }

    fn decode(&self, contract: &Contract, body: Body<'_>) -> Result<Query, Failure> {
        let MediaType::Event(mode) = body.media_type else {
            return decode(&mut body.scanner()?, contract, &body.bounds());
        };
        let mut scanner = match mode {
            EventMode::Binary => body.scanner()?,
            EventMode::Structured => cloud_event::data(&body)?,
        };
        let query = decode(&mut scanner, contract, &body.bounds())?;
        Ok(Query { event: Some(mode), ..query })
    }

    fn encode(
        &self,
        contract: &Contract,
        query: &Query,
        outputs: &[(Method, Output)],
        request_id: &[u8],
    ) -> Result<Reply, Failure> {
        let reply = predictions(outputs)?;
        Ok(match query.event {
            None => reply,
            Some(mode) => cloud_event::reply(mode, &contract.name, request_id, reply),
        })
    }

    fn refuse(&self, failure: &Failure) -> Reply {
        kserve_failure(failure)
    }
}

/// Reads `{"instances": [...]}` or `{"inputs": ...}`; `inputs` wins, as in KServe. Other keys are
/// for other servers.
fn decode(
    scanner: &mut Scanner<'_>,
    contract: &Contract,
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
                    Failure::invalid(format!(
                        "`{key}` is {shape} where a list of rows is expected; send {EXAMPLE}"
                    ))
                }));
            }
        }
        *place = Some(rows::items_or_columns(scanner, &contract.schema, bounds)?);
    }
    scanner.finish()?;
    let frame = inputs.or(instances).ok_or_else(|| {
        if cloud_event::is_one(&whole) {
            return cloud_event::unnamed();
        }
        if let Some(meant) = bare::meant(&whole, &["instances", "inputs"]) {
            let message = format!("there is neither `instances` nor `inputs`; {meant}");
            return Failure::invalid(message);
        }
        let sent = bare::advice(&whole).map_or(EXAMPLE.into(), |(bare, text)| wrap(bare, &text));
        Failure::invalid(format!("there is neither `instances` nor `inputs`; send {sent}"))
    })?;
    Ok(Query::of(contract.schema.fit(frame)?))
}

const EXAMPLE: &str = "{\"instances\": [row, …]}";

fn wrap(bare: Bare, body: &str) -> String {
    match bare {
        Bare::Rows | Bare::Records => format!("{{\"instances\": {body}}}"),
        Bare::Row | Bare::Record => format!("{{\"instances\": [{body}]}}"),
        Bare::Columns => format!("{{\"inputs\": {body}}}"),
    }
}
