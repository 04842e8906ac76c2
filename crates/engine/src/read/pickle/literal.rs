//! Numbers and texts that are not stored in the form they are used in, most of them from
//! protocols 0 to 2.

use super::{Machine, opcode};
use crate::{
    Error,
    read::{Id, Node},
};

/// Longest decimal integer: converting takes quadratic time, and no model holds a longer one.
const DIGITS: usize = 1024;

impl Machine {
    pub(super) fn literal(&mut self, code: u8, at: usize) -> Result<Id, Error> {
        match code {
            opcode::LONG1 => {
                let [len] = self.array()?;
                self.long(usize::from(len), at)
            }
            opcode::LONG4 => {
                let len = i32::from_le_bytes(self.array()?);
                let len = usize::try_from(len)
                    .map_err(|_| self.out.wrong(at, "the length of an integer is negative"))?;
                self.long(len, at)
            }
            opcode::INT | opcode::LONG => self.decimal(code, at),
            opcode::FLOAT => {
                let range = self.line()?;
                let value = self.text_of(range).and_then(|text| text.trim().parse().ok());
                match value {
                    Some(value) => self.out.node(Node::Float(value), at),
                    None => Err(self.out.wrong(at, "a float is not a number")),
                }
            }
            opcode::SHORT_BINSTRING => {
                let [len] = self.array()?;
                let range = self.take(usize::from(len))?;
                self.byte_string(range, at)
            }
            opcode::BINSTRING => {
                let len = i32::from_le_bytes(self.array()?);
                let len = usize::try_from(len)
                    .map_err(|_| self.out.wrong(at, "the length of a text is negative"))?;
                let range = self.take(len)?;
                self.byte_string(range, at)
            }
            opcode::STRING => self.quoted(at),
            _ => self.raw_unicode(at),
        }
    }

    fn text_of(&self, range: (usize, usize)) -> Option<&str> {
        str::from_utf8(self.out.doc.input.get(range.0..range.1)?).ok()
    }

    /// A little-endian two's complement integer of any length.
    fn long(&mut self, len: usize, at: usize) -> Result<Id, Error> {
        let (start, end) = self.take(len)?;
        let bytes = self.out.doc.input.get(start..end).unwrap_or_default();
        if len <= 8 {
            let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
            let mut value = [if negative { 0xff } else { 0 }; 8];
            value.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            return self.out.int(i64::from_le_bytes(value), at);
        }
        let bytes = bytes.to_vec();
        self.out.budget.charge(len, at)?;
        self.out.node(Node::BigInt(Box::new(bytes)), at)
    }

    /// `I12`, `I01` (true in protocol 0 and 1) or `L12L`.
    fn decimal(&mut self, code: u8, at: usize) -> Result<Id, Error> {
        let range = self.line()?;
        let text = self.text_of(range).unwrap_or_default().trim();
        if code == opcode::INT && (text == "00" || text == "01") {
            return Ok(Id::of_bool(text == "01"));
        }
        let text = text.strip_suffix('L').unwrap_or(text);
        if let Ok(value) = text.parse() {
            return self.out.int(value, at);
        }
        match big(text) {
            Some(bytes) => {
                self.out.budget.charge(bytes.len(), at)?;
                self.out.node(Node::BigInt(Box::new(bytes)), at)
            }
            None => Err(self.out.wrong(at, "an integer is not a number, or has over 1024 digits")),
        }
    }

    /// A text of Python 2, which could as well be bytes: text as far as it is ASCII.
    fn byte_string(&mut self, (start, end): (usize, usize), at: usize) -> Result<Id, Error> {
        let bytes = self.out.doc.input.get(start..end).unwrap_or_default();
        let ascii = bytes.is_ascii();
        let len = u32::try_from(bytes.len()).map_err(|_| self.truncated())?;
        let start = start as u64;
        let owned = false;
        let text = Node::Text { start, len, owned };
        self.out.node(if ascii { text } else { Node::Bytes { start, len, owned } }, at)
    }

