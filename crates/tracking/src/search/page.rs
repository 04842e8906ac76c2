//! The tokens of pages: where a page ended, so that the next begins behind it, whatever was added before.

use std::fmt::{self, Write as _};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Error,
    store::{Row, Value},
};

/// What tokens say that are sent with another order.
const ORDER: &str = "Order by in the page token does not match";

/// What a token belongs to: one of another search is refused.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// What is said when a part differs, and the digest of the part.
    parts: Vec<(&'static str, u64)>,
}

impl Scope {
    /// A search of `kind`, sorted by `order`.
    pub(super) fn of<T: AsRef<str>>(kind: &str, order: impl IntoIterator<Item = T>) -> Self {
        Self { parts: vec![("", digest([kind])), (ORDER, digest(order))] }
    }

    /// The same for some `texts` alone; `words` say that others were asked for.
    pub(super) fn and<T: AsRef<str>>(
        mut self,
        words: &'static str,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        self.parts.push((words, digest(texts)));
        self
    }

    /// What differs from the scope that a token was written for, in words.
    fn differs(&self, written: &str) -> Option<&'static str> {
        let written: Vec<_> = written.split('-').collect();
        if written.len() != self.parts.len() {
            return Some("");
        }
        let mut parts = self.parts.iter().zip(written);
        let other = parts.find(|((_, digest), written)| format!("{digest:x}") != *written)?;
        Some(other.0.0)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (_, digest)) in self.parts.iter().enumerate() {
            let between = if index == 0 { "" } else { "-" };
            write!(out, "{between}{digest:x}")?;
        }
        Ok(())
    }
}

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
        scope: &Scope,
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

/// Writes a token, in base64 as MLflow's: the values of the last row, and what they are values of.
fn write(scope: &Scope, last: &[Value]) -> String {
    let mut token = scope.to_string();
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
    STANDARD.encode(token)
}

/// Reads a token of `count` values.
///
/// # Errors
/// [`Error::Refused`] for what is no token, or one of another search.
pub(super) fn read(
    scope: &Scope,
    token: Option<&str>,
    count: usize,
) -> Result<Option<Vec<Value>>, Error> {
    let Some(token) = token.filter(|it| !it.is_empty()) else { return Ok(None) };
    let mend =
        "send the `next_page_token` of the page before with the same `filter` and `order_by`";
    let text = STANDARD.decode(token).ok().and_then(|it| String::from_utf8(it).ok());
    let undecoded =
        || Error::invalid(format!("Invalid page token, could not base64-decode it; {mend}"));
    let text = text.ok_or_else(undecoded)?;
    let mut parts = text.split('.');
    let differs = scope.differs(parts.next().unwrap_or_default());
    if let Some(words) = differs.filter(|it| !it.is_empty()) {
        return Err(Error::invalid(format!("{words} what is asked for; {mend}")));
    }
    let values: Option<Vec<_>> = parts.map(value).collect();
    let values = values.filter(|it| differs.is_none() && it.len() == count);
    let unread = || Error::invalid(format!("Invalid page token, could not be read; {mend}"));
    values.map(Some).ok_or_else(unread)
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
fn digest<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> u64 {
    texts.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, text| {
        let bytes = text.as_ref().bytes().chain([0xff]);
        bytes.fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    })
}

#[cfg(test)]
mod tests {
    use super::{Scope, read, write};
    use crate::store::Value;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let scope = Scope::of("runs", ["a"]).and("Filter", Some("b"));
        let last = [Value::Int(-3), Value::Real(-0.5), Value::Text("é.".into()), Value::Null];
        let token = write(&scope, &last);
        assert_eq!(read(&scope, Some(&token), 4).unwrap().unwrap(), last);
        assert_eq!(read(&scope, None, 4).unwrap(), None);
        assert_eq!(read(&scope, Some(""), 4).unwrap(), None);
    }

    #[test]
    fn a_token_of_another_search_is_refused() {
        let scope = Scope::of("runs", ["a"]);
        let token = write(&scope, &[Value::Int(1)]);
        // nothing, `{}`, `{"offset": 0}`, `0-0.té`, and what is no base64
        let tokens = ["=", "e30=", "eyJvZmZzZXQiOiAwfQ==", "MC0wLnTDqQ==", "evilhax", "é"];
        for (scope, token, count) in
            [(&Scope::of("traces", ["a"]), &*token, 1), (&scope, &token, 2)]
                .into_iter()
                .chain(tokens.map(|token| (&scope, token, 1)))
        {
            let error = read(scope, Some(token), count).unwrap_err().to_string();
            assert!(error.starts_with("Invalid page token"), "{token}: {error}");
        }
    }

    #[test]
    fn what_differs_is_named() {
        let scope = |order: &str, filter: Option<&'static str>| {
            Scope::of("runs", [order.to_owned()])
                .and("Filter in the page token does not match", filter)
        };
        let token = write(&scope("a", None), &[Value::Int(1)]);
        let refused = |scope: &Scope| read(scope, Some(&token), 1).unwrap_err().to_string();
        let (order, filter) = (refused(&scope("b", None)), refused(&scope("a", Some("x"))));
        assert!(order.starts_with("Order by in the page token does not match"), "{order}");
        assert!(filter.starts_with("Filter in the page token does not match"), "{filter}");
    }
}
