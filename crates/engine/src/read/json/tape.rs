//! JSON text, checked and indexed but not copied: for documents that are larger than their values.

use std::borrow::Cow;

use super::{
    scan,
    text::{self, wrong},
};
use crate::{
    Error,
    read::{budget::Budget, tree_json::Json},
};

/// Where every value and key of a JSON text starts, in order; keys precede their values.
pub(crate) struct Tape<'a> {
    text: &'a [u8],
    entries: Vec<Entry>,
}

struct Entry {
    /// First byte in the text.
    at: u32,
    /// The entry that follows this value and everything inside it.
    next: u32,
}

/// A value of a [`Tape`].
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    tape: &'a Tape<'a>,
    index: u32,
}

/// A text after decoding, and the byte where it stands if decoding changes nothing.
type Text<'a> = (Cow<'a, str>, Option<usize>);

impl<'a> Tape<'a> {
    pub(crate) fn parse(text: &'a [u8], budget: &mut Budget, depth: usize) -> Result<Self, Error> {
        if u32::try_from(text.len()).is_err() {
            return Err(wrong(0, "more than 4 GB of JSON"));
        }
        let mut reader = Reader { tape: Self { text, entries: Vec::new() }, at: 0, budget, depth };
        reader.run()?;
        Ok(reader.tape)
    }

    pub(crate) fn root(&'a self) -> Value<'a> {
        Value { tape: self, index: 0 }
    }

    /// Bytes that the tape takes from its budget.
    pub(crate) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }
}

struct Reader<'a, 'b> {
    tape: Tape<'a>,
    at: usize,
    budget: &'b mut Budget,
    depth: usize,
}

impl Reader<'_, '_> {
    fn run(&mut self) -> Result<(), Error> {
        let mut open: Vec<usize> = Vec::new();
        loop {
            self.skip_space();
            let mut done = true;
            match self.peek() {
                Some(b'{' | b'[') => {
                    if open.len() == self.depth {
                        return Err(wrong(self.at, "containers are nested too deeply"));
                    }
                    open.push(self.tape.entries.len());
                    self.entry()?;
                    self.at += 1;
                    done = false;
                }
                Some(b'"') => self.text()?,
                Some(_) => self.word()?,
                None => return Err(wrong(self.at, "it ends where a value should stand")),
            }
            // closes what ends here, and goes to the next value
            loop {
                self.skip_space();
                let Some(&container) = open.last() else {
                    if self.at < self.tape.text.len() {
                        return Err(wrong(self.at, "more text follows the end of the value"));
                    }
                    return Ok(());
                };
                let start = self.tape.entries.get(container).map_or(0, |entry| entry.at);
                let map = self.tape.text.get(start as usize) == Some(&b'{');
                if self.peek() == Some(if map { b'}' } else { b']' }) {
                    self.at += 1;
                    let next = self.tape.entries.len() as u32;
                    if let Some(entry) = self.tape.entries.get_mut(container) {
                        entry.next = next;
                    }
                    open.pop();
                    done = true;
                    continue;
                }
                if done {
                    if self.peek() != Some(b',') {
                        return Err(wrong(self.at, "`,` or the end of the container is expected"));
                    }
                    self.at += 1;
                }
                if map {
                    self.key()?;
                }
                break;
            }
        }
    }

    fn key(&mut self) -> Result<(), Error> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(wrong(self.at, "a key in double quotes is expected"));
        }
        self.text()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(wrong(self.at, "`:` is expected"));
        }
        self.at += 1;
        Ok(())
    }

    fn entry(&mut self) -> Result<(), Error> {
        // both fit: the text has less than 2^32 bytes, and every value at least one
        let entry = Entry { at: self.at as u32, next: self.tape.entries.len() as u32 + 1 };
        self.budget.push(&mut self.tape.entries, entry, self.at)
    }

    fn text(&mut self) -> Result<(), Error> {
        self.entry()?;
        self.at = text::read(self.tape.text, self.at)?.end;
        Ok(())
    }

    fn word(&mut self) -> Result<(), Error> {
        self.entry()?;
        let (_, len) = scan::word(self.tape.text.get(self.at..).unwrap_or_default())
            .ok_or_else(|| wrong(self.at, "a value is expected"))?;
        self.at += len;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.tape.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
}

impl<'a> Value<'a> {
    /// First byte in the text.
    pub(crate) fn at(self) -> usize {
        self.tape.entries.get(self.index as usize).map_or(0, |entry| entry.at as usize)
    }

    fn first(self) -> u8 {
        self.tape.text.get(self.at()).copied().unwrap_or(0)
    }

    fn next(self) -> u32 {
        self.tape.entries.get(self.index as usize).map_or(u32::MAX, |entry| entry.next)
    }

