//! The hash by which CatBoost knows categories: the low 32 bits of `CityHash64` 1.0 of the text.
//!
//! Source: <https://github.com/google/cityhash> (release 1.0), which CatBoost keeps in
//! `util/digest/city.cpp`.

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;
const K3: u64 = 0xc949_d7c7_509e_6557;

/// The hash of a category.
pub(super) fn category(text: &[u8]) -> i32 {
    city(text) as u32 as i32
}

/// The hash of the category that an integer's decimal digits are.
pub(super) fn integer(value: i64) -> i32 {
    decimal(value, category)
}

/// What `read` makes of an integer's decimal digits.
fn decimal<R>(value: i64, read: impl Fn(&[u8]) -> R) -> R {
    // a sign and the nineteen digits of the longest ones
    let mut text = [b'-'; 20];
    let (mut rest, mut start) = (value.unsigned_abs(), text.len());
    for (at, digit) in text.iter_mut().enumerate().skip(1).rev() {
        *digit = b'0' + (rest % 10) as u8;
        (rest, start) = (rest / 10, at);
        if rest == 0 {
            break;
        }
    }
    // what is before the digits is still a sign
    start -= usize::from(value < 0);
    read(text.get(start..).unwrap_or_default())
}

fn word(text: &[u8], at: usize) -> u64 {
    text.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
}

fn half(text: &[u8], at: usize) -> u64 {
    text.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b).into())
}

fn mixed(value: u64) -> u64 {
    value ^ value >> 47
}

fn pair(low: u64, high: u64) -> u64 {
    const K: u64 = 0x9ddf_ea08_eb38_2d69;
    let first = mixed((low ^ high).wrapping_mul(K));
    mixed((high ^ first).wrapping_mul(K)).wrapping_mul(K)
}

fn city(text: &[u8]) -> u64 {
    match text.len() {
        0..=16 => up_to_16(text),
        17..=32 => up_to_32(text),
        33..=64 => up_to_64(text),
        _ => longer(text),
    }
}

fn up_to_16(text: &[u8]) -> u64 {
    let length = text.len() as u64;
    let byte = |at: usize| u64::from(text.get(at).copied().unwrap_or_default());
    match text.len() {
        0 => K2,
        1..=3 => {
            let low = byte(0) + (byte(text.len() / 2) << 8);
            let high = length + (byte(text.len() - 1) << 2);
            mixed(low.wrapping_mul(K2) ^ high.wrapping_mul(K3)).wrapping_mul(K2)
        }
        4..=8 => pair(length + (half(text, 0) << 3), half(text, text.len() - 4)),
        _ => {
            let (first, last) = (word(text, 0), word(text, text.len() - 8));
            pair(first, last.wrapping_add(length).rotate_right(text.len() as u32)) ^ last
        }
    }
}

fn up_to_32(text: &[u8]) -> u64 {
    let length = text.len();
    let a = word(text, 0).wrapping_mul(K1);
    let b = word(text, 8);
    let c = word(text, length - 8).wrapping_mul(K2);
    let d = word(text, length - 16).wrapping_mul(K0);
    let low = a.wrapping_sub(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    let high = a.wrapping_add((b ^ K3).rotate_right(20)).wrapping_sub(c);
    pair(low, high.wrapping_add(length as u64))
}

fn up_to_64(text: &[u8]) -> u64 {
    let length = text.len();
    // two passes that differ in where they read and in what they begin with
    let pass = |mut a: u64, z: u64, second: usize, third: usize| {
        let mut b = a.wrapping_add(z).rotate_right(52);
        let mut c = a.rotate_right(37);
        a = a.wrapping_add(word(text, second));
        c = c.wrapping_add(a.rotate_right(7));
        a = a.wrapping_add(word(text, third));
        b = b.wrapping_add(a.rotate_right(31)).wrapping_add(c);
        (a.wrapping_add(z), b)
    };
    let tail = word(text, length - 16).wrapping_add(length as u64).wrapping_mul(K0);
    let (v, vs) = pass(word(text, 0).wrapping_add(tail), word(text, 24), 8, 16);
    let start = word(text, 16).wrapping_add(word(text, length - 32));
    let (w, ws) = pass(start, word(text, length - 8), length - 24, length - 16);
    let sum = v.wrapping_add(ws).wrapping_mul(K2);
    let sum = mixed(sum.wrapping_add(w.wrapping_add(vs).wrapping_mul(K0)));
    mixed(sum.wrapping_mul(K0).wrapping_add(vs)).wrapping_mul(K2)
}

/// Hashes 32 bytes at `at`, begun with two seeds.
fn weak(text: &[u8], at: usize, a: u64, b: u64) -> (u64, u64) {
    let z = word(text, at + 24);
    let a = a.wrapping_add(word(text, at));
    let b = b.wrapping_add(a).wrapping_add(z).rotate_right(21);
    let c = a;
    let a = a.wrapping_add(word(text, at + 8)).wrapping_add(word(text, at + 16));
    let b = b.wrapping_add(a.rotate_right(44));
    (a.wrapping_add(z), b.wrapping_add(c))
}

fn longer(text: &[u8]) -> u64 {
    let length = text.len();
    let mut x = word(text, 0);
    let mut y = word(text, length - 16) ^ K1;
    let mut z = word(text, length - 56) ^ K0;
    let mut v = weak(text, length - 64, length as u64, y);
    let mut w = weak(text, length - 32, (length as u64).wrapping_mul(K1), K0);
    z = z.wrapping_add(mixed(v.1).wrapping_mul(K1));
    x = z.wrapping_add(x).rotate_right(39).wrapping_mul(K1);
    y = y.rotate_right(33).wrapping_mul(K1);
    for at in (0..(length - 1) / 64 * 64).step_by(64) {
        let sum = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(word(text, at + 16));
        x = sum.rotate_right(37).wrapping_mul(K1) ^ w.1;
        let sum = y.wrapping_add(v.1).wrapping_add(word(text, at + 48));
        y = sum.rotate_right(42).wrapping_mul(K1) ^ v.0;
        z = (z ^ w.0).rotate_right(33);
        v = weak(text, at, v.1.wrapping_mul(K1), x.wrapping_add(w.0));
        w = weak(text, at + 32, z.wrapping_add(w.1), y);
        std::mem::swap(&mut z, &mut x);
    }
    let low = pair(v.0, w.0).wrapping_add(mixed(y).wrapping_mul(K1)).wrapping_add(z);
    pair(low, pair(v.1, w.1).wrapping_add(x))
}

#[cfg(test)]
mod tests {
    use super::{category, decimal};

    #[test]
    fn hashes_are_those_that_catboost_writes() {
        for (text, hash) in [
            ("0", 2_856_682_258_u32),
            ("1", 1_121_341_681),
            ("29", 3_940_690_768),
            ("same", 3_247_658_488),
            ("9223372036854775807", 798_388_021),
            ("-9223372036854775808", 953_718_104),
            (&"a".repeat(20), 3_023_956_905),
            (&"b".repeat(40), 3_412_674_682),
            (&"ж".repeat(50), 352_658_453),
        ] {
            assert_eq!(category(text.as_bytes()), hash as i32, "{text}");
        }
    }

    #[test]
    fn integers_have_the_digits_that_they_are_written_with() {
        let around = (0..19).flat_map(|power| {
            let ten = 10_i64.pow(power);
            [ten - 1, ten, -ten, 1 - ten, 7 * (ten / 8)]
        });
        for value in around.chain([i64::MIN, i64::MAX]) {
            assert_eq!(decimal(value, <[u8]>::to_vec), value.to_string().into_bytes(), "{value}");
        }
    }
}
