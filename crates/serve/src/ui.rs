//! The pages for people, and what they ask: what the models take and answer, as pages and OpenAPI want it.
//!
//! The pages themselves hold nothing of the models, so everybody may have them. What they ask needs a key where
//! the server has keys.

use std::{borrow::Cow, sync::Arc};

use hyper::{
    HeaderMap, Method,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, VARY},
};
use longshore_console::{Asset, Link, Page};
use longshore_daemon::{Code, percent};

mod columns;
mod describe;
mod example;
mod node;
mod openapi;
mod request;

use openapi::{Described, Facts};

use crate::{failure::Failure, reply::Reply, repository::Entry, shared::Shared};

/// What is asked of the pages.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked<'r> {
    /// `GET /`, by who wants HTML.
    Page,
    /// `GET /docs`; the way from its address to the server's folder.
    Docs { root: &'static str },
    /// `GET /openapi.json`
    OpenApi,
    /// `GET /console/{asset}`
    Asset(Asset),
    /// `GET /console/models`
    Models,
    /// `GET /console/models/{m}`
    Model { model: Cow<'r, str>, version: Option<Cow<'r, str>> },
}

impl Asked<'_> {
    /// Its path with a placeholder for each part that differs.
    pub(crate) fn template(&self) -> &'static str {
        match self {
            Self::Page => "/",
            Self::Docs { .. } => "/docs",
            Self::OpenApi => "/openapi.json",
            Self::Asset(_) => "/console/{asset}",
            Self::Models => "/console/models",
            Self::Model { .. } => "/console/models/{model}",
        }
    }
}

/// What is asked at `path`; `None` when it is no path of the pages.
pub(crate) fn find<'r>(method: &Method, path: &'r str) -> Option<Result<Asked<'r>, Failure>> {
    let asked = at(path)?;
    if method == Method::GET || method == Method::HEAD {
        return Some(Ok(asked));
    }
    let message = format!("`{method}` does not apply to this path; use GET, HEAD");
    let failure = Failure::new(Code::MethodNotAllowed, message);
    Some(Err(Failure { allow: Some("GET, HEAD"), ..failure }))
}

fn at(path: &str) -> Option<Asked<'_>> {
    match path {
        "/docs" => return Some(Asked::Docs { root: "" }),
        "/docs/" => return Some(Asked::Docs { root: "../" }),
        "/openapi.json" => return Some(Asked::OpenApi),
        _ => {}
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let inside = path.strip_prefix("/console/")?;
    if inside == "models" {
        return Some(Asked::Models);
    }
    let Some(model) = inside.strip_prefix("models/") else {
        return asset(inside).map(Asked::Asset);
    };
    let (model, version) = match model.split_once("/versions/") {
        None => (model, None),
        Some((model, version)) => (model, Some(segment(version)?)),
    };
    Some(Asked::Model { model: segment(model)?, version })
}

fn segment(part: &str) -> Option<Cow<'_, str>> {
    (!part.is_empty() && !part.contains('/')).then(|| percent::decode(part))?
}

fn asset(name: &str) -> Option<Asset> {
    match name {
        "models.js" => Some(Asset::script(include_str!("ui/models.js"))),
        "docs.js" => Some(Asset::script(include_str!("ui/docs.js"))),
        "row.js" => Some(Asset::script(include_str!("ui/row.js"))),
        "file.js" => Some(Asset::script(include_str!("ui/file.js"))),
        _ => longshore_console::asset(name),
    }
}

/// Whether everybody may ask it, with or without a key.
pub(crate) fn is_open(path: &str) -> bool {
    matches!(at(path), Some(Asked::Page | Asked::Docs { .. } | Asked::Asset(_)))
}

/// Whether who asks for `/` is a browser: it names HTML, and wants nothing else more than that.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let (mut html, mut most) = (0.0, 0.0_f32);
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            let quality: f32 = quality.unwrap_or(1.0);
            if kind.eq_ignore_ascii_case("text/html") {
                html = quality;
            }
            most = most.max(quality);
        }
    }
    html > 0.0 && html >= most
}

