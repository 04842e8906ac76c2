use std::collections::HashSet;

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

use super::{stop_words, tokens::Tokens};
use crate::{
    Error, attributes,
    read::{Cursor, Kind},
    sklearn::refuse,
};

/// From a document to its terms: preprocessing, tokens, n-grams.
#[derive(Debug)]
pub(super) struct Analyzer {
    letters: Letters,
    accents: Accents,
    unit: Unit,
    /// Fewest and most units in a term.
    sizes: (usize, usize),
}

/// What happens to a document before it is cut: nothing, or a method of Python's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letters {
    Kept,
    Lower,
    Upper,
    /// No white space at the start and at the end.
    Stripped {
        start: bool,
        end: bool,
    },
}

impl Letters {
    /// A `preprocessor` that is stored by name.
    fn of_method(function: Cursor<'_>) -> Option<Self> {
        Some(match function.kind() {
            Kind::Global("builtins", "str.lower") => Self::Lower,
            Kind::Global("builtins", "str.upper") => Self::Upper,
            Kind::Global("builtins", "str.strip") => Self::Stripped { start: true, end: true },
            Kind::Global("builtins", "str.lstrip") => Self::Stripped { start: true, end: false },
            Kind::Global("builtins", "str.rstrip") => Self::Stripped { start: false, end: true },
            Kind::Global("builtins", "str") => Self::Kept,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accents {
    Kept,
    /// Combining characters of the decomposition are left out.
    Unicode,
    /// Everything of the decomposition outside ASCII is left out.
    Ascii,
}

#[derive(Debug)]
enum Unit {
    Words {
        tokens: Tokens,
        stop: HashSet<Box<str>>,
    },
    /// The tokens themselves, whatever n-grams are asked for.
    Tokens(Tokens),
    Characters,
    /// Characters inside words, which are padded with a space at both ends.
    WordCharacters,
}

const DEFAULT_PATTERN: &str = r"(?u)\b\w\w+\b";

impl Analyzer {
    pub(super) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let class = c.class_name();
        if let Some(source @ ("file" | "filename")) = attributes::text(c, "input") {
            return Err(Error::Unsupported {
                what: format!("`{class}(input=\"{source}\")`"),
                reason: "requests carry texts, not names of files".into(),
                hint: "set `input=\"content\"` before saving the model".into(),
            });
        }
        let unit = match c.attr("analyzer").map(|value| (value, value.kind())) {
            None | Some((_, Kind::Text("word"))) => {
                let tokens = if let Some(function) = given(c, "tokenizer") {
                    Tokens::of_method(function)
                        .ok_or_else(|| refuse::function(class, "tokenizer", function))?
                } else {
                    let pattern = attributes::text(c, "token_pattern");
                    Tokens::read(pattern.unwrap_or(DEFAULT_PATTERN))?
                };
                Unit::Words { tokens, stop: stop_list(c)? }
            }
            Some((_, Kind::Text("char"))) => Unit::Characters,
            Some((_, Kind::Text("char_wb"))) => Unit::WordCharacters,
            Some((function, _)) => Unit::Tokens(
                Tokens::of_method(function)
                    .ok_or_else(|| refuse::function(class, "analyzer", function))?,
            ),
        };
        // a function of one's own is given the document as it is
        let (letters, accents) = match unit {
            Unit::Tokens(_) => (Letters::Kept, Accents::Kept),
            _ => preparation(c)?,
        };
        let mut sizes = (1, 1);
        if c.attr("ngram_range").is_some()
            && let [least, most] = attributes::numbers_of(c, "ngram_range", 2)?[..]
        {
            sizes = (least.max(0.0) as usize, most.max(0.0) as usize);
        }
        Ok(Self { letters, accents, unit, sizes })
    }

    /// Calls `found` with every term of a document. `scratch` is reused from document to document.
    pub(super) fn each(&self, document: &str, scratch: &mut Scratch, found: impl FnMut(&str)) {
        let Scratch { text, joined, places } = scratch;
        self.prepare(document, text);
        match &self.unit {
            Unit::Words { tokens, stop } => {
                words(text, tokens, stop, self.sizes, joined, found);
            }
            Unit::Tokens(tokens) => tokens.each(text, found),
            Unit::Characters => {
                collapse_spaces(text, joined);
                characters(joined, self.sizes, places, found);
            }
            Unit::WordCharacters => {
                // runs of spaces are collapsed first, which splitting does anyway
                padded_words(text, self.sizes, joined, places, found);
            }
        }
    }

    /// The document after lowering and stripping, in `out`.
    fn prepare(&self, document: &str, out: &mut String) {
        out.clear();
        match self.letters {
            Letters::Kept => out.push_str(document),
            Letters::Lower if document.is_ascii() => {
                out.push_str(document);
                out.make_ascii_lowercase();
            }
            Letters::Lower => out.push_str(&document.to_lowercase()),
            Letters::Upper => out.push_str(&document.to_uppercase()),
            Letters::Stripped { start, end } => {
                let rest = if start { document.trim_start_matches(is_space) } else { document };
                out.push_str(if end { rest.trim_end_matches(is_space) } else { rest });
            }
        }
        if self.accents == Accents::Kept || out.is_ascii() {
            return;
        }
        let decomposed = out.nfkd();
        *out = match self.accents {
            Accents::Ascii => decomposed.filter(char::is_ascii).collect(),
            _ => decomposed.filter(|&c| canonical_combining_class(c) == 0).collect(),
        };
    }
}

/// Buffers of one call.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    text: String,
    joined: String,
    places: Vec<usize>,
}

/// A function that was given for a step; `None` for the built-in one.
fn given<'a>(c: Cursor<'a>, name: &str) -> Option<Cursor<'a>> {
    c.attr(name).filter(|function| !function.is_none())
}

