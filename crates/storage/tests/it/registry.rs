use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use longshore_storage::{Error, Location, Outcome};

use crate::{
    server::{Answer, Request, Server},
    storage,
};

const API: &str = "/api/2.0/mlflow";

fn version(number: usize, source: &str) -> String {
    format!(
        r#"{{"model_version":{{"name":"wine","version":"{number}","source":"{source}","status":"READY"}}}}"#
    )
}

/// An MLflow server whose alias `champion` points at `current`, and whose files are proxied.
fn mlflow(current: &Arc<AtomicUsize>) -> Server {
    let current = current.clone();
    Server::new(move |request: &Request| {
        let path = request.path.strip_prefix("/base").unwrap_or_default();
        let now = current.load(Relaxed);
        let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"not there"}"#;
        if request.header("authorization") != Some("Basic bWU6c2VjcmV0") {
            return Answer::new(401, "You are not authenticated.");
        }
        let own = path.strip_prefix(API).filter(|rest| rest.starts_with('/'));
        match own.unwrap_or(path) {
            "/registered-models/alias?alias=champion&name=wine" => {
                Answer::new(200, version(now, "models:/m-1"))
            }
            "/model-versions/get-download-uri?name=wine&version=1" => {
                Answer::new(200, r#"{"artifact_uri":"mlflow-artifacts:/1/models/m-1/artifacts"}"#)
            }
            "/model-versions/get-download-uri?name=wine&version=2" => {
                Answer::new(200, r#"{"artifact_uri":"models:/m-2"}"#)
            }
            "/logged-models/m-2" => Answer::new(
                200,
                r#"{"model":{"info":{"model_id":"m-2","artifact_uri":"mlflow-artifacts:/1/models/m-2/artifacts","status":"LOGGED_MODEL_READY"}}}"#,
            ),
            "/registered-models/get?name=wine" => Answer::new(
                200,
                r#"{"registered_model":{"name":"wine","aliases":[{"alias":"champion","version":"1"}]}}"#,
            ),
            "/runs/get?run_id=r1" => Answer::new(
                200,
                r#"{"run":{"info":{"run_id":"r1","experiment_id":"1","artifact_uri":"mlflow-artifacts:/1/r1/artifacts"}}}"#,
            ),
            "/logged-models/search" => Answer::new(
                200,
                r#"{"models":[{"info":{"model_id":"m-9","artifact_uri":"x","source_run_id":"r0"}},{"info":{"model_id":"m-1","artifact_uri":"mlflow-artifacts:/1/models/m-1/artifacts","source_run_id":"r1"}}]}"#,
            ),
            "/api/2.0/mlflow-artifacts/artifacts?path=1%2Fmodels%2Fm-1%2Fartifacts"
            | "/api/2.0/mlflow-artifacts/artifacts?path=1%2Fmodels%2Fm-2%2Fartifacts" => {
                Answer::new(
                    200,
                    r#"{"files":[{"path":"MLmodel","is_dir":false,"file_size":3},{"path":"data","is_dir":true}]}"#,
                )
            }
            "/api/2.0/mlflow-artifacts/artifacts?path=1%2Fmodels%2Fm-1%2Fartifacts%2Fdata"
            | "/api/2.0/mlflow-artifacts/artifacts?path=1%2Fmodels%2Fm-2%2Fartifacts%2Fdata" => {
                Answer::new(200, r#"{"files":[{"path":"a b.pkl","is_dir":false,"file_size":"2"}]}"#)
            }
            "/api/2.0/mlflow-artifacts/artifacts/1/models/m-1/artifacts/MLmodel" => {
                Answer::new(200, "one")
            }
            "/api/2.0/mlflow-artifacts/artifacts/1/models/m-2/artifacts/MLmodel" => {
                Answer::new(200, "two")
            }
            path if path.ends_with("/data/a%20b.pkl") => Answer::new(200, "ok"),
            "/api/2.0/mlflow-artifacts/artifacts?path=1%2Fr1%2Fartifacts%2Fmodel" => {
                Answer::new(200, "{}")
            }
            _ => Answer::new(404, missing),
        }
    })
}

fn model(text: &str) -> Location {
    text.parse().unwrap()
}

#[test]
fn an_alias_is_resolved_fetched_and_followed() {
    let current = Arc::new(AtomicUsize::new(1));
    let server = mlflow(&current);
    let folder = tempfile::tempdir().unwrap();
    let variables = [("MLFLOW_TRACKING_USERNAME", "me"), ("MLFLOW_TRACKING_PASSWORD", "secret")];
    let uri = format!("{}/base/", server.url);
    let storage = storage(folder.path(), &variables, |config| config.tracking_uri = Some(uri));
    let champion = model("models:/wine@champion");
    let first = storage.fetch(&champion).unwrap();
    assert_eq!(first.revision().version(), Some("1"));
    assert_eq!(fs::read(first.path().join("MLmodel")).unwrap(), b"one");
    assert_eq!(fs::read(first.path().join("data/a b.pkl")).unwrap(), b"ok");
    assert_eq!(storage.resolve(&champion).unwrap(), *first.revision());
    let asked = server.asked().len();
    storage.resolve(&champion).unwrap();
    assert_eq!(server.asked().len(), asked + 1, "a look is one request");
    current.store(2, Relaxed);
    assert_ne!(storage.resolve(&champion).unwrap(), *first.revision());
    let second = storage.fetch(&champion).unwrap();
    assert_eq!(second.revision().to_string(), "version 2");
    assert_eq!(fs::read(second.path().join("MLmodel")).unwrap(), b"two");
    current.store(1, Relaxed);
    assert_eq!(storage.fetch(&champion).unwrap().outcome(), Outcome::Cached);
}

#[test]
fn a_runs_model_is_found_where_mlflow_3_puts_it() {
    let server = mlflow(&Arc::new(AtomicUsize::new(1)));
    let folder = tempfile::tempdir().unwrap();
    let uri = server.url.replace("http://", "http://me:secret@") + "/base";
    let storage = storage(folder.path(), &[], |config| config.tracking_uri = Some(uri));
    let fetched = storage.fetch(&model("runs:/r1/model")).unwrap();
    assert_eq!(fs::read(fetched.path().join("MLmodel")).unwrap(), b"one");
}

#[test]
fn refusals_name_the_user_and_what_there_is() {
    let server = mlflow(&Arc::new(AtomicUsize::new(1)));
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("{}/base", server.url);
    let variables = [("MLFLOW_TRACKING_USERNAME", "me"), ("MLFLOW_TRACKING_PASSWORD", "secret")];
    let known =
        storage(folder.path(), &variables, |config| config.tracking_uri = Some(uri.clone()));
    let error = known.fetch(&model("models:/wine@challenger")).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }));
    assert!(error.to_string().contains("`champion` (version 1)"), "{error}");
    let variables = [("MLFLOW_TRACKING_USERNAME", "me"), ("MLFLOW_TRACKING_PASSWORD", "guess")];
    let wrong =
        storage(folder.path(), &variables, |config| config.tracking_uri = Some(uri.clone()));
    let error = wrong.fetch(&model("models:/wine@champion")).unwrap_err().to_string();
    assert!(error.contains("user `me`") && !error.contains("guess"), "{error}");
    let none = storage(folder.path(), &[], |_| ());
    let error = none.fetch(&model("models:/wine@champion")).unwrap_err().to_string();
    assert!(error.contains("MLFLOW_TRACKING_URI"), "{error}");
}

