//! Google Cloud Storage as its JSON API is documented; `tests/conformance/storage` asks an emulator.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use longshore_storage::{Error, Location, Outcome};
use serde_json::{Value, json};

use crate::{
    server::{Answer, Request, Server},
    storage,
};

/// Objects with their generations.
type Objects = Arc<Mutex<BTreeMap<String, (Vec<u8>, u64)>>>;

fn objects(files: &[(&str, &[u8])]) -> Objects {
    let all = files.iter().map(|(name, bytes)| ((*name).to_owned(), (bytes.to_vec(), 7)));
    Arc::new(Mutex::new(all.collect()))
}

fn decoded(text: &str) -> String {
    text.replace("%2F", "/").replace("%20", " ").replace("%2C", ",")
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    let (_, query) = request.path.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.map(decoded)
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::new(status, json!({"error": {"code": status, "message": message}}).to_string())
}

/// What a storage with the bucket `models` answers; a page of a listing has two objects.
fn answer(objects: &Objects, request: &Request) -> Answer {
    let objects = objects.lock().unwrap();
    let path = decoded(request.path.split('?').next().unwrap());
    let Some(rest) = path.strip_prefix("/storage/v1/b/models/o") else {
        return refusal(404, "The specified bucket does not exist.");
    };
    let describe = |name: &str, (bytes, generation): &(Vec<u8>, u64)| json!({"name": name, "size": bytes.len().to_string(), "generation": generation.to_string()});
    let Some(name) = rest.strip_prefix('/') else {
        let prefix = parameter(request, "prefix").unwrap();
        let after = parameter(request, "pageToken").unwrap_or_default();
        let found = objects.iter().filter(|(name, _)| name.starts_with(&prefix) && **name > after);
        let items: Vec<Value> =
            found.take(2).map(|(name, object)| describe(name, object)).collect();
        let mut page = json!({"kind": "storage#objects"});
        if items.len() == 2 {
            page["nextPageToken"] = items[1]["name"].clone();
        }
        if !items.is_empty() {
            page["items"] = items.into();
        }
        return Answer::new(200, page.to_string());
    };
    let Some(object @ (bytes, generation)) = objects.get(name) else {
        return refusal(404, &format!("No such object: models/{name}"));
    };
    if parameter(request, "alt").is_none() {
        return Answer::new(200, describe(name, object).to_string());
    }
    if parameter(request, "generation").is_some_and(|wanted| wanted != generation.to_string()) {
        return Answer::new(404, format!("No such object: models/{name}"));
    }
    let tag = generation.to_string();
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes="));
    match range.and_then(|range| range.split_once('-')) {
        None => Answer::new(200, bytes.clone()).with("x-goog-generation", &tag),
        Some((first, last)) => {
            let (first, last) = (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap());
            Answer::new(206, &bytes[first..=last.min(bytes.len() - 1)])
                .with("x-goog-generation", &tag)
                .with("content-range", &format!("bytes {first}-{last}/{}", bytes.len()))
        }
    }
}

fn wine() -> Location {
    "gs://models/wine".parse().unwrap()
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn a_prefix_comes_in_parts_and_an_object_alone() {
    let large = pattern(4_500);
    let files = objects(&[
        ("wine/a/large", &large),
        ("wine/b c", b"x"),
        ("wine/empty", b""),
        ("wine/folder/", b""),
        ("wine2/other", b"y"),
    ]);
    let server = Server::new(move |request| answer(&files, request));
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &[("STORAGE_EMULATOR_HOST", &server.url)], |_| ());
    let fetched = storage.fetch(&wine()).unwrap();
    assert_eq!(fs::read(fetched.path().join("a/large")).unwrap(), large);
    assert_eq!(fs::read(fetched.path().join("b c")).unwrap(), b"x");
    assert_eq!(fs::read(fetched.path().join("empty")).unwrap(), b"");
    assert_eq!(fetched.bytes(), 4_501);
    let parts =
        |request: &&Request| request.path.contains("large") && request.path.contains("alt=");
    assert_eq!(server.asked().iter().filter(parts).count(), 5);
    assert_eq!(storage.fetch(&wine()).unwrap().outcome(), Outcome::Cached);
    assert_eq!(storage.resolve(&wine()).unwrap(), *fetched.revision());
    let file = storage.fetch(&"gs://models/wine/b c".parse().unwrap()).unwrap();
    assert!(file.path().ends_with("b c"));
    assert!(server.asked().iter().all(|request| request.header("authorization").is_none()));
    let error = storage.fetch(&"gs://models/beer".parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("`beer`") && error.contains("does not exist"), "{error}");
    let error = storage.fetch(&"gs://others/beer".parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("the bucket `others`"), "{error}");
}

