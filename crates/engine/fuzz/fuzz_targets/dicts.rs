//! Rows by key: counted by a `DictVectorizer` and hashed by a `FeatureHasher`.
#![no_main]

mod loaded;
#[allow(dead_code, reason = "it serves another target too")]
mod pickled;

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Cell, Column, Data, Table, TextColumn};

/// A cell by a byte, with a text of the input.
fn cell(kind: u8, text: &str) -> Cell {
    match kind % 8 {
        0 => Cell::Null,
        1 => Cell::Absent,
        2 => Cell::Bool(text.is_empty()),
        3 => Cell::I64(i64::from(kind) - 128),
        4 => Cell::F64(f64::from(kind) * 1e300),
        5 => Cell::Texts([text, text, ""].map(Arc::from).into()),
        _ => Cell::Text(text.into()),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [kinds @ .., options] = bytes else { return };
    let text = String::from_utf8_lossy(kinds).into_owned();
    let keys: Vec<&str> = text.split('\0').take(6).collect();
    let stored: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
    let mut attributes =
        vec![("separator", pickled::text(b"=")), ("sparse", pickled::flag(options & 1 == 1))];
    let class = if options & 2 == 0 { "DictVectorizer" } else { "FeatureHasher" };
    if class == "DictVectorizer" {
        attributes.push(("feature_names_", pickled::list(&stored)));
        attributes.push(("vocabulary_", pickled::places(&stored)));
    } else {
        attributes.push(("n_features", pickled::int(8)));
        attributes.push((
            "input_type",
            pickled::text([&b"dict"[..], b"pair", b"string"][usize::from(options >> 2) % 3]),
        ));
    }
    let file = pickled::estimator("sklearn.feature_extraction", class, &attributes);
    let Some((model, _)) = loaded::model(&file) else { return };
    let rows = 3;
    let name = |key: &&str| Arc::from(key.split('=').next().unwrap_or_default());
    let names: Arc<[Arc<str>]> = keys.iter().map(name).collect();
    let columns = keys.iter().enumerate().map(|(at, key)| {
        let kind = |row: usize| kinds.get(at * rows + row).copied().unwrap_or(*options);
        match options >> 4 & 3 {
            0 => Column::Text([Some(*key), None, Some("")].into_iter().collect::<TextColumn>()),
            1 => Column::F64((0..rows).map(|row| f64::from(kind(row)) - 9.5).collect()),
            _ => Column::Any((0..rows).map(|row| cell(kind(row), key)).collect()),
        }
    });
    let data = Data::Columns(columns.collect());
    for method in model.predictor.methods() {
        for names in [Some(Arc::clone(&names)), None] {
            let _ = model.predictor.run(*method, &Table { rows, names, data: data.clone() });
        }
    }
});
