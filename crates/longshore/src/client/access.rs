//! What gets a client into a server: headers, the authorities it believes, a certificate of its own.

use anyhow::{Context, Result};
use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};

use super::tls::Trust;
use crate::cli::{AccessArgs, QuestionArgs};

/// What gets a client into a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// Headers of every request.
    pub(super) headers: HeaderMap,
    pub(super) trust: Trust,
}

impl Access {
    /// The access that the command line gives.
    pub(crate) fn of(args: &QuestionArgs) -> Result<Self> {
        Self::by(&args.access, &args.headers)
    }

    /// The access of the command line, with these headers beside it.
    pub(crate) fn by(access: &AccessArgs, lines: &[String]) -> Result<Self> {
        let mut headers = headers(lines)?;
        if let Some(key) = &access.api_key {
            let value = HeaderValue::try_from(format!("Bearer {key}"));
            let mut value = value.context("the API key has characters that no header can have")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let pair = access.client_cert.clone().zip(access.client_key.clone());
        Ok(Self { headers, trust: Trust { authorities: access.ca.clone(), pair } })
    }
}

/// Reads `NAME: VALUE` lines.
fn headers(lines: &[String]) -> Result<HeaderMap> {
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
    use super::headers;

    #[test]
    fn headers_are_read_from_lines() {
        let read = headers(&["Host: a.example".into(), "X-A:b".into()]).unwrap();
        assert_eq!(read["host"], "a.example");
        assert_eq!(read["x-a"], "b");
        assert!(headers(&["nothing".into()]).is_err());
        assert!(headers(&["a b: c".into()]).is_err());
    }
}
