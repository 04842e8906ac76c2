//! Signatures by an account's key, as <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>
//! describes them, for requests without a body.

use std::{borrow::Cow, time::SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use percent_encoding::percent_decode_str;
use ring::hmac;

use crate::http::Url;

/// The version of the protocol that is spoken.
const VERSION: &str = "2021-08-06";

/// The headers that every request has.
pub(super) fn dated() -> Vec<(String, String)> {
    let now = httpdate::fmt_http_date(SystemTime::now());
    vec![("x-ms-date".into(), now), ("x-ms-version".into(), VERSION.into())]
}

/// The value of `Authorization` for a request with these headers.
pub(super) fn authorization(
    key: &hmac::Key,
    account: &str,
    method: &Method,
    url: &Url,
    headers: &[(String, String)],
) -> String {
    let text = to_sign(account, method, url, headers);
    let signature = BASE64_STANDARD.encode(hmac::sign(key, text.as_bytes()));
    format!("SharedKey {account}:{signature}")
}

fn to_sign(account: &str, method: &Method, url: &Url, headers: &[(String, String)]) -> String {
    let header =
        |name: &str| headers.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value);
    // encoding, language, length, MD5, type and date of a body are empty
    let mut text = format!("{method}\n\n\n\n\n\n\n");
    for name in ["if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"] {
        text.extend([header(name), "\n"]);
    }
    let mut own: Vec<_> = headers.iter().filter(|(name, _)| name.starts_with("x-ms-")).collect();
    own.sort_unstable();
    for (name, value) in own {
        text.extend([name, ":", value, "\n"]);
    }
    text.extend(["/", account, url.path()]);
    let decoded = |part| percent_decode_str(part).decode_utf8_lossy();
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = url
        .query()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    pairs.sort_unstable();
    for (name, value) in pairs {
        text.extend(["\n", &*name.to_lowercase(), ":", &value]);
    }
    text
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::to_sign;
    use crate::http::Url;

    /// The example of a listing in the documentation of the signature.
    #[test]
    fn the_documented_example_is_the_text_that_is_signed() {
        let url = "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata&timeout=20";
        let headers = [
            ("x-ms-version", "2014-02-14"),
            ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"),
            ("range", "bytes=0-9"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = to_sign("myaccount", &Method::GET, &Url::parse(url).unwrap(), &headers);
        assert_eq!(
            text,
            "GET\n\n\n\n\n\n\n\n\n\n\nbytes=0-9\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2014-02-14\n/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
        );
    }
}
