//! Headers for hosts, such as API keys, as KServe's Secrets hold them.

use std::collections::BTreeMap;

use crate::{Environment, Error, http::Url};

/// The variables with a host (the Secret's `https-host`) and with the headers for it (the Secret's
/// `headers`, `NAME: VALUE` on a line each). More hosts have the same names with `_1` to `_9` behind.
const HOST: &str = "LONGSHORE_HTTP_HOST";
pub(super) const HEADERS: &str = "LONGSHORE_HTTP_HEADERS";

/// What KServe's controller appends to a host to name the variable with its headers, a JSON object.
const KSERVE: &str = "-headers";

/// The headers that the environment has for the host of a URL.
///
/// # Errors
/// [`Error::Credentials`] when they are no headers.
pub(super) fn of(environment: &Environment, url: &Url) -> Result<Vec<(String, String)>, Error> {
    let hosts = [url.authority(), url.host()];
    let wrong = |variable: &str, form: &str| Error::Credentials {
        what: url.shown(),
        reason: format!("`{variable}` does not hold {form}"),
    };
    for host in hosts {
        let variable = format!("{host}{KSERVE}");
        let Some(text) = environment.get(&variable) else { continue };
        let headers: BTreeMap<String, String> =
            serde_json::from_str(&text).map_err(|_| wrong(&variable, "a JSON object of texts"))?;
        return checked(headers.into_iter(), || wrong(&variable, "names and values of headers"));
    }
    for suffix in ["", "_1", "_2", "_3", "_4", "_5", "_6", "_7", "_8", "_9"] {
        let host = environment.get(&format!("{HOST}{suffix}"));
        if !host.is_some_and(|host| hosts.contains(&&*host.to_ascii_lowercase())) {
            continue;
        }
        let variable = format!("{HEADERS}{suffix}");
        let text = environment.get(&variable).unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let form = "a header on each line, `NAME: VALUE`";
        let headers: Option<Vec<_>> = lines
            .map(|line| {
                let (name, value) = line.split_once(':')?;
                Some((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect();
        let headers = headers.ok_or_else(|| wrong(&variable, form))?;
        return checked(headers.into_iter(), || wrong(&variable, form));
    }
    Ok(Vec::new())
}

/// Refuses what cannot be sent, without repeating it.
fn checked(
    headers: impl Iterator<Item = (String, String)>,
    wrong: impl Fn() -> Error,
) -> Result<Vec<(String, String)>, Error> {
    headers
        .map(|(name, value)| {
            let fits = http::HeaderName::try_from(&name).is_ok()
                && http::HeaderValue::try_from(&value).is_ok();
            if fits { Ok((name, value)) } else { Err(wrong()) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::{Environment, http::Url};

    fn headers(pairs: &'static [(&str, &str)], url: &str) -> Result<Vec<(String, String)>, String> {
        let environment = Environment::new(move |name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
        });
        of(&environment, &Url::parse(url).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_host_has_its_headers_and_no_other_host_has() {
        let pairs: &[_] = &[
            ("LONGSHORE_HTTP_HOST", "Models.example"),
            ("LONGSHORE_HTTP_HEADERS", "x-api-key: a:b\n\n accept : text/plain "),
            ("LONGSHORE_HTTP_HOST_1", "other.example:8443"),
            ("LONGSHORE_HTTP_HEADERS_1", "x: y"),
            ("third.example-headers", r#"{"authorization": "Bearer t"}"#),
        ];
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let both = [pair("x-api-key", "a:b"), pair("accept", "text/plain")];
        assert_eq!(headers(pairs, "https://models.example/x").unwrap(), both);
        assert_eq!(headers(pairs, "https://models.example:444/x").unwrap(), both);
        assert_eq!(headers(pairs, "https://other.example:8443/x").unwrap(), [pair("x", "y")]);
        assert_eq!(headers(pairs, "https://other.example/x").unwrap(), []);
        let third = [pair("authorization", "Bearer t")];
        assert_eq!(headers(pairs, "https://third.example/x").unwrap(), third);
        assert_eq!(headers(pairs, "https://a.models.example/x").unwrap(), []);
    }

    #[test]
    fn what_is_no_header_is_refused_without_being_repeated() {
        let url = "https://a.example/x";
        for pairs in [
            &[("LONGSHORE_HTTP_HOST", "a.example"), ("LONGSHORE_HTTP_HEADERS", "s3cret")][..],
            &[("LONGSHORE_HTTP_HOST", "a.example"), ("LONGSHORE_HTTP_HEADERS", "a b: s3cret")],
            &[("a.example-headers", "s3cret")],
            &[("a.example-headers", r#"{"x": "s3cret\n"}"#)],
        ] {
            let pairs: &'static [(&str, &str)] = pairs;
            let error = headers(pairs, url).unwrap_err();
            assert!(error.contains("does not hold") && !error.contains("s3cret"), "{error}");
        }
    }
}
