//! Every route, asked by who manages another workspace than the one where things are.

use std::net::SocketAddr;

use serde_json::Value;

use super::{ADMIN, ask, ask_in, body, query, routes, server, targets};

const NEIGHBOUR: &str = "neighbour:a third password";

/// What only who may see the objects of the other workspace may read.
const CANARY: &str = "canary";

/// Asks an administrator's request, which is answered.
fn made(address: SocketAddr, path: &str, body: &str) -> Value {
    let (status, reply) = ask(address, Some(ADMIN), "POST", &format!("/api/{path}"), body);
    assert!((200..300).contains(&status), "{path}: {status} {reply}");
    serde_json::from_str(&reply).expect("JSON")
}

/// What an administrator sees of the objects.
fn seen(address: SocketAddr, run: &str) -> Vec<String> {
    let asked = [
        "experiments/get?experiment_id=1".to_owned(),
        format!("runs/get?run_id={run}"),
        "registered-models/get?name=m".to_owned(),
        "model-versions/get?name=m&version=1".to_owned(),
        "registered-models/alias?name=m&alias=a".to_owned(),
    ];
    let get = |target: &String| {
        let target = format!("/api/2.0/mlflow/{target}");
        let (status, reply) = ask(address, Some(ADMIN), "GET", &target, "");
        assert_eq!(status, 200, "{target}: {reply}");
        assert!(reply.contains(CANARY), "{target}: {reply}");
        reply
    };
    asked.iter().map(get).collect()
}

#[test]
fn who_manages_another_workspace_is_a_stranger_in_this_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = server(folder.path(), true);
    made(address, "3.0/mlflow/workspaces", r#"{"name":"team-b"}"#);
    let user = r#"{"username":"neighbour","password":"a third password"}"#;
    made(address, "2.0/mlflow/users/create", user);
    let role =
        made(address, "3.0/mlflow/roles/create", r#"{"name":"owners","workspace":"team-b"}"#);
    let role = role["role"]["id"].as_i64().expect("a number");
    let grant = format!(
        r#"{{"role_id":{role},"resource_type":"workspace","resource_pattern":"*","permission":"MANAGE"}}"#
    );
    made(address, "3.0/mlflow/roles/permissions/add", &grant);
    let assigned = format!(r#"{{"role_id":{role},"username":"neighbour"}}"#);
    made(address, "3.0/mlflow/roles/assign", &assigned);

    made(address, "2.0/mlflow/experiments/create", r#"{"name":"canary"}"#);
    let tags = r#"[{"key":"k","value":"canary"}]"#;
    let run = format!(r#"{{"experiment_id":"1","run_name":"canary","tags":{tags}}}"#);
    let run = made(address, "2.0/mlflow/runs/create", &run);
    let run = run["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let model = format!(r#"{{"name":"m","description":"canary","tags":{tags}}}"#);
    made(address, "2.0/mlflow/registered-models/create", &model);
    let version = r#"{"name":"m","source":"s3://canary/x","description":"canary"}"#;
    made(address, "2.0/mlflow/model-versions/create", version);
    let alias = r#"{"name":"m","alias":"a","version":"1"}"#;
    made(address, "2.0/mlflow/registered-models/alias", alias);
    let before = seen(address, &run);

    let real = |text: String| text.replace("0123456789abcdef0123456789abcdef", &run);
    let query = real(query());
    let mut wrong = Vec::new();
    for route in routes() {
        for target in targets(&route) {
            for method in route.methods {
                let is_get = method.name() == "GET";
                let text = if is_get { String::new() } else { real(body(route.path)) };
                let target = if is_get { format!("{target}?{query}") } else { target.clone() };
                for workspace in [None, Some("default"), Some("team-b")] {
                    let (status, reply) =
                        ask_in(address, Some(NEIGHBOUR), workspace, method.name(), &target, &text);
                    if reply.contains(CANARY) {
                        wrong.push(format!(
                            "{} {target} in {workspace:?}: {status} {reply:.300}",
                            method.name()
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(seen(address, &run), before);
}
