//! The program itself, told to stop by TERM while clients use it.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests fail loudly")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

const BODY: &str = include_str!("../../../examples/wine/request.json");

/// Ends with the test, whatever becomes of it.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Program {
    /// Starts a server and waits for the line of its log that names the address.
    fn serve(arguments: &[&str]) -> (Self, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_longshore"))
            .args(["serve", "example://wine", "--port", "0", "--log-format", "json"])
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = log
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(&line).ok())
            .find_map(|line| {
                let listening = line["message"].as_str()?.starts_with("listening on ");
                listening.then(|| line["address"].as_str().map(str::to_owned))?
            });
        // a full pipe would stop the program
        thread::spawn(move || log.for_each(drop));
        (Self(child), address.expect("the log names the address"))
    }

    fn term(&self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

/// Sends a request and gives the reply's head, or `None` when there is no whole reply.
fn ask(stream: &mut TcpStream, request: &str) -> Option<String> {
    stream.write_all(request.as_bytes()).ok()?;
    let mut reply = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        reply.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&reply).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return Some(head.to_owned());
        }
    }
}

fn predict() -> String {
    format!(
        "POST /v1/models/wine:predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
}

#[test]
fn a_kept_connection_is_answered_once_more_after_term() {
    let (mut program, address) = Program::serve(&[]);
    let mut kept = TcpStream::connect(&address).unwrap();
    assert!(ask(&mut kept, &predict()).is_some());
    program.term();
    // longer than a busy client takes from one request to the next
    thread::sleep(Duration::from_millis(500));
    let head = ask(&mut kept, &predict()).expect("an answer");
    assert!(head.starts_with("http/1.1 200") && head.contains("\r\nconnection: close"), "{head}");
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
}

#[test]
fn term_costs_no_client_a_request() {
    let (mut program, address) = Program::serve(&["--drain-delay", "1"]);
    let predict = predict();
    let (answered, lost) = (AtomicU64::new(0), AtomicU64::new(0));
    // each asks until it is told that this is the last reply
    let client = &|keep: bool| {
        let mut stream = None;
        loop {
            let mut open = stream.take().unwrap_or_else(|| TcpStream::connect(&address).unwrap());
            match ask(&mut open, &predict) {
                Some(head) if head.starts_with("http/1.1 200") => {
                    answered.fetch_add(1, Relaxed);
                    if head.contains("\r\nconnection: close") {
                        return;
                    }
                }
                _ => {
                    lost.fetch_add(1, Relaxed);
                    return;
                }
            }
            if keep {
                stream = Some(open);
            }
        }
    };
    thread::scope(|scope| {
        for at in 0..8 {
            scope.spawn(move || client(at % 2 == 0));
        }
        // however slow the machine is
        let begun = Instant::now();
        while answered.load(Relaxed) < 100 && begun.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(5));
        }
        program.term();
        thread::sleep(Duration::from_millis(300));
        let ready = "GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n";
        let head = ask(&mut TcpStream::connect(&address).unwrap(), ready);
        assert!(head.is_some_and(|head| head.starts_with("http/1.1 503")));
    });
    assert_eq!(lost.load(Relaxed), 0);
    assert!(answered.load(Relaxed) >= 100);
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
}
