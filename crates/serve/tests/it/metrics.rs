//! What `/metrics` says.

use longshore_serve::Limits;

use crate::{client::serve, model::plain};

#[test]
fn requests_rows_and_time_are_counted_by_model() {
    let server = serve(vec![plain("sum"), plain("other")], Limits::default());
    for _ in 0..3 {
        server.post("/v1/models/sum:predict", r#"{"instances":[[1,2,3],[4,5,6]]}"#);
    }
    server.post("/v2/models/sum/infer", "{}");
    server.post("/invocations?model=sum", r#"{"inputs":[[600,60,6]]}"#);
    let reply = server.get("/metrics");
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        r#"longshore_serve_requests_total{model="sum",version="1",protocol="v1",code="2xx"} 3"#,
        r#"longshore_serve_requests_total{model="sum",version="1",protocol="v2",code="4xx"} 1"#,
        r#"longshore_serve_requests_total{model="sum",version="1",protocol="mlflow",code="5xx"} 1"#,
        r#"longshore_serve_requests_total{model="other",version="1",protocol="v1",code="2xx"} 0"#,
        r#"longshore_serve_rows_total{model="sum",version="1"} 6"#,
        r#"longshore_serve_request_duration_seconds_count{model="sum",version="1"} 5"#,
        r#"longshore_serve_request_duration_seconds_bucket{le="+Inf",model="sum",version="1"} 5"#,
        r#"longshore_serve_in_flight_requests{model="sum",version="1"} 0"#,
        "# TYPE longshore_serve_rows_total counter",
    ] {
        assert!(reply.body.lines().any(|l| l == line), "{line}\n{}", reply.body);
    }
    for name in [
        "process_start_time_seconds",
        "process_resident_memory_bytes",
        "longshore_serve_model_load_seconds",
        "longshore_serve_connections",
    ] {
        assert!(reply.body.contains(name), "{name}");
    }
}

#[test]
fn a_stream_is_a_request_and_no_latency() {
    let server = serve(vec![plain("sum")], Limits::default());
    let lines = "content-type: application/x-ndjson";
    server.post_as("/v1/models/sum:predict", lines, "[1,2,3]\n[4,5,6]\n");
    server.post_as("/v1/models/sum:predict", lines, "[600,60,6]\n");
    server.post("/v1/models/sum:predict", r#"{"instances":[[1,2,3]]}"#);
    let reply = server.get("/metrics");
    for line in [
        r#"longshore_serve_requests_total{model="sum",version="1",protocol="v1",code="2xx"} 2"#,
        r#"longshore_serve_rows_total{model="sum",version="1"} 3"#,
        r#"longshore_serve_streams_total{model="sum",version="1",result="ok"} 1"#,
        r#"longshore_serve_streams_total{model="sum",version="1",result="failed"} 1"#,
        r#"longshore_serve_request_duration_seconds_count{model="sum",version="1"} 1"#,
    ] {
        assert!(reply.body.lines().any(|l| l == line), "{line}\n{}", reply.body);
    }
}

#[test]
fn openmetrics_is_for_those_who_ask_for_it() {
    let server = serve(vec![plain("sum")], Limits::default());
    let plain = server.get_as("/metrics", "accept: text/plain;version=0.0.4");
    assert!(!plain.body.contains("# EOF"), "{}", plain.body);
    let open = server.get_as("/metrics", "accept: application/openmetrics-text; version=1.0.0");
    assert_eq!(
        open.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(open.body.contains("# TYPE longshore_serve_rows counter\n"), "{}", open.body);
    assert!(open.body.ends_with("# EOF\n"));
}
