//! Who may ask an InferenceService, and how often: what its annotations say, done.

use std::{net::IpAddr, sync::Arc, time::Instant};

use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use longshore_daemon::{Code, server::auth::ApiKeys, tokens::presented};
use longshore_platform::policy::{Auth, Policy};
use prometheus_client::registry::Registry;

pub(crate) mod cors;
mod metrics;
mod rates;

pub use longshore_daemon::tokens::{JwksSource, Tokens, Wanted, subject};

use self::{metrics::Counts, rates::Rates};

/// Headers in which API keys come.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// How clients are known, and how often they have asked. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub struct Security(Arc<State>);

#[derive(Debug, Default)]
struct State {
    settings: Settings,
    rates: Rates,
    counts: Arc<Counts>,
}

/// How clients of a gateway are known.
#[derive(Debug)]
pub struct Settings {
    /// What is asked of clients where an InferenceService does not say it.
    pub auth: Auth,
    /// The API keys of all services.
    pub keys: Option<ApiKeys>,
    /// Where JSON Web Tokens come from.
    pub tokens: Option<Tokens>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { auth: Auth::None, keys: None, tokens: None }
    }
}

/// A service, for whose clients something is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'s> {
    pub(crate) namespace: &'s str,
    pub(crate) name: &'s str,
}

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    /// The kind of failure.
    pub(crate) code: Code,
    /// What the client is told.
    pub(crate) message: String,
    /// How the client may say who it is.
    pub(crate) challenge: Option<HeaderValue>,
    /// Seconds after which the client may ask again.
    pub(crate) retry_after: Option<u32>,
}

impl Security {
    /// What is done by these settings.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(State { settings, rates: Rates::default(), counts: Arc::default() }))
    }

    /// Adds the metrics of requests that are not let in.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(metrics::SecurityMetrics(self.0.counts.clone())));
        if let Some(keys) = &self.0.settings.keys {
            keys.register(registry);
        }
        if let Some(tokens) = &self.0.settings.tokens {
            tokens.register(registry, "longshore_gateway");
        }
    }

    /// The name of the client when it is known, and `None` when nobody asks for that. A key or token that
    /// was asked for is taken out of `headers`: the model has no use for it.
    pub(crate) fn admit(
        &self,
        asked: Asked<'_>,
        policy: &Policy,
        headers: &mut HeaderMap,
        address: Option<IpAddr>,
    ) -> Result<Option<Arc<str>>, Refused> {
        let State { settings, rates, counts } = &*self.0;
        let auth = policy.auth.unwrap_or(settings.auth);
        let client = match auth {
            Auth::None => None,
            Auth::ApiKey => Some(self.by_key(headers)?),
            Auth::Jwt => Some(self.by_token(headers, policy)?),
        };
        if let Some(client) = &client
            && !policy.clients.is_empty()
            && !policy.clients.iter().any(|allowed| **allowed == **client)
        {
            counts.forbidden();
            return Err(Refused {
                code: Code::PermissionDenied,
                message: format!(
                    "`{client}` may not ask this InferenceService; its annotation `{}` names who may",
                    longshore_platform::names::CLIENTS
                ),
                challenge: None,
                retry_after: None,
            });
        }
        if let Some(after) = rates.refuse(asked, policy, client.as_deref(), address, Instant::now())
        {
            counts.limited();
            let seconds = after.as_secs_f64().ceil().max(1.0) as u32;
            return Err(Refused {
                code: Code::TooManyRequests,
                message: format!(
                    "asked more often than this InferenceService allows; ask again in {seconds} s"
                ),
                challenge: None,
                retry_after: Some(seconds),
            });
        }
        Ok(client)
    }

    fn by_key(&self, headers: &mut HeaderMap) -> Result<Arc<str>, Refused> {
        let Some(keys) = &self.0.settings.keys else {
            return Err(self.unset("API keys", "--api-keys"));
        };
        let client = keys.identify(headers).map_err(|denial| {
            self.0.counts.unknown();
            Refused {
                code: Code::Unauthenticated,
                message: denial.message().into(),
                challenge: Some(denial.challenge()),
                retry_after: None,
            }
        })?;
        headers.remove(AUTHORIZATION);
        headers.remove(API_KEY);
        Ok(client)
    }

    fn by_token(&self, headers: &mut HeaderMap, policy: &Policy) -> Result<Arc<str>, Refused> {
        let Some(tokens) = &self.0.settings.tokens else {
            return Err(self.unset("JSON Web Tokens", "--jwks"));
        };
        let told = |message: String, challenge: &'static str| {
            self.0.counts.unknown();
            Refused {
                code: Code::Unauthenticated,
                message,
                challenge: Some(HeaderValue::from_static(challenge)),
                retry_after: None,
            }
        };
        let Some(token) = presented(headers) else {
            let message = "a JSON Web Token is needed; send it as `authorization: Bearer TOKEN`";
            return Err(told(message.into(), "Bearer realm=\"longshore\""));
        };
        let claims = tokens.verify(token, policy.audience.as_deref()).map_err(|fault| {
            told(
                format!("the token is not let in: {fault}"),
                "Bearer realm=\"longshore\", error=\"invalid_token\"",
            )
        })?;
        headers.remove(AUTHORIZATION);
        Ok(claims.subject.clone())
    }

    /// A service asks for what its gateway was not given.
    fn unset(&self, what: &str, flag: &str) -> Refused {
        self.0.counts.forbidden();
        Refused {
            code: Code::PermissionDenied,
            message: format!(
                "this InferenceService asks for {what}, and its gateway has none: start the gateway with `{flag}`"
            ),
            challenge: None,
            retry_after: None,
        }
    }
}

/// The client of whoever stands before the gateway: the last address of `x-forwarded-for`, which that
/// has written itself.
pub(crate) fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
