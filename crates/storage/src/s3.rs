//! S3 and what speaks its protocol: listing, reading, and words for every refusal.

use std::{
    collections::HashMap,
    fmt,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::SystemTime,
};

use http::Method;

use crate::{
    Config, Error, Retry,
    digest::Checks,
    gathered::Bounds,
    http::{Call, Http, Reply, Trust, Url, byte_range, encode_path, is_transient, query},
    remote::{Listing, Object, Remote, Stream, checked, file_name, file_or_folder},
    retry::{Attempt, repeat},
    time,
};

pub(crate) mod credentials;
mod endpoint;
mod failure;
mod list;
pub(crate) mod sign;
pub(crate) mod upload;

use credentials::{Credentials, Keys};
use endpoint::Endpoint;
use failure::{Failure, Kind, Refusal};

/// Clocks further apart than this many seconds make S3 refuse a signature.
const SKEW: i64 = 300;

/// A client for every bucket.
#[derive(Debug)]
pub(crate) struct S3 {
    http: Http,
    endpoint: Endpoint,
    credentials: Credentials,
    retry: Retry,
    bounds: Bounds,
    /// The regions of buckets that are not in the region where they were first looked for.
    regions: Mutex<HashMap<String, String>>,
    /// Seconds that the servers' clock is ahead of ours.
    skew: AtomicI64,
}

/// What is asked of a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    method: &'a Method,
    bucket: &'a str,
    /// Empty for the bucket itself.
    key: &'a str,
    query: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

impl S3 {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let environment = &config.environment;
        let trust = Trust::of(environment, &["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]);
        let trust = trust.with_kserve(environment);
        // a name of KServe's Secrets
        let virtual_host = environment.flag("S3_USER_VIRTUAL_BUCKET").then_some(false);
        let endpoint = Endpoint::new(environment, config.path_style.or(virtual_host))?;
        let credentials = Credentials::new(config)?;
        Ok(Self {
            http: Http::new(config.timeouts, trust),
            endpoint,
            credentials,
            retry: config.retry,
            bounds: Bounds::new(config),
            regions: Mutex::default(),
            skew: AtomicI64::new(0),
        })
    }

    /// The region a bucket is looked for in.
    fn region(&self, bucket: &str) -> String {
        let regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions.get(bucket).cloned().unwrap_or_else(|| self.endpoint.region().to_owned())
    }

    /// One attempt, for which a refusal is an error.
    fn ask(&self, ask: &Ask<'_>) -> Result<Reply, Attempt> {
        self.answer(ask)?.map_err(|refusal| refusal.error.into())
    }

    /// One attempt. It mends what can be mended at once (region, clock, credentials), each once,
    /// and sends the request again.
    fn answer(&self, ask: &Ask<'_>) -> Result<Result<Reply, Refusal>, Attempt> {
        self.answer_to(ask, b"")
    }

    /// The same for a request with a body.
    fn answer_to(&self, ask: &Ask<'_>, body: &[u8]) -> Result<Result<Reply, Refusal>, Attempt> {
        let (mut moved, mut set, mut renewed) = (false, false, false);
        loop {
            let region = self.region(ask.bucket);
            let url = self.endpoint.url(ask.bucket, &region);
            let url = url.join(&encode_path(ask.key)).with_query(ask.query);
            let keys = self.credentials.get(&self.shown(ask, &region))?;
            let reply = self.send(ask, &url, keys.as_deref(), &region, body)?;
            if matches!(reply.status, 200 | 206) {
                return Ok(Ok(reply));
            }
            let (after, date) = (reply.retry_after(), reply.date());
            let failure = Failure::read(reply);
            if let Some(right) = failure.region.as_ref().filter(|right| !moved && **right != region)
            {
                tracing::warn!(
                    bucket = ask.bucket,
                    "bucket `{}` is in region `{right}`, not `{region}`: set `AWS_REGION={right}` to save a request",
                    ask.bucket
                );
                self.settle(ask.bucket, right);
                moved = true;
                continue;
            }
            if failure.code == "RequestTimeTooSkewed" && !set && self.set_clock(date) {
                set = true;
                continue;
            }
            if failure.is_expired()
                && !renewed
                && keys.as_ref().is_some_and(|keys| self.credentials.renew(keys))
            {
                renewed = true;
                continue;
            }
            if is_transient(failure.status) || failure.is_throttled() {
                return Err(Attempt::Again { what: url.shown(), reason: failure.words(), after });
            }
            let identity = self.credentials.identity(keys.as_deref());
            let error = failure.explain(ask, &region, &self.endpoint, &identity);
            return Ok(Err(Refusal { kind: failure.kind(ask), error }));
        }
    }

    fn settle(&self, bucket: &str, region: &str) {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions.insert(bucket.into(), region.into());
    }

    /// Takes the server's clock over. False when it is the one we use already, so that something
    /// else is wrong.
    fn set_clock(&self, date: Option<SystemTime>) -> bool {
        let Some(date) = date else { return false };
        let ahead = time::seconds(date) as i64 - time::seconds(SystemTime::now()) as i64;
        let before = self.skew.swap(ahead, Ordering::Relaxed);
        if (ahead - before).abs() < SKEW {
            return false;
        }
        tracing::warn!(
            seconds = -ahead,
            "this machine's clock differs from the storage's by {} seconds: requests are signed with the storage's time; set the clock",
            ahead.abs()
        );
        true
    }

    fn send(
        &self,
        ask: &Ask<'_>,
        url: &Url,
        keys: Option<&Keys>,
        region: &str,
        body: &[u8],
    ) -> Result<Reply, Attempt> {
        let given: Vec<_> =
            ask.headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let headers = match keys {
            None => given,
            Some(keys) => {
                let now = time::seconds(SystemTime::now());
                let now = now.saturating_add_signed(self.skew.load(Ordering::Relaxed));
                sign::headers(keys, region, ask.method.as_str(), url, &given, body, now)
            }
        };
        let call = Call { method: ask.method.clone(), url, headers, body: None };
        if matches!(call.method, Method::PUT | Method::POST) {
            return self.http.stream(&call, &mut &*body, body.len() as u64);
        }
        self.http.send(&call)
    }

    fn shown(&self, ask: &Ask<'_>, region: &str) -> String {
        failure::place(ask, region, &self.endpoint)
    }

    /// The size and entity tag of one object, or nothing when there is none. Asks for its first
    /// byte, because the refusal of a `HEAD` has no words.
    fn stat(&self, bucket: &str, key: &str) -> Result<Option<(u64, Option<String>)>, Error> {
        let headers = [("range", "bytes=0-0")];
        let ask = Ask { method: &Method::GET, bucket, key, query: "", headers: &headers };
        let answer = repeat(self.retry, || match self.answer(&ask)? {
            Ok(reply) => Ok(Some(reply)),
            Err(Refusal { kind: Kind::NoObject, .. }) => Ok(None),
            // an empty object has no first byte
            Err(Refusal { kind: Kind::NoSuchRange, .. }) => {
                let ask = Ask { headers: &[], ..ask };
                self.ask(&ask).map(Some)
            }
            Err(refusal) => Err(refusal.error.into()),
        })?;
        Ok(answer.map(|reply| {
            let total = reply.range().and_then(|(_, total)| total);
            (total.or(reply.length()).unwrap_or_default(), tag_of(&reply))
        }))
    }
}

/// The entity tag, when it is a strong one.
fn tag_of(reply: &Reply) -> Option<String> {
    reply.header("etag").filter(|tag| !tag.starts_with("W/") && !tag.is_empty()).map(Into::into)
}

/// An object, or the objects below a prefix.
pub(crate) struct Prefix<'a> {
    pub(crate) s3: &'a S3,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
}

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl Prefix<'_> {
    fn file(&self) -> Result<Option<Listing>, Error> {
        if self.key.is_empty() {
            return Ok(None);
        }
        let path = file_name(self, self.key)?;
        let found = self.s3.stat(self.bucket, self.key)?;
        Ok(found.map(|(size, tag)| {
            let object = Object { path, key: self.key.into(), size: Some(size), tag };
            Listing { objects: vec![object], is_file: true, note: None }
        }))
    }

    fn folder(&self) -> Result<Listing, Error> {
        let objects = list::below(self.s3, self.bucket, self.key)?;
        checked(self, objects)
    }

    fn missing(&self) -> Error {
        let what = format!("the object or prefix `{}` of bucket `{}`", self.key, self.bucket);
        Error::Missing {
            what,
            hint: "; list what is there with `aws s3 ls`, and mind that keys are case-sensitive"
                .into(),
        }
    }
}

