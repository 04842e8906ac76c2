//! One HTTP request and its answer. This module neither retries nor follows redirects:
//! the caller decides.

use std::{
    io::Read,
    ops::Range,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, Method, Request, Response};
use ureq::{
    Agent, Body, SendBody,
    config::Config as Settings,
    tls::{RootCerts, TlsConfig},
};

use crate::{Error, Timeouts, retry::Attempt};

mod redirect;
mod trust;
mod url;

pub(crate) use trust::Trust;
pub(crate) use url::{Url, encode, encode_path, query};

/// Most bytes of a refusal that are read.
const REFUSAL: u64 = 64 << 10;

/// Connections to servers. Opened when first used.
#[derive(Debug)]
pub(crate) struct Http {
    timeouts: Timeouts,
    trust: Trust,
    /// Whether the proxy of the environment is used.
    proxied: bool,
    agent: OnceLock<Result<Agent, String>>,
}

/// A request to send.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: Vec<(String, String)>,
    /// The body; of a `POST`, mostly.
    pub(crate) body: Option<String>,
}

impl<'a> Call<'a> {
    pub(crate) fn get(url: &'a Url) -> Self {
        Self { method: Method::GET, url, headers: Vec::new(), body: None }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// The bytes of a file as the header `range` names them.
pub(crate) fn byte_range(range: Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end.saturating_sub(1))
}

/// A strong entity tag as a header wants it; listings, and some servers, leave the quotes out.
pub(crate) fn strong_tag(text: &str) -> Option<String> {
    let bare = text.trim_matches('"');
    (!bare.is_empty() && !bare.starts_with("W/")).then(|| format!("\"{bare}\""))
}

/// An answer whose body is still to be read.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Body,
}

impl From<Response<Body>> for Reply {
    fn from(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status.as_u16(), headers: head.headers, body }
    }
}

impl Reply {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// First byte and total of `Content-Range: bytes FIRST-LAST/TOTAL`.
    pub(crate) fn range(&self) -> Option<(u64, Option<u64>)> {
        let text = self.header("content-range")?.strip_prefix("bytes ")?;
        let (range, total) = text.split_once('/')?;
        let first = range.split_once('-')?.0.trim().parse().ok()?;
        Some((first, total.trim().parse().ok()))
    }

    /// The whole body when it is at most `limit` bytes.
    pub(crate) fn text(mut self, url: &Url, limit: u64) -> Result<String, Attempt> {
        let read = self.body.with_config().limit(limit).lossy_utf8(true).read_to_string();
        read.map_err(|error| failed(url, &error))
    }

    /// What a refusal says; empty when even that could not be read.
    pub(crate) fn refusal(mut self) -> String {
        let read = self.body.with_config().limit(REFUSAL).lossy_utf8(true).read_to_string();
        read.unwrap_or_default()
    }

    pub(crate) fn reader(self) -> impl Read + Send {
        self.body.into_reader()
    }

    /// The shortest wait before the next attempt, when the server asks for one.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let text = self.header("retry-after")?;
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let at = httpdate::parse_http_date(text).ok()?;
        at.duration_since(SystemTime::now()).ok()
    }

    /// The time by the server's clock.
    pub(crate) fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.header("date")?).ok()
    }
}

impl Http {
    pub(crate) fn new(timeouts: Timeouts, trust: Trust) -> Self {
        Self { timeouts, trust, proxied: true, agent: OnceLock::new() }
    }

    /// A client that uses no proxy, for addresses of the machine itself: no proxy may see the
    /// credentials that some of them give.
    pub(crate) fn direct(timeouts: Timeouts) -> Self {
        Self { timeouts, trust: Trust::default(), proxied: false, agent: OnceLock::new() }
    }

