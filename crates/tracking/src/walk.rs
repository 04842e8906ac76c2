//! Every route, asked by nobody, by a user who was granted nothing, by one who manages another workspace, and
//! by an administrator.
//!
//! The list of routes is the server's own, so that a route that is added is asked too: one that answers
//! a stranger fails here until it says what it needs.

mod deputy;
mod neighbour;

use std::{
    collections::HashSet,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use longshore_mlflow::rest::Method;

use crate::{
    Config, Settings, Store, Tracking, Users, administration, graphql, operations, routes::Route,
    users,
};

const ADMIN: &str = "admin:a long password";
const STRANGER: &str = "stranger:another password";

/// Fields that make most requests valid; those that a request does not know are ignored.
const BODY: &str = r#"{"experiment_id":"1","experiment_ids":["1"],"experiment_name":"e","run_id":"0123456789abcdef0123456789abcdef",
"run_uuid":"0123456789abcdef0123456789abcdef","run_ids":["0123456789abcdef0123456789abcdef"],"name":"m","new_name":"n","model_id":"m-0123456789abcdef0123456789abcdef",
"key":"k","value":"1","timestamp":"1","status":1,"version":"1","alias":"a","stage":"Production","archive_existing_versions":false,
"source":"s3://bucket/x","metric_key":"k","path":"x","max_results":10,"username":"admin","password":"some long password","is_admin":true,
"permission":"READ","scorer_name":"s","id":1,"role_id":1,"role_permission_id":1,"resource_type":"experiment","resource_pattern":"1","resource_id":"1","workspace":"default",
"models":[],"datasets":[],"params":[],"tags":[],"dataset_id":"d","dataset_ids":["d"],"trace_id":"tr-1","trace_ids":["tr-1"],"request_id":"tr-1","request_ids":["tr-1"],"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"1"}}],
"serialized_scorer":"{}","records":"[]","query":"query { mlflowGetExperiment(input: {experimentId: \"1\"}) { experiment { name } } }",
"max_traces":1,"assessment":{"assessment_name":"a","feedback":{"value":1}},"update_mask":"feedback","view_type":"SPANS","metric_name":"trace_count","aggregations":[{"aggregation_type":"COUNT"}],
"description":"d","issue_id":"iss-1","schema_id":"ls-1","queue_id":"rq-1","user":"u","item_id":"tr-1","item_ids":["tr-1"],"model_json":"{}","sample_rate":1,"artifact_file_path":"x","filter_string1":"trace.status = 'OK'","filter_string2":"trace.status = 'OK'","num_parts":1,"digest":"d","limit":1,"max_timestamp_millis":1,"timestamp_ms":1,"execution_time_ms":1,"trace":{"trace_info":{"trace_id":"tr-1","trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"1"}},"request_time":"2026-01-01T00:00:00Z","state":"OK"}}}"#;

/// Routes that every user may ask: what they answer is public, the caller's own, or only what the caller may
/// read.
const OF_USERS: &[&str] = &[
    "2.0/mlflow/experiments/create",
    "2.0/mlflow/experiments/search",
    "2.0/mlflow/experiments/search-datasets",
    "2.0/mlflow/logged-models/search",
    "2.0/mlflow/model-versions/search",
    "2.0/mlflow/registered-models/create",
    "2.0/mlflow/registered-models/search",
    "2.0/mlflow/runs/search",
    "2.0/mlflow/users/current",
    "2.0/mlflow/users/list",
    "3.0/mlflow/scorers/online-configs",
    "3.0/mlflow/users/current/permissions",
    // whoever has a role in a workspace sees its roles, as in MLflow
    "3.0/mlflow/roles/get",
    "3.0/mlflow/roles/list",
    "3.0/mlflow/roles/permissions/list",
    // they tell that the server does not have what they are about
    "2.0/mlflow/gateway-proxy",
    "3.0/mlflow/assistant/config",
    "3.0/mlflow/assistant/providers",
    "3.0/mlflow/gateway/budgets/list",
    "3.0/mlflow/gateway/budgets/windows",
    "3.0/mlflow/gateway/endpoints/bindings/list",
    "3.0/mlflow/gateway/endpoints/list",
    "3.0/mlflow/gateway/guardrails/list",
    "3.0/mlflow/gateway/model-definitions/list",
    "3.0/mlflow/gateway/secrets/config",
    "3.0/mlflow/gateway/secrets/list",
    "3.0/mlflow/mcp-servers",
    "3.0/mlflow/ui-telemetry",
    // it answers 200 with the refusal of each field
    "/graphql",
];

/// Routes that nobody needs a user for.
const OPEN: &[&str] = &["3.0/mlflow/server-info"];

fn server(folder: &std::path::Path, workspaces: bool) -> SocketAddr {
    serve(folder, Settings { workspaces, ..Settings::default() })
}

fn serve(folder: &std::path::Path, settings: Settings) -> SocketAddr {
    let at = |name: &str| format!("sqlite:///{}", folder.join(name).display());
    let file = folder.join("auth.ini");
    let text = format!(
        "[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = {}\nadmin_username = admin\nadmin_password = a long password\n",
        at("users.db")
    );
    std::fs::write(&file, text).expect("a file");
    let config = users::Config::read(Some(&file), |_| None).expect("a configuration");
    let settings = Settings {
        artifacts_destination: Some(folder.join("artifacts").display().to_string()),
        ..settings
    };
    let store = Store::open(at("mlflow.db").as_str()).expect("a store");
    let mut config = Config {
        users: Some(Users::open(&config).expect("users")),
        ..Config::new(store, settings)
    };
    config.port = 0;
    config.threads = 1;
    let server = Tracking::bind(config).expect("a server");
    let address = server.address();
    let drain = server.drain();
    thread::spawn(move || server.run(async move { drain.begun().await }));
    address
}

/// The status and the body of a reply.
fn ask(
    address: SocketAddr,
    who: Option<&str>,
    method: &str,
    target: &str,
    body: &str,
) -> (u16, String) {
    ask_in(address, who, None, method, target, body)
}

/// As [`ask`], in a workspace.
fn ask_in(
    address: SocketAddr,
    who: Option<&str>,
    workspace: Option<&str>,
    method: &str,
    target: &str,
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let who = who.map(|who| format!("authorization: Basic {}\r\n", STANDARD.encode(who)));
    let workspace = workspace.map(|name| format!("x-mlflow-workspace: {name}\r\n"));
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-mlflow-experiment-id: 1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{}{}\r\n",
        body.len(),
        who.unwrap_or_default(),
        workspace.unwrap_or_default()
    );
    stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()))
        .expect("sent");
    let mut reply = Vec::new();
    // a server that refuses may end the connection before the body was sent
    drop(stream.read_to_end(&mut reply));
    let reply = String::from_utf8_lossy(&reply).into_owned();
    let status = reply.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or_default();
    let body = reply.split_once("\r\n\r\n").map_or("", |it| it.1).to_owned();
    (status, body)
}

