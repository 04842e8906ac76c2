//! The conditions of a search of runs in SQL. Row `r` is the run.

use crate::{
    search::{
        condition::{Condition, Table},
        field::Kind,
        operator::Operator,
        select::Sql,
    },
    store::Dialect,
};

/// How a row `x` of a table is found to belong to the run.
pub(super) const OF_RUN: &str = "x.run_uuid = r.run_uuid";

/// The same where the run is that of the value that is sorted by first: it need not be looked up before.
pub(super) const OF_VALUE: &str = "x.run_uuid = o0.run_uuid";

const METRICS: &str = "latest_metrics";
const PARAMS: &str = "params";
const TAGS: &str = "tags";

fn table(name: &'static str, owner: &'static str) -> Table {
    Table { name, key: "key", value: "value", owner }
}

/// The tag that holds a run's name. The column of names is empty for runs of MLflow 1.
const RUN_NAME: &str = "mlflow.runName";

/// How many characters of a value the indexes of parameters and tags hold.
pub(super) const INDEXED: usize = 100;

/// The condition that a run fulfils, whose rows are found by `owner`.
pub(super) fn fulfilled(condition: &Condition, dialect: Dialect, owner: &'static str) -> Sql {
    match condition.field.kind {
        Kind::Attribute => match &*condition.field.key {
            "run_name" => named(condition).among(&table(TAGS, owner), dialect),
            "run_id" => condition.on("r.run_uuid", dialect),
            key => condition.on(&format!("r.{key}"), dialect),
        },
        Kind::Metric => {
            let value = measured(condition);
            let mut sql = Sql::of(
                format!("EXISTS (SELECT 1 FROM {METRICS} x WHERE {owner} AND x.key = ? AND "),
                vec![(&condition.field.key).into()],
            );
            sql.push(&format!("{})", value.text), value.values);
            sql
        }
        Kind::Param => condition.among(&table(PARAMS, owner), dialect),
        Kind::Tag => condition.among(&table(TAGS, owner), dialect),
        _ => dataset(condition, dialect),
    }
}

/// Runs that fulfil the condition, found by an index: `None` when none finds them. Each is in it once.
pub(super) fn candidates(condition: &Condition, dialect: Dialect) -> Option<Sql> {
    let named = named(condition);
    let (table, condition) = match (condition.field.kind, &*condition.field.key) {
        (Kind::Metric, _) if condition.operator != Operator::NotEqual => (METRICS, condition),
        (Kind::Param, _) if condition.operator == Operator::Equal => (PARAMS, condition),
        (Kind::Tag, _) if condition.operator == Operator::Equal => (TAGS, condition),
        (Kind::Attribute, "run_name") if condition.operator == Operator::Equal => (TAGS, &named),
        _ => return None,
    };
    let mut sql = Sql::of(
        format!("SELECT x.run_uuid FROM {table} x WHERE x.key = ? AND "),
        vec![(&condition.field.key).into()],
    );
    if condition.field.kind == Kind::Metric {
        let value = measured_in("x", condition);
        sql.push(&value.text, value.values);
    } else {
        let indexed = format!("substr(x.value, 1, {INDEXED}) = substr(?, 1, {INDEXED}) AND ");
        sql.push(&indexed, condition.operand.values());
        let value = condition.on("x.value", dialect);
        sql.push(&value.text, value.values);
    }
    Some(sql)
}

/// The condition of a name as one of its tag.
fn named(condition: &Condition) -> Condition {
    let mut condition = condition.clone();
    RUN_NAME.clone_into(&mut condition.field.key);
    condition
}

/// What the value of a metric fulfils in a row of its table. One that is not a number is stored as 0 with a mark.
pub(super) fn measured_in(row: &str, condition: &Condition) -> Sql {
    let name = condition.operator.name();
    let text = if condition.operator == Operator::NotEqual {
        format!("({row}.value != ? OR {row}.is_nan = TRUE)")
    } else {
        format!("{row}.is_nan = FALSE AND {row}.value {name} ?")
    };
    Sql::of(text, condition.operand.values())
}

/// As [`measured_in`], in a form that no index of values is used for: the row of a run is found by its key,
/// where SQLite would else go through all the values that fulfil it.
fn measured(condition: &Condition) -> Sql {
    let name = condition.operator.name();
    let text = if condition.operator == Operator::NotEqual {
        "(+x.value != ? OR x.is_nan = TRUE)".to_owned()
    } else {
        format!("NOT x.is_nan AND +x.value {name} ?")
    };
    Sql::of(text, condition.operand.values())
}

fn dataset(condition: &Condition, dialect: Dialect) -> Sql {
    let mut sql = Sql::of(
        "EXISTS (SELECT 1 FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id",
        Vec::new(),
    );
    let column = match &*condition.field.key {
        "context" => {
            sql.push(
                " JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'",
                [],
            );
            "t.value"
        }
        "digest" => "d.digest",
        _ => "d.name",
    };
    let value = condition.on(column, dialect);
    sql.push(
        " WHERE i.destination_type = 'RUN' AND i.destination_id = r.run_uuid AND i.source_type = 'DATASET' AND ",
        [],
    );
    sql.push(&format!("{})", value.text), value.values);
    sql
}
