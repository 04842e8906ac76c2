use serde::{Deserialize, Serialize};

/// The web pages that may ask, by their origins (the protocol of <https://fetch.spec.whatwg.org/#http-cors-protocol>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cors {
    /// The origins.
    pub origins: Vec<Origin>,
}

/// Origins of web pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// All of them.
    Any,
    /// This one.
    Exact(String),
    /// Those of all hosts below one: `https://*.example.com`.
    Below {
        /// The scheme with `://`.
        scheme: String,
        /// The end of the host with its dot, and the port when there is one: `.example.com:8443`.
        end: String,
    },
}

impl Cors {
    /// Origins with commas between them.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let origins = text.split(',').map(|origin| Origin::parse(origin.trim()));
        Ok(Self { origins: origins.collect::<Result<_, _>>()? })
    }

    /// True when a page of this origin may ask.
    pub fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed.covers(origin))
    }
}

impl Origin {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let wrong = || {
            format!(
                "`{text}` is no origin; write `https://HOST`, with the port when there is one, `https://*.DOMAIN` or `*`"
            )
        };
        let (scheme, host) = text.split_once("://").ok_or_else(wrong)?;
        let (below, host) = match host.strip_prefix("*.") {
            Some(domain) => (true, domain),
            None => (false, host),
        };
        if !matches!(scheme, "http" | "https") || !is_host(host) {
            return Err(wrong());
        }
        let (scheme, host) = (format!("{scheme}://"), host.to_ascii_lowercase());
        Ok(if below {
            Self::Below { scheme, end: format!(".{host}") }
        } else {
            Self::Exact(scheme + &host)
        })
    }

    /// Browsers send origins in lower case.
    fn covers(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact == origin,
            Self::Below { scheme, end } => {
                let host = origin.strip_prefix(scheme.as_str());
                host.and_then(|host| host.strip_suffix(end.as_str()))
                    .is_some_and(|label| !label.is_empty() && is_host(label))
            }
        }
    }
}

/// Labels of letters, digits and `-`, and a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    host.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::Cors;

    #[test]
    fn pages_are_told_apart_by_scheme_host_and_port() {
        let cors = Cors::parse("https://a.example, https://*.b.example:8443").unwrap();
        for allowed in
            ["https://a.example", "https://x.b.example:8443", "https://x.y.b.example:8443"]
        {
            assert!(cors.allows(allowed), "{allowed}");
        }
        for other in [
            "http://a.example",
            "https://a.example:444",
            "https://a.example.evil",
            "https://xa.example",
            "https://b.example:8443",
            "https://x.b.example",
            "https://.b.example:8443",
            "https://evil/.b.example:8443",
            "null",
            "",
        ] {
            assert!(!cors.allows(other), "{other}");
        }
        assert!(Cors::parse("*").unwrap().allows("null"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "example.com",
            "https://",
            "https://a/",
            "https://a/path",
            "ftp://a",
            "https://*",
            "https://*.",
            "https://a:b",
            "https://a:99999",
            "https://a..b",
            "https://a,",
            "**",
        ] {
            assert!(Cors::parse(text).is_err(), "{text}");
        }
    }
}
