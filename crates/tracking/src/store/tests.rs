#[path = "../../tests/shared/database.rs"]
pub(crate) mod database;

use std::thread;

use longshore_mlflow::rest::ErrorCode;

use super::{Connection, Store};
use crate::Error;

#[tokio::test]
async fn an_empty_database_gets_the_schema_and_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let uri = database::new(folder.path());
    for _ in 0..2 {
        let store = Store::open(&uri).unwrap();
        store.seed("mlflow-artifacts:/0").unwrap();
        let found = store.read(|on| {
            let sql = "SELECT experiment_id, name, artifact_location, lifecycle_stage, workspace, version_num FROM experiments, alembic_version";
            let mut rows = on.query(sql, &[])?;
            let count = rows.len();
            let row = &mut rows[0];
            Ok((count, row.take::<i64>(0)?, [1, 2, 3, 4, 5].map(|it| row.take::<String>(it).unwrap())))
        });
        let (rows, id, texts) = found.await.unwrap();
        assert_eq!((rows, id), (1, 0));
        let wanted = ["Default", "mlflow-artifacts:/0", "active", "default", "dc11669786a5"];
        assert_eq!(texts, wanted);
    }
}

#[test]
fn servers_that_begin_together_make_one_schema() {
    let folder = tempfile::tempdir().unwrap();
    let uri = database::new(folder.path());
    thread::scope(|scope| {
        let open = || {
            let store = Store::open(&uri).unwrap();
            store.seed("mlflow-artifacts:/0").unwrap();
        };
        let opened = [(); 3].map(|()| scope.spawn(open));
        for it in opened {
            it.join().unwrap();
        }
    });
    assert_eq!(database::run(&uri, "SELECT name FROM experiments"), ["Default"]);
}

#[test]
fn a_database_of_another_revision_is_named_and_left_alone() {
    for (revision, words) in
        [("75868b020152", "1 before `dc11669786a5`"), ("ffffffffffff", "a later MLflow made it")]
    {
        let folder = tempfile::tempdir().unwrap();
        let uri = database::new(folder.path());
        drop(Store::open(&uri).unwrap());
        let change = format!(
            "DROP INDEX longshore_runs_recent; UPDATE alembic_version SET version_num = '{revision}'"
        );
        database::run(&uri, &change);
        let error = Store::open(&uri).unwrap_err().to_string();
        assert!(error.contains(revision) && error.contains(words), "{error}");
        let sql = if uri.starts_with("sqlite") {
            "SELECT name FROM sqlite_master WHERE name = 'longshore_runs_recent'"
        } else {
            "SELECT indexname FROM pg_indexes WHERE indexname = 'longshore_runs_recent'"
        };
        assert_eq!(database::run(&uri, sql), [""; 0]);
    }
}

#[test]
fn a_database_older_than_revisions_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let uri = database::new(folder.path());
    database::run(&uri, "CREATE TABLE experiments (experiment_id INTEGER)");
    let error = Store::open(&uri).unwrap_err().to_string();
    assert!(error.contains("no revision"), "{error}");
}

#[tokio::test]
async fn a_text_that_the_database_cannot_keep_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let uri = database::new(folder.path());
    let store = Store::open(&uri).unwrap();
    for (name, reason) in [("a\0b".to_owned(), "NUL"), ("n".repeat(251), "varying(256)")] {
        let kept = name.clone();
        let written = store.write(move |on| {
            let sql = "INSERT INTO registered_models (workspace, name) VALUES ('default', ?)";
            on.execute(sql, &[(&kept.repeat(2)).into()])
        });
        let written = written.await;
        let found = store.read(move |on| {
            on.first("SELECT 1 FROM registered_models WHERE name = ?", &[name.repeat(2).into()])
        });
        let found = found.await;
        if uri.starts_with("sqlite") {
            assert!(written.is_ok() && found.unwrap().is_some());
            continue;
        }
        let (code, words) = written.unwrap_err().told();
        assert_eq!(code, ErrorCode::InvalidParameterValue);
        assert!(words.contains(reason), "{words}");
    }
}

/// Counts in a column one up: reads, then writes.
fn count(on: &mut dyn Connection) -> Result<u64, Error> {
    let row = on.first("SELECT creation_time FROM experiments", &[])?;
    let count: i64 = row.map(|mut row| row.take(0)).transpose()?.unwrap_or_default();
    let sql = "UPDATE experiments SET creation_time = ? WHERE experiment_id = 0";
    on.execute(sql, &[(count + 1).into()])
}

#[tokio::test]
async fn writes_of_the_same_row_at_one_time_all_count() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&database::new(folder.path())).unwrap();
    store.seed("").unwrap();
    let writes = (0..100).map(|_| {
        let store = store.clone();
        async move { store.write(count).await }
    });
    let before = store.read(|on| on.first("SELECT creation_time FROM experiments", &[])).await;
    let before: i64 = before.unwrap().unwrap().take(0).unwrap();
    for done in writes.map(tokio::spawn).collect::<Vec<_>>() {
        assert_eq!(done.await.unwrap().unwrap(), 1);
    }
    let after = store.read(|on| on.first("SELECT creation_time FROM experiments", &[])).await;
    assert_eq!(after.unwrap().unwrap().take::<i64>(0).unwrap(), before + 100);
}

#[tokio::test]
async fn a_write_that_fails_is_undone_without_those_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&database::new(folder.path())).unwrap();
    store.seed("").unwrap();
    let before = store.read(|on| on.first("SELECT creation_time FROM experiments", &[])).await;
    let before: i64 = before.unwrap().unwrap().take(0).unwrap();
    let writes = (0..90).map(|index| {
        let store = store.clone();
        async move {
            let write = move |on: &mut dyn Connection| {
                count(on)?;
                match index % 3 {
                    0 => Ok(()),
                    1 => Err(Error::missing("nothing")),
                    _ => panic!("on purpose"),
                }
            };
            assert_eq!(store.write(write).await.is_ok(), index % 3 == 0);
        }
    });
    for done in writes.map(tokio::spawn).collect::<Vec<_>>() {
        done.await.unwrap();
    }
    let after = store.read(|on| on.first("SELECT creation_time FROM experiments", &[])).await;
    assert_eq!(after.unwrap().unwrap().take::<i64>(0).unwrap(), before + 30);
}

#[test]
fn a_location_that_is_none_is_refused() {
    for (uri, words) in [
        ("", "is no location of a database"),
        ("/tmp/mlflow.db", "is no location of a database"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:runs?mode=memory&cache=shared", "names no file"),
        ("mysql+pymysql://root@localhost/mlflow", "use SQLite or Postgres"),
        ("postgresql:user@localhost/x", "it has no `://`"),
        ("postgresql://user:secret@localhost/x?sslmode=on", "`on` is no `sslmode`"),
        ("postgresql://user:secret@localhost:port/x", "port"),
    ] {
        let error = Store::open(uri).unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains("secret"), "{uri}: {error}");
    }
}
