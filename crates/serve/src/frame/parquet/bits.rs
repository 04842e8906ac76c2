//! Values of a few bits, packed from the lowest bit of the first byte.

use super::malformed;
use crate::failure::Failure;

/// Unpacks the value of `width` bits, at most 64, that begins at the bit `at`; what is behind the
/// last byte is zero.
pub(super) fn unpack(bytes: &[u8], at: usize, width: usize) -> u64 {
    let mut value = 0_u128;
    let last = (at + width).div_ceil(8);
    for (place, byte) in
        bytes.get(at / 8..last.min(bytes.len())).unwrap_or_default().iter().enumerate()
    {
        value |= u128::from(*byte) << (8 * place);
    }
    let mask = if width >= 64 { u128::from(u64::MAX) } else { (1 << width) - 1 };
    (value >> (at % 8) & mask) as u64
}

/// A number of seven bits a byte, from the lowest.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, Failure> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let Some((&byte, rest)) = bytes.split_first() else { break };
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(malformed("a number of a page is cut off or too long"))
}

/// Runs of one value and values side by side in turn: Parquet's RLE / bit-packing hybrid.
#[derive(Clone, Debug)]
pub(super) struct Hybrid<'a> {
    left: &'a [u8],
    width: usize,
    run: Run<'a>,
}

#[derive(Clone, Debug)]
enum Run<'a> {
    Same { value: u32, left: u64 },
    Packed { bytes: &'a [u8], at: usize, left: u64 },
}

impl<'a> Hybrid<'a> {
    /// Values of `width` bits.
    pub(super) fn new(bytes: &'a [u8], width: usize) -> Result<Self, Failure> {
        if width > 32 {
            return Err(malformed("a page has values of more than 32 bits"));
        }
        Ok(Self { left: bytes, width, run: Run::Same { value: 0, left: 0 } })
    }

    /// The next value.
    pub(super) fn next(&mut self) -> Result<u32, Failure> {
        loop {
            match &mut self.run {
                Run::Same { value, left } if *left > 0 => {
                    *left -= 1;
                    return Ok(*value);
                }
                Run::Packed { bytes, at, left } if *left > 0 => {
                    let end = *at + self.width;
                    if end.div_ceil(8) > bytes.len() {
                        return Err(short());
                    }
                    let value = unpack(bytes, *at, self.width) as u32;
                    *at = end;
                    *left -= 1;
                    return Ok(value);
                }
                _ => self.next_run()?,
            }
        }
    }

    fn next_run(&mut self) -> Result<(), Failure> {
        if self.left.is_empty() {
            return Err(short());
        }
        let head = varint(&mut self.left)?;
        let count = head >> 1;
        if head & 1 == 0 {
            let (bytes, rest) =
                self.left.split_at_checked(self.width.div_ceil(8)).ok_or_else(short)?;
            self.left = rest;
            let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            self.run = Run::Same { value, left: count };
            return Ok(());
        }
        // the last group may be cut behind the last value that there is
        let length = count.saturating_mul(self.width as u64);
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(self.left.len());
        let (bytes, rest) = self.left.split_at(length);
        self.left = rest;
        self.run = Run::Packed { bytes, at: 0, left: count.saturating_mul(8) };
        Ok(())
    }
}

fn short() -> Failure {
    malformed("a page has less values than it says")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_lowest() {
        // 1 to 7 in three bits each: the example of Parquet's documentation begins so with 0
        let packed = [0b1000_1000, 0b1100_0110, 0b1111_1010];
        let found: Vec<u64> = (0..8).map(|at| unpack(&packed, at * 3, 3)).collect();
        assert_eq!(found, [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(unpack(&u64::MAX.to_le_bytes(), 0, 64), u64::MAX);
        assert_eq!(unpack(&[0xff; 9], 7, 64), u64::MAX);
        assert_eq!(unpack(&[0xff], 4, 8), 0xf);
        assert_eq!(unpack(&[], 0, 8), 0);
    }

    #[test]
    fn runs_and_packed_values_follow_one_another() {
        // three times 5, then eight values of three bits
        let bytes = [3 << 1, 5, 1 << 1 | 1, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        let mut hybrid = Hybrid::new(&bytes, 3).unwrap();
        let found: Vec<u32> = (0..11).map(|_| hybrid.next().unwrap()).collect();
        assert_eq!(found, [5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(hybrid.next().is_err());
        // values of no bits are all zero
        let mut none = Hybrid::new(&[2 << 1], 0).unwrap();
        assert_eq!((none.next(), none.next()), (Ok(0), Ok(0)));
        assert!(none.next().is_err());
        // runs of nothing end as well
        assert!(Hybrid::new(&[0, 0, 0, 0], 1).unwrap().next().is_err());
        assert!(Hybrid::new(&[1, 1], 0).unwrap().next().is_err());
        assert!(Hybrid::new(&[0xff; 20], 1).unwrap().next().is_err());
        assert!(Hybrid::new(&[], 33).is_err());
    }
}
