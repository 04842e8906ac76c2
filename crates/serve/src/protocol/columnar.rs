//! Tables as Arrow and Parquet have them, which V1 and MLflow's protocol take alike, and answers as a
//! stream of Arrow.

use hyper::{
    HeaderMap,
    header::{ACCEPT, HeaderValue},
};

use super::{MediaType, head::unsupported};
use crate::{encoding::weighed, failure::Failure};

#[cfg(feature = "arrow")]
mod answer;
#[cfg(feature = "arrow")]
mod body;
#[cfg(not(feature = "arrow"))]
mod without;

#[cfg(not(feature = "arrow"))]
pub(crate) use without::{decode, encode};
#[cfg(feature = "arrow")]
pub(crate) use {answer::encode, body::decode};

/// The type of a stream of Arrow.
const STREAM: &str = "application/vnd.apache.arrow.stream";

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columnar {
    /// Arrow's IPC format, as a stream or a file: the body tells which.
    Arrow,
    Parquet,
}

/// The type of a body that is a table, if it is one.
pub(super) fn accepts(media_type: &str) -> Option<Result<MediaType, Failure>> {
    let columnar = match media_type {
        STREAM
        | "application/vnd.apache.arrow.file"
        | "application/vnd.apache.arrow"
        | "application/x-apache-arrow-stream"
        | "application/x-apache-arrow-file"
        | "application/x-feather" => Columnar::Arrow,
        "application/vnd.apache.parquet" | "application/x-parquet" | "application/parquet" => {
            Columnar::Parquet
        }
        _ => return None,
    };
    Some(if cfg!(feature = "arrow") {
        Ok(MediaType::Columnar(columnar))
    } else {
        let known = "JSON: this server was built without the cargo feature `arrow`, which reads Arrow and Parquet";
        Err(unsupported(media_type, known))
    })
}

/// True when a stream of Arrow is named as what the reply may be, and JSON is not preferred
/// (RFC 9110 §12.5.1).
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    if !cfg!(feature = "arrow") || !headers.contains_key(ACCEPT) {
        return false;
    }
    let lists = || headers.get_all(ACCEPT).iter().map(HeaderValue::to_str);
    let items = || lists().flatten().flat_map(|list| list.split(',')).map(weighed);
    let weight = |kind: &str| {
        let named = items().find(|(name, _)| name.eq_ignore_ascii_case(kind));
        named.map(|(_, weight)| weight)
    };
    let json = ["application/json", "application/*", "*/*"];
    let json = json.iter().find_map(|kind| weight(kind)).unwrap_or(0);
    weight(STREAM).is_some_and(|arrow| arrow > 0 && arrow >= json)
}

#[cfg(all(test, feature = "arrow"))]
mod tests {
    use super::*;

    #[test]
    fn arrow_is_sent_to_who_names_it() {
        for (value, expected) in [
            ("application/vnd.apache.arrow.stream", true),
            ("Application/Vnd.Apache.Arrow.Stream;q=0.1", true),
            ("application/json, application/vnd.apache.arrow.stream", true),
            ("*/*;q=0.5, application/vnd.apache.arrow.stream;q=0.5", true),
            ("application/json, application/vnd.apache.arrow.stream;q=0.9", false),
            ("application/vnd.apache.arrow.stream;q=0", false),
            ("application/vnd.apache.arrow.stream;q=0.5, */*", false),
            ("*/*", false),
            ("application/*", false),
            ("application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(value));
            assert_eq!(is_wanted(&headers), expected, "{value}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
    }
}
