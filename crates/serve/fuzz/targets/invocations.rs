#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use longshore_serve_fuzz::Target;

static TARGET: LazyLock<Target> = LazyLock::new(Target::new);

fuzz_target!(|data: &[u8]| {
    // JSON begins with a brace or a bracket; the rest is taken for CSV
    let json = data.get(1).is_some_and(|first| b"{[".contains(first));
    let content_type = if json { "application/json" } else { "text/csv" };
    TARGET.send(|model| format!("/invocations?model={model}"), content_type, data);
});
