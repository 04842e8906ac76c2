//! The registry by its API. What MLflow 3.17.2 answers to the same requests is what is expected.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../shared/database.rs"]
mod database;
mod server;
mod webhooks;

use longshore_tracking::Settings;
use serde_json::{Value, json};
use server::Server;

fn version(server: &Server, body: &Value) -> (u16, Value) {
    server.send("POST", "model-versions/create", body)
}

#[test]
fn a_model_lives_from_its_creation_to_its_deletion() {
    let server = Server::start(Settings::default());
    let made = server.post(
        "registered-models/create",
        &json!({"name": "m", "tags": [
        {"key": "k", "value": "1"}, {"key": "k", "value": "2"}]}),
    );
    assert_eq!(made["registered_model"]["tags"], json!([{"key": "k", "value": "2"}]));
    let (status, again) = server.send("POST", "registered-models/create", &json!({"name": "m"}));
    assert_eq!((status, &again["error_code"]), (400, &json!("RESOURCE_ALREADY_EXISTS")));
    assert_eq!(again["message"], "Registered Model (name=m) already exists.");
    for number in ["1", "2", "3"] {
        let (_, made) = version(&server, &json!({"name": "m", "source": "s3://bucket/model"}));
        let made = &made["model_version"];
        assert_eq!(made["version"], number);
        assert_eq!((&made["status"], &made["current_stage"]), (&json!("READY"), &json!("None")));
        assert_eq!((&made["run_id"], &made["description"]), (&json!(""), &json!("")));
    }
    server.post("registered-models/alias", &json!({"name": "m", "alias": "best", "version": "2"}));
    for stage in [json!("staging"), json!("Production")] {
        let asked =
            json!({"name": "m", "version": "2", "stage": stage, "archive_existing_versions": true});
        server.post("model-versions/transition-stage", &asked);
    }
    let asked = json!({"name": "m", "version": "3", "stage": "PRODUCTION", "archive_existing_versions": true});
    server.post("model-versions/transition-stage", &asked);
    let latest = server.post("registered-models/get-latest-versions", &json!({"name": "m"}));
    let latest = latest["model_versions"].as_array().unwrap();
    let stages: Vec<_> =
        latest.iter().map(|it| (it["version"].as_str(), it["current_stage"].as_str())).collect();
    assert_eq!(
        stages,
        [(Some("1"), Some("None")), (Some("2"), Some("Archived")), (Some("3"), Some("Production"))]
    );
    assert_eq!(latest[1]["aliases"], json!(["best"]));

    server.post("registered-models/rename", &json!({"name": "m", "new_name": "n"}));
    assert_eq!(server.get("registered-models/get", &[("name", "m")]).0, 404);
    let (_, found) = server.get("registered-models/alias", &[("name", "n"), ("alias", "best")]);
    assert_eq!(found["model_version"]["version"], "2");
    let (_, found) = server.get("registered-models/get", &[("name", "n")]);
    assert_eq!(found["registered_model"]["tags"], json!([{"key": "k", "value": "2"}]));

    let asked = json!({"name": "n", "version": "2"});
    assert_eq!(server.send("DELETE", "model-versions/delete", &asked).0, 200);
    assert_eq!(server.send("DELETE", "model-versions/delete", &asked).0, 404);
    let (status, missing) =
        server.get("registered-models/alias", &[("name", "n"), ("alias", "best")]);
    assert_eq!((status, &missing["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")));
    let (_, made) = version(&server, &json!({"name": "n", "source": "s3://bucket/model"}));
    assert_eq!(made["model_version"]["version"], "4", "a number is never given again");
    let (_, newest) = server.get("registered-models/alias", &[("name", "n"), ("alias", "latest")]);
    assert_eq!(newest["model_version"]["version"], "4");

    assert_eq!(server.send("DELETE", "registered-models/delete", &json!({"name": "n"})).0, 200);
    assert_eq!(server.get("model-versions/get", &[("name", "n"), ("version", "1")]).0, 404);
    server.post("registered-models/create", &json!({"name": "n"}));
}

