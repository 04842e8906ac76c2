//! JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Limits, read::json};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tree) = json::parse(bytes, &Limits::default()) {
        let _ = (tree.get("learner"), tree.numbers().map(|numbers| numbers.i64s()));
    }
});
