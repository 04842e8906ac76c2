//! Paths and methods.

use std::borrow::Cow;

use hyper::Method;
use longshore_daemon::{Code, percent, server::Question};

use crate::{failure::Failure, protocol::Protocol, ui, unsupported::Unsupported};

/// What a request asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Route<'r> {
    /// Rows to answer. Without a name, the only model is meant, or the one in the query.
    Infer { protocol: Protocol, model: Option<Cow<'r, str>>, version: Option<Cow<'r, str>> },
    /// Something that models do not do, behind the name of one.
    Verb { model: Cow<'r, str>, verb: &'r str, known: &'static str },
    /// What pages are made of.
    Ui(ui::Asked<'r>),
    /// What is asked of every server.
    Probe(Question),
    /// `GET /version`
    Version,
    /// `GET /v1/models`, `GET /v2/models`
    Models,
    /// `GET /v1/models/{m}`
    V1Status { model: Cow<'r, str>, version: Option<Cow<'r, str>> },
    /// `GET /v2`
    Server,
    /// `GET /v2/models/{m}`
    Model { model: Cow<'r, str>, version: Option<Cow<'r, str>> },
    /// `GET /v2/models/{m}/ready`
    ModelReady { model: Cow<'r, str>, version: Option<Cow<'r, str>> },
    /// `GET /v2/models/{m}/config`
    ModelConfig { model: Cow<'r, str>, version: Option<Cow<'r, str>> },
    /// `GET /v2/models/stats`, `GET /v2/models/{m}/stats`
    Statistics { model: Option<Cow<'r, str>>, version: Option<Cow<'r, str>> },
    /// `POST /v2/repository/index`
    Index,
    /// `POST /v2/repository/models/{m}/load`
    Load { model: Cow<'r, str> },
    /// `POST /v2/repository/models/{m}/unload`
    Unload { model: Cow<'r, str> },
}

impl Route<'_> {
    /// Its path with a placeholder for each part that differs: the same path for every model.
    pub(crate) fn template(&self) -> &'static str {
        match self {
            Self::Infer { protocol: Protocol::V1, version: None, .. } => {
                "/v1/models/{model}:predict"
            }
            Self::Infer { protocol: Protocol::V1, .. } => {
                "/v1/models/{model}/versions/{version}:predict"
            }
            Self::Infer { protocol: Protocol::V2, version: None, .. } => "/v2/models/{model}/infer",
            Self::Infer { protocol: Protocol::V2, .. } => {
                "/v2/models/{model}/versions/{version}/infer"
            }
            // a call of gRPC is no route
            Self::Infer { protocol: Protocol::Mlflow | Protocol::Grpc, .. } => "/invocations",
            Self::Probe(question) => question.path(),
            Self::Ui(asked) => asked.template(),
            Self::Version => "/version",
            Self::Models => "/v2/models",
            Self::V1Status { version: None, .. } => "/v1/models/{model}",
            Self::V1Status { .. } => "/v1/models/{model}/versions/{version}",
            Self::Server => "/v2",
            Self::Model { version: None, .. } => "/v2/models/{model}",
            Self::Model { .. } => "/v2/models/{model}/versions/{version}",
            Self::ModelReady { version: None, .. } => "/v2/models/{model}/ready",
            Self::ModelReady { .. } => "/v2/models/{model}/versions/{version}/ready",
            Self::ModelConfig { version: None, .. } => "/v2/models/{model}/config",
            Self::ModelConfig { .. } => "/v2/models/{model}/versions/{version}/config",
            Self::Statistics { model: None, .. } => "/v2/models/stats",
            Self::Statistics { version: None, .. } => "/v2/models/{model}/stats",
            Self::Statistics { .. } => "/v2/models/{model}/versions/{version}/stats",
            Self::Verb { .. } => "/v1/models/{model}:{verb}",
            Self::Index => "/v2/repository/index",
            Self::Load { .. } => "/v2/repository/models/{model}/load",
            Self::Unload { .. } => "/v2/repository/models/{model}/unload",
        }
    }
}

/// Finds the route of a path; the failure is 404, or 405 with the methods that the path has.
/// Metrics that have a port of their own are on no path.
pub(crate) fn find<'r>(
    method: &Method,
    path: &'r str,
    metrics_elsewhere: bool,
) -> Result<Route<'r>, Failure> {
    let path = trim(path);
    let route = lookup(method, path)?;
    let (fits, allow) = match route {
        Route::Probe(Question::Metrics) if metrics_elsewhere => return Err(unknown()),
        Route::Verb { .. } => return Ok(route),
        Route::Infer { .. } | Route::Index | Route::Load { .. } | Route::Unload { .. } => {
            (method == Method::POST, "POST")
        }
        _ => (method == Method::GET || method == Method::HEAD, "GET, HEAD"),
    };
    if fits {
        return Ok(route);
    }
    let message = format!("`{method}` does not apply to this path; use {allow}");
    Err(Failure { allow: Some(allow), ..Failure::new(Code::MethodNotAllowed, message) })
}

