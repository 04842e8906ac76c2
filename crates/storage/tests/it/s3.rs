use std::{
    fmt::Write,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use longshore_storage::{Error, Location, Outcome};

use crate::{
    bucket::{answer, objects, variables},
    server::{Answer, Request, Server},
    storage,
};

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 % 251) as u8).collect()
}

fn wine() -> Location {
    "s3://models/wine".parse().unwrap()
}

fn is_large(request: &Request) -> bool {
    request.method == "GET" && request.path.ends_with("/large")
}

#[test]
fn a_prefix_comes_in_parts_once_and_is_kept() {
    let large = pattern(10_500);
    let files = objects(&[
        ("wine/a/large", &large),
        ("wine/small", b"x"),
        ("wine/empty", b""),
        ("wine2/other", b"y"),
        ("wine/folder/", b""),
    ]);
    let server = Server::new(move |request| answer(&files, request));
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &variables(&server), |_| ());
    let fetched = storage.fetch(&wine()).unwrap();
    assert_eq!(fetched.outcome(), Outcome::Fetched);
    assert_eq!(fs::read(fetched.path().join("a/large")).unwrap(), large);
    assert_eq!(fs::read(fetched.path().join("small")).unwrap(), b"x");
    assert_eq!(fs::read(fetched.path().join("empty")).unwrap(), b"");
    assert!(!fetched.path().join("folder").try_exists().unwrap());
    assert_eq!(fetched.bytes(), 10_501);
    assert_eq!(server.asked().iter().filter(|r| is_large(r)).count(), 11);
    assert_eq!(storage.resolve(&wine()).unwrap(), *fetched.revision());
    let again = storage.fetch(&wine()).unwrap();
    assert_eq!(again.outcome(), Outcome::Cached);
    assert_eq!(again.path(), fetched.path());
    assert_eq!(server.asked().iter().filter(|r| is_large(r)).count(), 11);
    assert_eq!(storage.usage().bytes(), [("s3", 10_501)]);
}

