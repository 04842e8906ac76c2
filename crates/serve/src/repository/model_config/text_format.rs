//! Protobuf's text format without a schema: fields by name, as they are written.

/// Deepest message in a message.
const DEPTH: usize = 32;

/// A value of a field.
#[derive(Debug, PartialEq)]
pub(super) enum Value {
    /// A text in quotes. Its escapes stay as they are: no name or number needs one.
    Text(String),
    /// A number or the name of an enum's value.
    Word(String),
    /// A message.
    Fields(Fields),
    /// A list in brackets.
    List(Vec<Value>),
}

/// The fields of a message, in the order they are written.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// The names, one for each time that a field is given.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value of a field that may be given once.
    pub(super) fn only<'a>(&'a self, name: &'a str) -> Result<Option<&'a Value>, String> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(format!("it has `{name}` twice")),
            (value, None) => Ok(value),
        }
    }

    /// The numbers of a field, which may be given several times and as a list.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<u64>, String> {
        let mut numbers = Vec::new();
        for value in self.all(name) {
            let values = match value {
                Value::List(values) => &values[..],
                single => std::slice::from_ref(single),
            };
            for value in values {
                numbers.push(
                    value.number().ok_or_else(|| {
                        format!("its `{name}` is not a whole number of 0 or more")
                    })?,
                );
            }
        }
        Ok(numbers)
    }
}

impl Value {
    fn number(&self) -> Option<u64> {
        let Self::Word(word) = self else { return None };
        match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => word.parse().ok(),
        }
    }
}

/// Reads a whole text.
pub(super) fn read(text: &str) -> Result<Fields, String> {
    let mut reader = Reader { rest: text, line: 1 };
    reader.fields(None, DEPTH)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str) -> String {
        format!("line {}: {what}", self.line)
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    /// The next character that is neither white space nor in a comment.
    fn peek(&mut self) -> Option<char> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.advance(blank);
            if !self.rest.starts_with('#') {
                return self.rest.chars().next();
            }
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.advance(wanted.len_utf8());
        }
        found
    }

    /// Fields up to the end of the message, or of the text.
    fn fields(&mut self, end: Option<char>, depth: usize) -> Result<Fields, String> {
        if depth == 0 {
            return Err(self.wrong("messages are nested too deep"));
        }
        let mut fields = Vec::new();
        loop {
            match (self.peek(), end) {
                (found, _) if found == end => break,
                (None, Some(end)) => return Err(self.wrong(&format!("a `{end}` is missing"))),
                _ => {}
            }
            let name = self.name()?;
            let colon = self.eat(':');
            let value = match self.peek() {
                Some('{' | '<' | '[') => self.value(depth)?,
                _ if colon => self.value(depth)?,
                _ => return Err(self.wrong(&format!("a `:` is missing behind `{name}`"))),
            };
            fields.push((name, value));
            let _ = self.eat(',') || self.eat(';');
        }
        if let Some(end) = end {
            self.advance(end.len_utf8());
        }
        Ok(Fields(fields))
    }

    /// A field's name; that of an extension is in brackets.
    fn name(&mut self) -> Result<String, String> {
        if self.eat('[') {
            let end = self.rest.find(']').ok_or_else(|| self.wrong("a `]` is missing"))?;
            let name = self.advance(end).trim().to_owned();
            self.eat(']');
            return Ok(format!("[{name}]"));
        }
        self.word()
    }

    fn word(&mut self) -> Result<String, String> {
        let found = self.peek();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.+-".contains(c);
        let length = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        match (length, found) {
            (0, Some(found)) => Err(self.wrong(&format!("`{found}` is not expected here"))),
            (0, None) => Err(self.wrong("a value is missing")),
            _ => Ok(self.advance(length).to_owned()),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        match self.peek() {
            Some('{') => {
                self.eat('{');
                self.fields(Some('}'), depth - 1).map(Value::Fields)
            }
            Some('<') => {
                self.eat('<');
                self.fields(Some('>'), depth - 1).map(Value::Fields)
            }
            Some('[') => self.list(depth),
            Some('"' | '\'') => self.text().map(Value::Text),
            _ => self.word().map(Value::Word),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        self.eat('[');
        let mut values = Vec::new();
        while !self.eat(']') {
            if self.peek() == Some('[') {
                return Err(self.wrong("a list is in a list"));
            }
            values.push(self.value(depth)?);
            if !self.eat(',') && self.peek() != Some(']') {
                return Err(self.wrong("a `]` is missing"));
            }
        }
        Ok(Value::List(values))
    }

    /// Joins quoted texts that follow one another.
    fn text(&mut self) -> Result<String, String> {
        let mut text = String::new();
        while let Some(quote @ ('"' | '\'')) = self.peek() {
            self.eat(quote);
            let mut escaped = false;
            let end = self.rest.find(|c| {
                let ends = !escaped && (c == quote || c == '\n');
                escaped = c == '\\' && !escaped;
                ends
            });
            let end = end.filter(|&at| self.rest[at..].starts_with(quote));
            let end = end.ok_or_else(|| self.wrong("a quote has no end"))?;
            text.push_str(self.advance(end));
            self.eat(quote);
        }
        Ok(text)
    }
}