#[test]
fn a_source_of_this_server_must_be_of_the_run_that_is_named() {
    let server = Server::start(Settings::default());
    server.post("registered-models/create", &json!({"name": "m"}));
    let local = json!({"name": "local", "artifact_location": "file:///srv/artifacts"});
    let experiment = server.post("experiments/create", &local);
    let run = server.post("runs/create", &json!({"experiment_id": experiment["experiment_id"]}));
    let (id, root) = (&run["run"]["info"]["run_id"], &run["run"]["info"]["artifact_uri"]);
    let root = root.as_str().unwrap();
    let path = root.strip_prefix("file://").unwrap();
    let named = [root, path, &format!("{root}/model"), &format!("{root}/model/..")];
    for source in named {
        let (status, reply) =
            version(&server, &json!({"name": "m", "source": source, "run_id": id}));
        assert_eq!(status, 200, "{source}: {reply}");
        let (status, _) = version(&server, &json!({"name": "m", "source": source}));
        assert_eq!(status, 400, "{source} of no run");
    }
    let escapes = [
        "/etc/passwd",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "file://localhost/etc/passwd",
        "//proc/self/root",
        "etc/passwd",
        "x#/../../etc",
        "x?;/../etc",
        "s3:/b/../../etc",
        "dbfs:/../etc",
        "mlflow-artifacts:/../etc",
        "mlflow-artifacts:/other/run",
        "runs:/other/model",
        "http://169.254.169.254/x",
        "ftp://host/x",
        "mlflow-artifacts://host/x",
        "models:/m-other",
    ];
    let below = [format!("{root}/../../x"), format!("{path}/a/../../../x"), format!("{root}2")];
    let escapes: Vec<_> = escapes.iter().map(ToString::to_string).chain(below).collect();
    for plain in escapes {
        for source in forms(&plain) {
            for tags in [json!([]), json!([{"key": "mlflow.prompt.is_prompt", "value": "true"}])] {
                let body = json!({"name": "m", "source": source, "run_id": id, "tags": tags});
                let (status, reply) = version(&server, &body);
                assert_eq!(status, 400, "{source:?} {tags}: {reply}");
            }
        }
    }
    let (_, last) = server.get("registered-models/alias", &[("name", "m"), ("alias", "latest")]);
    assert_eq!(last["model_version"]["version"], named.len().to_string());
}

/// An attempt to lead elsewhere, and the ways to hide it.
fn forms(plain: &str) -> Vec<String> {
    let encode = |text: &str| text.replace('%', "%25").replace("..", "%2e%2e").replace('#', "%23");
    let (once, nul) = (encode(plain), format!("{plain}\0"));
    let twice = encode(&once);
    let backslash = plain.replace("/..", "\\..");
    let mut forms = vec![plain.to_owned(), twice.clone(), encode(&twice), nul];
    if plain.contains("..") {
        forms.extend([once, backslash]);
    }
    forms
}

#[test]
fn a_prompt_and_a_model_do_not_share_a_name() {
    let server = Server::start(Settings::default());
    let tags = json!([{"key": "mlflow.prompt.is_prompt", "value": "true"}]);
    server.post("registered-models/create", &json!({"name": "p", "tags": tags}));
    let (status, reply) = server.send("POST", "registered-models/create", &json!({"name": "p"}));
    assert_eq!(status, 400);
    let words = "Tried to create a registered model with name 'p', but the name is already taken by a prompt.";
    assert!(reply["message"].as_str().unwrap().starts_with(words), "{reply}");
    let prompt = json!({"name": "p", "source": "dummy-source", "tags": tags});
    assert_eq!(version(&server, &prompt).0, 200);
    server.post("registered-models/create", &json!({"name": "m"}));
    let (status, _) = version(&server, &json!({"name": "m", "source": "models:/p/1"}));
    assert_eq!(status, 400, "a prompt is no model");
}
