use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Fault, JwksSource, Tokens, Wanted};

/// An issuer on this machine: its URL, and the keys that it publishes.
fn issuer(keys: Value) -> (String, Arc<Mutex<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let keys = Arc::new(Mutex::new(keys));
    let (published, base) = (keys.clone(), url.clone());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let asked = lines.next().unwrap().unwrap();
            drop(lines.by_ref().map_while(Result::ok).find(String::is_empty));
            let body = if asked.contains("openid-configuration") {
                json!({"issuer": base, "jwks_uri": format!("{base}/keys")}).to_string()
            } else {
                published.lock().unwrap().to_string()
            };
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}", body.len());
            write!(stream, "{head}\r\n\r\n{body}").unwrap();
        }
    });
    (url, keys)
}

fn open(url: &str, issuer: &str) -> Tokens {
    let source = JwksSource::Issuer { issuer: url.to_owned(), authorities: None };
    Tokens::open(&source, Wanted::new(issuer, "models")).unwrap()
}

fn made() -> Value {
    serde_json::from_str(include_str!("jwt/tokens.json")).unwrap()
}

#[test]
fn a_new_key_of_an_issuer_is_asked_for_at_once() {
    let made = made();
    let old = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "old", "x": "AAAA"}]});
    let (url, keys) = issuer(old);
    let tokens = open(&url, "https://issuer.example.com");
    assert_eq!(tokens.counts(), (1, 0));
    let token = made["good"]["ES256"].as_str().unwrap();
    *keys.lock().unwrap() = made["jwks"].clone();
    let begun = Instant::now();
    assert_eq!(tokens.verify(token, None), Err(Fault::UnknownKey));
    while tokens.reads() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(5), "the keys were not read again");
        thread::sleep(Duration::from_millis(5));
    }
    // the tokens of the file are old, which only who knows their key can say
    let fault = tokens.verify(token, None).unwrap_err().to_string();
    assert_eq!(fault, "it has expired");
}

#[test]
fn an_issuer_describes_itself() {
    let (url, _) = issuer(made()["jwks"].clone());
    // it describes itself without the slash
    let tokens = open(&format!("{url}/"), "https://issuer.example.com");
    assert_eq!(tokens.counts().0, 0, "keys of another issuer");
    assert_eq!(open(&url, "https://issuer.example.com").counts().0, 3);
}

#[test]
fn keys_come_over_https_only() {
    let url = "http://issuer.example.com/jwks".to_owned();
    for source in [
        JwksSource::Url { url: url.clone(), authorities: None },
        JwksSource::Issuer { issuer: url, authorities: None },
    ] {
        let error = Tokens::open(&source, Wanted::new("i", "a")).unwrap_err().to_string();
        assert!(error.contains("no `https` URL"), "{error}");
    }
}
