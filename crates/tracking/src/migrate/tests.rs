use std::path::Path;

use super::{Database, Schema, TRACKING, USERS, rebuild, schema::ROWS};
use crate::{
    Error, Store,
    store::{Dialect, Location, Sole, tests::database},
    users,
};

/// A database with the tables of MLflow before revisions.
fn old(folder: &Path) -> String {
    let uri = database::new(folder);
    if uri.starts_with("sqlite") {
        database::run(&uri, "CREATE TABLE made_by_hand (id INTEGER)");
    }
    let mut sole = Sole::open(&Location::from(&uri)).unwrap();
    let made = sole.change(|on| {
        for sql in TRACKING.statements(on.dialect(), "none") {
            on.script(sql)?;
        }
        Ok(())
    });
    made.unwrap();
    uri
}

/// Brings a database to a revision.
fn bring(database: &mut Database, to: &str) {
    while let Some(step) = database.step().unwrap() {
        if step.id == to {
            return;
        }
    }
    panic!("no revision `{to}`");
}

fn open(uri: &str, schema: &'static Schema) -> Database {
    Database::open(&Location::from(uri), schema).unwrap()
}

#[test]
fn the_statements_are_of_all_revisions() {
    for (schema, last) in [(&TRACKING, crate::store::REVISION), (&USERS, "f1a2b3c4d5e6")] {
        assert_eq!(schema.chain.last().unwrap().id, last);
        for text in [schema.sqlite, schema.postgres] {
            let found = text.lines().filter_map(|it| it.strip_prefix("-- revision "));
            let found: Vec<_> = found.filter(|it| *it != "none").collect();
            assert_eq!(found, schema.chain.iter().map(|it| it.id).collect::<Vec<_>>());
        }
    }
    let mut all = TRACKING.statements(Dialect::Sqlite, "90e64c465722");
    assert_eq!((all.next(), all.next()), (Some(ROWS), None));
}

#[test]
fn a_database_comes_forward_from_before_revisions() {
    let folder = tempfile::tempdir().unwrap();
    let uri = old(folder.path());
    let fill = "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'a', 'active');
        INSERT INTO runs (run_uuid, name, user_id, status, lifecycle_stage, source_type, experiment_id) VALUES ('r', 'x', 'u', 'FINISHED', 'active', 'LOCAL', 1), ('s', 'y', '', 'FAILED', 'deleted', 'JOB', 1);
        INSERT INTO metrics (key, value, timestamp, run_uuid) VALUES ('m', 1.5, 1, 'r'), ('m', 0.5, 2, 'r'), ('n', 7, 1, 'r');
        INSERT INTO params (key, value, run_uuid) VALUES ('p', 'v', 'r');
        INSERT INTO tags (key, value, run_uuid) VALUES ('t', 'ü', 'r');";
    database::run(&uri, fill);
    database::run(&uri, "CREATE INDEX of_a_user ON metrics (value)");
    if !uri.starts_with("sqlite") {
        // in the words of MLflow, of which the catalogue makes others than of our statements
        database::run(
            &uri,
            "ALTER TABLE experiments DROP CONSTRAINT experiments_lifecycle_stage;
            ALTER TABLE experiments ADD CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted'))",
        );
    }
    let mut database = open(&uri, &TRACKING);
    let plan = database.plan().unwrap();
    assert_eq!((plan.revision, plan.steps.len()), (None, TRACKING.chain.len()));
    bring(&mut database, "a1b2c3d4e5f6");
    // what begins again goes on
    drop(database);
    let mut database = open(&uri, &TRACKING);
    let halfway = database.plan().unwrap();
    assert_eq!(halfway.revision, Some("a1b2c3d4e5f6"));
    bring(&mut database, "dc11669786a5");
    let verdict = database.verify(&halfway).unwrap();
    assert_eq!((verdict.lost, verdict.missing, verdict.other), (vec![], vec![], vec![]));
    assert_eq!(database.step().unwrap(), None);
    drop(database);
    let rows = |sql: &str| database::run(&uri, sql);
    assert_eq!(
        rows("SELECT key || value FROM tags WHERE run_uuid = 'r' ORDER BY key"),
        ["mlflow.useru", "tü"]
    );
    assert_eq!(
        rows("SELECT key || value FROM latest_metrics ORDER BY key"),
        rows(
            "SELECT 'm' || value FROM metrics WHERE timestamp = 2 UNION ALL SELECT 'n' || value FROM metrics WHERE key = 'n'"
        )
    );
    assert_eq!(rows("SELECT name FROM workspaces"), ["default"]);
    assert_eq!(rows("SELECT name || workspace FROM experiments"), ["adefault"]);
    database::run(&uri, "DROP INDEX of_a_user");
    drop(Store::open(&uri).unwrap());
}

