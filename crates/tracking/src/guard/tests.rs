use hyper::{Request, StatusCode, http::request::Parts};

use super::{Guard, Pattern};

fn head(method: &str, host: &str, origin: Option<&str>) -> Parts {
    let mut request = Request::builder().method(method).uri("/api/2.0/x").header("host", host);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    request.body(()).unwrap().into_parts().0
}

/// The status of a refusal; `None` when the request may go on.
fn refused(guard: &Guard, head: &Parts) -> Option<StatusCode> {
    guard.check(head, Some("/api/2.0/x")).map(|response| response.status())
}

#[test]
fn a_pattern_is_held_against_the_whole_name() {
    let matches = |pattern: &str, name| Pattern::new(pattern).matches(name);
    assert!(matches("*", "anything"));
    assert!(matches("192.168.*", "192.168.1.2:5000"));
    assert!(matches("app-*.Internal.com", "app-1.internal.com"));
    assert!(matches("a*b*c", "a1b2c"));
    assert!(!matches("a*b*c", "acb"));
    assert!(!matches("app-*.internal.com", "app-1.internal.com.evil.com"));
    assert!(!matches("ab*ba", "aba"), "the ends do not overlap");
    assert!(!matches("mlflow.com", "mlflow.com:5000"), "MLflow compares the port too");
}

#[test]
fn only_this_machine_and_private_addresses_are_hosts() {
    let guard = Guard::default();
    for host in [
        "localhost",
        "LOCALHOST:5000",
        "127.0.0.1:1",
        "[::1]:5000",
        "10.1.2.3",
        "172.16.0.1:80",
        "192.168.0.9",
        "0.0.0.0:5000",
        "[fd00::1]",
    ] {
        assert_eq!(refused(&guard, &head("GET", host, None)), None, "{host}");
    }
    for host in [
        "",
        "evil.com",
        "10.evil.com",
        "192.168.evil.com:5000",
        "localhost.evil.com",
        "8.8.8.8",
        "172.32.0.1",
        "[2001:db8::1]",
    ] {
        assert_eq!(
            refused(&guard, &head("GET", host, None)),
            Some(StatusCode::FORBIDDEN),
            "{host}"
        );
    }
    let evil = head("GET", "evil.com", None);
    assert!(guard.check(&evil, Some("/health")).is_none(), "probes come by any name");
    assert!(guard.check(&evil, Some("/metrics")).is_some());
    assert!(guard.check(&evil, None).is_some());
}

#[test]
fn a_list_of_hosts_is_all_there_is() {
    let guard = Guard::new(Some("mlflow.com, *.internal.com"), None, "DENY").unwrap();
    assert_eq!(refused(&guard, &head("GET", "mlflow.com", None)), None);
    assert_eq!(refused(&guard, &head("GET", "a.internal.com", None)), None);
    assert_eq!(refused(&guard, &head("GET", "localhost", None)), Some(StatusCode::FORBIDDEN));
}

#[test]
fn another_origin_changes_nothing() {
    let guard = Guard::new(None, Some("https://app.com"), "SAMEORIGIN").unwrap();
    let from = |method, origin| refused(&guard, &head(method, "10.0.0.5:5000", Some(origin)));
    for method in ["POST", "PUT", "PATCH", "DELETE", "MADE-UP"] {
        assert_eq!(from(method, "http://evil.com"), Some(StatusCode::FORBIDDEN), "{method}");
        assert_eq!(from(method, "null"), Some(StatusCode::FORBIDDEN), "{method}");
        assert_eq!(from(method, "https://app.com.evil.com"), Some(StatusCode::FORBIDDEN));
        assert_eq!(from(method, "http://localhost.evil.com"), Some(StatusCode::FORBIDDEN));
        assert_eq!(from(method, "https://app.com"), None, "{method}");
        assert_eq!(from(method, "http://localhost:3000"), None, "{method}");
        assert_eq!(from(method, "http://10.0.0.5:5000"), None, "its own origin");
    }
    assert_eq!(from("GET", "http://evil.com"), None, "it cannot read the reply");
}

#[test]
fn a_browser_learns_what_it_may_send() {
    let guard = Guard::new(None, Some("https://app.com"), "SAMEORIGIN").unwrap();
    let ask = |origin| {
        let mut head = head("OPTIONS", "localhost", Some(origin));
        head.headers.insert("access-control-request-method", "POST".parse().unwrap());
        let mut response = guard.check(&head, None).unwrap();
        guard.mark(&head, response.headers_mut());
        response
    };
    let allowed = ask("https://app.com");
    assert_eq!(allowed.status(), StatusCode::NO_CONTENT);
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.com");
    assert_eq!(allowed.headers()["access-control-allow-credentials"], "true");
    let refused = ask("http://evil.com");
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
}

#[test]
fn any_origin_gets_no_credentials() {
    let guard = Guard::new(Some("*"), Some("*"), "none").unwrap();
    let head = head("POST", "evil.com", Some("http://evil.com"));
    assert_eq!(refused(&guard, &head), None);
    let mut headers = hyper::HeaderMap::new();
    guard.mark(&head, &mut headers);
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(!headers.contains_key("access-control-allow-credentials"));
    assert!(!headers.contains_key("x-frame-options"));
}
