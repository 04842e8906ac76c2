//! Who we are to Azure: the names of KServe's Secrets and of Azure's own tools, in KServe's order.

use std::{fmt, fs, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use ring::hmac;

use super::sign;
use crate::{
    Config, Environment, Error, Retry, Timeouts,
    http::{Call, Http, Trust, Url, encode, query},
    retry::{Attempt, repeat},
    token::{Kept, Token, issued},
};

/// What is read with them.
const WHAT: &str = "Azure Blob Storage";

/// What a token is for.
const RESOURCE: &str = "https://storage.azure.com/";

/// How long the machine's own service of identities may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
enum Source {
    Nobody,
    /// An account's key.
    Key,
    /// A shared access signature.
    Signature,
    /// A token that somebody else renews.
    Token,
    /// A service principal with a secret.
    Secret,
    /// A service principal to whom the pod's ServiceAccount belongs (workload identity).
    Federated,
    /// The identity of the machine.
    Managed,
}

/// The credentials of one process, renewed before they end.
pub(super) struct Credentials {
    source: Source,
    environment: Environment,
    key: Option<hmac::Key>,
    signature: Option<String>,
    http: Http,
    /// Where tokens are had.
    url: Url,
    retry: Retry,
    kept: Kept,
}

/// Keys stay out of logs.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("identity", &self.identity()).finish_non_exhaustive()
    }
}

fn wrong(reason: String) -> Error {
    Error::Credentials { what: WHAT.into(), reason }
}

/// A secret that would be seen on its way.
pub(super) fn in_the_clear(url: &Url) -> Error {
    wrong(format!("they would travel in the clear to {}; use `https://`", url.shown()))
}

