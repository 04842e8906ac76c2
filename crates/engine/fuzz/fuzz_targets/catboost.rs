//! CatBoost's binary files: read, built and asked, with numbers and with texts in every column.
#![no_main]

use std::{fs, path::PathBuf, process, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Column, Data, Limits, Matrix, Source, Table, load};

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("longshore-catboost-{}", process::id())));

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*FILE, bytes).expect("a temporary folder to write to");
    let Ok(model) = load(&Source::File(FILE.clone()), &Limits::default()) else { return };
    let columns = model.inputs().columns.unwrap_or(3);
    if columns > 4096 {
        return;
    }
    let ask = |rows: usize, data: Data| {
        let table = Table { rows, names: None, data };
        for method in model.predictor.methods() {
            let _ = model.predictor.run(*method, &table);
        }
    };
    for rows in [3, 20] {
        ask(rows, Data::F64(Matrix { columns, values: vec![f64::NAN; rows * columns] }));
        ask(rows, Data::I64(Matrix { columns, values: vec![7; rows * columns] }));
        let texts = || Column::Text((0..rows).map(|_| Some("3")).collect());
        ask(rows, Data::Columns((0..columns).map(|_| texts()).collect()));
    }
});
