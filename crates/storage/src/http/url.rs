use std::fmt;

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The parts of an `http` or `https` URL. Its credentials are separate, so that the rest can
/// be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: &'static str,
    /// Host with its port when one is written.
    authority: String,
    /// Percent-encoded, with its leading slash.
    path: String,
    /// Percent-encoded, without `?`; can be empty.
    query: String,
    /// `USER:PASSWORD` as written.
    userinfo: Option<String>,
}

impl Url {
    /// Reads an absolute URL.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") => "http",
            _ => return Err("write it with `https://`".into()),
        };
        let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        let (userinfo, authority) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        if uri.host().is_none_or(str::is_empty) {
            return Err("it names no host".into());
        }
        Ok(Self {
            scheme,
            authority: authority.to_ascii_lowercase(),
            path: if uri.path().is_empty() { "/".into() } else { uri.path().into() },
            query: uri.query().unwrap_or_default().into(),
            userinfo,
        })
    }

    /// A URL whose host name is reserved, so that it never exists.
    pub(crate) fn unknown() -> Self {
        Self {
            scheme: "https",
            authority: "invalid".into(),
            path: "/".into(),
            query: String::new(),
            userinfo: None,
        }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// `scheme://host[:port]`.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The host without its port.
    pub(crate) fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Percent-encoded, without `?`; can be empty.
    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    pub(crate) fn userinfo(&self) -> Option<&str> {
        self.userinfo.as_deref()
    }

    /// Whether it is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The same URL with a label put before its host: `name.HOST`.
    pub(crate) fn subdomain(&self, name: &str) -> Self {
        Self { authority: format!("{name}.{}", self.authority), ..self.clone() }
    }

    /// This URL with a percent-encoded path appended to its own.
    pub(crate) fn join(&self, path: &str) -> Self {
        let base = self.path.trim_end_matches('/');
        Self { path: format!("{base}/{}", path.trim_start_matches('/')), ..self.clone() }
    }

    pub(crate) fn with_query(&self, query: impl Into<String>) -> Self {
        Self { query: query.into(), ..self.clone() }
    }

    /// Where a `Location` header points.
    pub(crate) fn redirect(&self, location: &str) -> Result<Self, String> {
        if location.contains("://") {
            return Self::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme));
        }
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = if location.starts_with('/') {
            location.into()
        } else {
            format!("{folder}/{location}")
        };
        let (path, query) = path.split_once('?').map_or((&*path, None), |(p, q)| (p, Some(q)));
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Self::parse(&format!("{}{}{query}", self.origin(), without_dots(path)))
    }

    /// For messages: no credentials, and no query, which can hold a signature.
    pub(crate) fn shown(&self) -> String {
        format!("{}{}", self.origin(), self.path)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)?;
        if self.query.is_empty() { Ok(()) } else { write!(f, "?{}", self.query) }
    }
}

/// A path without `.` and `..` (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = path.trim_start_matches('/').split('/').peekable();
    while let Some(part) = rest.next() {
        let is_last = rest.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    parts.pop();
                }
                if is_last {
                    parts.push("");
                }
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// What is encoded: all but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The same for a path: slashes stay.
pub(crate) fn encode_path(text: &str) -> String {
    const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');
    utf8_percent_encode(text, RESERVED_IN_PATH).to_string()
}

/// A percent-encoded query, sorted by name as signatures want it.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let mut parts: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    parts.sort_unstable();
    parts.join("&")
}

#[cfg(test)]
mod tests {
    use super::{Url, encode, encode_path, query};

    #[test]
    fn a_url_is_taken_apart_and_shown_without_secrets() {
        let url = Url::parse("https://me:secret@Host:8443/a%20b/c?token=x#y").unwrap();
        assert_eq!(url.userinfo(), Some("me:secret"));
        assert_eq!((url.host(), url.authority()), ("host", "host:8443"));
        assert_eq!(url.to_string(), "https://host:8443/a%20b/c?token=x");
        assert_eq!(url.shown(), "https://host:8443/a%20b/c");
        assert_eq!(Url::parse("http://[::1]:80").unwrap().host(), "[::1]");
        assert!(Url::parse("http://[::1]:80").unwrap().is_loopback());
        assert!(!Url::parse("http://127.0.0.1.example.com").unwrap().is_loopback());
        for bad in ["ftp://a/b", "a/b", "https://", "https:///x", "http://a b/"] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_are_absolute_or_relative() {
        let url = Url::parse("https://host/a/b").unwrap();
        for (location, target) in [
            ("https://other/x", "https://other/x"),
            ("//other/x?y", "https://other/x?y"),
            ("/x", "https://host/x"),
            ("x", "https://host/a/x"),
            ("../x?to=../y", "https://host/x?to=../y"),
            ("../../../x", "https://host/x"),
            ("./x/./y/..", "https://host/a/x/"),
            ("/b/../../c//d", "https://host/c//d"),
        ] {
            assert_eq!(url.redirect(location).unwrap().to_string(), target);
        }
        assert!(url.redirect("file://etc/passwd").is_err());
    }

    #[test]
    fn encoding_follows_what_aws_signs() {
        assert_eq!(encode("a/b c+ä~*"), "a%2Fb%20c%2B%C3%A4~%2A");
        assert_eq!(encode_path("a/b c"), "a/b%20c");
        assert_eq!(query(&[("prefix", "a/b"), ("list-type", "2")]), "list-type=2&prefix=a%2Fb");
    }
}
