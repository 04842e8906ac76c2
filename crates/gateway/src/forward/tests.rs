use std::sync::Arc;

use hyper::Request;

use super::*;
use crate::{description, table::Table};

fn service() -> Arc<Service> {
    let table = Table::new("cluster.local");
    let described = description::Service {
        namespace: "ml".into(),
        name: "iris".into(),
        ..description::Service::default()
    };
    table.set_service(&described).unwrap();
    table.find("iris.ml", "/").unwrap().service
}

fn handed_on(request: Request<()>, trust_forwarded: bool) -> HeaderMap {
    let (head, ()) = request.into_parts();
    let (id, service) = (HeaderValue::from_static("id-1"), service());
    let said = Said {
        id: &id,
        service: &service,
        connection: Some(Connection { peer: "10.1.1.1:4000".parse().unwrap(), is_secure: true }),
        trust_forwarded,
        host: "iris.ml.example.com",
        traceparent: None,
    };
    request_headers(&head, &said)
}

fn get<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn headers_of_the_connection_stay_behind() {
    let request = Request::post("/")
        .header("connection", "x-own, close, content-type, host")
        .header("x-own", "1")
        .header("keep-alive", "timeout=5")
        .header("te", "gzip, trailers")
        .header("transfer-encoding", "chunked")
        .header("upgrade", "websocket")
        .header("expect", "100-continue")
        .header("content-length", "3")
        .header("longshore-pool", "iris-00001 iris s3://x")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .body(())
        .unwrap();
    let headers = handed_on(request, false);
    for gone in [
        "connection",
        "x-own",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
        "expect",
        "content-length",
        "longshore-pool",
    ] {
        assert_eq!(get(&headers, gone), None, "{gone}");
    }
    assert_eq!(get(&headers, "te"), Some("trailers"));
    assert_eq!(get(&headers, "host"), Some("iris.ml.example.com"));
    assert_eq!(get(&headers, "x-request-id"), Some("id-1"));
    assert_eq!(get(&headers, "kserve-isvc-name"), Some("iris"));
    assert_eq!(get(&headers, "kserve-isvc-namespace"), Some("ml"));
    assert!(get(&headers, "traceparent").unwrap().starts_with("00-0af7"));
}

#[test]
fn what_a_client_says_of_itself_is_believed_only_where_it_is_trusted() {
    let request = || {
        Request::get("/")
            .header("x-forwarded-for", "1.2.3.4")
            .header("x-forwarded-proto", "http")
            .header("forwarded", "for=1.2.3.4")
            .body(())
            .unwrap()
    };
    let headers = handed_on(request(), false);
    assert_eq!(get(&headers, "x-forwarded-for"), Some("10.1.1.1"));
    assert_eq!(get(&headers, "x-forwarded-proto"), Some("https"));
    assert_eq!(get(&headers, "x-forwarded-host"), Some("iris.ml.example.com"));
    assert_eq!(get(&headers, "forwarded"), None);
    let headers = handed_on(request(), true);
    assert_eq!(get(&headers, "x-forwarded-for"), Some("1.2.3.4, 10.1.1.1"));
    assert_eq!(get(&headers, "x-forwarded-proto"), Some("http"));
    assert_eq!(get(&headers, "forwarded"), Some("for=1.2.3.4"));
}

#[test]
fn cookies_are_one_header() {
    let request =
        Request::get("/").header("cookie", "a=1").header("cookie", "b=2").body(()).unwrap();
    let headers = handed_on(request, false);
    assert_eq!(headers.get_all("cookie").iter().count(), 1);
    assert_eq!(get(&headers, "cookie"), Some("a=1; b=2"));
}

#[test]
fn the_path_of_the_route_is_not_handed_on() {
    let at = |uri: &str, prefix| target(&uri.parse().unwrap(), prefix).unwrap().to_string();
    assert_eq!(at("/a/b?x=1", 0), "/a/b?x=1");
    assert_eq!(at("/serving/ml/iris/v1/models?x=1", 16), "/v1/models?x=1");
    assert_eq!(at("/serving/ml/iris", 16), "/");
    assert_eq!(at("/serving/ml/iris?x=1", 16), "/?x=1");
    assert_eq!(at("http://example.com/serving/ml/iris/a", 16), "/a");
}
