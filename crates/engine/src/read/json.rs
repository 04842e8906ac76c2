//! JSON text as the same tree that UBJSON gives.

use text::wrong;

use super::{
    budget::{ALLOCATION, Budget},
    tree_json::{Json, Numbers, Open},
};
use crate::{Error, Limits};

mod scan;
pub(crate) mod tape;
mod text;

/// Reads a whole JSON file. `NaN`, `Infinity` and `-Infinity` are numbers, as XGBoost and Python
/// write them.
///
/// Takes at most as much memory as the file has bytes, plus [`Limits::HEADROOM_BYTES`].
///
/// # Errors
/// [`Error::Malformed`] with the byte where the file stops being JSON, nests too deeply or would
/// need too much memory.
pub fn parse(input: &[u8], limits: &Limits) -> Result<Json, Error> {
    let budget = Budget::new("JSON", input.len());
    let mut reader = Reader { input, at: 0, budget, depth: limits.depth };
    let value = reader.tree()?;
    reader.skip_space();
    if reader.at < input.len() {
        return Err(wrong(reader.at, "more text follows the end of the value"));
    }
    Ok(value)
}

/// A number, boolean or null that is the whole input.
pub(super) fn scalar(input: &[u8]) -> Option<Json> {
    scan::word(input).filter(|(_, len)| *len == input.len()).map(|(value, _)| value)
}

/// A text that is the whole input.
pub(super) fn string(input: &[u8]) -> Option<String> {
    let found = text::read(input, 0).ok().filter(|found| found.end == input.len())?;
    text::decode(input, &found).ok().map(std::borrow::Cow::into_owned)
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    budget: Budget,
    depth: usize,
}

impl Reader<'_> {
    fn tree(&mut self) -> Result<Json, Error> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip_space();
            let at = self.at;
            let mut done = None;
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    open.push(Open::map());
                }
                Some(b'[') => {
                    self.at += 1;
                    match self.numbers()? {
                        Some(numbers) => done = Some(Json::Numbers(numbers)),
                        None => open.push(Open::list()),
                    }
                }
                Some(b'"') => done = Some(Json::Text(self.text()?)),
                Some(_) => done = Some(self.word()?),
                None => return Err(wrong(at, "it ends where a value should stand")),
            }
            if open.len() > self.depth {
                return Err(wrong(at, "containers are nested too deeply"));
            }
            if let Some(root) = self.settle(&mut open, done, at)? {
                return Ok(root);
            }
        }
    }

    /// Puts a value into its container, then closes every container that ends after it. The reader
    /// stands at the next value afterwards. Returns the outermost value once it is closed.
    fn settle(
        &mut self,
        open: &mut Vec<Open>,
        mut done: Option<Json>,
        at: usize,
    ) -> Result<Option<Json>, Error> {
        loop {
            let Some(container) = open.last_mut() else { return Ok(done) };
            let first = done.is_none();
            if let Some(value) = done {
                container.add(value, &mut self.budget, at)?;
            }
            self.skip_space();
            let (close, other) = match container {
                Open::List(_) => (b']', "`,` or `]` is expected"),
                Open::Map { .. } => (b'}', "`,` or `}` is expected"),
            };
            if !self.take(close) {
                if !first && !self.take(b',') {
                    return Err(wrong(self.at, other));
                }
                if let Open::Map { key, .. } = container {
                    *key = self.key()?;
                }
                return Ok(None);
            }
            done = open.pop().map(Open::close);
        }
    }

    fn key(&mut self) -> Result<String, Error> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(wrong(self.at, "a key in double quotes is expected"));
        }
        let key = self.text()?;
        self.skip_space();
        if !self.take(b':') {
            return Err(wrong(self.at, "`:` is expected"));
        }
        Ok(key)
    }

    /// A list of nothing but numbers, in the narrowest type that holds all; `None` for other lists.
    fn numbers(&mut self) -> Result<Option<Numbers>, Error> {
        let Some(found) = scan::numbers(self.input.get(self.at..).unwrap_or_default()) else {
            return Ok(None);
        };
        let count = found.count;
        let numbers = match found.class {
            scan::Class::Bool => {
                Numbers::U8(self.collect(count, |v| number_i64(v).map(|v| v as u8))?)
            }
            scan::Class::I8 => {
                Numbers::I8(self.collect(count, |v| number_i64(v).map(|v| v as i8))?)
            }
            scan::Class::I16 => {
                Numbers::I16(self.collect(count, |v| number_i64(v).map(|v| v as i16))?)
            }
            scan::Class::I32 => {
                Numbers::I32(self.collect(count, |v| number_i64(v).map(|v| v as i32))?)
            }
            scan::Class::I64 => Numbers::I64(self.collect(count, number_i64)?),
            scan::Class::Float => Numbers::F64(self.collect(count, Json::as_f64)?),
        };
        Ok(Some(numbers))
    }

    fn collect<T>(
        &mut self,
        count: usize,
        read: impl Fn(&Json) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        self.budget.charge(count.saturating_mul(size_of::<T>()) + ALLOCATION, self.at)?;
        let mut items = Vec::with_capacity(count);
        loop {
            self.skip_space();
            let at = self.at;
            let item = self.word()?;
            if items.len() == count {
                return Err(wrong(at, "`]` is expected"));
            }
            items.push(read(&item).ok_or_else(|| wrong(at, "a number is expected"))?);
            self.skip_space();
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err(wrong(self.at, "`,` or `]` is expected"));
            }
        }
    }

    fn text(&mut self) -> Result<String, Error> {
        let at = self.at;
        let found = text::read(self.input, at)?;
        self.at = found.end;
        let text = text::decode(self.input, &found)?.into_owned();
        self.budget.charge(text.len() + ALLOCATION, at)?;
        Ok(text)
    }

    fn word(&mut self) -> Result<Json, Error> {
        let (value, len) = scan::word(self.input.get(self.at..).unwrap_or_default())
            .ok_or_else(|| wrong(self.at, "a value is expected"))?;
        self.at += len;
        Ok(value)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
}