#[test]
fn what_a_server_says_about_places_is_not_trusted() {
    for (source, part) in [
        ("hdfs://bucket/x", "hdfs"),
        ("mlflow-artifacts:/../../etc", "leaves"),
        ("models:/wine/1", "point at one another"),
    ] {
        let reply = version(1, source);
        let uri = format!(r#"{{"artifact_uri":"{source}"}}"#);
        let server = Server::new(move |request| {
            let download = request.path.contains("get-download-uri");
            Answer::new(200, if download { uri.clone() } else { reply.clone() })
        });
        let folder = tempfile::tempdir().unwrap();
        let url = server.url.clone();
        let storage = storage(folder.path(), &[], |config| config.tracking_uri = Some(url));
        let error = storage.fetch(&model("models:/wine/1")).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
    let files = r#"{"files":[{"path":"../../evil","is_dir":false,"file_size":1}]}"#;
    let server = Server::new(move |request| {
        Answer::new(
            200,
            if request.path.contains("mlflow-artifacts") {
                files.to_owned()
            } else if request.path.contains("get-download-uri") {
                r#"{"artifact_uri":"mlflow-artifacts:/1"}"#.to_owned()
            } else {
                version(1, "x")
            },
        )
    });
    let folder = tempfile::tempdir().unwrap();
    let url = server.url.clone();
    let storage = storage(folder.path(), &[], |config| config.tracking_uri = Some(url));
    let error = storage.fetch(&model("models:/wine/1")).unwrap_err();
    assert!(matches!(error, Error::Hostile { .. }), "{error}");
}
