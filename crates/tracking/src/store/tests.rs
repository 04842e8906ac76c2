use super::{Store, Value};
use crate::Error;

fn open(folder: &tempfile::TempDir) -> Result<Store, Error> {
    Store::open(&format!("sqlite:///{}", folder.path().join("mlflow.db").display()))
}

#[tokio::test]
async fn an_empty_database_gets_the_schema_and_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let store = open(&folder).unwrap();
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

#[tokio::test]
async fn a_database_of_another_revision_is_named_and_left_alone() {
    for (revision, words) in
        [("75868b020152", "1 before `dc11669786a5`"), ("ffffffffffff", "a later MLflow made it")]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).unwrap();
        let change = store.write(move |on| {
            on.execute("DROP INDEX longshore_runs_recent", &[])?;
            on.execute("UPDATE alembic_version SET version_num = ?", &[Value::from(revision)])
        });
        change.await.unwrap();
        drop(store);
        let error = open(&folder).unwrap_err().to_string();
        assert!(error.contains(revision) && error.contains(words), "{error}");
        let file = rusqlite::Connection::open(folder.path().join("mlflow.db")).unwrap();
        let sql = "SELECT count(*) FROM sqlite_master WHERE name = 'longshore_runs_recent'";
        assert_eq!(file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }
}

#[test]
fn a_database_older_than_revisions_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = rusqlite::Connection::open(folder.path().join("mlflow.db")).unwrap();
    file.execute_batch("CREATE TABLE experiments (experiment_id INTEGER)").unwrap();
    let error = open(&folder).unwrap_err().to_string();
    assert!(error.contains("no revision"), "{error}");
}