#[test]
fn two_states_of_an_object_are_never_mixed() {
    let files = objects(&[("wine/large", &pattern(3_000))]);
    let (all, turn) = (files.clone(), AtomicUsize::new(0));
    let server = Server::new(move |request| {
        if request.path.contains("alt=") && turn.fetch_add(1, Relaxed) == 1 {
            let mut all = all.lock().unwrap();
            all.insert("wine/large".into(), (vec![b'n'; 3_000], 8));
        }
        answer(&all, request)
    });
    let folder = tempfile::tempdir().unwrap();
    let variables = [("STORAGE_EMULATOR_HOST", &*server.url)];
    let storage = storage(folder.path(), &variables, |config| config.concurrency = 1);
    let fetched = storage.fetch(&wine()).unwrap();
    assert_eq!(fs::read(fetched.path().join("large")).unwrap(), vec![b'n'; 3_000]);
}

#[test]
fn what_arrives_damaged_is_fetched_again() {
    // of the bytes `123456789`: the check value of the catalogue of CRCs, and coreutils' MD5
    let sums = "crc32c=4waSgw==,md5=JfnnlDI7RTiF9RgfG2JNCw==";
    let turn = AtomicUsize::new(0);
    let files = objects(&[("wine/x", b"123456789")]);
    let server = Server::new(move |request| {
        let mut reply = answer(&files, request);
        if request.path.contains("alt=") {
            if turn.fetch_add(1, Relaxed) == 0 {
                reply.body = b"123456780".to_vec();
            }
            reply = reply.with("x-goog-hash", sums);
        }
        reply
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &[("STORAGE_EMULATOR_HOST", &server.url)], |_| ());
    let fetched = storage.fetch(&wine()).unwrap();
    assert_eq!(fs::read(fetched.path().join("x")).unwrap(), b"123456789");
    assert_eq!(server.count("alt="), 2);
}

#[test]
fn a_compressed_object_arrives_as_it_is_unpacked() {
    let server = Server::new(|request| match &*decoded(&request.path) {
        path if path.contains("prefix=") => Answer::new(
            200,
            r#"{"items":[{"name":"wine/x.json","size":"3","generation":"1","contentEncoding":"gzip","md5Hash":"JfnnlDI7RTiF9RgfG2JNCw=="}]}"#,
        ),
        // the sums are those of the stored bytes
        _ => Answer::new(200, "a long text").with("x-goog-hash", "crc32c=4waSgw=="),
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &[("STORAGE_EMULATOR_HOST", &server.url)], |_| ());
    let fetched = storage.fetch(&wine()).unwrap();
    assert_eq!(fs::read(fetched.path().join("x.json")).unwrap(), b"a long text");
    assert_eq!(storage.fetch(&wine()).unwrap().outcome(), Outcome::Cached);
}

/// Writes a file of credentials and gives its path.
fn key(folder: &Path, fields: &Value) -> String {
    let path = folder.join("key.json");
    fs::write(&path, fields.to_string()).unwrap();
    path.display().to_string()
}

#[test]
fn a_service_account_and_a_user_exchange_their_keys_for_tokens() {
    let pem = include_str!("../../src/gs/service_account/test_key.pem");
    let files = objects(&[("wine/x", b"x")]);
    let turn = Arc::new(AtomicUsize::new(0));
    let server = Server::new(move |request| {
        if request.path == "/token" {
            let token = format!("t{}", turn.fetch_add(1, Relaxed));
            return Answer::new(
                200,
                json!({"access_token": token, "expires_in": 3599}).to_string(),
            );
        }
        match request.header("authorization") {
            // the first token was revoked
            Some("Bearer t0") | None => refusal(401, "Invalid Credentials"),
            Some("Bearer t1") => answer(&files, request),
            Some(_) => refusal(403, "reader@x does not have storage.objects.list access"),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("{}/token", server.url);
    let account = key(
        folder.path(),
        &json!({"type": "service_account", "client_email": "reader@x", "private_key": pem,
            "private_key_id": "7", "token_uri": uri, "project_id": "p"}),
    );
    let variables =
        [("GOOGLE_APPLICATION_CREDENTIALS", &*account), ("API_ENDPOINT_OVERRIDE", &*server.url)];
    storage(&folder.path().join("a"), &variables, |_| ()).fetch(&wine()).unwrap();
    let bodies: Vec<_> =
        server.asked().into_iter().filter(|r| r.path == "/token").map(|r| r.body).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains("jwt-bearer") && bodies[0].contains("assertion=ey"), "{bodies:?}");
    key(
        folder.path(),
        &json!({"type": "authorized_user", "client_id": "c", "client_secret": "s3cret",
            "refresh_token": "r", "token_uri": uri}),
    );
    let denied = storage(&folder.path().join("b"), &variables, |_| ()).fetch(&wine());
    let error = denied.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    let error = error.to_string();
    for part in
        ["storage.objects.list", "roles/storage.objectViewer", "GOOGLE_APPLICATION_CREDENTIALS"]
    {
        assert!(error.contains(part), "{error}");
    }
    let last = server.asked().into_iter().rfind(|request| request.path == "/token").unwrap();
    assert!(last.body.contains("refresh_token=r") && last.body.contains("client_secret=s3cret"));
    fs::write(folder.path().join("key.json"), r#"{"type":"external","secret":"s3cret"}"#).unwrap();
    let wrong = storage(&folder.path().join("c"), &variables, |_| ()).fetch(&wine());
    let error = wrong.unwrap_err().to_string();
    assert!(error.contains("key.json") && !error.contains("s3cret"), "{error}");
}

#[test]
fn a_token_of_another_cloud_is_exchanged_for_one_of_a_service_account() {
    let files = objects(&[("wine/x", b"x")]);
    let server = Server::new(move |request| match &*request.path {
        "/v1/token" if request.body.contains("subject_token=a.pods.token&") => {
            let token = json!({"access_token": "federated", "expires_in": 3599});
            Answer::new(200, token.to_string())
        }
        "/v1/token" => refusal(400, "invalid_grant"),
        "/reader:generateAccessToken" => {
            assert_eq!(request.header("authorization"), Some("Bearer federated"));
            let token = json!({"accessToken": "of reader", "expireTime": "2099-01-01T00:00:00Z"});
            Answer::new(200, token.to_string())
        }
        "/subject" => {
            assert_eq!(request.header("metadata"), Some("True"));
            Answer::new(200, r#"{"access_token":"a.pods.token"}"#)
        }
        _ => match request.header("authorization") {
            Some("Bearer of reader") => answer(&files, request),
            _ => refusal(401, "Invalid Credentials"),
        },
    });
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "a.pods.token\n").unwrap();
    let url = &server.url;
    let fetch = |name: &str, source: &Value| {
        let account = json!({
            "type": "external_account", "audience": "//iam.googleapis.com/pools/p",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{url}/v1/token"), "credential_source": source,
            "service_account_impersonation_url": format!("{url}/reader:generateAccessToken"),
        });
        let account = key(folder.path(), &account);
        let variables =
            [("GOOGLE_APPLICATION_CREDENTIALS", &*account), ("API_ENDPOINT_OVERRIDE", url)];
        storage(&folder.path().join(name), &variables, |_| ()).fetch(&wine())
    };
    fetch("a", &json!({"file": token})).unwrap();
    let format = json!({"type": "json", "subject_token_field_name": "access_token"});
    let subject = format!("{url}/subject");
    fetch("b", &json!({"url": subject, "headers": {"Metadata": "True"}, "format": format}))
        .unwrap();
    fs::write(&token, "another").unwrap();
    let error = fetch("c", &json!({"file": token})).unwrap_err().to_string();
    assert!(error.contains("pools/p") && error.contains("invalid_grant"), "{error}");
    let error = fetch("d", &json!({"environment_id": "aws1"})).unwrap_err().to_string();
    assert!(error.contains("without `file` and `url`"), "{error}");
    let error = fetch("e", &json!({"url": "http://example.com/token"})).unwrap_err().to_string();
    assert!(error.contains("in the clear"), "{error}");
}

#[test]
fn the_metadata_server_gives_an_identity_and_without_one_nobody_asks() {
    let files = objects(&[("wine/x", b"x")]);
    let server = Server::new(move |request| match request.header("authorization") {
        Some("Bearer of the pod") => answer(&files, request),
        Some(_) => refusal(500, "wrong token"),
        None => refusal(401, "Anonymous caller does not have storage.objects.list access"),
    });
    let metadata = Server::new(|request| {
        assert_eq!(request.header("metadata-flavor"), Some("Google"));
        assert_eq!(request.path, "/computeMetadata/v1/instance/service-accounts/default/token");
        let token = json!({"access_token": "of the pod", "expires_in": 3599});
        Answer::new(200, token.to_string()).with("metadata-flavor", "Google")
    });
    // another cloud's metadata, at the same address
    let other = Server::new(|_| Answer::new(401, ""));
    let folder = tempfile::tempdir().unwrap();
    let storage = |name: &str, metadata: &Server| {
        let host = metadata.url.trim_start_matches("http://");
        let variables = [("GCE_METADATA_HOST", host), ("API_ENDPOINT_OVERRIDE", &*server.url)];
        storage(&folder.path().join(name), &variables, |_| ()).fetch(&wine())
    };
    storage("a", &metadata).unwrap();
    assert_eq!(metadata.asked().len(), 1);
    let error = storage("b", &other).unwrap_err().to_string();
    assert_eq!(other.asked().len(), 1);
    for part in ["nobody", "no metadata server", "Anonymous caller"] {
        assert!(error.contains(part), "{error}");
    }
}
