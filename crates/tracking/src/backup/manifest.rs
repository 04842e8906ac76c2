use std::{fs, io::Write, ops::RangeInclusive, path::Path};

use serde_json::{Value as Json, json};

use super::{MANIFEST, Summary, failed, unusable};
use crate::{Error, store::REVISION, users::schema};

/// The forms of backups that this version reads; it writes the last. The first had no users.
const FORMATS: RangeInclusive<u64> = 1..=2;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Its tables, in the order in which they can be written.
    pub(super) tables: Vec<Part>,
    /// The tables of users; `None` when they were left out.
    pub(super) users: Option<Vec<Part>>,
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
        let users = self.users.as_deref().unwrap_or_default();
        Summary {
            rows: self.tables.iter().chain(users).map(|table| table.rows).sum(),
            users: users.iter().find(|table| table.name == "users").map_or(0, |table| table.rows),
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
        let parts = |all: &[Part]| all.iter().map(part).collect::<Vec<_>>();
        let text = json!({
            "format": FORMATS.end(), "revision": REVISION, "made_at": now, "made_by": env!("CARGO_PKG_VERSION"),
            "tables": parts(&self.tables), "users": self.users.as_deref().map(parts),
            "users_revision": schema::REVISION, "artifacts": self.artifacts.as_ref().map(part), "bytes": self.bytes,
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
        if !FORMATS.contains(&format) {
            let last = FORMATS.end();
            return Err(unusable(
                &place,
                format!(
                    "it has the form {format} and this version reads up to {last}; use the Longshore that made it"
                ),
            ));
        }
        let parts = |name: &str| {
            let all = json.get(name).and_then(Json::as_array)?;
            all.iter().map(part).collect::<Option<Vec<_>>>()
        };
        let tables = parts("tables");
        let users = match json.get("users").filter(|it| !it.is_null()) {
            Some(_) => Some(parts("users").ok_or_else(wrong)?),
            None => None,
        };
        let revisions = [("revision", REVISION), ("users_revision", schema::REVISION)];
        for (name, written) in revisions.into_iter().take(1 + usize::from(users.is_some())) {
            let revision = json.get(name).and_then(Json::as_str).ok_or_else(wrong)?;
            if revision != written {
                return Err(unusable(
                    &place,
                    format!(
                        "its schema is `{revision}` and this version writes `{written}`; restore it with the Longshore that made it, then bring the database forward"
                    ),
                ));
            }
        }
        let artifacts = match json.get("artifacts").filter(|it| !it.is_null()) {
            Some(json) => Some(part(json).ok_or_else(wrong)?),
            None => None,
        };
        let bytes = json.get("bytes").and_then(Json::as_u64).ok_or_else(wrong)?;
        Ok(Self { tables: tables.ok_or_else(wrong)?, users, artifacts, bytes })
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
