//! Who we are to AWS: the sources of credentials that its own tools have, in their order.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde::Deserialize;

use crate::{
    Config, Environment, Error, Retry,
    http::Reply,
    retry::{Attempt, repeat},
    time,
};

mod container;
mod instance;
mod web_identity;

use container::Container;
use instance::Instance;
use web_identity::WebIdentity;

/// Credentials are renewed this long before they expire, or when a quarter of their life is left,
/// if that is later.
const MARGIN: Duration = Duration::from_mins(5);

/// A key pair, which may expire.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    /// The role or user, when the source tells.
    arn: Option<String>,
    expires: Option<SystemTime>,
    renew: Option<SystemTime>,
}

/// The secret stays out of logs.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Keys {
    fn new(id: String, secret: String, token: Option<String>) -> Self {
        Self { id, secret, token, arn: None, expires: None, renew: None }
    }

    #[cfg(test)]
    pub(crate) fn for_test(id: &str, secret: &str) -> Self {
        Self::new(id.into(), secret.into(), None)
    }

    fn until(mut self, expires: Option<SystemTime>) -> Self {
        let now = SystemTime::now();
        self.expires = expires;
        self.renew = expires.map(|expires| {
            let life = expires.duration_since(now).unwrap_or_default();
            expires - MARGIN.min(life / 4)
        });
        self
    }
}

/// The reply of the container agents and of the instance metadata.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Issued {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
    role_arn: Option<String>,
}

impl Issued {
    fn read(text: &str) -> Result<Keys, String> {
        let issued: Self = serde_json::from_str(text)
            .map_err(|_| "its answer holds no `AccessKeyId` and `SecretAccessKey`".to_owned())?;
        let expires = issued.expiration.as_deref().and_then(time::parse);
        let mut keys = Keys::new(issued.access_key_id, issued.secret_access_key, issued.token);
        keys.arn = issued.role_arn;
        Ok(keys.until(expires))
    }
}

/// Why a source gave nothing.
#[derive(Debug)]
enum Trouble {
    /// Another attempt would give nothing either; a sentence says why.
    Fatal(String),
    /// Another attempt may give something.
    Again(Attempt),
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Fatal(reason)
    }
}

impl From<Attempt> for Trouble {
    fn from(attempt: Attempt) -> Self {
        match attempt {
            Attempt::Fatal(error) => Self::Fatal(error.to_string()),
            again @ Attempt::Again { .. } => Self::Again(again),
        }
    }
}

/// A status that is no success, in a source's words.
fn refused(what: &str, url: &str, reply: Reply) -> Trouble {
    let status = reply.status;
    if crate::http::is_transient(status) {
        let after = reply.retry_after();
        return Trouble::Again(Attempt::Again {
            what: url.to_owned(),
            reason: format!("{status}"),
            after,
        });
    }
    let said: String = reply.refusal().trim().chars().take(200).collect();
    Trouble::Fatal(format!("{what} answered {status} {said}"))
}

#[derive(Debug)]
enum Source {
    Anonymous,
    Static(Arc<Keys>),
    WebIdentity(WebIdentity),
    Container(Container),
    Instance(Instance),
}

impl Source {
    /// In words, for messages.
    fn name(&self) -> String {
        match self {
            Self::Anonymous => "nobody (`--s3-anonymous`)".into(),
            Self::Static(keys) if keys.token.is_some() => {
                "temporary keys from the environment".into()
            }
            Self::Static(_) => "static keys from the environment".into(),
            Self::WebIdentity(source) => {
                format!("the web identity (IRSA) role `{}`", source.role())
            }
            Self::Container(source) => source.name().into(),
            Self::Instance(_) => "the instance's role (IMDSv2)".into(),
        }
    }

    fn issue(&self) -> Result<Keys, Trouble> {
        match self {
            Self::Anonymous => Err(Trouble::Fatal("there are none".into())),
            Self::Static(keys) => Ok(Keys::clone(keys)),
            Self::WebIdentity(source) => source.issue(),
            Self::Container(source) => source.issue(),
            Self::Instance(source) => source.issue(),
        }
    }
}

/// The credentials of one process, renewed before they end.
#[derive(Debug)]
pub(crate) struct Credentials {
    source: Source,
    retry: Retry,
    current: Mutex<Option<Arc<Keys>>>,
}

