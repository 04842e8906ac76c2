//! Models from a web server into folders and into a server, and the reason that Kubernetes is told when
//! that fails.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_longshore");

/// Starts a web server with these files; returns its URL.
fn web(files: &[(&str, Vec<u8>)]) -> String {
    counted(files).0
}

/// The same; also returns how many requests there were so far.
fn counted(files: &[(&str, Vec<u8>)]) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = count.clone();
    let files: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.clone())).collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = BufReader::new(stream.try_clone().expect("a connection")).lines();
            let first = head.next().and_then(Result::ok).unwrap_or_default();
            while head.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
            asked.fetch_add(1, Relaxed);
            let path = first.split(' ').nth(1).unwrap_or_default();
            let (status, body) =
                files.get(path).map_or((404, &[][..]), |bytes| (200, bytes.as_slice()));
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\netag: \"1\"\r\nconnection: close\r\n\r\n",
                body.len()
            );
            // who only looks at the head closes first
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    (url, count)
}

fn run(arguments: &[&str], termination: &Path) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .env("LONGSHORE_TERMINATION_LOG", termination)
        .output()
        .expect("the program starts")
}

/// Every file below a folder with its text.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            let inside = files(&path).into_iter();
            all.extend(inside.map(|(path, text)| (format!("{name}/{path}"), text)));
        } else {
            all.insert(name, fs::read_to_string(&path).expect("a text"));
        }
    }
    all
}

fn is(files: &BTreeMap<String, String>, expected: &[(&str, &str)]) -> bool {
    let found = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    found.eq(expected.iter().copied())
}

#[test]
fn several_models_come_into_their_folders_and_nothing_else_does() {
    let url = web(&[("/a/wine.pkl", b"wine".to_vec()), ("/beer.pkl", b"beer".to_vec())]);
    let root = tempfile::tempdir().expect("a folder");
    let [first, second, cache] = ["first", "second", "cache"].map(|name| root.path().join(name));
    fs::create_dir(&first).expect("a folder");
    fs::write(first.join("wine.pkl"), "old").expect("a file");
    fs::write(first.join("other"), "stays").expect("a file");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    let (wine, beer) = (format!("{url}/a/wine.pkl"), format!("{url}/beer.pkl"));
    let (to_first, to_second) = (text(&first), text(&second));
    let pairs = ["fetch", &*wine, &*to_first, &*beer, &*to_second];
    let output = run(&pairs, &root.path().join("none"));
    assert!(output.status.success(), "{output:?}");
    assert!(is(&files(&first), &[("other", "stays"), ("wine.pkl", "wine")]), "{:?}", files(&first));
    assert!(is(&files(&second), &[("beer.pkl", "beer")]), "{:?}", files(&second));
    // with a cache, which keeps what it has
    fs::remove_dir_all(&second).expect("a folder");
    let (kept, flag) = (text(&cache), "--cache-dir");
    for _ in 0..2 {
        let output = run(&[&pairs[..], &[flag, &kept]].concat(), &root.path().join("none"));
        assert!(output.status.success(), "{output:?}");
        assert!(is(&files(&second), &[("beer.pkl", "beer")]), "{:?}", files(&second));
        assert_eq!(fs::read_dir(cache.join("models")).expect("a cache").count(), 2);
    }
    // two files of one name
    let output = run(&["fetch", &wine, &to_second, &wine, &to_second], &root.path().join("none"));
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("both bring `wine.pkl`"), "{error}");
}

