use std::{str::FromStr, time::Duration};

use longshore_daemon::percent;
use tokio_postgres::config::{Config, SslMode};

use super::tls::{Check, Tls};
use crate::Error;

/// How long nothing may come from the database until it is asked whether it is there.
const IDLE: Duration = Duration::from_secs(15);

/// How long it may take to answer that. It is asked three times.
const PROBE: Duration = Duration::from_secs(5);

/// How long what was sent may be on the way.
const UNHEARD: Duration = Duration::from_secs(30);

/// A database, and how to get to it.
pub(super) struct Server {
    pub(super) config: Config,
    pub(super) tls: Tls,
}

impl Server {
    /// From a URI as MLflow and libpq write them: `postgresql+DRIVER://USER:PASSWORD@HOST:PORT/NAME?…`.
    ///
    /// The names of `sslmode` mean what they mean to libpq: `require` encrypts and checks the server's
    /// certificate only when `sslrootcert` says what by.
    ///
    /// # Errors
    /// When it is none, without its words: they may hold a password.
    pub(super) fn parse(uri: &str) -> Result<Self, Error> {
        let wrong = |what: String| {
            Error::invalid(format!("the location of the database is not valid: {what}"))
        };
        let (_, rest) = uri.split_once("://").ok_or_else(|| wrong("it has no `://`".to_owned()))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut mode, mut root, mut passed) = ("prefer".to_owned(), None, Vec::new());
        for pair in query.split('&').filter(|it| !it.is_empty()) {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            let text_of = || {
                let text = percent::decode(text).map(String::from);
                text.ok_or_else(|| {
                    wrong(format!("the value of `{name}` is not percent-encoded text"))
                })
            };
            match name {
                "sslmode" => mode = text_of()?,
                "sslrootcert" => root = Some(text_of()?),
                "sslcert" | "sslkey" => {
                    return Err(wrong(format!("`{name}` is not supported; use a password")));
                }
                _ => passed.push(pair),
            }
        }
        let uri = format!("postgresql://{place}?{}", passed.join("&"));
        let mut config = Config::from_str(&uri).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            wrong(source.unwrap_or_else(|| error.to_string()))
        })?;
        let check = match (mode.as_str(), &root) {
            ("verify-full", _) => Check::Host,
            ("verify-ca", _) | ("require", Some(_)) => Check::Authority,
            ("disable" | "allow" | "prefer" | "require", _) => Check::Nothing,
            _ => {
                return Err(wrong(format!(
                    "`{mode}` is no `sslmode`; it is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`"
                )));
            }
        };
        config.ssl_mode(match mode.as_str() {
            "disable" | "allow" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            _ => SslMode::Require,
        });
        // a host that is gone without a word is noticed within half a minute
        if !query.contains("keepalives") {
            config.keepalives_idle(IDLE).keepalives_interval(PROBE).keepalives_retries(3);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNHEARD);
        }
        if config.get_application_name().is_none() {
            config.application_name("longshore");
        }
        Ok(Self { config, tls: Tls::new(check, root.as_deref())? })
    }
}
