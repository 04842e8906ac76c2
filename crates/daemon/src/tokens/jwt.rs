//! JSON Web Tokens (RFC 7519) with a signature (RFC 7515): RS256, ES256 and `EdDSA` with Ed25519. The
//! signatures are `ring`'s to check.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header::AUTHORIZATION};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Wanted;

/// Seconds by which clocks may differ.
const LEEWAY: f64 = 30.0;

/// Longest token.
const LONGEST: usize = 16 << 10;

/// What a token says that was let in.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Whom it was made for.
    pub subject: Arc<str>,
    /// When it ends, in seconds since 1970.
    pub expires: f64,
    /// What else it says, of what is wanted.
    pub kept: Arc<Map<String, Value>>,
}

/// What has to be in a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    /// What it has to say.
    pub(super) wanted: &'e Wanted,
    /// For whom.
    pub(super) audience: &'e str,
    /// Now, in seconds since 1970.
    pub(super) now: f64,
}

/// A key by which tokens are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Public {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037), as far as it is for signatures.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that have to be understood (RFC 7515 §4.1.11); none is.
    #[serde(default)]
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    aud: Option<Audience>,
    #[serde(default)]
    exp: Option<f64>,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Why a token is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is signed by a key that is not known: there may be new ones.
    UnknownKey,
    /// Anything else.
    Other(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownKey => write!(f, "it is signed by a key that its issuer does not publish"),
            Self::Other(fault) => write!(f, "{fault}"),
        }
    }
}

fn fault<T>(text: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Other(text.into()))
}

/// The token in the header `authorization`.
pub fn presented(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.to_str().ok());
    let mut tokens = values.filter_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    tokens.next().filter(|token| !token.is_empty())
}

/// The keys of a set (RFC 7517 §5) that can be used; the others are for something else.
pub(super) fn keys(set: &[u8]) -> Result<Vec<Key>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(set).map_err(|error| error.to_string())?;
    let jwks = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    let keys: Vec<Key> = jwks.filter_map(Key::of).collect();
    if keys.is_empty() {
        return Err("it has no key for RS256, ES256 or EdDSA".into());
    }
    Ok(keys)
}

impl Key {
    fn of(jwk: Jwk) -> Option<Self> {
        if jwk.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let public = match (&*jwk.kty, jwk.crv.as_deref()) {
            ("RSA", _) => Public::Rsa { n: bytes(jwk.n)?, e: bytes(jwk.e)? },
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(jwk.x)?, bytes(jwk.y)?);
                if (x.len(), y.len()) != (32, 32) {
                    return None;
                }
                Public::P256([&[4][..], &x, &y].concat())
            }
            ("OKP", Some("Ed25519")) => Public::Ed25519(bytes(jwk.x)?),
            _ => return None,
        };
        let key = Self { id: jwk.kid, public };
        // a key that is for another algorithm is for that alone
        jwk.alg.is_none_or(|alg| alg == key.algorithm()).then_some(key)
    }

    /// The one algorithm that it is used with: a token does not choose.
    fn algorithm(&self) -> &'static str {
        match self.public {
            Public::Rsa { .. } => "RS256",
            Public::P256(_) => "ES256",
            Public::Ed25519(_) => "EdDSA",
        }
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.public {
            Public::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                .is_ok(),
            Public::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(signed, signature)
                .is_ok(),
            Public::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(signed, signature).is_ok()
            }
        }
    }
}

/// What a token says, when one of the keys has signed it and it is what is expected.
pub(super) fn verify(token: &str, keys: &[Key], expected: Expected<'_>) -> Result<Claims, Fault> {
    if token.len() > LONGEST {
        return fault("it is too long");
    }
    let Some((signed, signature)) = token.rsplit_once('.') else {
        return fault("it is no JSON Web Token");
    };
    let Some((header, payload)) = signed.split_once('.') else {
        return fault("it is no JSON Web Token");
    };
    let header: Header = part(header)?;
    if header.crit.is_some() {
        return fault("it has critical extensions, and none is understood");
    }
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return fault("its signature is not in base64url");
    };
    let named = |key: &&Key| header.kid.is_none() || key.id.is_none() || header.kid == key.id;
    let mut candidates =
        keys.iter().filter(named).filter(|key| key.algorithm() == header.alg).peekable();
    if candidates.peek().is_none() {
        return match &*header.alg {
            "RS256" | "ES256" | "EdDSA" => Err(Fault::UnknownKey),
            _ => fault("its algorithm is none of RS256, ES256 and EdDSA"),
        };
    }
    if !candidates.any(|key| key.verifies(signed.as_bytes(), &signature)) {
        // where keys have no names, a new one looks like a wrong signature
        return if header.kid.is_none() {
            Err(Fault::UnknownKey)
        } else {
            fault("its signature is wrong")
        };
    }
    check(part(payload)?, expected)
}

/// Whom a token names, when it is signed by a key of the JSON Web Key Set `set` and made by `issuer` for
/// `audience`. `now` is in seconds since 1970.
///
/// # Errors
/// Why the set has no keys, or why the token is not let in.
pub fn subject(
    set: &[u8],
    token: &str,
    (issuer, audience): (&str, &str),
    now: f64,
) -> Result<Arc<str>, String> {
    let wanted = Wanted::new(issuer, audience);
    let claims = verify(token, &keys(set)?, Expected { wanted: &wanted, audience, now });
    claims.map(|claims| claims.subject).map_err(|fault| fault.to_string())
}

fn check(payload: Payload, expected: Expected<'_>) -> Result<Claims, Fault> {
    let Payload { iss, aud, exp, nbf, rest } = payload;
    let wanted = expected.wanted;
    let Some(expires) = exp else { return fault("it has no `exp`, and so no end") };
    if expires + LEEWAY <= expected.now {
        return fault("it has expired");
    }
    if nbf.is_some_and(|begins| begins - LEEWAY > expected.now) {
        return fault("its time has not come yet");
    }
    if iss.as_deref() != Some(&*wanted.issuer) {
        return fault(format!("its `iss` is not `{}`", wanted.issuer));
    }
    let is_meant = match &aud {
        Some(Audience::One(one)) => one == expected.audience,
        Some(Audience::Several(several)) => several.iter().any(|one| one == expected.audience),
        None => false,
    };
    if !is_meant {
        return fault(format!("its `aud` does not name `{}`", expected.audience));
    }
    let subject = match claim(&rest, &wanted.subject) {
        Some(Value::String(subject)) if !subject.is_empty() => subject.as_str().into(),
        _ => {
            let name = &wanted.subject;
            return fault(format!("it has no `{name}`, and so nobody to let in"));
        }
    };
    let kept =
        wanted.kept.iter().filter_map(|name| Some((name.clone(), claim(&rest, name)?.clone())));
    Ok(Claims { subject, expires, kept: Arc::new(kept.collect()) })
}

/// A claim by its name; where there is none, that inside of others which the name leads to by its dots.
fn claim<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    claims.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        claim(claims.get(outer)?.as_object()?, inner)
    })
}

fn part<'p, T: for<'d> Deserialize<'d>>(text: &'p str) -> Result<T, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    let value = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    value.ok_or_else(|| Fault::Other("it is no JSON Web Token".into()))
}

#[cfg(test)]
mod tests;
