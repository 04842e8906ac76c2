//! How passwords are kept: as Werkzeug writes them, so that MLflow knows the users of this server and this
//! server those of MLflow.
//!
//! `METHOD$SALT$HASH`, where the salt is text and the hash in hexadecimal. `scrypt:N:r:p` is what both write
//! today; `pbkdf2:DIGEST:ITERATIONS` is what MLflow wrote before.

use std::num::NonZeroU32;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    pbkdf2,
    rand::{SecureRandom, SystemRandom},
};
use scrypt::Params;
use subtle::ConstantTimeEq;

use crate::Error;

/// The cost of new passwords: that of Werkzeug. 32 MiB each.
const LOG_N: u8 = 15;
const R: u32 = 8;
const P: u32 = 1;

/// Bytes of a hash by scrypt.
const LENGTH: usize = 64;

/// Characters of a new salt.
const SALT: usize = 16;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Most memory that a stored cost may ask for, in bytes.
const MEMORY: u64 = 256 << 20;

/// Most rounds that a stored cost may ask for.
const ROUNDS: u32 = 10_000_000;

/// A hash of a password that nobody has: it is checked for users who do not exist, so that the time tells
/// nothing of them.
pub(super) const NOBODY: &str = "scrypt:32768:8:1$AAAAAAAAAAAAAAAA$00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

/// A password that nobody guesses: 144 random bits.
///
/// # Errors
/// When the system gives no random bytes.
pub(crate) fn random() -> Result<String, Error> {
    let mut bytes = [0; 18];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The hash of a new password.
///
/// # Errors
/// When the system gives no random bytes.
pub(super) fn hash(password: &str) -> Result<String, Error> {
    let mut salt = String::with_capacity(SALT);
    let random = SystemRandom::new();
    while salt.len() < SALT {
        let mut bytes = [0; SALT];
        random.fill(&mut bytes).map_err(|_| Error::Random)?;
        // a byte that would make some letters likelier than others is drawn again
        let letters = bytes.iter().filter(|it| usize::from(**it) < 4 * ALPHABET.len());
        let letters = letters.filter_map(|it| ALPHABET.get(usize::from(*it) % ALPHABET.len()));
        salt.extend(letters.map(|it| char::from(*it)).take(SALT - salt.len()));
    }
    let hash = scrypt(password, &salt, LOG_N, R, P).ok_or(Error::Random)?;
    Ok(format!("scrypt:{}:{R}:{P}${salt}${}", 1_u64 << LOG_N, hex(&hash)))
}

/// Whether a password is the one that was hashed. A hash of another form is that of no password.
pub(super) fn is_right(password: &str, stored: &str) -> bool {
    let mut parts = stored.splitn(3, '$');
    let (Some(method), Some(salt), Some(hash)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let mut words = method.split(':');
    let computed = match words.next() {
        Some("scrypt") => {
            let mut number =
                |default: u32| words.next().map_or(Some(default), |it| it.parse().ok());
            let cost = (number(1 << LOG_N), number(R), number(P));
            let (Some(n), Some(r), Some(p)) = cost else { return false };
            if !n.is_power_of_two() || u64::from(n) * u64::from(r) * 128 > MEMORY || p > 16 {
                return false;
            }
            u8::try_from(n.trailing_zeros()).ok().and_then(|n| scrypt(password, salt, n, r, p))
        }
        Some("pbkdf2") => {
            let digest = words.next().unwrap_or("sha256");
            let rounds = words.next().map_or(Some(1_000_000), |it| it.parse().ok());
            rounds.and_then(|rounds| pbkdf2(password, salt, digest, rounds))
        }
        _ => None,
    };
    computed.is_some_and(|it| hex(&it).as_bytes().ct_eq(hash.as_bytes()).into())
}

fn scrypt(password: &str, salt: &str, log_n: u8, r: u32, p: u32) -> Option<Vec<u8>> {
    let params = Params::new(log_n, r, p).ok()?;
    let mut out = vec![0; LENGTH];
    scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut out).ok()?;
    Some(out)
}

fn pbkdf2(password: &str, salt: &str, digest: &str, rounds: u32) -> Option<Vec<u8>> {
    let (algorithm, length) = match digest {
        "sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
        "sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
        "sha384" => (pbkdf2::PBKDF2_HMAC_SHA384, 48),
        "sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
        _ => return None,
    };
    let rounds = NonZeroU32::new(rounds).filter(|it| it.get() <= ROUNDS)?;
    let mut out = vec![0; length];
    pbkdf2::derive(algorithm, rounds, salt.as_bytes(), password.as_bytes(), &mut out);
    Some(out)
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|it| char::from_digit(it.into(), 16));
    bytes.iter().flat_map(digits).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, hash, is_right};

    // made by Werkzeug 3.1's `generate_password_hash`
    const MADE: [&str; 3] = include!("password/werkzeug.in");

    #[test]
    fn hashes_of_werkzeug_are_known() {
        for stored in MADE {
            assert!(is_right("correct horse battery", stored), "{stored}");
            assert!(!is_right("correct horse batterz", stored), "{stored}");
        }
    }

    #[test]
    fn a_new_hash_is_known_and_never_the_same() {
        let (one, two) = (hash("a password of mine").expect("one"), hash("a password of mine"));
        assert!(one.starts_with("scrypt:32768:8:1$") && one.len() < 255, "{one}");
        assert!(is_right("a password of mine", &one) && !is_right("", &one));
        assert_ne!(one, two.expect("two"));
    }

    #[test]
    fn what_is_no_hash_is_that_of_no_password() {
        for stored in [
            "",
            "x",
            "a$b$c",
            "scrypt:0:8:1$s$00",
            "scrypt:3:8:1$s$00",
            "scrypt:1073741824:8:1$s$00",
            "scrypt:32768:0:1$s$00",
            "pbkdf2:md5:1$s$00",
            "pbkdf2:sha256:0$s$00",
            NOBODY,
            "pbkdf2:sha256:4000000000$s$00",
            "scrypt:x:8:1$s$00",
        ] {
            assert!(!is_right("", stored) && !is_right("x", stored), "{stored}");
        }
    }
}
