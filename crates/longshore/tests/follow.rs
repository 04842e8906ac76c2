//! Models on this machine that are bad, and that become others while they are served.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_longshore");

/// How long what is looked for every second may take to be seen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `longshore serve`, killed at the end.
struct Server {
    child: Child,
    address: String,
    /// The messages of its log, from when it listens.
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--port", "0", "--log-format", "json"]).args(arguments);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("a log")).lines();
        let lines = log.by_ref().map_while(Result::ok);
        let address =
            lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok()).find_map(|line| {
                let listening = line["message"].as_str()?.starts_with("listening on ");
                listening.then(|| line["address"].as_str().map(str::to_owned))?
            });
        let messages = Arc::new(Mutex::new(Vec::new()));
        let kept = messages.clone();
        thread::spawn(move || {
            for line in log.map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                let message = line["message"].as_str().unwrap_or_default().to_owned();
                kept.lock().expect("a log").push(message);
            }
        });
        let address = address.expect("the log names the address");
        Self { child, address, log: messages }
    }

    /// The messages that contain a text.
    fn logged(&self, text: &str) -> Vec<String> {
        let log = self.log.lock().expect("a log");
        log.iter().filter(|message| message.contains(text)).cloned().collect()
    }

    fn ask(&self, method: &str, path: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("the server reads");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("a reply");
        let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = reply.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        (status.unwrap_or_else(|| panic!("no reply: {reply}")), body)
    }

    /// The line of a model in the index.
    fn index(&self, name: &str) -> Value {
        let (status, index) = self.ask("POST", "/v2/repository/index");
        assert_eq!(status, 200);
        let lines = index.as_array().expect("a list").iter();
        let found = lines.into_iter().find(|line| line["name"] == name);
        found.expect("a line of the model").clone()
    }

    fn inputs(&self, name: &str) -> Value {
        self.ask("GET", &format!("/v2/models/{name}")).1["inputs"].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Lets a folder hold the model of an example.
fn put(example: &str, folder: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example);
    for entry in fs::read_dir(from.join("model")).expect("an example") {
        let entry = entry.expect("a file");
        fs::copy(entry.path(), folder.join(entry.file_name())).expect("a copy");
    }
}

#[test]
fn a_model_that_is_replaced_is_reloaded_and_a_bad_replacement_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("text");
    put("wine", folder.path());
    let server = Server::start(&[&format!("it={path}"), "example://wine", "--poll", "1"]);
    let inputs = server.inputs("it");
    assert_eq!(inputs, server.inputs("wine"));
    put("classification", folder.path());
    until("the other model is served", || server.inputs("it") != inputs);
    let inputs = server.inputs("it");
    fs::write(folder.path().join("MLmodel"), "flavors: 7").expect("a file");
    until("the index names the bad replacement", || server.index("it")["reason"] != "");
    assert_eq!(server.index("it")["state"], "READY");
    assert_eq!(server.inputs("it"), inputs);
    put("wine", folder.path());
    until("the model is mended", || server.inputs("it") != inputs);
    assert_eq!(server.index("it")["reason"], "");
}

#[test]
fn a_model_that_is_removed_is_told_once_with_its_path_and_once_when_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let [gone, other, aside] = ["gone", "other", "aside"].map(|name| folder.path().join(name));
    for path in [&gone, &other] {
        fs::create_dir(path).expect("a folder");
        put("wine", path);
    }
    let arguments = [&gone, &other].map(|path| path.display().to_string());
    let server = Server::start(&[&arguments[0], &arguments[1], "--poll", "1"]);
    let inputs = server.inputs("other");
    fs::rename(&gone, &aside).expect("the folder goes");
    until("it is told", || !server.logged("model `gone` stays").is_empty());
    // a change is taken at the second look that finds it, so there were more looks at the other
    put("classification", &other);
    until("the other model is replaced", || server.inputs("other") != inputs);
    let told = server.logged("model `gone` stays");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&format!("failed to read `{}`: ", gone.display())), "{told:?}");
    assert_eq!(server.ask("GET", "/v1/models/gone").0, 200);
    fs::rename(&aside, &gone).expect("the folder comes back");
    until("it is told", || !server.logged("model `gone` is found again").is_empty());
}

#[test]
fn a_model_that_is_bad_at_the_start_is_named_and_served_once_it_is_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("late");
    let argument = format!("late={}", path.display());
    let server = Server::start(&["example://wine", &argument, "--poll", "1"]);
    let (status, ready) = server.ask("GET", "/v2/health/ready");
    assert_eq!((status, &ready["ready"]), (200, &json!(true)));
    assert_eq!(ready["unavailable"][0]["name"], "late");
    assert_eq!(server.index("late")["state"], "UNAVAILABLE");
    assert_eq!(server.ask("GET", "/v1/models/late").0, 503);
    assert_eq!(server.ask("GET", "/v1/models/wine").0, 200);
    fs::create_dir(&path).expect("a folder");
    put("wine", &path);
    until("the model is served", || server.ask("GET", "/v1/models/late").0 == 200);
}

fn fails(arguments: &[&str]) -> String {
    let output: Output = Command::new(PROGRAM)
        .args(["serve", "--port", "0"])
        .args(arguments)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_program_ends_when_nothing_can_be_served_or_it_is_strict() {
    assert!(fails(&["bad=/no/such"]).contains("`/no/such`"));
    assert!(fails(&["a=/no/such/a", "b=/no/such/b"]).contains("`/no/such/a`"));
    assert!(fails(&["--strict", "example://wine", "bad=/no/such"]).contains("`/no/such`"));
}

#[test]
fn a_chain_is_loaded_again_when_one_of_its_files_is_replaced() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden");
    let case = golden.join("sklearn-1.9.1/chain-scaler-logistic");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| {
        let path = folder.path().join(name);
        fs::copy(case.join(name), &path).expect("a copy");
        path
    };
    let (scaler, model) = (path("scaler.pkl"), path("model.joblib.gz"));
    let argument = format!("{}+{}", scaler.display(), model.display());
    let server = Server::start(&[&argument, "--poll", "1"]);
    assert_eq!(server.ask("GET", "/v1/models/model").0, 200);
    fs::write(&scaler, "lost").expect("a file");
    let reason = || server.index("model")["reason"].as_str().unwrap_or_default().to_owned();
    until("the index names the file", || reason().contains("scaler.pkl` is text"));
    assert_eq!(server.index("model")["state"], "READY");
}