fn number_i64(value: &Json) -> Option<i64> {
    match value {
        Json::Int(v) => Some(*v),
        Json::Bool(v) => Some(i64::from(*v)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::{
        Limits,
        read::tree_json::{Json, Numbers},
    };

    fn read(text: &str) -> Result<Json, String> {
        parse(text.as_bytes(), &Limits::default()).map_err(|e| e.to_string())
    }

    #[test]
    fn values_are_read() {
        assert_eq!(read(" null "), Ok(Json::Null));
        assert_eq!(read("-12"), Ok(Json::Int(-12)));
        assert_eq!(read("1.5E-3"), Ok(Json::Float(0.0015)));
        assert_eq!(read("-Infinity"), Ok(Json::Float(f64::NEG_INFINITY)));
        assert_eq!(read("123456789012345678901"), Ok(Json::Float(123_456_789_012_345_678_901.0)));
        assert_eq!(
            read(r#""a\n\"\u00e9\ud83d\ude00\ud800""#),
            Ok(Json::Text("a\n\"é😀\u{fffd}".into()))
        );
        assert_eq!(
            read(r#"{"a": [], "b": {"c": true}}"#),
            Ok(Json::Map(vec![
                ("a".into(), Json::List(vec![])),
                ("b".into(), Json::Map(vec![("c".into(), Json::Bool(true))])),
            ]))
        );
    }

    #[test]
    fn lists_of_numbers_take_the_narrowest_type() {
        assert_eq!(read("[1, -2,99]"), Ok(Json::Numbers(Numbers::I8(vec![1, -2, 99]))));
        assert_eq!(read("[100]"), Ok(Json::Numbers(Numbers::I16(vec![100]))));
        assert_eq!(read("[2147483647]"), Ok(Json::Numbers(Numbers::I64(vec![2_147_483_647]))));
        assert_eq!(read("[true,false]"), Ok(Json::Numbers(Numbers::U8(vec![1, 0]))));
        assert_eq!(read("[1,5E-1]"), Ok(Json::Numbers(Numbers::F64(vec![1.0, 0.5]))));
        assert_eq!(read("[1,\"a\"]"), Ok(Json::List(vec![Json::Int(1), Json::Text("a".into())])));
        assert_eq!(read("[1,null]"), Ok(Json::List(vec![Json::Int(1), Json::Null])));
    }

    #[test]
    fn faults_are_errors_with_their_place() {
        for (text, place) in [
            ("", "byte 0"),
            ("[1,", "byte 3"),
            ("[1,]", "byte 3"),
            ("[1 2]", "byte 3"),
            ("[--1]", "byte 1"),
            ("[1e]", "byte 1"),
            ("{\"a\" 1}", "byte 5"),
            ("{a:1}", "byte 1"),
            ("\"abc", "byte 0"),
            ("\"\\x\"", "byte 1"),
            ("1 1", "byte 2"),
            ("nul", "byte 0"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(place), "{text}: {error}");
        }
    }

    #[test]
    fn depth_and_memory_are_bounded() {
        assert!(read(&"[".repeat(1_000_000)).unwrap_err().contains("nested too deeply"));
        let wide = format!("[{}\"\"]", "null,".repeat(4_000_000));
        assert!(read(&wide).unwrap_err().contains("memory"));
    }
}
