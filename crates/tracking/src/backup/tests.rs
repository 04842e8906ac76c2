use std::{fs, path::Path};

use super::{Place, Summary, backup, check, restore};
use crate::{
    Error,
    store::{Location, Store, tests::database},
};

/// A server's database with a row of each kind of value, and its artifacts.
fn filled(folder: &Path) -> Place {
    filled_at(folder, &database::new(folder))
}

fn filled_at(folder: &Path, store: &str) -> Place {
    let open = Store::open(store).unwrap();
    open.seed("mlflow-artifacts:/0").unwrap();
    let many = (0..1200).map(|step| format!("('loss', 0.{step}, {step}, 'r1', {step}, false)"));
    let many = many.collect::<Vec<_>>().join(", ");
    let fill = format!(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, workspace) VALUES (7, 'ü \"x\"', 'mlflow-artifacts:/7', 'active', 'default');
         INSERT INTO runs (run_uuid, name, experiment_id, lifecycle_stage, artifact_uri, status, start_time) VALUES ('r1', 'a', 7, 'active', 'mlflow-artifacts:/7/r1/artifacts', 'FINISHED', 1);
         INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES {many};
         INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('nan', 0, 0, 'r1', 0, true);
         INSERT INTO params (key, value, run_uuid) VALUES ('p', 'two\nlines', 'r1');
         INSERT INTO registered_models (name, creation_time, workspace) VALUES ('m', 5, 'default');"
    );
    database::run(store, &fill);
    let artifacts = folder.join("artifacts");
    fs::create_dir_all(artifacts.join("7/r1/artifacts/model")).unwrap();
    fs::write(artifacts.join("7/r1/artifacts/model/ü.bin"), vec![7; 100_000]).unwrap();
    fs::write(artifacts.join("7/r1/artifacts/.artifact.uploading.x"), "half").unwrap();
    Place { store: Location::from(store), users: None, artifacts: Some(artifacts) }
}

fn uri(place: &Place) -> String {
    place.store.read().unwrap()
}

fn rows(place: &Place) -> Vec<String> {
    let sql =
        "SELECT key || value || timestamp || run_uuid || step || is_nan FROM metrics ORDER BY 1";
    let names = "SELECT name FROM experiments ORDER BY experiment_id";
    [sql, names].iter().flat_map(|sql| database::run(&uri(place), sql)).collect()
}

#[test]
fn what_was_backed_up_is_what_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let place = filled(folder.path());
    let kept = folder.path().join("backup");
    let summary = backup(&place, &kept).unwrap();
    // two experiments, a run, 1201 metrics, a parameter, a model, a workspace
    assert_eq!(summary, Summary { rows: 1207, users: 0, files: 1, bytes: 100_000 });
    assert_eq!(check(&kept).unwrap(), summary);

    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let to = Place {
        store: Location::from(&database::new(&other)),
        users: None,
        artifacts: Some(other.join("artifacts")),
    };
    assert_eq!(restore(&to, &kept).unwrap(), summary);
    assert_eq!(rows(&to), rows(&place));
    let file = other.join("artifacts/7/r1/artifacts/model/ü.bin");
    assert_eq!(fs::read(file).unwrap(), vec![7; 100_000]);
    assert!(!other.join("artifacts/7/r1/artifacts/.artifact.uploading.x").is_file());
    // what comes next has a number of its own
    let next = "INSERT INTO experiments (name, artifact_location, lifecycle_stage, workspace) VALUES ('next', 'x', 'active', 'default')";
    database::run(&uri(&to), next);
    let found = database::run(&uri(&to), "SELECT name FROM experiments WHERE experiment_id = 8");
    assert_eq!(found, ["next"]);

    // neither place is empty any more
    assert!(
        restore(&to, &kept).unwrap_err().to_string().contains("its table `experiments` has rows")
    );
    assert!(matches!(backup(&place, &kept), Err(Error::Backup { .. })));
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = filled(folder.path());
    let files = [
        "database/metrics.jsonl",
        "artifacts.jsonl",
        "backup.json",
        "artifacts/7/r1/artifacts/model/ü.bin",
    ];
    for (index, file) in files.iter().enumerate() {
        let kept = folder.path().join(format!("backup{index}"));
        backup(&place, &kept).unwrap();
        let mut bytes = fs::read(kept.join(file)).unwrap();
        let middle = bytes.len() / 2;
        bytes.truncate(middle);
        fs::write(kept.join(file), bytes).unwrap();
        let other = folder.path().join(format!("other{index}"));
        fs::create_dir(&other).unwrap();
        let to = Place {
            store: Location::from(&database::new(&other)),
            users: None,
            artifacts: Some(other.join("artifacts")),
        };
        let error = restore(&to, &kept).unwrap_err();
        assert!(matches!(&error, Error::Backup { .. }), "{file}: {error}");
        assert!(!other.join("artifacts").is_dir());
        fs::remove_file(kept.join(file)).unwrap();
        assert!(restore(&to, &kept).is_err());
    }
}

