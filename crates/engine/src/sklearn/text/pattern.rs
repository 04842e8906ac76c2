//! Regular expressions from Python's syntax to Rust's.

use std::{iter::Peekable, str::Chars};

/// What `\w` and `\s` match in Python, as members of a character class.
const WORD: &str = r"\p{L}\p{N}_";
const SPACE: &str = r"\s\x1c-\x1f";

/// The same pattern for the `regex` crate.
///
/// # Errors
/// Says which construct has no equivalent there.
pub(super) fn translate(source: &str) -> Result<String, String> {
    let mut out = String::with_capacity(source.len() + 16);
    let mut chars = source.chars().peekable();
    let folds = ignores_case(source);
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, &mut out)?,
            '[' => {
                if class(&mut chars, &mut out)? && folds {
                    out.truncate(out.len() - 1);
                    out.push_str(ALL_I);
                    out.push(']');
                }
            }
            c if folds && ALL_I.contains(c) => out.extend(["[", ALL_I, "]"]),
            '(' => group(&mut chars, &mut out)?,
            '{' => repeat(&mut chars, &mut out),
            '}' | ']' => out.extend(['\\', c]),
            '$' => return Err("`$` also matches before a last line break in Python".into()),
            '*' | '+' | '?' => {
                out.push(c);
                if c != '?' || !out.ends_with("??") {
                    possessive(&mut chars)?;
                }
            }
            _ => out.push(c),
        }
    }
    Ok(out)
}

/// One letter to Python when it ignores case; to Rust the dotted capital and the dotless small one
/// are letters of their own.
const ALL_I: &str = "iI\u{130}\u{131}";

/// Whether a pattern says somewhere that it ignores case, as `(?i)` or `(?ui)` or `(?i:`.
fn ignores_case(source: &str) -> bool {
    source.split("(?").skip(1).any(|rest| {
        let flags: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
        let ends = rest.get(flags.len()..).is_some_and(|rest| rest.starts_with([')', ':', '-']));
        ends && flags.contains('i')
    })
}

/// After a quantifier, `?` makes it lazy in both languages; `+` makes it possessive in Python.
fn possessive(chars: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    match chars.peek() {
        Some('+') => Err("it has a possessive quantifier".into()),
        _ => Ok(()),
    }
}

fn escape(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    match chars.next() {
        None => return Err("it ends in a backslash".into()),
        Some('w') => out.extend(["[", WORD, "]"]),
        Some('W') => out.extend(["[^", WORD, "]"]),
        Some('s') => out.extend(["[", SPACE, "]"]),
        Some('S') => out.extend(["[^", SPACE, "]"]),
        Some('Z') => out.push_str(r"\z"),
        Some(c @ ('b' | 'B' | 'A')) => out.extend(['\\', c]),
        Some(c) => {
            character(c, chars, out)?;
        }
    }
    Ok(())
}

/// An escape that stands for a character, which is given back, or for digits.
fn character(
    c: char,
    chars: &mut Peekable<Chars<'_>>,
    out: &mut String,
) -> Result<Option<char>, String> {
    let meant = match c {
        'd' | 'D' | 't' | 'n' | 'r' | 'f' | 'v' | 'a' => {
            out.extend(['\\', c]);
            match c {
                'd' | 'D' => return Ok(None),
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                'f' => '\x0c',
                'v' => '\x0b',
                _ => '\x07',
            }
        }
        'x' | 'u' | 'U' => {
            let count = match c {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let digits: String = chars.by_ref().take(count).collect();
            let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == count);
            let code = code.ok_or("it has a malformed escape")?;
            out.extend([r"\x{", &format!("{code:x}"), "}"]);
            return Ok(char::from_u32(code));
        }
        '0' => {
            out.push_str(r"\x00");
            '\0'
        }
        '1'..='9' => return Err("it has a back-reference".into()),
        c if c.is_ascii_alphabetic() => return Err(format!("it has the escape `\\{c}`")),
        c => {
            if c.is_ascii_punctuation() && c != '<' && c != '>' {
                out.push('\\');
            }
            out.push(c);
            c
        }
    };
    Ok(Some(meant))
}

/// Gives back whether a form of the letter i is among the members of the class.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<bool, String> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    // the member before, when it is a character, and where a range began
    let (mut last, mut from) = (None, None);
    let mut holds = false;
    let mut first = true;
    loop {
        let c = chars.next().ok_or("it has a class without an end")?;
        let member = match c {
            ']' if !first => break,
            '\\' => {
                let c = chars.next().ok_or("it ends in a backslash")?;
                holds |= matches!(c, 'w' | 'S' | 'D');
                match c {
                    'w' => out.push_str(WORD),
                    'W' => out.extend(["[^", WORD, "]"]),
                    's' => out.push_str(SPACE),
                    'S' => out.extend(["[^", SPACE, "]"]),
                    'b' => out.push_str(r"\x08"),
                    _ => {}
                }
                match c {
                    'w' | 'W' | 's' | 'S' => None,
                    'b' => Some('\x08'),
                    c => character(c, chars, out)?,
                }
            }
            // a range, unless it stands first, last or after a set
            '-' if !first && out.ends_with(|c: char| c != '^') => {
                let ends = matches!(chars.peek(), Some(']') | None);
                let after_set = out.ends_with(WORD) || out.ends_with(SPACE) || out.ends_with(']');
                if !ends && !after_set {
                    out.push('-');
                    from = last.take();
                    continue;
                }
                out.push_str(r"\-");
                Some(c)
            }
            c => {
                if c.is_ascii_punctuation() && c != '_' {
                    out.push('\\');
                }
                out.push(c);
                Some(c)
            }
        };
        if let Some(end) = member {
            let range = from.unwrap_or(end)..=end;
            holds |= ALL_I.chars().any(|c| range.contains(&c));
        }
        // no range begins where one ends
        last = member.filter(|_| from.is_none());
        from = None;
        first = false;
    }
    out.push(']');
    Ok(holds)
}

