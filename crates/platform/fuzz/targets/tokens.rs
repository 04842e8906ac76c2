//! JSON Web Tokens and the keys of their issuers. A text with a line `---` is a key set and a token; any other
//! is the header and the payload of a token, a line each, that is signed here.
#![no_main]

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use longshore_gateway::security::subject;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

const WHOSE: (&str, &str) = ("https://issuer", "longshore");

/// Seconds since 1970.
const NOW: f64 = 1_700_000_000.0;

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed"));

fuzz_target!(|text: &str| {
    if let Some((set, token)) = text.split_once("\n---\n") {
        let _ = subject(set.as_bytes(), token, WHOSE, NOW);
        let _ = subject(keys().to_string().as_bytes(), token, WHOSE, NOW);
        return;
    }
    let Some((header, payload)) = text.split_once('\n') else { return };
    let [header, signed] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{signed}");
    let signature = URL_SAFE_NO_PAD.encode(KEY.sign(signed.as_bytes()));
    let set = keys().to_string();
    let Ok(name) = subject(set.as_bytes(), &format!("{signed}.{signature}"), WHOSE, NOW) else { return };
    let said: Value = serde_json::from_str(payload).expect("what is let in is JSON");
    assert_eq!((said["iss"].as_str(), said["sub"].as_str()), (Some(WHOSE.0), Some(&*name)));
    assert!(said["exp"].as_f64().is_some_and(|end| end > NOW - 60.0));
    // no other signature is as good
    let other = URL_SAFE_NO_PAD.encode([0; 64]);
    assert!(subject(set.as_bytes(), &format!("{signed}.{other}"), WHOSE, NOW).is_err());
});

fn keys() -> Value {
    let x = URL_SAFE_NO_PAD.encode(KEY.public_key());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]})
}
