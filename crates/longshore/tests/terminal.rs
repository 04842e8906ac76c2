//! What the program shows on a terminal, and what it leaves out elsewhere.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

/// How long anything may take to be shown.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program on a terminal of its own.
struct Shown {
    child: Child,
    text: Arc<Mutex<String>>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn longshore(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "DISPLAY", "WAYLAND_DISPLAY", "COLUMNS"]
    {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .env("TERM", "xterm-256color")
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command
}

impl Shown {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let leader = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&leader).unwrap();
        unlockpt(&leader).unwrap();
        let name = ptsname(&leader, Vec::new()).unwrap();
        let terminal =
            OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = longshore(arguments, variables);
        command.stdout(terminal.try_clone().unwrap()).stderr(terminal);
        let child = command.spawn().unwrap();
        drop(command);
        let text = Arc::<Mutex<String>>::default();
        let shown = text.clone();
        thread::spawn(move || read(leader, &shown));
        Self { child, text }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// What is shown as soon as it has these words.
    fn wait(&self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if text.contains(words) {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "`{words}` is not shown: {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Reads until the program has closed its terminal.
fn read(leader: OwnedFd, shown: &Mutex<String>) {
    let (mut leader, mut bytes, mut all) = (File::from(leader), [0; 4096], Vec::new());
    while let Ok(count @ 1..) = leader.read(&mut bytes) {
        all.extend_from_slice(&bytes[..count]);
        *shown.lock().unwrap() = String::from_utf8_lossy(&all).replace("\r\n", "\n");
    }
}

/// Asks by the words of a `curl -s URL -d 'BODY'` and gives the whole reply.
fn run(curl: &str) -> String {
    let url = curl.split_whitespace().nth(2).unwrap();
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let (_, body) = curl.split_once("-d '").unwrap();
    let body = body.rsplit_once('\'').unwrap().0;
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "POST /{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// The `curl` of a banner, with the lines that it goes on over.
fn curl(text: &str) -> String {
    let (_, after) = text.split_once("curl -s").unwrap();
    format!("curl -s{}", after.split_once("\n\n").unwrap().0)
}

#[test]
fn serve_tells_its_models_its_page_and_a_request_that_works() {
    let served = Shown::start(
        &["serve", "example://wine", "example://recruitment-rank", "--port", "0"],
        &[],
    );
    let text = served.wait("Ctrl-C stops it.");
    for words in [
        "\u{1b}[1mwine\u{1b}[0m",
        "13 columns",
        "ready in",
        "example://wine",
        "recruitment-rank",
        "page",
        "docs",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("{\"timestamp\"") && !text.contains("POST"), "{text}");
    let curl = curl(&text);
    let reply = run(&curl);
    assert!(reply.starts_with("HTTP/1.1 200 "), "{curl}\n{reply}");
    served.wait("POST /v1/models/wine:predict  \u{1b}[32m200\u{1b}[0m  1 row  ");
    run(&curl.replace("wine:predict", "wien:predict"));
    let text = served.wait("did you mean `wine`?");
    assert!(text.contains("POST /v1/models/wien:predict  \u{1b}[33m404\u{1b}[0m"), "{text}");
}

#[test]
fn there_are_no_colours_where_they_are_not_wanted() {
    // a program that runs for a build server is told by `CI`, which says nothing of colours
    for variables in [[("NO_COLOR", "1"), ("CI", "true")], [("TERM", "dumb"), ("CI", "true")]] {
        let served = Shown::start(&["serve", "example://wine", "--port", "0"], &variables);
        let text = served.wait("Ctrl-C stops it.");
        run(&curl(&text));
        let text = served.wait("  200  ");
        assert!(!text.contains('\u{1b}'), "{variables:?}: {text}");
        for arguments in [&["--help"][..], &["serve", "--nope"], &["serve", "no-such-file"]] {
            let mut shown = Shown::start(arguments, &variables);
            shown.child.wait().unwrap();
            let text = shown.wait("\n");
            assert!(!text.contains('\u{1b}'), "{variables:?} {arguments:?}: {text}");
        }
    }
    let help = longshore(&["--help"], &[("CI", "true")]).output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains('\u{1b}'));
    let help = longshore(&["--help"], &[("CLICOLOR_FORCE", "1")]).output().unwrap();
    assert!(String::from_utf8(help.stdout).unwrap().contains("\u{1b}[1m"));
}

#[test]
fn the_log_elsewhere_is_json_and_has_no_banner() {
    let mut command = longshore(&["serve", "example://wine", "--port", "0"], &[]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut lines: Vec<String> = Vec::new();
    while !lines.last().is_some_and(|line| line.contains("listening on")) {
        lines.push(log.next().unwrap());
    }
    // who is answered knows that the server minds signals
    let address = lines.last().unwrap().split("http://").nth(1).unwrap();
    let address = address.split('"').next().unwrap();
    assert!(
        run(&format!("curl -s http://{address}/v1/models/wine:predict -d '{{}}'")).contains("400")
    );
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    lines.extend(log);
    assert!(child.wait().unwrap().success());
    assert!(lines.iter().all(|line| line.starts_with('{')), "{lines:?}");
}

#[test]
fn the_demo_fits_a_terminal_and_elsewhere_prints_what_still_works() {
    let demo = Shown::start(&["demo", "--port", "0"], &[]);
    let text = demo.wait("Ctrl-C ends the demo.");
    assert!(text.contains("open \u{1b}[36mhttp://127.0.0.1:"), "{text}");
    let mut bare = String::new();
    for piece in text.split('\u{1b}') {
        bare.push_str(
            piece
                .split_once('m')
                .filter(|(code, _)| code.starts_with('['))
                .map_or(piece, |(_, rest)| rest),
        );
    }
    for line in bare.lines().filter(|line| !line.contains(env!("CARGO_BIN_EXE_longshore"))) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let reply = run(&curl(&text.replace("'\n  ", "'\n\n")));
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    let piped = longshore(&["demo", "--port", "0"], &[]).output().unwrap();
    let text = String::from_utf8(piped.stdout).unwrap();
    assert!(piped.status.success() && text.contains("wine") && text.contains("answered"), "{text}");
    assert!(text.contains("/v1/models/wine:predict\n") && !text.contains("curl"), "{text}");
}

#[test]
fn a_changed_file_is_taken_up_and_a_broken_one_leaves_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden/sklearn-1.9.1");
    let model = folder.path().join("model.pkl");
    fs::copy(golden.join("frame-logistic/model.p1.pkl"), &model).unwrap();
    let path = model.display().to_string();
    let served = Shown::start(&["serve", &path, "--port", "0", "--watch"], &[("NO_COLOR", "1")]);
    let text = served.wait("Ctrl-C stops it.");
    let curl = curl(&text);
    assert!(run(&curl).starts_with("HTTP/1.1 200 "));
    fs::write(&model, "half a model").unwrap();
    served.wait("stays");
    assert!(run(&curl).starts_with("HTTP/1.1 200 "));
    let begun = Instant::now();
    fs::copy(golden.join("frame-logistic/model.p1.pkl"), &model).unwrap();
    served.wait("is now");
    // without the flag it would look twice a minute
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    assert!(run(&curl).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_trial_tells_its_address_where_there_is_no_display() {
    let tried = Shown::start(&["try", "example://wine"], &[("NO_COLOR", "1")]);
    let text = tried.wait("Ctrl-C stops it.");
    assert!(text.contains("page  http://127.0.0.1:"), "{text}");
}
