//! Folders of files that belong to nothing in the database, where a server puts those of runs, logged models and
//! traces.

use std::time::{Duration, SystemTime};

use super::{
    Kind,
    files::Cleared,
    sweep::{PAGE, Sweep, values},
};
use crate::{
    Error,
    artifacts::{ArtifactPath, Repository},
    sql::marks,
    store::Connection,
};

/// How old files are at least, when no age is said: what restores a backup writes them before the database.
const AGE: Duration = Duration::from_hours(24);

/// Collects orphans.
pub(super) fn collect(sweep: &mut Sweep<'_>) -> Result<(), Error> {
    let root = sweep.files.proxied()?;
    // versions may have come since the last page
    sweep.clear(&[])?;
    let top = ArtifactPath::default();
    let mut experiments = Vec::new();
    for folder in folders(sweep, &root, &top)? {
        if is_number(folder.name()) {
            experiments.push(folder);
        } else if folder.as_str() == "workspaces" {
            for workspace in folders(sweep, &root, &folder)? {
                let inside = folders(sweep, &root, &workspace)?;
                experiments.extend(inside.into_iter().filter(|it| is_number(it.name())));
            }
        }
    }
    for experiment in experiments {
        let inside = folders(sweep, &root, &experiment)?;
        let of_runs: Vec<_> = inside.iter().filter(|it| is_run(it.name())).cloned().collect();
        unowned(sweep, &root, &of_runs, "runs", "run_uuid")?;
        for (name, table, column) in
            [("models", "logged_models", "model_id"), ("traces", "trace_info", "request_id")]
        {
            if let Some(folder) = inside.iter().find(|it| it.name() == name) {
                let folders = folders(sweep, &root, folder)?;
                unowned(sweep, &root, &folders, table, column)?;
            }
        }
    }
    Ok(())
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Ids of runs are 32 hexadecimal digits.
fn is_run(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn folders(
    sweep: &Sweep<'_>,
    root: &Repository,
    at: &ArtifactPath,
) -> Result<Vec<ArtifactPath>, Error> {
    let entries = sweep.wait(root.list(at.clone()))?;
    let folders = entries.into_iter().filter(|entry| entry.size.is_none());
    Ok(folders
        .filter_map(|entry| ArtifactPath::parse(&entry.name).ok())
        .map(|it| at.join(&it))
        .collect())
}

/// Collects those of the folders whose names are in no row of a table. A row is there before the first file, so
/// that a look into the database after the one into the folder misses nothing that is new.
fn unowned(
    sweep: &mut Sweep<'_>,
    root: &Repository,
    folders: &[ArtifactPath],
    table: &'static str,
    column: &'static str,
) -> Result<(), Error> {
    for part in folders.chunks(PAGE) {
        let names: Vec<_> = part.iter().map(|it| it.name().to_owned()).collect();
        let found = sweep.store.read_now(move |on: &mut dyn Connection| {
            let sql =
                format!("SELECT {column} FROM {table} WHERE {column} IN ({})", marks(names.len()));
            let rows = on.query(&sql, &values(&names))?;
            rows.into_iter().map(|mut row| row.take(0)).collect::<Result<Vec<String>, Error>>()
        })?;
        for folder in part.iter().filter(|it| !found.iter().any(|name| name == it.name())) {
            one(sweep, root, folder)?;
        }
    }
    Ok(())
}

fn one(sweep: &mut Sweep<'_>, root: &Repository, folder: &ArtifactPath) -> Result<(), Error> {
    let age =
        sweep.wish.older_than.as_ref().map_or(AGE, |age| {
            Duration::from_millis(u64::try_from(age.millis()).unwrap_or_default())
        });
    let newest = sweep.wait(root.measure(folder.clone()))?.newest;
    let is_old =
        newest.is_none_or(|at| SystemTime::now().duration_since(at).is_ok_and(|it| it >= age));
    if !is_old {
        return Ok(());
    }
    let cleared = sweep.clear_folder(folder);
    match cleared {
        Ok(Cleared { size, stays }) if size.files == 0 && !stays.is_empty() => {}
        Ok(cleared) => sweep.gone(Kind::Orphan, folder.to_string(), cleared),
        Err(error) => sweep.left(Kind::Orphan, folder.to_string(), &error),
    }
    Ok(())
}
