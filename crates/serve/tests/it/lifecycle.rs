//! Starting, being told to stop, and refusing to start.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use hyper::body::Bytes;
use longshore_engine::{Method, Source};
use longshore_serve::{Config, Error, Limits, ModelSource, Origin, Server};

use crate::{
    client::{request, serve},
    model::{plain, slow},
};

const ROW: &str = r#"{"instances":[[1,2,3]]}"#;
const PREDICT: &str = "/v1/models/sum:predict";

#[test]
fn what_is_in_flight_is_finished_before_the_end() {
    let mut server = serve(vec![slow("sum", Duration::from_millis(400))], Limits::default());
    let mut idle = server.connect();
    let mut busy = server.connect();
    busy.write(request(PREDICT, "", ROW));
    std::thread::sleep(Duration::from_millis(100));
    server.drain.begin();
    std::thread::sleep(Duration::from_millis(20));
    // a request that was on its way on an open connection is answered, and told not to stay
    idle.write("GET /v2/health/ready HTTP/1.1\r\nhost: x\r\n\r\n");
    let reply = idle.reply();
    assert_eq!((reply.status, reply.header("connection")), (503, Some("close")));
    let reply = busy.reply();
    assert_eq!((reply.status, &*reply.body), (200, r#"{"predictions":[1]}"#));
    server.join();
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn idle_connections_do_not_hold_up_the_end() {
    let mut server = serve(vec![plain("sum")], Limits::default());
    let mut connections: Vec<_> = (0..10).map(|_| server.connect()).collect();
    connections[0].write(request(PREDICT, "", ROW));
    assert_eq!(connections[0].reply().status, 200);
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(connections[0].is_closed());
}

#[test]
fn what_exceeds_the_grace_is_cut() {
    let models = vec![slow("sum", Duration::from_secs(2))];
    let config = Config { port: 0, models, grace: Duration::from_millis(200), ..Config::default() };
    let server = Server::bind(config).unwrap();
    let address = server.address();
    let (send, stop) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || server.run(async { drop(stop.await) }));
    let mut stream = TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut stream, &request(PREDICT, "", ROW)).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    send.send(()).unwrap();
    thread.join().unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_server_that_cannot_serve_does_not_start() {
    let config = |models| Config { port: 0, models, ..Config::default() };
    let fail = |models| Server::bind(config(models)).unwrap_err();
    assert!(matches!(fail(vec![]), Error::NoModels));
    assert!(matches!(fail(vec![plain("a/b")]), Error::Name { .. }));
    assert!(matches!(fail(vec![plain("")]), Error::Name { .. }));
    assert!(matches!(fail(vec![plain("a"), plain("a")]), Error::Twice { .. }));
    let nowhere = ModelSource {
        name: "a".into(),
        version: None,
        origin: Origin::Files(Source::File("/nonexistent".into())),
        method: None,
        lease: None,
    };
    assert!(matches!(fail(vec![nowhere]), Error::Load { .. }));
    let other = ModelSource { method: Some(Method::Leaf), ..plain("a") };
    assert!(matches!(fail(vec![other]), Error::Method { .. }));
    let server = Server::bind(config(vec![plain("a")])).unwrap();
    let taken = Config { port: server.address().port(), ..config(vec![plain("a")]) };
    assert!(matches!(
        Server::bind(taken).unwrap_err(),
        Error::Server(longshore_daemon::Error::Listen { .. })
    ));
}

#[test]
fn versions_are_told_apart_and_the_latest_answers() {
    let version = |version: &str| ModelSource { version: Some(version.into()), ..plain("sum") };
    let server = serve(vec![version("10"), version("9"), version("2")], Limits::default());
    assert_eq!(
        server.get("/v2/models/sum").json()["versions"],
        serde_json::json!(["2", "9", "10"])
    );
    let body = r#"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,3]}]}"#;
    assert_eq!(server.post("/v2/models/sum/infer", body).json()["model_version"], "10");
    assert_eq!(server.post("/v2/models/sum/versions/9/infer", body).json()["model_version"], "9");
}

#[test]
fn numbered_folders_are_versions() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/wine/model");
    let folder = tempfile::tempdir().unwrap();
    for version in ["1", "12", "3"] {
        let into = folder.path().join(version);
        fs::create_dir(&into).unwrap();
        for entry in fs::read_dir(&example).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), into.join(entry.file_name())).unwrap();
        }
    }
    let source = ModelSource {
        name: "wine".into(),
        version: None,
        origin: Origin::Files(Source::open(folder.path()).unwrap()),
        method: None,
        lease: None,
    };
    let server = serve(vec![source], Limits::default());
    let model = server.get("/v2/models/wine").json();
    assert_eq!(model["versions"], serde_json::json!(["1", "3", "12"]));
}

#[tokio::test]
async fn requests_are_answered_in_place_too() {
    let config = Config { models: vec![plain("sum")], ..Config::default() };
    let server = Server::offline(config).unwrap();
    let request = hyper::Request::post(PREDICT).body(Bytes::from_static(ROW.as_bytes())).unwrap();
    let response = server.handle(request).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.body().as_ref(), br#"{"predictions":[1]}"#);
}
