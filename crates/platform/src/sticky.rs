use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What keeps a client at one revision while requests are split: the value of
/// [`STICKY`](crate::names::STICKY), `header=NAME` or `cookie=NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Sticky {
    /// The value of this header.
    Header(String),
    /// The value of this cookie.
    Cookie(String),
}

impl FromStr for Sticky {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = text.split_once('=').unwrap_or((text, ""));
        let (kind, name) = (kind.trim(), name.trim());
        // a token (RFC 9110 §5.6.2), as names of headers and of cookies are
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_name = !name.is_empty() && name.bytes().all(is_token);
        match kind {
            "header" if is_name => Ok(Self::Header(name.to_ascii_lowercase())),
            "cookie" if is_name => Ok(Self::Cookie(name.to_owned())),
            _ => Err(format!(
                "`{text}` names neither a header nor a cookie; write `header=NAME` or `cookie=NAME`"
            )),
        }
    }
}

impl fmt::Display for Sticky {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(out, "header={name}"),
            Self::Cookie(name) => write!(out, "cookie={name}"),
        }
    }
}

impl TryFrom<String> for Sticky {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Sticky> for String {
    fn from(sticky: Sticky) -> Self {
        sticky.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Sticky;

    #[test]
    fn a_header_or_a_cookie_is_named() {
        assert_eq!("header=X-User".parse(), Ok(Sticky::Header("x-user".into())));
        assert_eq!(" cookie = Session ".parse(), Ok(Sticky::Cookie("Session".into())));
        assert_eq!(Sticky::Cookie("a".into()).to_string().parse(), Ok(Sticky::Cookie("a".into())));
        for wrong in ["", "header", "header=", "header=a b", "query=a", "cookie=a;b"] {
            let refused = wrong.parse::<Sticky>().unwrap_err();
            assert!(refused.contains("write `header=NAME`"), "{refused}");
        }
    }
}
