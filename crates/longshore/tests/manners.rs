//! Commands about the program itself, and exit codes.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_longshore")).args(arguments).output().unwrap()
}

fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_version_is_told_to_people_and_to_programs() {
    let told: Value = serde_json::from_str(&text(&["version", "--json"])).unwrap();
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert!(told["target"].as_str().unwrap().contains('-'), "{told}");
    assert!(told["features"].as_array().unwrap().contains(&json!("cli")), "{told}");
    assert!(told.as_object().unwrap().contains_key("commit"), "{told}");
    let page = text(&["version"]);
    assert!(page.starts_with(text(&["--version"]).trim()) && page.contains("target"), "{page}");
}

#[test]
fn every_shell_gets_a_script_and_every_command_a_page() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = text(&["completions", shell]);
        assert!(script.contains("smoke-test") && script.contains("max-body-bytes"), "{shell}");
    }
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    text(&["man", "--dir", dir.to_str().unwrap()]);
    for name in ["longshore", "longshore-serve", "longshore-tracking-users-create"] {
        let page = fs::read_to_string(dir.join(name).with_extension("1")).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains("Examples"), "{name}: {page}");
    }
    assert!(fs::read_dir(&dir).unwrap().count() > 70);
}

#[test]
fn a_command_that_cannot_and_one_that_is_not_understood_end_otherwise() {
    for (arguments, code) in [
        (&["inspect", "example://wine"][..], 0),
        (&["--help"], 0),
        (&["serve", "--help"], 0),
        (&["help", "serve"], 0),
        (&["inspect", "no-such-file"], 1),
        (&["man", "--dir", "/dev/null/x"], 1),
        (&[], 2),
        (&["inspect"], 2),
        (&["inspect", "example://wine", "--nope"], 2),
        (&["nope"], 2),
        // nothing listens there: the same command may succeed later
        (&["fetch", "http://127.0.0.1:1/model.pkl", "/tmp/longshore-no-such"], 75),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_a_server_serves_is_listed() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    command
        .args(["serve", "example://wine", "bad=no-such-file", "--port", "0"])
        .stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let log = BufReader::new(running.0.stderr.take().unwrap());
    let line = log.lines().map(Result::unwrap).find(|line| line.contains("\"address\"")).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let server = format!("http://{}", line["address"].as_str().unwrap());
    for command in ["ps", "models"] {
        let table = text(&[command, "--server", &server]);
        let row = |name: &str| {
            table.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
        };
        assert!(row("NAME").contains("STATE"), "{table}");
        assert!(row("wine").contains("READY") && row("wine").contains("13"), "{table}");
        assert!(
            row("bad").contains("UNAVAILABLE") && row("bad").contains("failed to read"),
            "{table}"
        );
        let listed: Value =
            serde_json::from_str(&text(&[command, "--server", &server, "--json"])).unwrap();
        assert_eq!(listed[0]["name"], "wine");
        assert_eq!(listed[0]["inputs"].as_array().unwrap().len(), 13);
        assert_eq!(listed[1]["state"], "UNAVAILABLE");
    }
}
