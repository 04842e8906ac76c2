//! What a user could have the server do with things of others by naming them beside its own, and the users themselves.

use std::net::SocketAddr;

use serde_json::Value;

use super::{ADMIN, Settings, ask, ask_in, serve, server};

const OWNER: &str = "owner:a password of owner";
const OTHER: &str = "other:a password of other";

/// Asks a request that is answered.
fn made(address: SocketAddr, who: &str, path: &str, body: &str) -> Value {
    let (status, reply) = ask(address, Some(who), "POST", &format!("/api/{path}"), body);
    assert_eq!(status, 200, "{path}: {reply}");
    serde_json::from_str(&reply).expect("JSON")
}

fn text(reply: &Value, path: &str) -> String {
    let found = reply.pointer(path).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{path} of {reply}")).to_owned()
}

/// Makes both users, and an experiment with a run for each; the ids of them.
fn two(address: SocketAddr) -> [(String, String); 2] {
    [OWNER, OTHER].map(|who| {
        let (name, password) = who.split_once(':').expect("a user");
        let user = format!(r#"{{"username":"{name}","password":"{password}"}}"#);
        made(address, ADMIN, "2.0/mlflow/users/create", &user);
        let experiment = format!(r#"{{"name":"of {name}"}}"#);
        let experiment = made(address, who, "2.0/mlflow/experiments/create", &experiment);
        let experiment = text(&experiment, "/experiment_id");
        let run = format!(r#"{{"experiment_id":"{experiment}"}}"#);
        let run = made(address, who, "2.0/mlflow/runs/create", &run);
        (experiment, text(&run, "/run/info/run_id"))
    })
}

#[test]
fn nothing_of_others_is_used_by_naming_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings { artifact_root: "s3://own/root".to_owned(), ..Settings::default() };
    let address = serve(folder.path(), settings);
    let [(experiment, run), (own_experiment, own_run)] = two(address);
    let model = format!(r#"{{"experiment_id":"{experiment}","name":"m"}}"#);
    let model = made(address, OWNER, "2.0/mlflow/logged-models", &model);
    let model = text(&model, "/model/info/model_id");
    made(address, OTHER, "2.0/mlflow/registered-models/create", r#"{"name":"m"}"#);

    let of_run = format!(r#""run_id":"{own_run}""#);
    let metric = format!(r#""key":"k","value":1,"timestamp":1,"model_id":"{model}""#);
    let locations = [
        format!("mlflow-artifacts:/{experiment}"),
        format!("mlflow-artifacts:/0{experiment}/{run}/artifacts"),
        format!("s3://own/root/{experiment}/{run}"),
        format!("{}/artifacts/{experiment}", folder.path().display()),
    ];
    let location = |it: &String| {
        let body = format!(r#"{{"name":"at {it}","artifact_location":"{it}"}}"#);
        ("experiments/create", body)
    };
    let mut asked = vec![
        ("runs/log-metric", format!("{{{of_run},{metric}}}")),
        ("runs/log-batch", format!(r#"{{{of_run},"metrics":[{{{metric}}}]}}"#)),
        ("runs/log-inputs", format!(r#"{{{of_run},"models":[{{"model_id":"{model}"}}]}}"#)),
        ("runs/outputs", format!(r#"{{{of_run},"models":[{{"model_id":"{model}","step":1}}]}}"#)),
        (
            "logged-models",
            format!(r#"{{"experiment_id":"{own_experiment}","name":"n","source_run_id":"{run}"}}"#),
        ),
        (
            "registered-models/set-tag",
            r#"{"name":"m","key":"mlflow.prompt.is_prompt","value":"true"}"#.to_owned(),
        ),
    ];
    asked.extend(locations.iter().map(location));
    for (path, body) in asked {
        let path = format!("/api/2.0/mlflow/{path}");
        let (status, reply) = ask(address, Some(OTHER), "POST", &path, &body);
        assert_eq!(status, 403, "{path} {body}: {reply}");
    }
    for (source, status) in [
        (format!("s3://own/root/{experiment}/{run}/artifacts"), 400),
        ("s3://own/root/elsewhere".to_owned(), 400),
        (format!("s3://own/root/{own_experiment}/x"), 200),
        ("s3://own/rooted/x".to_owned(), 200),
        (format!("s3://foreign/root/{experiment}"), 200),
    ] {
        let body = format!(r#"{{"name":"m","source":"{source}"}}"#);
        let path = "/api/2.0/mlflow/model-versions/create";
        let (found, reply) = ask(address, Some(OTHER), "POST", path, &body);
        assert_eq!(found, status, "{source}: {reply}");
    }
    // whoever may read the model may measure it
    let grant = format!(
        r#"{{"username":"other","resource_type":"experiment","resource_id":"{experiment}","permission":"READ"}}"#
    );
    made(address, OWNER, "3.0/mlflow/users/permissions/grant", &grant);
    made(address, OTHER, "2.0/mlflow/runs/log-metric", &format!("{{{of_run},{metric}}}"));
}

#[test]
fn there_is_always_an_administrator() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = server(folder.path(), false);
    two(address);
    let ask = |who, method, path, body| ask(address, Some(who), method, path, body);
    let admin = "/api/2.0/mlflow/users/update-admin";
    let (status, reply) = ask(ADMIN, "PATCH", admin, r#"{"username":"admin","is_admin":false}"#);
    assert_eq!(status, 409, "{reply}");
    assert_eq!(ask(ADMIN, "PATCH", admin, r#"{"username":"owner","is_admin":true}"#).0, 200);
    assert_eq!(ask(ADMIN, "PATCH", admin, r#"{"username":"admin","is_admin":false}"#).0, 200);
    let delete = "/api/2.0/mlflow/users/delete";
    assert_eq!(ask("admin:a long password", "DELETE", delete, r#"{"username":"owner"}"#).0, 403);
    assert_eq!(ask(OWNER, "DELETE", delete, r#"{"username":"admin"}"#).0, 200);
}

#[test]
fn a_workspace_of_others_looks_as_one_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = server(folder.path(), true);
    let user = r#"{"username":"other","password":"a password of other"}"#;
    made(address, ADMIN, "2.0/mlflow/users/create", user);
    let (status, reply) =
        ask(address, Some(ADMIN), "POST", "/api/3.0/mlflow/workspaces", r#"{"name":"team-a"}"#);
    assert_eq!(status, 201, "{reply}");
    for (method, path, body) in [
        ("GET", "/api/2.0/mlflow/users/current", ""),
        ("POST", "/api/2.0/mlflow/experiments/create", r#"{"name":"e"}"#),
        ("POST", "/api/2.0/mlflow/experiments/search", r#"{"max_results":5}"#),
        ("GET", "/api/2.0/mlflow/experiments/get?experiment_id=1", ""),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts?path=1", ""),
        ("POST", "/api/2.0/mlflow/registered-models/create", r#"{"name":"m"}"#),
    ] {
        let in_workspace = |name| ask_in(address, Some(OTHER), Some(name), method, path, body);
        assert_eq!(in_workspace("team-a"), in_workspace("team-z"), "{method} {path}");
    }
    let search = "/api/2.0/mlflow/experiments/search";
    let missing = ask_in(address, Some(ADMIN), Some("team-z"), "POST", search, "{}");
    assert_eq!(missing.0, 404, "{}", missing.1);
}
