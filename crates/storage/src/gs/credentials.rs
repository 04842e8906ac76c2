//! Who we are to Google: the sources of credentials that its own tools have, in their order.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use serde::Deserialize;

use super::{WHAT, external_account::ExternalAccount, service_account::ServiceAccount, wrong};
use crate::{
    Config, Environment, Error, Retry, Timeouts,
    http::{Call, Http, Reply, Trust, Url, query},
    retry::{Attempt, repeat},
    token::{Kept, Token, issued},
};

/// The variable with the path of a file of credentials.
const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// How long metadata may take: elsewhere than at Google nobody answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where tokens are had, when a file does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Where tokens of other clouds are exchanged, when a file does not say.
const STS_URI: &str = "https://sts.googleapis.com/v1/token";

/// A file of credentials, by its `type`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum KeyFile {
    ServiceAccount {
        client_email: String,
        private_key: String,
        private_key_id: Option<String>,
        token_uri: Option<String>,
    },
    AuthorizedUser {
        client_id: String,
        client_secret: String,
        refresh_token: String,
        token_uri: Option<String>,
    },
    ExternalAccount(Box<ExternalAccount>),
}

#[derive(Debug)]
enum Source {
    /// Nobody; the text says why.
    Anonymous(&'static str),
    ServiceAccount(Box<ServiceAccount>),
    /// What `gcloud auth application-default login` writes: the form of a request for a token.
    User(String),
    /// Another cloud or cluster that Google trusts (workload identity federation).
    External(Box<ExternalAccount>),
    /// The metadata of a machine or a pod at Google (workload identity).
    Metadata,
}

/// The credentials of one process, renewed before they end.
#[derive(Debug)]
pub(super) struct Credentials {
    source: Source,
    http: Http,
    /// Where tokens are had.
    url: Url,
    retry: Retry,
    kept: Kept,
    /// Whether the metadata server was found not to be there.
    absent: std::sync::OnceLock<bool>,
}

impl Credentials {
    /// Finds the source. Nothing is asked of it yet.
    pub(super) fn new(config: &Config, emulator: bool) -> Result<Self, Error> {
        let environment = &config.environment;
        let trust = Trust::of(environment, &["REQUESTS_CA_BUNDLE"]);
        let made = |source, http, url| Self {
            source,
            http,
            url,
            retry: config.retry,
            kept: Kept::default(),
            absent: std::sync::OnceLock::new(),
        };
        let http = Http::new(config.timeouts, trust);
        if emulator {
            let why = "nobody (`STORAGE_EMULATOR_HOST` asks for no credentials)";
            return Ok(made(Source::Anonymous(why), http, Url::unknown()));
        }
        if let Some(path) = key_file(environment) {
            let (source, url) = read(&path)?;
            return Ok(made(source, http, url));
        }
        if environment.flag("NO_GCE_CHECK") {
            let why = "nobody (no credentials are set)";
            return Ok(made(Source::Anonymous(why), http, Url::unknown()));
        }
        let host = environment.get("GCE_METADATA_HOST");
        let host = host.as_deref().unwrap_or("metadata.google.internal");
        let path = "computeMetadata/v1/instance/service-accounts/default/token";
        let url = Url::parse(&format!("http://{host}/{path}"))
            .map_err(|reason| wrong(format!("`GCE_METADATA_HOST`: {reason}")))?;
        let timeouts = Timeouts { connect: PATIENCE, answer: 5 * PATIENCE, ..config.timeouts };
        Ok(made(Source::Metadata, Http::direct(timeouts), url))
    }

