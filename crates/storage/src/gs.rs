//! Google Cloud Storage, by its JSON API.

use std::{fmt, ops::Range};

use serde::Deserialize;

use crate::{
    Config, Error, Retry,
    digest::Checks,
    gathered::Bounds,
    http::{Call, Http, Reply, Trust, Url, byte_range, encode, is_transient, query},
    remote::{Listing, Object, Remote, Stream, checked, file_name, file_or_folder},
    retry::{Attempt, repeat},
};

mod credentials;
mod external_account;
mod list;
mod service_account;

use credentials::Credentials;

/// The variable with the address of an emulator, as Google's own libraries read it.
const EMULATOR: &str = "STORAGE_EMULATOR_HOST";

/// The variable with another address of the API, such as a private endpoint, as Google's own libraries
/// read it.
const ENDPOINT: &str = "API_ENDPOINT_OVERRIDE";

/// Most bytes of the description of one object.
const DESCRIPTION: u64 = 1 << 20;

/// What credentials are for.
const WHAT: &str = "Google Cloud Storage";

/// Credentials that are not right.
fn wrong(reason: String) -> Error {
    Error::Credentials { what: WHAT.into(), reason }
}

/// A client for every bucket.
#[derive(Debug)]
pub(crate) struct Gs {
    http: Http,
    base: Url,
    credentials: Credentials,
    retry: Retry,
    bounds: Bounds,
}

/// What is asked of a bucket.
#[derive(Clone, Copy, Debug)]
struct Ask<'a> {
    url: &'a Url,
    bucket: &'a str,
    /// Empty for a listing.
    name: &'a str,
    range: Option<&'a str>,
}

/// What the API says of an object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    name: String,
    /// A number as text.
    #[serde(default)]
    size: String,
    #[serde(default)]
    generation: String,
    md5_hash: Option<String>,
    crc32c: Option<String>,
    content_encoding: Option<String>,
}

impl Description {
    /// Whether the storage unpacks the object on its way to us, so that neither its size nor its
    /// digests are those of what arrives.
    fn is_packed(&self) -> bool {
        self.content_encoding.as_deref() == Some("gzip")
    }

    /// The object, at `path` below the model's folder.
    fn object(&self, path: String) -> Object {
        let known = !self.is_packed();
        let generation = Some(&self.generation).filter(|generation| !generation.is_empty());
        Object {
            path,
            key: self.name.clone(),
            size: self.size.parse().ok().filter(|_| known),
            tag: generation.cloned().filter(|_| known),
        }
    }

    fn checks(&self) -> Checks {
        if self.is_packed() {
            return Checks::default();
        }
        let sums = [("md5", &self.md5_hash), ("crc32c", &self.crc32c)];
        let sums = sums.iter().filter_map(|(name, sum)| Some((*name, sum.as_deref()?)));
        Checks::of_base64(sums)
    }
}

impl Gs {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let environment = &config.environment;
        let emulator = environment.get(EMULATOR);
        let (variable, base) = match (&emulator, environment.get(ENDPOINT)) {
            // a host alone is what emulators print
            (Some(host), _) if !host.contains("://") => (EMULATOR, format!("http://{host}")),
            (Some(url), _) => (EMULATOR, url.clone()),
            (None, Some(url)) => (ENDPOINT, url),
            (None, None) => ("", "https://storage.googleapis.com".to_owned()),
        };
        let base = Url::parse(&base).map_err(|reason| Error::Location {
            uri: base.clone(),
            reason: format!(
                "`{variable}` is not an address: {reason}, as in `http://localhost:4443`"
            ),
        })?;
        let trust = Trust::of(environment, &["REQUESTS_CA_BUNDLE"]);
        Ok(Self {
            http: Http::new(config.timeouts, trust),
            base,
            credentials: Credentials::new(config, emulator.is_some())?,
            retry: config.retry,
            bounds: Bounds::new(config),
        })
    }

    fn object_url(&self, bucket: &str, name: &str, pairs: &[(&str, &str)]) -> Url {
        let path = format!("storage/v1/b/{}/o/{}", encode(bucket), encode(name));
        self.base.join(&path).with_query(query(pairs))
    }

    /// One attempt. A token that was refused is renewed once.
    fn ask(&self, ask: &Ask<'_>) -> Result<Reply, Attempt> {
        let mut renewed = false;
        loop {
            let token = self.credentials.get()?;
            // otherwise compressed objects would arrive as they are stored
            let mut call = Call::get(ask.url).header("accept-encoding", "identity");
            if let Some(token) = &token {
                call = call.header("authorization", format!("Bearer {token}"));
            }
            if let Some(range) = ask.range {
                call = call.header("range", range);
            }
            let reply = self.http.send(&call)?;
            match (reply.status, &token) {
                (200 | 206, _) => return Ok(reply),
                (401, Some(token)) if !renewed && self.credentials.renew(token) => renewed = true,
                _ => return Err(self.refused(ask, reply)),
            }
        }
    }

    fn refused(&self, ask: &Ask<'_>, reply: Reply) -> Attempt {
        let (status, after) = (reply.status, reply.retry_after());
        let said = said(&reply.refusal());
        if is_transient(status) {
            let what = ask.url.shown();
            return Attempt::Again { what, reason: format!("{status}{said}"), after };
        }
        let what = match ask.name {
            "" => format!("the bucket `{}`", ask.bucket),
            name => format!("`{name}` of the bucket `{}`", ask.bucket),
        };
        let permission =
            if ask.name.is_empty() { "storage.objects.list" } else { "storage.objects.get" };
        let identity = self.credentials.identity();
        Attempt::Fatal(match status {
            401 => Error::Credentials {
                what,
                reason: format!("the storage does not accept {identity}{said}"),
            },
            403 => Error::Denied {
                what,
                identity,
                permission: format!(
                    "it needs `{permission}`, which the role `roles/storage.objectViewer` on the bucket has"
                ),
                said: format!(" ({status}{said})"),
            },
            404 => Error::Missing { what, hint: String::new() },
            412 => Error::Changed { what },
            _ => Error::Refused { what, reason: format!("the storage answers {status}{said}") },
        })
    }

    /// What is known of one object; nothing when there is none.
    fn describe(&self, bucket: &str, name: &str) -> Result<Option<Description>, Error> {
        let fields = "name,size,generation,md5Hash,crc32c,contentEncoding";
        let url = self.object_url(bucket, name, &[("fields", fields)]);
        let ask = Ask { url: &url, bucket, name, range: None };
        let answer = repeat(self.retry, || match self.ask(&ask) {
            Ok(reply) => reply.text(&url, DESCRIPTION).map(Some),
            Err(Attempt::Fatal(Error::Missing { .. })) => Ok(None),
            Err(attempt) => Err(attempt),
        })?;
        let Some(text) = answer else { return Ok(None) };
        let read = serde_json::from_str(&text).map(Some);
        read.map_err(|error| foreign(&url, &error))
    }
}

