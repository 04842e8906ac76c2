//! Which bytes of a file are asked for (RFC 9110 §14).

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All bytes: no range, or one that may be ignored.
    All,
    /// These, with the end excluded.
    Some(Range<u64>),
    /// None that the file has.
    Nothing,
}

/// Reads a `Range` header for a file of `size` bytes. Several ranges at a time count as none: a server
/// may answer the whole file then.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let ranges = header.and_then(|it| it.trim().strip_prefix("bytes="));
    let Some((first, last)) = ranges.and_then(|it| it.trim().split_once('-')) else {
        return Wanted::All;
    };
    if [first, last].iter().any(|it| !it.bytes().all(|byte| byte.is_ascii_digit())) {
        return Wanted::All;
    }
    // a number of too many digits is beyond the end of every file
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let range = match (first, last) {
        ("", "") => return Wanted::All,
        ("", count) => size.saturating_sub(number(count))..size,
        (first, "") => number(first)..size,
        (first, last) if number(first) > number(last) => return Wanted::All,
        (first, last) => number(first)..number(last).saturating_add(1).min(size),
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Some(range) }
}

#[cfg(test)]
mod tests {
    use super::{Wanted, wanted};

    #[test]
    fn ranges_are_those_of_the_standard() {
        let cases = [
            ("bytes=0-0", Wanted::Some(0..1)),
            ("bytes=0-499", Wanted::Some(0..100)),
            ("bytes=50-", Wanted::Some(50..100)),
            ("bytes=-5", Wanted::Some(95..100)),
            ("bytes=-500", Wanted::Some(0..100)),
            ("bytes=99-99", Wanted::Some(99..100)),
            ("bytes=0-99999999999999999999999", Wanted::Some(0..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=5-4", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("items=0-1", Wanted::All),
        ];
        for (header, range) in cases {
            assert_eq!(wanted(Some(header), 100), range, "{header}");
        }
        assert_eq!(wanted(None, 100), Wanted::All);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Nothing);
    }
}