    /// Sends a request; any status is an answer.
    ///
    /// # Errors
    /// [`Attempt::Again`] when no answer came; [`Attempt::Fatal`] when none can come.
    pub(crate) fn send(&self, call: &Call<'_>) -> Result<Reply, Attempt> {
        let agent =
            self.agent.get_or_init(|| self.connect()).as_ref().map_err(|reason| {
                Error::Refused { what: call.url.shown(), reason: reason.clone() }
            })?;
        if let (&Method::DELETE, Some(body)) = (&call.method, &call.body) {
            // the library sends such a body only when it is told to
            let mut request = agent.delete(call.url.to_string());
            for (name, value) in &call.headers {
                request = request.header(name, value);
            }
            let reply = request.force_send_body().send(body.as_str());
            return Ok(reply.map_err(|error| failed(call.url, &error))?.into());
        }
        let mut request = Request::builder().method(call.method.clone()).uri(call.url.to_string());
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let invalid = |error: http::Error| Error::Refused {
            what: call.url.shown(),
            reason: format!("the request cannot be written: {error}"),
        };
        let reply = match &call.body {
            Some(body) => agent.run(request.body(body.as_str()).map_err(invalid)?),
            None => agent.run(request.body(()).map_err(invalid)?),
        };
        Ok(reply.map_err(|error| failed(call.url, &error))?.into())
    }

    /// Sends a request whose body is `length` bytes of a reader; any status is an answer. `call` has no body.
    ///
    /// # Errors
    /// As [`Http::send`].
    pub(crate) fn stream(
        &self,
        call: &Call<'_>,
        reader: &mut dyn Read,
        length: u64,
    ) -> Result<Reply, Attempt> {
        let refused =
            |reason: String| Attempt::Fatal(Error::Refused { what: call.url.shown(), reason });
        let agent = self.agent.get_or_init(|| self.connect()).as_ref();
        let agent = agent.map_err(|reason| refused(reason.clone()))?;
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(call.url.to_string())
            .header("content-length", length);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(SendBody::from_reader(reader))
            .map_err(|error| refused(format!("the request cannot be written: {error}")))?;
        Ok(agent.run(request).map_err(|error| failed(call.url, &error))?.into())
    }

    fn connect(&self) -> Result<Agent, String> {
        let roots = match self.trust.certificates()? {
            Some(certificates) => RootCerts::new_with_certs(&certificates),
            None => RootCerts::WebPki,
        };
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .disable_verification(self.trust.insecure)
            .build();
        let mut settings = Settings::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(self.timeouts.answer))
            .timeout_connect(Some(self.timeouts.connect))
            .timeout_recv_response(Some(self.timeouts.answer))
            .timeout_per_read(Some(self.timeouts.silence))
            .max_idle_connections_per_host(32)
            .tls_config(tls);
        if !self.proxied {
            settings = settings.proxy(None);
        }
        Ok(settings.build().new_agent())
    }
}

/// A connection that failed or broke off.
pub(crate) fn failed(url: &Url, error: &ureq::Error) -> Attempt {
    let fatal = |reason: String| {
        Attempt::Fatal(Error::Unavailable { what: url.shown(), reason, tried: String::new() })
    };
    match error {
        ureq::Error::Rustls(error) => fatal(trust::explain(&error.to_string())),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            fatal(trust::explain(&error.to_string()))
        }
        ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::Tls(_)
        | ureq::Error::Pem(_) => fatal(error.to_string()),
        ureq::Error::BodyExceedsLimit(limit) => Attempt::Fatal(Error::Limit {
            what: format!("the answer of {}", url.shown()),
            limit: format!("{limit} bytes"),
            flag: "",
        }),
        ureq::Error::HostNotFound => again(url, format!("the host `{}` is not known", url.host())),
        // the library puts `io: ` before what the system says
        ureq::Error::Io(error) => again(url, error.to_string()),
        other => again(url, other.to_string()),
    }
}

/// A failure whose cause may be over soon.
pub(crate) fn again(url: &Url, reason: impl Into<String>) -> Attempt {
    Attempt::Again { what: url.shown(), reason: reason.into(), after: None }
}

/// Whether a status says that the same request may succeed later.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}
