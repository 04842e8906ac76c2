use std::borrow::Cow;

use super::{
    Number,
    number::{self, Decimal},
    text,
};
use crate::failure::Failure;

/// Walks a JSON text; its callers say what they expect next.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    max_depth: usize,
    /// What the text is, for messages.
    name: &'static str,
}

/// A value that is neither a list nor an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
}

impl<'a> Scanner<'a> {
    /// Starts at the first byte of `body`, which must be UTF-8.
    pub(crate) fn new(body: &'a [u8], max_depth: usize) -> Result<Self, Failure> {
        Self::named("the body", body, max_depth)
    }

    /// The same for a line of a body.
    pub(crate) fn line(line: &'a [u8], max_depth: usize) -> Result<Self, Failure> {
        Self::named("the line", line, max_depth)
    }

    fn named(name: &'static str, body: &'a [u8], max_depth: usize) -> Result<Self, Failure> {
        let text = std::str::from_utf8(body).map_err(|error| {
            Failure::invalid(format!("{name} is not UTF-8 at byte {}", error.valid_up_to()))
        })?;
        // Python's `json.dumps(...).encode("utf-8-sig")` and Windows editors begin with a mark
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Ok(Self { text, at, depth: 0, max_depth, name })
    }

    /// The whole text's length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The offset of the next byte.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// The text between two offsets.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// A failure at `at`.
    fn wrong(&self, at: usize, reason: impl AsRef<str>) -> Failure {
        let (name, reason) = (self.name, reason.as_ref());
        Failure::invalid(format!("{name} is not valid JSON at byte {at}: {reason}"))
    }

    /// What kind of value comes next, for messages.
    pub(crate) fn shape(&mut self) -> &'static str {
        match self.peek() {
            Some(b'[') => "a list",
            Some(b'{') => "an object",
            Some(b'"') => "a text",
            Some(b't') => "true",
            Some(b'f') => "false",
            Some(b'n') => "null",
            Some(_) => "a number",
            None => "nothing",
        }
    }

    /// The failure of a value of another kind than `expected`; where no value comes at all, the text
    /// is no JSON.
    pub(crate) fn other_than(&mut self, expected: &str) -> Failure {
        let compound = matches!(self.peek(), Some(b'[' | b'{'));
        if !compound && self.clone().scalar().is_err() {
            return self.fault(expected);
        }
        let (at, found) = (self.at, self.shape());
        Failure::invalid(format!("expected {expected} at byte {at}, found {found}"))
    }

    /// A failure at the next byte.
    pub(crate) fn fault(&self, expected: &str) -> Failure {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => {
                let found = found.escape_default();
                self.wrong(self.at, format!("expected {expected}, found `{found}`"))
            }
            None => {
                self.wrong(self.at, format!("expected {expected}, found the end of {}", self.name))
            }
        }
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.at = blank(self.text.as_bytes(), self.at);
        self.byte()
    }

    /// Steps over `open` (`[` or `{`).
    pub(crate) fn begin(&mut self, open: u8) -> Result<(), Failure> {
        if self.peek() != Some(open) {
            return Err(self.other_than(if open == b'[' { "a list" } else { "an object" }));
        }
        if self.depth == self.max_depth {
            return Err(self.wrong(self.at, format!("nested deeper than {}", self.max_depth)));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Inside a list or object that ends with `close`: true when an item follows; steps over the
    /// comma or the end.
    pub(crate) fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, Failure> {
        let next = self.peek();
        if next == Some(close) {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if std::mem::take(first) {
            return Ok(true);
        }
        if next != Some(b',') {
            return Err(self.fault(if close == b']' { "`,` or `]`" } else { "`,` or `}`" }));
        }
        self.at += 1;
        if self.peek() == Some(close) {
            return Err(self.fault("a value after the comma"));
        }
        Ok(true)
    }

    /// A key with its colon.
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>, Failure> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key in double quotes"));
        }
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.fault("`:`"));
        }
        self.at += 1;
        Ok(key)
    }

    /// A text.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Failure> {
        if self.peek() != Some(b'"') {
            return Err(self.other_than("a text"));
        }
        let (text, end) =
            text::read(self.text, self.at).map_err(|(at, reason)| self.wrong(at, reason))?;
        self.at = end;
        Ok(text)
    }

    /// A value that is no list or object.
    pub(crate) fn scalar(&mut self) -> Result<Scalar<'a>, Failure> {
        Ok(match self.peek() {
            Some(b'"') => Scalar::Text(self.string()?),
            Some(b't') => self.word("true", Scalar::Bool(true))?,
            Some(b'f') => self.word("false", Scalar::Bool(false))?,
            Some(b'n') => self.word("null", Scalar::Null)?,
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Scalar::Number(self.number()?),
            _ => return Err(self.fault("a value")),
        })
    }

    /// A number, or one of Python's three words for one.
    pub(crate) fn number(&mut self) -> Result<Number, Failure> {
        self.peek();
        let float = |value| Number::Float(value);
        if let Some(value) = self.named_number() {
            return Ok(float(value));
        }
        match number::lex(self.text.as_bytes(), self.at) {
            Ok(lexed) => {
                let text = self.slice(self.at, lexed.end);
                self.at = lexed.end;
                Ok(lexed.number(text))
            }
            Err(at) => {
                self.at = at;
                Err(self.fault("a digit"))
            }
        }
    }

    /// `NaN`, `Infinity` or `-Infinity`.
    fn named_number(&mut self) -> Option<f64> {
        if !matches!(self.byte(), Some(b'N' | b'I' | b'-')) {
            return None;
        }
        let rest = self.text.get(self.at..)?;
        let named =
            [("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)];
        let (word, value) = named.into_iter().find(|(word, _)| rest.starts_with(word))?;
        self.at += word.len();
        Some(value)
    }

    /// The next value as a double when it is a number or `null` (which is NaN); `None` when it is
    /// neither, or an integer that a double may not hold. There is no reason then and the offset
    /// may be anywhere: the caller starts over on the careful path.
    #[inline]
    pub(crate) fn double(&mut self) -> Option<f64> {
        self.peek()?;
        let rest = self.text.as_bytes().get(self.at..)?;
        let Some(decimal) = number::decimal(rest) else { return self.other_double() };
        let end = self.at + decimal.length;
        let value = match decimal.value {
            Some(value) => value,
            None => self.text.get(self.at..end)?.parse().ok()?,
        };
        self.at = end;
        Some(value)
    }

    /// A list of such doubles, behind those that `values` holds.
    #[inline]
    pub(crate) fn doubles(&mut self, values: &mut Vec<f64>) -> Option<()> {
        if !self.eat(b'[') {
            return None;
        }
        let bytes = self.text.as_bytes();
        // in a register, which a field is not
        let mut at = self.at;
        loop {
            at = blank(bytes, at);
            let decimal = number::decimal(bytes.get(at..)?);
            let value = if let Some(Decimal { length, value: Some(value) }) = decimal {
                at += length;
                value
            } else {
                self.at = at;
                let value = self.double()?;
                at = self.at;
                value
            };
            values.push(value);
            at = blank(bytes, at);
            match bytes.get(at)? {
                b',' => at += 1,
                b']' => break,
                _ => return None,
            }
        }
        self.at = at + 1;
        Some(())
    }

    /// A value that is no plain decimal.
    #[inline(never)]
    fn other_double(&mut self) -> Option<f64> {
        match self.peek()? {
            b'0'..=b'9' | b'-' => {
                if let Ok(lexed) = number::lex(self.text.as_bytes(), self.at) {
                    if !lexed.is_double() {
                        return None;
                    }
                    let value = lexed.double(self.text.get(self.at..lexed.end)?);
                    self.at = lexed.end;
                    return Some(value);
                }
                self.named_number()
            }
            b'n' => self.word("null", f64::NAN).ok(),
            _ => self.named_number(),
        }
    }

    /// Steps over `byte` if it comes next.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word<T>(&mut self, word: &str, value: T) -> Result<T, Failure> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.fault("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    /// Steps over one value, whatever it is, checking that it is JSON; gives its text.
    pub(crate) fn skip(&mut self) -> Result<&'a str, Failure> {
        self.peek();
        let start = self.at;
        match self.byte() {
            Some(b'[') => {
                self.begin(b'[')?;
                let mut first = true;
                while self.more(b']', &mut first)? {
                    self.skip()?;
                }
            }
            Some(b'{') => {
                self.begin(b'{')?;
                let mut first = true;
                while self.more(b'}', &mut first)? {
                    self.key()?;
                    self.skip()?;
                }
            }
            _ => {
                self.scalar()?;
            }
        }
        Ok(self.slice(start, self.at))
    }

    /// Nothing but white space may follow.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault(&format!("the end of {}", self.name))),
        }
    }
}

