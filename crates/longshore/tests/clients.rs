//! `bench` and `smoke-test` against the real server, and against servers that misbehave.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_longshore");

/// A running `longshore serve`, killed at the end.
struct Server(Child, SocketAddr);

impl Server {
    fn start(models: &[&str]) -> Self {
        let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = probe.local_addr().expect("an address");
        drop(probe);
        let port = address.port().to_string();
        let mut command = Command::new(PROGRAM);
        command.arg("serve").args(models).args(["--port", &port]);
        let child = command.stderr(Stdio::null()).spawn().expect("the program starts");
        Self(child, address)
    }

    fn url(&self) -> String {
        format!("http://{}", self.1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does with each connection, one after another, what `act` says; the request has been read.
fn misbehaving(act: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            while read_head(&mut reader) {
                let copy = reader.get_ref().try_clone().expect("a copy");
                act(copy);
            }
        }
    });
    format!("http://{address}/page")
}

/// Whether another request came.
fn read_head(reader: &mut impl BufRead) -> bool {
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
        if line == "\r\n" {
            return true;
        }
        line.clear();
    }
    false
}

fn longshore(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().expect("the program starts")
}

fn report(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no report: {text}{complaint}"))
}

fn bench(arguments: &[&str]) -> (Value, bool) {
    let output = longshore(&[&["bench", "--json"], arguments].concat());
    (report(&output), output.status.success())
}

#[test]
fn failures_are_told_apart() {
    let send = |text: &'static str| move |mut to: TcpStream| drop(to.write_all(text.as_bytes()));
    let close = |stream: TcpStream| drop(stream.shutdown(std::net::Shutdown::Both));
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}/", listener.local_addr().expect("an address"))
    };
    let short = misbehaving(move |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort");
        close(stream);
    });
    let cases = [
        (format!("{refused}page"), "connect_refused"),
        ("http://no-such-name.invalid/page".into(), "resolve"),
        (misbehaving(close), "closed"),
        (short, "short_body"),
        (misbehaving(|_| thread::sleep(Duration::from_secs(2))), "timeout"),
        (misbehaving(send("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")), "status_5xx"),
        (misbehaving(send("HTTP/1.1 429 No\r\ncontent-length: 0\r\n\r\n")), "status_4xx"),
        (misbehaving(send("HTTP/1.1 302 No\r\ncontent-length: 0\r\n\r\n")), "status_3xx"),
        (misbehaving(send("no HTTP at all\r\n\r\n")), "protocol"),
    ];
    for (url, kind) in cases {
        let arguments = [&url, "-n", "3", "-c", "1", "--timeout", "0.5"];
        let (report, passed) = bench(&arguments);
        assert_eq!(report["failures"], serde_json::json!({kind: 3}), "{url}: {report}");
        assert_eq!((report["ok"].as_u64(), passed), (Some(0), false), "{kind}: {report}");
        assert_eq!(report["first_failures"][0]["kind"], kind, "{report}");
    }
}

