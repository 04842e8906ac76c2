//! The tokens of pages: where a page ended, so that the next begins behind it, whatever was added before.

use std::fmt::Write as _;

use crate::{
    Error,
    store::{Row, Value},
};

/// A page of what was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) found: Vec<T>,
    /// The token of the next page, unless this is the last.
    pub(crate) next: Option<String>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { found: Vec::new(), next: None }
    }
}

impl<T> Page<T> {
    /// A page of `limit` rows at most; one more is there when there is a page behind it. A token holds the
    /// first `count` columns, and `of` takes what was found from a row.
    ///
    /// # Errors
    /// Those of `of`.
    pub(super) fn of(
        scope: &[String],
        mut rows: Vec<Vec<Value>>,
        limit: usize,
        count: usize,
        of: impl Fn(&mut Row) -> Result<T, Error>,
    ) -> Result<Self, Error> {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).and_then(|row| row.get(..count));
        let next = last.map(|row| write(scope, row));
        let found = rows.into_iter().map(|row| of(&mut Row::new(row))).collect::<Result<_, _>>()?;
        Ok(Self { found, next })
    }
}

/// Writes a token: the values of the last row, and what they are values of.
fn write(scope: &[String], last: &[Value]) -> String {
    let mut token = format!("{:016x}", digest(scope));
    for value in last {
        // writing to a text does not fail
        let _ = match value {
            Value::Int(number) => write!(token, ".i{number}"),
            Value::Real(number) => write!(token, ".r{:x}", number.to_bits()),
            Value::Text(text) => write!(token, ".t{}", hex(text.as_bytes())),
            Value::Bool(flag) => write!(token, ".i{}", i64::from(*flag)),
            Value::Null | Value::Bytes(_) => write!(token, ".n"),
        };
    }
    token
}

/// Reads a token of `count` values.
///
/// # Errors
/// [`Error::Refused`] for what is no token, or one of another search.
pub(super) fn read(
    scope: &[String],
    token: Option<&str>,
    count: usize,
) -> Result<Option<Vec<Value>>, Error> {
    let Some(token) = token.filter(|it| !it.is_empty()) else { return Ok(None) };
    let unread = || {
        let words = "Invalid page token, could not be read; send the `next_page_token` of the page before with the same `filter` and `order_by`";
        Error::invalid(words)
    };
    let mut parts = token.split('.');
    let is_same = parts.next().is_some_and(|it| it == format!("{:016x}", digest(scope)));
    let values: Option<Vec<_>> = parts.map(value).collect();
    let values = values.filter(|it| is_same && it.len() == count).ok_or_else(unread)?;
    Ok(Some(values))
}

fn value(part: &str) -> Option<Value> {
    let mut chars = part.chars();
    let kind = chars.next()?;
    let rest = chars.as_str();
    Some(match kind {
        'i' => Value::Int(rest.parse().ok()?),
        'r' => Value::Real(f64::from_bits(u64::from_str_radix(rest, 16).ok()?)),
        't' => Value::Text(unhex(rest)?),
        'n' if rest.is_empty() => Value::Null,
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // writing to a text does not fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<String> {
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|it| it.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
}

/// Fowler, Noll and Vo's hash (1a, 64 bits): tells texts apart, and protects nothing.
fn digest(texts: &[String]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::store::Value;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let scope = ["runs".to_owned()];
        let last = [Value::Int(-3), Value::Real(-0.5), Value::Text("é.".into()), Value::Null];
        let token = write(&scope, &last);
        assert!(token.bytes().all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it)));
        assert_eq!(read(&scope, Some(&token), 4).unwrap().unwrap(), last);
        assert_eq!(read(&scope, None, 4).unwrap(), None);
        assert_eq!(read(&scope, Some(""), 4).unwrap(), None);
    }

    #[test]
    fn a_token_of_another_search_is_refused() {
        let scope = ["runs".to_owned()];
        let token = write(&scope, &[Value::Int(1)]);
        let other = ["runs".to_owned(), "a".to_owned()];
        let tokens = ["x", "e30=", "eyJvZmZzZXQiOiAwfQ==", "0.i1", ".", "é", "0000000000000000.té"];
        for (scope, token, count) in [(&other[..], &*token, 1), (&scope[..], &token, 2)]
            .into_iter()
            .chain(tokens.map(|token| (&scope[..], token, 1)))
        {
            let error = read(scope, Some(token), count).unwrap_err().to_string();
            assert!(error.starts_with("Invalid page token"), "{token}: {error}");
        }
    }
}
