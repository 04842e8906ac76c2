//! The text of paths and queries.

use longshore_daemon::percent;

use crate::Error;

/// The pairs of a query, decoded; `+` is a space there.
pub(crate) fn pairs(query: &str) -> Result<Vec<(String, String)>, Error> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(&name.replace('+', " "))?, decode(&text.replace('+', " "))?))
        })
        .collect()
}

/// Percent-encoded text, decoded.
pub(crate) fn decode(text: &str) -> Result<String, Error> {
    let decoded = percent::decode(text).map(Into::into);
    decoded.ok_or_else(|| Error::invalid(format!("`{text}` is not valid percent-encoded text")))
}
