//! What a search of traces is sorted by.

use super::{
    analytics,
    filter::{self, KNOWN, NAME, PREFIXES, SESSION},
};
use crate::{
    Error,
    search::{
        field::{Field, Kind, Names},
        order,
        select::{Column, Sql},
    },
};

/// The names of an order.
const ORDER: Names = Names {
    prefixes: PREFIXES,
    known: KNOWN,
    attributes: &[
        "end_time",
        "end_time_ms",
        "execution_time",
        "execution_time_ms",
        "experiment_id",
        "name",
        "request_id",
        "run_id",
        "status",
        "timestamp",
        "timestamp_ms",
    ],
};

/// A field to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct By {
    field: Field,
    ascending: bool,
}

/// Reads an order.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn parse(order_by: &[String]) -> Result<Vec<By>, Error> {
    let mut all = Vec::new();
    for text in order_by {
        let (name, ascending) = order::parse(text)?;
        let field = filter::renamed(ORDER.sorted(&name)?);
        match field.kind {
            Kind::Metadata if analytics::is_column(&field.key) => {
                return Err(Error::invalid(format!(
                    "Ordering by reserved metadata '{}' is not supported because it is represented by multiple columns.",
                    field.key
                )));
            }
            Kind::Attribute | Kind::Tag | Kind::Metadata => {}
            other => {
                return Err(Error::invalid(format!("Invalid identifier type '{}'", other.name())));
            }
        }
        all.push(By { field, ascending });
    }
    let fields: Vec<_> = all.iter().map(|it| &it.field).collect();
    order::once(&fields, order_by)?;
    Ok(all)
}

/// All columns that results are sorted by. The last one tells any two traces apart.
pub(super) fn columns(order: &[By]) -> Vec<Column> {
    let mut columns: Vec<_> =
        order.iter().enumerate().map(|(index, by)| by.column(&format!("o{index}"))).collect();
    let is_in = |sql: &str, columns: &[Column]| columns.iter().any(|it| it.sql == sql);
    if !is_in("t.timestamp_ms", &columns) {
        columns.push(Column::full("t.timestamp_ms", false));
    }
    if !is_in("t.request_id", &columns) {
        columns.push(Column::full("t.request_id", true));
    }
    columns
}

impl By {
    /// Whether it is what all results are sorted by when nothing is said.
    pub(super) fn is_time(&self) -> bool {
        self.field.kind == Kind::Attribute && self.field.key == "timestamp_ms"
    }

    /// Its column of trace `t`; `None` when another table has it.
    fn own(&self) -> Option<Column> {
        let column = |name: &str, nullable| {
            let sql = format!("t.{name}");
            let ascending = self.ascending;
            Some(if nullable {
                Column::nullable(sql, ascending)
            } else {
                Column::full(sql, ascending)
            })
        };
        match (self.field.kind, &*self.field.key) {
            (Kind::Attribute, "end_time_ms") => {
                Some(Column::full(super::sql::END_TIME, self.ascending))
            }
            (Kind::Attribute, key) => column(key, key == "execution_time_ms"),
            (Kind::Tag, NAME) => column("trace_name", true),
            (Kind::Metadata, SESSION) => column("session_id", true),
            _ => None,
        }
    }

    fn column(&self, alias: &str) -> Column {
        self.own().unwrap_or_else(|| Column::nullable(format!("{alias}.value"), self.ascending))
    }

    /// The join that gives its row as `alias`, when another table has it.
    pub(super) fn join(&self, alias: &str) -> Option<Sql> {
        if self.own().is_some() {
            return None;
        }
        let table =
            if self.field.kind == Kind::Tag { "trace_tags" } else { "trace_request_metadata" };
        let text = format!(
            " LEFT JOIN {table} {alias} ON {alias}.request_id = t.request_id AND {alias}.key = ?"
        );
        Some(Sql::of(text, vec![(&self.field.key).into()]))
    }
}

#[cfg(test)]
mod tests {
    use super::{columns, parse};

    fn sorted(order_by: &[&str]) -> Vec<String> {
        let order_by: Vec<_> = order_by.iter().map(|&it| it.to_owned()).collect();
        columns(&parse(&order_by).unwrap()).into_iter().map(|it| it.sql).collect()
    }

    #[test]
    fn the_newest_trace_is_first_when_nothing_is_said() {
        assert_eq!(sorted(&[]), ["t.timestamp_ms", "t.request_id"]);
        assert_eq!(sorted(&["timestamp"]), ["t.timestamp_ms", "t.request_id"]);
        assert_eq!(
            sorted(&["name DESC", "tags.a", "metadata.`mlflow.trace.session`"]),
            ["t.trace_name", "o1.value", "t.session_id", "t.timestamp_ms", "t.request_id"]
        );
    }

    #[test]
    fn what_cannot_be_sorted_by_is_refused() {
        let told = |text: &str| parse(&[text.to_owned()]).unwrap_err().to_string();
        assert_eq!(told("feedback.a"), "Invalid identifier type 'feedback'");
        assert!(told("metadata.`mlflow.trace.cost`").starts_with("Ordering by reserved metadata"));
        assert!(told("text").starts_with("Invalid attribute key 'text' specified."));
        let twice = ["status".to_owned(), "trace.status DESC".to_owned()];
        assert!(parse(&twice).unwrap_err().to_string().contains("duplicate fields"));
    }
}
