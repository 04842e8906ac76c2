//! A comparison whose field is known, and the SQL that it becomes.

use super::{field::Field, operand::Operand, operator::Operator, select::Sql};
use crate::store::Dialect;

/// A comparison whose field is known and whose operator and operand suit it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) field: Field,
    pub(super) operator: Operator,
    pub(super) operand: Operand,
}

/// A table of keys and values that belong to something.
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// The column of keys.
    pub(super) key: &'static str,
    /// The column of values.
    pub(super) value: &'static str,
    /// How a row `x` of it is found to belong to what is searched.
    pub(super) owner: &'static str,
}

impl Condition {
    /// The condition that a column of what is searched fulfils.
    pub(super) fn on(&self, column: &str, dialect: Dialect) -> Sql {
        let (text, values) = self.operator.sql(column, &self.operand, dialect);
        Sql::of(text, values)
    }

    /// The condition that there is a row of a table that fulfils it; for `IS NULL`, that there is none.
    pub(super) fn among(&self, table: &Table, dialect: Dialect) -> Sql {
        let not = if self.operator == Operator::IsNull { "NOT " } else { "" };
        let Table { name, key, owner, .. } = table;
        let mut sql = Sql::of(
            format!("{not}EXISTS (SELECT 1 FROM {name} x WHERE {owner} AND x.{key} = ?"),
            vec![(&self.field.key).into()],
        );
        if !matches!(self.operator, Operator::IsNull | Operator::IsNotNull) {
            let value = self.on(&format!("x.{}", table.value), dialect);
            sql.push(&format!(" AND {}", value.text), value.values);
        }
        sql.push(")", []);
        sql
    }
}