/// An answer that is no JSON of this API.
fn foreign(url: &Url, error: &serde_json::Error) -> Error {
    let reason =
        format!("the answer is not that of Google Cloud Storage: {error}; is `{EMULATOR}` right?");
    Error::Refused { what: url.shown(), reason }
}

/// The message of a refusal, with its own punctuation; can be empty.
fn said(text: &str) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: Message,
    }
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let message = serde_json::from_str::<Refusal>(text).map(|refusal| refusal.error.message);
    // downloads are refused in plain text
    let message = message.unwrap_or_else(|_| text.to_owned());
    let message: String = message.trim().chars().filter(|c| !c.is_control()).take(300).collect();
    if message.is_empty() || message.starts_with('<') {
        String::new()
    } else {
        format!(": {message}")
    }
}

/// An object, or the objects below a prefix.
pub(crate) struct Prefix<'a> {
    pub(crate) gs: &'a Gs,
    pub(crate) bucket: &'a str,
    pub(crate) name: &'a str,
}

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gs://{}/{}", self.bucket, self.name)
    }
}

impl Prefix<'_> {
    fn file(&self) -> Result<Option<Listing>, Error> {
        if self.name.is_empty() {
            return Ok(None);
        }
        let path = file_name(self, self.name)?;
        let found = self.gs.describe(self.bucket, self.name)?;
        Ok(found.map(|found| Listing {
            objects: vec![found.object(path)],
            is_file: true,
            note: found.is_packed().then(|| found.generation.clone()),
        }))
    }

    fn folder(&self) -> Result<Listing, Error> {
        let (objects, note) = list::below(self.gs, self.bucket, self.name)?;
        Ok(Listing { note, ..checked(self, objects)? })
    }

    fn missing(&self) -> Error {
        let what = format!("the object or prefix `{}` of the bucket `{}`", self.name, self.bucket);
        let hint =
            "; list what is there with `gcloud storage ls`, and mind that names are case-sensitive";
        Error::Missing { what, hint: hint.into() }
    }
}

impl Remote for Prefix<'_> {
    fn list(&self) -> Result<Listing, Error> {
        file_or_folder(self.name, || self.file(), || self.folder(), || self.missing())
    }

    fn open(&self, object: &Object, range: Option<Range<u64>>) -> Result<Stream, Attempt> {
        let range = range.map(byte_range);
        let mut pairs = vec![("alt", "media")];
        // this state of the object, or nothing: parts of two states are never mixed
        pairs.extend(object.tag.as_deref().map(|generation| ("generation", generation)));
        let url = self.gs.object_url(self.bucket, &object.key, &pairs);
        let ask =
            Ask { url: &url, bucket: self.bucket, name: &object.key, range: range.as_deref() };
        let reply = self.gs.ask(&ask).map_err(|attempt| match attempt {
            // it was listed a moment ago
            Attempt::Fatal(Error::Missing { what, .. }) => Attempt::Fatal(Error::Changed { what }),
            attempt => attempt,
        })?;
        let sums =
            reply.headers.get_all("x-goog-hash").iter().filter_map(|value| value.to_str().ok());
        let sums =
            sums.flat_map(|value| value.split(',')).filter_map(|sum| sum.trim().split_once('='));
        let checks =
            if object.size.is_some() { Checks::of_base64(sums) } else { Checks::default() };
        let tag = reply.header("x-goog-generation").map(Into::into);
        Stream::new(reply, &url, tag, checks)
    }

    fn checks(&self, object: &Object) -> Checks {
        match self.gs.describe(self.bucket, &object.key) {
            Ok(Some(found)) if Some(&found.generation) == object.tag.as_ref() => found.checks(),
            _ => Checks::default(),
        }
    }
}
