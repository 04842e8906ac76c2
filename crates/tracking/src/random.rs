//! Ids and names that nobody chose.

use ring::rand::{SecureRandom, SystemRandom};

use crate::Error;

/// First words of a name. None is longer than 7 letters.
const QUALITIES: [&str; 32] = [
    "amber", "bold", "brisk", "calm", "clear", "coastal", "deep", "early", "even", "fair", "firm",
    "fresh", "gentle", "golden", "grand", "keen", "level", "light", "mild", "misty", "north",
    "open", "pale", "quick", "quiet", "rapid", "silver", "steady", "still", "swift", "tidal",
    "warm",
];

/// Second words of a name. None is longer than 7 letters.
const THINGS: [&str; 32] = [
    "anchor", "bay", "beacon", "boat", "breeze", "buoy", "cape", "coast", "cove", "crane",
    "current", "delta", "dock", "fjord", "gull", "harbor", "hull", "island", "jetty", "keel",
    "lagoon", "marina", "mast", "pier", "port", "quay", "reef", "sail", "shoal", "shore", "tide",
    "wave",
];

/// Longest name, in characters; MLflow's own are no longer.
const NAME: usize = 20;

/// 32 hexadecimal digits.
///
/// # Errors
/// [`Error::Random`].
pub(crate) fn id() -> Result<String, Error> {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits = bytes::<16>()?.into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits.filter_map(|digit| DIGITS.get(usize::from(digit))).collect())
}

/// A random UUID (RFC 9562, version 4).
///
/// # Errors
/// [`Error::Random`].
pub(crate) fn uuid() -> Result<String, Error> {
    let bits = u128::from_be_bytes(bytes()?);
    let bits = bits & !(0xf000 << 64) | (0x4000 << 64);
    let bits = bits & !(0xc000 << 48) | (0x8000 << 48);
    let part = |from: u32, digits: u32| (bits >> from) & ((1 << (4 * digits)) - 1);
    let [a, b, c, d, e] = [part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12)];
    Ok(format!("{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}"))
}

/// Two words and a number, such as `quiet-harbor-417`.
///
/// # Errors
/// [`Error::Random`].
pub(crate) fn name() -> Result<String, Error> {
    let [first, second, high, low] = bytes::<4>()?;
    let quality = QUALITIES.get(usize::from(first) % QUALITIES.len()).unwrap_or(&"calm");
    let thing = THINGS.get(usize::from(second) % THINGS.len()).unwrap_or(&"sea");
    let number = u16::from_be_bytes([high, low]) % 1000;
    let mut name = format!("{quality}-{thing}-{number}");
    name.truncate(NAME);
    Ok(name)
}

/// Bytes that nobody can foresee.
///
/// # Errors
/// [`Error::Random`].
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{NAME, QUALITIES, THINGS, id, name, uuid};

    #[test]
    fn ids_are_32_hexadecimal_digits_and_differ() {
        let ids: BTreeSet<_> = (0..100).map(|_| id().unwrap()).collect();
        assert_eq!(ids.len(), 100);
        for id in ids {
            assert_eq!(id.len(), 32);
            assert!(id.chars().all(|digit| digit.is_ascii_hexdigit() && !digit.is_uppercase()));
        }
    }

    #[test]
    fn uuids_are_of_version_4() {
        for _ in 0..100 {
            let uuid = uuid().unwrap();
            let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
            assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
            assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
        }
    }

    #[test]
    fn names_are_two_words_and_a_number() {
        for _ in 0..100 {
            let name = name().unwrap();
            let [quality, thing, number] = *name.split('-').collect::<Vec<_>>() else {
                panic!("{name}")
            };
            assert!(QUALITIES.contains(&quality) && THINGS.contains(&thing), "{name}");
            assert!(number.parse::<u16>().unwrap() < 1000);
            assert!(name.len() <= NAME);
        }
    }
}
