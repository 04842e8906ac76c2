use std::{fs, io::Write, path::Path};

use serde_json::{Value as Json, json};

use super::{MANIFEST, Summary, failed, unusable};
use crate::{Error, store::REVISION};

/// The form of backups that this version writes and reads.
const FORMAT: u64 = 1;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Its tables, in the order in which they can be written.
    pub(super) tables: Vec<Part>,
    /// The list of its artifacts, `rows` being files; `None` when they were left out.
    pub(super) artifacts: Option<Part>,
    /// Bytes of all artifacts.
    pub(super) bytes: u64,
}

/// A file of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The table.
    pub(super) name: String,
    /// The columns that its rows have.
    pub(super) columns: Vec<String>,
    /// How many rows.
    pub(super) rows: u64,
    /// The SHA-256 of the file.
    pub(super) sha256: String,
}

impl Manifest {
    pub(super) fn summary(&self) -> Summary {
        Summary {
            rows: self.tables.iter().map(|table| table.rows).sum(),
            files: self.artifacts.as_ref().map_or(0, |list| list.rows),
            bytes: self.bytes,
        }
    }

    /// Writes it. The folder is a backup from then on.
    pub(super) fn write(&self, folder: &Path, now: i64) -> Result<(), Error> {
        let part = |part: &Part| {
            let Part { name, columns, rows, sha256 } = part;
            json!({ "name": name, "columns": columns, "rows": rows, "sha256": sha256 })
        };
        let tables: Vec<_> = self.tables.iter().map(part).collect();
        let text = json!({
            "format": FORMAT, "revision": REVISION, "made_at": now, "made_by": env!("CARGO_PKG_VERSION"),
            "tables": tables, "artifacts": self.artifacts.as_ref().map(part), "bytes": self.bytes,
        });
        let place = folder.join(MANIFEST);
        let write = || {
            let mut file = fs::File::create(&place)?;
            writeln!(file, "{text:#}")?;
            file.sync_all()
        };
        write().map_err(failed(&place))
    }

    /// Reads that of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let place = folder.join(MANIFEST);
        let text = fs::read_to_string(&place).map_err(|error| {
            unusable(folder, format!("it has no `{MANIFEST}` ({error}): it is no backup, or one that was not finished"))
        })?;
        let wrong = || unusable(&place, "it is damaged; take another backup");
        let json: Json = serde_json::from_str(&text).map_err(|_| wrong())?;
        let format = json.get("format").and_then(Json::as_u64).ok_or_else(wrong)?;
        if format != FORMAT {
            return Err(unusable(
                &place,
                format!(
                    "it has the form {format} and this version reads {FORMAT}; use the Longshore that made it"
                ),
            ));
        }
        let revision = json.get("revision").and_then(Json::as_str).ok_or_else(wrong)?;
        if revision != REVISION {
            return Err(unusable(
                &place,
                format!(
                    "its schema is `{revision}` and this version writes `{REVISION}`; restore it with the Longshore that made it, then bring the database forward"
                ),
            ));
        }
        let tables = json.get("tables").and_then(Json::as_array).ok_or_else(wrong)?;
        let tables: Option<Vec<_>> = tables.iter().map(part).collect();
        let artifacts = match json.get("artifacts").filter(|it| !it.is_null()) {
            Some(json) => Some(part(json).ok_or_else(wrong)?),
            None => None,
        };
        let bytes = json.get("bytes").and_then(Json::as_u64).ok_or_else(wrong)?;
        Ok(Self { tables: tables.ok_or_else(wrong)?, artifacts, bytes })
    }
}

fn part(json: &Json) -> Option<Part> {
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let columns: Option<_> = json.get("columns")?.as_array()?.iter().map(text).collect();
    Some(Part {
        name: text(json.get("name")?)?,
        columns: columns?,
        rows: json.get("rows")?.as_u64()?,
        sha256: text(json.get("sha256")?)?,
    })
}
