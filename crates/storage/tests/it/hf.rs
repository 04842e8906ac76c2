//! The Hugging Face Hub as its API is documented.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use longshore_storage::{Error, Outcome};
use serde_json::json;

use crate::{
    server::{Answer, Request, Server},
    storage,
};

const COMMIT: &str = "00112233445566778899aabbccddeeff00112233";

/// `printf 123456789 | git hash-object --stdin`.
const BLOB: &str = "e2e107ac61ac259b87c544f6e7a4eb03422c6c21";

fn large() -> Vec<u8> {
    (0..3_500).map(|at| (at * 31 % 251) as u8).collect()
}

/// Python: `hashlib.sha256(bytes(at * 31 % 251 for at in range(3500))).hexdigest()`.
const LARGE: &str = "f1d3ca520ebfba47756b732a29d4c0bc934d14d241af71c589d8f525529061b9";

/// Where the files of Git LFS are: at addresses that are signed, for everybody.
fn content() -> Server {
    Server::new(|request| {
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.path, "/lfs?signature=0");
        let all = large();
        match request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
        {
            None => Answer::new(200, all),
            Some((first, last)) => {
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                Answer::new(206, &all[first..=last])
                    .with("content-range", &format!("bytes {first}-{last}/{}", all.len()))
                    .with("etag", "\"of the other server\"")
            }
        }
    })
}

/// A Hub with one private repository.
fn answer(request: &Request, content: &str) -> Answer {
    if request.header("authorization") != Some("Bearer hf_t") {
        return Answer::new(401, "").with("x-error-code", "RepoNotFound");
    }
    let small =
        |path: &str, oid: &str| json!({"type": "file", "oid": oid, "size": 9, "path": path});
    match &*request.path {
        "/api/models/org/wine/revision/main" => {
            Answer::new(200, json!({"sha": COMMIT}).to_string())
        }
        "/api/models/org/wine/revision/v9" => {
            Answer::new(404, "").with("x-error-code", "RevisionNotFound")
        }
        "/api/models/org/gated/revision/main" => Answer::new(403, "")
            .with("x-error-code", "GatedRepo")
            .with("x-error-message", "Access to model org/gated is restricted"),
        path if path == format!("/api/models/org/wine/tree/{COMMIT}?recursive=true") => {
            let page = json!([
                {"type": "directory", "oid": "0", "size": 0, "path": "a b"},
                {"type": "file", "oid": "1", "size": 3500, "path": "a b/model.bin",
                    "lfs": {"oid": LARGE, "size": 3500, "pointerSize": 129}},
            ]);
            let next = format!("<{path}&cursor=2>; rel=\"next\"");
            Answer::new(200, page.to_string()).with("link", &next)
        }
        path if path.ends_with("&cursor=2") => {
            let page = json!([small("config.json", BLOB), small("README.md", BLOB)]);
            Answer::new(200, page.to_string())
        }
        path if path == format!("/org/wine/resolve/{COMMIT}/a%20b/model.bin") => {
            Answer::new(302, "").with("location", &format!("{content}/lfs?signature=0"))
        }
        path if path.starts_with(&format!("/org/wine/resolve/{COMMIT}/")) => {
            Answer::new(200, "123456789")
        }
        _ => Answer::new(404, "").with("x-error-code", "RepoNotFound"),
    }
}

#[test]
fn a_repository_comes_from_two_servers_and_the_token_stays_with_one() {
    let content = content();
    let target = content.url.clone();
    let hub = Server::new(move |request| answer(request, &target));
    let folder = tempfile::tempdir().unwrap();
    let variables = [("HF_ENDPOINT", &*hub.url), ("HF_TOKEN", "hf_t")];
    let storage_of = |name: &str, more: &[(&str, &str)]| {
        storage(&folder.path().join(name), &[&variables[..], more].concat(), |_| ())
    };
    let location = "hf://org/wine".parse().unwrap();
    let storage = storage_of("a", &[]);
    let fetched = storage.fetch(&location).unwrap();
    assert_eq!(fs::read(fetched.path().join("a b/model.bin")).unwrap(), large());
    assert_eq!(fs::read(fetched.path().join("config.json")).unwrap(), b"123456789");
    assert_eq!(content.asked().len(), 4);
    assert_eq!(storage.fetch(&location).unwrap().outcome(), Outcome::Cached);
    assert_eq!(storage.resolve(&location).unwrap(), *fetched.revision());
    // only what is wanted
    let some =
        [("STORAGE_ALLOW_PATTERNS", r#"["*.json", "*.md"]"#), ("STORAGE_IGNORE_PATTERNS", "R*")];
    let fetched = storage_of("b", &some).fetch(&location).unwrap();
    assert_eq!(fs::read_dir(fetched.path()).unwrap().count(), 1);
    let none = [("STORAGE_ALLOW_PATTERNS", "*.safetensors")];
    let error = storage_of("c", &none).fetch(&location).unwrap_err().to_string();
    assert!(error.contains("STORAGE_ALLOW_PATTERNS"), "{error}");
}

#[test]
fn what_the_hub_refuses_says_what_to_do() {
    let hub = Server::new(|request| answer(request, "http://nowhere.invalid"));
    let folder = tempfile::tempdir().unwrap();
    let fails = |uri: &str, token: &[(&str, &str)]| {
        let variables = [&[("HF_ENDPOINT", &*hub.url)], token].concat();
        storage(folder.path(), &variables, |_| ()).fetch(&uri.parse().unwrap()).unwrap_err()
    };
    let token = &[("HF_TOKEN", "hf_t")][..];
    let error = fails("hf://org/wine", &[]);
    assert!(matches!(&error, Error::Missing { .. }), "{error}");
    assert!(error.to_string().contains("private: set `HF_TOKEN`"), "{error}");
    let error = fails("hf://org/beer", token).to_string();
    assert!(error.contains("`org/beer`") && error.contains("the token of `HF_TOKEN`"), "{error}");
    let error = fails("hf://org/wine:v9", token).to_string();
    assert!(error.contains("the revision `v9`"), "{error}");
    let error = fails("hf://org/gated", token);
    assert!(matches!(&error, Error::Denied { .. }), "{error}");
    assert!(error.to_string().contains("restricted"), "{error}");
    assert!(!error.to_string().contains("hf_t"), "{error}");
}

#[test]
fn a_file_that_is_not_the_blob_of_the_commit_is_fetched_again() {
    let turn = AtomicUsize::new(0);
    let content = content();
    let target = content.url.clone();
    let hub = Server::new(move |request| {
        let mut reply = answer(request, &target);
        if request.path.ends_with("config.json") && turn.fetch_add(1, Relaxed) == 0 {
            reply.body = b"123456780".to_vec();
        }
        reply
    });
    let folder = tempfile::tempdir().unwrap();
    let variables = [("HF_ENDPOINT", &*hub.url), ("HF_TOKEN", "hf_t")];
    let fetched =
        storage(folder.path(), &variables, |_| ()).fetch(&"hf://org/wine".parse().unwrap());
    assert_eq!(fs::read(fetched.unwrap().path().join("config.json")).unwrap(), b"123456789");
    assert_eq!(hub.count("config.json"), 2);
}
