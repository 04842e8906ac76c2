//! Integers as differences from one to the next: Parquet's delta encoding of integers.

use super::{
    bits::{unpack, varint},
    malformed,
};
use crate::failure::Failure;

/// Reads integers, `most` at most, and moves `bytes` behind them.
pub(super) fn read(bytes: &mut &[u8], most: usize) -> Result<Vec<i64>, Failure> {
    let block = size(bytes)?;
    let parts = size(bytes)?;
    let count = size(bytes)?;
    let mut value = zigzag(varint(bytes)?);
    if count > most {
        return Err(malformed("a page has more values than it says"));
    }
    let in_part = block.checked_div(parts).unwrap_or(0);
    if !block.is_multiple_of(128)
        || in_part == 0
        || !in_part.is_multiple_of(32)
        || !block.is_multiple_of(parts)
    {
        return Err(malformed("the blocks of a page are of no size that there is"));
    }
    let mut values = Vec::with_capacity(count);
    if count > 0 {
        values.push(value);
    }
    while values.len() < count {
        let least = zigzag(varint(bytes)?);
        let (widths, rest) = bytes.split_at_checked(parts).ok_or_else(cut)?;
        *bytes = rest;
        for &width in widths {
            if values.len() >= count {
                // parts without a value are not written
                break;
            }
            let width = usize::from(width);
            if width > 64 {
                return Err(malformed("a difference has more than 64 bits"));
            }
            let length = in_part.checked_mul(width).ok_or_else(cut)? / 8;
            let (part, rest) = bytes.split_at_checked(length).ok_or_else(cut)?;
            *bytes = rest;
            for at in 0..in_part.min(count - values.len()) {
                let difference = unpack(part, at * width, width) as i64;
                value = value.wrapping_add(least).wrapping_add(difference);
                values.push(value);
            }
        }
    }
    Ok(values)
}

fn size(bytes: &mut &[u8]) -> Result<usize, Failure> {
    usize::try_from(varint(bytes)?).map_err(|_| cut())
}

fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn cut() -> Failure {
    malformed("the differences of a page are cut off")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_added_up() {
        // the examples of Parquet's documentation: 1 to 5; 7, 5, 3, 1, 2, 3, 4, 5
        let mut five: &[u8] = &[0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0, 0xaa];
        assert_eq!(read(&mut five, 5), Ok(vec![1, 2, 3, 4, 5]));
        assert_eq!(five, [0xaa]);
        let packed = [0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0];
        let bytes = [&[0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0], &packed[..]].concat();
        assert_eq!(read(&mut &*bytes, 8), Ok(vec![7, 5, 3, 1, 2, 3, 4, 5]));
        assert!(read(&mut &*bytes, 7).is_err());
        for cut in 0..bytes.len() {
            assert!(read(&mut &bytes[..cut], 8).is_err(), "{cut}");
        }
    }
}
