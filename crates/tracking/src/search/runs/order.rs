//! What a search of runs is sorted by.

use super::{
    filter::{self, ORDER},
    sql::INDEXED,
};
use crate::{
    Error,
    search::{
        field::{Field, Kind},
        order,
        select::{Column, Sql},
    },
};

/// A field to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct By {
    pub(super) field: Field,
    pub(super) ascending: bool,
}

/// Reads an order.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn parse(order_by: &[String]) -> Result<Vec<By>, Error> {
    let mut all = Vec::new();
    for text in order_by {
        let (name, ascending) = order::parse(text)?;
        let field = ORDER.sorted(&name)?;
        if field.kind == Kind::Dataset {
            return Err(Error::invalid("Invalid identifier type 'dataset'"));
        }
        all.push(By { field: filter::unalias(field), ascending });
    }
    let fields: Vec<_> = all.iter().map(|it| &it.field).collect();
    order::once(&fields, order_by)?;
    Ok(all)
}

impl By {
    /// The table of its values, when they are not of the run itself.
    pub(super) fn table(&self) -> Option<&'static str> {
        match self.field.kind {
            Kind::Metric => Some("latest_metrics"),
            Kind::Param => Some("params"),
            Kind::Tag => Some("tags"),
            _ => None,
        }
    }

    /// Its columns, where row `alias` of its table belongs to run `r` or is missing. A metric that
    /// is no number comes before those that are missing; of a text, what its index holds comes first.
    pub(super) fn columns(&self, alias: &str) -> Vec<Column> {
        let name = &self.field.key;
        if self.table().is_none() {
            let name = match &**name {
                "run_id" => return vec![Column::full("r.run_uuid", self.ascending)],
                "run_name" => "name",
                other => other,
            };
            return vec![Column::nullable(format!("r.{name}"), self.ascending)];
        }
        let first = if self.field.kind == Kind::Metric {
            let rank = format!(
                "CASE WHEN {alias}.is_nan THEN 1 WHEN {alias}.value IS NULL THEN 2 ELSE 0 END"
            );
            Column::full(rank, true)
        } else {
            Column::nullable(format!("substr({alias}.value, 1, {INDEXED})"), self.ascending)
        };
        vec![first, Column::nullable(format!("{alias}.value"), self.ascending)]
    }

    /// The join that gives its row as `alias`, when it has a table.
    pub(super) fn join(&self, alias: &str) -> Option<Sql> {
        let table = self.table()?;
        let text = format!(
            " LEFT JOIN {table} {alias} ON {alias}.run_uuid = r.run_uuid AND {alias}.key = ?"
        );
        Some(Sql::of(text, vec![(&self.field.key).into()]))
    }
}
