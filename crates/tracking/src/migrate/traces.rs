//! What tags and metadata said of traces and spans becomes columns.

mod figures;

use std::collections::HashMap;

use serde_json::Value as Json;

use self::figures::{aggregate, cut, lenient, object, whole};
use super::schema::Counts;
use crate::{
    Error,
    figures::{COST, COST_KEYS, SESSION, SESSION_LENGTH, TOKEN_KEYS, TOKENS, number},
    sql::marks,
    store::{Connection, Dialect, Row, Value},
};

/// Rows that are read at a time.
const PAGE: usize = 250;

/// Characters of a trace's name, and of a model or its provider.
const NAME: usize = 4096;
const MODEL: usize = 500;

const NAME_TAG: &str = "mlflow.traceName";
const FACTS: [&str; 3] = [SESSION, TOKENS, COST];

/// What the dimensions of a span may say.
const DIMENSIONS: [&str; 2] = ["mlflow.llm.model", "mlflow.llm.provider"];

/// What a trace has where the gateway made it; its cost is that of its spans.
const OF_GATEWAY: &str = "UPDATE trace_info SET total_cost = (SELECT sum(s.total_cost) FROM spans s WHERE s.trace_id = trace_info.request_id) \
    WHERE total_cost IS NULL AND EXISTS (SELECT 1 FROM spans s WHERE s.trace_id = trace_info.request_id AND s.total_cost IS NOT NULL) \
    AND EXISTS (SELECT 1 FROM trace_request_metadata m WHERE m.request_id = trace_info.request_id AND m.\"key\" = 'mlflow.gateway.endpointId')";

/// Fills the columns and removes what is in them now.
///
/// # Errors
/// Those of the database, and when something would be lost: spans or assessments without a trace, unknown dimensions of spans.
pub(super) fn change(on: &mut dyn Connection, moved: &mut Counts) -> Result<(), Error> {
    for table in ["spans", "assessments"] {
        let sql = format!(
            "SELECT trace_id FROM {table} c WHERE NOT EXISTS (SELECT 1 FROM trace_info t WHERE t.request_id = c.trace_id)"
        );
        if let Some(mut row) = on.first(&format!("{sql} LIMIT 1"), &[])? {
            return Err(Error::Schema(format!(
                "`{table}` has rows of the trace `{}`, which is not there; remove them first",
                row.take::<String>(0)?
            )));
        }
    }
    traces(on)?;
    spans(on)?;
    on.execute(OF_GATEWAY, &[])?;
    assessments(on)?;
    let mut remove = |table: &str, keys: &[&str]| {
        let sql = format!("DELETE FROM {table} WHERE \"key\" IN ({})", marks(keys.len()));
        let keys: Vec<_> = keys.iter().map(|it| Value::from(*it)).collect();
        let rows = i64::try_from(on.execute(&sql, &keys)?).unwrap_or_default();
        *moved.entry(table.to_owned()).or_default() -= rows;
        Ok::<_, Error>(())
    };
    remove("trace_tags", &[NAME_TAG])?;
    remove("trace_request_metadata", &FACTS)?;
    remove("trace_metrics", &TOKEN_KEYS)?;
    remove("span_metrics", &COST_KEYS)
}

