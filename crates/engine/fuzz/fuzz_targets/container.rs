//! Compressed streams and archives, with the limits of a small machine.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Limits, read};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { model_bytes: 16 << 20, ..Limits::default() };
    let _ = read::sniff(bytes);
    let _ = read::document(bytes.to_vec(), &limits);
});
