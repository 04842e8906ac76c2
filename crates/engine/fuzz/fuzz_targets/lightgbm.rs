//! LightGBM's text models: read, built and asked.
#![no_main]

mod loaded;

use libfuzzer_sys::fuzz_target;
use longshore_engine::Table;

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.strip_prefix(b"tree\n").unwrap_or(bytes);
    let Some((model, columns)) = loaded::model(&[b"tree\n", bytes].concat()) else { return };
    for method in model.predictor.methods() {
        for value in [0.0, -1e9, 1e9, 2.0, f64::NAN] {
            let rows = Table::matrix(3, columns, vec![value; 3 * columns]);
            let _ = model.predictor.run(*method, &rows);
        }
    }
});
