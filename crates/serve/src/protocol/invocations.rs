//! `POST /invocations`: MLflow's scoring protocol.

use std::{borrow::Cow, collections::HashSet};

use longshore_engine::{Method, Output, quantity};
use serde_json::{Map, Value};

use super::{
    Body, Codec, Head, MediaType, Query,
    bare::{self, Bare},
    columnar, head, lines, predictions, rows, status,
};
use crate::{
    contract::Contract,
    failure::Failure,
    frame::{Bounds, Frame, csv, records, rows as frame_rows},
    json::{Scalar, Scanner, twice, write},
    names::quoted,
    reply::Reply,
};

mod params;

/// MLflow's scoring protocol.
pub(super) struct Invocations;

impl Codec for Invocations {
    fn keys(&self) -> &'static [&'static str] {
        &["model", "version", "method"]
    }

    fn accepts(&self, head: &Head<'_>) -> Result<MediaType, Failure> {
        match head.media_type()?.as_deref() {
            None => Ok(MediaType::Json),
            Some("text/csv") => Ok(MediaType::Csv),
            Some(kind) if lines::is_lines(kind) => Ok(MediaType::Lines),
            Some(kind) => columnar::accepts(kind).unwrap_or_else(|| {
                Err(head::unsupported(
                    kind,
                    "`application/json`, `text/csv` or, for a stream of lines, `application/x-ndjson`",
                ))
            }),
        }
    }

    fn answers_arrow(&self, head: &Head<'_>) -> bool {
        columnar::is_wanted(head.headers)
    }

    fn decode(&self, contract: &Contract, body: Body<'_>) -> Result<Query, Failure> {
        if body.media_type == MediaType::Csv {
            return decode_csv(body.bytes, contract, &body.bounds());
        }
        decode(&mut body.scanner()?, contract, &body.bounds())
    }

    fn encode(
        &self,
        _: &Contract,
        _: &Query,
        outputs: &[(Method, Output)],
        _: &[u8],
    ) -> Result<Reply, Failure> {
        predictions(outputs)
    }

    /// MLflow tells rows that do not fit the signature from other bad requests.
    fn refuse(&self, failure: &Failure) -> Reply {
        let code = if failure.unfit { "INVALID_PARAMETER_VALUE" } else { failure.code.mlflow() };
        let mut out = Vec::with_capacity(96 + failure.message.len());
        out.extend_from_slice(b"{\"error_code\":");
        write::text(&mut out, code);
        out.extend_from_slice(b",\"message\":");
        write::text(&mut out, &failure.message);
        out.push(b'}');
        Reply::json(out).with_status(status(failure))
    }
}

/// The keys that hold rows.
const FORMS: [&str; 4] = ["dataframe_split", "dataframe_records", "instances", "inputs"];

/// Reads an object with exactly one of [`FORMS`], and `params`.
fn decode(
    scanner: &mut Scanner<'_>,
    contract: &Contract,
    bounds: &Bounds,
) -> Result<Query, Failure> {
    let schema = &contract.schema;
    let mut form: Option<(Cow<'_, str>, Frame<'_>)> = None;
    let mut params_text = None;
    let whole = scanner.clone();
    let mut first = true;
    bare::open(scanner, EXAMPLE, wrap)?;
    while scanner.more(b'}', &mut first)? {
        let key = scanner.key()?;
        if FORMS.contains(&&*key) {
            check_form(scanner, &key)?;
        }
        let frame = match &*key {
            "dataframe_split" => split(scanner, bounds)?,
            "dataframe_records" => records::read(scanner, schema.names(), bounds)?,
            "instances" => rows::instances(scanner, schema, bounds)?,
            "inputs" => rows::list_or_columns(scanner, schema, bounds)?,
            "params" => {
                if params_text.replace(scanner.skip()?).is_some() {
                    return Err(twice(&key));
                }
                continue;
            }
            _ => {
                scanner.skip()?;
                continue;
            }
        };
        if let Some((other, _)) = &form {
            return Err(if *other == key {
                twice(&key)
            } else {
                one_of(&format!("there are `{other}` and `{key}`"))
            });
        }
        form = Some((key, frame));
    }
    scanner.finish()?;
    let (_, frame) = form.ok_or_else(|| {
        if let Some(meant) = bare::meant(&whole, &FORMS) {
            return Failure::invalid(format!("there are no rows; {meant}"));
        }
        let failure = one_of("there are no rows");
        match bare::advice(&whole) {
            Some((bare, text)) if params_text.is_none() => {
                Failure::invalid(format!("{}, such as {}", failure.message, wrap(bare, &text)))
            }
            _ => failure,
        }
    })?;
    let method = match params_text {
        Some(text) => params::read(text, contract)?,
        None => None,
    };
    let methods = method.into_iter().collect();
    Ok(Query { methods, ..Query::of(schema.fit(frame)?) })
}

fn one_of(found: &str) -> Failure {
    let forms = FORMS.map(|form| format!("`{form}`")).join(", ");
    Failure::invalid(format!("{found}; send exactly one of {forms}"))
}

const EXAMPLE: &str = "{\"dataframe_split\": {\"columns\": [name, …], \"data\": [row, …]}}";

