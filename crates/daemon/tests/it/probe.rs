use crate::running::{exchange, limits, start};

#[test]
fn probes_are_answered_on_a_port_of_their_own() {
    let mut server = start(limits());
    let probes = server.probes;
    let get = |path: &str| {
        exchange(probes, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
    };
    for (path, body) in [
        ("/", r#"{"status":"alive"}"#),
        ("/health/live", r#"{"live":true}"#),
        ("/v2/health/ready", r#"{"live":true,"ready":true}"#),
        ("/ping", "\n"),
    ] {
        let reply = get(path);
        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
        assert!(reply.ends_with(&format!("\r\n\r\n{body}")), "{reply}");
        assert!(reply.contains("\r\nx-request-id: "), "{reply}");
    }
    assert!(get("/metrics").contains("\nprocess_start_time_seconds "));
    let reply = get("/elsewhere");
    assert!(reply.starts_with("HTTP/1.1 404 ") && reply.contains("there is no such path"));
    let request = "POST /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let reply = exchange(probes, request);
    assert!(reply.starts_with("HTTP/1.1 405 ") && reply.contains("allow: GET, HEAD"), "{reply}");
    server.drain.begin();
    server.join();
    assert!(std::net::TcpStream::connect(probes).is_err());
}
