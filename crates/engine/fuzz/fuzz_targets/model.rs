//! Whole model files: read, built and asked.
#![no_main]

use std::{fs, path::PathBuf, process, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Data, Limits, Matrix, Source, Table, load};

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("longshore-fuzz-{}", process::id())));

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*FILE, bytes).expect("a temporary folder to write to");
    let Ok(model) = load(&Source::File(FILE.clone()), &Limits::default()) else { return };
    let columns = model.inputs().columns.unwrap_or(3);
    if columns > 4096 {
        return;
    }
    for method in model.predictor.methods() {
        for value in [0.0, -1e9, 1e9, f64::NAN] {
            let values = vec![value; 3 * columns];
            let data = Data::F64(Matrix { columns, values });
            let _ = model.predictor.run(*method, &Table { rows: 3, names: None, data });
        }
    }
});