#[test]
fn what_was_cut_is_asked_for_from_where_it_was_cut() {
    let large = pattern(3_000);
    let files = objects(&[("wine/large", &large)]);
    let cuts = AtomicUsize::new(3);
    let server = Server::new(move |request| {
        let mut reply = answer(&files, request);
        if is_large(request)
            && cuts.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
        {
            reply.cut = Some(400);
        }
        reply
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &variables(&server), |config| config.part_bytes = 1 << 20);
    let fetched = storage.fetch(&wine()).unwrap();
    assert_eq!(fs::read(fetched.path().join("large")).unwrap(), large);
    let ranges: Vec<_> = server
        .asked()
        .iter()
        .filter(|request| is_large(request))
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    let from = |first: usize| Some(format!("bytes={first}-2999"));
    assert_eq!(ranges, [None, from(400), from(800), from(1200)]);
    assert_eq!(storage.usage().bytes(), [("s3", 3_000)]);
}

#[test]
fn another_process_goes_on_where_the_first_was_stopped() {
    let large = pattern(3_000);
    let files = objects(&[("wine/large", &large)]);
    let broken = Arc::new(AtomicUsize::new(1));
    let state = broken.clone();
    let server = Server::new(move |request| {
        let mut reply = answer(&files, request);
        if is_large(request) {
            match state.load(Relaxed) {
                0 => {}
                1 => {
                    reply.cut = Some(700);
                    state.store(2, Relaxed);
                }
                _ => reply = Answer::new(503, ""),
            }
        }
        reply
    });
    let folder = tempfile::tempdir().unwrap();
    let new = || storage(folder.path(), &variables(&server), |config| config.part_bytes = 1 << 20);
    let error = new().fetch(&wine()).unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(!folder.path().join("models").try_exists().unwrap(), "half a model is none");
    broken.store(0, Relaxed);
    let second = new();
    let fetched = second.fetch(&wine()).unwrap();
    assert_eq!(fs::read(fetched.path().join("large")).unwrap(), large);
    assert_eq!(second.usage().bytes(), [("s3", 2_300)]);
}

#[test]
fn an_object_that_changes_meanwhile_is_begun_anew() {
    let (old, new) = (vec![b'a'; 5_000], vec![b'b'; 5_001]);
    let files = objects(&[("wine/large", &old)]);
    let (state, newer) = (files.clone(), new.clone());
    let server = Server::new(move |request| {
        let reply = answer(&state, request);
        if is_large(request) {
            let entry = (newer.clone(), "\"tag-new\"".to_owned());
            state.lock().unwrap().insert("wine/large".into(), entry);
        }
        reply
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &variables(&server), |config| config.concurrency = 1);
    let fetched = storage.fetch(&wine()).unwrap();
    assert_eq!(fs::read(fetched.path().join("large")).unwrap(), new);
    assert_eq!(fs::read_dir(folder.path().join("partial")).unwrap().count(), 0);
}

#[test]
fn a_digest_that_does_not_hold_is_fetched_again_and_then_an_error() {
    // the SHA-256 of `right`
    const SUM: &str = "JwQvTm7KfQsqfuQCbfLs+lHTM55tEiqgmRGOzYVjutk=";
    for times in [1, usize::MAX] {
        let left = Mutex::new(times);
        let files = objects(&[("wine/file", b"right")]);
        let server = Server::new(move |request| {
            let mut reply = answer(&files, request).with("x-amz-checksum-sha256", SUM);
            let mut left = left.lock().unwrap();
            if request.path.ends_with("/file") && *left > 0 {
                *left -= 1;
                reply.body = b"wrong".to_vec();
            }
            reply
        });
        let folder = tempfile::tempdir().unwrap();
        let fetched = storage(folder.path(), &variables(&server), |_| ()).fetch(&wine());
        if times == 1 {
            assert_eq!(fs::read(fetched.unwrap().path().join("file")).unwrap(), b"right");
        } else {
            assert!(matches!(fetched, Err(Error::Corrupt { .. })));
            assert!(!folder.path().join("models").try_exists().unwrap());
        }
    }
}

#[test]
fn busy_is_asked_again_and_no_is_not() {
    let files = objects(&[("wine/file", b"x")]);
    let busy = Mutex::new(vec![500, 503, 429]);
    let server = Server::new(move |request| match busy.lock().unwrap().pop() {
        Some(status) if request.path.contains("list-type") => Answer::new(status, ""),
        _ => answer(&files, request),
    });
    let folder = tempfile::tempdir().unwrap();
    let patient = |config: &mut longshore_storage::Config| config.retry.attempts = 5;
    storage(folder.path(), &variables(&server), patient).fetch(&wine()).unwrap();
    assert_eq!(server.count("list-type"), 4);

    let server = Server::new(|_| Answer::new(403, "<Error><Code>AccessDenied</Code></Error>"));
    let error = storage(folder.path(), &variables(&server), patient).fetch(&wine()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`s3:ListBucket` on `arn:aws:s3:::models`"), "{text}");
    assert!(text.contains("AKIA1") && !text.contains("secret"), "{text}");
    assert_eq!(server.count("list-type"), 1);
}

#[test]
fn the_right_region_is_followed_once() {
    let files = objects(&[("wine/file", b"x")]);
    let server = Server::new(move |request| {
        let authorization = request.header("authorization").unwrap_or_default();
        if authorization.contains("/us-east-1/") {
            return Answer::new(301, "<Error><Code>PermanentRedirect</Code></Error>")
                .with("x-amz-bucket-region", "eu-west-1");
        }
        answer(&files, request)
    });
    let folder = tempfile::tempdir().unwrap();
    storage(folder.path(), &variables(&server), |_| ()).fetch(&wine()).unwrap();
    let wrong =
        server.asked().iter().filter(|r| r.headers["authorization"].contains("us-east-1")).count();
    assert_eq!(wrong, 1);
}

#[test]
fn hostile_listings_are_refused() {
    let listing = |keys: &[(&str, &str)]| {
        let mut text = "<ListBucketResult>".to_owned();
        for (key, size) in keys {
            let _ = write!(
                text,
                "<Contents><Key>{key}</Key><ETag>x</ETag><Size>{size}</Size></Contents>"
            );
        }
        text + "</ListBucketResult>"
    };
    let many: Vec<_> = (0..200).map(|at| (format!("wine/{at}"), "1")).collect();
    let many: Vec<_> = many.iter().map(|(key, size)| (key.as_str(), *size)).collect();
    for (keys, part) in [
        (&[("wine/../../etc/passwd", "1")][..], "leaves"),
        (&[("wine//etc/passwd", "1")], "absolute"),
        (&[("wine/a", "1"), ("wine/a/b", "1")], "both a file and a folder"),
        (&[("wine/a", "1"), ("wine/a", "1")], "twice"),
        (&[("beer/a", "1")], "not asked for"),
        (&[("wine/a&#10;b", "1")], "control"),
        (&[("wine/a", "18446744073709551615"), ("wine/b", "18446744073709551615")], "limit"),
        (&[("wine/a", "-1")], "not a number"),
        (&many, "100 files"),
    ] {
        let text = listing(keys);
        let server = Server::new(move |_| Answer::new(200, text.clone()));
        let folder = tempfile::tempdir().unwrap();
        let storage =
            storage(folder.path(), &variables(&server), |config| config.limits.files = 100);
        let error = storage.fetch(&wine()).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_listing_that_never_ends_does() {
    let server = Server::new(|request| {
        if !request.path.contains("list-type") {
            return Answer::new(404, "<Error><Code>NoSuchKey</Code></Error>");
        }
        let text = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
        Answer::new(200, text)
    });
    let folder = tempfile::tempdir().unwrap();
    assert!(storage(folder.path(), &variables(&server), |_| ()).fetch(&wine()).is_err());
    assert!(server.asked().len() < 10);
}

#[test]
fn the_last_model_is_taken_when_nobody_answers() {
    let files = objects(&[("wine/file", b"x")]);
    let away = Arc::new(AtomicUsize::new(0));
    let state = away.clone();
    let server = Server::new(move |request| {
        if state.load(Relaxed) == 0 { answer(&files, request) } else { Answer::new(503, "") }
    });
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), &variables(&server), |_| ());
    let before = storage.fetch(&wine()).unwrap();
    away.store(1, Relaxed);
    let after = storage.fetch(&wine()).unwrap();
    assert_eq!(after.revision(), before.revision());
    assert!(storage.resolve(&wine()).is_err());
    assert!(storage.fetch(&"s3://models/beer".parse().unwrap()).is_err());
}
