//! What a search asks of the spans of a trace: all of it must be true of one span.

use longshore_mlflow::rest::dumps;
use serde_json::Value as Json;

use super::filter::ATTRIBUTES;
use crate::{
    search::{condition::Condition, operand::Operand, operator::Operator, select::Sql},
    store::Dialect,
};

/// How much earlier than its trace a span may begin, since clocks differ: milliseconds.
const EARLIER: i64 = 10_000;

/// The condition that trace `t` has a span that fulfils these; `None` when there are none. `begins` is
/// the earliest time that traces begin at, in milliseconds since 1970.
pub(super) fn fulfilled(
    conditions: &[&Condition],
    begins: Option<i64>,
    dialect: Dialect,
) -> Option<Sql> {
    if conditions.is_empty() {
        return None;
    }
    // the experiment is compared in a form that no index is used for: a trace has few spans, which are
    // found by its id, where SQLite would else go through all of a type in the experiment
    let mut sql = Sql::of(
        "EXISTS (SELECT 1 FROM spans x WHERE x.trace_id = t.request_id AND x.experiment_id + 0 = t.experiment_id",
        Vec::new(),
    );
    if let Some(begins) = begins {
        let nanos = begins.saturating_sub(EARLIER).saturating_mul(1_000_000);
        sql.push(" AND x.start_time_unix_nano >= ?", [nanos.into()]);
    }
    for condition in conditions {
        let one = match condition.field.key.strip_prefix(ATTRIBUTES) {
            Some(name) => attribute(name, condition, dialect),
            None => condition.on(&format!("x.{}", condition.field.key), dialect),
        };
        sql.push(&format!(" AND {}", one.text), one.values);
    }
    sql.push(")", []);
    Some(sql)
}

/// The condition on an attribute, which is looked for in the JSON of its span: a text is JSON inside of
/// JSON there, such as `"model": "\"gpt\""`. `LIKE` matches anything behind the name, as in MLflow.
fn attribute(name: &str, condition: &Condition, dialect: Dialect) -> Sql {
    let name = name.strip_prefix('`').and_then(|it| it.strip_suffix('`')).unwrap_or(name);
    let Operand::Text(value) = &condition.operand else { return Sql::of("FALSE", Vec::new()) };
    let like = |operand: String| {
        let operand = Operand::Text(operand);
        let (text, values) = condition.operator.sql("x.content", &operand, dialect);
        Sql::of(text, values)
    };
    let holds = match dialect {
        Dialect::Sqlite => "instr(x.content, ?) > 0",
        Dialect::Postgres => "strpos(x.content, ?) > 0",
    };
    let named = format!("{}: ", quoted(name));
    let whole = format!("{named}{}", quoted(&quoted(value)));
    match condition.operator {
        Operator::Equal => Sql::of(holds, vec![whole.into()]),
        Operator::NotEqual => {
            Sql::of(format!("{holds} AND NOT {holds}"), vec![named.into(), whole.into()])
        }
        Operator::RLike => like(pattern(name, value)),
        _ => like(format!("%\"{name}\"{value}%")),
    }
}

/// A text as JSON in Python's form.
fn quoted(text: &str) -> String {
    let json = Json::from(text).to_string();
    dumps(&json).unwrap_or(json)
}

/// The regular expression that finds an attribute by one of its value.
fn pattern(name: &str, value: &str) -> String {
    let (begin, value) = match value.strip_prefix('^') {
        Some(rest) => (r#""\\""#, rest),
        None => (r#""\\".*"#, value),
    };
    let (value, end) = match value.strip_suffix('$') {
        Some(rest) => (rest, r#"\\""#),
        None => (value, ""),
    };
    format!("\"{name}\": {begin}{value}{end}")
}

#[cfg(test)]
mod tests {
    use super::{fulfilled, pattern, quoted};
    use crate::{
        search::traces::filter,
        store::{Dialect, Store},
    };

    #[tokio::test]
    async fn spans_are_found_by_their_trace() {
        let folder = tempfile::tempdir().unwrap();
        let uri = format!("sqlite:///{}", folder.path().join("mlflow.db").display());
        let filter = "span.type = 'LLM' AND span.status = 'OK' AND timestamp_ms > 5";
        let conditions = filter::parse(filter).unwrap();
        let of_spans: Vec<_> = conditions.iter().take(2).collect();
        let sql = fulfilled(&of_spans, Some(5), Dialect::Sqlite).unwrap();
        let store = Store::open(&uri).unwrap();
        let plan = store.read(move |on| {
            let text = format!("EXPLAIN QUERY PLAN SELECT 1 FROM trace_info t WHERE {}", sql.text);
            let rows = on.query(&text, &sql.values)?.into_iter();
            rows.map(|mut row| row.take::<String>(3)).collect::<Result<Vec<_>, _>>()
        });
        let plan = plan.await.unwrap().join("; ");
        assert!(plan.contains("(trace_id=?"), "{plan}");
    }

    #[test]
    fn an_expression_is_anchored_at_the_value() {
        let is = |value: &str, text: &str, wanted| {
            let found = regex::Regex::new(&pattern("m", value)).unwrap().is_match(text);
            assert_eq!(found, wanted, "{value} in {text}");
        };
        let text = r#"{"m": "\"gpt-4\"", "n": "\"x\""}"#;
        is("^gpt", text, true);
        is("^pt", text, false);
        is("pt", text, true);
        is("4$", text, true);
        is("^gpt$", text, false);
    }

    #[test]
    fn a_value_is_json_inside_of_json() {
        assert_eq!(quoted(&quoted("é\"")), r#""\"\\u00e9\\\"\"""#);
    }
}
