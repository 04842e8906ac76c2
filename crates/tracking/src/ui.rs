//! MLflow's web page (its UI): the folder `mlflow/server/js/build` of an installed `mlflow`, which calls this server's
//! API. Its files are where MLflow's own server has them: the page at `/`, the rest below `/static-files/`.

mod file;
mod kind;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use hyper::{
    HeaderMap, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG,
        HeaderValue, IF_NONE_MATCH, LOCATION, VARY,
    },
};
use longshore_daemon::percent;

use self::{file::Found, kind::Kind};
use crate::{
    Error,
    reply::{self, Reply},
};

/// What the page is in its folder.
const PAGE: &str = "index.html";

/// What comes before the path of every other file.
const FILES: &str = "/static-files/";

/// What the page may load. Artifacts that are pages are shown in a frame without an origin, and a frame has
/// the policy of its page: plots of Plotly have their scripts inline and their library elsewhere. Scripts in
/// attributes, as in `<img onerror=…>`, never run.
const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: https:; script-src-attr 'none'; style-src 'self' 'unsafe-inline' https:; img-src * data: blob:; font-src 'self' data: https:; media-src 'self' data: blob: https:; worker-src 'self' blob:; connect-src 'self' data: blob:; frame-src 'self' blob: data: https:; object-src 'none'; base-uri 'self'; form-action 'self'";

/// The built web page of MLflow.
#[derive(Clone, Debug)]
pub struct Ui {
    /// Its folder, without symbolic links in its path.
    folder: PathBuf,
    /// Files that browsers were sent compressed, by their path: what they were, and how they are sent.
    compressed: Arc<Mutex<HashMap<PathBuf, file::Compressed>>>,
}

impl Ui {
    /// The page in a folder. Files are read when they are asked for, so that an upgrade of `mlflow` needs no
    /// restart.
    ///
    /// # Errors
    /// [`Error::Ui`] when the folder holds no built page.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Ui { folder: folder.to_owned(), reason };
        let whole = fs::canonicalize(folder).map_err(|error| wrong(error.to_string()))?;
        let ui = Self { folder: whole, compressed: Arc::default() };
        match ui.find(PAGE) {
            Some(_) => Ok(ui),
            None => Err(wrong(format!("it holds no `{PAGE}`"))),
        }
    }

    /// The answer to a path below the prefix of the server; `None` when it is none of the page's. `prefix` is
    /// what comes before every path.
    pub(crate) async fn answer(
        &self,
        path: &str,
        prefix: &str,
        asked: &HeaderMap,
    ) -> Option<Response<Reply>> {
        let name = match path {
            // the page names its files relative to itself
            "" if !prefix.is_empty() => return Some(redirect(&format!("{prefix}/"))),
            "" | "/" => PAGE.to_owned(),
            path => percent::decode(path.strip_prefix(FILES)?)?.into_owned(),
        };
        let ui = self.clone();
        let accepts = is_accepted(asked);
        let tags = asked.get(IF_NONE_MATCH).and_then(|it| it.to_str().ok()).map(str::to_owned);
        let answer = move || ui.respond(&name, accepts, tags.as_deref());
        tokio::task::spawn_blocking(answer).await.ok()?
    }

    /// A file that is there; it cannot be outside of the folder.
    fn find(&self, name: &str) -> Option<Found> {
        let is_plain = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0'])
        };
        if !name.split('/').all(is_plain) {
            return None;
        }
        let path = fs::canonicalize(self.folder.join(name)).ok()?;
        path.starts_with(&self.folder).then(|| Found::open(path)).flatten()
    }

    fn respond(&self, name: &str, accepts: bool, tags: Option<&str>) -> Option<Response<Reply>> {
        let found = self.find(name)?;
        let kind = Kind::of(name);
        let tag = found.tag();
        if tags.is_some_and(|tags| tags.split(',').any(|it| is_same(it, &tag))) {
            let response = reply::whole(StatusCode::NOT_MODIFIED, kind.media_type, "");
            return Some(marked(response, &kind, &tag));
        }
        let compressed =
            if accepts && kind.is_text { found.compressed(&self.compressed) } else { None };
        let is_compressed = compressed.is_some();
        let bytes = match compressed {
            Some(bytes) => bytes,
            None => found.read().ok()?,
        };
        let mut response = reply::whole(StatusCode::OK, kind.media_type, bytes);
        if is_compressed {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Some(marked(response, &kind, &tag))
    }
}

/// Adds what a browser needs to know about a file.
fn marked(mut response: Response<Reply>, kind: &Kind, tag: &str) -> Response<Reply> {
    let headers = response.headers_mut();
    // the name of a file that has a hash in it is another one when the file is
    let keeping = if kind.is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keeping));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
    if kind.is_page() {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    response
}

/// Whether a tag that a browser keeps is that of the file. It is weak: compressed bytes have it too.
fn is_same(kept: &str, tag: &str) -> bool {
    matches!(kept.trim(), "*") || kept.trim() == tag
}

fn is_accepted(asked: &HeaderMap) -> bool {
    let accepted = asked.get(ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map(|it| it.trim().parse::<f32>());
        name.trim() == "gzip" && weight.is_none_or(|it| it.is_ok_and(|weight| weight > 0.0))
    })
}

fn redirect(to: &str) -> Response<Reply> {
    let mut response = reply::whole(StatusCode::PERMANENT_REDIRECT, "text/plain", "");
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}
