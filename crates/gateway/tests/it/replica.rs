//! A replica made of a socket: it does to the bytes what a test says.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// A request as it came to a replica.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn first_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }
}

/// What a replica does with a request: it writes to the stream, and keeps it open by giving back true.
pub(crate) type Act = dyn Fn(&Seen, &mut TcpStream) -> bool + Send + Sync;

/// A server of plain HTTP/1.1.
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    stop: Arc<AtomicBool>,
}

impl Replica {
    pub(crate) fn start(
        act: impl Fn(&Seen, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), act)
    }

    /// One that does as `act` says with each connection.
    pub(crate) fn start_raw(act: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap(), move |mut socket, _| act(&mut socket))
    }

    pub(crate) fn start_at(
        address: SocketAddr,
        act: impl Fn(&Seen, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::listen(address, move |socket, seen| serve(socket, seen, &act))
    }

    fn listen(
        address: SocketAddr,
        serve: impl Fn(TcpStream, &Mutex<Vec<Seen>>) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let serve = Arc::new(serve);
        let (seen, connections) =
            (Arc::<Mutex<Vec<Seen>>>::default(), Arc::new(AtomicUsize::new(0)));
        let (open, stop) =
            (Arc::<Mutex<Vec<TcpStream>>>::default(), Arc::new(AtomicBool::new(false)));
        let replica = Self {
            address,
            seen: seen.clone(),
            connections: connections.clone(),
            open: open.clone(),
            stop: stop.clone(),
        };
        thread::spawn(move || {
            for socket in listener.incoming() {
                if stop.load(SeqCst) {
                    return;
                }
                let Ok(socket) = socket else { continue };
                connections.fetch_add(1, SeqCst);
                open.lock().unwrap().push(socket.try_clone().unwrap());
                let (serve, seen) = (serve.clone(), seen.clone());
                thread::spawn(move || serve(socket, &seen));
            }
        });
        replica
    }

    /// One that answers each request with `200` and `body`.
    pub(crate) fn saying(body: &'static str) -> Self {
        Self::start(move |_, stream| reply(stream, "200 OK", body))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Closes all connections, and takes no more.
    pub(crate) fn stop(&self) {
        self.stop.store(true, SeqCst);
        // the listener looks at the flag when one more comes
        drop(TcpStream::connect(self.address));
        for socket in self.open.lock().unwrap().drain(..) {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Writes a reply with a length; gives back true, to keep the connection.
pub(crate) fn reply(stream: &mut TcpStream, status: &str, body: &str) -> bool {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).is_ok()
}

fn serve(socket: TcpStream, seen: &Mutex<Vec<Seen>>, act: &Act) {
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut writer = socket.try_clone().unwrap();
    let mut reader = BufReader::new(socket);
    while let Some(request) = read(&mut reader) {
        seen.lock().unwrap().push(request.clone());
        if !act(&request, &mut writer) {
            let _ = writer.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut request = Seen { head, body: Vec::new() };
    if let Some(length) = request.header("content-length") {
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).ok()?;
        request.body = body;
    } else if request.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let length = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk).ok()?;
            if length == 0 {
                break;
            }
            request.body.extend_from_slice(&chunk[..length]);
        }
    }
    Some(request)
}
