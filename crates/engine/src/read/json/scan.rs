//! Looks ahead over a list of numbers, so that it can be stored at its exact size.

use crate::read::tree_json::Json;

/// The narrowest type that holds all numbers of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Float,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) count: usize,
    pub(super) class: Class,
}

/// Counts the numbers up to the closing bracket; `None` when the list is empty, not closed or holds
/// anything else. Stops at the first byte that no list of numbers has, so that nested lists are not
/// looked at again for each list around them.
pub(super) fn numbers(rest: &[u8]) -> Option<Found> {
    let mut found = Found { count: 1, class: Class::Bool };
    let (mut first, mut digits) = (None, 0);
    for &byte in rest {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => {}
            b'"' | b'[' | b'{' | b'}' => return None,
            b',' | b']' => {
                let class = match first? {
                    b't' | b'f' => Class::Bool,
                    b'-' | b'0'..=b'9' if digits > 0 => of_digits(digits),
                    b'-' | b'N' | b'I' => Class::Float,
                    _ => return None,
                };
                found.class = found.class.max(class);
                if byte == b']' {
                    return Some(found);
                }
                found.count += 1;
                (first, digits) = (None, 0);
            }
            b'0'..=b'9' => {
                first = first.or(Some(byte));
                digits += 1;
            }
            b'.' | b'e' | b'E' if digits > 0 => found.class = Class::Float,
            _ => first = first.or(Some(byte)),
        }
    }
    None
}

fn of_digits(digits: usize) -> Class {
    match digits {
        0..=2 => Class::I8,
        3..=4 => Class::I16,
        5..=9 => Class::I32,
        10..=18 => Class::I64,
        _ => Class::Float,
    }
}

/// A number, boolean or null at the start of a text, and its length.
pub(super) fn word(rest: &[u8]) -> Option<(Json, usize)> {
    if let Some(found) = small(rest) {
        return Some(found);
    }
    if !matches!(rest.first(), Some(b'0'..=b'9')) {
        for (word, value) in [
            (&b"null"[..], Json::Null),
            (b"true", Json::Bool(true)),
            (b"false", Json::Bool(false)),
            (b"NaN", Json::Float(f64::NAN)),
            (b"Infinity", Json::Float(f64::INFINITY)),
            (b"-Infinity", Json::Float(f64::NEG_INFINITY)),
        ] {
            if rest.starts_with(word) {
                return Some((value, word.len()));
            }
        }
    }
    let part = |b: &&u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let len = rest.iter().take_while(part).count();
    let digits = str::from_utf8(rest.get(..len)?).ok()?;
    Some((number(digits)?, len))
}

/// A whole number of up to 18 digits: most numbers of a model's file.
fn small(rest: &[u8]) -> Option<(Json, usize)> {
    let mut value = 0i64;
    let mut len = 0;
    for byte in rest {
        match byte {
            b'0'..=b'9' if len < 18 => value = value * 10 + i64::from(byte - b'0'),
            b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-' => return None,
            _ => break,
        }
        len += 1;
    }
    (len > 0).then_some((Json::Int(value), len))
}

/// A number by JSON's grammar.
fn number(digits: &str) -> Option<Json> {
    let body = digits.strip_prefix('-').unwrap_or(digits);
    if !body.starts_with(|c: char| c.is_ascii_digit())
        || !body.ends_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    if body.bytes().all(|b| b.is_ascii_digit())
        && let Ok(whole) = digits.parse()
    {
        return Some(Json::Int(whole));
    }
    digits.parse().ok().map(Json::Float)
}
