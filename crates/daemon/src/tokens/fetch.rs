//! What an issuer of tokens publishes, over HTTPS.

use std::{fmt, fs, io, path::PathBuf, time::Duration};

use http::Uri;
use serde::Deserialize;
use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

/// How long a URL may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most bytes of an answer.
const MOST_BYTES: u64 = 1 << 20;

/// Where an issuer describes itself, below its URL (`OpenID` Connect Discovery 1.0 §4).
const DESCRIPTION: &str = "/.well-known/openid-configuration";

/// Refuses a URL whose answers somebody on the way could change: that would let anybody in. What this
/// machine answers itself is on no way.
pub(super) fn check(url: &str) -> Result<(), String> {
    let wrong = || {
        format!(
            "`{url}` is no `https` URL, and whoever can change what it gives could let anybody in"
        )
    };
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(()),
        Some("http") if is_here => Ok(()),
        _ => Err(wrong()),
    }
}

/// The client that asks. It follows no redirect.
pub(super) fn agent(authorities: Option<&PathBuf>) -> Result<Agent, String> {
    let mut tls = TlsConfig::builder();
    if let Some(path) = authorities {
        let named = |error: &dyn fmt::Display| format!("`{}`: {error}", path.display());
        let text = fs::read(path).map_err(|error: io::Error| named(&error))?;
        let items = parse_pem(&text).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<Certificate<'static>> = items.collect();
        if certificates.is_empty() {
            return Err(named(&"it holds no certificate in PEM form"));
        }
        tls = tls.root_certs(RootCerts::from(certificates));
    }
    Ok(Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls.build())
        .build()
        .into())
}

/// What a URL gives.
pub(super) fn read(agent: &Agent, url: &str) -> Result<Vec<u8>, String> {
    check(url)?;
    let mut reply = agent.get(url).call().map_err(|error| format!("`{url}`: {error}"))?;
    let body = reply.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
    body.map_err(|error| format!("`{url}`: {error}"))
}

/// The URL of the keys of an issuer.
pub(super) fn discover(agent: &Agent, issuer: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Description {
        issuer: String,
        jwks_uri: String,
    }
    let url = format!("{}{DESCRIPTION}", issuer.trim_end_matches('/'));
    let found: Description = serde_json::from_slice(&read(agent, &url)?)
        .map_err(|error| format!("`{url}` gives no description of an issuer: {error}"))?;
    if found.issuer != issuer {
        return Err(format!(
            "`{url}` describes the issuer `{}`, not `{issuer}`: name it as it names itself",
            found.issuer
        ));
    }
    Ok(found.jwks_uri)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn only_what_nobody_can_change_on_its_way_is_asked() {
        for right in [
            "https://issuer.example.com",
            "https://issuer.example.com:8443/realms/a",
            "http://localhost:8080/a",
            "http://127.0.0.1/a",
            "http://[::1]:80/a",
        ] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in [
            "http://issuer.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "file:///a",
            "https:///a",
            "issuer.example.com",
            "",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
