use std::{fs, path::Path};

use super::{Cache, Entry, Found, Lease, Manifest};
use crate::digest::sha256;

fn publish<'a>(cache: &'a Cache, key: &'a str, bytes: &[u8]) -> Lease {
    let Found::Missing(writing) = cache.open(key).unwrap() else { panic!("`{key}` is there") };
    let content = writing.folder().unwrap().join("content");
    fs::create_dir_all(content.join("data")).unwrap();
    fs::write(content.join("data/model"), bytes).unwrap();
    let file = Entry { path: "data/model".into(), size: bytes.len() as u64, sha256: sha256(bytes) };
    writing.publish(Manifest { files: vec![file], ..Manifest::default() }).unwrap()
}

fn is_here(cache: &Cache, key: &str) -> bool {
    matches!(cache.open(key).unwrap(), Found::Here(_))
}

fn model(root: &Path, key: &str) -> std::path::PathBuf {
    root.join("models").join(key).join("content/data/model")
}

#[test]
fn what_is_published_is_found_and_what_is_not_is_not() {
    let root = tempfile::tempdir().unwrap();
    let cache = Cache::new(root.path(), 1 << 20);
    let Found::Missing(writing) = cache.open("a").unwrap() else { panic!("there is nothing") };
    fs::create_dir_all(writing.folder().unwrap().join("content")).unwrap();
    drop(writing);
    assert!(!is_here(&cache, "a"), "a half download is no model");
    let lease = publish(&cache, "a", b"one");
    assert_eq!(fs::read(lease.content.join("data/model")).unwrap(), b"one");
    assert!(is_here(&cache, "a"));
}

#[test]
fn damage_is_found_and_removed() {
    let root = tempfile::tempdir().unwrap();
    let cache = Cache::new(root.path(), 1 << 20);
    let damages: [fn(&Path); 4] = [
        |path| fs::write(path, b"onf").unwrap(),
        |path| fs::write(path, b"on").unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path.with_extension("more"), b"x").unwrap(),
    ];
    for damage in damages {
        drop(publish(&cache, "a", b"one"));
        assert!(is_here(&cache, "a"));
        damage(&model(root.path(), "a"));
        assert!(!is_here(&cache, "a"));
    }
    assert!(!model(root.path(), "a").try_exists().unwrap());
}

#[test]
fn the_oldest_goes_first_and_what_is_in_use_stays() {
    let root = tempfile::tempdir().unwrap();
    let cache = Cache::new(root.path(), 30);
    for (at, key) in ["a", "b", "c"].iter().enumerate() {
        drop(publish(&cache, key, &[0; 10]));
        let lock = cache.lock_file(key).unwrap();
        let used = std::time::SystemTime::now() - std::time::Duration::from_secs(100 - at as u64);
        lock.set_modified(used).unwrap();
    }
    let Found::Here(held) = cache.open("a").unwrap() else { panic!("`a` is there") };
    held.lock.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(cache.evict(10, "d"), 20);
    assert!(model(root.path(), "a").try_exists().unwrap(), "it is in use");
    assert!(!model(root.path(), "b").try_exists().unwrap());
    assert!(model(root.path(), "c").try_exists().unwrap());
    drop(held);
    assert_eq!(cache.evict(30, "d"), 0);
    assert!(!model(root.path(), "a").try_exists().unwrap());
}

#[test]
fn a_second_process_waits_for_the_first() {
    let root = tempfile::tempdir().unwrap();
    let first = Cache::new(root.path(), 1 << 20);
    let second = Cache::new(root.path(), 1 << 20);
    let Found::Missing(writing) = first.open("a").unwrap() else { panic!("there is nothing") };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| is_here(&second, "a"));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!waiting.is_finished());
        let content = writing.folder().unwrap().join("content");
        fs::create_dir_all(&content).unwrap();
        fs::write(content.join("x"), b"").unwrap();
        let file = Entry { path: "x".into(), size: 0, sha256: sha256(b"") };
        let lease = writing.publish(Manifest { files: vec![file], ..Manifest::default() }).unwrap();
        assert!(waiting.join().unwrap());
        drop(lease);
    });
}