const LINKS: [Link<'static>; 2] =
    [Link { name: "Models", to: "./" }, Link { name: "API", to: "docs" }];

/// Answers what is asked.
pub(crate) async fn answer(asked: &Asked<'_>, shared: &Shared) -> Result<Reply, Failure> {
    match asked {
        Asked::Page => Ok(page(
            &Page {
                title: "Models",
                links: &LINKS,
                main: include_str!("ui/models.html"),
                scripts: &["models.js"],
                root: "",
            },
            "./",
        )),
        Asked::Docs { root } => Ok(page(
            &Page {
                title: "API",
                links: &LINKS,
                main: include_str!("ui/docs.html"),
                scripts: &["docs.js"],
                root,
            },
            "docs",
        )),
        Asked::OpenApi => {
            let (models, others) = described(shared);
            let facts = Facts {
                keys: shared.keys.is_some(),
                open_metrics: shared.metrics_without_key,
                has_metrics: !shared.metrics_elsewhere,
                control: shared.models.may_be_controlled().is_ok(),
                limits: shared.capacity.limits,
            };
            let work = move || Reply::of(&openapi::document(&models, others, &facts)).map(kept);
            shared.capacity.pool.run(work).await
        }
        Asked::Asset(asset) => Ok(kept(Reply::new(asset.content_type, asset.content))),
        Asked::Models => Reply::of(&describe::models(&shared.models.current())),
        Asked::Model { model, version } => {
            let served = shared.models.find(model, version.as_deref()).await?;
            let now = shared.models.current().entry(&served.name).cloned();
            let versions = now.map(|entry| entry.versions().to_vec());
            let limits = shared.capacity.limits;
            // an example is looked for in a file, and tried
            let work = move || {
                Reply::of(&describe::model(&served, &versions.unwrap_or_default(), &limits))
            };
            shared.capacity.pool.run(work).await
        }
    }
}

/// The models that answer, and how many others there are.
fn described(shared: &Shared) -> (Vec<Described>, usize) {
    let models = shared.models.current();
    let of = |entry: &&Arc<Entry>| {
        let versions = entry.versions().to_vec();
        let latest = versions.last()?.clone();
        Some(Described { versions, latest })
    };
    let described: Vec<_> = models.entries().iter().filter_map(of).collect();
    let others = models.len() - described.len();
    (described, others)
}

fn page(page: &Page<'_>, here: &str) -> Reply {
    let mut reply = kept(Reply::new(longshore_console::HTML, page.html(here)));
    let fixed = |name: HeaderName, value| (name, HeaderValue::from_static(value));
    reply.headers.extend([
        fixed(CONTENT_SECURITY_POLICY, longshore_console::POLICY),
        fixed(hyper::header::REFERRER_POLICY, "no-referrer"),
        fixed(VARY, "accept"),
    ]);
    reply
}

/// Browsers keep it, and ask each time whether it is still the same: a new program has new pages.
fn kept(mut reply: Reply) -> Reply {
    reply.headers.push((CACHE_CONTROL, HeaderValue::from_static("no-cache")));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_for_who_asks_for_it() {
        let wanted = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            is_wanted(&headers)
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for accept in [browser, "text/html", "TEXT/HTML; q=0.5, */*;q=0.1"] {
            assert!(wanted(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/json, text/plain, */*",
            "text/html;q=0",
            "application/json, text/html;q=0.9",
            "text/htmlx",
        ] {
            assert!(!wanted(accept), "{accept}");
        }
    }

    #[test]
    fn paths_of_the_pages_are_found() {
        let found = |path| at(path);
        let model = |version: Option<&'static str>| {
            Some(Asked::Model { model: "a b".into(), version: version.map(Into::into) })
        };
        assert_eq!(found("/console/models"), Some(Asked::Models));
        assert_eq!(found("/console/models/a%20b"), model(None));
        assert_eq!(found("/console/models/a%20b/versions/2/"), model(Some("2")));
        assert!(matches!(found("/console/console.css"), Some(Asked::Asset(_))));
        for path in
            ["/", "/console", "/console/", "/console/../x", "/console/models/a/b", "/v1/models"]
        {
            assert_eq!(found(path), None, "{path}");
        }
        let failure = find(&Method::POST, "/console/models").unwrap().unwrap_err();
        assert_eq!(failure.allow, Some("GET, HEAD"));
        assert!(is_open("/console/models.js") && !is_open("/console/models"));
    }
}
