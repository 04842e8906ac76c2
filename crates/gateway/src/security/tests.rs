use std::{collections::BTreeMap, fs, net::IpAddr, path::Path, time::Duration};

use hyper::HeaderMap;
use longshore_daemon::{Code, server::auth};
use longshore_platform::policy::{Auth, Policy};

use super::{Asked, JwksSource, Refused, Security, Settings, Tokens, Wanted};

const ASKED: Asked<'static> = Asked { namespace: "ml", name: "iris" };

fn policy(annotations: &[(&str, &str)]) -> Policy {
    let named = |(name, value): &(&str, &str)| (format!("longshore.dev/{name}"), (*value).into());
    Policy::of(&annotations.iter().map(named).collect::<BTreeMap<_, _>>()).unwrap()
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    all.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

/// Security with one key of `team-a`, and that key.
fn with_key(folder: &Path, auth: Auth) -> (Security, String) {
    let (key, line) = auth::make("team-a").unwrap();
    fs::write(folder.join("keys"), line).unwrap();
    let keys = auth::ApiKeys::open(folder.join("keys")).unwrap();
    (Security::new(Settings { auth, keys: Some(keys), tokens: None }), key)
}

fn code<T: std::fmt::Debug>(admitted: Result<T, Refused>) -> Code {
    admitted.unwrap_err().code
}

#[test]
fn without_settings_and_annotations_everybody_is_let_in() {
    let security = Security::default();
    let mut head = headers(&[("authorization", "Bearer model's own")]);
    assert_eq!(security.admit(ASKED, &Policy::default(), &mut head, None), Ok(None));
    assert!(head.contains_key("authorization"), "nobody has asked for it");
}

#[test]
fn a_key_is_asked_for_and_kept_from_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let (security, key) = with_key(folder.path(), Auth::None);
    let asks = policy(&[("auth", "api-key")]);
    let refused = security.admit(ASKED, &asks, &mut HeaderMap::new(), None).unwrap_err();
    assert_eq!(refused.code, Code::Unauthenticated);
    assert!(refused.challenge.is_some());
    let mut wrong = headers(&[("x-api-key", "ls_wrong")]);
    assert_eq!(code(security.admit(ASKED, &asks, &mut wrong, None)), Code::Unauthenticated);
    let mut right = headers(&[("x-api-key", &key), ("authorization", &format!("Bearer {key}"))]);
    let client = security.admit(ASKED, &asks, &mut right, None).unwrap();
    assert_eq!(client.as_deref(), Some("team-a"));
    assert!(right.is_empty(), "{right:?}");
}

#[test]
fn only_those_are_let_in_whom_the_service_names() {
    let folder = tempfile::tempdir().unwrap();
    let (security, key) = with_key(folder.path(), Auth::ApiKey);
    let ask =
        |policy: &Policy| security.admit(ASKED, policy, &mut headers(&[("x-api-key", &key)]), None);
    assert!(ask(&policy(&[("clients", "team-b, team-a")])).is_ok());
    let refused = ask(&policy(&[("clients", "team-b")])).unwrap_err();
    assert_eq!(refused.code, Code::PermissionDenied);
    assert!(refused.message.contains("`team-a` may not ask"), "{}", refused.message);
    // a service may open what its gateway closes
    assert_eq!(ask(&policy(&[("auth", "none")])), Ok(None));
}

#[test]
fn what_the_gateway_was_not_given_lets_nobody_in() {
    let security = Security::default();
    for (auth, flag) in [("api-key", "--api-keys"), ("jwt", "--jwks")] {
        let mut head = headers(&[("authorization", "Bearer a")]);
        let refused = security.admit(ASKED, &policy(&[("auth", auth)]), &mut head, None);
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, Code::PermissionDenied);
        assert!(refused.message.contains(flag), "{}", refused.message);
    }
}

#[test]
fn who_asks_too_often_is_told_when_to_ask_again() {
    let security = Security::default();
    let limited = policy(&[("rate-limit", "1/m")]);
    let address = Some(IpAddr::from([10, 0, 0, 1]));
    let ask = || security.admit(ASKED, &limited, &mut HeaderMap::new(), address);
    assert_eq!(ask(), Ok(None));
    let refused = ask().unwrap_err();
    assert_eq!(refused.code, Code::TooManyRequests);
    assert_eq!(refused.retry_after, Some(60));
}

fn tokens(path: &Path) -> Result<Tokens, longshore_daemon::Error> {
    let source = JwksSource::File(path.to_owned());
    Tokens::open(&source, Wanted::new("https://issuer.example.com", "models"))
}

#[test]
fn keys_of_tokens_are_read_again_when_their_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let error = tokens(&path).unwrap_err().to_string();
    assert!(error.contains("jwks.json"), "{error}");
    fs::write(&path, r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"old","x":"AAAA"}]}"#).unwrap();
    let tokens = tokens(&path).unwrap();
    let security = Security::new(Settings { tokens: Some(tokens), ..Settings::default() });
    let made: serde_json::Value =
        serde_json::from_str(include_str!("../../../daemon/src/tokens/jwt/tokens.json")).unwrap();
    let bearer = format!("Bearer {}", made["good"]["ES256"].as_str().unwrap());
    let ask = || {
        let mut head = headers(&[("authorization", &bearer)]);
        security.admit(ASKED, &policy(&[("auth", "jwt")]), &mut head, None).unwrap_err().message
    };
    assert!(ask().contains("does not publish"), "{}", ask());
    fs::write(&path, made["jwks"].to_string()).unwrap();
    // the tokens of the file are old, which only who knows their key can say
    for _ in 0..200 {
        if ask().contains("it has expired") {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the keys were not read again: {}", ask());
}
