//! Who may ask, how often, and from which web pages.

use std::{fs, net::SocketAddr};

use longshore_daemon::server::auth;
use longshore_gateway::{
    Config,
    security::{Security, Settings},
};
use longshore_platform::policy::Auth;
use serde_json::{Value, json};

use crate::{
    replica::Replica,
    running::{HOST, REVISION, Reply, Running, config, facts, start},
};

/// The service that [`Running::route`] makes, with a policy.
fn route(gateway: &Running, policy: &Value, replica: SocketAddr) {
    gateway.route(facts(), &[replica]);
    let service = json!({
        "namespace": "ml", "name": "iris", "at": [format!("http://{HOST}")], "policy": policy,
        "components": { "predictor": { "traffic": [{ "revision": REVISION, "percent": 100 }] } },
    });
    gateway.table.set_service(&serde_json::from_value(service).unwrap()).unwrap();
}

fn ask(gateway: &Running, headers: &str) -> Reply {
    gateway.send(&format!("GET /v2/models/iris HTTP/1.1\r\nhost: {HOST}\r\n{headers}\r\n"))
}

#[test]
fn a_client_without_a_key_does_not_reach_the_replica() {
    let folder = tempfile::tempdir().unwrap();
    let (key, line) = auth::make("team-a").unwrap();
    fs::write(folder.path().join("keys"), line).unwrap();
    let keys = auth::ApiKeys::open(folder.path().join("keys")).unwrap();
    let settings = Settings { auth: Auth::None, keys: Some(keys), tokens: None };
    let replica = Replica::saying("ok");
    let gateway = start(Config { security: Security::new(settings), ..config() });
    route(&gateway, &json!({ "auth": "api-key", "clients": ["team-a"] }), replica.address);
    let refused = ask(&gateway, "");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"longshore\""));
    assert_eq!(ask(&gateway, "x-api-key: ls_wrong\r\n").status, 401);
    assert_eq!(replica.seen().len(), 0);
    assert_eq!(ask(&gateway, &format!("authorization: Bearer {key}\r\n")).status, 200);
    assert_eq!(replica.seen()[0].header("authorization"), None, "the key is not the model's");
    let count = gateway.metric("longshore_gateway_refused_total", &["unknown"]);
    assert_eq!(count, 2.0);
    // the gateway as a whole asks nobody
    route(&gateway, &json!({}), replica.address);
    assert_eq!(ask(&gateway, "").status, 200);
}

#[test]
fn a_client_that_asks_too_often_is_told_when_to_ask_again() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    let rate = json!({ "count": 2, "periodSeconds": 60, "burst": 2, "per": "client" });
    route(&gateway, &json!({ "rates": [rate] }), replica.address);
    assert_eq!((ask(&gateway, "").status, ask(&gateway, "").status), (200, 200));
    let refused = ask(&gateway, "x-forwarded-for: 203.0.113.9\r\n");
    assert_eq!(refused.status, 429, "a client cannot say that it is another");
    assert!(refused.error().contains("ask again in"), "{}", refused.body);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(replica.seen().len(), 2);
    // what stands in front of the gateway says who it is
    let gateway = start(Config { trust_forwarded: true, ..config() });
    route(&gateway, &json!({ "rates": [rate] }), replica.address);
    for (address, status) in [("1", 200), ("1", 200), ("1", 429), ("2", 200)] {
        let reply = ask(&gateway, &format!("x-forwarded-for: 9.9.9.9, 203.0.113.{address}\r\n"));
        assert_eq!(reply.status, status, "{address}");
    }
}

#[test]
fn a_web_page_may_ask_when_its_origin_is_named() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    let origins = json!([{ "exact": "https://a.example" }]);
    route(&gateway, &json!({ "cors": origins, "auth": "api-key" }), replica.address);
    let preflight = |origin: &str| {
        gateway.send(&format!(
            "OPTIONS /v2/models/iris HTTP/1.1\r\nhost: {HOST}\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\r\n"
        ))
    };
    let allowed = preflight("https://a.example");
    assert_eq!(allowed.status, 204, "browsers send no keys with their question");
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://a.example"));
    assert_eq!(preflight("https://b.example").status, 403);
    // a page may read why it is refused
    let refused = ask(&gateway, "origin: https://a.example\r\n");
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://a.example"));
    assert_eq!(replica.seen().len(), 0);
}