fn group(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.push('(');
    if chars.peek() != Some(&'?') {
        return Ok(());
    }
    chars.next();
    match chars.next() {
        Some(':') => out.push_str("?:"),
        Some('P') if chars.peek() == Some(&'<') => {
            out.push_str("?P");
            while let Some(c) = chars.next_if(|&c| c != '>') {
                out.push(c);
            }
        }
        Some(c @ ('i' | 'm' | 's' | 'u' | 'x' | '-')) => {
            out.extend(['?', c]);
            while let Some(c) = chars.next_if(|&c| c.is_ascii_alphabetic() || c == '-') {
                out.push(c);
            }
        }
        Some('=' | '!' | '<') => return Err("it looks around".into()),
        Some('#') => {
            out.pop();
            chars.by_ref().find(|&c| c == ')').ok_or("it has a comment without an end")?;
        }
        _ => return Err("it has a group of a kind that only Python has".into()),
    }
    Ok(())
}

/// `{2}`, `{2,}`, `{,3}`, `{2,3}`; anything else in braces is plain text to Python.
fn repeat(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    // what begins otherwise is looked at no further, however often it comes
    let ahead: String = chars.clone().take_while(|&c| c.is_ascii_digit() || c == ',').collect();
    let closed = chars.clone().nth(ahead.len()) == Some('}');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let valid = match ahead.split_once(',') {
        Some((low, high)) => digits(low) && digits(high) && ahead.len() > 1,
        None => !ahead.is_empty() && digits(&ahead),
    };
    if closed && valid {
        out.push('{');
        if ahead.starts_with(',') {
            out.push('0');
        }
        out.push_str(&ahead);
        out.push('}');
        for _ in 0..=ahead.len() {
            chars.next();
        }
    } else {
        out.push_str(r"\{");
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::translate;

    fn all(pattern: &str, text: &str) -> Vec<String> {
        let regex = Regex::new(&translate(pattern).unwrap()).unwrap();
        regex.find_iter(text).map(|m| m.as_str().to_owned()).collect()
    }

    #[test]
    fn classes_keep_their_meaning() {
        assert_eq!(all(r"[\w-]+", "a-b c&d"), ["a-b", "c", "d"]);
        assert_eq!(all(r"[a-z&&c]+", "ab&c"), ["ab&c"]);
        assert_eq!(all(r"[^\W\d_]+", "ab1_ç"), ["ab", "ç"]);
        assert_eq!(all(r"[]x]+", "a]x"), ["]x"]);
        assert_eq!(all(r"[#@]\w+", "#tag @me"), ["#tag", "@me"]);
    }

    #[test]
    fn braces_that_count_nothing_are_text() {
        assert_eq!(all(r"x{a}", "x{a}"), ["x{a}"]);
        assert_eq!(all(r"\w{,2}b", "aab"), ["aab"]);
        assert_eq!(all(r"x{1,2,3}", "x{1,2,3}"), ["x{1,2,3}"]);
        assert_eq!(all(r"x{", "x{"), ["x{"]);
    }

    #[test]
    fn long_patterns_are_translated_at_once() {
        // each of these would take minutes, were the rest looked through at every one
        assert_eq!(translate(&"{".repeat(1_000_000)).unwrap().len(), 2_000_000);
        assert_eq!(translate(&"{1,".repeat(400_000)).unwrap().len(), 1_600_000);
        let classes = r"(?i)".to_owned() + &r"[\w-]".repeat(200_000);
        assert!(translate(&classes).unwrap().len() > classes.len());
    }

    #[test]
    fn the_turkish_letters_are_an_i_when_case_is_ignored() {
        assert_eq!(all(r"(?i)[a-z]+", "İstanbul ılık"), ["İstanbul", "ılık"]);
        assert_eq!(all(r"(?ui)\b[^i]+", "xİyıI"), ["x"]);
        assert_eq!(all(r"(?i)in", "İN ın"), ["İN", "ın"]);
        assert_eq!(all(r"[a-z]+", "ılık"), ["l", "k"]);
        assert_eq!(all(r"(?i)[0-9]+", "1ı2"), ["1", "2"]);
        let found = |class: &str| !all(&format!("(?i){class}"), "ı").is_empty();
        for class in [
            r"[\t-j]",
            r"[\x40-\x7a]",
            r"[\u0130]",
            r"[\S]",
            r"[\D]",
            r"[^\W]",
            r"[^a-h-j]",
            "[!-I]",
        ] {
            assert!(found(class), "{class}");
        }
        for class in [r"[a-h-j]", r"[\s\d]", r"[\W]", "[j-z-]", r"[\t-\n]", "[^H-J]", "[^i]"] {
            assert!(!found(class), "{class}");
        }
        assert_eq!(all(r"(?i)(?P<in>x)", "X"), ["X"]);
    }

    #[test]
    fn escapes_keep_their_meaning() {
        assert_eq!(all(r"\S+", "a\u{1c}b"), ["a", "b"]);
        assert_eq!(all(r"[\u0430-\u044f]+", "да yes"), ["да"]);
        assert_eq!(all(r"\<b\>", "<b>"), ["<b>"]);
    }

    #[test]
    fn what_rust_lacks_is_refused() {
        for pattern in [r"(?=a)b", r"(a)\1", r"a++", r"a$", r"(?<!a)b", r"(?a)\w"] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }
}
