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

/// Any integer of so many digits is exact in a double.
const EXACT_DIGITS: usize = 15;

/// A number without an exponent, as most are.
pub(super) struct Decimal {
    /// Its length in bytes.
    pub(super) length: usize,
    /// The nearest double, where that takes one rounding.
    pub(super) value: Option<f64>,
}

/// The digits of a number without an exponent.
struct Digits {
    /// All of them as one integer; too many wrap.
    mantissa: u64,
    count: usize,
    /// Those behind the point; 0 when there is no point.
    fraction: usize,
    /// Bytes that they take with the point.
    length: usize,
}

/// Reads the number that `bytes` begin with; `None` for what [`lex`] has to look at: an exponent, an
/// integer of many digits, or no number. Most requests are nothing but such numbers, which this
/// reads in a third of the steps.
#[inline]
pub(super) fn decimal(bytes: &[u8]) -> Option<Decimal> {
    let negative = bytes.first() == Some(&b'-');
    let sign = usize::from(negative);
    let text = bytes.get(sign..)?;
    let found = digits_in_word(text).or_else(|| digits(text))?;
    let length = sign + found.length;
    if found.count > EXACT_DIGITS {
        return (found.fraction > 0).then_some(Decimal { length, value: None });
    }
    let value = found.mantissa as i64 as f64 / EXACT.get(found.fraction)?;
    // Python's `-0` is the integer 0
    let flips = negative && (found.fraction > 0 || found.mantissa > 0);
    Some(Decimal { length, value: Some(if flips { -value } else { value }) })
}

/// The digits that `text` begins with, with one point among them or none, when they and what is
/// behind them fit in a word: all bytes are looked at together (Lamport, 1975, "Multiple byte
/// processing with full-word instructions").
#[inline]
fn digits_in_word(text: &[u8]) -> Option<Digits> {
    let word = u64::from_le_bytes(*text.first_chunk()?);
    // a digit becomes its value, and no other byte is below ten
    let values = word ^ 0x3030_3030_3030_3030;
    // what a byte carries over changes only those behind the end
    let others = (values.wrapping_add(0x0606_0606_0606_0606) | values) & 0xf0f0_f0f0_f0f0_f0f0;
    let byte = |at: u32| word.checked_shr(8 * at).map(|bytes| bytes as u8);
    let whole = others.trailing_zeros() / 8;
    let (mut joined, mut end, mut fraction) = (values, whole, 0);
    if byte(whole)? == b'.' {
        let before = (1 << (8 * whole)) - 1;
        joined = values & before | values >> 8 & !before;
        end = (others & !(0xff << (8 * whole))).trailing_zeros() / 8;
        fraction = end - whole - 1;
        if fraction == 0 {
            return None;
        }
    }
    let zero_first = whole > 1 && byte(0) == Some(b'0');
    if whole == 0 || zero_first || matches!(byte(end)?, b'e' | b'E') {
        return None;
    }
    let count = whole + fraction;
    // the last digit comes into the last byte, and nothing before the first one
    let padded = joined << (64 - 8 * count);
    let pairs = padded.wrapping_mul(10).wrapping_add(padded >> 8);
    // pairs are every second byte: the first and third, then the second and fourth
    let odd = (pairs & 0xff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let even = (pairs >> 16 & 0xff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    let mantissa = odd.wrapping_add(even) >> 32;
    let [count, fraction, length] = [count, fraction, end].map(|count| count as usize);
    Some(Digits { mantissa, count, fraction, length })
}

/// The same for any count of digits, which are looked at one after the other.
fn digits(text: &[u8]) -> Option<Digits> {
    let run = |mut at: usize, mut mantissa: u64| {
        while let Some(&digit @ b'0'..=b'9') = text.get(at) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        (mantissa, at)
    };
    let (mut mantissa, whole) = run(0, 0);
    let (mut end, mut fraction) = (whole, 0);
    if text.get(whole) == Some(&b'.') {
        (mantissa, end) = run(whole + 1, mantissa);
        fraction = end - whole - 1;
        if fraction == 0 {
            return None;
        }
    }
    let zero_first = whole > 1 && text.first() == Some(&b'0');
    if whole == 0 || zero_first || matches!(text.get(end), Some(b'e' | b'E')) {
        return None;
    }
    Some(Digits { mantissa, count: whole + fraction, fraction, length: end })
}

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
    fn a_decimal_is_what_the_whole_reader_makes_of_it() {
        let wholes = [
            "",
            "0",
            "00",
            "05",
            "7",
            "53",
            "1065",
            "1234567",
            "12345678",
            "900719925474099",
            "9007199254740992",
            "9007199254740993",
            "12345678901234567890",
        ];
        let rests = [
            "",
            ".",
            ".0",
            ".5",
            ".25",
            ".257",
            ".2501",
            ".123456",
            ".25e1",
            ".5.5",
            ".1234567890123456789",
            ".00000000000000000001",
            "e1",
            "E-2",
        ];
        let (mut exact, mut longer, mut other) = (0, 0, 0);
        for sign in ["", "-", "+", "--"] {
            for number in
                wholes.iter().flat_map(|whole| rests.map(|rest| format!("{sign}{whole}{rest}")))
            {
                for behind in [
                    "",
                    ",",
                    ", 1",
                    "]}         ",
                    "x",
                    "e2,     ",
                    "\u{ff}",
                    ":;<=>?@/",
                    "é9,11111",
                ] {
                    let text = format!("{number}{behind}");
                    let lexed = lex(text.as_bytes(), 0);
                    let Some(found) = decimal(text.as_bytes()) else {
                        other += 1;
                        let simple = |lexed: &Lexed| {
                            lexed.exponent > -16 && lexed.mantissa < 1_000_000_000_000_000
                        };
                        let plain = !number.contains(['e', 'E']) && !behind.starts_with('e');
                        assert!(
                            !plain
                                || !lexed
                                    .as_ref()
                                    .is_ok_and(|lexed| !lexed.overflow && simple(lexed)),
                            "{text}"
                        );
                        continue;
                    };
                    let lexed = lexed.unwrap();
                    assert!(lexed.end == found.length && lexed.is_double(), "{text}");
                    let Some(value) = found.value else {
                        longer += 1;
                        continue;
                    };
                    exact += 1;
                    let expected = lexed.double(&text[..found.length]);
                    assert_eq!(value.to_bits(), expected.to_bits(), "{text}");
                }
            }
        }
        assert!(exact > 500 && longer > 100 && other > 500, "{exact} {longer} {other}");
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