/// What happens to a document before it is cut. A `preprocessor` stands for both.
fn preparation(c: Cursor<'_>) -> Result<(Letters, Accents), Error> {
    let class = c.class_name();
    if let Some(function) = given(c, "preprocessor") {
        let letters = Letters::of_method(function)
            .ok_or_else(|| refuse::function(class, "preprocessor", function))?;
        return Ok((letters, Accents::Kept));
    }
    let accents = match c.attr("strip_accents").map(|value| (value, value.kind())) {
        None | Some((_, Kind::None)) => Accents::Kept,
        Some((_, Kind::Text("unicode"))) => Accents::Unicode,
        Some((_, Kind::Text("ascii"))) => Accents::Ascii,
        Some((function, _)) => return Err(refuse::function(class, "strip_accents", function)),
    };
    let lower = attributes::flag(c, "lowercase", true);
    Ok((if lower { Letters::Lower } else { Letters::Kept }, accents))
}

fn stop_list(c: Cursor<'_>) -> Result<HashSet<Box<str>>, Error> {
    let Some(value) = c.attr("stop_words").filter(|value| !value.is_none()) else {
        return Ok(HashSet::new());
    };
    if value.as_str() == Some("english") {
        return Ok(stop_words::english());
    }
    let words = attributes::texts(value).ok_or_else(|| {
        let reason = format!("is {}, where a list of words is expected", value.describe());
        Error::attribute(c.class_name(), "stop_words", reason)
    })?;
    Ok(words.into_iter().map(String::into_boxed_str).collect())
}

fn words(
    text: &str,
    tokens: &Tokens,
    stop: &HashSet<Box<str>>,
    (least, most): (usize, usize),
    joined: &mut String,
    mut found: impl FnMut(&str),
) {
    let passes = |token: &str| stop.is_empty() || !stop.contains(token);
    if most == 1 {
        tokens.each(text, |token| {
            if passes(token) {
                found(token);
            }
        });
        return;
    }
    let mut kept = Vec::new();
    tokens.each(text, |token| {
        if passes(token) {
            kept.push(token);
        }
    });
    for size in least..=most.min(kept.len()) {
        for window in kept.windows(size.max(1)) {
            if let [only] = window {
                found(only);
                continue;
            }
            joined.clear();
            for (at, token) in window.iter().enumerate() {
                if at > 0 {
                    joined.push(' ');
                }
                joined.push_str(token);
            }
            found(joined);
        }
    }
}

/// Python's white space: Rust's and four separators.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// Two and more spaces become one; a single one stays what it is.
fn collapse_spaces(text: &str, out: &mut String) {
    out.clear();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_space(c) && chars.peek().is_some_and(|&next| is_space(next)) {
            while chars.next_if(|&next| is_space(next)).is_some() {}
            out.push(' ');
        } else {
            out.push(c);
        }
    }
}

/// Where each character starts, and the end.
fn boundaries(text: &str, places: &mut Vec<usize>) {
    places.clear();
    places.extend(text.char_indices().map(|(at, _)| at));
    places.push(text.len());
}

fn characters(
    text: &str,
    (least, most): (usize, usize),
    places: &mut Vec<usize>,
    mut found: impl FnMut(&str),
) {
    boundaries(text, places);
    let length = places.len() - 1;
    for size in least.max(1)..=most.min(length) {
        for (start, end) in places.iter().zip(places.iter().skip(size)) {
            found(text.get(*start..*end).unwrap_or_default());
        }
    }
}

fn padded_words(
    text: &str,
    (least, most): (usize, usize),
    padded: &mut String,
    places: &mut Vec<usize>,
    mut found: impl FnMut(&str),
) {
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        padded.clear();
        padded.push(' ');
        padded.push_str(word);
        padded.push(' ');
        boundaries(padded, places);
        let length = places.len() - 1;
        for size in least.max(1)..=most {
            if size >= length {
                // a word that is too short counts once, and longer sizes would repeat it
                found(padded);
                break;
            }
            for (start, end) in places.iter().zip(places.iter().skip(size)) {
                found(padded.get(*start..*end).unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scratch, characters, collapse_spaces, padded_words};

    #[test]
    fn only_runs_of_spaces_collapse() {
        let mut out = String::new();
        collapse_spaces("a\tb \n c", &mut out);
        assert_eq!(out, "a\tb c");
    }

    #[test]
    fn character_terms_count_code_points() {
        let mut all = Vec::new();
        characters("aé東", (2, 3), &mut Vec::new(), |term| all.push(term.to_owned()));
        assert_eq!(all, ["aé", "é東", "aé東"]);
    }

    #[test]
    fn short_words_count_once() {
        let mut all = Vec::new();
        let Scratch { mut joined, mut places, .. } = Scratch::default();
        padded_words("a bcd", (3, 4), &mut joined, &mut places, |term| all.push(term.to_owned()));
        assert_eq!(all, [" a ", " bc", "bcd", "cd ", " bcd", "bcd "]);
    }
}