fn wrap(bare: Bare, body: &str) -> String {
    match bare {
        Bare::Rows => format!("{{\"dataframe_split\": {{\"data\": {body}}}}}"),
        Bare::Row => format!("{{\"dataframe_split\": {{\"data\": [{body}]}}}}"),
        Bare::Records => format!("{{\"dataframe_records\": {body}}}"),
        Bare::Record => format!("{{\"dataframe_records\": [{body}]}}"),
        Bare::Columns => format!("{{\"inputs\": {body}}}"),
    }
}

/// Refuses rows of another shape than their key says.
fn check_form(scanner: &mut Scanner<'_>, key: &str) -> Result<(), Failure> {
    let found = scanner.shape();
    let expected = match (key, found) {
        ("dataframe_split", "an object")
        | ("inputs", "an object" | "a list")
        | ("instances", "a list") => return Ok(()),
        ("dataframe_records", "a list") => {
            let mut ahead = scanner.clone();
            if !ahead.eat(b'[') || matches!(ahead.peek(), None | Some(b'{' | b']')) {
                return Ok(());
            }
            let item = ahead.shape();
            ahead.skip()?;
            return Err(Failure::invalid(format!(
                "`dataframe_records` is a list whose first item is {item} where an object by \
                 column name is expected; send rows without names as {{\"dataframe_split\": \
                 {{\"columns\": […], \"data\": […]}}}}"
            )));
        }
        ("dataframe_split", _) => "an object such as {\"columns\": […], \"data\": […]}",
        ("dataframe_records", _) => "a list of objects by column name",
        ("inputs", _) => "a list of rows or an object of columns",
        _ => "a list of rows",
    };
    scanner.clone().skip()?;
    Err(Failure::invalid(format!("`{key}` is {found} where {expected} is expected")))
}

/// `{"columns": [...], "data": [[...]], "index": [...]}`; the index is not used.
fn split<'a>(scanner: &mut Scanner<'a>, bounds: &Bounds) -> Result<Frame<'a>, Failure> {
    let (mut names, mut frame) = (None, None);
    let (mut first, mut index) = (true, false);
    scanner.begin(b'{')?;
    while scanner.more(b'}', &mut first)? {
        let key = scanner.key()?;
        let again = match &*key {
            "columns" => names.replace(columns(scanner)?).is_some(),
            "data" => frame.replace(data(scanner, bounds)?).is_some(),
            "index" => {
                scanner.skip()?;
                std::mem::replace(&mut index, true)
            }
            _ => {
                scanner.skip()?;
                false
            }
        };
        if again {
            return Err(twice(&key));
        }
    }
    let mut frame = frame.ok_or_else(|| Failure::invalid("`dataframe_split` has no `data`"))?;
    if let Some(names) = names {
        let found = crate::schema::width(&frame.data);
        if frame.rows > 0 && found != names.len() {
            let flat = if found == 1 { ": a row is a list of its own" } else { "" };
            return Err(Failure::invalid(format!(
                "`dataframe_split` names {} in `columns`, but a row of its `data` has {}{flat}",
                quantity(names.len(), "column"),
                quantity(found, "value")
            )));
        }
        frame.names = Some(names);
    }
    Ok(frame)
}

/// The rows of `dataframe_split`.
fn data<'a>(scanner: &mut Scanner<'a>, bounds: &Bounds) -> Result<Frame<'a>, Failure> {
    let mut ahead = scanner.clone();
    if ahead.eat(b'[') && ahead.peek() == Some(b'{') {
        return Err(Failure::invalid(
            "the `data` of `dataframe_split` is a list of objects where a list of lists is \
             expected; send objects as {\"dataframe_records\": […]}",
        ));
    }
    frame_rows::read(scanner, None, bounds)
}

/// Column names; pandas writes those of an unnamed frame as numbers.
fn columns<'a>(scanner: &mut Scanner<'a>) -> Result<Vec<Cow<'a, str>>, Failure> {
    let mut names: Vec<Cow<'a, str>> = Vec::new();
    let mut seen = HashSet::new();
    let mut first = true;
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        scanner.peek();
        let from = scanner.offset();
        let name = match scanner.scalar()? {
            Scalar::Text(name) => name,
            _ => Cow::Borrowed(scanner.slice(from, scanner.offset())),
        };
        if !seen.insert(name.clone()) {
            return Err(Failure::invalid(format!("the column {} comes twice", quoted(&name))));
        }
        names.push(name);
    }
    Ok(names)
}

/// Reads comma-separated values.
fn decode_csv(body: &[u8], contract: &Contract, bounds: &Bounds) -> Result<Query, Failure> {
    let schema = &contract.schema;
    let frame = csv::read(body, schema.names(), |name, at| schema.is_text(name, at), bounds);
    let table = frame.and_then(|frame| schema.fit(frame));
    let table = table.map_err(|failure| csv::with_separator(failure, body))?;
    Ok(Query::of(table))
}

/// Reads the object of parameters.
fn object(text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text)
        .map_err(|_| Failure::invalid("`params` is not an object of values by name"))
}