impl Credentials {
    /// Finds the source. Nothing is asked of it yet.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        // the variable is a name of KServe's Secrets
        let anonymous = config.anonymous || config.environment.flag("awsAnonymousCredential");
        let source = if anonymous { Source::Anonymous } else { source(config)? };
        Ok(Self { source, retry: config.retry, current: Mutex::default() })
    }

    /// Keys that are valid now; none when nobody signs.
    ///
    /// # Errors
    /// [`Error::Credentials`] about `what`.
    pub(crate) fn get(&self, what: &str) -> Result<Option<Arc<Keys>>, Attempt> {
        match &self.source {
            Source::Anonymous => return Ok(None),
            Source::Static(keys) => return Ok(Some(keys.clone())),
            _ => {}
        }
        // whoever comes second waits for the first one's answer
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now();
        if let Some(keys) = current.as_ref()
            && keys.renew.is_none_or(|renew| now < renew)
        {
            return Ok(Some(keys.clone()));
        }
        match self.issue(what) {
            Ok(keys) => {
                let keys = Arc::new(keys);
                tracing::debug!(key_id = keys.id, "new credentials from {}", self.source.name());
                *current = Some(keys.clone());
                Ok(Some(keys))
            }
            Err(error) => match current.as_mut() {
                Some(keys) if keys.expires.is_none_or(|expires| now < expires) => {
                    tracing::warn!(%error, "credentials cannot be renewed yet; the present ones are still valid");
                    // the next requests must not each try again
                    let mut kept = Keys::clone(keys);
                    kept.renew = Some(now + Duration::from_secs(10));
                    *keys = Arc::new(kept);
                    Ok(Some(keys.clone()))
                }
                _ => Err(Attempt::Fatal(error)),
            },
        }
    }

    fn issue(&self, what: &str) -> Result<Keys, Error> {
        let failed = |reason: String| Error::Credentials { what: what.to_owned(), reason };
        repeat(self.retry, || {
            self.source.issue().map_err(|trouble| match trouble {
                Trouble::Fatal(reason) => Attempt::Fatal(failed(reason)),
                Trouble::Again(attempt) => attempt,
            })
        })
        .map_err(|error| match error {
            Error::Unavailable { .. } => {
                failed(format!("{} gave none: {error}", self.source.name()))
            }
            error => error,
        })
    }

    /// Lets the next request take newer keys than those just refused. False when there are no
    /// newer ones.
    pub(crate) fn renew(&self, refused: &Keys) -> bool {
        if matches!(self.source, Source::Anonymous | Source::Static(_)) {
            return false;
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|keys| keys.id == refused.id) {
            *current = None;
        }
        true
    }

    /// The kind of credentials with the key id or ARN; never a secret.
    pub(crate) fn identity(&self, keys: Option<&Keys>) -> String {
        let name = self.source.name();
        match keys {
            None => name,
            Some(Keys { arn: Some(arn), id, .. }) if !name.contains(arn.as_str()) => {
                format!("{name} (`{arn}`, key id `{id}`)")
            }
            Some(keys) => format!("{name} (key id `{}`)", keys.id),
        }
    }
}

/// The first source that is configured, in the order of AWS's tools.
fn source(config: &Config) -> Result<Source, Error> {
    let environment = &config.environment;
    let id = environment.get("AWS_ACCESS_KEY_ID");
    let secret = environment.get("AWS_SECRET_ACCESS_KEY");
    match (id, secret) {
        (Some(id), Some(secret)) => {
            let keys = Keys::new(id, secret, environment.get("AWS_SESSION_TOKEN"));
            return Ok(Source::Static(Arc::new(keys)));
        }
        (None, None) => {}
        (Some(_), None) => return Err(half("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
        (None, Some(_)) => return Err(half("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")),
    }
    if let Some(source) = WebIdentity::new(environment, config.timeouts)? {
        return Ok(Source::WebIdentity(source));
    }
    if let Some(source) = Container::new(environment, config.timeouts)? {
        return Ok(Source::Container(source));
    }
    match Instance::new(environment, config.timeouts)? {
        Some(source) => Ok(Source::Instance(source)),
        None => Err(Error::Credentials { what: "S3".into(), reason: nothing(environment) }),
    }
}

fn half(there: &str, missing: &str) -> Error {
    Error::Credentials {
        what: "S3".into(),
        reason: format!("`{there}` is set, `{missing}` is not"),
    }
}

/// The sentence when no source is configured.
fn nothing(environment: &Environment) -> String {
    let profile = environment.get("AWS_PROFILE").map(|name| {
        format!("; profiles are not read: `eval \"$(aws configure export-credentials --profile {name} --format env)\"` turns `{name}` into variables")
    });
    format!(
        "neither `AWS_ACCESS_KEY_ID`, nor a web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`), nor a container's role (`AWS_CONTAINER_CREDENTIALS_FULL_URI`) is set, and the instance has none; a public bucket is read with `--s3-anonymous`{}",
        profile.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Credentials, Issued, Keys, MARGIN};
    use crate::{Config, Environment};

    fn credentials(pairs: &'static [(&str, &str)]) -> Result<Credentials, String> {
        let mut config = Config::new("/nowhere");
        config.environment = Environment::new(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
        });
        Credentials::new(&config).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_configured_source_is_taken() {
        let name = |pairs| credentials(pairs).unwrap().identity(None);
        let keys: &[_] = &[
            ("AWS_ACCESS_KEY_ID", "AKIA1"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"),
        ];
        assert!(name(keys).contains("static"));
        assert!(name(&keys[2..]).contains("arn:aws:iam::1:role/r"));
        let pod: &[_] = &[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/t"),
        ];
        assert!(name(pod).contains("Pod Identity"));
        assert!(name(&[]).contains("IMDSv2"));
    }

    #[test]
    fn half_a_pair_and_none_at_all_say_what_is_missing() {
        let error = credentials(&[("AWS_ACCESS_KEY_ID", "AKIA1")]).unwrap_err();
        assert!(error.contains("`AWS_SECRET_ACCESS_KEY` is not"), "{error}");
        let error = credentials(&[("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_PROFILE", "dev")])
            .unwrap_err();
        assert!(error.contains("--profile dev"), "{error}");
    }

    #[test]
    fn keys_are_renewed_before_they_end() {
        let hour = SystemTime::now() + Duration::from_hours(1);
        let keys = Keys::for_test("a", "b").until(Some(hour));
        assert_eq!(keys.renew, Some(hour - MARGIN));
        let minute = SystemTime::now() + Duration::from_mins(1);
        let keys = Keys::for_test("a", "b").until(Some(minute));
        assert!(keys.renew.unwrap() > minute - Duration::from_secs(16));
        assert!(Issued::read("{}").is_err());
        let issued = r#"{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"2015-08-30T12:36:00Z"}"#;
        assert!(Issued::read(issued).unwrap().expires.unwrap() < SystemTime::now());
    }
}
