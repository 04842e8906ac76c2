//! An existing MLflow server: what `models:/` and `runs:/` mean, the files behind it, and whatever else its API answers.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use longshore_mlflow::{
    ModelUri, RunUri,
    rest::{
        self, ErrorCode, GetLatestVersions, GetLoggedModel, GetModelVersion,
        GetModelVersionByAlias, GetModelVersionDownloadUri, GetRegisteredModel, GetRun,
        LoggedModelStatus, ModelVersion, ModelVersionStatus, SearchLoggedModels, WORKSPACE_HEADER,
    },
};

use crate::{
    Config, Error, Location, Retry,
    http::{Call, Http, Reply, Trust, Url, encode, is_transient, query},
    retry::{Attempt, repeat},
};

mod artifacts;
mod exchange;
mod marks;
mod refusal;

pub(crate) use artifacts::Artifacts;
pub use exchange::Download;
pub(crate) use marks::Marked;

/// Most bytes of an answer that is not a file.
const ANSWER: u64 = 16 << 20;

/// A client of one MLflow server. Its user, password, token and workspace are those of MLflow's own variables.
#[derive(Debug)]
pub struct MlflowServer {
    http: Http,
    base: Url,
    /// The `Authorization` header.
    authorization: Option<String>,
    /// The workspace that every request is about; the server's default one when there is none.
    workspace: Option<String>,
    /// Who that is, without secrets.
    identity: String,
    retry: Retry,
    files: usize,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
struct Question<'a> {
    /// Its name in messages.
    what: &'a str,
    /// An error code that means for this question, as `RESOURCE_DOES_NOT_EXIST` does for any, that
    /// the thing does not exist.
    absent: Option<ErrorCode>,
    /// Whether it changes something.
    changes: bool,
    /// Most bytes of the answer.
    most: u64,
}

impl<'a> From<&'a str> for Question<'a> {
    fn from(what: &'a str) -> Self {
        Self { what, absent: None, changes: false, most: ANSWER }
    }
}

/// Where a model's files are, and which version they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// A location as MLflow writes it.
    pub(crate) source: String,
    /// The registered version or logged model.
    pub(crate) version: Option<String>,
    /// All that decides which files they are.
    pub(crate) revision: String,
}

impl MlflowServer {
    /// A client of the server of `Config::tracking_uri`, or else of `MLFLOW_TRACKING_URI`; nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::MlflowServer`] when that is no address of a server.
    pub fn open(config: &Config) -> Result<Self, Error> {
        Self::new(config, |reason| Error::MlflowServer {
            server: "that is meant".into(),
            reason: format!("cannot be asked: {reason}"),
        })
    }

    /// Asks once; `what` says in errors what the request is about. A request that fails is never sent again: it may
    /// have been done.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Missing`] when the server says that what is asked for does not exist.
    pub fn ask<C: rest::Call>(&self, call: &C, what: &str) -> Result<C::Reply, Error> {
        let once = Retry { attempts: 1, ..self.retry };
        let changes = changes::<C>();
        self.call_with(once, call, Question { changes, ..Question::from(what) })
    }

    /// Its address, without credentials.
    pub fn address(&self) -> String {
        self.base.origin()
    }

