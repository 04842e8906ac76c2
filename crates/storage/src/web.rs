//! A file or an archive on a web server.

use std::{fmt, ops::Range};

use crate::{
    Config, Error, Location, Retry,
    digest::Checks,
    http::{Call, Http, Reply, Trust, Url, again, is_transient},
    path,
    remote::{Listing, Object, Remote, Stream},
    retry::{Attempt, repeat},
    s3::range_of,
};

/// The variable with the value of an `Authorization` header.
const AUTHORIZATION: &str = "LONGSHORE_HTTP_AUTHORIZATION";

/// Most redirects that are followed.
const REDIRECTS: usize = 5;

/// A client of web servers.
#[derive(Debug)]
pub(crate) struct Web {
    http: Http,
    authorization: Option<String>,
    retry: Retry,
}

impl Web {
    pub(crate) fn new(config: &Config) -> Self {
        let environment = &config.environment;
        Self {
            http: Http::new(config.timeouts, Trust::of(environment, &["REQUESTS_CA_BUNDLE"])),
            authorization: environment.get(AUTHORIZATION),
            retry: config.retry,
        }
    }
}

/// What is at one URL.
pub(crate) struct Page<'a> {
    pub(crate) web: &'a Web,
    pub(crate) url: Url,
}

impl<'a> Page<'a> {
    pub(crate) fn new(web: &'a Web, location: &Location, text: &str) -> Result<Self, Error> {
        let bad = |reason: String| Error::Location { uri: location.to_string(), reason };
        let url = Url::parse(text).map_err(bad)?;
        if web.authorization.is_some() && !url.is_https() && !url.is_loopback() {
            return Err(bad(format!(
                "`{AUTHORIZATION}` is set and would travel in the clear; use `https://`"
            )));
        }
        Ok(Self { web, url })
    }

    /// One attempt, redirects followed. Credentials stay with the host that they are for.
    fn get(&self, headers: &[(&str, &str)]) -> Result<Reply, Attempt> {
        let mut url = self.url.clone();
        for _ in 0..=REDIRECTS {
            let mut call = Call::get(&url).header("accept-encoding", "identity");
            for (name, value) in headers {
                call = call.header(name, *value);
            }
            if let Some(authorization) = &self.web.authorization
                && url.origin() == self.url.origin()
            {
                call = call.header("authorization", authorization);
            }
            let reply = self.web.http.send(&call)?;
            let next = match reply.status {
                301 | 302 | 303 | 307 | 308 => reply.header("location").map(|to| url.redirect(to)),
                _ => return self.judge(reply, &url),
            };
            let refused = |reason: String| Error::Refused { what: url.shown(), reason };
            let next = next.ok_or_else(|| refused("it sends us on without saying where".into()))?;
            let next =
                next.map_err(|reason| refused(format!("it sends us on to no URL: {reason}")))?;
            if url.is_https() && !next.is_https() {
                return Err(refused(format!(
                    "it sends us on to `{}`, which is not encrypted",
                    next.shown()
                ))
                .into());
            }
            url = next;
        }
        let reason = format!("it redirects more than {REDIRECTS} times");
        Err(Error::Refused { what: self.url.shown(), reason }.into())
    }

    fn judge(&self, reply: Reply, url: &Url) -> Result<Reply, Attempt> {
        let status = reply.status;
        if matches!(status, 200 | 206) {
            return Ok(reply);
        }
        if is_transient(status) {
            let after = reply.retry_after();
            return Err(Attempt::Again { what: url.shown(), reason: format!("{status}"), after });
        }
        let what = url.shown();
        Err(Attempt::Fatal(match status {
            404 | 410 => Error::Missing { what, hint: format!(" ({status})") },
            401 | 403 => Error::Denied {
                what,
                identity: match self.web.authorization {
                    Some(_) => format!("the bearer of `{AUTHORIZATION}`"),
                    None => "nobody".into(),
                },
                permission: format!(
                    "set `{AUTHORIZATION}` to the value of an `Authorization` header that may read it, such as `Bearer …`"
                ),
                said: format!(" ({status})"),
            },
            412 => Error::Changed { what },
            _ => Error::Refused { what, reason: format!("it answers {status}") },
        }))
    }

    /// The last part of the path, or a plain name.
    fn name(&self) -> String {
        let last = self.url.path().rsplit('/').next().unwrap_or_default();
        path::relative(last).unwrap_or_else(|_| "model".into())
    }
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url.shown())
    }
}

/// The entity tag when it is a strong one.
fn tag_of(reply: &Reply) -> Option<String> {
    reply.header("etag").filter(|tag| tag.starts_with('"')).map(Into::into)
}

/// A text that tells the present state from others, for a page without a strong tag.
fn weak(reply: &Reply) -> Option<String> {
    let tag = reply.header("etag").or_else(|| reply.header("last-modified"))?;
    Some(format!("{tag} {:?}", reply.length()))
}

impl Remote for Page<'_> {
    fn list(&self) -> Result<Listing, Error> {
        // the body of this answer is not read: the connection is dropped
        let reply = repeat(self.web.retry, || self.get(&[]))?;
        if reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(Error::Refused {
                what: self.url.shown(),
                reason: "it is a web page, not a model; is it a link to a page about the file, or to a sign-in?".into(),
            });
        }
        let ranges = reply.header("accept-ranges").is_some_and(|unit| unit == "bytes");
        let tag = tag_of(&reply).filter(|_| ranges);
        let object = Object { path: self.name(), key: self.name(), size: reply.length(), tag };
        Ok(Listing { objects: vec![object], is_file: true, note: weak(&reply) })
    }

    fn open(&self, object: &Object, range: Option<Range<u64>>) -> Result<Stream, Attempt> {
        let range = range.filter(|_| object.tag.is_some());
        let range = range.map(|r| format!("bytes={}-{}", r.start, r.end.saturating_sub(1)));
        let mut headers = Vec::new();
        headers.extend(object.tag.as_deref().map(|tag| ("if-match", tag)));
        headers.extend(range.as_deref().map(|range| ("range", range)));
        let reply = self.get(&headers)?;
        let (first, total) = match (reply.status, range_of(&reply)) {
            (206, Some(found)) => found,
            (206, None) => return Err(again(&self.url, "it sent a part without saying which")),
            _ => (0, reply.length()),
        };
        Ok(Stream {
            first,
            length: reply.length(),
            total,
            tag: tag_of(&reply),
            checks: Checks::default(),
            reader: Box::new(reply.reader()),
        })
    }

    fn checks(&self, _: &Object) -> Checks {
        Checks::default()
    }
}
