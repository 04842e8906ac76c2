//! Azure Blob Storage, by its REST API.
//!
//! Protocol: <https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api>.

use std::{fmt, ops::Range};

use http::Method;

use crate::{
    Config, Error, Retry,
    digest::Checks,
    gathered::Bounds,
    http::{Call, Http, Reply, Trust, Url, byte_range, encode_path, query, strong_tag},
    remote::{Listing, Object, Remote, Stream, checked, file_name, file_or_folder},
    retry::{Attempt, repeat},
};

mod credentials;
mod list;
mod place;
mod refusal;
mod sign;

use credentials::Credentials;
pub use place::Place;

/// The variable with another address of the Blob service, such as an emulator's, a name of KServe's
/// Secrets.
const SERVICE: &str = "AZURE_SERVICE_URL";

/// A client for every account.
#[derive(Debug)]
pub(crate) struct Azure {
    http: Http,
    service: Option<Url>,
    credentials: Credentials,
    retry: Retry,
    bounds: Bounds,
}

impl Azure {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let environment = &config.environment;
        let service = environment.get(SERVICE).map(|text| {
            Url::parse(&text).map_err(|reason| Error::Location {
                uri: text,
                reason: format!(
                    "`{SERVICE}` is not an address: {reason}, as in `http://localhost:10000/devstoreaccount1`"
                ),
            })
        });
        let trust = Trust::of(environment, &["REQUESTS_CA_BUNDLE"]);
        Ok(Self {
            http: Http::new(config.timeouts, trust),
            service: service.transpose()?,
            credentials: Credentials::new(config)?,
            retry: config.retry,
            bounds: Bounds::new(config),
        })
    }
}

/// What is asked of a container.
#[derive(Clone, Copy, Debug)]
struct Ask<'a> {
    method: &'a Method,
    /// The blob; empty for the container itself.
    name: &'a str,
    pairs: &'a [(&'a str, &'a str)],
    headers: &'a [(&'a str, &'a str)],
}

/// A blob, or the blobs below a prefix.
pub(crate) struct Prefix<'a> {
    azure: &'a Azure,
    place: &'a Place,
    /// The Blob service of the account.
    service: Url,
}

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service.shown(), self.place)
    }
}

impl<'a> Prefix<'a> {
    pub(crate) fn new(azure: &'a Azure, place: &'a Place) -> Result<Self, Error> {
        let service = match &azure.service {
            Some(service) => service.clone(),
            None => Url::parse(&format!("https://{}", place.host))
                .map_err(|reason| Error::Location { uri: place.to_string(), reason })?,
        };
        Ok(Self { azure, place, service })
    }

    /// Who asks, in words; never a secret.
    fn identity(&self) -> String {
        if self.place.signature.is_empty() {
            self.azure.credentials.identity()
        } else {
            "the shared access signature of the location".into()
        }
    }

    fn url(&self, ask: &Ask<'_>) -> Url {
        let path = encode_path(ask.name);
        let path = format!("{}/{path}", self.place.container);
        let ours = query(ask.pairs);
        let signature = match &*self.place.signature {
            "" => self.azure.credentials.signature().unwrap_or_default(),
            given => given,
        };
        let parts: Vec<_> =
            [&*ours, signature].into_iter().filter(|part| !part.is_empty()).collect();
        self.service.join(path.trim_end_matches('/')).with_query(parts.join("&"))
    }

    /// One attempt. A token that was refused is renewed once.
    fn ask(&self, ask: &Ask<'_>) -> Result<Reply, Attempt> {
        let url = self.url(ask);
        let mut renewed = false;
        loop {
            let mut headers = sign::dated();
            headers
                .extend(ask.headers.iter().map(|(name, value)| ((*name).into(), (*value).into())));
            let token = if self.place.signature.is_empty() {
                let account = self.place.account();
                self.azure.credentials.sign(ask.method, &url, account, &mut headers)?
            } else if url.is_https() || url.is_loopback() {
                None
            } else {
                return Err(credentials::in_the_clear(&url).into());
            };
            let call = Call { method: ask.method.clone(), url: &url, headers, body: None };
            let reply = self.azure.http.send(&call)?;
            match (reply.status, token) {
                (200 | 206, _) => return Ok(reply),
                (401, Some(token)) if !renewed && self.azure.credentials.renew(&token) => {
                    renewed = true;
                }
                _ => return Err(self.refused(ask, &url, reply)),
            }
        }
    }

    /// What is known of one blob; nothing when there is none.
    fn describe(&self, name: &str) -> Result<Option<Reply>, Error> {
        let ask = Ask { method: &Method::HEAD, name, pairs: &[], headers: &[] };
        repeat(self.azure.retry, || match self.ask(&ask) {
            Ok(reply) => Ok(Some(reply)),
            Err(Attempt::Fatal(Error::Missing { .. })) => Ok(None),
            Err(attempt) => Err(attempt),
        })
    }

    fn file(&self) -> Result<Option<Listing>, Error> {
        let key = &self.place.name;
        if key.is_empty() {
            return Ok(None);
        }
        let path = file_name(self.place, key)?;
        // a storage with folders has a blob for each
        let found = self.describe(key)?.filter(|reply| {
            reply.header("x-ms-meta-hdi_isfolder").is_none_or(|value| value != "true")
        });
        Ok(found.map(|reply| {
            let (size, tag) = (reply.length(), reply.header("etag").and_then(strong_tag));
            let object = Object { path, key: key.clone(), size, tag };
            Listing { objects: vec![object], is_file: true, note: None }
        }))
    }

    fn missing(&self) -> Error {
        let Place { name, container, .. } = self.place;
        let what = format!("the blob or prefix `{name}` of the container `{container}`");
        let hint = "; list what is there with `az storage blob list`, and mind that names are case-sensitive";
        Error::Missing { what, hint: hint.into() }
    }
}

fn checks_of(reply: &Reply) -> Checks {
    let whole = reply.header("x-ms-blob-content-md5").or_else(|| reply.header("content-md5"));
    Checks::of_base64(whole.map(|sum| ("md5", sum)).into_iter())
}

impl Remote for Prefix<'_> {
    fn list(&self) -> Result<Listing, Error> {
        let folder = || checked(self, list::below(self)?);
        file_or_folder(&self.place.name, || self.file(), folder, || self.missing())
    }

    fn open(&self, object: &Object, range: Option<Range<u64>>) -> Result<Stream, Attempt> {
        let range = range.map(byte_range);
        let mut headers = Vec::new();
        headers.extend(object.tag.as_deref().map(|tag| ("if-match", tag)));
        headers.extend(range.as_deref().map(|range| ("range", range)));
        let ask = Ask { method: &Method::GET, name: &object.key, pairs: &[], headers: &headers };
        let reply = self.ask(&ask).map_err(|attempt| match attempt {
            // it was listed a moment ago
            Attempt::Fatal(Error::Missing { what, .. }) => Attempt::Fatal(Error::Changed { what }),
            attempt => attempt,
        })?;
        let checks = if reply.status == 200 { checks_of(&reply) } else { Checks::default() };
        let tag = reply.header("etag").and_then(strong_tag);
        Stream::new(reply, &self.url(&ask), tag, checks)
    }

    fn checks(&self, object: &Object) -> Checks {
        match self.describe(&object.key) {
            Ok(Some(found)) if found.header("etag").and_then(strong_tag) == object.tag => {
                checks_of(&found)
            }
            _ => Checks::default(),
        }
    }
}
