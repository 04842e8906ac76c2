/// A number, as exact as its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// A text without fraction and exponent that fits.
    Int(i64),
    /// The same beyond the signed range.
    Unsigned(u64),
    /// The same beyond 64 bits: the nearest double.
    Wide(f64),
    /// Anything else: the nearest double; infinite when too large, as Python reads it.
    Float(f64),
}

impl Number {
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Unsigned(value) => value as f64,
            Self::Wide(value) | Self::Float(value) => value,
        }
    }
}

/// A number's text taken apart.
pub(super) struct Lexed {
    /// Offset behind its last byte.
    pub(super) end: usize,
    negative: bool,
    /// The digits as one integer, unless there were too many.
    mantissa: u64,
    /// More digits than `mantissa` holds.
    overflow: bool,
    /// Power of ten that `mantissa` is multiplied by.
    exponent: i32,
    /// No fraction and no exponent.
    integer: bool,
}

/// Powers of ten that a double holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Digits that always fit in 64 bits.
const SAFE_DIGITS: usize = 19;

/// Reads the number that starts at `at`; `Err` is the offset of the first wrong byte.
#[inline]
pub(super) fn lex(bytes: &[u8], mut at: usize) -> Result<Lexed, usize> {
    let digit = |at: usize| bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10);
    let negative = bytes.get(at) == Some(&b'-');
    at += usize::from(negative);
    let mut mantissa = 0_u64;
    let first = at;
    while let Some(d) = digit(at) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(d));
        at += 1;
    }
    let mut digits = at - first;
    if digits == 0 {
        return Err(at);
    }
    if digits > 1 && bytes.get(first) == Some(&b'0') {
        return Err(first + 1);
    }
    let (mut exponent, mut integer) = (0_i32, true);
    if bytes.get(at) == Some(&b'.') {
        integer = false;
        let point = at + 1;
        at = point;
        while let Some(d) = digit(at) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(d));
            at += 1;
        }
        let fraction = at - point;
        if fraction == 0 {
            return Err(at);
        }
        digits += fraction;
        exponent = -i32::try_from(fraction).unwrap_or(i32::MAX);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        integer = false;
        at += 1;
        let below = bytes.get(at) == Some(&b'-');
        at += usize::from(matches!(bytes.get(at), Some(b'-' | b'+')));
        let start = at;
        let mut power = 0_i32;
        while let Some(d) = digit(at) {
            power = power.saturating_mul(10).saturating_add(i32::from(d));
            at += 1;
        }
        if at == start {
            return Err(at);
        }
        exponent = exponent.saturating_add(if below { -power } else { power });
    }
    let overflow = digits > SAFE_DIGITS;
    Ok(Lexed { end: at, negative, mantissa, overflow, exponent, integer })
}

impl Lexed {
    /// False for an integer that a double may not hold.
    #[inline]
    pub(super) fn is_double(&self) -> bool {
        !self.integer || (self.mantissa <= 1 << 53 && !self.overflow)
    }

    /// The nearest double; `text` is the number's own text.
    #[inline]
    pub(super) fn double(&self, text: &str) -> f64 {
        // both factors are exact, so one rounding gives the nearest double (Clinger, 1990)
        if !self.overflow && self.mantissa <= 1 << 53 && self.exponent.unsigned_abs() <= 22 {
            let value = self.mantissa as f64;
            let power = EXACT.get(self.exponent.unsigned_abs() as usize).copied().unwrap_or(1.0);
            let value = if self.exponent < 0 { value / power } else { value * power };
            // Python's `-0` is the integer 0
            return if self.negative && !(self.integer && self.mantissa == 0) {
                -value
            } else {
                value
            };
        }
        text.parse().unwrap_or(f64::NAN)
    }

    /// The number in its own kind.
    pub(super) fn number(&self, text: &str) -> Number {
        if !self.integer {
            return Number::Float(self.double(text));
        }
        if self.overflow {
            // twenty digits may still fit
            return match text.parse::<u64>() {
                Ok(value) => Number::Unsigned(value),
                Err(_) => {
                    text.parse().map_or_else(|_| Number::Wide(self.double(text)), Number::Int)
                }
            };
        }
        let signed = if self.negative {
            0_i64.checked_sub_unsigned(self.mantissa)
        } else {
            i64::try_from(self.mantissa).ok()
        };
        match signed {
            Some(value) => Number::Int(value),
            None if self.negative => Number::Wide(-(self.mantissa as f64)),
            None => Number::Unsigned(self.mantissa),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        let lexed = lex(text.as_bytes(), 0).unwrap();
        assert_eq!(lexed.end, text.len());
        lexed.number(text)
    }

    #[test]
    fn integers_stay_exact_up_to_64_bits() {
        assert_eq!(number("0"), Number::Int(0));
        assert_eq!(number("-0"), Number::Int(0));
        assert_eq!(number("9223372036854775807"), Number::Int(i64::MAX));
        assert_eq!(number("-9223372036854775808"), Number::Int(i64::MIN));
        assert_eq!(number("9223372036854775808"), Number::Unsigned(1 << 63));
        assert_eq!(number("18446744073709551615"), Number::Unsigned(u64::MAX));
        assert_eq!(number("18446744073709551616"), Number::Wide(18_446_744_073_709_551_616.0));
        assert_eq!(number("-9223372036854775809"), Number::Wide(-9_223_372_036_854_775_808.0));
    }

    #[test]
    fn doubles_are_the_nearest() {
        let texts = [
            "0.1",
            "1e22",
            "1e23",
            "123456789012345678901234567890",
            "5e-324",
            "2.2250738585072011e-308",
            "1.7976931348623157e308",
            "9007199254740993.0",
            "0.30000000000000004",
            "1e-400",
            "-0.0",
            "1E+2",
        ];
        for text in texts {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(
                lex(text.as_bytes(), 0).unwrap().double(text).to_bits(),
                expected.to_bits(),
                "{text}"
            );
        }
        assert_eq!(number("1e999"), Number::Float(f64::INFINITY));
        assert_eq!(number("-1e999"), Number::Float(f64::NEG_INFINITY));
    }

    #[test]
    fn what_is_no_number_is_refused_where_it_ends_to_be_one() {
        for (text, at) in
            [("-", 1), ("01", 1), ("1.", 2), (".5", 0), ("1e", 2), ("1e+", 3), ("+1", 0), ("-a", 1)]
        {
            assert_eq!(lex(text.as_bytes(), 0).err(), Some(at), "{text}");
        }
    }
}