impl Credentials {
    /// Finds the source. Nothing is asked of it yet.
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        let environment = config.environment.clone();
        let has = |name: &str| environment.get(name).is_some();
        let source = match (has("AZURE_CLIENT_ID"), has("AZURE_TENANT_ID")) {
            (true, true) if has("AZURE_CLIENT_SECRET") => Source::Secret,
            (true, true) if has("AZURE_FEDERATED_TOKEN_FILE") => Source::Federated,
            _ if has("AZURE_ACCESS_TOKEN") => Source::Token,
            _ if has("AZURE_STORAGE_ACCESS_KEY") => Source::Key,
            _ if has("AZURE_STORAGE_SAS_TOKEN") => Source::Signature,
            (true, _) => Source::Managed,
            (false, _) => Source::Nobody,
        };
        let key = match source {
            Source::Key => {
                let text = environment.get("AZURE_STORAGE_ACCESS_KEY").unwrap_or_default();
                let bytes = BASE64_STANDARD.decode(text).map_err(|_| {
                    wrong(
                        "`AZURE_STORAGE_ACCESS_KEY` is not the key of an account, which is base64"
                            .into(),
                    )
                })?;
                Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
            }
            _ => None,
        };
        let signature = match source {
            Source::Signature => environment.get("AZURE_STORAGE_SAS_TOKEN"),
            _ => None,
        };
        let signature = signature.map(|text| text.trim_start_matches('?').to_owned());
        let (url, http) = if matches!(source, Source::Managed) {
            let host = environment.get("AZURE_POD_IDENTITY_AUTHORITY_HOST");
            let host = host.unwrap_or_else(|| "http://169.254.169.254".into());
            // elsewhere than at Azure nobody answers
            let connect = config.timeouts.connect.min(PATIENCE);
            let timeouts = Timeouts { connect, ..config.timeouts };
            let url = format!("{}/metadata/identity/oauth2/token", host.trim_end_matches('/'));
            (url, Http::direct(timeouts))
        } else {
            let host = environment.get("AZURE_AUTHORITY_HOST");
            let host = host.unwrap_or_else(|| "https://login.microsoftonline.com".into());
            let tenant = encode(&environment.get("AZURE_TENANT_ID").unwrap_or_default());
            let trust = Trust::of(&environment, &["REQUESTS_CA_BUNDLE"]);
            let url = format!("{}/{tenant}/oauth2/v2.0/token", host.trim_end_matches('/'));
            (url, Http::new(config.timeouts, trust))
        };
        let url = Url::parse(&url)
            .map_err(|reason| wrong(format!("`{url}` gives no tokens: {reason}")))?;
        let (retry, kept) = (config.retry, Kept::default());
        Ok(Self { source, environment, key, signature, http, url, retry, kept })
    }

    /// Whether there are none.
    pub(super) fn is_nobody(&self) -> bool {
        matches!(self.source, Source::Nobody)
    }

    /// A shared access signature, which goes into the query.
    pub(super) fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }

    /// Adds what says who asks to a request's headers. Gives the token that was taken, if any.
    ///
    /// # Errors
    /// [`Error::Credentials`].
    pub(super) fn sign(
        &self,
        method: &Method,
        url: &Url,
        account: &str,
        headers: &mut Vec<(String, String)>,
    ) -> Result<Option<Arc<str>>, Error> {
        if let Some(key) = &self.key {
            let account =
                self.environment.get("AZURE_ACCOUNT_NAME").unwrap_or_else(|| account.into());
            let value = sign::authorization(key, &account, method, url, headers);
            headers.push(("authorization".into(), value));
            return Ok(None);
        }
        if self.is_nobody() {
            return Ok(None);
        }
        if !url.is_https() && !url.is_loopback() {
            return Err(in_the_clear(url));
        }
        if self.signature.is_some() {
            return Ok(None);
        }
        let token = match self.source {
            Source::Token => self.environment.get("AZURE_ACCESS_TOKEN").unwrap_or_default().into(),
            _ => self.kept.get(|| {
                repeat(self.retry, || self.issue()).map_err(|error| match error {
                    Error::Unavailable { .. } => {
                        wrong(format!("{} has no token: {error}", self.identity()))
                    }
                    error => error,
                })
            })?,
        };
        headers.push(("authorization".into(), format!("Bearer {token}")));
        Ok(Some(token))
    }

    /// Lets the next request take a newer token than the one just refused. False when there is none.
    pub(super) fn renew(&self, refused: &str) -> bool {
        self.kept.forget(refused)
    }

    /// Who asks, in words; never a secret.
    pub(super) fn identity(&self) -> String {
        let id = || self.environment.get("AZURE_CLIENT_ID").unwrap_or_default();
        match self.source {
            Source::Nobody => "nobody (no credentials are set)".into(),
            Source::Key => "the account's key (`AZURE_STORAGE_ACCESS_KEY`)".into(),
            Source::Signature => "the shared access signature `AZURE_STORAGE_SAS_TOKEN`".into(),
            Source::Token => "the bearer of `AZURE_ACCESS_TOKEN`".into(),
            Source::Secret => format!("the service principal `{}`", id()),
            Source::Federated => format!("the workload identity `{}`", id()),
            Source::Managed => format!("the managed identity `{}`", id()),
        }
    }

    /// Asks for a token (RFC 6749 §4.4; of a pod or a machine as Azure describes it).
    fn issue(&self) -> Result<Token, Attempt> {
        let get = |name: &str| self.environment.get(name).unwrap_or_default();
        let id = get("AZURE_CLIENT_ID");
        let scope = format!("{RESOURCE}.default");
        let mut form =
            vec![("grant_type", "client_credentials"), ("client_id", &*id), ("scope", &*scope)];
        let (secret, assertion);
        match self.source {
            Source::Managed => {
                let asked =
                    [("api-version", "2018-02-01"), ("resource", RESOURCE), ("client_id", &*id)];
                let url = self.url.with_query(query(&asked));
                let reply = self.http.send(&Call::get(&url).header("metadata", "true"))?;
                return issued(reply, &self.url, WHAT, &self.identity());
            }
            Source::Federated => {
                let file = get("AZURE_FEDERATED_TOKEN_FILE");
                assertion = fs::read_to_string(&file).map_err(|error| {
                    wrong(format!("`AZURE_FEDERATED_TOKEN_FILE`: `{file}` cannot be read: {error}"))
                })?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                form.extend([
                    ("client_assertion_type", kind),
                    ("client_assertion", assertion.trim()),
                ]);
            }
            _ => {
                secret = get("AZURE_CLIENT_SECRET");
                form.push(("client_secret", &secret));
            }
        }
        if !self.url.is_https() && !self.url.is_loopback() {
            return Err(in_the_clear(&self.url).into());
        }
        let kind = "application/x-www-form-urlencoded".to_owned();
        let call = Call {
            method: Method::POST,
            url: &self.url,
            headers: vec![("content-type".into(), kind)],
            body: Some(query(&form)),
        };
        issued(self.http.send(&call)?, &self.url, WHAT, &self.identity())
    }
}
