//! XGBoost's old binary format: read, built and asked.
#![no_main]

use std::{fs, path::PathBuf, process, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Limits, Source, Table, load};

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("longshore-fuzz-binary-{}", process::id())));

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.strip_prefix(b"binf").unwrap_or(bytes);
    fs::write(&*FILE, [b"binf", bytes].concat()).expect("a temporary folder to write to");
    let Ok(model) = load(&Source::File(FILE.clone()), &Limits::default()) else { return };
    let columns = model.inputs().columns.unwrap_or(3);
    if columns > 4096 {
        return;
    }
    for method in model.predictor.methods() {
        for value in [0.0, -1e9, 1e9, f64::NAN] {
            let rows = Table::matrix(3, columns, vec![value; 3 * columns]);
            let _ = model.predictor.run(*method, &rows);
        }
    }
});
