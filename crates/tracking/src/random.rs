//! Ids and names that nobody chose.

use std::time::SystemTime;

use ring::rand::{SecureRandom, SystemRandom};

use crate::Error;

/// First words of a name. None is longer than 7 letters, and each is one that MLflow's own names begin with.
const QUALITIES: [&str; 32] = [
    "able", "bold", "bouncy", "bright", "calm", "capable", "classy", "clean", "dapper", "gentle",
    "kindly", "learned", "lyrical", "melodic", "nimble", "orderly", "placid", "polite", "rare",
    "salty", "sedate", "serious", "silent", "sincere", "spiffy", "stately", "stylish", "suave",
    "unique", "upbeat", "useful", "wise",
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

/// As [`id`], with first digits that count up with time: what is made together then lies together in the indexes of a
/// database, where rows of random ids would each touch a page of their own. A step is 64 µs, and they begin anew
/// every three days, so that the first eight, by which people often shorten an id, still tell things apart.
///
/// # Errors
/// [`Error::Random`].
pub(crate) fn ordered_id() -> Result<String, Error> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let step = (since.as_micros() >> 6) & 0xffff_ffff;
    let rest = u128::from_be_bytes(bytes()?) >> 32;
    Ok(format!("{:032x}", (step << 96) | rest))
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

/// Two words and a number, such as `silent-harbor-417`.
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

    use super::{NAME, QUALITIES, THINGS, id, name, ordered_id, uuid};

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
    fn ids_that_are_made_together_begin_alike_and_differ() {
        let ids: BTreeSet<_> = (0..1000).map(|_| ordered_id().unwrap()).collect();
        assert_eq!(ids.len(), 1000);
        let step = |id: &str| u32::from_str_radix(&id[..8], 16).unwrap();
        let (first, last) = (ids.first().unwrap(), ids.last().unwrap());
        assert!(ids.iter().all(|id| id.len() == 32) && first[8..] != last[8..]);
        // within ten seconds, unless the steps begin anew meanwhile
        assert!(step(last) - step(first) < 200_000 || step(first) < 200_000, "{first} {last}");
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
