//! Where requests go.

use anyhow::{Context, Result, bail};
use hyper::{HeaderMap, Uri, header::HeaderValue};

use super::{access::Access, tls::Tls};

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
    /// How to speak TLS, for `https://`.
    pub(crate) tls: Option<Tls>,
    /// Further headers.
    pub(crate) headers: HeaderMap,
}

impl Target {
    /// Reads `http[s]://HOST[:PORT][/PATH]`; without a scheme it is plain HTTP.
    pub(crate) fn parse(url: &str, access: &Access) -> Result<Self> {
        let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = whole.parse().with_context(|| format!("`{url}` is not a URL"))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => bail!("`{url}` is neither `http://` nor `https://`"),
        };
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            bail!("`{url}` names no host: write `http://HOST:PORT/PATH`");
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = secure.then(|| Tls::new(&host, &access.trust).with_context(|| url.to_owned()));
        Ok(Self {
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            tls: tls.transpose()?,
            host,
            authority: HeaderValue::from_str(authority.as_str())?,
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            headers: access.headers.clone(),
        })
    }

    /// The URL of a path on this server, as a reader would write it.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.authority.to_str().unwrap_or(&self.host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Target {
        Target::parse(url, &Access::default()).unwrap()
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
        assert!(parse("http://localhost").tls.is_none());
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        for url in ["http://", "/v1/models", "ftp://a/b"] {
            assert!(Target::parse(url, &Access::default()).is_err(), "{url}");
        }
    }
}
