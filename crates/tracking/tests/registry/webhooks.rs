use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use longshore_tracking::{
    Settings,
    webhooks::{self, Fernet},
};
use ring::hmac;
use serde_json::{Value, json};

use crate::server::Server;

/// Headers, in lower case, and the body of a request.
type Told = (Vec<(String, String)>, String);

/// Listens for deliveries and answers each with a status.
fn listener(status: u16) -> (String, Receiver<Told>) {
    slow_listener(status, Duration::ZERO)
}

/// As [`listener`], after a while.
fn slow_listener(status: u16, pause: Duration) -> (String, Receiver<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (send, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut headers = Vec::new();
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                let pair = line.trim().split_once(": ");
                headers.extend(pair.map(|(name, value)| (name.to_lowercase(), value.to_owned())));
            }
            let length = headers.iter().find(|(name, _)| name == "content-length").unwrap();
            let mut body = vec![0; length.1.parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            thread::sleep(pause);
            let reply =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            stream.get_mut().write_all(reply.as_bytes()).unwrap();
            if send.send((headers, String::from_utf8(body).unwrap())).is_err() {
                return;
            }
        }
    });
    (url, told)
}

fn open() -> Settings {
    let key = Fernet::parse("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=").unwrap();
    let webhooks = webhooks::Settings {
        schemes: vec!["http".to_owned()],
        allow_private: true,
        key: Some(key),
        timeout: Duration::from_secs(5),
        retries: 0,
    };
    Settings { webhooks, ..Settings::default() }
}

fn hook(server: &Server, url: &str, secret: &str, events: &[(&str, &str)]) -> Value {
    let events: Vec<_> =
        events.iter().map(|(entity, action)| json!({"entity": entity, "action": action})).collect();
    let asked = json!({"name": "hook", "url": url, "secret": secret, "events": events});
    server.post("webhooks", &asked)["webhook"].clone()
}

fn next(told: &Receiver<Told>) -> Told {
    told.recv_timeout(Duration::from_secs(20)).unwrap()
}

#[test]
fn those_who_asked_are_told_and_can_verify_it() {
    let server = Server::start(open());
    let (url, told) = listener(200);
    let made = hook(
        &server,
        &url,
        "the secret",
        &[("REGISTERED_MODEL", "CREATED"), ("MODEL_VERSION_ALIAS", "CREATED")],
    );
    assert!(made.get("secret").is_none(), "a secret is never told");
    server.post(
        "registered-models/create",
        &json!({"name": "m", "tags": [{"key": "k", "value": "v"}]}),
    );
    let (headers, body) = next(&told);
    let parsed: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&parsed["entity"], &parsed["action"]),
        (&json!("registered_model"), &json!("created"))
    );
    assert_eq!(parsed["data"], json!({"name": "m", "tags": {"k": "v"}, "description": ""}));
    let header = |name: &str| headers.iter().find(|(it, _)| it == name).unwrap().1.as_str();
    let signed =
        format!("{}.{}.{body}", header("x-mlflow-delivery-id"), header("x-mlflow-timestamp"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"the secret");
    let signature = header("x-mlflow-signature").strip_prefix("v1,").unwrap();
    hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(signature).unwrap()).unwrap();

    server.post("model-versions/create", &json!({"name": "m", "source": "s3://b/k"}));
    let refused = json!({"name": "m", "alias": "a", "version": "7"});
    assert_eq!(server.send("POST", "registered-models/alias", &refused).0, 404);
    server.post("registered-models/alias", &json!({"name": "m", "alias": "a", "version": "1"}));
    let (_, body) = next(&told);
    let parsed: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        parsed["entity"], "model_version_alias",
        "neither the version nor the refusal: {body}"
    );
    assert_eq!(parsed["data"], json!({"name": "m", "alias": "a", "version": "1"}));

    let id = made["webhook_id"].as_str().unwrap();
    assert_eq!(server.send("DELETE", &format!("webhooks/{id}"), &json!({})).0, 200);
    assert_eq!(server.get(&format!("webhooks/{id}"), &[]).0, 404);
    server.post("registered-models/create", &json!({"name": "n"}));
    assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
}