#[test]
fn what_would_be_lost_stops_a_step_which_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let uri = old(folder.path());
    let mut database = open(&uri, &TRACKING);
    bring(&mut database, "b7e2c1a4d9f3");
    let fill = "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'a', 'active');
        INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('t', 1, 5, 'OK'), ('g', 1, 5, 'OK');
        INSERT INTO trace_tags (request_id, key, value) VALUES ('t', 'mlflow.traceName', 'name'), ('t', 'other', 'x');
        INSERT INTO trace_request_metadata (request_id, key, value) VALUES ('t', 'mlflow.trace.session', 's'), ('t', 'mlflow.trace.tokenUsage', '{\"input_tokens\": 3, \"total_tokens\": 5}'), ('t', 'mlflow.trace.cost', '{\"total_cost\": 0.5, \"input_cost\": NaN}'), ('g', 'mlflow.gateway.endpointId', 'e');
        INSERT INTO trace_metrics (request_id, key, value) VALUES ('t', 'input_tokens', 4), ('t', 'mine', 1);
        INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, end_time_unix_nano, content, dimension_attributes) VALUES ('t', 1, 'a', 'OK', 1, 3, '{}', '{\"mlflow.llm.model\": \"m\", \"mine\": \"x\"}'), ('g', 1, 'b', 'OK', 1, 3, '{}', NULL);
        INSERT INTO span_metrics (trace_id, span_id, key, value) VALUES ('g', 'b', 'total_cost', 0.25), ('g', 'b', 'mine', 1);
        INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, source_type, created_timestamp, last_updated_timestamp, valid) VALUES ('q', 't', 'n', 'feedback', '\"yes\"', 'HUMAN', 1, 1, true);
        INSERT INTO jobs (id, creation_time, job_name, params, status, retry_count, last_update_time) VALUES ('j', 1, 'x', '{}', 1, 0, 1), ('k', 1, 'x', '{}', 2, 0, 1);";
    database::run(&uri, fill);
    let error = database.step().unwrap_err();
    assert!(matches!(error, Error::Migration { revision: "75868b020152", .. }), "{error}");
    let words = error.to_string();
    assert!(words.contains("`a`") && words.contains("mine"), "{words}");
    let plan = database.plan().unwrap();
    assert_eq!(plan.revision, Some("b7e2c1a4d9f3"));
    database::run(
        &uri,
        "UPDATE spans SET dimension_attributes = '{\"mlflow.llm.model\": \"m\"}' WHERE span_id = 'a'",
    );
    bring(&mut database, "dc11669786a5");
    let verdict = database.verify(&plan).unwrap();
    assert_eq!((verdict.lost, verdict.missing), (vec![], vec![]));
    drop(database);
    let rows = |sql: &str| database::run(&uri, sql);
    assert_eq!(
        rows(
            "SELECT trace_name || session_id || input_tokens || total_tokens || total_cost FROM trace_info WHERE request_id = 't'"
        ),
        ["names450.5"]
    );
    assert_eq!(rows("SELECT request_id FROM trace_info WHERE input_cost IS NOT NULL"), [""; 0]);
    assert_eq!(rows("SELECT total_cost || '' FROM trace_info WHERE request_id = 'g'"), ["0.25"]);
    assert_eq!(rows("SELECT model_name || duration_ns FROM spans WHERE span_id = 'a'"), ["m2"]);
    assert_eq!(
        rows(
            "SELECT key FROM trace_tags UNION SELECT key FROM trace_metrics UNION SELECT key FROM span_metrics ORDER BY 1"
        ),
        ["mine", "other"]
    );
    assert_eq!(
        rows(
            "SELECT experiment_id || '-' || trace_timestamp_ms FROM assessments WHERE aggregate_value = 1"
        ),
        ["1-5"]
    );
    assert_eq!(rows("SELECT status || '' FROM jobs ORDER BY id"), ["5", "2"]);
}

