//! UBJSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Limits, read::ubjson};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tree) = ubjson::parse(bytes, &Limits::default()) {
        let _ = (tree.get("learner"), tree.numbers().map(|numbers| numbers.i64s()));
    }
});
