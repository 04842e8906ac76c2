//! Streams of newline-delimited JSON.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::Duration,
};

use longshore_daemon::server;
use longshore_serve::{Config, Limits};
use serde_json::{Value, json};

use crate::{
    client::{Running, serve, start},
    model::{documents, plain, recorded, signed, slow},
};

const PREDICT: &str = "/v1/models/sum:predict";
const SUMS: &str = "/v1/models/sum:predict?method=decision_function";

/// A request whose lines are sent and answered one by one.
struct Exchange {
    socket: TcpStream,
    /// What the server sends.
    replies: BufReader<TcpStream>,
    /// What is left of the chunk of the reply that is read now.
    chunk: usize,
}

impl Exchange {
    fn begin(server: &Running, path: &str) -> Self {
        Self::begin_as(server, path, "transfer-encoding: chunked")
    }

    fn begin_as(server: &Running, path: &str, framing: &str) -> Self {
        let mut socket = TcpStream::connect(server.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n{framing}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        let replies = BufReader::new(socket.try_clone().unwrap());
        Self { socket, replies, chunk: 0 }
    }

    fn send(&mut self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.socket.write_all(chunk.as_bytes()).unwrap();
    }

    fn end(&mut self) {
        self.socket.write_all(b"0\r\n\r\n").unwrap();
    }

    fn text_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.replies.read_line(&mut line).ok()?;
        (count > 0).then(|| line.trim_end().to_owned())
    }

    /// Reads the head; the status and whether the body is a stream of lines.
    fn head(&mut self) -> (u16, bool) {
        let first = self.text_line().unwrap();
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut lines = false;
        while let Some(line) = self.text_line().filter(|line| !line.is_empty()) {
            lines |= line.eq_ignore_ascii_case("content-type: application/x-ndjson");
        }
        (status, lines)
    }

    fn byte(&mut self) -> Option<u8> {
        if self.chunk == 0 {
            self.chunk = usize::from_str_radix(&self.text_line()?, 16).unwrap();
            if self.chunk == 0 {
                return None;
            }
        }
        let mut byte = [0];
        self.replies.read_exact(&mut byte).ok()?;
        self.chunk -= 1;
        if self.chunk == 0 {
            self.text_line();
        }
        Some(byte[0])
    }

    /// The next line of the reply; `None` at its end.
    fn line(&mut self) -> Option<Value> {
        let mut line = Vec::new();
        loop {
            match self.byte() {
                Some(b'\n') => return Some(serde_json::from_slice(&line).unwrap()),
                Some(byte) => line.push(byte),
                None => {
                    assert!(line.is_empty(), "a line has no end");
                    return None;
                }
            }
        }
    }

    fn rest(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.line()).collect()
    }
}

/// The lines that answer a whole body.
pub(crate) fn ask(server: &Running, path: &str, body: &str) -> Vec<Value> {
    let length = format!("content-length: {}", body.len());
    let mut exchange = Exchange::begin_as(server, path, &length);
    exchange.socket.write_all(body.as_bytes()).unwrap();
    assert_eq!(exchange.head(), (200, true));
    exchange.rest()
}

