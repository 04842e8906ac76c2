//! Which hosts and origins a request may name, on every path: a page of another origin, or one that has
//! made its own name lead here (DNS rebinding), may not use the server by a visitor's browser.

mod pattern;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use hyper::{
    HeaderMap, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
        HOST, HeaderName, HeaderValue, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
    http::request::Parts,
};
use pattern::Pattern;

use crate::{
    Error,
    reply::{self, Reply},
};

/// The methods that a page of another origin may ask for.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS, PATCH");

/// What is checked of the surroundings of a request.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The hosts that may be named; `None` is this machine and private addresses.
    hosts: Option<Vec<Pattern>>,
    /// The origins that may change something, beside those of this machine and the server's own.
    origins: Vec<Pattern>,
    /// Who may show a page of the server in a frame.
    frame: Option<HeaderValue>,
    /// Whether anything is checked.
    is_on: bool,
}

impl Default for Guard {
    /// This machine, and private addresses.
    fn default() -> Self {
        Self {
            hosts: None,
            origins: Vec::new(),
            frame: Some(HeaderValue::from_static("SAMEORIGIN")),
            is_on: true,
        }
    }
}

impl Guard {
    /// The hosts and origins of lists with commas, as MLflow's flags have them: `*` in a name stands for
    /// any letters. Without a list of hosts, they are this machine and private addresses. `frame` is a
    /// value of `X-Frame-Options`, or `NONE`.
    ///
    /// # Errors
    /// When `frame` can be no value of a header.
    pub fn new(hosts: Option<&str>, origins: Option<&str>, frame: &str) -> Result<Self, Error> {
        let frame = match frame.to_ascii_uppercase() {
            none if none.is_empty() || none == "NONE" => None,
            other => Some(HeaderValue::try_from(other).map_err(|_| {
                Error::invalid(format!(
                    "`{frame}` is no value of `X-Frame-Options`; use `SAMEORIGIN`, `DENY` or `NONE`"
                ))
            })?),
        };
        let hosts = hosts.filter(|list| !list.is_empty()).map(list);
        Ok(Self { hosts, origins: origins.map(list).unwrap_or_default(), frame, is_on: true })
    }

    /// No check at all.
    pub fn off() -> Self {
        Self { is_on: false, ..Self::default() }
    }

    /// The refusal of a request, or the answer to a browser that asks whether it may send one. `path` is
    /// what is asked, below the prefix.
    pub(crate) fn check(&self, head: &Parts, path: Option<&str>) -> Option<Response<Reply>> {
        if !self.is_on {
            return None;
        }
        let is_open =
            matches!(path, Some("/health" | "/version" | "/health/live" | "/health/ready"));
        if !is_open && !self.is_host_allowed(host(head).unwrap_or_default()) {
            let words = "Invalid Host header - possible DNS rebinding attack detected";
            return Some(reply::whole(StatusCode::FORBIDDEN, "text/plain", words));
        }
        let origin = head.headers.get(ORIGIN)?;
        let is_allowed = origin.to_str().is_ok_and(|it| self.is_origin_allowed(it, head));
        if head.method == Method::OPTIONS
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        {
            return Some(if is_allowed {
                preflight(&head.headers)
            } else {
                reply::whole(StatusCode::BAD_REQUEST, "text/plain", "Disallowed CORS origin")
            });
        }
        let is_safe = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
        (!is_safe && !is_allowed).then(|| {
            let words = "Cross-origin request blocked";
            reply::whole(StatusCode::FORBIDDEN, "text/plain", words)
        })
    }

    /// Adds what a browser is told with every reply.
    pub(crate) fn mark(&self, head: &Parts, headers: &mut HeaderMap) {
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if !self.is_on {
            return;
        }
        if let Some(frame) = &self.frame {
            headers.insert(X_FRAME_OPTIONS, frame.clone());
        }
        let Some(origin) = head.headers.get(ORIGIN) else { return };
        if !origin.to_str().is_ok_and(|it| self.is_origin_allowed(it, head)) {
            return;
        }
        let any = HeaderValue::from_static("*");
        if self.origins.iter().any(Pattern::is_any) {
            // a browser then sends no credentials
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any.clone());
        } else {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.append(VARY, HeaderValue::from_name(HeaderName::from_static("origin")));
        }
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, any);
    }

    fn is_host_allowed(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        match &self.hosts {
            None => is_near(name_of(&host)),
            Some(patterns) => !host.is_empty() && patterns.iter().any(|it| it.matches(&host)),
        }
    }

    fn is_origin_allowed(&self, origin: &str, head: &Parts) -> bool {
        let origin = origin.to_ascii_lowercase();
        if self.origins.iter().any(|it| it.matches(&origin)) {
            return true;
        }
        let Some((_, at)) = origin.split_once("://") else { return false };
        // the host of the request has been checked
        is_this_machine(name_of(at)) || host(head).is_some_and(|it| it.eq_ignore_ascii_case(at))
    }
}

fn list(text: &str) -> Vec<Pattern> {
    text.split(',').map(|part| Pattern::new(part.trim())).collect()
}

/// The host that a request names, with its port.
fn host(head: &Parts) -> Option<&str> {
    let authority = head.uri.authority().map(hyper::http::uri::Authority::as_str);
    authority.or_else(|| head.headers.get(HOST)?.to_str().ok())
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.split_once(']').map_or("", |(name, _)| name);
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// Whether a name is one that a machine has for itself.
fn is_this_machine(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a name is of this machine or an address of a private network. A name that only begins like such
/// an address, as `10.example.com` does, is none.
fn is_near(name: &str) -> bool {
    is_this_machine(name)
        || match name.parse() {
            Ok(IpAddr::V4(address)) => address.is_private() || address.is_unspecified(),
            Ok(IpAddr::V6(address)) => address.is_unique_local(),
            Err(_) => false,
        }
}

/// The answer to a browser that asks whether a page may send a request.
fn preflight(headers: &HeaderMap) -> Response<Reply> {
    let mut response = reply::whole(StatusCode::NO_CONTENT, "text/plain", "");
    let told = response.headers_mut();
    told.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    told.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(wanted) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        told.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}