    /// `S'…'` with Python's escapes.
    fn quoted(&mut self, at: usize) -> Result<Id, Error> {
        let (start, end) = self.line()?;
        let line = self.out.doc.input.get(start..end).unwrap_or_default().trim_ascii();
        let ([b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"']) = line else {
            return Err(self.out.wrong(at, "a text has no quotes"));
        };
        let len = inner.len();
        self.out.budget.charge(len, at)?;
        let bytes =
            unescape(inner).ok_or_else(|| self.out.wrong(at, "an escape sequence is malformed"))?;
        let id = match str::from_utf8(&bytes) {
            Ok(text) if text.is_ascii() => self.out.text(text, at),
            _ => self.out.bytes(&bytes, at),
        };
        self.out.budget.release(len);
        id
    }

    /// `V…`: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
    fn raw_unicode(&mut self, at: usize) -> Result<Id, Error> {
        let (start, end) = self.line()?;
        let line = self.out.doc.input.get(start..end).unwrap_or_default();
        if line.is_ascii() && !line.contains(&b'\\') {
            return self.byte_string((start, end), at);
        }
        let len = line.len();
        self.out.budget.charge(len, at)?;
        let text =
            raw_text(line).ok_or_else(|| self.out.wrong(at, "an escape sequence is malformed"))?;
        let id = self.out.text(&text, at);
        self.out.budget.release(len);
        id
    }

    /// A text with lone surrogates, which Python writes as three bytes each.
    pub(super) fn surrogates(&mut self, start: usize, len: usize, at: usize) -> Result<Id, Error> {
        self.out.budget.charge(len, at)?;
        let mut text = Vec::with_capacity(len);
        let mut rest = self.out.doc.input.get(start..start + len).unwrap_or_default();
        while let [first, after @ ..] = rest {
            if let [0xed, 0xa0..=0xbf, 0x80..=0xbf, after @ ..] = rest {
                text.extend_from_slice("\u{fffd}".as_bytes());
                rest = after;
            } else {
                text.push(*first);
                rest = after;
            }
        }
        let id = match str::from_utf8(&text) {
            Ok(text) => self.out.text(text, at),
            Err(_) => Err(self.out.wrong(at, "a text is not UTF-8")),
        };
        self.out.budget.release(len);
        id
    }
}

/// A decimal integer as little-endian two's complement.
pub(crate) fn big(text: &str) -> Option<Vec<u8>> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || digits.len() > DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut limbs: Vec<u32> = Vec::new();
    for digit in digits.bytes() {
        let mut carry = u64::from(digit - b'0');
        for limb in &mut limbs {
            let value = u64::from(*limb) * 10 + carry;
            *limb = value as u32;
            carry = value >> 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    bytes.push(0);
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            let (value, overflow) = (!*byte).overflowing_add(u8::from(carry));
            *byte = value;
            carry = overflow;
        }
    }
    Some(bytes)
}

fn unescape(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let [escape, after @ ..] = rest else { return None };
        rest = after;
        let byte = match escape {
            b'\\' | b'\'' | b'"' => *escape,
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            b'x' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                u8::try_from(hex(digits)?).ok()?
            }
            b'0'..=b'7' => {
                let more = rest.iter().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let (digits, after) = rest.split_at_checked(more)?;
                rest = after;
                let value = digits
                    .iter()
                    .fold(u32::from(escape - b'0'), |value, d| value * 8 + u32::from(d - b'0'));
                value as u8
            }
            other => {
                bytes.push(b'\\');
                *other
            }
        };
        bytes.push(byte);
    }
    Some(bytes)
}

fn raw_text(mut rest: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        rest = after;
        let width = match (first, rest.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            (b'\\', Some(b'\\')) => {
                text.push_str("\\\\");
                rest = rest.get(1..)?;
                continue;
            }
            _ => {
                text.push(char::from(*first));
                continue;
            }
        };
        let code = hex(rest.get(1..=width)?)?;
        text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = rest.get(1 + width..)?;
    }
    Some(text)
}

fn hex(digits: &[u8]) -> Option<u32> {
    let digits =
        str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{big, raw_text, unescape};

    #[test]
    fn big_integers_are_twos_complement() {
        assert_eq!(big("256"), Some(vec![0, 1, 0, 0, 0]));
        assert_eq!(big("-1"), Some(vec![0xff; 5]));
        let bytes = big("340282366920938463463374607431768211456").unwrap();
        assert_eq!(bytes.iter().position(|&b| b != 0), Some(16));
        assert_eq!(big("12x"), None);
        assert_eq!(big(""), None);
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape(br"a\x41\n\'\101\q"), Some(b"aA\n'A\\q".to_vec()));
        assert_eq!(unescape(br"\x4"), None);
        assert_eq!(raw_text(br"\u20ac \\u \U0001f600"), Some("€ \\\\u 😀".into()));
        assert_eq!(raw_text(b"\xe9"), Some("é".into()));
        assert_eq!(raw_text(br"\u20"), None);
    }
}