fn error(line: &Value) -> &str {
    line["error"].as_str().unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn each_line_is_answered_as_the_same_row_in_a_list() {
    let models = [plain("sum"), signed("signed"), recorded("recorded"), documents("texts")];
    let server = serve(models.into(), Limits::default());
    for (model, rows) in [
        ("sum", vec!["[1,2,3]", "[-1, 0.5, -2]", "[9,9,9]"]),
        ("signed", vec![r#"{"a":1.5,"n":2,"t":"xy","o":-9}"#, r#"{"t":"","n":-3,"a":null,"o":1}"#]),
        ("recorded", vec![r#"{"y":1,"x":-2}"#, r#"{"x":3,"y":1,"z":[0]}"#, r#"{"x":1,"y":1}"#]),
        ("texts", vec![r#""four""#, r#""\n""#]),
    ] {
        for method in ["predict", "transform"] {
            let list = format!(r#"{{"instances":[{}]}}"#, rows.join(","));
            let v1 = format!("/v1/models/{model}:predict?method={method}");
            let expected = server.post(&v1, list).json()["predictions"].clone();
            assert_eq!(expected.as_array().unwrap().len(), rows.len());
            let expected: Vec<_> =
                expected.as_array().unwrap().iter().map(|p| json!({ "prediction": p })).collect();
            let mlflow = format!("/invocations?model={model}&method={method}");
            for path in [&v1, &mlflow] {
                assert_eq!(ask(&server, path, &rows.join("\n")), expected, "{path}");
                let spaced = format!("\u{feff}{}\r\n\r\n", rows.join(" \r\n\n"));
                assert_eq!(ask(&server, path, &spaced), expected, "{path}");
            }
        }
    }
    let lists = ask(&server, "/v1/models/sum:predict?method=transform", "[1,2,3]\n");
    assert_eq!(lists, [json!({"prediction": [2.0, 4.0, 6.0]})]);
    assert_eq!(ask(&server, PREDICT, ""), [] as [Value; 0]);
}

#[test]
fn a_line_that_is_wrong_gets_its_reason_and_the_others_their_answers() {
    let server = serve(vec![plain("sum"), signed("signed")], Limits::default());
    for count in [1_u64, 2, 7, 3000] {
        let good: Vec<_> = (0..count).map(|at| format!("[{at},1000,0]")).collect();
        let mut lines = good.clone();
        let wrong = [
            ("[1,2", "the line is not valid JSON at byte 4"),
            ("[1]", "has 1 value where"),
            ("x", "`x`"),
        ];
        for (at, (line, _)) in wrong.iter().enumerate() {
            lines.insert(at * lines.len() / 2, (*line).to_owned());
        }
        let replies = ask(&server, SUMS, &lines.join("\n"));
        assert_eq!(replies.len(), lines.len());
        let mut sums = 1000.0;
        for ((line, reply), number) in lines.iter().zip(&replies).zip(1..) {
            if let Some((_, expected)) = wrong.iter().find(|(wrong, _)| wrong == line) {
                assert!(error(reply).contains(expected), "{reply}");
                assert_eq!((&reply["line"], &reply["ended"]), (&json!(number), &Value::Null));
            } else {
                assert_eq!(reply, &json!({ "prediction": sums }));
                sums += 1.0;
            }
        }
    }
    // lines that are rows only when they are put together
    for body in ["[1,1,1],[2\n2,2]", "[1,1,1\n],[2,2,2]", "1,2\n3", "[1,1,1]]\n[[2,2,2]"] {
        for reply in ask(&server, SUMS, body) {
            assert!(!error(&reply).is_empty(), "{body}");
        }
    }
    // a column that one line leaves out is no matter of the others
    let body =
        "{\"a\":1,\"n\":2,\"t\":\"\",\"o\":3}\n{\"a\":1,\"n\":2}\n{\"a\":1,\"n\":2,\"t\":\"\"}";
    let replies = ask(&server, "/invocations?model=signed&method=predict", body);
    assert_eq!(replies[0], json!({"prediction": 1}));
    assert!(error(&replies[1]).contains("`t`"), "{replies:?}");
    assert!(replies[2].get("prediction").is_some(), "{replies:?}");
}

#[test]
fn answers_come_while_lines_are_sent() {
    let server = serve(vec![plain("sum")], Limits::default());
    let mut exchange = Exchange::begin(&server, SUMS);
    exchange.send("[1,0,0]\n[2,0");
    assert_eq!(exchange.head(), (200, true));
    assert_eq!(exchange.line(), Some(json!({"prediction": 1.0})));
    exchange.send(",0]\n");
    assert_eq!(exchange.line(), Some(json!({"prediction": 2.0})));
    exchange.send("\n\n[3,0,0");
    exchange.send("]");
    exchange.end();
    assert_eq!(exchange.rest(), [json!({"prediction": 3.0})]);
    // the connection serves the next request
    exchange.socket.write_all(b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    exchange.text_line();
    assert_eq!(exchange.head().0, 200);
    assert_eq!(server.rows(), 3);
}

/// Packs each part so that it can be read when it arrives.
enum Packer {
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Deflate(flate2::write::ZlibEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Packer {
    fn new(name: &str) -> Self {
        let level = flate2::Compression::best();
        match name {
            "gzip" => Self::Gzip(flate2::write::GzEncoder::new(Vec::new(), level)),
            "deflate" => Self::Deflate(flate2::write::ZlibEncoder::new(Vec::new(), level)),
            _ => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap()),
        }
    }

    fn pack(&mut self, text: &str) -> Vec<u8> {
        fn written(mut writer: impl Write, text: &str) {
            writer.write_all(text.as_bytes()).unwrap();
            writer.flush().unwrap();
        }
        match self {
            Self::Gzip(writer) => {
                written(&mut *writer, text);
                std::mem::take(writer.get_mut())
            }
            Self::Deflate(writer) => {
                written(&mut *writer, text);
                std::mem::take(writer.get_mut())
            }
            Self::Zstd(writer) => {
                written(&mut *writer, text);
                std::mem::take(writer.get_mut())
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Gzip(writer) => writer.finish().unwrap(),
            Self::Deflate(writer) => writer.finish().unwrap(),
            Self::Zstd(writer) => writer.finish().unwrap(),
        }
    }
}

/// What is in the beginning of a body that goes on.
fn unpacked(name: &str, bytes: &[u8]) -> String {
    let mut text = Vec::new();
    let mut read = |mut from: Box<dyn Read + '_>| {
        let mut part = [0; 4096];
        // an error is the end of what is there
        while let Ok(count @ 1..) = from.read(&mut part) {
            text.extend_from_slice(&part[..count]);
        }
    };
    match name {
        "gzip" => read(Box::new(flate2::read::GzDecoder::new(bytes))),
        "deflate" => read(Box::new(flate2::read::ZlibDecoder::new(bytes))),
        _ => read(Box::new(zstd::stream::read::Decoder::new(bytes).unwrap())),
    }
    String::from_utf8(text).unwrap()
}

impl Exchange {
    fn send_bytes(&mut self, bytes: &[u8]) {
        write!(self.socket, "{:x}\r\n", bytes.len()).unwrap();
        self.socket.write_all(bytes).unwrap();
        self.socket.write_all(b"\r\n").unwrap();
    }
}

#[test]
fn streams_are_compressed_both_ways_while_they_go_on() {
    let server = serve(vec![plain("sum")], Limits::default());
    for (sent, wanted) in [("gzip", "zstd"), ("deflate", "gzip"), ("zstd", "deflate")] {
        let framing = format!(
            "transfer-encoding: chunked\r\ncontent-encoding: {sent}\r\naccept-encoding: {wanted}"
        );
        let mut exchange = Exchange::begin_as(&server, SUMS, &framing);
        assert_eq!(exchange.head(), (200, true));
        let mut packer = Packer::new(sent);
        let (mut received, mut expected) = (Vec::new(), String::new());
        let mut receive = |exchange: &mut Exchange, expected: &str| {
            while unpacked(wanted, &received).len() < expected.len() {
                received.push(exchange.byte().unwrap());
            }
            assert_eq!(unpacked(wanted, &received), expected, "{sent}, {wanted}");
        };
        // each line is answered before the next one is sent
        for row in 0..3 {
            exchange.send_bytes(&packer.pack(&format!("[{row},0,0.5]\n")));
            expected.extend([format!("{{\"prediction\":{row}.5}}\n")]);
            receive(&mut exchange, &expected);
        }
        // many at once, in pieces that end anywhere
        let many: Vec<String> = (0..3000).map(|row| format!("[{row},1,0.25]\n")).collect();
        let bytes = [packer.pack(&many.concat()), packer.finish()].concat();
        for piece in bytes.chunks(1000) {
            exchange.send_bytes(piece);
        }
        exchange.end();
        expected.extend((0..3000).map(|row| format!("{{\"prediction\":{}.25}}\n", row + 1)));
        let mut rest = received;
        rest.extend(std::iter::from_fn(|| exchange.byte()));
        assert_eq!(unpacked(wanted, &rest), expected);
    }
}

#[test]
fn a_compressed_stream_that_is_damaged_ends_at_a_line() {
    let server = serve(vec![plain("sum")], Limits::default());
    let whole = |text: &str| {
        let mut packer = Packer::new("gzip");
        [packer.pack(text), packer.finish()].concat()
    };
    let rows = whole("[1,2,3]\n[1,2,4]\n");
    let nothing = "\n".repeat(20_000_000);
    for (body, wanted, answers, expected) in [
        (rows.clone(), "identity", 2, None),
        (rows[..rows.len() - 1].to_vec(), "identity", 2, Some("does not decompress")),
        ([&rows[..], b"more"].concat(), "identity", 2, Some("does not decompress")),
        (b"[1,2,3]\n".to_vec(), "identity", 0, Some("does not decompress")),
        (rows[..rows.len() - 1].to_vec(), "gzip", 2, Some("does not decompress")),
        (whole(&nothing), "identity", 1, Some("more than 200 times its size")),
        (Vec::new(), "gzip", 0, None),
    ] {
        let framing = format!(
            "content-length: {}\r\ncontent-encoding: gzip\r\naccept-encoding: {wanted}",
            body.len()
        );
        let mut exchange = Exchange::begin_as(&server, SUMS, &framing);
        exchange.socket.write_all(&body).unwrap();
        assert_eq!(exchange.head(), (200, true));
        let bytes: Vec<u8> = std::iter::from_fn(|| exchange.byte()).collect();
        let text = match wanted {
            "gzip" => unpacked("gzip", &bytes),
            _ => String::from_utf8(bytes).unwrap(),
        };
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ended = lines.iter().filter(|line| line["ended"] == true).count();
        assert_eq!(ended, usize::from(expected.is_some()), "{text}");
        assert!(lines.len() >= answers, "{text}");
        if let Some(expected) = expected {
            assert!(error(lines.last().unwrap()).contains(expected), "{text}");
        }
    }
}

#[test]
fn a_stream_may_be_longer_than_any_body() {
    let limits =
        Limits { body_bytes: 1000, rows: 10, buffered_bytes: 1 << 20, ..Limits::default() };
    let server = serve(vec![plain("sum")], limits);
    let body: Vec<_> = (0..5000).map(|at| format!("[{at},1000,0]\n")).collect();
    let replies = ask(&server, SUMS, &body.concat());
    assert_eq!(replies.len(), 5000);
    assert_eq!(replies[4999], json!({"prediction": 5999.0}));
    // its lines may not
    let mut exchange = Exchange::begin(&server, SUMS);
    exchange.send("[1,2,3]\n[1");
    assert_eq!(exchange.head(), (200, true));
    assert_eq!(exchange.line(), Some(json!({"prediction": 6.0})));
    while exchange.socket.write_all(b"64\r\n").is_ok()
        && exchange.socket.write_all(&[b'1'; 100]).is_ok()
        && exchange.socket.write_all(b"\r\n").is_ok()
    {}
    let end = exchange.line().unwrap();
    assert!(error(&end).contains("the line exceeds the limit of 1000 bytes"), "{end}");
    assert_eq!((&end["line"], &end["ended"]), (&json!(2), &json!(true)));
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    const LINES: usize = 4_000_000;
    let server = serve(vec![plain("sum")], Limits::default());
    let mut exchange =
        Exchange::begin_as(&server, PREDICT, &format!("content-length: {}", LINES * 8));
    let text = "[1,2,3]\n".repeat(8192);
    exchange.socket.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut sent = 0;
    while sent < LINES * 8 {
        let rest = &text.as_bytes()[sent % text.len()..];
        match exchange.socket.write(&rest[..rest.len().min(LINES * 8 - sent)]) {
            Ok(count) => sent += count,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
                break;
            }
        }
    }
    assert!(sent < LINES * 8, "the server took everything");
    exchange.socket.set_write_timeout(None).unwrap();
    let mut socket = exchange.socket.try_clone().unwrap();
    let writer = thread::spawn(move || {
        while sent < LINES * 8 {
            let rest = &text.as_bytes()[sent % text.len()..];
            sent += socket.write(&rest[..rest.len().min(LINES * 8 - sent)]).unwrap();
        }
    });
    assert_eq!(exchange.head(), (200, true));
    let mut bytes = 0;
    while exchange.byte().is_some() {
        bytes += 1;
    }
    writer.join().unwrap();
    assert_eq!(bytes, LINES * "{\"prediction\":1}\n".len());
    assert_eq!(server.rows(), LINES as u64);
}

#[test]
fn a_body_that_is_cut_is_answered_up_to_there() {
    let server = serve(vec![plain("sum")], Limits::default());
    let mut exchange = Exchange::begin_as(&server, SUMS, "content-length: 100");
    exchange.socket.write_all(b"[1,2,3]\n[4,5,").unwrap();
    assert_eq!(exchange.head(), (200, true));
    assert_eq!(exchange.line(), Some(json!({"prediction": 6.0})));
    exchange.socket.shutdown(Shutdown::Write).unwrap();
    let end = exchange.line().unwrap();
    assert!(error(&end).contains("not what its headers announce"), "{end}");
    assert_eq!((&end["line"], &end["ended"]), (&json!(2), &json!(true)));
    assert_eq!(server.rows(), 1);
}

#[test]
fn the_time_of_a_body_is_that_of_each_part() {
    let short = Duration::from_millis(400);
    let connections = server::Limits { body_timeout: short, ..server::Limits::default() };
    let server = start(Config { models: vec![plain("sum")], connections, ..Config::default() });
    let mut exchange = Exchange::begin(&server, SUMS);
    for at in 0..8 {
        thread::sleep(short / 4);
        exchange.send(&format!("[{at},0,0]\n"));
    }
    assert_eq!(exchange.head(), (200, true));
    for at in 0..8 {
        assert_eq!(exchange.line(), Some(json!({"prediction": f64::from(at)})));
    }
    let end = exchange.line().unwrap();
    assert!(error(&end).contains("no more of the body arrived in time"), "{end}");
    assert_eq!((&end["line"], &end["ended"]), (&json!(9), &json!(true)));
}

#[test]
fn a_model_that_fails_ends_the_stream_at_its_line() {
    let server = serve(vec![plain("sum")], Limits::default());
    let mut lines: Vec<_> = (0..500).map(|at| format!("[{at},1000,0]")).collect();
    lines[321] = "[600,60,6]".to_owned();
    let replies = ask(&server, SUMS, &lines.join("\n"));
    assert_eq!(replies.len(), 322);
    assert_eq!(replies[320], json!({"prediction": 1320.0}));
    let end = json!({"error": "the model failed on these rows", "line": 322, "ended": true});
    assert_eq!(replies[321], end);
}

#[test]
fn a_stream_is_refused_before_it_begins() {
    let limits = Limits { concurrency: 1, ..Limits::default() };
    let server = serve(vec![plain("sum")], limits);
    let row = "[1,2,3]\n";
    for (path, headers, status) in [
        (PREDICT, "content-encoding: br", 415),
        ("/v2/models/sum/infer", "", 415),
        ("/v1/models/other:predict", "", 404),
        ("/v1/models/sum:predict?method=predict_proba", "", 400),
        ("/invocations?rows=1", "", 400),
    ] {
        let headers = format!("content-type: application/x-ndjson\r\n{headers}");
        assert_eq!(server.post_as(path, headers.trim_end(), row).status, status, "{path}");
    }
    // a stream is one of the requests at a time for as long as it lasts
    let mut exchange = Exchange::begin(&server, PREDICT);
    assert_eq!(exchange.head(), (200, true));
    assert_eq!(server.post_as(PREDICT, "content-type: application/jsonlines", row).status, 503);
    drop(exchange);
    let again = || server.post(PREDICT, r#"{"instances":[[1,2,3]]}"#).status;
    assert!((0..200).any(|_| again() == 200 || {
        thread::sleep(Duration::from_millis(10));
        false
    }));
}

#[test]
fn a_stream_ends_with_the_server_at_a_line() {
    let models = vec![slow("sum", Duration::from_millis(1))];
    let mut server = start(Config { models, ..Config::default() });
    let mut exchange = Exchange::begin(&server, SUMS);
    exchange.send("[1,2,3]\n[1,2,");
    assert_eq!(exchange.head(), (200, true));
    assert_eq!(exchange.line(), Some(json!({"prediction": 6.0})));
    server.drain.begin();
    // what is under way may go on for a while
    exchange.send("3]\n[5,");
    assert_eq!(exchange.line(), Some(json!({"prediction": 6.0})));
    let end = exchange.line().unwrap();
    assert!(error(&end).contains("the server is going down"), "{end}");
    assert_eq!((&end["line"], &end["ended"]), (&json!(3), &json!(true)));
    server.join();
}

/// Bytes of memory that the process has at its most.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
#[ignore = "sends five million rows: cargo test -p longshore-serve -- --ignored five_million"]
fn five_million_rows_take_no_more_memory_than_a_few() {
    let server = serve(vec![plain("sum")], Limits::default());
    let stream = |lines: usize| {
        let text = "[1.25,-2.5,3.125]\n";
        let length = format!("content-length: {}", lines * text.len());
        let mut exchange = Exchange::begin_as(&server, SUMS, &length);
        let mut socket = exchange.socket.try_clone().unwrap();
        let block = text.repeat(1000);
        let writer = thread::spawn(move || {
            for _ in 0..lines / 1000 {
                socket.write_all(block.as_bytes()).unwrap();
            }
        });
        assert_eq!(exchange.head(), (200, true));
        let mut count = 0;
        while exchange.byte().is_some() {
            count += 1;
        }
        writer.join().unwrap();
        assert_eq!(count, lines * "{\"prediction\":1.875}\n".len());
    };
    stream(100_000);
    let before = peak();
    stream(5_000_000);
    let more = peak() - before;
    assert!(more < 4 << 20, "{more} bytes more");
}
