//! Requests over one connection that is kept.

use std::{
    cell::RefCell,
    fmt::Write as _,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;

/// A way to a server.
pub struct Wire {
    address: SocketAddr,
    open: RefCell<Option<BufReader<TcpStream>>>,
}

/// A reply.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, which it must be.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a reply that is JSON")
    }
}

impl Wire {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, open: RefCell::new(None) }
    }

    /// Sends a message to the API: by GET as a query, else as JSON.
    pub fn ask(&self, method: &str, path: &str, message: &Value) -> Answer {
        if method == "GET" {
            return self.send(&format!("GET /api/{path}?{}", query(message)), "", &[]);
        }
        let head = "content-type: application/json\r\n";
        self.send(&format!("{method} /api/{path}"), head, message.to_string().as_bytes())
    }

    /// The same for what must work.
    pub fn make(&self, path: &str, message: &Value) -> Value {
        let answer = self.ask("POST", path, message);
        let told = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{path} {message}: {told}");
        answer.json()
    }

    /// Sends a request whose line and headers are given. A connection that the server has closed since is made
    /// anew, once.
    pub fn send(&self, line: &str, headers: &str, body: &[u8]) -> Answer {
        let mut request = format!(
            "{line} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\n\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        let mut open = self.open.borrow_mut();
        if let Some(connection) = &mut *open
            && let Ok(answer) = exchange(connection, &request)
        {
            return answer;
        }
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let mut connection = BufReader::new(stream);
        let answer = exchange(&mut connection, &request).expect("an answer");
        *open = Some(connection);
        answer
    }
}

fn exchange(connection: &mut BufReader<TcpStream>, request: &[u8]) -> io::Result<Answer> {
    connection.get_mut().write_all(request)?;
    let mut line = String::new();
    if connection.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let status = line.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
    let mut length = None;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok();
        }
    }
    let mut body = vec![0; length.expect("a length")];
    connection.read_exact(&mut body)?;
    Ok(Answer { status, body })
}

fn query(message: &Value) -> String {
    let mut query = String::new();
    let mut add = |name: &str, value: &Value| {
        let _ = write!(query, "&{name}=");
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for byte in text.bytes() {
            let _ = write!(query, "%{byte:02x}");
        }
    };
    for (name, value) in message.as_object().expect("a message") {
        match value {
            Value::Array(values) => values.iter().for_each(|value| add(name, value)),
            value => add(name, value),
        }
    }
    query
}