/// Does something with all rows of a query, some at a time. The first columns are the key that the query orders by.
fn each_page(
    on: &mut dyn Connection,
    key: &str,
    width: usize,
    query: impl Fn(&str) -> String,
    mut act: impl FnMut(&mut dyn Connection, Vec<(Vec<String>, Row)>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut last: Option<Vec<String>> = None;
    loop {
        let after = match &last {
            Some(_) => format!("WHERE ({key}) > ({})", marks(width)),
            None => String::new(),
        };
        let values: Vec<_> = last.iter().flatten().map(Value::from).collect();
        let sql = format!("{} ORDER BY {key} LIMIT {PAGE}", query(&after));
        let mut page = Vec::new();
        for mut row in on.query(&sql, &values)? {
            let found = (0..width).map(|it| row.take(it)).collect::<Result<Vec<String>, _>>()?;
            page.push((found, row));
        }
        let Some((end, _)) = page.last() else { return Ok(()) };
        last = Some(end.clone());
        act(on, page)?;
    }
}

fn traces(on: &mut dyn Connection) -> Result<(), Error> {
    let columns = ["trace_name", "session_id"].into_iter().chain(TOKEN_KEYS).chain(COST_KEYS);
    let sets: Vec<_> = columns.map(|it| format!("{it} = ?")).collect();
    let update = format!("UPDATE trace_info SET {} WHERE request_id = ?", sets.join(", "));
    let query = |after: &str| format!("SELECT request_id FROM trace_info {after}");
    each_page(on, "request_id", 1, query, |on, page| {
        let ids: Vec<String> = page.into_iter().flat_map(|(key, _)| key).collect();
        let names = of(on, "trace_tags", &ids, &[NAME_TAG])?;
        let facts = of(on, "trace_request_metadata", &ids, &FACTS)?;
        let figures = of(on, "trace_metrics", &ids, &TOKEN_KEYS)?;
        for id in ids {
            let fact = |key: &str| match facts.get(&(id.clone(), key.to_owned())) {
                Some(Value::Text(text)) => Some(text.as_str()),
                _ => None,
            };
            let name = match names.get(&(id.clone(), NAME_TAG.to_owned())) {
                Some(Value::Text(text)) => Some(cut(text, NAME)),
                _ => None,
            };
            let [session, usage, cost] = FACTS.map(fact);
            let (usage, cost) = (usage.map(object), cost.map(object));
            let said = |all: &Option<serde_json::Map<String, Json>>, key: &str| {
                all.as_ref().and_then(|it| it.get(key)).cloned().unwrap_or_default()
            };
            let mut values = vec![name.into(), session.map(|it| cut(it, SESSION_LENGTH)).into()];
            // what was measured counts before what was said
            values.extend(TOKEN_KEYS.map(|key| match figures.get(&(id.clone(), key.to_owned())) {
                Some(Value::Real(measured)) => whole(&Json::from(*measured)).into(),
                Some(_) => Value::Null,
                None => whole(&said(&usage, key)).into(),
            }));
            values.extend(COST_KEYS.map(|key| Value::from(number(&said(&cost, key)))));
            if values.iter().any(|it| *it != Value::Null) {
                values.push(id.into());
                on.execute(&update, &values)?;
            }
        }
        Ok(())
    })
}

/// What some keys of traces are.
fn of(
    on: &mut dyn Connection,
    table: &str,
    ids: &[String],
    keys: &[&str],
) -> Result<HashMap<(String, String), Value>, Error> {
    let (of_ids, of_keys) = (marks(ids.len()), marks(keys.len()));
    let sql = format!(
        "SELECT request_id, \"key\", \"value\" FROM {table} WHERE request_id IN ({of_ids}) AND \"key\" IN ({of_keys})"
    );
    let values: Vec<_> =
        ids.iter().map(Value::from).chain(keys.iter().map(|it| Value::from(*it))).collect();
    let mut found = HashMap::new();
    for mut row in on.query(&sql, &values)? {
        let value = match table {
            "trace_metrics" => row.take::<Option<f64>>(2)?.into(),
            _ => row.take::<Option<String>>(2)?.into(),
        };
        found.insert((row.take(0)?, row.take(1)?), value);
    }
    Ok(found)
}

fn spans(on: &mut dyn Connection) -> Result<(), Error> {
    let update = "UPDATE spans SET input_cost = ?, output_cost = ?, total_cost = ?, model_name = ?, model_provider = ? WHERE trace_id = ? AND span_id = ?";
    let dimensions = match on.dialect() {
        Dialect::Sqlite => "dimension_attributes",
        Dialect::Postgres => "dimension_attributes::text",
    };
    let query = |after: &str| format!("SELECT trace_id, span_id, {dimensions} FROM spans {after}");
    each_page(on, "trace_id, span_id", 2, query, |on, page| {
        let mut costs: HashMap<(String, String, String), Option<f64>> = HashMap::new();
        if let (Some((first, _)), Some((last, _))) = (page.first(), page.last()) {
            let sql = "SELECT trace_id, span_id, \"key\", \"value\" FROM span_metrics WHERE (trace_id, span_id) >= (?, ?) AND (trace_id, span_id) <= (?, ?) AND \"key\" IN ('input_cost', 'output_cost', 'total_cost')";
            let values: Vec<_> = first.iter().chain(last).map(Value::from).collect();
            for mut row in on.query(sql, &values)? {
                let value: Option<f64> = row.take(3)?;
                costs.insert(
                    (row.take(0)?, row.take(1)?, row.take(2)?),
                    value.filter(|it| it.is_finite()),
                );
            }
        }
        for (key, mut row) in page {
            let [trace, span] = <[String; 2]>::try_from(key).map_err(|_| Error::Unavailable)?;
            let said: Option<String> = row.take(2)?;
            let models = models(said.as_deref(), &trace, &span)?;
            let cost = |it: &str| {
                let found = costs.get(&(trace.clone(), span.clone(), it.to_owned()));
                Value::from(found.copied().flatten())
            };
            let mut values: Vec<_> = COST_KEYS.map(cost).into();
            values.extend(models.map(Value::from));
            if values.iter().any(|it| *it != Value::Null) {
                values.extend([trace.into(), span.into()]);
                on.execute(update, &values)?;
            }
        }
        Ok(())
    })
}

/// The model and the provider in the dimensions of a span.
fn models(said: Option<&str>, trace: &str, span: &str) -> Result<[Option<String>; 2], Error> {
    let wrong = |what: &str| {
        Error::Schema(format!(
            "the span `{span}` of the trace `{trace}` has dimensions that would be lost ({what}); `dimension_attributes` may hold the texts `{}` and `{}` only",
            DIMENSIONS[0], DIMENSIONS[1]
        ))
    };
    let Some(said) = said else { return Ok([None, None]) };
    let mut found = lenient(said).ok_or_else(|| wrong("no JSON"))?;
    if let Json::String(inner) = &found {
        found = lenient(inner).ok_or_else(|| wrong("no JSON"))?;
    }
    let map = match found {
        Json::Null => return Ok([None, None]),
        Json::Object(map) => map,
        _ => return Err(wrong("no object")),
    };
    if let Some((key, _)) = map.iter().find(|(key, value)| {
        !DIMENSIONS.contains(&key.as_str()) || !(value.is_string() || value.is_null())
    }) {
        return Err(wrong(key));
    }
    Ok(DIMENSIONS.map(|key| map.get(key).and_then(Json::as_str).map(|it| cut(it, MODEL))))
}

fn assessments(on: &mut dyn Connection) -> Result<(), Error> {
    let update = "UPDATE assessments SET experiment_id = ?, trace_timestamp_ms = ?, aggregate_value = ?, is_numeric_value = ? WHERE assessment_id = ?";
    let query = |after: &str| {
        let value = "a.\"value\"";
        format!(
            "SELECT a.assessment_id, {value}, t.experiment_id, t.timestamp_ms FROM assessments a JOIN trace_info t ON t.request_id = a.trace_id {after}"
        )
    };
    each_page(on, "a.assessment_id", 1, query, |on, page| {
        for (key, mut row) in page {
            let value: Option<String> = row.take(1)?;
            let (figure, is_number) = aggregate(value.as_deref().unwrap_or_default());
            let (experiment, time): (i64, i64) = (row.take(2)?, row.take(3)?);
            let id = key.into_iter().next().unwrap_or_default();
            let values =
                [experiment.into(), time.into(), figure.into(), is_number.into(), id.into()];
            on.execute(update, &values)?;
        }
        Ok(())
    })
}
