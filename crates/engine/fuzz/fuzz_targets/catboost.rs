//! CatBoost's binary files: read, built and asked, with numbers and with texts in every column.
#![no_main]

mod loaded;

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Column, Data, Matrix, Table};

fuzz_target!(|bytes: &[u8]| {
    let Some((model, columns)) = loaded::model(bytes) else { return };
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