    pub(crate) fn new(config: &Config, bad: impl Fn(String) -> Error) -> Result<Self, Error> {
        let environment = &config.environment;
        let named = config.tracking_uri.clone().or_else(|| environment.get("MLFLOW_TRACKING_URI"));
        let text = named.ok_or_else(|| {
            bad("it needs an MLflow server: name it with `--tracking-uri` or `MLFLOW_TRACKING_URI`".into())
        })?;
        let base = Url::parse(&text).map_err(|reason| {
            bad(format!("the tracking URI is not a server's address: {reason}, as in `https://mlflow.example`"))
        })?;
        let mut trust =
            Trust::of(environment, &["MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE"]);
        trust.insecure = environment.flag("MLFLOW_TRACKING_INSECURE_TLS");
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        let user = environment.get("MLFLOW_TRACKING_USERNAME");
        let password = environment.get("MLFLOW_TRACKING_PASSWORD");
        let (authorization, identity) = match (environment.get("MLFLOW_TRACKING_TOKEN"), user, base.userinfo()) {
            (_, Some(user), _) => {
                let pair = format!("{user}:{}", password.unwrap_or_default());
                (Some(basic(&pair)), format!("user `{user}` (`MLFLOW_TRACKING_USERNAME`)"))
            }
            (Some(token), None, _) => (
                Some(format!("Bearer {token}")),
                "the bearer of `MLFLOW_TRACKING_TOKEN`".to_owned(),
            ),
            (None, None, Some(pair)) => {
                let user = pair.split(':').next().unwrap_or_default();
                (Some(basic(pair)), format!("user `{user}` (of the tracking URI)"))
            }
            (None, None, None) => (
                None,
                "nobody (set `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`)".to_owned(),
            ),
        };
        Ok(Self {
            http: Http::new(config.timeouts, trust),
            base,
            authorization,
            workspace: environment.get("MLFLOW_WORKSPACE"),
            identity,
            retry: config.retry,
            files: config.limits.files,
        })
    }

    /// What a model is now, by as few requests as there can be.
    pub(crate) fn resolve(&self, uri: &ModelUri) -> Result<Resolved, Error> {
        if let ModelUri::Logged { id } = uri {
            return self.logged(id);
        }
        let version = self.version(uri)?;
        match version.status {
            Some(ModelVersionStatus::Ready) | None => {}
            Some(status) => {
                let why = version.status_message.filter(|why| !why.is_empty());
                return Err(self.says(format!(
                    "says that version {} of model `{}` is not ready ({}{})",
                    version.version,
                    version.name,
                    status.name(),
                    why.map(|why| format!(": {why}")).unwrap_or_default()
                )));
            }
        }
        let ModelVersion { name, version, source, run_id, model_id, .. } = version;
        let source = source.unwrap_or_default();
        let (run_id, model_id) = (run_id.unwrap_or_default(), model_id.unwrap_or_default());
        Ok(Resolved {
            revision: format!("{name}\n{version}\n{source}\n{run_id}\n{model_id}"),
            source,
            version: Some(version),
        })
    }

    /// Where the files of a resolved version are: the server may keep them elsewhere than at the
    /// `source` that it told.
    pub(crate) fn download(&self, uri: &ModelUri, resolved: &Resolved) -> Result<String, Error> {
        let (ModelUri::Version { name, .. }
        | ModelUri::Alias { name, .. }
        | ModelUri::Stage { name, .. }
        | ModelUri::Latest { name }) = uri
        else {
            return Ok(resolved.source.clone());
        };
        let version = resolved.version.as_deref().unwrap_or_default();
        let what = format!("version {version} of model `{name}`");
        let call = GetModelVersionDownloadUri { name: name.clone(), version: version.to_owned() };
        let located = self.call(&call, &*what)?.artifact_uri.filter(|uri| !uri.is_empty());
        Ok(located.unwrap_or_else(|| resolved.source.clone()))
    }

    /// Where the files of a run are.
    pub(crate) fn run(&self, uri: &RunUri) -> Result<(String, String), Error> {
        let what = format!("run `{}`", uri.run_id);
        let call = GetRun { run_id: uri.run_id.clone(), ..GetRun::default() };
        let info = self.call(&call, &*what)?.run.info;
        Ok((below(&info.artifact_uri.unwrap_or_default(), &uri.path), info.experiment_id))
    }

