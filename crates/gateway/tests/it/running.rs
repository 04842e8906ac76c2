//! A gateway that runs in a thread, and clients of it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use longshore_daemon::Drain;
use longshore_gateway::{
    Config, Gateway, Table,
    description::{Endpoint, Service},
};
use longshore_platform::Revision as Facts;
use serde_json::{Value, json};

/// A gateway; it ends when it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: SocketAddr,
    pub(crate) table: Table,
    pub(crate) drain: Drain,
    thread: Option<JoinHandle<()>>,
}

/// The host of the service that [`Running::route`] makes.
pub(crate) const HOST: &str = "iris.ml.example.com";

/// Its revision.
pub(crate) const REVISION: &str = "iris-predictor-00001-aaaaa";

pub(crate) fn config() -> Config {
    let table = Table::new("cluster.local");
    Config {
        host: [127, 0, 0, 1].into(),
        port: 0,
        metrics_port: Some(0),
        threads: 1,
        seed: Some(1),
        grace: Duration::from_secs(5),
        ..Config::new(table)
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        service: "iris".into(),
        component: "predictor".into(),
        port: 8080,
        timeout_seconds: 10,
        ..Facts::default()
    }
}

pub(crate) fn start(config: Config) -> Running {
    let table = config.table.clone();
    let gateway = Gateway::bind(config).unwrap();
    let (address, drain) = (gateway.address(), gateway.drain());
    let metrics = gateway.metrics_address().unwrap();
    let thread = thread::spawn(move || gateway.run(std::future::pending()).unwrap());
    Running { address, metrics, table, drain, thread: Some(thread) }
}

impl Running {
    /// A service with one revision.
    pub(crate) fn route(&self, facts: Facts, replicas: &[SocketAddr]) {
        let traffic = json!([{"revision": REVISION, "percent": 100}]);
        self.service(&json!({"predictor": {"traffic": traffic}}));
        self.table.set_facts("ml", REVISION, facts);
        self.replicas(REVISION, replicas);
    }

    pub(crate) fn service(&self, components: &Value) {
        let at = [format!("http://{HOST}")];
        let service =
            json!({"namespace": "ml", "name": "iris", "at": at, "components": components});
        let service: Service = serde_json::from_value(service).unwrap();
        assert!(self.table.set_service(&service).unwrap().is_empty());
    }

    pub(crate) fn replicas(&self, revision: &str, replicas: &[SocketAddr]) {
        let endpoint = |address: &SocketAddr| Endpoint { address: *address, grpc: None };
        self.table.set_replicas("ml", revision, replicas.iter().map(endpoint).collect());
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Sends one request with a connection of its own.
    pub(crate) fn send(&self, request: &str) -> Reply {
        let mut connection = self.connect();
        connection.write(request);
        connection.reply()
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.send(&post(path, body))
    }

    /// The value of a metric, whose labels are named in part.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let mut connection = Connection::open(self.metrics);
        connection.write("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
        let text = connection.reply().body;
        let found = text
            .lines()
            .find(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)));
        found
            .and_then(|line| line.rsplit_once(' '))
            .map_or(0.0, |(_, value)| value.parse().unwrap())
    }

    pub(crate) fn stop(&mut self) {
        self.drain.begin();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until `is_so`.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// A connection of plain HTTP/1.1.
pub(crate) struct Connection {
    pub(crate) reader: BufReader<TcpStream>,
}

/// A reply as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The message of a failure.
    pub(crate) fn error(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["error"].as_str().unwrap().to_owned()
    }
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { reader: BufReader::new(socket) }
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The head of a reply.
    pub(crate) fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.reader.read_line(&mut line).unwrap(), 0, "closed after `{head}`");
            if line == "\r\n" {
                return head;
            }
            head.push_str(&line);
        }
    }

    /// One line of a body, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// A chunk of a body; empty at the end.
    pub(crate) fn chunk(&mut self) -> String {
        let length = usize::from_str_radix(&self.line(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        self.reader.read_exact(&mut chunk).unwrap();
        String::from_utf8(chunk[..length].to_vec()).unwrap()
    }

    pub(crate) fn reply(&mut self) -> Reply {
        let head = self.head();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, head, body: String::new() };
        if let Some(length) = reply.header("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            self.reader.read_exact(&mut body).unwrap();
            reply.body = String::from_utf8(body).unwrap();
        } else if reply.header("transfer-encoding") == Some("chunked") {
            loop {
                let chunk = self.chunk();
                if chunk.is_empty() {
                    break;
                }
                reply.body.push_str(&chunk);
            }
        }
        reply
    }

    /// All that comes until the connection closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.reader.read_to_end(&mut rest);
        String::from_utf8(rest).unwrap()
    }
}