/// True for a path whose failures are written as MLflow writes them.
pub(super) fn is_mlflow(path: &str) -> bool {
    trim(path) == INVOCATIONS
}

const INVOCATIONS: &str = "/invocations";

/// The statistics of all models, as in Triton: a model named `stats` has its metadata only under
/// its version.
const STATISTICS: &str = "/v2/models/stats";

/// The same path without a slash at its end.
fn trim(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some("") | None => path,
        Some(shorter) => shorter,
    }
}

/// The path leads nowhere.
fn unknown() -> Failure {
    Failure::not_found(
        "there is no such path; there are `/v1/models`, `/v1/models/NAME:predict`, `/v2/models/NAME/infer`, \
         `/invocations`, `/metrics` and `/health/ready`",
    )
}

fn lookup<'r>(method: &Method, path: &'r str) -> Result<Route<'r>, Failure> {
    if let Some(rest) = path.strip_prefix("/v1/models/") {
        return v1(method, rest).ok_or_else(unknown)?;
    }
    if let Some(rest) = path.strip_prefix("/v2/repository/models/") {
        return repository(rest).ok_or_else(unknown);
    }
    if let Some(rest) = path.strip_prefix("/v2/models/")
        && path != STATISTICS
    {
        return v2(rest).ok_or_else(unknown)?;
    }
    Ok(match path {
        INVOCATIONS => Route::Infer { protocol: Protocol::Mlflow, model: None, version: None },
        "/version" => Route::Version,
        "/v1/models" | "/v2/models" => Route::Models,
        STATISTICS => Route::Statistics { model: None, version: None },
        "/v2" => Route::Server,
        "/v2/repository/index" => Route::Index,
        _ => match Question::at(path) {
            Some(question) => Route::Probe(question),
            None => return Err(Unsupported::at(path).map_or_else(unknown, Unsupported::failure)),
        },
    })
}

fn v1<'r>(method: &Method, rest: &'r str) -> Option<Result<Route<'r>, Failure>> {
    let (target, verb) = match rest.rsplit_once(':') {
        Some((target, verb @ ("predict" | "explain"))) => (target, Some(verb)),
        // a name may hold colons, but nothing is posted to one
        Some((target, verb)) if method == Method::POST && !verb.contains('/') => {
            let model = segment(target.split('/').next()?)?;
            return Some(Ok(Route::Verb { model, verb, known: "`:predict`" }));
        }
        _ => (rest, None),
    };
    let (model, version) = match target.split_once('/') {
        None => (segment(target)?, None),
        Some((model, rest)) => (segment(model)?, Some(segment(rest.strip_prefix("versions/")?)?)),
    };
    Some(Ok(match verb {
        Some("predict") => Route::Infer { protocol: Protocol::V1, model: Some(model), version },
        Some(_) => {
            let message = "explanations are not served here; send the request to the explainer";
            return Some(Err(Failure::new(Code::Unimplemented, message)));
        }
        None => Route::V1Status { model, version },
    }))
}

fn v2(rest: &str) -> Option<Result<Route<'_>, Failure>> {
    let (model, mut rest) = match rest.split_once('/') {
        Some((model, rest)) => (segment(model)?, Some(rest)),
        None => (segment(rest)?, None),
    };
    let mut version = None;
    if let Some(behind) = rest.and_then(|rest| rest.strip_prefix("versions/")) {
        let (found, after) = match behind.split_once('/') {
            Some((found, after)) => (found, Some(after)),
            None => (behind, None),
        };
        version = Some(segment(found)?);
        rest = after;
    }
    Some(Ok(match rest {
        Some("infer") => Route::Infer { protocol: Protocol::V2, model: Some(model), version },
        Some("ready") => Route::ModelReady { model, version },
        Some("config") => Route::ModelConfig { model, version },
        Some("stats") => Route::Statistics { model: Some(model), version },
        None => Route::Model { model, version },
        Some(verb) => match Unsupported::of_model(verb) {
            Some(unsupported) => return Some(Err(unsupported.failure())),
            None if verb.is_empty() || verb == "versions" || verb.contains('/') => return None,
            None => Route::Verb { model, verb, known: "`infer`, `ready`, `config` and `stats`" },
        },
    }))
}

fn repository(rest: &str) -> Option<Route<'_>> {
    let (model, verb) = rest.split_once('/')?;
    let model = segment(model)?;
    match verb {
        "load" => Some(Route::Load { model }),
        "unload" => Some(Route::Unload { model }),
        _ => None,
    }
}

