//! The pages for people, what they ask, and the description of the API.

use hyper::{HeaderMap, Request, Response, body::Bytes};
use longshore_daemon::server::auth::{self, ApiKeys};
use longshore_serve::{Config, ModelSource, Server};
use serde_json::Value;

use crate::model::{documents, plain, recorded, signed};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn server(models: Vec<ModelSource>) -> Server {
    Server::offline(Config { models, ..Config::default() }).unwrap()
}

fn ask(server: &Server, request: Request<Bytes>) -> Response<Bytes> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(server.handle(request))
}

fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    ask(server, request.body(Bytes::new()).unwrap())
}

fn json(server: &Server, path: &str) -> Value {
    let reply = get(server, path, &[]);
    assert_eq!(reply.status(), 200, "{path}: {reply:?}");
    serde_json::from_slice(reply.body()).unwrap()
}

fn text(reply: &Response<Bytes>) -> String {
    String::from_utf8(reply.body().to_vec()).unwrap()
}

fn policy(headers: &HeaderMap) -> &str {
    headers["content-security-policy"].to_str().unwrap()
}

#[test]
fn browsers_get_a_page_and_clients_what_they_always_got() {
    let server = server(vec![plain("sum")]);
    let page = get(&server, "/", &[("accept", BROWSER)]);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["vary"], "accept");
    assert!(text(&page).starts_with("<!doctype html>"));
    for accept in ["*/*", "application/json"] {
        let reply = get(&server, "/", &[("accept", accept)]);
        assert_eq!(text(&reply), r#"{"status":"alive"}"#);
        assert_eq!(reply.headers()["content-type"], "application/json");
    }
    assert_eq!(text(&get(&server, "/", &[])), r#"{"status":"alive"}"#);
}

#[test]
fn pages_run_only_scripts_of_the_server_and_ask_nobody_else() {
    let server = server(vec![plain("sum")]);
    for path in ["/", "/docs", "/docs/"] {
        let page = get(&server, path, &[("accept", BROWSER)]);
        let policy = policy(page.headers());
        for part in [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split(';').any(|own| own.trim() == part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let html = text(&page);
        for forbidden in ["<style", "style=", "onclick", "http://", "https://", "javascript:"] {
            assert!(!html.contains(forbidden), "{path}: {forbidden}");
        }
        // every script and stylesheet that the page names is there, wherever the page is
        let root = if path.ends_with("s/") { "../" } else { "" };
        let mut assets = 0;
        for part in html.split(['"']).filter(|part| part.contains("console/")) {
            let asset = part.strip_prefix(root).unwrap();
            let reply = get(&server, &format!("/{asset}"), &[]);
            assert_eq!(reply.status(), 200, "{part}");
            assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
            assets += 1;
        }
        assert!(assets >= 3, "{html}");
    }
    for module in ["console.js", "row.js", "file.js"] {
        let reply = get(&server, &format!("/console/{module}"), &[]);
        assert_eq!(reply.headers()["content-type"], "text/javascript; charset=utf-8");
    }
    assert_eq!(get(&server, "/console/other.js", &[]).status(), 404);
    let reply = ask(&server, Request::post("/docs").body(Bytes::new()).unwrap());
    assert_eq!(
        (reply.status().as_u16(), reply.headers()["allow"].to_str().unwrap()),
        (405, "GET, HEAD")
    );
}

#[test]
fn without_pages_their_paths_lead_nowhere() {
    let models = vec![plain("sum")];
    let server = Server::offline(Config { models, ui: false, ..Config::default() }).unwrap();
    let browser = &[("accept", BROWSER)];
    assert_eq!(text(&get(&server, "/", browser)), r#"{"status":"alive"}"#);
    for path in ["/docs", "/openapi.json", "/console/models", "/console/console.css"] {
        assert_eq!(get(&server, path, browser).status(), 404, "{path}");
    }
}

#[test]
fn without_a_key_nothing_is_told_of_the_models() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (key, line) = auth::make("alice").unwrap();
    std::fs::write(file.path(), line).unwrap();
    let keys = Some(ApiKeys::open(file.path().into()).unwrap());
    let models = vec![plain("secret-sum")];
    let server = Server::offline(Config { models, keys, ..Config::default() }).unwrap();
    for path in ["/", "/docs", "/console/models.js", "/console/console.css"] {
        let reply = get(&server, path, &[("accept", BROWSER)]);
        assert_eq!(reply.status(), 200, "{path}");
        assert!(!text(&reply).contains("secret-sum"), "{path}");
    }
    for path in ["/openapi.json", "/console/models", "/console/models/secret-sum", "/console/x"] {
        let refused = get(&server, path, &[("accept", BROWSER)]);
        assert_eq!(refused.status(), 401, "{path}");
        assert!(!text(&refused).contains("secret-sum"), "{path}");
        assert_ne!(get(&server, path, &[("x-api-key", key.as_str())]).status(), 401, "{path}");
    }
    let described: Value = serde_json::from_slice(
        get(&server, "/openapi.json", &[("x-api-key", key.as_str())]).body(),
    )
    .unwrap();
    assert!(described["components"]["securitySchemes"]["bearer"].is_object());
    assert!(
        described["paths"]["/v1/models/secret-sum:predict"]["post"]["responses"]["401"].is_object()
    );
}

#[test]
fn a_model_is_described_with_a_row_that_it_answers() {
    let server =
        server(vec![signed("signed"), recorded("named"), plain("plain"), documents("texts")]);
    let listed = json(&server, "/console/models");
    let names: Vec<_> = listed["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["signed", "named", "plain", "texts"]);
    for name in names {
        let model = json(&server, &format!("/console/models/{name}"));
        let example = &model["example"];
        assert_eq!(example["works"], true, "{model}");
        let body = serde_json::json!({ "instances": [example["row"]] }).to_string();
        let request =
            Request::post(format!("/v1/models/{name}:predict")).body(body.into()).unwrap();
        let reply = ask(&server, request);
        assert_eq!(reply.status(), 200, "{name}: {}", text(&reply));
    }
    let model = json(&server, "/console/models/signed");
    assert_eq!(model["form"], "named");
    let columns = model["columns"].as_array().unwrap();
    let of = |key: &str| columns.iter().map(|column| column[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("name"), ["a", "n", "t", "o"]);
    assert_eq!(of("type"), ["double", "long", "string", "double"]);
    assert_eq!(of("required"), [true, true, true, false]);
    assert_eq!(model["methods"], serde_json::json!(["predict", "decision_function", "transform"]));
    assert_eq!(json(&server, "/console/models/plain")["form"], "list");
    assert_eq!(json(&server, "/console/models/texts")["form"], "document");
    assert_eq!(get(&server, "/console/models/none", &[]).status(), 404);
    assert_eq!(get(&server, "/console/models/plain/versions/7", &[]).status(), 404);
}

/// The values of a key, wherever they stand.
fn all<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| all(item, key, found)),
        Value::Object(members) => {
            for (name, member) in members {
                if name == key {
                    found.push(member);
                }
                all(member, key, found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_example_of_the_description_is_answered() {
    for models in [
        vec![signed("signed")],
        vec![documents("texts")],
        vec![signed("signed"), recorded("named-one"), plain("plain"), documents("texts")],
    ] {
        let count = models.len();
        let server = server(models);
        let description = json(&server, "/openapi.json");
        assert_eq!(description["openapi"], "3.1.0");
        let mut asked = 0;
        for (path, item) in description["paths"].as_object().unwrap() {
            let Some(body) = item["post"]["requestBody"]["content"].as_object() else { continue };
            for (kind, content) in body {
                let one = content.get("example").map(|value| (None, value.clone()));
                let several =
                    content["examples"].as_object().into_iter().flatten().map(|(_, example)| {
                        (example["summary"].as_str(), example["value"].clone())
                    });
                for (model, example) in one.into_iter().chain(several) {
                    let body = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                    let query = model.map_or(String::new(), |model| {
                        format!("?model={}", model.replace(' ', "%20"))
                    });
                    let request =
                        Request::post(format!("{path}{query}")).header("content-type", kind);
                    let reply = ask(&server, request.body(body.into()).unwrap());
                    assert_eq!(reply.status(), 200, "{path} {kind} {example}: {}", text(&reply));
                    asked += 1;
                }
            }
        }
        assert!(asked >= 3 * count, "{asked} examples");
        let mut references = Vec::new();
        all(&description, "$ref", &mut references);
        for reference in references {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{pointer}");
        }
        let mut ids = Vec::new();
        all(&description["paths"], "operationId", &mut ids);
        let before = ids.len();
        ids.sort_by_key(ToString::to_string);
        ids.dedup();
        assert_eq!(ids.len(), before);
    }
}

#[test]
fn names_of_every_kind_stay_text() {
    let columns = r#"[{"name":"<img src=x onerror=alert(1)>","type":"double"},
        {"name":"a\"b","type":"string"},{"name":"c,d","type":"double"}]"#;
    let signature = longshore_mlflow::Signature::parse(Some(columns), None, None).unwrap();
    let inputs = longshore_engine::Inputs { columns: Some(3), ..Default::default() };
    let model = crate::model::summing(inputs, signature);
    let server = server(vec![crate::model::source("a&b'\"", model)]);
    let path = "/console/models/a%26b%27%22";
    let reply = get(&server, path, &[("accept", BROWSER)]);
    // a browser that is led here shows text, not HTML
    assert_eq!(reply.headers()["content-type"], "application/json");
    assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
    let described: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(described["columns"][0]["name"], "<img src=x onerror=alert(1)>");
    let api = json(&server, "/openapi.json");
    assert!(api["paths"]["/v1/models/a%26b%27%22:predict"]["post"].is_object());
    assert_eq!(
        api["paths"]["/v1/models/a%26b%27%22:predict"]["post"]["operationId"],
        "predict_a_b__"
    );
    let csv = api["paths"]["/invocations"]["post"]["requestBody"]["content"]["text/csv"]["example"]
        .as_str()
        .unwrap();
    assert!(csv.starts_with("<img src=x onerror=alert(1)>,\"a\"\"b\",\"c,d\"\n"), "{csv}");
}