    /// A token that is valid now; none when nobody asks.
    ///
    /// # Errors
    /// [`Error::Credentials`].
    pub(super) fn get(&self) -> Result<Option<Arc<str>>, Error> {
        if matches!(self.source, Source::Anonymous(_)) || self.absent.get().is_some() {
            return Ok(None);
        }
        let issued = self.kept.get(|| {
            repeat(self.retry, || self.issue()).map_err(|error| match error {
                Error::Unavailable { .. } => {
                    wrong(format!("{} gave none: {error}", self.identity()))
                }
                error => error,
            })
        });
        match issued {
            Ok(token) => Ok(Some(token)),
            Err(_) if self.absent.get().is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets the next request take a newer token than the one just refused. False when there is none.
    pub(super) fn renew(&self, refused: &str) -> bool {
        self.kept.forget(refused)
    }

    /// Who asks, in words; never a secret.
    pub(super) fn identity(&self) -> String {
        match &self.source {
            Source::Anonymous(why) => (*why).into(),
            Source::ServiceAccount(account) => format!("the service account `{}`", account.email),
            Source::User(_) => format!("the user of `{FILE}`"),
            Source::External(account) => account.identity(),
            Source::Metadata if self.absent.get().is_some() => {
                format!("nobody (`{FILE}` is not set, and no metadata server of Google answers)")
            }
            Source::Metadata => "the workload identity of the metadata server".into(),
        }
    }

    fn issue(&self) -> Result<Token, Attempt> {
        let form = match &self.source {
            Source::ServiceAccount(account) => account.form(&self.url)?,
            Source::User(form) => form.clone(),
            Source::External(account) => return account.issue(&self.http, &self.url),
            Source::Anonymous(_) | Source::Metadata => return self.of_metadata(),
        };
        let call = Call {
            method: http::Method::POST,
            url: &self.url,
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: Some(form),
        };
        self.read(self.http.send(&call)?)
    }

    fn read(&self, reply: Reply) -> Result<Token, Attempt> {
        issued(reply, &self.url, WHAT, &self.identity())
    }

    fn of_metadata(&self) -> Result<Token, Attempt> {
        let call = Call::get(&self.url).header("metadata-flavor", "Google");
        let reply = match self.http.send(&call) {
            // another cloud's metadata may be at the same address
            Ok(reply) if reply.header("metadata-flavor") == Some("Google") => reply,
            Ok(_) | Err(Attempt::Again { .. }) => {
                self.absent.get_or_init(|| true);
                return Err(wrong("no metadata server of Google answers".into()).into());
            }
            Err(fatal) => return Err(fatal),
        };
        if reply.status == 404 {
            let reason = "the metadata server knows no service account: give the machine one, or the pod's ServiceAccount a workload identity";
            return Err(wrong(reason.into()).into());
        }
        self.read(reply)
    }
}

/// The file of credentials that a variable names, or else the one that `gcloud` has written.
fn key_file(environment: &Environment) -> Option<PathBuf> {
    if let Some(named) = environment.get(FILE) {
        return Some(named.into());
    }
    let folder = environment.get("CLOUDSDK_CONFIG").map(PathBuf::from);
    let folder =
        folder.or_else(|| Some(PathBuf::from(environment.get("HOME")?).join(".config/gcloud")));
    let path = folder?.join("application_default_credentials.json");
    path.is_file().then_some(path)
}

fn read(path: &PathBuf) -> Result<(Source, Url), Error> {
    let bad = |reason: String| wrong(format!("`{}` {reason}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    // the parser's message could repeat a secret
    let file: KeyFile = serde_json::from_str(&text).map_err(|error| {
        bad(format!(
            "is not a key of a service account or of `gcloud auth application-default login` (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    let url = |uri: Option<String>| {
        let uri = uri.unwrap_or_else(|| TOKEN_URI.into());
        Url::parse(&uri).map_err(|reason| bad(format!("has a wrong `token_uri`: {reason}")))
    };
    Ok(match file {
        KeyFile::ServiceAccount { client_email, private_key, private_key_id, token_uri } => {
            let account = ServiceAccount::new(client_email, &private_key, private_key_id);
            (Source::ServiceAccount(Box::new(account.map_err(bad)?)), url(token_uri)?)
        }
        KeyFile::AuthorizedUser { client_id, client_secret, refresh_token, token_uri } => {
            let form = query(&[
                ("grant_type", "refresh_token"),
                ("client_id", &client_id),
                ("client_secret", &client_secret),
                ("refresh_token", &refresh_token),
            ]);
            (Source::User(form), url(token_uri)?)
        }
        KeyFile::ExternalAccount(account) => {
            if let Some(fault) = account.fault() {
                return Err(bad(fault));
            }
            let uri = account.token_url.clone().unwrap_or_else(|| STS_URI.into());
            (Source::External(account), url(Some(uri))?)
        }
    })
}
