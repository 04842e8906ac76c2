use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longshore_daemon::{
    metrics,
    server::{
        Limits, Transport,
        tls::{ClientCertificate, Tls},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};

use crate::{
    certificates::{Authority, Folder},
    running::{Running, exchange, impatient, limits, start_over, whole},
};

async fn connect(address: SocketAddr, config: &ClientConfig) -> io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    let host = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config.clone())).connect(host, socket).await
}

const ASK: &[u8] = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\nok";

/// Asks over HTTP/1 on a connection that stays open.
async fn ask(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    stream.write_all(ASK).await?;
    let mut reply = Vec::new();
    while !reply.ends_with(b"\r\n\r\nok") {
        if stream.read_buf(&mut reply).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    assert!(reply.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&reply));
    Ok(())
}

/// Asks once, on a connection of its own.
async fn ask_once(address: SocketAddr, config: &ClientConfig) -> io::Result<()> {
    ask(&mut connect(address, config).await?).await
}

fn serve(tls: &Tls) -> Running {
    start_over(limits(), Transport::Tls(tls.clone()))
}

/// The value of a line of the metrics.
fn counted(tls: &Tls, line: &str) -> f64 {
    let mut registry = metrics::registry();
    tls.register(&mut registry);
    let text = metrics::render(&registry, metrics::Format::OpenMetrics).unwrap();
    let found = text.lines().find_map(|found| found.strip_prefix(line));
    found.unwrap_or_else(|| panic!("no {line} in {text}")).trim().parse().unwrap()
}

fn handshakes(tls: &Tls, result: &str) -> f64 {
    counted(tls, &format!("longshore_tls_handshakes_total{{result=\"{result}\"}}"))
}

/// Waits until so many handshakes have ended so: the peer of one knows it before it is counted.
async fn wait_for(tls: &Tls, result: &str, count: f64) {
    for _ in 0..2000 {
        if handshakes(tls, result) >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(handshakes(tls, result), count, "{result}");
}

#[tokio::test]
async fn the_protocol_is_agreed_on() {
    let authority = Authority::new();
    let tls = Folder::new(&authority.server()).open(None, ClientCertificate::Required);
    let server = serve(&tls);
    for (offered, agreed) in [
        (&[][..], None),
        (&["http/1.1"], Some("http/1.1")),
        (&["http/1.1", "h2"], Some("h2")),
        (&["h2"], Some("h2")),
    ] {
        let config = authority.believer_with(None, offered);
        let mut stream = connect(server.address, &config).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), agreed.map(str::as_bytes), "{offered:?}");
        if agreed == Some("h2") {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                    .await
                    .unwrap();
            tokio::spawn(connection);
            let request = Request::post("https://localhost/").body(whole("over h2")).unwrap();
            let reply = sender.send_request(request).await.unwrap();
            assert_eq!((reply.status(), reply.version()), (StatusCode::OK, hyper::Version::HTTP_2));
            assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), "over h2");
        } else {
            ask(&mut stream).await.unwrap();
        }
    }
    let none = authority.believer_with(None, &["spdy/3"]);
    assert!(ask_once(server.address, &none).await.is_err());
    wait_for(&tls, "protocol", 1.0).await;
    wait_for(&tls, "ok", 4.0).await;
}

#[tokio::test]
async fn a_certificate_is_renewed_under_load_without_a_failed_request() {
    let authority = Authority::new();
    let folder = Folder::new(&authority.server());
    let tls = folder.open(None, ClientCertificate::Required);
    let server = serve(&tls);
    let (config, over) = (authority.believer(), AtomicBool::new(false));
    let answered = AtomicUsize::new(0);
    let kept_open = async || {
        let mut stream = connect(server.address, &config).await.unwrap();
        while !over.load(Relaxed) {
            ask(&mut stream).await.unwrap();
            answered.fetch_add(1, Relaxed);
        }
    };
    let opened_anew = async || {
        while !over.load(Relaxed) {
            ask_once(server.address, &config).await.unwrap();
            answered.fetch_add(1, Relaxed);
        }
    };
    let renew = async || {
        let mut shown = Vec::new();
        for round in 1..=20 {
            let reached = answered.load(Relaxed) + 20;
            while answered.load(Relaxed) < reached {
                tokio::task::yield_now().await;
            }
            folder.replace(&authority.server());
            tls.look();
            let stream = connect(server.address, &authority.believer()).await.unwrap();
            let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
            assert!(!shown.contains(&certificate), "round {round} shows a certificate of before");
            shown.push(certificate);
        }
        over.store(true, Relaxed);
    };
    tokio::join!(kept_open(), kept_open(), opened_anew(), opened_anew(), renew());
    assert_eq!(counted(&tls, "longshore_tls_reloads_total{result=\"ok\"}"), 20.0);
    assert_eq!(counted(&tls, "longshore_tls_reloads_total{result=\"failed\"}"), 0.0);
}

