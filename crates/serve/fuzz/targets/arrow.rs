#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use longshore_serve_fuzz::Target;

static TARGET: LazyLock<Target> = LazyLock::new(Target::new);

fuzz_target!(|data: &[u8]| {
    TARGET.send_table(data);
});
