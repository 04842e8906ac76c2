//! Thrift's compact protocol, as far as the heads of a Parquet file need it
//! (github.com/apache/thrift, "Thrift Compact protocol encoding").

use super::malformed;
use crate::failure::Failure;

/// Deepest nesting of what is passed over.
const DEPTH: usize = 16;

/// Bytes that are left of a head.
#[derive(Clone, Debug)]
pub(super) struct Thrift<'a> {
    left: &'a [u8],
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    True,
    False,
    Byte,
    /// An integer of any width.
    Int,
    Double,
    Binary,
    List,
    Map,
    Struct,
}

impl Kind {
    fn of(code: u8) -> Result<Self, Failure> {
        Ok(match code {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4..=6 => Self::Int,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            _ => return Err(malformed("a value of its heads is of no type")),
        })
    }
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// How many bytes are left.
    pub(super) fn len(&self) -> usize {
        self.left.len()
    }

    fn byte(&mut self) -> Result<u8, Failure> {
        let (&first, rest) = self.left.split_first().ok_or_else(cut)?;
        self.left = rest;
        Ok(first)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Failure> {
        let (bytes, rest) = self.left.split_at_checked(count).ok_or_else(cut)?;
        self.left = rest;
        Ok(bytes)
    }

    fn varint(&mut self) -> Result<u64, Failure> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(malformed("a number of its heads is too long"))
    }

    /// An integer.
    pub(super) fn int(&mut self) -> Result<i64, Failure> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// An integer that counts something.
    pub(super) fn size(&mut self) -> Result<usize, Failure> {
        usize::try_from(self.int()?).map_err(|_| malformed("a size of its heads is negative"))
    }

    /// A text; what is no UTF-8 is replaced.
    pub(super) fn text(&mut self) -> Result<String, Failure> {
        let length = usize::try_from(self.varint()?).map_err(|_| cut())?;
        Ok(String::from_utf8_lossy(self.bytes(length)?).into_owned())
    }

    /// The fields of a struct, each by its number. `read` says whether it read one; it is passed over
    /// otherwise.
    pub(super) fn fields(
        &mut self,
        mut read: impl FnMut(&mut Self, i64, Kind) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        self.fields_at(0, &mut read)
    }

    fn fields_at(
        &mut self,
        depth: usize,
        read: &mut dyn FnMut(&mut Self, i64, Kind) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let mut number = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            number = match head >> 4 {
                0 => self.int()?,
                more => number.saturating_add(i64::from(more)),
            };
            let kind = Kind::of(head & 0xf)?;
            if !read(self, number, kind)? {
                self.skip(kind, depth)?;
            }
        }
    }

    /// The items of a list. `item` reads one.
    pub(super) fn list(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (count, _) = self.list_head()?;
        (0..count).try_for_each(|_| item(self))
    }

    /// How many items a list has, each at least a byte, and what they are.
    fn list_head(&mut self) -> Result<(u64, Kind), Failure> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => count.into(),
        };
        if count > self.left.len() as u64 {
            return Err(cut());
        }
        // a list without items may name no kind
        let kind = if count == 0 { Kind::Byte } else { Kind::of(head & 0xf)? };
        Ok((count, kind))
    }

    fn skip(&mut self, kind: Kind, depth: usize) -> Result<(), Failure> {
        if depth > DEPTH {
            return Err(malformed("its heads are nested too deep"));
        }
        match kind {
            Kind::True | Kind::False => {}
            Kind::Byte => drop(self.byte()?),
            Kind::Int => drop(self.varint()?),
            Kind::Double => drop(self.bytes(8)?),
            Kind::Binary => {
                let length = usize::try_from(self.varint()?).map_err(|_| cut())?;
                self.bytes(length)?;
            }
            Kind::List => {
                let (count, kind) = self.list_head()?;
                for _ in 0..count {
                    self.skip_item(kind, depth)?;
                }
            }
            Kind::Map => {
                let count = self.varint()?;
                if count > 0 {
                    let kinds = self.byte()?;
                    let (key, value) = (Kind::of(kinds >> 4)?, Kind::of(kinds & 0xf)?);
                    for _ in 0..count {
                        self.skip_item(key, depth)?;
                        self.skip_item(value, depth)?;
                    }
                }
            }
            Kind::Struct => self.fields_at(depth + 1, &mut |_, _, _| Ok(false))?,
        }
        Ok(())
    }

    /// Inside of a list or a map a boolean has a byte of its own.
    fn skip_item(&mut self, kind: Kind, depth: usize) -> Result<(), Failure> {
        match kind {
            Kind::True | Kind::False => self.byte().map(drop),
            kind => self.skip(kind, depth + 1),
        }
    }
}

fn cut() -> Failure {
    malformed("its heads are cut off")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of a struct's fields, whose values are passed over.
    fn numbers(bytes: &[u8]) -> Result<Vec<i64>, Failure> {
        let mut numbers = Vec::new();
        Thrift::new(bytes).fields(|_, number, _| {
            numbers.push(number);
            Ok(false)
        })?;
        Ok(numbers)
    }

    #[test]
    fn every_value_is_passed_over() {
        let bytes = [
            &[0x11, 0x12, 0x13, 7, 0x15, 0x80, 1][..],
            &[0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0x18, 2, b'h', b'i'],
            // lists of booleans, of texts and of nothing; maps; a struct; a number of its own
            &[0x19, 0x21, 1, 2, 0x19, 0x18, 1, b'x', 0x19, 0x00],
            &[0x1b, 0, 0x1b, 1, 0x83, 1, b'k', 9, 0x1c, 0x15, 2, 0, 0x05, 40, 2, 0],
        ]
        .concat();
        let expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20];
        assert_eq!(numbers(&bytes), Ok(expected.to_vec()));
        for cut in 0..bytes.len() {
            assert!(numbers(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(numbers(&[0x1d, 0]).is_err());
        assert!(numbers(&[&[0x1c; 40][..], &[0; 41]].concat()).is_err(), "too deep");
    }

    #[test]
    fn numbers_are_zigzag() {
        let mut thrift =
            Thrift::new(&[0, 1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
        let found: Vec<i64> = (0..4).map(|_| thrift.int().unwrap()).collect();
        assert_eq!(found, [0, -1, 1, i64::MIN]);
        assert!(Thrift::new(&[0xff; 11]).int().is_err());
    }
}
