//! A query that gives one page of results: what it sorts by, and what is behind a row.

use crate::{
    Error,
    store::{self, Connection, Value},
};

/// A piece of SQL with the values of its marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Sql {
    /// A piece.
    pub(super) fn of(text: impl Into<String>, values: Vec<Value>) -> Self {
        Self { text: text.into(), values }
    }

    /// Appends a piece.
    pub(super) fn push(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(text);
        self.values.extend(values);
    }
}

/// What results are sorted by. A value that is missing is last in either direction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) sql: String,
    pub(super) ascending: bool,
    pub(super) nullable: bool,
}

impl Column {
    /// A column that always has a value.
    pub(super) fn full(sql: impl Into<String>, ascending: bool) -> Self {
        Self { sql: sql.into(), ascending, nullable: false }
    }

    /// A column that may have none.
    pub(super) fn nullable(sql: impl Into<String>, ascending: bool) -> Self {
        Self { sql: sql.into(), ascending, nullable: true }
    }

    fn order(&self, name: &str) -> String {
        let direction = if self.ascending { "ASC" } else { "DESC" };
        let nulls = if self.nullable { " NULLS LAST" } else { "" };
        format!("{name} {direction}{nulls}")
    }
}

/// One query for rows in an order.
#[derive(Clone, Debug)]
pub(super) struct Select<'a> {
    /// The columns of the result.
    pub(super) list: &'a [String],
    /// Tables and joins.
    pub(super) from: &'a Sql,
    /// What must hold. The conditions of different parts of the same table are told apart here:
    /// each of these gives an ordered list of its own, of which the first rows are taken.
    pub(super) parts: &'a [Sql],
    /// What must hold in every part.
    pub(super) conditions: &'a [Sql],
    /// What is sorted by: those of `list` with the numbers beside them, counted from 0.
    pub(super) columns: &'a [(usize, Column)],
    /// The values of `columns` in the row that the result begins behind.
    pub(super) after: Option<&'a [Value]>,
    /// Most rows.
    pub(super) limit: usize,
}

impl Select<'_> {
    /// The statement.
    pub(super) fn sql(&self) -> Sql {
        let parts: Vec<_> = self.parts.iter().map(|part| self.part(part)).collect();
        if let [one] = &parts[..] {
            return one.clone();
        }
        let mut sql = Sql::of("SELECT * FROM (", Vec::new());
        for (index, part) in parts.into_iter().enumerate() {
            let begin = if index == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" };
            sql.push(begin, []);
            sql.push(&part.text, part.values);
            sql.push(&format!(") p{index}"), []);
        }
        let order = self.columns.iter().map(|(index, it)| it.order(&format!("c{index}")));
        let order = order.collect::<Vec<_>>().join(", ");
        sql.push(&format!(") everything ORDER BY {order} LIMIT ?"), [limit(self.limit)]);
        sql
    }

    fn part(&self, part: &Sql) -> Sql {
        let list = self.list.iter().enumerate().map(|(index, it)| format!("{it} AS c{index}"));
        let list = list.collect::<Vec<_>>().join(", ");
        let mut sql = Sql::of(format!("SELECT {list} FROM "), Vec::new());
        sql.push(&self.from.text, self.from.values.iter().cloned());
        sql.push(" WHERE ", []);
        sql.push(&part.text, part.values.iter().cloned());
        for condition in self.conditions {
            sql.push(" AND ", []);
            sql.push(&condition.text, condition.values.iter().cloned());
        }
        if let Some(last) = self.after {
            let after = behind(self.columns.iter().map(|(_, it)| it).zip(last));
            sql.push(&format!(" AND {}", after.text), after.values);
        }
        let order = self.columns.iter().map(|(_, it)| it.order(&it.sql));
        let order = order.collect::<Vec<_>>().join(", ");
        sql.push(&format!(" ORDER BY {order} LIMIT ?"), [limit(self.limit)]);
        sql
    }

    /// The rows.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn rows(&self, on: &mut dyn Connection) -> Result<Vec<Vec<Value>>, Error> {
        let sql = self.sql();
        let rows = on.query(&sql.text, &sql.values)?;
        let rows = rows.into_iter().map(|mut row| {
            (0..self.list.len()).map(|index| row.take(index)).collect::<Result<_, _>>()
        });
        rows.collect()
    }
}

fn limit(count: usize) -> Value {
    Value::Int(count.try_into().unwrap_or(i64::MAX))
}

/// The condition that a row is behind another one.
fn behind<'a>(columns: impl Iterator<Item = (&'a Column, &'a Value)>) -> Sql {
    let mut ways = Vec::new();
    let mut bound = None;
    let mut same = Sql::default();
    for (index, (column, last)) in columns.enumerate() {
        let name = &column.sql;
        if *last == Value::Null {
            same.push(&format!("{name} IS NULL AND "), []);
        } else {
            let sign = if column.ascending { ">" } else { "<" };
            let or = if column.nullable { format!(" OR {name} IS NULL") } else { String::new() };
            let mut way = same.clone();
            way.push(&format!("({name} {sign} ?{or})"), [last.clone()]);
            ways.push(way);
            // says the same as the whole, in a form that an index can begin at
            if index == 0 && !column.nullable {
                bound = Some(Sql::of(format!("{name} {sign}= ? AND "), vec![last.clone()]));
            }
            same.push(&format!("{name} = ? AND "), [last.clone()]);
        }
    }
    if ways.is_empty() {
        return Sql::of("FALSE", Vec::new());
    }
    let mut sql = bound.unwrap_or_default();
    sql.push("(", []);
    for (index, way) in ways.into_iter().enumerate() {
        sql.push(if index == 0 { "" } else { " OR " }, []);
        sql.push(&way.text, way.values);
    }
    sql.push(")", []);
    sql
}

impl store::Column for Value {
    const WANTED: &'static str = "a value";

    fn of(value: Value) -> Result<Self, Value> {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, behind};
    use crate::store::Value;

    #[test]
    fn a_row_is_behind_another_in_each_column_in_turn() {
        let columns = [Column::nullable("a", false), Column::full("b", true)];
        let last = [Value::Int(3), Value::Int(4)];
        let sql = behind(columns.iter().zip(&last));
        assert_eq!(sql.text, "((a < ? OR a IS NULL) OR a = ? AND (b > ?))");
        assert_eq!(sql.values, [3, 3, 4].map(Value::Int));
        let last = [Value::Null, Value::Int(4)];
        assert_eq!(behind(columns.iter().zip(&last)).text, "(a IS NULL AND (b > ?))");
        let sql = behind(columns.iter().skip(1).zip(&last[1..]));
        assert_eq!(sql.text, "b >= ? AND ((b > ?))");
    }
}