#[test]
fn permissions_of_users_become_grants() {
    let folder = tempfile::tempdir().unwrap();
    let uri = database::new(folder.path());
    if uri.starts_with("sqlite") {
        database::run(&uri, "CREATE TABLE made_by_hand (id INTEGER)");
    }
    let mut sole = Sole::open(&Location::from(&uri)).unwrap();
    let made = sole.change(|on| {
        for sql in USERS.statements(on.dialect(), "8606fa83a998") {
            on.script(sql)?;
        }
        Ok(())
    });
    made.unwrap();
    drop(sole);
    database::run(&uri, "INSERT INTO users (id, username, password_hash, is_admin) VALUES (7, 'u', 'h', false);
        INSERT INTO experiment_permissions (experiment_id, user_id, permission) VALUES ('1', 7, 'EDIT'), ('2', 7, 'NO_PERMISSIONS');
        INSERT INTO registered_model_permissions (name, user_id, permission) VALUES ('m', 7, 'READ');");
    let mut database = open(&uri, &USERS);
    let plan = database.plan().unwrap();
    // MLflow before 3.6 wrote no revision
    assert_eq!((plan.revision, plan.steps.len()), (Some("8606fa83a998"), 6));
    bring(&mut database, "2ed73881770d");
    database::run(&uri, "INSERT INTO workspace_permissions (workspace, user_id, permission) VALUES ('w', 7, 'EDIT'), ('v', 7, 'READ');
        INSERT INTO scorer_permissions (experiment_id, scorer_name, user_id, permission) VALUES ('1', 'a/b', 7, 'MANAGE')");
    bring(&mut database, "f1a2b3c4d5e6");
    let verdict = database.verify(&plan).unwrap();
    assert_eq!((verdict.missing, verdict.other), (vec![], vec![]));
    drop(database);
    let sql = "SELECT r.workspace || ' ' || r.name || ' ' || p.resource_type || ' ' || p.resource_pattern || ' ' || p.permission FROM role_permissions p JOIN roles r ON r.id = p.role_id WHERE r.workspace <> 'w' ORDER BY 1";
    assert_eq!(
        database::run(&uri, sql),
        [
            "default __user_7__ experiment 1 EDIT",
            "default __user_7__ registered_model m READ",
            "default __user_7__ scorer 1/a%2Fb MANAGE",
            "v __user_7__ workspace * USE",
        ]
    );
    let sql = "SELECT count(*) || '' FROM role_permissions p JOIN roles r ON r.id = p.role_id WHERE r.workspace = 'w'";
    assert_eq!(database::run(&uri, sql), ["7"]);
    let file = folder.path().join("auth.ini");
    std::fs::write(
        &file,
        format!(
            "[mlflow]\ndatabase_uri = {uri}\nadmin_username = a\nadmin_password = 0123456789abc\n"
        ),
    )
    .unwrap();
    users::Users::open(&users::Config::read(Some(&file), |_| None).unwrap()).unwrap();
}

#[test]
fn what_is_no_database_of_mlflow_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let uri = old(folder.path());
    let words = |schema| open(&uri, schema).plan().unwrap_err().to_string();
    assert!(words(&USERS).contains("no table `users`"));
    database::run(
        &uri,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL); INSERT INTO alembic_version VALUES ('ffffffffffff')",
    );
    assert!(words(&TRACKING).contains("`ffffffffffff`, which MLflow 3.17 does not know"));
    let file = folder.path().join("none.db");
    let none = Database::open(&Location::from(&format!("sqlite:///{}", file.display())), &TRACKING);
    assert!(none.is_err_and(|it| it.to_string().contains("there is no database")));
    assert!(matches!(file.try_exists(), Ok(false)));
}

#[test]
fn a_file_in_use_is_noticed_and_a_copy_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let uri = format!("sqlite:///{}", file.display());
    let store = Store::open(&uri).unwrap();
    let mut database = open(&uri, &TRACKING);
    assert!(database.lock().unwrap_err().to_string().contains("in use"));
    drop((store, database));
    std::thread::sleep(std::time::Duration::from_millis(200));
    let mut database = open(&uri, &TRACKING);
    database.lock().unwrap();
    let plan = database.plan().unwrap();
    let copies = [(); 2].map(|()| database.copy(&plan).unwrap().unwrap());
    let names = copies.map(|it| it.file_name().unwrap().to_str().unwrap().to_owned());
    assert_eq!(names, ["a.db.at-dc11669786a5", "a.db.at-dc11669786a5.2"]);
    let copy = format!("{uri}.at-dc11669786a5");
    assert_eq!(database::run(&copy, "SELECT version_num FROM alembic_version"), ["dc11669786a5"]);
}

#[test]
fn a_table_is_made_anew_with_its_rows_and_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("sqlite:///{}", folder.path().join("a.db").display());
    database::run(
        &uri,
        "CREATE TABLE t (a INTEGER, b TEXT, gone TEXT); CREATE INDEX mine ON t (b); INSERT INTO t VALUES (1, 'x', 'y'), (2, NULL, NULL)",
    );
    let mut sole = Sole::open(&Location::from(&uri)).unwrap();
    let make = "CREATE TABLE t (\n    a INTEGER NOT NULL,\n    b TEXT,\n    c TEXT DEFAULT 'd' NOT NULL,\n    PRIMARY KEY (a)\n);";
    sole.change(|on| {
        rebuild::run(on, make)?;
        rebuild::run(on, "ALTER TABLE t ADD COLUMN c TEXT;")
    })
    .unwrap();
    drop(sole);
    assert_eq!(database::run(&uri, "SELECT a || coalesce(b, '-') || c FROM t"), ["1xd", "2-d"]);
    let sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    assert_eq!(database::run(&uri, sql), ["mine"]);
}