    /// The location of the logged model (3.x) that a run's path names, followed by the rest of the
    /// path; `None` when the path names none. The first part of such a path is the model's name.
    pub(crate) fn model_of_run(
        &self,
        uri: &RunUri,
        experiment: &str,
    ) -> Result<Option<String>, Error> {
        let (name, rest) = uri.path.split_once('/').unwrap_or((&uri.path, ""));
        if name.is_empty() || name.contains(['\'', '"', '\\']) {
            return Ok(None);
        }
        let what = format!("model `{name}` of run `{}`", uri.run_id);
        let mut call = SearchLoggedModels {
            experiment_ids: vec![experiment.to_owned()],
            filter: Some(format!("name = '{name}'")),
            ..SearchLoggedModels::default()
        };
        loop {
            let page = match self.call(&call, &*what) {
                Ok(page) => page,
                // a server before 3.0 has no logged models
                Err(Error::Missing { .. } | Error::MlflowServer { .. } | Error::Unknown { .. }) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            let is_ours = |model: &rest::LoggedModel| {
                model.info.source_run_id.as_deref() == Some(&*uri.run_id)
            };
            if let Some(model) = page.models.into_iter().find(is_ours) {
                return Ok(Some(below(&model.info.artifact_uri.unwrap_or_default(), rest)));
            }
            let next = page.next_page_token.filter(|next| !next.is_empty());
            if next.is_none() || next == call.page_token {
                return Ok(None);
            }
            call.page_token = next;
        }
    }

    fn logged(&self, id: &str) -> Result<Resolved, Error> {
        let call = GetLoggedModel { model_id: id.to_owned(), allow_deleted: None };
        let info = self.call(&call, &*format!("logged model `{id}`"))?.model.info;
        if info.status == Some(LoggedModelStatus::UploadFailed) {
            return Err(self.says(format!("says that the upload of logged model `{id}` failed")));
        }
        let source = info.artifact_uri.unwrap_or_default();
        Ok(Resolved { revision: format!("{id}\n{source}"), source, version: Some(id.to_owned()) })
    }

    fn version(&self, uri: &ModelUri) -> Result<ModelVersion, Error> {
        match uri {
            ModelUri::Version { name, version } => {
                let version = version.to_string();
                let what = format!("version {version} of model `{name}`");
                let call = GetModelVersion { name: name.clone(), version };
                Ok(self.call(&call, &*what)?.model_version)
            }
            ModelUri::Alias { name, alias } => {
                let what = format!("alias `{alias}` of model `{name}`");
                let call = GetModelVersionByAlias { name: name.clone(), alias: alias.clone() };
                // MLflow's SQL store has this code for an alias that nobody set
                let absent = Some(ErrorCode::InvalidParameterValue);
                let question = Question { absent, ..Question::from(&*what) };
                let reply = self.call(&call, question);
                Ok(reply.map_err(|error| self.with_aliases(error, name))?.model_version)
            }
            ModelUri::Stage { name, stage } => {
                let what = format!("a version of model `{name}` in stage `{stage}`");
                self.latest(name, vec![stage.clone()], &what)
            }
            ModelUri::Latest { name } | ModelUri::Logged { id: name } => {
                self.latest(name, Vec::new(), &format!("a version of model `{name}`"))
            }
        }
    }

    fn latest(&self, name: &str, stages: Vec<String>, what: &str) -> Result<ModelVersion, Error> {
        let reply = self.call(&GetLatestVersions { name: name.to_owned(), stages }, what)?;
        let newest = reply.model_versions.into_iter().max_by_key(|v| v.version.parse::<u64>().ok());
        newest.ok_or_else(|| {
            let missing = Error::Missing {
                what: format!("{what} at {}", self.base.origin()),
                hint: String::new(),
            };
            self.with_aliases(missing, name)
        })
    }

    /// Adds to the error which aliases exist, when the one asked for does not.
    fn with_aliases(&self, error: Error, name: &str) -> Error {
        let Error::Missing { what, hint } = error else { return error };
        let named = format!("model `{name}`");
        match self.call(&GetRegisteredModel { name: name.to_owned() }, &*named) {
            Ok(reply) => {
                let aliases: Vec<_> = reply
                    .registered_model
                    .aliases
                    .iter()
                    .map(|alias| format!("`{}` (version {})", alias.alias, alias.version))
                    .collect();
                let hint = if aliases.is_empty() {
                    "; the model has no aliases: set one in MLflow, or name a version".to_owned()
                } else {
                    format!("; the model has {}", aliases.join(", "))
                };
                Error::Missing { what, hint }
            }
            Err(Error::Missing { what, .. }) => Error::Missing { what, hint },
            Err(_) => Error::Missing { what, hint },
        }
    }

    /// The location that MLflow's text `source` means.
    pub(crate) fn locate(&self, source: &str) -> Result<Location, Error> {
        // a server may name its proxy by its full address
        let own = self.base.join(&format!("{}{}", rest::API, rest::ARTIFACTS));
        if let Ok(url) = Url::parse(source)
            && url.origin() == own.origin()
            && let Some(path) = url.path().strip_prefix(own.path())
        {
            return format!("mlflow-artifacts:/{}", path.trim_start_matches('/')).parse();
        }
        source.parse().map_err(|error| match error {
            Error::Location { uri, reason } => self.says(format!(
                "keeps the model at `{uri}`, which cannot be read from here: {reason}"
            )),
            error => error,
        })
    }

    /// Asks the server, again and again while it fails for the moment, and reads what it answers.
    fn call<'q, C: rest::Call>(
        &self,
        call: &C,
        question: impl Into<Question<'q>>,
    ) -> Result<C::Reply, Error> {
        self.call_with(self.retry, call, question.into())
    }

