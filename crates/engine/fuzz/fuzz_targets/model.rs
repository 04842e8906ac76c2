//! Whole model files: read, built and asked.
#![no_main]

mod loaded;

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Data, Matrix, Table};

fuzz_target!(|bytes: &[u8]| {
    let Some((model, columns)) = loaded::model(bytes) else { return };
    for method in model.predictor.methods() {
        for value in [0.0, -1e9, 1e9, f64::NAN] {
            let values = vec![value; 3 * columns];
            let data = Data::F64(Matrix { columns, values });
            let _ = model.predictor.run(*method, &Table { rows: 3, names: None, data });
        }
    }
});