#[test]
fn what_waits_is_told_before_the_server_ends() {
    let server = Server::start(open());
    let (url, told) = slow_listener(200, Duration::from_millis(30));
    hook(&server, &url, "", &[("REGISTERED_MODEL", "CREATED")]);
    for number in 0..20 {
        server.post("registered-models/create", &json!({"name": format!("m{number}")}));
    }
    drop(server);
    assert_eq!(told.try_iter().count(), 20);
}

#[test]
fn a_webhook_can_be_tried_changed_and_listed() {
    let server = Server::start(open());
    let (url, told) = listener(418);
    let made = hook(&server, &url, "", &[("PROMPT", "CREATED")]);
    let id = made["webhook_id"].as_str().unwrap();
    let tried = server.post(&format!("webhooks/{id}/test"), &json!({}));
    assert_eq!(
        tried["result"],
        json!({"success": false, "response_status": 418, "response_body": "ok"})
    );
    let (headers, body) = next(&told);
    assert!(body.contains("example_prompt"), "{body}");
    assert!(!headers.iter().any(|(name, _)| name == "x-mlflow-signature"));
    let change =
        json!({"status": "DISABLED", "events": [{"entity": "PROMPT_TAG", "action": "SET"}]});
    let (_, changed) = server.send("PATCH", &format!("webhooks/{id}"), &change);
    assert_eq!(changed["webhook"]["status"], "DISABLED");
    assert_eq!(changed["webhook"]["events"], change["events"]);
    hook(&server, &url, "", &[("PROMPT", "CREATED")]);
    let (_, page) = server.get("webhooks", &[("max_results", "1")]);
    assert_eq!(page["webhooks"].as_array().unwrap().len(), 1);
    let token = page["next_page_token"].as_str().unwrap();
    let (_, page) = server.get("webhooks", &[("max_results", "1"), ("page_token", token)]);
    assert_eq!(page["webhooks"].as_array().unwrap().len(), 1);
    assert!(page.get("next_page_token").is_none());
    let wrong =
        json!({"name": "x", "url": url, "events": [{"entity": "PROMPT", "action": "DELETED"}]});
    let (status, reply) = server.send("POST", "webhooks", &wrong);
    assert_eq!(status, 400);
    assert_eq!(
        reply["message"],
        "Invalid action 'deleted' for entity 'prompt'. Valid actions are: ['created']"
    );
}

#[test]
fn a_name_is_what_mlflow_takes() {
    let server = Server::start(open());
    let longest = "A".repeat(63);
    for (name, wanted) in [
        ("WebHook_1-a.b", 200),
        ("7", 200),
        (&longest, 200),
        (&format!("{longest}A"), 400),
        ("-a", 400),
        ("a.", 400),
        ("a b", 400),
        ("ä", 400),
        ("", 400),
    ] {
        let events = json!([{"entity": "PROMPT", "action": "CREATED"}]);
        let asked = json!({"name": name, "url": "http://127.0.0.1:9/x", "events": events});
        let (status, reply) = server.send("POST", "webhooks", &asked);
        assert_eq!(status, wanted, "{name}: {reply}");
    }
}

#[test]
fn the_server_calls_nobody_inside_of_its_network() {
    let mut settings = open();
    settings.webhooks.allow_private = false;
    settings.webhooks.schemes.push("https".to_owned());
    let server = Server::start(settings);
    let events = json!([{"entity": "PROMPT", "action": "CREATED"}]);
    let inner = [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://169.254.169.254/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://10.0.0.1/x",
        "ftp://8.8.8.8/x",
        "https:///x",
        "https://",
        " ",
        "file:///etc/passwd",
    ];
    for url in inner {
        let asked = json!({"name": "hook", "url": url, "events": events});
        let (status, reply) = server.send("POST", "webhooks", &asked);
        assert_eq!(status, 400, "{url}: {reply}");
    }
    let asked = json!({"name": "hook", "url": "https://8.8.8.8/x", "events": events});
    let id = server.post("webhooks", &asked)["webhook"]["webhook_id"].clone();
    let change = json!({"url": "http://127.0.0.1:9/x"});
    let (status, _) = server.send("PATCH", &format!("webhooks/{}", id.as_str().unwrap()), &change);
    assert_eq!(status, 400);
}
