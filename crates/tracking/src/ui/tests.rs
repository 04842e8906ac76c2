use std::{fs, os::unix::fs::symlink};

use http_body_util::BodyExt;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use tempfile::TempDir;

use super::Ui;
use crate::reply::Reply;

/// A built page, beside a file that is not of it.
fn built() -> (TempDir, Ui) {
    let around = TempDir::new().expect("a folder");
    let folder = around.path().join("build");
    fs::create_dir_all(folder.join("static/js")).expect("folders");
    let script = "let it = 1;\n".repeat(1000);
    for (name, text) in [
        ("index.html", "<!doctype html>"),
        ("manifest.json", "{}"),
        ("static/js/main.c2f5f8d4.js", &script),
        (".hidden", "hidden"),
        ("../secret.txt", "secret"),
    ] {
        fs::write(folder.join(name), text).expect("a file");
    }
    symlink("../secret.txt", folder.join("link.txt")).expect("a link");
    symlink("manifest.json", folder.join("inner.json")).expect("a link");
    let ui = Ui::open(&folder).expect("a page");
    (around, ui)
}

async fn ask(
    ui: &Ui,
    path: &str,
    headers: &[(hyper::header::HeaderName, &str)],
) -> Response<Reply> {
    let asked = headers.iter().map(|(name, text)| (name.clone(), text.parse().expect("a value")));
    let answer = ui.answer(path, "/at", &asked.collect::<HeaderMap>()).await;
    answer.unwrap_or_else(|| panic!("nothing at {path}"))
}

async fn bytes(response: Response<Reply>) -> Vec<u8> {
    response.into_body().collect().await.expect("a body").to_bytes().to_vec()
}

#[tokio::test]
async fn the_page_is_asked_for_each_time_and_hashed_files_are_kept() {
    let (_around, ui) = built();
    let page = ask(&ui, "/", &[]).await;
    assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
    let policy = page.headers()["content-security-policy"].to_str().expect("a policy");
    assert!(policy.contains("script-src-attr 'none'"), "{policy}");
    let tag = page.headers()[ETAG].to_str().expect("a tag").to_owned();
    assert_eq!(bytes(page).await, b"<!doctype html>");
    let again = ask(&ui, "/", &[(IF_NONE_MATCH, &tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);

    let script = ask(&ui, "/static-files/static/js/main.c2f5f8d4.js", &[]).await;
    assert_eq!(script.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(script.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
    let inner = ask(&ui, "/static-files/inner.json", &[]).await;
    assert_eq!(inner.headers()[CACHE_CONTROL], "no-cache");
    let prefix = ask(&ui, "", &[]).await;
    assert_eq!(prefix.headers()["location"], "/at/");
}

#[tokio::test]
async fn what_browsers_can_unpack_is_packed() {
    let (_around, ui) = built();
    let path = "/static-files/static/js/main.c2f5f8d4.js";
    for _ in 0..2 {
        let packed = ask(&ui, path, &[(ACCEPT_ENCODING, "br, gzip;q=0.5")]).await;
        assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
        let packed = bytes(packed).await;
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        std::io::Read::read_to_string(&mut decoder, &mut text).expect("gzip");
        assert_eq!(text, "let it = 1;\n".repeat(1000));
    }
    for refused in ["gzip;q=0", "br", ""] {
        let plain = ask(&ui, path, &[(ACCEPT_ENCODING, refused)]).await;
        assert_eq!(plain.headers().get(CONTENT_ENCODING), None, "{refused}");
        assert_eq!(bytes(plain).await.len(), 12_000);
    }
}

#[tokio::test]
async fn nothing_outside_of_the_folder_is_served() {
    let (_around, ui) = built();
    for path in [
        "/static-files/../secret.txt",
        "/static-files/%2e%2e/secret.txt",
        "/static-files/..%2fsecret.txt",
        "/static-files/static/..%2F..%2Fsecret.txt",
        "/static-files/..%5csecret.txt",
        "/static-files/%2fetc/passwd",
        "/static-files//etc/passwd",
        "/static-files/link.txt",
        "/static-files/.hidden",
        "/static-files/manifest.json%00.js",
        "/static-files/%ff",
        "/static-files/static",
        "/static-files/",
        "/static-files",
        "/secret.txt",
    ] {
        assert!(ui.answer(path, "", &HeaderMap::new()).await.is_none(), "{path}");
    }
}

#[test]
fn a_folder_without_a_page_is_named() {
    let empty = TempDir::new().expect("a folder");
    let error = Ui::open(empty.path()).expect_err("no page").to_string();
    assert!(
        error.contains("holds no `index.html`") && error.contains("server/js/build"),
        "{error}"
    );
    assert!(Ui::open(&empty.path().join("none")).is_err());
}