#[tokio::test]
async fn files_that_change_are_found_without_being_told() {
    let authority = Authority::new();
    let folder = Folder::new(&authority.server());
    let tls = folder.open(None, ClientCertificate::Required);
    tls.follow(Duration::from_millis(10)).unwrap();
    folder.replace(&authority.server());
    let reloads = || counted(&tls, "longshore_tls_reloads_total{result=\"ok\"}");
    for _ in 0..1000 {
        if reloads() > 0.0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the new pair is not found");
}

#[tokio::test]
async fn clients_need_a_certificate_of_the_authority() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = Folder::new(&authority.server());
    let ca = folder.put("ca.crt", &authority.pem());
    let tls = folder.open(Some(ca.clone()), ClientCertificate::Required);
    let server = serve(&tls);
    let with = |issuer: &Authority| authority.believer_with(Some(&issuer.client()), &[]);
    ask_once(server.address, &with(&authority)).await.unwrap();
    assert!(ask_once(server.address, &authority.believer()).await.is_err());
    assert!(ask_once(server.address, &with(&stranger)).await.is_err());
    assert_eq!(server.begun.load(Relaxed), 1, "the service has not seen the others");
    for result in ["ok", "no_client_certificate", "client_certificate"] {
        wait_for(&tls, result, 1.0).await;
    }

    // another authority takes the place: who could resume a session is asked anew
    let resuming = with(&authority);
    ask_once(server.address, &resuming).await.unwrap();
    folder.put("ca.crt", &stranger.pem());
    tls.look();
    assert!(ask_once(server.address, &resuming).await.is_err());
    ask_once(server.address, &with(&stranger)).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_may_be_missing_has_to_be_right() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = Folder::new(&authority.server());
    let ca = folder.put("ca.crt", &authority.pem());
    let server = serve(&folder.open(Some(ca), ClientCertificate::Optional));
    ask_once(server.address, &authority.believer()).await.unwrap();
    let with = |issuer: &Authority| authority.believer_with(Some(&issuer.client()), &[]);
    ask_once(server.address, &with(&authority)).await.unwrap();
    assert!(ask_once(server.address, &with(&stranger)).await.is_err());
}

#[tokio::test]
async fn plain_http_is_told_to_use_tls() {
    let tls = Folder::new(&Authority::new().server()).open(None, ClientCertificate::Required);
    let server = serve(&tls);
    let large = format!("POST / HTTP/1.1\r\ncontent-length: 200000\r\n\r\n{}", "x".repeat(200_000));
    for request in ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &large]
    {
        let request = request.to_owned();
        let address = server.address;
        let reply = tokio::task::spawn_blocking(move || exchange(address, &request)).await.unwrap();
        assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
        assert!(reply.contains("connection: close") && reply.ends_with("`https://`\"}"), "{reply}");
    }
    wait_for(&tls, "plain_http", 3.0).await;
    assert_eq!(server.begun.load(Relaxed), 0);
}

#[tokio::test]
async fn a_handshake_has_to_end() {
    let tls = Folder::new(&Authority::new().server()).open(None, ClientCertificate::Required);
    let server = start_over(impatient(), Transport::Tls(tls.clone()));
    // nothing at all, and the beginning of a record
    for bytes in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let mut reply = Vec::new();
        let _ = socket.read_to_end(&mut reply).await;
        assert!(reply.is_empty(), "{reply:?}");
    }
    // a probe of the port
    drop(TcpStream::connect(server.address).await.unwrap());
    // what is neither TLS nor HTTP
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(&[0; 64]).await.unwrap();
    let _ = socket.read_to_end(&mut Vec::new()).await;
    for (result, count) in [("timeout", 2.0), ("closed", 1.0), ("protocol", 1.0)] {
        wait_for(&tls, result, count).await;
    }
}

#[tokio::test]
async fn what_is_in_flight_is_finished() {
    let authority = Authority::new();
    let tls = Folder::new(&authority.server()).open(None, ClientCertificate::Required);
    let mut server = serve(&tls);
    let mut stream = connect(server.address, &authority.believer()).await.unwrap();
    let held = b"POST /held HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\nheld";
    stream.write_all(held).await.unwrap();
    server.wait_for(1).await;
    server.drain.begin();
    server.release.add_permits(1);
    let mut reply = String::new();
    // an end without TLS's own good-bye would be an error: the reply might have been cut
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.contains("connection: close") && reply.ends_with("\r\n\r\nheld"), "{reply}");
    server.join();
}

#[tokio::test]
async fn a_service_knows_that_a_connection_is_secure() {
    let authority = Authority::new();
    let tls = Folder::new(&authority.server()).open(None, ClientCertificate::Required);
    let server = serve(&tls);
    let config = authority.believer_with(None, &["http/1.1"]);
    let mut stream = connect(server.address, &config).await.unwrap();
    stream
        .write_all(b"GET /connection HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.contains("is_secure: true"), "{reply}");
}

#[tokio::test]
async fn a_client_that_reads_late_gets_all_of_its_reply() {
    const LENGTH: usize = 32 << 20;
    let ca = Authority::new();
    let folder = Folder::new(&ca.server());
    let tls = folder.open(None, ClientCertificate::Required);
    // connections that have had nothing to do for 50 ms rest
    let long = Duration::from_secs(10);
    let limits = Limits { body_timeout: long, idle_timeout: long, ..impatient() };
    let server = start_over(limits, Transport::Tls(tls));
    let stream = connect(server.address, &ca.believer()).await.unwrap();
    let (mut reading, mut writing) = tokio::io::split(stream);
    let head = format!("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: {LENGTH}\r\n\r\n");
    writing.write_all(head.as_bytes()).await.unwrap();
    writing.write_all(&vec![b'a'; LENGTH]).await.unwrap();
    writing.flush().await.unwrap();
    let mut read = 0;
    let mut chunk = vec![0; 64 << 10];
    let all = async {
        while read < LENGTH {
            let count = reading.read(&mut chunk).await.unwrap();
            assert_ne!(count, 0, "closed after {read} bytes");
            read += count;
            // slower than the server rests
            if read % (1 << 20) < count {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), all).await;
    assert!(in_time.is_ok(), "only {read} bytes came");
}
