use crate::failure::Failure;

/// Reads the fields of a message, one after another, in the order in which they were written.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// What the message is, for failures.
    what: &'static str,
}

/// A field: its number and what was written for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: Value<'a>,
    /// The message it is a field of.
    what: &'static str,
}

/// A value by its form on the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// Any integer, boolean or enumeration.
    Varint(u64),
    /// `double` and the like.
    Fixed64([u8; 8]),
    /// `float` and the like.
    Fixed32([u8; 4]),
    /// A text, bytes, a message or a packed list.
    Bytes(&'a [u8]),
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`; `what` names the message, such as `ModelInferRequest`.
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// The next field; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Field<'a>>, Failure> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = varint(&mut self.rest).ok_or_else(|| self.malformed("a field's key is cut"))?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| self.malformed("a field's number is out of range"))?;
        let cut = || malformed(self.what, &format!("field {number} is cut"));
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut self.rest).ok_or_else(cut)?),
            1 => Value::Fixed64(array(&mut self.rest).ok_or_else(cut)?),
            2 => {
                let length = varint(&mut self.rest).ok_or_else(cut)?;
                let length = usize::try_from(length).ok();
                let split = length.and_then(|length| self.rest.split_at_checked(length));
                let (bytes, rest) = split.ok_or_else(cut)?;
                self.rest = rest;
                Value::Bytes(bytes)
            }
            5 => Value::Fixed32(array(&mut self.rest).ok_or_else(cut)?),
            // groups (3 and 4) are no part of proto3
            form => {
                let message = format!("field {number} has the unknown wire type {form}");
                return Err(self.malformed(&message));
            }
        };
        Ok(Some(Field { number, value, what: self.what }))
    }

    fn malformed(&self, why: &str) -> Failure {
        malformed(self.what, why)
    }
}

impl<'a> Field<'a> {
    /// Bytes, a message or a packed list.
    pub(crate) fn bytes(&self) -> Result<&'a [u8], Failure> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.mistyped("bytes")),
        }
    }

    /// A text.
    pub(crate) fn text(&self) -> Result<&'a str, Failure> {
        let text = std::str::from_utf8(self.bytes()?);
        text.map_err(|_| malformed(self.what, &format!("field {} is not UTF-8", self.number)))
    }

    /// A message in a field of this one.
    pub(crate) fn message(&self, what: &'static str) -> Result<Reader<'a>, Failure> {
        Ok(Reader::new(self.bytes()?, what))
    }

    /// An integer or a boolean.
    pub(crate) fn varint(&self) -> Result<u64, Failure> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(self.mistyped("an integer")),
        }
    }

    /// Adds the integers of a list, which may be packed or not, to `to`.
    pub(crate) fn integers(&self, to: &mut Vec<i64>) -> Result<(), Failure> {
        match self.value {
            Value::Varint(value) => to.push(value as i64),
            Value::Bytes(packed) => {
                for value in varints(packed) {
                    let value = value.ok_or_else(|| {
                        malformed(self.what, &format!("the list in field {} is cut", self.number))
                    })?;
                    to.push(value as i64);
                }
            }
            _ => return Err(self.mistyped("a list of integers")),
        }
        Ok(())
    }

    /// The field was written in another form than the protocol has for it.
    pub(crate) fn mistyped(&self, expected: &str) -> Failure {
        malformed(self.what, &format!("field {} is not {expected}", self.number))
    }
}

/// The integers of a packed list; `None` for one that is cut, which is the last.
pub(crate) fn varints(packed: &[u8]) -> impl Iterator<Item = Option<u64>> {
    let mut rest = packed;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let value = varint(&mut rest);
        if value.is_none() {
            rest = &[];
        }
        Some(value)
    })
}

fn malformed(what: &str, why: &str) -> Failure {
    Failure::invalid(format!("the message is not a `{what}` of Protocol Buffers: {why}"))
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for (at, &byte) in rest.iter().take(10).enumerate() {
        // the tenth byte has room for one bit
        if at == 9 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *rest = rest.get(at + 1..)?;
            return Some(value);
        }
    }
    None
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (array, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*array)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u32, Value<'_>)>, String> {
        let mut reader = Reader::new(bytes, "Test");
        let mut found = Vec::new();
        while let Some(field) = reader.next().map_err(|failure| failure.message.into_owned())? {
            found.push((field.number, field.value));
        }
        Ok(found)
    }

    #[test]
    fn each_form_is_read() {
        let bytes = [
            &[0x08, 0x96, 0x01][..],
            &[0x12, 2, b'h', b'i'],
            &[0x1d, 1, 2, 3, 4],
            &[0x21, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        ];
        let expected = [
            (1, Value::Varint(150)),
            (2, Value::Bytes(b"hi")),
            (3, Value::Fixed32([1, 2, 3, 4])),
            (4, Value::Fixed64([1, 2, 3, 4, 5, 6, 7, 8])),
            (5, Value::Varint(u64::MAX)),
        ];
        assert_eq!(fields(&bytes.concat()).unwrap(), expected);
    }

    #[test]
    fn what_is_cut_or_unknown_is_named() {
        for (bytes, expected) in [
            (&[0x80][..], "a field's key is cut"),
            (&[0x08], "field 1 is cut"),
            (&[0x0a, 3, 1, 2], "field 1 is cut"),
            (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], "field 1 is cut"),
            (&[0x0d, 1, 2], "field 1 is cut"),
            (&[0x09, 1, 2, 3, 4], "field 1 is cut"),
            (&[0x00, 1], "number is out of range"),
            (&[0x0b], "field 1 has the unknown wire type 3"),
            (&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], "field 1 is cut"),
            (&[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], "is cut"),
        ] {
            let message = fields(bytes).unwrap_err();
            assert!(message.contains(expected) && message.contains("`Test`"), "{message}");
        }
    }

    #[test]
    fn lists_are_packed_or_not() {
        let mut values = Vec::new();
        let mut reader = Reader::new(&[0x08, 1, 0x0a, 3, 2, 0x96, 0x01, 0x08, 3], "Test");
        while let Some(field) = reader.next().unwrap() {
            field.integers(&mut values).unwrap();
        }
        assert_eq!(values, [1, 2, 150, 3]);
        let field = Reader::new(&[0x0a, 1, 0x80], "Test").next().unwrap().unwrap();
        assert!(field.integers(&mut values).unwrap_err().message.contains("field 1 is cut"));
    }
}
