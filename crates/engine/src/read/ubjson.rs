//! UBJSON, the subset that XGBoost writes (all numbers are big-endian).
//!
//! Format: <https://ubjson.org>, draft 12.

use super::{
    budget::{ALLOCATION, Budget},
    tree_json::{Json, Numbers, Open},
};
use crate::{Error, Limits};

/// Reads a whole UBJSON file.
///
/// Takes at most as much memory as the file has bytes, plus [`Limits::HEADROOM_BYTES`].
///
/// # Errors
/// [`Error::Malformed`] with the byte where the file stops being UBJSON, nests too deeply or
/// would need too much memory.
pub fn parse(input: &[u8], limits: &Limits) -> Result<Json, Error> {
    let budget = Budget::new("UBJSON", input.len());
    let mut reader = Reader { input, at: 0, budget, depth: limits.depth };
    let value = reader.tree()?;
    reader.skip_no_ops();
    if reader.at < input.len() {
        return Err(wrong(reader.at, "more bytes follow the end of the value"));
    }
    Ok(value)
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    budget: Budget,
    depth: usize,
}

/// What stands between a container's opening and its first item.
#[derive(Clone, Copy)]
struct Header {
    close: u8,
    kind: Option<u8>,
    count: Option<usize>,
}

impl<'a> Reader<'a> {
    fn tree(&mut self) -> Result<Json, Error> {
        let mut open: Vec<(Open, Header)> = Vec::new();
        loop {
            let mut done = None;
            let at = self.at;
            match self.next_marker(&mut open)? {
                Some(b'[') => {
                    let header = self.header(b']')?;
                    match self.numbers(header)? {
                        Some(numbers) => done = Some(Json::Numbers(numbers)),
                        None => open.push((Open::list(), header)),
                    }
                }
                Some(b'{') => open.push((Open::map(), self.header(b'}')?)),
                Some(marker) => done = Some(self.scalar(marker, at)?),
                None => done = open.pop().map(|(container, _)| container.close()),
            }
            if open.len() > self.depth {
                return Err(wrong(at, "containers are nested too deeply"));
            }
            let Some(value) = done else { continue };
            let Some((container, _)) = open.last_mut() else { return Ok(value) };
            container.add(value, &mut self.budget, at)?;
        }
    }

    /// The marker of the next value; `None` at the end of the container.
    fn next_marker(&mut self, open: &mut [(Open, Header)]) -> Result<Option<u8>, Error> {
        let Some((container, header)) = open.last_mut() else { return self.marker().map(Some) };
        if header.count == Some(container.len()) {
            return Ok(None);
        }
        if let Open::Map { key, .. } = container {
            let marker = self.marker()?;
            if header.count.is_none() && marker == header.close {
                return Ok(None);
            }
            let len = self.length(marker)?;
            *key = self.text_of(len)?;
        }
        if let Some(kind) = header.kind {
            return Ok(Some(kind));
        }
        let marker = self.marker()?;
        let closes = header.count.is_none() && marker == header.close;
        Ok((!closes || matches!(container, Open::Map { .. })).then_some(marker))
    }

    fn scalar(&mut self, marker: u8, at: usize) -> Result<Json, Error> {
        Ok(match marker {
            b'Z' => Json::Null,
            b'T' => Json::Bool(true),
            b'F' => Json::Bool(false),
            b'i' | b'U' | b'I' | b'l' | b'L' => Json::Int(self.integer(marker)?),
            b'd' => Json::Float(f64::from(f32::from_be_bytes(self.array()?))),
            b'D' => Json::Float(f64::from_be_bytes(self.array()?)),
            b'C' => {
                let [byte] = self.array()?;
                Json::Text(char::from(byte).to_string())
            }
            b'S' => Json::Text(self.text()?),
            _ => return Err(wrong(at, format!("0x{marker:02x} is not a type of value"))),
        })
    }

    fn header(&mut self, close: u8) -> Result<Header, Error> {
        let at = self.at;
        let mut header = Header { close, kind: None, count: None };
        if self.peek() == Some(b'$') {
            self.at += 1;
            let [kind] = self.array()?;
            // values without bytes would let a few bytes declare any number of items
            if matches!(kind, b'Z' | b'N' | b'T' | b'F') {
                return Err(wrong(at, "a container of values without bytes"));
            }
            header.kind = Some(kind);
        }
        if self.peek() == Some(b'#') {
            self.at += 1;
            let [marker] = self.array()?;
            header.count = Some(self.length(marker)?);
        } else if header.kind.is_some() {
            return Err(wrong(at, "a container with a type but no count"));
        }
        // every item has at least one byte
        if header.count.is_some_and(|count| count > self.input.len() - self.at) {
            return Err(wrong(at, "more items are declared than bytes follow"));
        }
        Ok(header)
    }

    /// A list of numbers of one type; `None` for other lists.
    fn numbers(&mut self, header: Header) -> Result<Option<Numbers>, Error> {
        let (Some(kind), Some(count)) = (header.kind, header.count) else { return Ok(None) };
        Ok(Some(match kind {
            b'd' => Numbers::F32(self.items(count, f32::from_be_bytes)?),
            b'D' => Numbers::F64(self.items(count, f64::from_be_bytes)?),
            b'i' => Numbers::I8(self.items(count, i8::from_be_bytes)?),
            b'U' => Numbers::U8(self.items(count, u8::from_be_bytes)?),
            b'I' => Numbers::I16(self.items(count, i16::from_be_bytes)?),
            b'l' => Numbers::I32(self.items(count, i32::from_be_bytes)?),
            b'L' => Numbers::I64(self.items(count, i64::from_be_bytes)?),
            _ => return Ok(None),
        }))
    }

