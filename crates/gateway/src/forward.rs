//! Heads of requests and replies as they are handed on (RFC 9110 §7.6).

use hyper::{
    HeaderMap, Uri, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST, HeaderName, HeaderValue,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
    },
    http::{
        request::Parts,
        uri::{Authority, PathAndQuery, Scheme},
    },
};

use longshore_daemon::server::Connection;
use longshore_platform::names;

use crate::service::Service;

/// Headers that are for one connection. `connection` may name more.
const OF_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TRANSFER_ENCODING,
    UPGRADE,
    TE,
];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const KSERVE_NAME: HeaderName = HeaderName::from_static("kserve-isvc-name");
const KSERVE_NAMESPACE: HeaderName = HeaderName::from_static("kserve-isvc-namespace");

/// What is said of a request to a replica beside what its client said.
pub(crate) struct Said<'r> {
    pub(crate) id: &'r HeaderValue,
    pub(crate) service: &'r Service,
    /// By which connection it came.
    pub(crate) connection: Option<Connection>,
    pub(crate) trust_forwarded: bool,
    /// The host as the client named it.
    pub(crate) host: &'r str,
    /// What takes the place of its client's `traceparent`, when it is traced here.
    pub(crate) traceparent: Option<&'r HeaderValue>,
}

/// The headers of a request as a replica gets them. Lengths are left to the connection, so that no two
/// parties read two lengths.
pub(crate) fn request_headers(head: &Parts, said: &Said<'_>) -> HeaderMap {
    let mut headers = head.headers.clone();
    let takes_trailers = headers.get_all(TE).iter().any(|value| {
        value
            .to_str()
            .is_ok_and(|list| list.split(',').any(|it| it.trim().eq_ignore_ascii_case("trailers")))
    });
    strip(&mut headers);
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    headers.remove(CONTENT_LENGTH);
    // whoever reads the body here gives leave to send it
    headers.remove(EXPECT);
    // gateways alone send these
    let own: Vec<_> =
        headers.keys().filter(|it| it.as_str().starts_with(names::POOL)).cloned().collect();
    for name in own {
        headers.remove(name);
    }
    join_cookies(&mut headers);
    if let Ok(host) = HeaderValue::from_str(said.host) {
        headers.insert(HOST, host);
    }
    forwarded(&mut headers, said);
    headers.insert(longshore_daemon::request_id::NAME.clone(), said.id.clone());
    if let Some(parent) = said.traceparent {
        headers.insert(TRACEPARENT, parent.clone());
    }
    if let Ok(name) = HeaderValue::from_str(&said.service.name) {
        headers.insert(KSERVE_NAME, name);
    }
    if let Ok(namespace) = HeaderValue::from_str(&said.service.namespace) {
        headers.insert(KSERVE_NAMESPACE, namespace);
    }
    headers
}

/// Takes out what is for one connection alone.
fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .filter_map(|name| name.trim().parse().ok())
            // nobody takes the host or the length of a request away
            .filter(|name| *name != HOST && *name != CONTENT_LENGTH)
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &OF_CONNECTION {
        headers.remove(name);
    }
}

/// HTTP/2 splits cookies for its compression, and HTTP/1 has one header (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let all: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// Says who asked, by which host and scheme.
fn forwarded(headers: &mut HeaderMap, said: &Said<'_>) {
    if !said.trust_forwarded {
        headers.remove(FORWARDED);
        for name in [X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST] {
            headers.remove(name);
        }
    }
    if let Some(peer) = said.connection.map(|it| it.peer.ip()) {
        let list = match headers.get(&X_FORWARDED_FOR).and_then(|value| value.to_str().ok()) {
            Some(before) => format!("{before}, {peer}"),
            None => peer.to_string(),
        };
        if let Ok(list) = HeaderValue::from_str(&list) {
            headers.insert(X_FORWARDED_FOR, list);
        }
    }
    let scheme = if said.connection.is_some_and(|it| it.is_secure) { "https" } else { "http" };
    headers.entry(X_FORWARDED_PROTO).or_insert(HeaderValue::from_static(scheme));
    if let Ok(host) = HeaderValue::from_str(said.host) {
        headers.entry(X_FORWARDED_HOST).or_insert(host);
    }
}

/// The target of a request to a replica: the path behind the route's prefix.
pub(crate) fn target(uri: &Uri, prefix: usize) -> Option<PathAndQuery> {
    let whole = uri.path_and_query()?;
    if prefix == 0 {
        return Some(whole.clone());
    }
    let rest = whole.as_str().get(prefix..)?;
    if rest.starts_with('/') { rest.parse().ok() } else { format!("/{rest}").parse().ok() }
}

/// The same for HTTP/2, which names the host in it.
pub(crate) fn full_target(host: &str, path: PathAndQuery) -> Option<Uri> {
    let authority: Authority = host.parse().ok()?;
    let parts = Uri::builder().scheme(Scheme::HTTP).authority(authority);
    parts.path_and_query(path).build().ok()
}

/// The headers of a reply as a client gets them.
pub(crate) fn reply_headers(headers: &mut HeaderMap) {
    // who sends both lengths means the other one (RFC 9112 §6.3)
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    strip(headers);
}

/// The protocol that a client asks for on its connection.
pub(crate) fn upgrade(head: &Parts) -> Option<HeaderValue> {
    let names = |value: &HeaderValue| {
        let mut names = value.to_str().unwrap_or_default().split(',');
        names.any(|name| name.trim().eq_ignore_ascii_case("upgrade"))
    };
    let is_named = head.headers.get_all(CONNECTION).iter().any(names);
    let protocol = head.headers.get(UPGRADE)?;
    // HTTP/2 is spoken with prior knowledge, or not at all
    let is_h2c = protocol.as_bytes().to_ascii_lowercase().starts_with(b"h2");
    (is_named && !is_h2c && head.version == Version::HTTP_11).then(|| protocol.clone())
}

/// Says in a head that the connection switches to `protocol`.
pub(crate) fn put_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

#[cfg(test)]
mod tests;
