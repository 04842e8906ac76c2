//! A service account's key, and the assertion that is exchanged for a token (RFC 7523).

use std::{fmt, time::SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};

use crate::{
    Error,
    http::{Url, query},
    time,
};

/// What a token is for.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// Seconds for which an assertion is valid, the most that Google takes.
const LIFE: u64 = 3600;

/// A service account that signs by its own key.
pub(super) struct ServiceAccount {
    pub(super) email: String,
    key: RsaKeyPair,
    key_id: Option<String>,
}

/// The key stays out of logs.
impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

impl ServiceAccount {
    /// Reads the private key, PKCS #8 in PEM.
    ///
    /// # Errors
    /// The end of a sentence about the file.
    pub(super) fn new(email: String, pem: &str, key_id: Option<String>) -> Result<Self, String> {
        let base64: String =
            pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        let wrong =
            || "has a `private_key` that is no RSA key in PEM (`-----BEGIN PRIVATE KEY-----`)";
        let der = BASE64_STANDARD.decode(base64).map_err(|_| wrong())?;
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|_| wrong())?;
        Ok(Self { email, key, key_id })
    }

    /// The form of the request for a token from `url`.
    pub(super) fn form(&self, url: &Url) -> Result<String, Error> {
        let assertion = self.assertion(url, time::seconds(SystemTime::now()))?;
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        Ok(query(&[("grant_type", grant), ("assertion", &assertion)]))
    }

    fn assertion(&self, url: &Url, now: u64) -> Result<String, Error> {
        let head = serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id});
        let claims = serde_json::json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": url.to_string(),
            "iat": now,
            "exp": now + LIFE,
        });
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!(
            "{}.{}",
            encode(head.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Error::Credentials {
            what: "Google Cloud Storage".into(),
            reason: format!("the key of `{}` does not sign", self.email),
        })?;
        Ok(format!("{signed}.{}", encode(&signature)))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::{Value, json};

    use super::ServiceAccount;
    use crate::http::Url;

    /// Made for this test: `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`.
    const KEY: &str = include_str!("service_account/test_key.pem");

    #[test]
    fn an_assertion_says_who_asks_whom_and_is_signed() {
        let account = ServiceAccount::new("reader@x".into(), KEY, Some("7".into())).unwrap();
        let url = Url::parse("https://oauth2.example/token").unwrap();
        let assertion = account.assertion(&url, 1_700_000_000).unwrap();
        let parts: Vec<_> = assertion.split('.').collect();
        let read = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
        let json = |part: &str| serde_json::from_slice::<Value>(&read(part)).unwrap();
        assert_eq!(json(parts[0]), json!({"alg": "RS256", "typ": "JWT", "kid": "7"}));
        let claims = json(parts[1]);
        assert_eq!(claims["iss"], "reader@x");
        assert_eq!(claims["aud"], "https://oauth2.example/token");
        assert_eq!(claims["exp"], 1_700_003_600);
        let signed = format!("{}.{}", parts[0], parts[1]);
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, account.key.public_key());
        public.verify(signed.as_bytes(), &read(parts[2])).unwrap();
        assert!(public.verify(b"other", &read(parts[2])).is_err());
        assert!(account.form(&url).unwrap().starts_with("assertion=ey"));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        for text in
            ["", "s3cret", "-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----"]
        {
            let error = ServiceAccount::new("a".into(), text, None).err().unwrap();
            assert!(error.contains("no RSA key"), "{error}");
            assert!(!error.contains("s3cret") && !error.contains("czNj"), "{error}");
        }
    }
}
