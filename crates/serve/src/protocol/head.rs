use std::borrow::Cow;

use hyper::{
    HeaderMap,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use longshore_daemon::{Code, percent};

use crate::{failure::Failure, names::quoted};

/// How many bytes of JSON stand before the binary tensors of a body.
pub(super) static JSON_LENGTH: HeaderName =
    HeaderName::from_static("inference-header-content-length");

/// What a request says before its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// Behind the `?` of its path; empty when there is none.
    pub(crate) query: &'a str,
}

impl<'a> Head<'a> {
    /// The value of a key of the query.
    pub(crate) fn value(&self, key: &str) -> Option<Cow<'a, str>> {
        if self.query.is_empty() {
            return None;
        }
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).find_map(|(_, value)| percent::decode(value))
    }

    /// Refuses keys of the query other than `known`, and those without a value or with two.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), Failure> {
        if self.query.is_empty() {
            return Ok(());
        }
        let pairs = || self.query.split('&').filter(|pair| !pair.is_empty());
        for pair in pairs() {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&key) {
                return Err(unknown(key, known));
            }
            if percent::decode(value).is_none_or(|value| value.is_empty()) {
                let message = format!("the query has no value for `{key}`; send `?{key}=VALUE`");
                return Err(Failure::invalid(message));
            }
            let same = |other: &&str| other.split_once('=').is_some_and(|(name, _)| name == key);
            if pairs().filter(same).count() > 1 {
                return Err(Failure::invalid(format!("the query has `{key}` twice; send it once")));
            }
        }
        Ok(())
    }

    /// The type of the body in lower case, without its parameters; `None` for JSON, which needs no
    /// second look, and when the request names no type.
    pub(super) fn media_type(&self) -> Result<Option<String>, Failure> {
        let Some(value) = self.headers.get(CONTENT_TYPE) else { return Ok(None) };
        if value.as_bytes() == b"application/json" {
            return Ok(None);
        }
        let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        for parameter in parts.filter(|part| !part.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let charset = name.trim().eq_ignore_ascii_case("charset");
            let value = value.trim().trim_matches('"');
            let utf8 = ["utf-8", "utf8"].iter().any(|name| value.eq_ignore_ascii_case(name));
            if charset && !utf8 {
                let message = "the charset is not supported; send UTF-8";
                return Err(Failure::new(Code::UnsupportedMediaType, message));
            }
        }
        let json = kind == "application/json"
            || (kind.starts_with("application/") && kind.ends_with("+json"));
        Ok((!json).then_some(kind))
    }

    fn announced_json(&self) -> Option<&'a HeaderValue> {
        // a request has few headers, and to look one up by a name that is not standard hashes it
        // byte by byte
        let mut headers = self.headers.iter();
        headers.find(|(name, _)| **name == JSON_LENGTH).map(|(_, value)| value)
    }

    /// Bytes of JSON that the body begins with, when raw bytes of tensors follow it.
    pub(super) fn json_length(&self) -> Result<Option<usize>, Failure> {
        let Some(value) = self.announced_json() else { return Ok(None) };
        match self.media_type()?.as_deref() {
            None | Some("application/octet-stream" | "application/x-www-form-urlencoded") => {}
            Some(kind) => {
                return Err(unsupported(kind, "binary tensors as `application/octet-stream`"));
            }
        }
        let length = value.to_str().ok().and_then(|length| length.parse().ok());
        let length = length.filter(|length| *length > 0).ok_or_else(|| {
            Failure::invalid(
                "`Inference-Header-Content-Length` is not the number of bytes of the JSON that the \
                 body begins with",
            )
        })?;
        Ok(Some(length))
    }

    /// Refuses a body that is not JSON alone; `kind` is its [`Head::media_type`].
    pub(super) fn only_json(&self, kind: Option<&str>) -> Result<(), Failure> {
        if self.announced_json().is_some() {
            let message = "binary tensors belong to V2; send them to `/v2/models/NAME/infer`";
            return Err(Failure::new(Code::UnsupportedMediaType, message));
        }
        match kind {
            // what `curl -d` says of JSON; KServe does not look at the type at all
            None | Some("application/x-www-form-urlencoded") => Ok(()),
            Some("text/csv") => {
                Err(unsupported("text/csv", "`application/json`, or CSV to `/invocations`"))
            }
            Some(kind) => Err(unsupported(kind, "`application/json`")),
        }
    }
}

/// A body of a type that the protocol does not know.
pub(super) fn unsupported(kind: &str, known: &str) -> Failure {
    let kind = quoted(kind);
    let message = format!("the content-type {kind} is not supported; send {known}");
    Failure::new(Code::UnsupportedMediaType, message)
}

fn unknown(key: &str, known: &[&str]) -> Failure {
    let key = quoted(key);
    let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
    Failure::invalid(match &known[..] {
        [] => format!("there is no {key} in the query of this path, which has no query"),
        [only] => format!("there is no {key} in the query of this path; it has {only}"),
        _ => {
            format!("there is no {key} in the query of this path; it may have {}", known.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head<'a>(headers: &'a HeaderMap, query: &'a str) -> Head<'a> {
        Head { headers, query }
    }

    #[test]
    fn values_of_a_query_are_decoded() {
        let headers = HeaderMap::new();
        let head = |query| head(&headers, query);
        assert_eq!(head("a=1&model=x%2Fy").value("model").as_deref(), Some("x/y"));
        assert_eq!(head("modelx=1").value("model"), None);
    }

    #[test]
    fn keys_that_mean_nothing_are_refused() {
        let headers = HeaderMap::new();
        let check = |query| head(&headers, query).check(&["model", "method"]);
        for query in ["", "model=a", "method=b&model=a", "&model=a&"] {
            assert_eq!(check(query), Ok(()), "{query}");
        }
        for (query, expected) in [
            ("methods=b", "no `methods` in the query of this path; it may have `model`, `method`"),
            ("model", "no value for `model`"),
            ("model=", "no value for `model`"),
            ("model=%zz", "no value for `model`"),
            ("model=a&model=b", "has `model` twice"),
        ] {
            let failure = check(query).unwrap_err();
            assert_eq!(failure.code, Code::InvalidArgument);
            assert!(failure.message.contains(expected), "{query}: {}", failure.message);
        }
    }
}
