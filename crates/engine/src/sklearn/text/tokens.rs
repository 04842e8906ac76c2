use regex::Regex;

use super::{analyzer::is_space, pattern};
use crate::{
    Error,
    read::{Cursor, Kind},
};

/// How a document is cut into words: Python's `re.findall` with the `token_pattern`.
#[derive(Debug)]
pub(super) enum Tokens {
    /// Runs of word characters of at least this length: the default pattern (two) and `\w+`.
    Runs(usize),
    /// What stands between white space: Python's `str.split`.
    Between,
    /// Every character: Python's `list` of a text.
    Each,
    /// Any other pattern.
    Pattern {
        regex: Regex,
        /// The pattern has a group, whose text is the token.
        group: bool,
    },
}

impl Tokens {
    /// A function of Python's own, which is stored by its name.
    pub(super) fn of_method(function: Cursor<'_>) -> Option<Self> {
        match function.kind() {
            Kind::Global("builtins", "str.split") => Some(Self::Between),
            Kind::Global("builtins", "list" | "tuple") => Some(Self::Each),
            _ => None,
        }
    }

    /// Understands a pattern in Python's syntax.
    pub(super) fn read(source: &str) -> Result<Self, Error> {
        match source.strip_prefix("(?u)").unwrap_or(source) {
            r"\b\w\w+\b" | r"\w\w+" | r"\b\w{2,}\b" | r"\w{2,}" => return Ok(Self::Runs(2)),
            r"\b\w+\b" | r"\w+" => return Ok(Self::Runs(1)),
            r"\b\w\w\w+\b" | r"\w\w\w+" | r"\b\w{3,}\b" | r"\w{3,}" => return Ok(Self::Runs(3)),
            _ => {}
        }
        let refused = |reason: String| Error::Unsupported {
            what: format!("the token pattern `{source}`"),
            reason,
            hint: "use a pattern without look-around, back-references and `$`, or the default"
                .into(),
        };
        let translated = pattern::translate(source).map_err(refused)?;
        let regex = Regex::new(&translated).map_err(|error| {
            let last = error.to_string();
            let last = last.lines().last().unwrap_or_default().trim().to_owned();
            refused(format!("it cannot be expressed natively ({last})"))
        })?;
        if regex.is_match("") {
            return Err(refused("it also matches the empty text".into()));
        }
        match regex.captures_len() {
            1 => Ok(Self::Pattern { regex, group: false }),
            2 => Ok(Self::Pattern { regex, group: true }),
            more => Err(refused(format!("it has {} groups where one is the most", more - 1))),
        }
    }

    /// Calls `found` with every token.
    pub(super) fn each<'t>(&self, text: &'t str, mut found: impl FnMut(&'t str)) {
        match self {
            Self::Runs(least) => {
                if text.is_ascii() {
                    ascii_runs(text, *least, found);
                } else {
                    unicode_runs(text, *least, found);
                }
            }
            Self::Between => {
                text.split(is_space).filter(|word| !word.is_empty()).for_each(found);
            }
            Self::Each => {
                let mut rest = text;
                while let Some(c) = rest.chars().next() {
                    let (one, more) = rest.split_at(c.len_utf8());
                    found(one);
                    rest = more;
                }
            }
            Self::Pattern { regex, group } => {
                let masked = masked(text);
                let haystack = masked.as_deref().unwrap_or(text);
                if *group {
                    for captures in regex.captures_iter(haystack) {
                        // a group that took no part is an empty token in Python
                        let range = captures.get(1).map_or(0..0, |m| m.range());
                        found(text.get(range).unwrap_or_default());
                    }
                } else {
                    for matched in regex.find_iter(haystack) {
                        found(text.get(matched.range()).unwrap_or_default());
                    }
                }
            }
        }
    }
}

