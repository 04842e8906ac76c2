use std::{collections::BTreeMap, sync::LazyLock};

use http::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use super::{Expected, Fault, Key, Wanted, keys, presented, verify};

/// Made by `make.py` with `PyJWT`.
const TOKENS: &str = include_str!("tokens.json");

const BEGINS: f64 = 1_700_000_000.0;
const EXPIRES: f64 = 1_700_003_600.0;

#[derive(Deserialize)]
struct Tokens {
    jwks: serde_json::Value,
    good: BTreeMap<String, String>,
    bad: BTreeMap<String, String>,
    other: BTreeMap<String, String>,
}

fn tokens() -> (Tokens, Vec<Key>) {
    let tokens: Tokens = serde_json::from_str(TOKENS).unwrap();
    let keys = keys(tokens.jwks.to_string().as_bytes()).unwrap();
    (tokens, keys)
}

fn at(now: f64) -> Expected<'static> {
    static WANTED: LazyLock<Wanted> =
        LazyLock::new(|| Wanted::new("https://issuer.example.com", "models"));
    Expected { wanted: &WANTED, audience: "models", now }
}

#[test]
fn what_the_issuer_has_signed_is_let_in() {
    let (tokens, keys) = tokens();
    assert_eq!(keys.len(), 3, "what is not for signatures is passed over");
    for (name, token) in &tokens.good {
        let claims = verify(token, &keys, at(BEGINS + 1.0));
        assert_eq!(&*claims.unwrap_or_else(|fault| panic!("{name}: {fault}")).subject, "team-a");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let (tokens, keys) = tokens();
    for (expected, token) in &tokens.bad {
        let fault = verify(token, &keys, at(BEGINS + 1.0)).unwrap_err().to_string();
        assert!(fault.contains(expected), "{expected}: {fault}");
    }
}

#[test]
fn a_token_has_its_time_within_which_clocks_may_differ() {
    let (tokens, keys) = tokens();
    let token = &tokens.good["ES256"];
    for (now, expected) in [
        (BEGINS - 31.0, Some("its time has not come yet")),
        (BEGINS - 30.0, None),
        (EXPIRES + 29.0, None),
        (EXPIRES + 30.0, Some("it has expired")),
    ] {
        let fault = verify(token, &keys, at(now)).err().map(|fault| fault.to_string());
        assert_eq!(fault.as_deref(), expected, "{now}");
    }
}

#[test]
fn every_change_of_a_token_makes_it_wrong() {
    let (tokens, keys) = tokens();
    for token in tokens.good.values() {
        for at_byte in (0..token.len()).step_by(7) {
            let mut changed = token.clone().into_bytes();
            changed[at_byte] = if changed[at_byte] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // the last letter has bits that mean nothing, and they have to be 0
            assert!(verify(&changed, &keys, at(BEGINS + 1.0)).is_err(), "{at_byte}: {changed}");
        }
        assert!(verify(&token[..token.len() - 1], &keys, at(BEGINS + 1.0)).is_err());
    }
    for none in ["", ".", "..", "a.b", "a.b.c", "e30.e30.", &"x".repeat(100_000)] {
        let fault = verify(none, &keys, at(BEGINS)).unwrap_err();
        assert_ne!(fault, Fault::UnknownKey, "nothing is fetched for {none}");
    }
}

#[test]
fn a_set_without_a_usable_key_is_refused() {
    assert!(keys(b"{}").unwrap_err().contains("missing field `keys`"));
    assert!(keys(br#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#).unwrap_err().contains("no key"));
}

#[test]
fn a_token_comes_in_its_header() {
    let with = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", value.parse().unwrap());
        presented(&headers).map(str::to_owned)
    };
    assert_eq!(with("Bearer a.b.c").as_deref(), Some("a.b.c"));
    assert_eq!(with("bearer  a.b.c ").as_deref(), Some("a.b.c"));
    assert_eq!(with("Basic a"), None);
    assert_eq!(with("Bearer "), None);
}

#[test]
fn other_claims_are_kept_by_their_names_or_by_where_they_are() {
    let (tokens, keys) = tokens();
    let kept = ["groups", "https://a.example.com/groups", "realm.roles", "none"];
    let wanted = Wanted {
        subject: "email".to_owned(),
        kept: kept.map(str::to_owned).to_vec(),
        ..Wanted::new("https://issuer.example.com", "models")
    };
    let expected = Expected { wanted: &wanted, audience: "models", now: BEGINS + 1.0 };
    let fault = verify(&tokens.good["ES256"], &keys, expected).unwrap_err().to_string();
    assert!(fault.contains("no `email`"), "{fault}");
    let claims = verify(&tokens.other["with claims"], &keys, expected).unwrap();
    assert_eq!(&*claims.subject, "ada@example.com");
    let kept = serde_json::to_value(&*claims.kept).unwrap();
    let expected =
        json!({"groups": ["a", "b"], "https://a.example.com/groups": ["c"], "realm.roles": ["d"]});
    assert_eq!(kept, expected);
}

#[test]
fn a_key_that_is_for_another_algorithm_verifies_nothing() {
    let (tokens, _) = tokens();
    let mut set = tokens.jwks;
    set["keys"][0]["alg"] = json!("RS512");
    let left = keys(set.to_string().as_bytes()).unwrap();
    assert_eq!(left.len(), 2);
    let fault = verify(&tokens.good["RS256"], &left, at(BEGINS + 1.0)).unwrap_err();
    assert_eq!(fault, Fault::UnknownKey);
}