#[test]
fn artifacts_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { artifacts: None, ..filled(folder.path()) };
    let kept = folder.path().join("backup");
    assert_eq!(backup(&place, &kept).unwrap().files, 0);
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let to = Place {
        store: Location::from(&database::new(&other)),
        users: None,
        artifacts: Some(other.join("artifacts")),
    };
    assert_eq!(restore(&to, &kept).unwrap().rows, 1207);
    assert!(!other.join("artifacts").is_dir());
}

#[test]
fn a_backup_goes_from_one_kind_of_database_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:///{}", folder.path().join("file.db").display());
    let place = filled_at(folder.path(), &file);
    let kept = folder.path().join("backup");
    backup(&place, &kept).unwrap();
    let store = Location::from(&database::new(folder.path()));
    let to = Place { store, users: None, artifacts: None };
    restore(&to, &kept).unwrap();
    let again = folder.path().join("again");
    backup(&to, &again).unwrap();
    for table in ["metrics", "experiments", "runs", "params"] {
        let file = format!("database/{table}.jsonl");
        let lines = |folder: &Path| {
            let text = fs::read_to_string(folder.join(&file)).unwrap();
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(lines(&again), lines(&kept), "{table}");
    }
}

#[test]
fn users_and_their_grants_are_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = filled(folder.path());
    // in a database of their own, and in that of the experiments
    for (index, users) in
        [database::new(&sub(folder.path(), "own")), uri(&place)].iter().enumerate()
    {
        let place = Place { users: Some(Location::from(users)), ..place.clone() };
        Store::open_with(users, crate::users::schema::prepare).unwrap();
        let fill = "INSERT INTO users (id, username, password_hash, is_admin) VALUES (3, 'ü', 'hash', true);
             INSERT INTO roles (id, name, workspace) VALUES (5, 'r', 'default');
             INSERT INTO user_role_assignments (id, user_id, role_id) VALUES (7, 3, 5);";
        database::run(users, fill);
        let kept = folder.path().join(format!("kept{index}"));
        let summary = backup(&place, &kept).unwrap();
        assert_eq!((summary.rows, summary.users), (1210, 1));
        assert_eq!(check(&kept).unwrap(), summary);

        let other = sub(folder.path(), &format!("other{index}"));
        let own = database::new(&sub(&other, "users"));
        let to = Place {
            store: Location::from(&database::new(&other)),
            users: Some(Location::from(&own)),
            artifacts: Some(other.join("files")),
        };
        restore(&to, &kept).unwrap();
        assert_eq!(rows(&to), rows(&place));
        let sql = "SELECT username || a.id || r.name FROM users u JOIN user_role_assignments a ON a.user_id = u.id JOIN roles r ON r.id = a.role_id WHERE is_admin";
        assert_eq!(database::run(&own, sql), ["ü7r"]);
        // who comes next has a number of its own
        database::run(&own, "INSERT INTO users (username) VALUES ('next')");
        assert_eq!(database::run(&own, "SELECT username FROM users WHERE id = 4"), ["next"]);

        let again = sub(&other, "again");
        let again = Place { store: Location::from(&database::new(&again)), artifacts: None, ..to };
        let error = restore(&again, &kept).unwrap_err().to_string();
        assert!(error.contains("the database of users is not empty"), "{error}");
        fs::write(kept.join("users/roles.jsonl"), "").unwrap();
        assert!(check(&kept).is_err());
    }
}

fn sub(folder: &Path, name: &str) -> std::path::PathBuf {
    let inner = folder.join(name);
    fs::create_dir_all(&inner).unwrap();
    inner
}
