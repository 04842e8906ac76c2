use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use longshore_storage::{Error, Location};

use crate::{
    server::{Answer, Server},
    storage,
};

fn at(server: &Server, path: &str) -> Location {
    format!("{}{path}", server.url).parse().unwrap()
}

#[test]
fn a_file_and_an_archive_are_fetched() {
    let mut tar =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o644);
    tar.append_data(&mut header, "wine/MLmodel", &b"ok"[..]).unwrap();
    let archive = tar.into_inner().unwrap().finish().unwrap();
    let server = Server::new(move |request| match &*request.path {
        "/wine.pkl" => Answer::new(200, "model"),
        "/wine.tar.gz?v=1" => Answer::new(200, archive.clone()).with("etag", "\"1\""),
        _ => Answer::new(404, ""),
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &[], |_| ());
    let file = storage.fetch(&at(&server, "/wine.pkl")).unwrap();
    assert!(file.path().ends_with("wine.pkl"));
    assert_eq!(fs::read(file.path()).unwrap(), b"model");
    let model = storage.fetch(&at(&server, "/wine.tar.gz?v=1")).unwrap();
    assert_eq!(fs::read(model.path().join("MLmodel")).unwrap(), b"ok");
    let error = storage.fetch(&at(&server, "/beer.pkl?secret=1")).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

/// A tar in gzip with one file.
fn archive() -> Vec<u8> {
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(packed);
    let mut header = tar::Header::new_ustar();
    header.set_size(2);
    header.set_mode(0o644);
    tar.append_data(&mut header, "wine/MLmodel", &b"ok"[..]).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

#[test]
fn what_the_address_does_not_say_the_server_says() {
    let server = Server::new(|request| {
        let all = Answer::new(200, archive());
        match &*request.path {
            "/a?sig=b/c.pkl" => all.with("content-type", "application/x-tgz"),
            "/b" => all.with("content-type", "application/gzip"),
            "/c" => all.with("content-disposition", "attachment; filename=\"wine.tar.gz\""),
            "/wine.tar.gz?X-Amz-Signature=0" => all.with("content-type", "binary/octet-stream"),
            // a model that is a zip is no archive of models
            "/wine.skops" => Answer::new(200, "x").with("content-type", "application/zip"),
            "/d" => {
                let mut packed =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                std::io::Write::write_all(&mut packed, b"model").unwrap();
                let packed = packed.finish().unwrap();
                Answer::new(200, packed).with("content-type", "application/gzip")
            }
            _ => Answer::new(404, ""),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &[], |_| ());
    for path in ["/a?sig=b/c.pkl", "/b", "/c", "/wine.tar.gz?X-Amz-Signature=0"] {
        let model = storage.fetch(&at(&server, path)).unwrap();
        assert_eq!(fs::read(model.path().join("MLmodel")).unwrap(), b"ok", "{path}");
    }
    assert!(storage.fetch(&at(&server, "/wine.skops")).unwrap().path().ends_with("wine.skops"));
    assert!(storage.fetch(&at(&server, "/d")).unwrap().path().ends_with("d.gz"));
}

#[test]
fn headers_of_a_host_stay_with_it() {
    let other = Server::new(|request| {
        assert_eq!(request.header("x-api-key"), None);
        Answer::new(200, "model")
    });
    let target = format!("{}/elsewhere", other.url);
    let server = Server::new(move |request| match request.header("x-api-key") {
        Some("k") => Answer::new(302, "").with("location", &target),
        Some(_) => Answer::new(403, ""),
        None => Answer::new(401, ""),
    });
    let folder = tempfile::tempdir().unwrap();
    let host = server.url.trim_start_matches("http://");
    let fetch = |key: &str| {
        let variables = [("LONGSHORE_HTTP_HOST", host), ("LONGSHORE_HTTP_HEADERS", key)];
        storage(folder.path(), &variables, |_| ()).fetch(&at(&server, "/wine.pkl"))
    };
    fetch("x-api-key: k").unwrap();
    assert!(!other.asked().is_empty());
    let error = fetch("x-api-key: other").unwrap_err().to_string();
    assert!(error.contains("LONGSHORE_HTTP_HEADERS") && !error.contains("other"), "{error}");
}

#[test]
fn without_a_tag_nothing_is_resumed_and_nothing_is_trusted() {
    let turn = AtomicUsize::new(0);
    let server = Server::new(move |_| {
        let now = turn.fetch_add(1, Relaxed);
        let mut answer = Answer::new(200, vec![b'0' + now as u8; 2000]);
        // the first fetch is listed, cut and asked again
        answer.cut = (now == 1).then_some(500);
        answer
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &[], |_| ());
    let location = at(&server, "/wine.pkl");
    let first = storage.fetch(&location).unwrap();
    assert_eq!(fs::read(first.path()).unwrap(), vec![b'2'; 2000]);
    let second = storage.fetch(&location).unwrap();
    assert_eq!(fs::read(second.path()).unwrap(), vec![b'4'; 2000]);
}

#[test]
fn with_a_strong_tag_parts_are_resumed() {
    let body: Vec<u8> = (0..5000).map(|at| (at % 250) as u8).collect();
    let expected = body.clone();
    let server = Server::new(move |request| {
        let all =
            Answer::new(200, body.clone()).with("etag", "\"1\"").with("accept-ranges", "bytes");
        let range = request.header("range").and_then(|range| range.strip_prefix("bytes="));
        match range.and_then(|range| range.split_once('-')) {
            None => all,
            Some((first, last)) => {
                assert_eq!(request.header("if-match"), Some("\"1\""));
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                Answer::new(206, &body[first..=last])
                    .with("etag", "\"1\"")
                    .with("content-range", &format!("bytes {first}-{last}/5000"))
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let fetched = storage(folder.path(), &[], |_| ()).fetch(&at(&server, "/wine.pkl")).unwrap();
    assert_eq!(fs::read(fetched.path()).unwrap(), expected);
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn credentials_stay_with_their_host() {
    let other = Server::new(|request| {
        assert_eq!(request.header("authorization"), None);
        Answer::new(200, "model")
    });
    let target = format!("{}/elsewhere", other.url);
    let server = Server::new(move |request| match request.header("authorization") {
        Some("Bearer t") => Answer::new(302, "").with("location", &target),
        _ => Answer::new(401, ""),
    });
    let folder = tempfile::tempdir().unwrap();
    let error = storage(folder.path(), &[], |_| ()).fetch(&at(&server, "/wine.pkl")).unwrap_err();
    assert!(error.to_string().contains("LONGSHORE_HTTP_AUTHORIZATION"), "{error}");
    let variables = [("LONGSHORE_HTTP_AUTHORIZATION", "Bearer t")];
    let storage = storage(folder.path(), &variables, |_| ());
    storage.fetch(&at(&server, "/wine.pkl")).unwrap();
    assert!(!other.asked().is_empty());
    let error = storage.fetch(&"http://models.example/wine.pkl".parse().unwrap()).unwrap_err();
    assert!(error.to_string().contains("in the clear"), "{error}");
}

#[test]
fn pages_and_circles_are_no_models() {
    let server = Server::new(|request| match &*request.path {
        "/circle" => Answer::new(302, "").with("location", "/circle"),
        "/file" => Answer::new(302, "").with("location", "file:///etc/passwd"),
        _ => Answer::new(200, "<html>").with("content-type", "text/html; charset=utf-8"),
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &[], |_| ());
    for (path, part) in [("/circle", "redirects"), ("/file", "no URL"), ("/page", "web page")] {
        let error = storage.fetch(&at(&server, path)).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