/// The offset of the first byte from `at` that is not white space.
#[inline]
fn blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The failure of a key that comes twice.
pub(crate) fn twice(key: &str) -> Failure {
    Failure::invalid(format!("the key `{key}` comes twice"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip(text: &str) -> Result<(), String> {
        let mut scanner = Scanner::new(text.as_bytes(), 8).map_err(|f| f.message.to_string())?;
        scanner.skip().and_then(|_| scanner.finish()).map_err(|f| f.message.to_string())
    }

    #[test]
    fn json_is_told_from_what_is_not() {
        for good in [
            "{}",
            " [1, -2.5e3 ,\"a\",true,false,null, {\"a\":{}}] ",
            "NaN",
            "-Infinity",
            "\u{feff}1",
        ] {
            assert_eq!(skip(good), Ok(()), "{good}");
        }
        for (bad, at) in [
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("{a:1}", 1),
            ("{\"a\" 1}", 5),
            ("{\"a\":1,}", 7),
            ("tru", 0),
            ("[1]x", 3),
            ("'a'", 0),
            ("[[[[[[[[[1]]]]]]]]]", 8),
            ("nan", 0),
            ("[01]", 2),
        ] {
            let message = skip(bad).unwrap_err();
            assert!(message.contains(&format!("at byte {at}:")), "{bad}: {message}");
        }
    }

    #[test]
    fn a_body_that_is_no_utf8_says_where() {
        let failure = Scanner::new(b"{\"a\": \"\xff\"}", 8).unwrap_err();
        assert_eq!(failure.message, "the body is not UTF-8 at byte 7");
    }
}
