//! Values that stay where a pickle stores them and are decoded when asked for.

use super::pickle::opcode;

/// A value as the file stores it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stored {
    /// UTF-8 (checked when the file was read): first byte and length.
    Text(usize, usize),
    /// First byte and length.
    Bytes(usize, usize),
    Int(i64),
    Float(f64),
}

/// The value of the opcode at byte `at`, and how long the opcode is. `None` when there is none of
/// the kinds above, or the input ends in it.
pub(crate) fn read(input: &[u8], at: usize) -> Option<(Stored, usize)> {
    let rest = input.get(at..)?;
    let (&code, rest) = rest.split_first()?;
    let range = |width: usize, len: u64| {
        let len = usize::try_from(len).ok().filter(|len| *len <= rest.len() - width)?;
        Some((at + 1 + width, len, 1 + width + len))
    };
    let (start, len, size) = match code {
        opcode::SHORT_BINUNICODE | opcode::SHORT_BINBYTES => range(1, u64::from(*rest.first()?))?,
        opcode::BINUNICODE | opcode::BINBYTES => {
            range(4, u64::from(u32::from_le_bytes(*rest.first_chunk()?)))?
        }
        opcode::BINUNICODE8 | opcode::BINBYTES8 | opcode::BYTEARRAY8 => {
            range(8, u64::from_le_bytes(*rest.first_chunk()?))?
        }
        opcode::BININT => {
            return Some((Stored::Int(i64::from(i32::from_le_bytes(*rest.first_chunk()?))), 5));
        }
        opcode::BINFLOAT => {
            return Some((Stored::Float(f64::from_be_bytes(*rest.first_chunk()?)), 9));
        }
        _ => return None,
    };
    let text = matches!(code, opcode::SHORT_BINUNICODE | opcode::BINUNICODE | opcode::BINUNICODE8);
    Some((if text { Stored::Text(start, len) } else { Stored::Bytes(start, len) }, size))
}

#[cfg(test)]
mod tests {
    use super::{Stored, read};

    #[test]
    fn lengths_and_numbers_are_decoded() {
        assert_eq!(read(b"\x8c\x02hi", 0), Some((Stored::Text(2, 2), 4)));
        assert_eq!(read(b"?X\x02\0\0\0hi", 1), Some((Stored::Text(6, 2), 7)));
        assert_eq!(read(b"C\x01z", 0), Some((Stored::Bytes(2, 1), 3)));
        assert_eq!(read(b"\x96\x01\0\0\0\0\0\0\0z", 0), Some((Stored::Bytes(9, 1), 10)));
        assert_eq!(read(b"J\xff\xff\xff\xff", 0), Some((Stored::Int(-1), 5)));
        assert_eq!(read(b"G\x3f\xe0\0\0\0\0\0\0", 0), Some((Stored::Float(0.5), 9)));
    }

    #[test]
    fn what_reaches_beyond_the_input_is_nothing() {
        for bytes in [&b"\x8c\x03hi"[..], b"X\x02\0", b"J\0\0", b"N", b"", b"\x8c"] {
            assert_eq!(read(bytes, 0), None);
        }
        assert_eq!(read(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffhi", 0), None);
    }
}
