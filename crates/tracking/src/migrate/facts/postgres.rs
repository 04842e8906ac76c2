use super::Facts;
use crate::{Error, store::Connection};

/// The facts of a database, and those of a new one, which is made of temporary tables.
pub(super) fn both(on: &mut dyn Connection, schema: &str) -> Result<(Facts, Facts), Error> {
    let found = facts(on, "current_schema()::regnamespace")?;
    // a function cannot be temporary
    let tables = schema.split("\nCREATE FUNCTION").next().unwrap_or_default();
    on.script("SET LOCAL search_path = pg_temp; SET LOCAL client_min_messages = warning")?;
    on.script(tables)?;
    let mut wanted = facts(on, "pg_my_temp_schema()")?;
    if schema.contains("CREATE TRIGGER prevent_secrets_aad_mutation") {
        wanted.insert("secrets: trigger prevent_secrets_aad_mutation".to_owned());
    }
    Ok((found, wanted))
}

fn facts(on: &mut dyn Connection, namespace: &str) -> Result<Facts, Error> {
    let queries = [
        "SELECT 'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END \
         || CASE WHEN a.attidentity <> '' THEN ' IDENTITY' ELSE '' END || CASE WHEN a.attgenerated <> '' THEN ' GENERATED' ELSE '' END \
         || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') AS fact, a.attrelid AS of FROM pg_attribute a \
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attnum > 0 AND NOT a.attisdropped",
        "SELECT CASE contype WHEN 'p' THEN 'primary key ' WHEN 'u' THEN 'unique ' ELSE 'foreign key ' END \
         || regexp_replace(pg_get_constraintdef(oid), 'pg_temp(_[0-9]+)?\\.', '', 'g') AS fact, conrelid AS of FROM pg_constraint WHERE contype IN ('p', 'u', 'f')",
        // a check keeps the casts and brackets that it was written with, of which a dump writes others
        "SELECT 'check ' || regexp_replace(pg_get_constraintdef(oid), '::(text|character varying)(\\[\\])?|[()]', '', 'g') AS fact, conrelid AS of \
         FROM pg_constraint WHERE contype = 'c'",
        "SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX ([^ ]+) ON [^(]* USING ', 'index \\2 \\1') AS fact, i.indrelid AS of FROM pg_index i \
         WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))",
        "SELECT 'trigger ' || tgname AS fact, tgrelid AS of FROM pg_trigger WHERE NOT tgisinternal",
    ];
    let mut found = Facts::new();
    for query in queries {
        let sql = format!(
            "SELECT c.relname || ': ' || f.fact FROM ({query}) f JOIN pg_class c ON c.oid = f.of WHERE c.relkind = 'r' AND c.relnamespace = {namespace}"
        );
        for mut row in on.query(&sql, &[])? {
            found.insert(row.take(0)?);
        }
    }
    Ok(found)
}