#[test]
fn processes_share_a_cache_and_one_of_them_fetches() {
    let names = ["a", "b", "c", "d"];
    let paths = names.map(|name| format!("/{name}.pkl"));
    let bytes = |name: &str| name.repeat(3 << 20).into_bytes();
    let models: Vec<_> =
        paths.iter().zip(names).map(|(path, name)| (path.as_str(), bytes(name))).collect();
    let (url, asked) = counted(&models);
    let root = tempfile::tempdir().expect("a folder");
    let start = |name: &str, number: usize, budget: &str| -> Child {
        Command::new(PROGRAM)
            .args(["fetch", &format!("{url}/{name}.pkl")])
            .arg(root.path().join(number.to_string()))
            .args(["--cache-bytes", budget, "--cache-dir"])
            .arg(root.path().join("cache"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    };
    let ends_well = |child: Child, name: &str, number: usize| {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = root.path().join(number.to_string()).join(format!("{name}.pkl"));
        assert!(fs::read(path).expect("a model") == bytes(name), "{name} {number}");
    };
    // one model: each looks at the server, and one of them downloads
    let children: Vec<_> = (0..8).map(|number| start("a", number, "10000000")).collect();
    for (number, child) in children.into_iter().enumerate() {
        ends_well(child, "a", number);
    }
    assert_eq!(asked.load(Relaxed), 8 + 1);
    // several, in a cache that has room for one
    let children = (0..12).map(|number| start(names[number % 4], number, "4000000"));
    let children: Vec<_> = children.collect();
    for (number, child) in children.into_iter().enumerate() {
        ends_well(child, names[number % 4], number);
    }
}

#[test]
fn a_model_that_cannot_be_had_leaves_nothing_and_a_reason() {
    let url = web(&[("/wine.pkl", b"wine".to_vec())]);
    let root = tempfile::tempdir().expect("a folder");
    let (folder, reason) = (root.path().join("models"), root.path().join("reason"));
    let to = folder.to_str().expect("text");
    let (wine, beer) = (format!("{url}/wine.pkl"), format!("{url}/beer.pkl"));
    let code = |arguments: &[&str]| {
        fs::write(&reason, "of an earlier start").expect("a file");
        run(arguments, &reason).status.code()
    };
    let told = || fs::read_to_string(&reason).expect("a reason");
    assert_eq!(code(&["fetch", &wine, to, &beer, to]), Some(1));
    assert!(told().contains("beer.pkl does not exist"), "{}", told());
    assert_eq!(told().lines().count(), 1);
    assert!(!files(&folder).contains_key("wine.pkl"));
    // nobody listens there: it may be better later
    let unreachable = "http://127.0.0.1:9/wine.pkl";
    assert_eq!(code(&["fetch", unreachable, to]), Some(75));
    assert!(told().contains("could not be reached"), "{}", told());
    assert_eq!(code(&["fetch", &wine, to, &wine]), Some(1));
    assert!(told().contains("has no folder"), "{}", told());
    assert_eq!(code(&["fetch", "--folder", to]), Some(2));
    assert!(told().starts_with("unexpected argument '--folder'"), "{}", told());
}

/// The bytes of the only model file of an example.
fn model() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/wine/model");
    let mut paths = fs::read_dir(folder).expect("an example").map(|entry| entry.expect("x").path());
    let path = paths.find(|path| path.extension().is_some_and(|ending| ending == "skops"));
    fs::read(path.expect("a model file")).expect("a model")
}

#[test]
fn kserves_model_dir_may_be_a_uri() {
    let url = web(&[("/wine.skops", model()), ("/bad.pkl", b"no model".to_vec())]);
    let root = tempfile::tempdir().expect("a folder");
    let (cache, reason) = (root.path().join("cache"), root.path().join("reason"));
    let serve = |uri: &str| {
        let mut command = Command::new(PROGRAM);
        command
            .args(["serve", "--port", "0", "--log-format", "json", "--model_name", "it"])
            .arg(format!("--model_dir={uri}"))
            .env("LONGSHORE_CACHE_DIR", &cache)
            .env("LONGSHORE_TERMINATION_LOG", &reason)
            .stderr(Stdio::piped());
        command
    };
    fs::write(&reason, "").expect("a file");
    let mut child = serve(&format!("{url}/wine.skops")).spawn().expect("the program starts");
    let mut log = BufReader::new(child.stderr.take().expect("a log")).lines().map_while(Result::ok);
    let message = |line: &str, name: &str| -> Option<String> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line[name].as_str().map(str::to_owned)
    };
    let address = log.by_ref().find_map(|line| message(&line, "address")).expect("an address");
    log.by_ref()
        .find(|line| message(line, "message").is_some_and(|text| text.starts_with("model `it` is")))
        .expect("the model is there");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream
        .write_all(b"GET /v2/models/it/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .expect("a request");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    child.kill().expect("it runs");
    child.wait().expect("it ended");
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    // a server whose only model does not load ends, and says why in one line
    let output = serve(&format!("{url}/bad.pkl")).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let told = fs::read_to_string(&reason).expect("a reason");
    assert!(told.contains("bad.pkl") && told.lines().count() == 1, "{told}");
    // one that cannot be had for now may be better later
    let output = serve("http://127.0.0.1:9/wine.skops").output().expect("the program starts");
    assert_eq!(output.status.code(), Some(75));
    // nor is one served that is on this machine and bad
    let bad = root.path().join("bad.pkl");
    fs::write(&bad, "no model").expect("a file");
    let output = serve(bad.to_str().expect("text")).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let told = fs::read_to_string(&reason).expect("a reason");
    assert!(told.contains("`it`") && told.lines().count() == 1, "{told}");
}
