//! Files that hold no model are told for what they are, with the next step.
//!
//! `tests/golden/other_files.py` writes them with the tools that people use, and `expected.json`
//! with words of a good message.

use std::{collections::BTreeMap, fs, path::Path};

use longshore_engine::{Limits, Source, inspect, load};

#[test]
fn other_files_are_told_for_what_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/other_files");
    let text = fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Vec<String>> = serde_json::from_str(&text).unwrap();
    let mut faults = Vec::new();
    for (name, words) in &expected {
        let source = Source::open(&folder.join(name)).unwrap();
        let refusal = match load(&source, &Limits::default()) {
            Ok(_) => "it was loaded".to_owned(),
            Err(error) => error.to_string(),
        };
        println!("{name}: {refusal}");
        for word in words.iter().filter(|word| !refusal.contains(*word)) {
            faults.push(format!("{name} lacks {word:?}: {refusal}"));
        }
        let inspected = match inspect(&source, &Limits::default()) {
            Ok(inspection) => inspection.outcome.map(drop),
            Err(error) => Err(error),
        };
        assert_eq!(inspected.unwrap_err().to_string(), refusal);
    }
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, expected.len() + 1, "a file without expected words, or the reverse");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn damage_never_panics() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/other_files");
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("damaged");
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for step in 0..12 {
            let at = bytes.len() * step / 12;
            let mut flipped = bytes.clone();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= 0x81;
            }
            for damaged in [&flipped, &bytes[..at], &bytes[at..]] {
                fs::write(&path, damaged).unwrap();
                drop(load(&Source::File(path.clone()), &Limits::default()));
            }
        }
    }
}
