//! numpy's array files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Limits, read};

fuzz_target!(|bytes: &[u8]| {
    let mut file = b"\x93NUMPY".to_vec();
    file.extend(bytes);
    let Ok(document) = read::document(file, &Limits::default()) else { return };
    let Some(array) = document.root().as_array() else { return };
    let _ = (array.f64s(&document), array.i64s(&document), array.texts(&document));
    for (name, _, _) in &array.dtype.fields {
        if let Some(field) = array.field(&document, name) {
            let _ = (field.f64s(), field.i64s());
        }
    }
});