    fn call_with<C: rest::Call>(
        &self,
        retry: Retry,
        call: &C,
        question: Question<'_>,
    ) -> Result<C::Reply, Error> {
        let url = self.base.join(&format!("{}{}", rest::API, call.path(encode)));
        let method = match C::METHODS.first() {
            Some(rest::Method::Get) | None => Method::GET,
            Some(rest::Method::Post) => Method::POST,
            Some(rest::Method::Put) => Method::PUT,
            Some(rest::Method::Patch) => Method::PATCH,
            Some(rest::Method::Delete) => Method::DELETE,
        };
        let (url, body) = if method == Method::GET {
            let pairs = call.query();
            let pairs: Vec<_> = pairs.iter().map(|(name, text)| (*name, text.as_str())).collect();
            (url.with_query(query(&pairs)), None)
        } else {
            (url, Some(rest::print(call)))
        };
        let text = repeat(retry, || {
            let reply = self.send(&url, &method, body.as_deref(), question)?;
            reply.text(&url, question.most)
        })?;
        rest::parse_reply(text.as_bytes()).map_err(|error| {
            let kind = if text.trim_start().starts_with('<') {
                "a web page".into()
            } else {
                error.to_string()
            };
            self.says(format!(
                "did not answer like MLflow when asked for {} ({kind}): is the tracking URI right?",
                question.what
            ))
        })
    }

    /// One request with our credentials.
    fn send<'q>(
        &self,
        url: &Url,
        method: &Method,
        body: Option<&str>,
        question: impl Into<Question<'q>>,
    ) -> Result<Reply, Attempt> {
        let body = body.map(str::to_owned);
        let mut call = Call { method: method.clone(), url, headers: Vec::new(), body };
        if call.body.is_some() {
            call = call.header("content-type", "application/json");
        }
        if let Some(authorization) = &self.authorization {
            call = call.header("authorization", authorization);
        }
        if let Some(workspace) = &self.workspace {
            call = call.header(WORKSPACE_HEADER, workspace);
        }
        let reply = self.http.send(&call)?;
        match reply.status {
            200 | 206 => Ok(reply),
            status if is_transient(status) => {
                let after = reply.retry_after();
                let said = refusal::words(reply).said.map(|said| format!(" {said}"));
                let reason = format!("{status}{}", said.unwrap_or_default());
                Err(Attempt::Again { what: url.shown(), reason, after })
            }
            _ => Err(self.refused(reply, &question.into()).into()),
        }
    }

    fn says(&self, reason: String) -> Error {
        Error::MlflowServer { server: self.base.origin(), reason }
    }
}

/// Whether a request changes something.
fn changes<C: rest::Call>() -> bool {
    C::METHODS.first() != Some(&rest::Method::Get) && !C::PATH.ends_with("/search")
}

/// A path below a location that MLflow wrote.
fn below(location: &str, path: &str) -> String {
    if path.is_empty() {
        location.to_owned()
    } else {
        format!("{}/{path}", location.trim_end_matches('/'))
    }
}
