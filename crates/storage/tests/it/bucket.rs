use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex},
};

use crate::server::{Answer, Request, Server};

/// Objects with their tags, which can change while somebody reads.
pub(crate) type Objects = Arc<Mutex<BTreeMap<String, (Vec<u8>, String)>>>;

pub(crate) fn objects(files: &[(&str, &[u8])]) -> Objects {
    let all = files.iter().map(|(key, bytes)| {
        ((*key).to_owned(), (bytes.to_vec(), format!("\"tag-{}\"", bytes.len())))
    });
    Arc::new(Mutex::new(all.collect()))
}

/// What an S3 with one bucket `models` answers.
pub(crate) fn answer(objects: &Objects, request: &Request) -> Answer {
    let objects = objects.lock().unwrap();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let key = path.strip_prefix("/models/").unwrap_or_default();
    if query.contains("list-type=2") {
        let prefix =
            query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default();
        let prefix = prefix.replace("%2F", "/");
        let mut text = "<ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
        for (key, (bytes, tag)) in objects.range(prefix.clone()..) {
            if key.starts_with(&prefix) {
                let size = bytes.len();
                let _ = write!(
                    text,
                    "<Contents><Key>{key}</Key><ETag>{tag}</ETag><Size>{size}</Size></Contents>"
                );
            }
        }
        return Answer::new(200, text + "</ListBucketResult>");
    }
    let Some((bytes, tag)) = objects.get(key) else {
        return Answer::new(404, "<Error><Code>NoSuchKey</Code></Error>");
    };
    if request.header("if-match").is_some_and(|wanted| wanted != tag) {
        return Answer::new(412, "<Error><Code>PreconditionFailed</Code></Error>");
    }
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes="));
    match range.and_then(|range| range.split_once('-')) {
        None => Answer::new(200, bytes.clone()).with("etag", tag),
        Some((first, last)) => {
            let (first, last) = (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap());
            let last = last.min(bytes.len() - 1);
            Answer::new(206, &bytes[first..=last])
                .with("etag", tag)
                .with("content-range", &format!("bytes {first}-{last}/{}", bytes.len()))
        }
    }
}

/// The variables of somebody who may read it.
pub(crate) fn variables(server: &Server) -> [(&'static str, &str); 3] {
    [
        ("AWS_ACCESS_KEY_ID", "AKIA1"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", &server.url),
    ]
}
