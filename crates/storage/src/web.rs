//! A file or an archive on a web server.

use std::{fmt, ops::Range};

use crate::{
    Config, Environment, Error, Location, Retry,
    digest::Checks,
    http::{Http, Reply, Trust, Url, byte_range, is_transient},
    remote::{Listing, Object, Remote, Stream},
    retry::{Attempt, repeat},
};

mod headers;
mod name;

/// The variable with the value of an `Authorization` header.
const AUTHORIZATION: &str = "LONGSHORE_HTTP_AUTHORIZATION";

/// A client of web servers.
#[derive(Debug)]
pub(crate) struct Web {
    http: Http,
    authorization: Option<String>,
    environment: Environment,
    retry: Retry,
}

impl Web {
    pub(crate) fn new(config: &Config) -> Self {
        let environment = &config.environment;
        Self {
            http: Http::new(config.timeouts, Trust::of(environment, &["REQUESTS_CA_BUNDLE"])),
            authorization: environment.get(AUTHORIZATION),
            environment: environment.clone(),
            retry: config.retry,
        }
    }
}

/// What is at one URL.
pub(crate) struct Page<'a> {
    pub(crate) web: &'a Web,
    pub(crate) url: Url,
    /// Those that the environment has for the host.
    headers: Vec<(String, String)>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(web: &'a Web, location: &Location, text: &str) -> Result<Self, Error> {
        let bad = |reason: String| Error::Location { uri: location.to_string(), reason };
        let url = Url::parse(text).map_err(bad)?;
        let headers = headers::of(&web.environment, &url)?;
        let variable = match &web.authorization {
            Some(_) => AUTHORIZATION,
            None => headers::HEADERS,
        };
        let has_secrets = web.authorization.is_some() || !headers.is_empty();
        if has_secrets && !url.is_https() && !url.is_loopback() {
            return Err(bad(format!(
                "`{variable}` is set and would travel in the clear; use `https://`"
            )));
        }
        Ok(Self { web, url, headers })
    }

    /// One attempt, redirects followed. Credentials stay with the host that they are for.
    fn get(&self, headers: &[(&str, &str)]) -> Result<Reply, Attempt> {
        let (reply, url) = self.web.http.follow(&self.url, |url| {
            let mut all = vec![("accept-encoding".to_owned(), "identity".to_owned())];
            all.extend(headers.iter().map(|(name, value)| ((*name).into(), (*value).into())));
            if url.origin() == self.url.origin() {
                let authorization = self.web.authorization.iter();
                all.extend(authorization.map(|value| ("authorization".into(), value.clone())));
                all.extend(self.headers.iter().cloned());
            }
            all
        })?;
        self.judge(reply, &url)
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
                    None if !self.headers.is_empty() => {
                        format!("the bearer of `{}`", headers::HEADERS)
                    }
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
        let name = name::of(self.url.path(), &reply);
        let object = Object { path: name.clone(), key: name, size: reply.length(), tag };
        Ok(Listing { objects: vec![object], is_file: true, note: weak(&reply) })
    }

    fn open(&self, object: &Object, range: Option<Range<u64>>) -> Result<Stream, Attempt> {
        let range = range.filter(|_| object.tag.is_some());
        let range = range.map(byte_range);
        let mut headers = Vec::new();
        headers.extend(object.tag.as_deref().map(|tag| ("if-match", tag)));
        headers.extend(range.as_deref().map(|range| ("range", range)));
        let reply = self.get(&headers)?;
        let tag = tag_of(&reply);
        Stream::new(reply, &self.url, tag, Checks::default())
    }

    fn checks(&self, _: &Object) -> Checks {
        Checks::default()
    }
}
