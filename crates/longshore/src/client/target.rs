//! Where requests go.

use anyhow::{Context, Result, bail};
use hyper::{
    HeaderMap, Uri,
    header::{HeaderName, HeaderValue},
};

/// A server, a path on it, and the headers that every request to it carries.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Name or address, without brackets.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// The `Host` header.
    pub(crate) authority: HeaderValue,
    /// Path and query; `/` when the URL has none.
    pub(crate) path: String,
    /// Further headers.
    pub(crate) headers: HeaderMap,
}

impl Target {
    /// Reads `http://HOST[:PORT][/PATH]`; the scheme may be left out.
    pub(crate) fn parse(url: &str, headers: &HeaderMap) -> Result<Self> {
        let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = whole.parse().with_context(|| format!("`{url}` is not a URL"))?;
        if uri.scheme_str() != Some("http") {
            bail!("`{url}`: plain `http://` is spoken here; ask the server behind the TLS proxy");
        }
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            bail!("`{url}` names no host: write `http://HOST:PORT/PATH`");
        };
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: uri.port_u16().unwrap_or(80),
            authority: HeaderValue::from_str(authority.as_str())?,
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            headers: headers.clone(),
        })
    }

    /// As a reader would write it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority.to_str().unwrap_or(&self.host))
    }
}

/// Reads `NAME: VALUE` lines.
pub(crate) fn headers(lines: &[String]) -> Result<HeaderMap> {
    let read = |line: &String| {
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("`{line}` is not a header: write `NAME: VALUE`"))?;
        let name = HeaderName::try_from(name.trim());
        let value = HeaderValue::try_from(value.trim());
        Ok((
            name.with_context(|| format!("`{line}` has no header name"))?,
            value.with_context(|| format!("`{line}` has a value that no header can have"))?,
        ))
    };
    lines.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Target {
        Target::parse(url, &HeaderMap::new()).unwrap()
    }

    #[test]
    fn a_url_becomes_an_address_and_a_path() {
        let target = parse("http://wine-model.serving:8080/v1/models/wine:predict?a=b");
        assert_eq!((target.host.as_str(), target.port), ("wine-model.serving", 8080));
        assert_eq!(target.path, "/v1/models/wine:predict?a=b");
        assert_eq!(target.authority, "wine-model.serving:8080");
        let target = parse("[::1]:9000");
        assert_eq!((target.host.as_str(), target.port, &*target.path), ("::1", 9000, "/"));
        assert_eq!(parse("http://localhost").port, 80);
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        for url in ["https://localhost", "http://", "/v1/models", "ftp://a/b"] {
            assert!(Target::parse(url, &HeaderMap::new()).is_err(), "{url}");
        }
    }

    #[test]
    fn headers_are_read_from_lines() {
        let read = headers(&["Host: a.example".into(), "X-A:b".into()]).unwrap();
        assert_eq!(read["host"], "a.example");
        assert_eq!(read["x-a"], "b");
        assert!(headers(&["nothing".into()]).is_err());
        assert!(headers(&["a b: c".into()]).is_err());
    }
}
