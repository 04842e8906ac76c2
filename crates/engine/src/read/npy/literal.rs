//! The Python literals of a `.npy` header.

/// A Python literal. A tuple is read as a list.
#[derive(Debug, PartialEq)]
pub(super) enum Literal {
    None,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Literal>),
    Dict(Vec<(String, Literal)>),
}

/// How deep literals may be nested.
const DEPTH: usize = 32;

/// Parses a whole text; `None` when it is anything but a literal.
pub(super) fn parse(text: &str) -> Option<Literal> {
    let mut reader = Reader { rest: text.as_bytes() };
    let value = reader.value(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Literal> {
        if depth > DEPTH {
            return None;
        }
        self.skip_space();
        match *self.rest.first()? {
            b'(' => self.list(b')', depth),
            b'[' => self.list(b']', depth),
            b'{' => self.dict(depth),
            b'\'' | b'"' => self.text().map(Literal::Text),
            b'-' | b'0'..=b'9' => {
                let len = 1 + self.rest[1..].iter().take_while(|b| b.is_ascii_digit()).count();
                let (digits, rest) = self.rest.split_at_checked(len)?;
                // Python 2 wrote long integers with a suffix
                self.rest = rest.strip_prefix(b"L").unwrap_or(rest);
                str::from_utf8(digits).ok()?.parse().ok().map(Literal::Int)
            }
            _ => [
                ("None", Literal::None),
                ("True", Literal::Bool(true)),
                ("False", Literal::Bool(false)),
            ]
            .into_iter()
            .find_map(|(word, value)| {
                self.rest = self.rest.strip_prefix(word.as_bytes())?;
                Some(value)
            }),
        }
    }

    fn list(&mut self, close: u8, depth: usize) -> Option<Literal> {
        self.rest = self.rest.get(1..)?;
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.value(depth + 1)?);
            if !self.take(b',') {
                return self.take(close).then_some(Literal::List(items));
            }
        }
        Some(Literal::List(items))
    }

    fn dict(&mut self, depth: usize) -> Option<Literal> {
        self.rest = self.rest.get(1..)?;
        let mut pairs = Vec::new();
        while !self.take(b'}') {
            let key = self.text()?;
            if !self.take(b':') {
                return None;
            }
            pairs.push((key, self.value(depth + 1)?));
            if !self.take(b',') {
                return self.take(b'}').then_some(Literal::Dict(pairs));
            }
        }
        Some(Literal::Dict(pairs))
    }

    /// A quoted text. Field names need no escapes, so a text with an escape is refused.
    fn text(&mut self) -> Option<String> {
        self.skip_space();
        let (&quote, rest) = self.rest.split_first()?;
        if !matches!(quote, b'\'' | b'"') {
            return None;
        }
        let len = rest.iter().position(|&b| b == quote)?;
        let text = str::from_utf8(rest.get(..len)?).ok().filter(|text| !text.contains('\\'))?;
        self.rest = rest.get(len + 1..)?;
        Some(text.to_owned())
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(&[byte]) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }
}

#[cfg(test)]
mod tests {
    use super::{Literal, parse};

    #[test]
    fn literals_are_parsed() {
        assert_eq!(parse("(3L, )"), Some(Literal::List(vec![Literal::Int(3)])));
        assert_eq!(parse("()"), Some(Literal::List(vec![])));
        assert_eq!(
            parse(" {'a': [None, -1], \"b\": False} "),
            Some(Literal::Dict(vec![
                ("a".into(), Literal::List(vec![Literal::None, Literal::Int(-1)])),
                ("b".into(), Literal::Bool(false)),
            ]))
        );
        for text in ["", "(", "(1", "(1 2)", "{'a' 1}", "f()", "'a", "1 1", "{,}"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
