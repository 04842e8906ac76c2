//! Secrets of webhooks as MLflow keeps them: sealed with Fernet (<https://github.com/fernet/spec>), which is
//! AES-128 in CBC mode and HMAC-SHA256.

use aes::Aes128;
use base64::{Engine, engine::general_purpose::URL_SAFE};
use cbc::{
    Decryptor, Encryptor,
    cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7},
};
use ring::hmac::{self, HMAC_SHA256};

use crate::{Error, random};

/// The version that begins every token.
const VERSION: u8 = 0x80;

/// Bytes of a token before what is sealed: the version, seconds since 1970 and the initialisation vector.
const HEAD: usize = 1 + 8 + 16;

/// Bytes of the signature at its end.
const TAIL: usize = 32;

/// A key. It is never printed.
#[derive(Clone)]
pub struct Fernet {
    sign: hmac::Key,
    cipher: [u8; 16],
}

impl Fernet {
    /// The key that a text of MLflow's form holds: 32 bytes in base64.
    ///
    /// # Errors
    /// When the text is another.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE.decode(text.trim()).unwrap_or_default();
        let halves = bytes.split_at_checked(16);
        let cipher = halves.and_then(|(_, cipher)| <[u8; 16]>::try_from(cipher).ok());
        let (Some((sign, _)), Some(cipher)) = (halves, cipher) else {
            return Err(Error::invalid(
                "the key of webhook secrets is not 32 bytes in URL-safe base64; make one with `cryptography.fernet.Fernet.generate_key()`",
            ));
        };
        Ok(Self { sign: hmac::Key::new(HMAC_SHA256, sign), cipher })
    }

    /// Seals a text. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub(crate) fn seal(&self, text: &str, now: i64) -> Result<String, Error> {
        let vector = random::bytes::<16>()?;
        let mut token = vec![VERSION];
        token.extend((now / 1000).to_be_bytes());
        token.extend(vector);
        let cipher = Encryptor::<Aes128>::new(&self.cipher.into(), &vector.into());
        token.extend(cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes()));
        let signature = hmac::sign(&self.sign, &token);
        token.extend(signature.as_ref());
        Ok(URL_SAFE.encode(token))
    }

    /// Opens what was sealed; `None` when another key sealed it.
    pub(crate) fn open(&self, token: &str) -> Option<String> {
        let token = URL_SAFE.decode(token).ok()?;
        let (signed, signature) = token.split_at_checked(token.len().checked_sub(TAIL)?)?;
        hmac::verify(&self.sign, signed, signature).ok()?;
        let (head, sealed) = signed.split_at_checked(HEAD)?;
        let vector = <[u8; 16]>::try_from(head.get(9..)?).ok()?;
        let cipher = Decryptor::<Aes128>::new(&self.cipher.into(), &vector.into());
        String::from_utf8(cipher.decrypt_padded_vec::<Pkcs7>(sealed).ok()?).ok()
    }
}

impl std::fmt::Debug for Fernet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Fernet")
    }
}

#[cfg(test)]
mod tests {
    use super::Fernet;

    /// The specification's own example: <https://github.com/fernet/spec/blob/master/generate.json>.
    const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

    #[test]
    fn the_example_of_the_specification_opens() {
        let key = Fernet::parse(KEY).unwrap();
        assert_eq!(key.open(TOKEN).as_deref(), Some("hello"));
    }

    #[test]
    fn only_the_same_key_opens_what_was_sealed() {
        let key = Fernet::parse(KEY).unwrap();
        let token = key.seal("the secret", 1_700_000_000_000).unwrap();
        assert_eq!(key.open(&token).as_deref(), Some("the secret"));
        assert_ne!(token, key.seal("the secret", 1_700_000_000_000).unwrap());
        let other = Fernet::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        assert_eq!(other.open(&token), None);
        for broken in ["", "gAAA", &token[4..], &format!("{}AAAA", &token[..token.len() - 4])] {
            assert_eq!(key.open(broken), None, "{broken}");
        }
        assert!(Fernet::parse("short").is_err());
    }
}
