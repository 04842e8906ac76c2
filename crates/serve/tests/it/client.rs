//! Raw HTTP over TCP, so that a test sends exactly the bytes it means.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread::{self, JoinHandle},
    time::Duration,
};

use longshore_daemon::Drain;
use longshore_serve::{Config, Error, Limits, ModelSource, Models, Server};

/// A server on a port of its own that goes down with the test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) drain: Drain,
    pub(crate) models: Models,
    /// The port of `grpc_port`, when it was asked for.
    pub(crate) grpc: Option<SocketAddr>,
    /// The port of the metrics, when they have one of their own.
    pub(crate) metrics: Option<SocketAddr>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

pub(crate) fn serve(models: Vec<ModelSource>, limits: Limits) -> Running {
    start(Config { models, limits, ..Config::default() })
}

/// A server with a configuration of its own, but for the port and the grace.
pub(crate) fn start(config: Config) -> Running {
    let threads = if config.threads == 0 { 2 } else { config.threads };
    let config = Config { port: 0, threads, grace: Duration::from_secs(5), ..config };
    let server = Server::bind(config).unwrap();
    let (address, metrics) = (server.address(), server.metrics_address());
    let grpc = server.grpc_address();
    let (drain, models) = (server.drain(), server.models());
    let thread = thread::spawn(move || server.run(std::future::pending()));
    Running { address, drain, models, grpc, metrics, thread: Some(thread) }
}

impl Running {
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).unwrap()
    }

    /// A get on the port of the metrics.
    pub(crate) fn get_metrics(&self, path: &str) -> Reply {
        let mut connection = Connection::open(self.metrics.unwrap()).unwrap();
        connection.write(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"));
        connection.reply()
    }

    /// One request on a connection of its own.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> Reply {
        let mut connection = self.connect();
        connection.write(bytes);
        connection.reply()
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
    }

    /// A get with other headers.
    pub(crate) fn get_as(&self, path: &str, headers: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n"))
    }

    /// How many rows the model `sum` has answered.
    pub(crate) fn rows(&self) -> u64 {
        let metrics = self.get("/metrics").body;
        let name = r#"longshore_serve_rows_total{model="sum",version="1"} "#;
        let count = metrics.lines().find_map(|line| line.strip_prefix(name));
        count.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Reply {
        self.post_as(path, "content-type: application/json", body)
    }

    /// A post with other headers.
    pub(crate) fn post_as(&self, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Reply {
        self.send(request(path, headers, body))
    }

    /// Goes down and waits for it.
    pub(crate) fn stop(&mut self) {
        self.drain.begin();
        self.join();
    }

    pub(crate) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.drain.begin();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The bytes of a post.
pub(crate) fn request(path: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut headers = headers.to_owned();
    if !headers.is_empty() {
        headers.push_str("\r\n");
    }
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The body as text; what is no text is replaced.
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The message of a failure in KServe's form.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Reads more; false at the end.
    fn fill(&mut self) -> bool {
        let mut chunk = [0; 8192];
        match self.stream.read(&mut chunk) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.buffer.extend_from_slice(&chunk[..count]);
                true
            }
        }
    }

    /// True when the server closes without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !self.fill()
    }

    pub(crate) fn reply(&mut self) -> Reply {
        self.try_reply().expect("the server closed without a reply")
    }

    pub(crate) fn try_reply(&mut self) -> Option<Reply> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at;
            }
            if !self.fill() {
                return None;
            }
        };
        let head = String::from_utf8(self.buffer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, head, body: String::new(), bytes: Vec::new() };
        let length: usize = reply.header("content-length").map_or(0, |v| v.parse().unwrap());
        while self.buffer.len() < end + 4 + length {
            if !self.fill() {
                return None;
            }
        }
        reply.bytes = self.buffer[end + 4..end + 4 + length].to_vec();
        reply.body = String::from_utf8_lossy(&reply.bytes).into_owned();
        self.buffer.drain(..end + 4 + length);
        Some(reply)
    }
}
