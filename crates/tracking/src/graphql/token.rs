//! The words of a query (GraphQL, October 2021, section 2.1).

use std::{iter::Peekable, str::CharIndices};

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// One of `! $ & ( ) : = @ [ ] { | }`.
    Mark(char),
    /// `...`
    Spread,
    Name(String),
    Int(String),
    Float(String),
    Text(String),
}

/// The words of a text, each with the place of its first byte.
///
/// # Errors
/// Words that say what no word begins with, or which one has no end.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, String> {
    let mut reader = Reader { text, rest: text.char_indices().peekable() };
    let mut found = Vec::new();
    while let Some((at, first)) = reader.rest.next() {
        let token = match first {
            ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}' => continue,
            '#' => {
                reader.take_while(|it| it != '\n' && it != '\r');
                continue;
            }
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}' => {
                Token::Mark(first)
            }
            '.' if text[at..].starts_with("...") => {
                reader.skip(2);
                Token::Spread
            }
            '"' => Token::Text(reader.text(at)?),
            '-' | '0'..='9' => reader.number(at)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let end = reader.take_while(|it| it.is_ascii_alphanumeric() || it == '_');
                Token::Name(text[at..end].to_owned())
            }
            other => return Err(format!("unexpected character `{other}` at byte {at}")),
        };
        found.push((token, at));
    }
    Ok(found)
}

struct Reader<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
}

impl Reader<'_> {
    /// Passes characters; the byte after them.
    fn take_while(&mut self, is_fit: impl Fn(char) -> bool) -> usize {
        while self.rest.next_if(|(_, it)| is_fit(*it)).is_some() {}
        self.place()
    }

    fn place(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.rest.next();
        }
    }

    fn number(&mut self, at: usize) -> Result<Token, String> {
        let end =
            self.take_while(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '+' | '-' | '_'));
        let word = &self.text[at..end];
        let digits = word.strip_prefix('-').unwrap_or(word);
        let is_plain = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
        let leads = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if is_plain(digits) && !leads {
            return Ok(Token::Int(word.to_owned()));
        }
        // JSON's numbers are GraphQL's
        match serde_json::from_str::<f64>(word) {
            Ok(_) if !is_plain(digits) => Ok(Token::Float(word.to_owned())),
            _ => Err(format!("`{word}` at byte {at} is no number")),
        }
    }

    fn text(&mut self, at: usize) -> Result<String, String> {
        let open = || format!("the text at byte {at} has no end");
        if self.text[at..].starts_with("\"\"\"") {
            self.skip(2);
            let begin = self.place();
            let mut inside = &self.text[begin..];
            let mut size = 0;
            loop {
                let end = inside.find("\"\"\"").ok_or_else(open)?;
                size += end + 3;
                if !inside[..end].ends_with('\\') {
                    break;
                }
                inside = &inside[end + 3..];
            }
            let raw = &self.text[begin..begin + size - 3];
            while self.rest.next_if(|(it, _)| *it < begin + size).is_some() {}
            return Ok(block(&raw.replace("\\\"\"\"", "\"\"\"")));
        }
        let begin = self.place();
        loop {
            match self.rest.next().ok_or_else(open)? {
                (end, '"') => {
                    // escapes are those of JSON, which does not take a tab as it is
                    let word = &self.text[begin - 1..=end];
                    let text = serde_json::from_str(&word.replace('\t', "\\t"));
                    return text.map_err(|_| format!("the text at byte {at} has a wrong escape"));
                }
                (_, '\n' | '\r') => return Err(open()),
                (_, '\\') => self.skip(1),
                _ => {}
            }
        }
    }
}

/// The value of a block: without what all lines begin with, and without empty lines around it.
fn block(raw: &str) -> String {
    let lines: Vec<&str> = raw.lines().collect();
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let filled = lines.iter().skip(1).filter(|line| !line.trim().is_empty());
    let indent = filled.map(|line| indent_of(line)).min().unwrap_or_default();
    let cut = lines.iter().enumerate().map(|(index, line)| match index {
        0 => *line,
        _ => line.get(indent..).unwrap_or_default(),
    });
    let cut: Vec<&str> = cut.collect();
    let is_filled = |line: &&str| !line.trim().is_empty();
    let first = cut.iter().position(is_filled).unwrap_or(cut.len());
    let last = cut.iter().rposition(is_filled).map_or(first, |last| last + 1);
    cut[first..last].join("\n")
}