/// One part of a path, percent-decoded once; `None` when it is empty, holds a slash or is no text.
fn segment(part: &str) -> Option<Cow<'_, str>> {
    if part.is_empty() || part.contains('/') {
        return None;
    }
    percent::decode(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(
        protocol: Protocol,
        model: &'static str,
        version: Option<&'static str>,
    ) -> Route<'static> {
        Route::Infer { protocol, model: Some(model.into()), version: version.map(Into::into) }
    }

    #[test]
    fn paths_lead_to_their_routes() {
        let post = |path| find(&Method::POST, path, false).unwrap();
        let get = |path| find(&Method::GET, path, false).unwrap();
        assert_eq!(post("/v1/models/wine:predict"), infer(Protocol::V1, "wine", None));
        assert_eq!(post("/v1/models/a:b:predict"), infer(Protocol::V1, "a:b", None));
        assert_eq!(post("/v1/models/a%20b:predict"), infer(Protocol::V1, "a b", None));
        assert_eq!(
            post("/v1/models/wine/versions/3:predict"),
            infer(Protocol::V1, "wine", Some("3"))
        );
        assert_eq!(post("/v2/models/wine/infer"), infer(Protocol::V2, "wine", None));
        assert_eq!(
            post("/v2/models/wine/versions/3/infer"),
            infer(Protocol::V2, "wine", Some("3"))
        );
        assert_eq!(post("/v2/repository/models/a%20b/load"), Route::Load { model: "a b".into() });
        assert_eq!(
            post("/v2/repository/models/wine/unload"),
            Route::Unload { model: "wine".into() }
        );
        assert_eq!(get("/v1/models/wine"), Route::V1Status { model: "wine".into(), version: None });
        assert_eq!(
            get("/v2/models/wine/versions/3/ready"),
            Route::ModelReady { model: "wine".into(), version: Some("3".into()) }
        );
        assert_eq!(
            get("/v2/models/wine/config"),
            Route::ModelConfig { model: "wine".into(), version: None }
        );
        for (path, model, version) in [
            ("/v2/models/stats", None, None),
            ("/v2/models/stats/", None, None),
            ("/v2/models/stats/stats", Some("stats"), None),
            ("/v2/models/wine/versions/3/stats", Some("wine"), Some("3")),
        ] {
            let (model, version) = (model.map(Into::into), version.map(Into::into));
            assert_eq!(get(path), Route::Statistics { model, version }, "{path}");
        }
    }

    #[test]
    fn a_slash_at_the_end_changes_nothing() {
        for (method, path) in [
            (Method::POST, "/v1/models/wine:predict"),
            (Method::POST, "/v2/models/wine/infer"),
            (Method::POST, "/invocations"),
            (Method::GET, "/v1/models"),
            (Method::GET, "/v1/models/wine"),
            (Method::GET, "/v2"),
            (Method::GET, "/v2/models/wine/versions/3"),
            (Method::GET, "/v2/health/ready"),
            (Method::GET, "/metrics"),
        ] {
            let longer = format!("{path}/");
            let route = find(&method, &longer, false).unwrap();
            assert_eq!(route, find(&method, path, false).unwrap(), "{path}");
        }
        assert_eq!(find(&Method::GET, "/", false).unwrap(), Route::Probe(Question::Alive));
        assert!(is_mlflow("/invocations/") && !is_mlflow("/invocations/x"));
    }

    #[test]
    fn what_models_do_not_do_is_told_apart_from_paths() {
        let verb =
            |model: &'static str, verb, known| Route::Verb { model: model.into(), verb, known };
        let post = |path| find(&Method::POST, path, false).unwrap();
        assert_eq!(post("/v1/models/a:classify"), verb("a", "classify", "`:predict`"));
        assert_eq!(post("/v1/models/a/versions/2:classify"), verb("a", "classify", "`:predict`"));
        assert_eq!(
            post("/v2/models/a/predict"),
            verb("a", "predict", "`infer`, `ready`, `config` and `stats`")
        );
        let status = Route::V1Status { model: "a:b".into(), version: None };
        assert_eq!(find(&Method::GET, "/v1/models/a:b", false).unwrap(), status);
    }

    #[test]
    fn other_paths_and_methods_are_refused() {
        let refused = |method, path| find(&method, path, false).unwrap_err();
        for path in [
            "/v1/models//",
            "/v1/models/a/b",
            "/v1/models/:predict",
            "/v2/models/a//",
            "/v2/models/a/versions/",
            "/v2/models/a/versions/1/x/y",
            "/v2/models//infer",
            "/v3",
            "/invocations//",
            "/v2/models/%zz/infer",
            "/v1/models/%ff",
        ] {
            assert_eq!(refused(Method::GET, path).code, Code::NotFound, "{path}");
        }
        let failure = refused(Method::GET, "/v2/models/a/infer");
        assert_eq!((failure.code, failure.allow), (Code::MethodNotAllowed, Some("POST")));
        assert_eq!(refused(Method::POST, "/ping").allow, Some("GET, HEAD"));
        for path in [
            "/v1/models/a:explain",
            "/v2/models/a/generate",
            "/v2/models/a/versions/1/generate_stream",
            "/v2/models/a/trace/setting",
            "/v2/trace/setting",
            "/v2/logging/",
            "/v2/systemsharedmemory/status",
            "/v2/cudasharedmemory/region/a/register",
        ] {
            assert_eq!(refused(Method::POST, path).code, Code::Unimplemented, "{path}");
        }
        assert_eq!(find(&Method::GET, "/metrics", true).unwrap_err().code, Code::NotFound);
    }
}