fn routes() -> Vec<Route> {
    [operations::routes(), graphql::routes(), administration::routes()].concat()
}

/// The addresses of a route, with its fields filled in.
fn targets(route: &Route) -> Vec<String> {
    let parts = route.path.split('/').map(|part| match part {
        "{path*}" => "1/x",
        "{step}" => "create",
        "{model_id}" => "m-0123456789abcdef0123456789abcdef",
        part if part.starts_with('{') => "tr-1",
        part => part,
    });
    let path = parts.collect::<Vec<_>>().join("/");
    if path.starts_with('/') {
        return vec![path];
    }
    vec![format!("/api/{path}"), format!("/ajax-api/{path}")]
}

/// [`BODY`] as a route takes it: some know a field in another form.
fn body(path: &str) -> String {
    if path.contains("mlflow/datasets/") {
        return BODY.replace("\"tags\":[]", "\"tags\":\"{}\"");
    }
    if path.contains("mlflow/issues") {
        return BODY.replace("\"status\":1", "\"status\":\"pending\"");
    }
    if path.ends_with("presigned-upload-url") {
        return BODY.replace("\"model_id\"", "\"other_id\"");
    }
    BODY.to_owned()
}

/// The fields of [`BODY`] as a query.
fn query() -> String {
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(BODY).expect("an object");
    let pairs = fields.iter().flat_map(|(name, value)| match value {
        serde_json::Value::Array(items) => {
            items.iter().filter_map(|it| it.as_str()).map(|it| format!("{name}={it}")).collect()
        }
        serde_json::Value::String(text) if !text.contains([' ', '{']) => {
            vec![format!("{name}={text}")]
        }
        serde_json::Value::Number(number) => vec![format!("{name}={number}")],
        _ => Vec::new(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[test]
fn every_route_refuses_strangers_and_none_refuses_administrators() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = server(folder.path(), false);
    let made = ask(
        address,
        Some(ADMIN),
        "POST",
        "/api/2.0/mlflow/users/create",
        r#"{"username":"stranger","password":"another password"}"#,
    );
    assert_eq!(made.0, 200, "{}", made.1);
    let made =
        ask(address, Some(ADMIN), "POST", "/api/2.0/mlflow/experiments/create", r#"{"name":"e"}"#);
    assert_eq!(made.0, 200, "{}", made.1);
    let made = ask(
        address,
        Some(ADMIN),
        "POST",
        "/api/2.0/mlflow/registered-models/create",
        r#"{"name":"m"}"#,
    );
    assert_eq!(made.0, 200, "{}", made.1);
    let query = query();
    let wrong_password =
        ask(address, Some("stranger:a wrong password"), "GET", "/api/2.0/mlflow/users/current", "");
    assert_eq!(wrong_password.0, 401, "{}", wrong_password.1);
    let mut wrong = Vec::new();
    let elsewhere: HashSet<_> = operations::absent().iter().map(|it| it.path).collect();
    for route in routes() {
        for (target, method) in targets(&route)
            .into_iter()
            .flat_map(|it| route.methods.iter().map(move |m| (it.clone(), *m)))
        {
            let is_get = method == Method::Get;
            let asked = if is_get {
                format!("{target}?{query}")
            } else {
                format!("{target}?path=1/x&run_uuid=0123456789abcdef0123456789abcdef")
            };
            let body = if is_get { String::new() } else { body(route.path) };
            let mut check = |who: Option<&str>, target: &str, allowed: &[u16]| {
                let (status, reply) = ask(address, who, method.name(), target, &body);
                if !allowed.contains(&status) {
                    wrong.push(format!(
                        "{} {target} by {who:?}: {status} {reply:.200}",
                        method.name()
                    ));
                }
            };
            let (nobody, stranger): (&[u16], &[u16]) = match route.path {
                path if OPEN.contains(&path) => (&[200], &[200]),
                // of MCP servers there is an empty list, and no way to add to it
                path if OF_USERS.contains(&path) && elsewhere.contains(path) => {
                    (&[401], &[200, 501])
                }
                path if OF_USERS.contains(&path) => (&[401], &[200, 400]),
                // what is not here is nobody's, and this server is without workspaces
                path if elsewhere.contains(path) => (&[401], &[501]),
                path if path.starts_with("3.0/mlflow/workspaces") => (&[401], &[403, 501]),
                _ => (&[401], &[403]),
            };
            check(None, &asked, nobody);
            check(Some(STRANGER), &asked, stranger);
            // another way to write an address leads to the same check, to this address, or nowhere
            for other in [
                format!("{target}/"),
                target.replacen('/', "//", 2),
                target.to_uppercase(),
                format!("/mlflow{target}"),
                target.replacen("mlflow", "%6dlflow", 1),
            ] {
                if other != target {
                    check(None, &other, if nobody == [200] { &[200, 401, 404] } else { &[401] });
                    check(Some(STRANGER), &other, &[308, 403, 404, 405, 501]);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    // administrators are refused nothing, whatever else is wrong with the request
    for route in routes() {
        let path = route.path;
        if path.contains("users/") || path.contains("roles/") || path.contains("delete") {
            continue;
        }
        let target = targets(&route).remove(0);
        let method = route.methods.first().map_or("GET", |it| it.name());
        let is_get = method == "GET";
        let asked = if is_get { format!("{target}?{query}") } else { target };
        let (status, reply) = ask(
            address,
            Some(ADMIN),
            method,
            &asked,
            &if is_get { String::new() } else { body(path) },
        );
        assert!(![401, 403].contains(&status), "{method} {path}: {status} {reply:.200}");
    }
}