    fn items<T, const N: usize>(
        &mut self,
        count: usize,
        read: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Error> {
        let at = self.at;
        let len = count.checked_mul(N).ok_or_else(|| self.truncated(at))?;
        let bytes = self.take(len)?;
        self.budget.charge(len + ALLOCATION, at)?;
        Ok(bytes.as_chunks::<N>().0.iter().map(|item| read(*item)).collect())
    }

    fn text(&mut self) -> Result<String, Error> {
        let [marker] = self.array()?;
        let len = self.length(marker)?;
        self.text_of(len)
    }

    fn text_of(&mut self, len: usize) -> Result<String, Error> {
        let at = self.at;
        let bytes = self.take(len)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.budget.charge(text.len() + ALLOCATION, at)?;
        Ok(text)
    }

    fn length(&mut self, marker: u8) -> Result<usize, Error> {
        let at = self.at.saturating_sub(1);
        if !matches!(marker, b'i' | b'U' | b'I' | b'l' | b'L') {
            return Err(wrong(at, format!("0x{marker:02x} is not a type of length")));
        }
        let length = self.integer(marker)?;
        usize::try_from(length).map_err(|_| wrong(at, "a length is negative"))
    }

    fn integer(&mut self, marker: u8) -> Result<i64, Error> {
        Ok(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.array()?)),
            b'U' => i64::from(u8::from_be_bytes(self.array()?)),
            b'I' => i64::from(i16::from_be_bytes(self.array()?)),
            b'l' => i64::from(i32::from_be_bytes(self.array()?)),
            _ => i64::from_be_bytes(self.array()?),
        })
    }

    /// The next marker that is not a no-op.
    fn marker(&mut self) -> Result<u8, Error> {
        self.skip_no_ops();
        let [marker] = self.array()?;
        Ok(marker)
    }

    fn skip_no_ops(&mut self) {
        while self.peek() == Some(b'N') {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| self.truncated(at))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let bytes = rest.get(..len).ok_or_else(|| self.truncated(self.at))?;
        self.at += len;
        Ok(bytes)
    }

    fn truncated(&self, at: usize) -> Error {
        wrong(at, format!("it ends at byte {} in the middle of a value", self.input.len()))
    }
}

fn wrong(at: usize, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "UBJSON", place: format!("byte {at}"), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::{
        Limits,
        read::tree_json::{Json, Numbers},
    };

    fn read(bytes: &[u8]) -> Result<Json, String> {
        parse(bytes, &Limits::default()).map_err(|e| e.to_string())
    }

    #[test]
    fn scalars_are_big_endian() {
        assert_eq!(read(b"Z"), Ok(Json::Null));
        assert_eq!(read(b"i\xff"), Ok(Json::Int(-1)));
        assert_eq!(read(b"U\xff"), Ok(Json::Int(255)));
        assert_eq!(read(b"I\x01\x00"), Ok(Json::Int(256)));
        assert_eq!(read(b"l\xff\xff\xff\xfe"), Ok(Json::Int(-2)));
        assert_eq!(read(b"d\x3f\x00\x00\x00"), Ok(Json::Float(0.5)));
        assert_eq!(read(b"D\x3f\xe0\0\0\0\0\0\0"), Ok(Json::Float(0.5)));
        assert_eq!(read(b"SU\x02hi"), Ok(Json::Text("hi".into())));
    }

    #[test]
    fn typed_lists_keep_their_type() {
        assert_eq!(
            read(b"[$d#L\0\0\0\0\0\0\0\x02\x3f\0\0\0\xbf\x80\0\0"),
            Ok(Json::Numbers(Numbers::F32(vec![0.5, -1.0])))
        );
        assert_eq!(read(b"[$l#U\x01\0\0\0\x07"), Ok(Json::Numbers(Numbers::I32(vec![7]))));
    }

    #[test]
    fn containers_may_be_closed_or_counted() {
        let expected = Json::Map(vec![("a".into(), Json::List(vec![Json::Null]))]);
        assert_eq!(read(b"{U\x01a[Z]}"), Ok(expected.clone()));
        assert_eq!(read(b"{#U\x01U\x01a[#U\x01Z"), Ok(expected));
    }

    #[test]
    fn lies_are_errors_with_their_place() {
        for (bytes, place, words) in [
            (&b"[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff"[..], "byte 1", "more items"),
            (b"[$T#U\x05", "byte 1", "without bytes"),
            (b"SU\x09hi", "byte 3", "ends at byte 5"),
            (b"SL\xff\xff\xff\xff\xff\xff\xff\xff", "byte 1", "negative"),
            (b"ZZ", "byte 1", "more bytes follow"),
            (b"[i", "byte 2", "ends at byte 2"),
            (b"X", "byte 0", "0x58"),
            (b"", "byte 0", "ends at byte 0"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(place) && error.contains(words), "{error}");
        }
    }

    #[test]
    fn depth_and_memory_are_bounded() {
        let deep = vec![b'['; 1_000_000];
        assert!(read(&deep).unwrap_err().contains("nested too deeply"));
        let mut wide = vec![b'Z'; 20_000_000];
        wide[0] = b'[';
        assert!(read(&wide).unwrap_err().contains("memory"));
    }
}