fn ascii_runs<'t>(text: &'t str, least: usize, mut found: impl FnMut(&'t str)) {
    let mut start = None;
    for (at, byte) in text.bytes().enumerate() {
        match (start, byte.is_ascii_alphanumeric() || byte == b'_') {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                if at - from >= least {
                    found(text.get(from..at).unwrap_or_default());
                }
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start
        && text.len() - from >= least
    {
        found(text.get(from..).unwrap_or_default());
    }
}

fn unicode_runs<'t>(text: &'t str, least: usize, mut found: impl FnMut(&'t str)) {
    let (mut start, mut count) = (0, 0);
    for (at, c) in text.char_indices() {
        if is_word(c) {
            if count == 0 {
                start = at;
            }
            count += 1;
        } else {
            if count >= least {
                found(text.get(start..at).unwrap_or_default());
            }
            count = 0;
        }
    }
    if count >= least {
        found(text.get(start..).unwrap_or_default());
    }
}

/// Python's `\w`: letters, numbers, underscore. Unlike Rust's alphabetic characters, letters do
/// not include marks and enclosed signs.
fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    c.is_numeric() || (c.is_alphabetic() && !is_alphabetic_mark(c))
}

/// Alphabetic characters outside the general category of letters and numbers.
fn is_alphabetic_mark(c: char) -> bool {
    // the blocks with the most text have none of them, and need no table
    if matches!(c, '\u{80}'..='\u{344}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}') {
        return false;
    }
    unicode_normalization::char::is_combining_mark(c)
        || matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f149}' | '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}')
}

/// True for characters that Rust's `\b` may take for parts of words and Python's does not:
/// marks, enclosed letters, connectors other than the underscore, joiners.
fn is_foreign(c: char) -> bool {
    !c.is_ascii()
        && !is_word(c)
        && (c.is_alphabetic()
            || unicode_normalization::char::is_combining_mark(c)
            || matches!(
                c,
                '\u{200c}'
                    | '\u{200d}'
                    | '\u{203f}'
                    | '\u{2040}'
                    | '\u{2054}'
                    | '\u{fe33}'
                    | '\u{fe34}'
                    | '\u{fe4d}'..='\u{fe4f}' | '\u{ff3f}'
            ))
}

/// The text with every foreign character replaced by one of the same length that neither language
/// takes for part of a word; `None` when there is none, as nearly always.
fn masked(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    if !text.chars().any(is_foreign) {
        return None;
    }
    let replace = |c: char| match (is_foreign(c), c.len_utf8()) {
        (false, _) => c,
        (true, 2) => '\u{a1}',
        (true, 3) => '\u{e000}',
        (true, _) => '\u{f0000}',
    };
    Some(text.chars().map(replace).collect())
}

#[cfg(test)]
mod tests {
    use super::{Regex, Tokens, is_foreign, is_word};

    fn tokens(pattern: &str, text: &str) -> Vec<String> {
        let mut all = Vec::new();
        Tokens::read(pattern).unwrap().each(text, |token| all.push(token.to_owned()));
        all
    }

    #[test]
    fn the_default_pattern_finds_runs_of_two_and_more() {
        let default = r"(?u)\b\w\w+\b";
        assert_eq!(tokens(default, "a bc d_e 12 é"), ["bc", "d_e", "12"]);
        assert_eq!(tokens(default, "straße x 東京"), ["straße", "東京"]);
        // a combining accent ends a word in Python
        assert_eq!(tokens(default, "cafe\u{301}s"), ["cafe"]);
    }

    #[test]
    fn word_boundaries_of_patterns_are_those_of_python() {
        assert_eq!(tokens(r"\b[a-z]\w+\b", "cafe\u{301}s"), ["cafe"]);
        assert_eq!(tokens(r"(\w+)-\w+|\bwine", "red-wine wine"), ["red", ""]);
    }

    #[test]
    fn word_characters_are_letters_numbers_and_underscore() {
        let rust = Regex::new(r"^\w$").unwrap();
        // the tables of two crates may be of two versions of Unicode
        let new = Regex::new(r"^\p{Cn}$").unwrap();
        let python = Regex::new(r"^[\p{L}\p{N}_]$").unwrap();
        for c in ('\0'..='\u{1ffff}').chain('\u{20000}'..='\u{20010}') {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer);
            if new.is_match(text) {
                continue;
            }
            assert_eq!(is_word(c), python.is_match(text), "{c:?}");
            assert_eq!(is_foreign(c), rust.is_match(text) && !is_word(c), "{c:?}");
        }
    }
}
