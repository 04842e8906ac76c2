//! The routes of artifacts, asked over a raw socket: a client library would tidy the paths up.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

#[path = "shared/database.rs"]
mod database;

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    thread,
};

use longshore_tracking::{Config, Settings, Store, Tracking};

/// What no answer may hold: the content of files outside of the root.
const CANARY: &str = "canary-5ce1f0";

struct Served {
    folder: tempfile::TempDir,
    uri: String,
    address: SocketAddr,
}

impl Served {
    /// A server whose destination is `folder/root`, with a canary beside it and one at its own path.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(folder.path().join("canary"), CANARY).unwrap();
        let uri = database::new(folder.path());
        let destination = Some(root.display().to_string());
        let settings = Settings { artifacts_destination: destination, ..Settings::default() };
        Self::over(folder, uri, settings)
    }

    /// A server over a database.
    fn over(folder: tempfile::TempDir, uri: String, settings: Settings) -> Self {
        let store = Store::open(&uri).unwrap();
        let mut config = Config::new(store, settings);
        (config.port, config.threads) = (0, 1);
        let server = Tracking::bind(config).unwrap();
        let (address, drain) = (server.address(), server.drain());
        thread::spawn(move || server.run(async move { drain.begun().await }));
        Self { folder, uri, address }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// The status, and the whole answer.
    fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
        let mut socket = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        write!(
            socket,
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("{method} {target}: {answer}")), answer)
    }

    fn post(&self, path: &str, body: &str) -> String {
        let json = "content-type: application/json\r\n";
        let (status, answer) = self.ask("POST", &format!("/api/2.0/mlflow/{path}"), json, body);
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }

    /// A run of a new experiment with such a location.
    fn run(&self, name: &str, location: &str) -> String {
        let answer = self.post(
            "experiments/create",
            &format!(r#"{{"name":"{name}","artifact_location":"{location}"}}"#),
        );
        self.run_of(&field(&answer, "experiment_id"))
    }

    /// A run of an experiment.
    fn run_of(&self, experiment: &str) -> String {
        let body = format!(r#"{{"experiment_id":"{experiment}"}}"#);
        field(&self.post("runs/create", &body), "run_id")
    }
}

/// The text of a field of an answer.
fn field(answer: &str, name: &str) -> String {
    let mark = format!("\"{name}\":\"");
    let (_, rest) = answer.split_once(&mark).unwrap_or_else(|| panic!("no {name} in {answer}"));
    rest.split('"').next().unwrap().to_owned()
}

/// All files below a folder, with their bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

/// Ways to name the canary, which is beside the root, from a folder of it.
fn corpus(served: &Served) -> Vec<String> {
    let absolute = served.folder.path().join("canary").display().to_string();
    let mut plain = vec![absolute.clone(), format!("/{absolute}"), format!("file://{absolute}")];
    plain.push(format!("//proc/self/root{absolute}"));
    for up in ["..", "../..", "../../..", "../../../../../../../.."] {
        for start in ["", "a/", "./", "a/b/c/"] {
            plain.push(format!("{start}{up}/canary"));
            plain.push(format!("{start}{up}{absolute}"));
        }
        plain.push(format!("{up}/canary").replace('/', r"\"));
        plain.push(format!("{}/canary", up.replace("..", "..;")));
        plain.push(format!("x;/{up}/canary"));
    }
    plain.extend(
        ["link/canary", "file", "up/root/../canary", "a/link/../../canary"].map(Into::into),
    );
    let mut all = Vec::new();
    for path in plain {
        let mut sent = path;
        for _ in 0..4 {
            let dots = sent.replace('.', "%2e");
            let whole: String =
                sent.bytes().fold(String::new(), |all, it| all + &format!("%{it:02X}"));
            all.extend([dots, format!("{sent}%00"), format!("{sent}%23"), format!("{sent}%3F")]);
            all.push(sent);
            sent = whole;
        }
    }
    all
}

#[test]
fn no_path_of_the_proxy_leaves_its_root() {
    let served = Served::new();
    let root = served.root();
    fs::create_dir_all(root.join("a/b/c")).unwrap();
    symlink(served.folder.path(), root.join("link")).unwrap();
    symlink(served.folder.path(), root.join("up")).unwrap();
    symlink(served.folder.path().join("canary"), root.join("file")).unwrap();
    let run = served.run("proxied", "mlflow-artifacts:/a/b");
    let model = field(&served.post("logged-models", r#"{"experiment_id":"1"}"#), "model_id");
    served.post("registered-models/create", r#"{"name":"m"}"#);
    let source = format!("mlflow-artifacts:/a/b/{run}/artifacts");
    let version = format!(r#"{{"name":"m","source":"{source}","run_id":"{run}"}}"#);
    served.post("model-versions/create", &version);
    let outside = |served: &Served| {
        let all = files(served.folder.path()).into_iter();
        let is_stored = |path: &Path| path.display().to_string().contains("/mlflow.db");
        all.filter(|(path, _)| !path.starts_with(&root) && !is_stored(path)).collect::<Vec<_>>()
    };
    let before = outside(&served);
    for path in corpus(&served) {
        for prefix in ["/api", "/ajax-api"] {
            let proxy = format!("{prefix}/2.0/mlflow-artifacts/artifacts");
            let mpu = format!("{prefix}/2.0/mlflow-artifacts/mpu");
            let of_model = format!("{prefix}/2.0/mlflow/logged-models/{model}/artifacts");
            let of_run = format!("run_id={run}&run_uuid={run}");
            let asked = [
                ("GET", format!("{proxy}/{path}")),
                ("GET", format!("{proxy}?path={path}")),
                ("PUT", format!("{proxy}/{path}")),
                ("DELETE", format!("{proxy}/{path}")),
                ("GET", format!("{prefix}/2.0/mlflow-artifacts/presigned/{path}")),
                ("GET", format!("{prefix}/2.0/mlflow/artifacts/list?{of_run}&path={path}")),
                ("GET", format!("/get-artifact?{of_run}&path={path}")),
                ("POST", format!("{prefix}/2.0/mlflow/upload-artifact?{of_run}&path={path}")),
                ("GET", format!("/model-versions/get-artifact?name=m&version=1&path={path}")),
                ("GET", format!("{of_model}/directories?artifact_directory_path={path}")),
                ("GET", format!("{of_model}/files?artifact_file_path={path}")),
                ("POST", format!("{mpu}/create/{path}")),
                ("POST", format!("{mpu}/complete/{path}")),
                ("POST", format!("{mpu}/abort/{path}")),
            ];
            for (method, target) in asked {
                let (status, answer) = served.ask(method, &target, "", "written");
                assert!(!answer.contains(CANARY), "{method} {target}: {answer}");
                assert!(status < 500 || status == 501, "{method} {target}: {answer}");
            }
        }
    }
    assert_eq!(outside(&served), before);
    let kept = fs::symlink_metadata(root.join("link")).unwrap();
    assert!(kept.is_symlink());
}

#[test]
fn a_location_that_a_client_names_opens_no_file_of_the_server() {
    let served = Served::new();
    let beside = served.folder.path().display().to_string();
    let inside = served.root().join("r").display().to_string();
    fs::create_dir(&inside).unwrap();
    fs::write(format!("{inside}/a.txt"), "wanted").unwrap();
    let locations = [
        beside.clone(),
        format!("file://{beside}"),
        format!("file://localhost{beside}"),
        format!("FILE:{beside}"),
        format!("//proc/self/root{beside}"),
        format!("mlflow-artifacts:{beside}"),
        "s3://bucket/x".to_owned(),
    ];
    for (at, location) in locations.iter().enumerate() {
        let json = "content-type: application/json\r\n";
        let body = format!(r#"{{"name":"e{at}","artifact_location":"{location}"}}"#);
        let target = "/api/2.0/mlflow/experiments/create";
        let (status, answer) = served.ask("POST", target, json, &body);
        if status == 400 {
            continue;
        }
        let experiment = field(&answer, "experiment_id");
        let run = served.post("runs/create", &format!(r#"{{"experiment_id":"{experiment}"}}"#));
        let run = field(&run, "run_id");
        for path in ["canary", "../canary", "../../canary", "../../../canary"] {
            for target in [
                format!("/get-artifact?run_id={run}&path={path}"),
                format!("/api/2.0/mlflow/artifacts/list?run_id={run}&path={path}"),
            ] {
                let (status, answer) = served.ask("GET", &target, "", "");
                assert!(!answer.contains(CANARY), "{location} {target}: {answer}");
                let is_empty_list = status == 200 && !answer.contains("\"files\"");
                assert!((400..=501).contains(&status) || is_empty_list, "{target}: {answer}");
            }
        }
    }
    // the same routes do read what is below the root
    let run = served.run("inside", &inside);
    let folder = format!("{inside}/{run}/artifacts");
    fs::create_dir_all(&folder).unwrap();
    fs::write(format!("{folder}/b.txt"), "wanted").unwrap();
    let (status, answer) =
        served.ask("GET", &format!("/get-artifact?run_id={run}&path=b.txt"), "", "");
    assert!(status == 200 && answer.ends_with("wanted"), "{answer}");
}

#[test]
fn what_an_earlier_root_kept_is_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = folder.path().join("earlier").display().to_string();
    let settings = Settings { artifact_root: earlier.clone(), ..Settings::default() };
    let uri = database::new(folder.path());
    let served = Served::over(folder, uri, settings);
    let (default, named) = (served.run_of("0"), served.run("named", &format!("{earlier}/named")));
    let model = field(&served.post("logged-models", r#"{"experiment_id":"0"}"#), "model_id");
    served.post("registered-models/create", r#"{"name":"m"}"#);
    let kept = format!("{earlier}/0/{default}/artifacts");
    let version = format!(r#"{{"name":"m","source":"{kept}","run_id":"{default}"}}"#);
    served.post("model-versions/create", &version);
    let of_model = format!("{earlier}/0/models/{model}/artifacts");
    let of_named = format!("{earlier}/named/{named}/artifacts");
    for folder in [&kept, &of_model, &of_named] {
        fs::create_dir_all(folder).unwrap();
        fs::write(format!("{folder}/a.txt"), "wanted").unwrap();
    }
    symlink(&of_named, format!("{kept}/link")).unwrap();

    let served = Served::over(served.folder, served.uri, Settings::default());
    let models = format!("/ajax-api/2.0/mlflow/logged-models/{model}/artifacts");
    for target in [
        format!("/get-artifact?run_id={default}&path=a.txt"),
        "/model-versions/get-artifact?name=m&version=1&path=a.txt".to_owned(),
        format!("{models}/files?artifact_file_path=a.txt"),
        format!("{models}/directories"),
        format!("/api/2.0/mlflow/artifacts/list?run_id={default}"),
    ] {
        let (status, answer) = served.ask("GET", &target, "", "");
        assert!(status == 200, "{target}: {answer}");
        assert!(answer.ends_with("wanted") || answer.contains("a.txt"), "{target}: {answer}");
    }
    // but neither what a client once named, nor a link that leads out
    for target in [
        format!("/get-artifact?run_id={named}&path=a.txt"),
        format!("/get-artifact?run_id={default}&path=link/a.txt"),
        format!("/get-artifact?run_id={default}&path=../../../named/{named}/artifacts/a.txt"),
    ] {
        let (status, answer) = served.ask("GET", &target, "", "");
        assert!(matches!(status, 400 | 403) && !answer.contains("wanted"), "{target}: {answer}");
    }
    // nor can a client choose a folder as a server does
    let target = "/api/2.0/mlflow/experiments/create";
    let json = "content-type: application/json\r\n";
    let body = format!(r#"{{"name":"x","artifact_location":"{earlier}/2"}}"#);
    let (status, answer) = served.ask("POST", target, json, &body);
    assert!(status == 400 && answer.contains("the id of its experiment"), "{answer}");
}

#[test]
fn a_file_is_written_listed_read_in_parts_and_deleted() {
    let served = Served::new();
    let proxy = "/api/2.0/mlflow-artifacts/artifacts";
    let run = served.run("files", "mlflow-artifacts:/7");
    let folder = format!("7/{run}/artifacts");
    let file = format!("{proxy}/{folder}/sub/a%20%25b.txt");
    assert_eq!(served.ask("PUT", &file, "", "0123456789").0, 200);
    assert_eq!(served.ask("PUT", &file, "", "abcdefghij").0, 200);
    let kept = served.root().join(&folder).join("sub/a %b.txt");
    assert_eq!(fs::read(&kept).unwrap(), b"abcdefghij");
    let beside: Vec<_> = fs::read_dir(kept.parent().unwrap()).unwrap().collect();
    assert_eq!(beside.len(), 1, "{beside:?}");

    let list = format!("/api/2.0/mlflow/artifacts/list?run_id={run}&path=sub");
    let (_, answer) = served.ask("GET", &list, "", "");
    assert!(
        answer.contains(r#"{"path":"sub/a %b.txt","is_dir":false,"file_size":10}"#),
        "{answer}"
    );
    let (_, answer) = served.ask("GET", &format!("{proxy}?path={folder}"), "", "");
    assert!(answer.contains(r#"[{"path":"sub","is_dir":true}]"#), "{answer}");

    let (status, whole) = served.ask("GET", &file, "", "");
    assert!(status == 200 && whole.ends_with("\r\n\r\nabcdefghij"), "{whole}");
    for header in [
        "content-disposition: attachment; filename=\"a %b.txt\"",
        "x-content-type-options: nosniff",
        "content-type: text/plain",
        "content-length: 10",
    ] {
        assert!(whole.contains(header), "{header}: {whole}");
    }
    let tag = whole.split("etag: ").nth(1).and_then(|it| it.split('\r').next()).unwrap();
    let part = format!("range: bytes=2-4\r\nif-range: {tag}\r\n");
    let (status, answer) = served.ask("GET", &file, &part, "");
    assert!(status == 206 && answer.contains("content-range: bytes 2-4/10"), "{answer}");
    assert!(answer.ends_with("\r\n\r\ncde"), "{answer}");
    let other = "range: bytes=2-4\r\nif-range: \"other\"\r\n";
    assert_eq!(served.ask("GET", &file, other, "").0, 200);
    assert_eq!(served.ask("GET", &file, "range: bytes=10-\r\n", "").0, 416);
    assert_eq!(served.ask("GET", &file, &format!("if-none-match: {tag}\r\n"), "").0, 304);

    assert_eq!(served.ask("GET", &format!("{proxy}/{folder}/sub"), "", "").0, 400);
    assert_eq!(served.ask("DELETE", &file, "", "").0, 200);
    assert_eq!(served.ask("DELETE", &file, "", "").0, 200);
    let (status, answer) = served.ask("GET", &file, "", "");
    assert!(status == 404 && answer.contains("RESOURCE_DOES_NOT_EXIST"), "{answer}");
    for (method, path) in [("PUT", ""), ("PUT", "7/"), ("DELETE", ""), ("DELETE", "./")] {
        assert_eq!(
            served.ask(method, &format!("{proxy}/{path}"), "", "x").0,
            400,
            "{method} {path}"
        );
    }
}

#[test]
fn a_client_that_asks_to_upload_in_parts_is_told_to_send_the_file_whole() {
    let served = Served::new();
    let target = "/api/2.0/mlflow-artifacts/mpu/create/7/r/artifacts";
    let json = "content-type: application/json\r\n";
    let (status, answer) = served.ask("POST", target, json, r#"{"path":"a","num_parts":2}"#);
    let words = "Multipart upload is not supported for the current artifact repository";
    assert!(status == 501 && answer.contains(words), "{answer}");
}

#[test]
fn a_file_that_breaks_off_is_never_seen() {
    let served = Served::new();
    let mut socket = TcpStream::connect(served.address).unwrap();
    let half = "x".repeat(3 << 20);
    write!(
        socket,
        "PUT /api/2.0/mlflow-artifacts/artifacts/7/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{half}",
        2 * half.len()
    )
    .unwrap();
    drop(socket);
    let target = "/api/2.0/mlflow-artifacts/artifacts?path=7";
    // the answer to a later request shows that the server still answers; the rest may take a moment
    for _ in 0..100 {
        assert!(!served.ask("GET", target, "", "").1.contains("\"path\""));
        let folder = served.root().join("7");
        if fs::read_dir(&folder).is_ok_and(|mut inside| inside.next().is_none()) {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{:?}", files(&served.root()));
}
