use rusqlite::Connection as Handle;

use super::Facts;
use crate::{
    Error,
    store::{Connection, Row},
};

/// The facts of a new database with a schema.
pub(super) fn of(schema: &str) -> Result<Facts, Error> {
    let handle = Handle::open_in_memory()?;
    handle.execute_batch(schema)?;
    let mut on = Memory(handle);
    facts(&mut on)
}

/// The facts of a database.
pub(super) fn facts(on: &mut dyn Connection) -> Result<Facts, Error> {
    let mut found = Facts::new();
    let sql =
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for mut row in on.query(sql, &[])? {
        let (table, text): (String, String) = (row.take(0)?, row.take(1)?);
        let mut add = |fact: String| found.insert(format!("{table}: {fact}"));
        let sql = "SELECT name || ' ' || upper(type) || iif(\"notnull\", ' NOT NULL', '') || iif(hidden > 1, ' GENERATED', '') || coalesce(' DEFAULT ' || trim(dflt_value, '()'''), '') || iif(pk, ' KEY ' || pk, '') FROM pragma_table_xinfo(?)";
        for mut row in on.query(sql, &[(&table).into()])? {
            add(format!("column {}", row.take::<String>(0)?));
        }
        let sql = "SELECT group_concat(\"from\", ', ') || ' to ' || \"table\" || ' (' || coalesce(group_concat(\"to\", ', '), '') || ') on delete ' || on_delete || ' on update ' || on_update FROM (SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq) GROUP BY id";
        for mut row in on.query(sql, &[(&table).into()])? {
            add(format!("foreign key {}", row.take::<String>(0)?));
        }
        let sql = "SELECT l.origin, l.name, iif(l.\"unique\", ' unique', ''), (SELECT group_concat(coalesce(name, '?') || iif(\"desc\", ' desc', ''), ', ') FROM (SELECT * FROM pragma_index_xinfo(l.name) WHERE key ORDER BY seqno)) FROM pragma_index_list(?) l";
        for mut row in on.query(sql, &[(&table).into()])? {
            let (origin, name, kind, columns): (String, String, String, String) =
                (row.take(0)?, row.take(1)?, row.take(2)?, row.take(3)?);
            match origin.as_str() {
                "c" => add(format!("index {name}{kind} ({columns})")),
                "u" => add(format!("unique ({columns})")),
                _ => false,
            };
        }
        for check in checks(&text) {
            add(format!("check {check}"));
        }
    }
    for mut row in on.query(
        "SELECT tbl_name || ': trigger ' || name FROM sqlite_master WHERE type = 'trigger'",
        &[],
    )? {
        found.insert(row.take(0)?);
    }
    Ok(found)
}

/// The conditions in the text of a table, whichever order their words are in.
fn checks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in text.match_indices("CHECK") {
        let Some(rest) = text.get(at + word.len()..) else { continue };
        let mut depth = 0_i32;
        let end = rest.char_indices().find(|(_, it)| {
            depth += i32::from(*it == '(') - i32::from(*it == ')');
            *it == ')' && depth == 0
        });
        let inner = end.and_then(|(end, _)| rest.get(..end)).unwrap_or_default();
        let words = inner.split(|it: char| !it.is_alphanumeric() && it != '_');
        let mut words: Vec<_> = words.filter(|it| !it.is_empty()).collect();
        words.sort_unstable();
        found.push(words.join(" "));
    }
    found
}

/// A database in memory, to read.
struct Memory(Handle);

impl Connection for Memory {
    fn dialect(&self) -> crate::store::Dialect {
        crate::store::Dialect::Sqlite
    }

    fn execute(&mut self, _: &str, _: &[crate::store::Value]) -> Result<u64, Error> {
        Err(Error::Unavailable)
    }

    fn script(&mut self, _: &str) -> Result<(), Error> {
        Err(Error::Unavailable)
    }

    fn query(&mut self, sql: &str, values: &[crate::store::Value]) -> Result<Vec<Row>, Error> {
        Ok(crate::store::query(&self.0, sql, values)?)
    }
}