impl Remote for Prefix<'_> {
    fn list(&self) -> Result<Listing, Error> {
        file_or_folder(self.key, || self.file(), || self.folder(), || self.missing())
    }

    fn open(&self, object: &Object, range: Option<Range<u64>>) -> Result<Stream, Attempt> {
        let range = range.map(byte_range);
        let mut headers = vec![("x-amz-checksum-mode", "ENABLED")];
        headers.extend(object.tag.as_deref().map(|tag| ("if-match", tag)));
        headers.extend(range.as_deref().map(|range| ("range", range)));
        let ask = Ask {
            method: &Method::GET,
            bucket: self.bucket,
            key: &object.key,
            query: "",
            headers: &headers,
        };
        let reply = self.s3.ask(&ask)?;
        let total = if reply.status == 206 {
            reply.range().and_then(|(_, total)| total)
        } else {
            reply.length()
        };
        let whole = reply.length().is_some() && reply.length() == total;
        let checks = if whole { Checks::of(&reply.headers) } else { Checks::default() };
        let url = self.s3.endpoint.url(self.bucket, &self.s3.region(self.bucket));
        let tag = tag_of(&reply);
        Stream::new(reply, &url, tag, checks)
    }

    /// Digests help, but their absence is no failure: whoever may read need not be allowed more.
    fn checks(&self, object: &Object) -> Checks {
        let head = |query: &str| {
            let mut headers = vec![("x-amz-checksum-mode", "ENABLED")];
            headers.extend(object.tag.as_deref().map(|tag| ("if-match", tag)));
            let ask = Ask {
                method: &Method::HEAD,
                bucket: self.bucket,
                key: &object.key,
                query,
                headers: &headers,
            };
            self.s3.ask(&ask).ok()
        };
        let Some(whole) = head("") else { return Checks::default() };
        let checks = Checks::of(&whole.headers);
        let (Some(tag), Some(size)) = (&object.tag, object.size) else { return checks };
        let encrypted =
            whole.header("x-amz-server-side-encryption").is_some_and(|kind| kind != "AES256");
        if !checks.is_empty() || encrypted || !tag.contains('-') {
            return checks;
        }
        match head(&query(&[("partNumber", "1")])).and_then(|reply| reply.length()) {
            Some(part) => checks.with_parts(tag, part, size),
            None => checks,
        }
    }
}
