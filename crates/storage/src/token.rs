//! Bearer tokens that end, kept until shortly before.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde::Deserialize;

use crate::{
    Error,
    http::{Reply, Url, is_transient},
    retry::Attempt,
};

/// Most bytes of an answer with a token.
const ANSWER: u64 = 1 << 20;

/// Tokens are renewed this long before they end, or when a quarter of their life is left, if that is
/// later.
const MARGIN: Duration = Duration::from_mins(5);

/// How long a token that could not be renewed is used before that is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// A token.
#[derive(Clone)]
pub(crate) struct Token {
    text: Arc<str>,
    expires: SystemTime,
    renew: SystemTime,
}

/// The text stays out of logs.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// What an OAuth 2.0 server answers (RFC 6749 §5.1). Azure's instances write the seconds as text.
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    #[serde(default)]
    expires_in: Option<Seconds>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Token {
    pub(crate) fn new(text: &str, life: Duration) -> Self {
        let now = SystemTime::now();
        let expires = now + life;
        Self { text: text.into(), expires, renew: expires - MARGIN.min(life / 4) }
    }

    /// What is sent.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Reads the answer of a server that issues tokens; `None` when there is none in it.
    pub(crate) fn read(answer: &str) -> Option<Self> {
        let issued: Issued = serde_json::from_str(answer).ok()?;
        let seconds = match issued.expires_in {
            Some(Seconds::Number(seconds)) => seconds,
            Some(Seconds::Text(text)) => text.parse().ok()?,
            None => 300,
        };
        // a life that no clock can hold is as good as a year
        let life = Duration::from_secs(seconds.min(365 * 24 * 3600));
        (!issued.access_token.is_empty()).then(|| Self::new(&issued.access_token, life))
    }
}

/// The token in the answer of `url`, by which `who` may read `what`.
///
/// # Errors
/// [`Error::Credentials`] with the server's words when there is none.
pub(crate) fn issued(reply: Reply, url: &Url, what: &str, who: &str) -> Result<Token, Attempt> {
    let text = answered(reply, url, what, who)?;
    Token::read(&text).ok_or_else(|| {
        let reason = format!("{} answered {who} without a token", url.shown());
        Error::Credentials { what: what.into(), reason }.into()
    })
}

/// The text that `url` answers, by which `who` may read `what`.
///
/// # Errors
/// [`Error::Credentials`] with the server's words when it refuses.
pub(crate) fn answered(reply: Reply, url: &Url, what: &str, who: &str) -> Result<String, Attempt> {
    let (status, after) = (reply.status, reply.retry_after());
    if is_transient(status) {
        return Err(Attempt::Again { what: url.shown(), reason: format!("{status}"), after });
    }
    if status == 200 {
        return reply.text(url, ANSWER);
    }
    let said: String = reply.refusal().trim().chars().take(200).collect();
    let reason = format!(
        "{} refused {who} ({status} {said}); is the key deleted or the clock wrong?",
        url.shown()
    );
    Err(Error::Credentials { what: what.into(), reason }.into())
}

/// The token of one identity.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<Token>>);

impl Kept {
    /// A token that is valid now. Whoever comes second waits for the first one's answer.
    pub(crate) fn get(
        &self,
        issue: impl FnOnce() -> Result<Token, Error>,
    ) -> Result<Arc<str>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now();
        if let Some(token) = kept.as_ref().filter(|token| now < token.renew) {
            return Ok(token.text.clone());
        }
        match issue() {
            Ok(token) => Ok(kept.insert(token).text.clone()),
            Err(error) => match kept.as_mut().filter(|token| now < token.expires) {
                Some(token) => {
                    tracing::warn!(%error, "credentials cannot be renewed yet; the present ones are still valid");
                    token.renew = now + PAUSE;
                    Ok(token.text.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Forgets a token that was refused. False when another one is kept already, or none.
    pub(crate) fn forget(&self, refused: &str) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take_if(|token| &*token.text == refused).is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Kept, Token};
    use crate::Error;

    fn refused() -> Result<Token, Error> {
        Err(Error::Refused { what: "x".into(), reason: "no".into() })
    }

    #[test]
    fn a_token_is_kept_renewed_and_used_while_it_is_valid() {
        let kept = Kept::default();
        assert!(kept.get(refused).is_err());
        let token = |text: &str, life: u64| Ok(Token::new(text, Duration::from_secs(life)));
        assert_eq!(&*kept.get(|| token("a", 3600)).unwrap(), "a");
        assert_eq!(&*kept.get(refused).unwrap(), "a");
        assert!(!kept.forget("b"));
        assert!(kept.forget("a") && kept.get(refused).is_err());
        // about to end, and not renewed
        let mut ending = Token::new("c", Duration::from_secs(100));
        ending.renew -= Duration::from_secs(100);
        assert_eq!(&*kept.get(|| Ok(ending)).unwrap(), "c");
        assert_eq!(&*kept.get(refused).unwrap(), "c");
        assert!(kept.forget("c"));
        let mut ended = Token::new("d", Duration::ZERO);
        ended.expires -= Duration::from_secs(1);
        assert_eq!(&*kept.get(|| Ok(ended)).unwrap(), "d");
        assert!(kept.get(refused).is_err());
    }

    #[test]
    fn answers_of_oauth_are_read() {
        let life = |text: &str| Token::read(text).map(|token| token.expires);
        let now = std::time::SystemTime::now();
        let hour = life(r#"{"access_token":"a","expires_in":3599,"token_type":"Bearer"}"#).unwrap();
        assert!(hour > now + Duration::from_secs(3590));
        let text = life(r#"{"access_token":"a","expires_in":"3599"}"#).unwrap();
        assert!(text > now + Duration::from_secs(3590));
        assert!(life(r#"{"access_token":"a","expires_in":18446744073709551615}"#).is_some());
        for bad in
            ["", "{}", "[]", r#"{"access_token":""}"#, r#"{"access_token":"a","expires_in":-1}"#]
        {
            assert!(life(bad).is_none(), "{bad}");
        }
    }
}
