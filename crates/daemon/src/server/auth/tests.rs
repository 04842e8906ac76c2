use std::fs;

use http::{HeaderName, header};

use super::*;

fn headers(of: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
    };
    of.iter().map(header).collect()
}

/// A file with a key for each name, and the keys.
fn keys(names: &[&str]) -> (tempfile::NamedTempFile, ApiKeys, Vec<String>) {
    let (file, made) =
        (tempfile::NamedTempFile::new().unwrap(), names.iter().map(|n| make(n).unwrap()));
    let (keys, lines): (Vec<_>, Vec<_>) = made.unzip();
    fs::write(file.path(), format!("# who may ask\n\n{}\n", lines.join("\n"))).unwrap();
    let opened = ApiKeys::open(file.path().into()).unwrap();
    (file, opened, keys)
}

#[test]
fn a_key_is_found_in_either_header() {
    let (_file, keys, made) = keys(&["alice", "batch-jobs"]);
    let name = |of: &[(&str, &str)]| keys.identify(&headers(of)).map(|name| name.to_string());
    let (alice, batch) = (made[0].as_str(), made[1].as_str());
    assert_eq!(name(&[("x-api-key", alice)]).as_deref(), Ok("alice"));
    assert_eq!(name(&[("authorization", &format!("Bearer {batch}"))]).as_deref(), Ok("batch-jobs"));
    assert_eq!(name(&[("authorization", &format!("bearer  {alice} "))]).as_deref(), Ok("alice"));
    // a proxy's own authorization beside ours
    assert_eq!(
        name(&[("authorization", "Basic eDp5"), ("x-api-key", alice)]).as_deref(),
        Ok("alice")
    );
    let both = [("authorization", "Basic eDp5"), ("authorization", &format!("Bearer {alice}"))];
    let both: Vec<_> = both.iter().map(|(name, value)| (*name, &**value)).collect();
    let mut all = HeaderMap::new();
    for (_, value) in both {
        all.append(header::AUTHORIZATION, HeaderValue::try_from(value).unwrap());
    }
    assert_eq!(keys.identify(&all).as_deref(), Ok("alice"));
}

#[test]
fn what_is_no_key_is_refused_and_counted() {
    let (file, keys, made) = keys(&["alice"]);
    let denial = |of: &[(&str, &str)]| keys.identify(&headers(of)).unwrap_err();
    assert_eq!(denial(&[]), Denial::Missing);
    assert_eq!(denial(&[("authorization", "Basic eDp5")]), Denial::Missing);
    assert_eq!(denial(&[("authorization", "Bearer")]), Denial::Missing);
    let near = &made[0][..made[0].len() - 1];
    for wrong in ["", "alice", near, &format!("{near}é")] {
        assert_eq!(denial(&[("x-api-key", wrong)]), Denial::Unknown, "{wrong}");
        assert_eq!(denial(&[("authorization", &format!("Bearer {wrong}"))]), Denial::Unknown);
    }
    let digest = fs::read_to_string(file.path()).unwrap();
    let digest = digest.trim().rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(denial(&[("x-api-key", &digest)]), Denial::Unknown, "a digest is no key");
    let counts = keys.0.refused.each_ref().map(|counter| counter.load(Relaxed));
    assert_eq!(counts, [3, 9]);
}

#[test]
fn keys_change_while_the_server_runs_and_a_wrong_file_changes_nothing() {
    let (file, keys, made) = keys(&["old"]);
    let lets_in = |key: &str| keys.identify(&headers(&[("x-api-key", key)])).is_ok();
    let before = fs::read_to_string(file.path()).unwrap();
    let (new, line) = make("new").unwrap();
    fs::write(file.path(), format!("{before}{line}\n")).unwrap();
    keys.look();
    assert!(lets_in(&made[0]) && lets_in(&new), "both are right while callers change over");
    fs::write(file.path(), format!("{line}\nnonsense\n")).unwrap();
    keys.look();
    assert!(lets_in(&made[0]) && lets_in(&new), "a wrong line takes nobody's key away");
    assert_eq!(keys.0.keys.counts(), (1, 1));
    fs::write(file.path(), format!("{line}\n")).unwrap();
    keys.look();
    assert!(!lets_in(&made[0]) && lets_in(&new));
    // the last key is taken away
    fs::write(file.path(), "").unwrap();
    keys.look();
    assert!(!lets_in(&new));
}

#[test]
fn a_wrong_file_is_named_with_its_line_and_its_content_is_not_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = |text: &str| {
        fs::write(file.path(), text).unwrap();
        ApiKeys::open(file.path().into()).unwrap_err().to_string()
    };
    let (secret, line) = make("alice").unwrap();
    for wrong in [
        secret.clone(),
        format!("alice:{secret}"),
        format!("a b:{}", &line[6..]),
        format!("{line}0"),
    ] {
        let told = error(&format!("# keys\n{wrong}\n"));
        assert!(told.contains("line 2") && told.contains("longshore api-key"), "{told}");
        assert!(!told.contains(&secret), "{told}");
    }
    assert!(error(&format!("{line}\n{}", line.replace("alice", "bob"))).contains("line 2"));
    assert!(error("# nobody yet\n").contains("holds no key"));
    assert!(
        ApiKeys::open("/no/such/keys".into()).unwrap_err().to_string().contains("/no/such/keys")
    );
}

#[test]
fn made_keys_differ_and_names_are_checked() {
    let (one, other) = (make("a").unwrap(), make("a").unwrap());
    assert_ne!(one, other);
    assert!(one.0.starts_with("ls_") && one.0.len() == 67, "{}", one.0);
    for name in ["", "a b", "a:b", "é", &"a".repeat(65)] {
        assert!(make(name).is_err(), "{name}");
    }
}