#[test]
fn a_connection_that_the_server_closes_between_requests_is_no_failure() {
    let polite = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let url = misbehaving(move |mut stream| {
        let _ = stream.write_all(polite.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    let (report, passed) = bench(&[&url, "-n", "50", "-c", "1", "--max-failures", "0"]);
    assert!(passed, "{report}");
    assert_eq!(report["ok"], 50);
    assert_eq!(report["connections_opened"], 50);
}

#[test]
fn a_slow_answer_counts_for_the_requests_that_wait_behind_it() {
    // the first answer takes 500 ms, the others none
    let slow = std::sync::atomic::AtomicBool::new(true);
    let url = misbehaving(move |mut stream| {
        if slow.swap(false, std::sync::atomic::Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(500));
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    let (report, _) = bench(&[&url, "-c", "1", "-n", "100", "--rate", "100"]);
    assert_eq!(report["ok"], 100, "{report}");
    // 50 of 100 requests were due in the first half second
    let median = report["latency_ms"]["p50"].as_f64().expect("a time");
    let late = report["latency_ms"]["p90"].as_f64().expect("a time");
    assert!(late > 200.0, "{report}");
    assert!(median < late, "{report}");
    assert!(report["behind_seconds"].as_f64().expect("a time") > 0.2, "{report}");
}

#[test]
fn a_model_is_benched_in_each_protocol_and_the_limit_of_failures_holds() {
    let server = Server::start(&["example://recruitment-rank"]);
    let url = server.url();
    let waiting = ["smoke-test", &url, "--wait", "20"];
    assert!(longshore(&waiting).status.success());
    for path in [
        "",
        "/v1/models/recruitment-rank:predict",
        "/v2/models/recruitment-rank/infer",
        "/invocations",
    ] {
        for example in [&["--example", "recruitment-rank"][..], &[]] {
            let url = format!("{url}{path}");
            let arguments = [&[&*url, "-n", "20", "--max-failures", "0"], example].concat();
            let (report, passed) = bench(&arguments);
            assert!(passed && report["ok"] == 20, "{path}: {report}");
            assert_eq!(report["statuses"], serde_json::json!({"200": 20}), "{report}");
        }
    }
    // two servers in turn, one of which is not there
    let gone = misbehaving(|stream| drop(stream.shutdown(std::net::Shutdown::Both)));
    let page = format!("{url}/health/ready");
    let (report, passed) = bench(&[&page, &gone, "-n", "40", "--max-failures", "19"]);
    assert_eq!(
        (report["ok"].as_u64(), report["failed"].as_u64()),
        (Some(20), Some(20)),
        "{report}"
    );
    assert!(!passed);
    let (report, passed) = bench(&[&page, "-n", "10", "--new-connections", "--max-failures", "0"]);
    assert!(passed && report["connections_opened"] == 10, "{report}");
}

#[test]
fn progress_is_a_line_a_second_and_term_ends_the_load_with_its_report() {
    let server = Server::start(&["example://wine"]);
    let url = server.url();
    let arguments =
        ["bench", &url, "-d", "0", "--rate", "50", "--progress", "--json", "--model", "wine"];
    assert!(longshore(&["smoke-test", &url, "--wait", "20"]).status.success());
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("its errors")).lines();
    for second in 1..=2 {
        let line = lines.next().expect("a line").expect("text");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(line["second"], second);
        assert!(line["ok"].as_u64() > Some(0) && line["failed"] == 0, "{line}");
    }
    let stopped = Instant::now();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    let mut text = String::new();
    child.stdout.take().expect("its output").read_to_string(&mut text).expect("text");
    assert!(child.wait().expect("an end").success());
    assert!(stopped.elapsed() < Duration::from_secs(5));
    let report: Value = serde_json::from_str(&text).expect("a report");
    assert!(report["ok"].as_u64() >= Some(90), "{report}");
}

#[test]
fn a_smoke_test_passes_on_a_server_and_names_what_fails() {
    let server = Server::start(&["example://wine", "example://chatbot-intents"]);
    let url = server.url();
    let folder = tempfile::tempdir().expect("a folder");
    let junit = folder.path().join("smoke.xml");
    let file = junit.to_str().expect("a path");
    let output = longshore(&["smoke-test", &url, "--wait", "20", "--json", "--junit", file]);
    let all = report(&output);
    assert!(output.status.success(), "{all}");
    assert_eq!((all["failed"].as_u64(), all["skipped"].as_u64()), (Some(0), Some(0)), "{all}");
    assert!(all["passed"].as_u64() > Some(14), "{all}");
    let xml = std::fs::read_to_string(&junit).expect("the file");
    assert!(xml.contains("name=\"wine v2 infer\"") && xml.contains("failures=\"0\""), "{xml}");

    let example = ["smoke-test", &url, "--model", "wine", "--example", "wine", "--json"];
    let output = longshore(&example);
    assert!(output.status.success(), "{}", report(&output));
    let invocations = format!("{url}/invocations");
    let (one, passed) = bench(&[&invocations, "-n", "5", "--model", "wine", "--max-failures", "0"]);
    assert!(passed, "{one}");

    let output = longshore(&["smoke-test", &url, "--model", "no-such-model", "--json"]);
    let all = report(&output);
    assert!(!output.status.success() && all["failed"].as_u64() > Some(0), "{all}");
    let body = folder.path().join("body.json");
    std::fs::write(&body, r#"{"instances": [[1, 2]]}"#).expect("a file");
    let body = body.to_str().expect("a path");
    let output = longshore(&["smoke-test", &url, "--model", "wine", "--body", body]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && text.contains("the model takes 13"), "{text}");
}

#[test]
fn a_dead_address_is_one_line_and_the_next_step() {
    let dead = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").to_string()
    };
    let (url, page) = (format!("http://{dead}"), format!("http://{dead}/model.pkl"));
    for arguments in [&["smoke-test", &url][..], &["bench", &url], &["inspect", &page]] {
        let output = longshore(arguments);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(!output.status.success(), "{text}");
        let told: Vec<&str> = text.lines().filter(|line| !line.starts_with("next: ")).collect();
        assert_eq!(told.len(), 1, "{text}");
        assert!(text.starts_with("error: ") && text.contains(&url), "{text}");
        assert_eq!(text.matches("onnection refused").count(), 1, "{text}");
    }
}

#[test]
fn a_smoke_test_of_nothing_fails_and_of_another_server_skips() {
    let output = longshore(&["smoke-test", "http://127.0.0.1:1", "--json"]);
    let all = report(&output);
    assert!(!output.status.success());
    assert_eq!(
        (all["failed"].as_u64(), all["checks"][0]["name"].as_str()),
        (Some(1), Some("live"))
    );
    // a server of another kind that has no V1, no list of models and no metrics
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            other_server(stream);
        }
    });
    let output = longshore(&["smoke-test", &url, "--model", "m", "--json"]);
    let all = report(&output);
    assert!(output.status.success(), "{all}");
    let results: Vec<_> = all["checks"].as_array().expect("checks").iter().collect();
    let of = |name: &str| {
        let check = results.iter().find(|check| check["name"] == name);
        check.unwrap_or_else(|| panic!("no {name} in {all}"))["result"].clone()
    };
    for (name, result) in [
        ("live", "pass"),
        ("m v1 predict", "skip"),
        ("m v2 infer", "pass"),
        ("m invocations", "skip"),
        ("m bad input", "pass"),
        ("metrics", "skip"),
    ] {
        assert_eq!(of(name), result, "{name} in {all}");
    }
    let asked = longshore(&["smoke-test", &url, "--model", "m", "--metrics-url", &url]);
    assert!(!asked.status.success(), "metrics that are asked for by name must be there");
}

/// Speaks V2 alone.
fn other_server(stream: TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    if reader.read_line(&mut head).is_err() {
        return;
    }
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line != "\r\n" {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let (status, reply) = match head.split_whitespace().nth(1).unwrap_or_default() {
        "/v2/health/live" | "/v2/health/ready" | "/v2/models/m/ready" => ("200 OK", ""),
        "/v2" => ("200 OK", r#"{"name":"other","version":"1"}"#),
        "/v2/models/m" => (
            "200 OK",
            r#"{"name":"m","platform":"p","inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}]}"#,
        ),
        "/v2/models/m/infer" if body.len() < 5 => ("400 Bad Request", r#"{"error":"no"}"#),
        "/v2/models/m/infer" => (
            "200 OK",
            r#"{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[0,1]}]}"#,
        ),
        _ => ("404 Not Found", "nothing"),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", reply.len());
    let _ = reader.get_mut().write_all(format!("{head}{reply}").as_bytes());
}