    /// Everything directly inside: items, or keys and values in turn.
    fn inside(self) -> impl Iterator<Item = Self> {
        let (end, tape) = (self.next(), self.tape);
        let start = Some(self.index + 1).filter(|_| matches!(self.first(), b'[' | b'{'));
        std::iter::successors(start, move |index| {
            tape.entries.get(*index as usize).map(|entry| entry.next)
        })
        .take_while(move |index| *index < end)
        .map(move |index| Self { tape, index })
    }

    /// The items of a list.
    pub(crate) fn items(self) -> Option<impl Iterator<Item = Self>> {
        (self.first() == b'[').then(|| self.inside())
    }

    /// The keys and values of an object.
    pub(crate) fn pairs(self) -> Option<impl Iterator<Item = (Self, Self)>> {
        let mut inside = (self.first() == b'{').then(|| self.inside())?;
        Some(std::iter::from_fn(move || Some((inside.next()?, inside.next()?))))
    }

    /// The value of a key; the last one, when it is repeated.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        self.pairs()?
            .filter(|(key, _)| {
                key.stored().is_some_and(|(stored, escaped)| !escaped && stored == name.as_bytes())
            })
            .last()
            .map(|(_, value)| value)
    }

    /// The bytes between the quotes, and whether decoding changes them.
    fn stored(self) -> Option<(&'a [u8], bool)> {
        let found = self.found()?;
        Some((self.tape.text.get(found.start..found.close)?, found.escaped))
    }

    fn found(self) -> Option<text::Found> {
        (self.first() == b'"').then(|| text::read(self.tape.text, self.at()).ok())?
    }

    /// A text after decoding, and the byte where it stands if decoding changes nothing.
    pub(crate) fn text(self) -> Result<Option<Text<'a>>, Error> {
        let Some(found) = self.found() else { return Ok(None) };
        let text = text::decode(self.tape.text, &found)?;
        Ok(Some((text, (!found.escaped).then_some(found.start))))
    }

    /// The byte where `text` stands between escaped quotes; `None` when this value holds anything
    /// else.
    pub(crate) fn quoted(self, text: &str) -> Option<usize> {
        let found = self.found()?;
        let stored = self.tape.text.get(found.start..found.close)?;
        let inner = stored.strip_prefix(b"\\\"")?.strip_suffix(b"\\\"")?;
        (inner == text.as_bytes()).then_some(found.start + 2)
    }

    /// A number, boolean or null.
    pub(crate) fn scalar(self) -> Option<Json> {
        scan::word(self.tape.text.get(self.at()..)?).map(|(value, _)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::Tape;
    use crate::read::budget::Budget;

    fn fault(text: &str) -> String {
        let mut budget = Budget::new("JSON", 0);
        Tape::parse(text.as_bytes(), &mut budget, 100).err().unwrap().to_string()
    }

    #[test]
    fn values_are_found_by_key_and_by_order() {
        let text = br#" {"a": [1, {"x": "y"}, []], "b": null, "a": {"c": "d\n"}} "#;
        let mut budget = Budget::new("JSON", 0);
        let tape = Tape::parse(text, &mut budget, 100).unwrap();
        let root = tape.root();
        assert_eq!(root.pairs().unwrap().count(), 3);
        let first = root.pairs().unwrap().next().unwrap().1;
        let items: Vec<_> = first.items().unwrap().collect();
        assert_eq!(items.len(), 3);
        let (text, stored) = items[1].get("x").unwrap().text().unwrap().unwrap();
        assert_eq!((&*text, stored), ("y", Some(18)));
        assert_eq!(items[2].items().unwrap().count(), 0);
        // of a repeated key the last one counts
        let (text, stored) = root.get("a").unwrap().get("c").unwrap().text().unwrap().unwrap();
        assert_eq!((&*text, stored), ("d\n", None));
        assert!(root.get("z").is_none());
        assert!(root.get("b").unwrap().items().is_none());
    }

    #[test]
    fn faults_are_errors_with_their_place() {
        for (text, place) in [
            ("", "byte 0"),
            ("{", "byte 1"),
            ("{\"a\"", "byte 4"),
            ("{\"a\":1,}", "byte 7"),
            ("[1 2]", "byte 3"),
            ("[1,]", "byte 3"),
            ("[1}", "byte 2"),
            ("nulx", "byte 0"),
            ("1 1", "byte 2"),
        ] {
            let error = fault(text);
            assert!(error.contains(place), "{text}: {error}");
        }
        assert!(fault(&"[".repeat(101)).contains("nested too deeply"));
        assert!(fault(&format!("[{}1]", "1,".repeat(10_000_000))).contains("memory"));
    }
}
