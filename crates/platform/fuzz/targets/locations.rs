//! Where a model is: `storageUri` of a manifest, and the header that a gateway tells a warm pool by.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_platform::Pooled;
use longshore_storage::Location;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = str::from_utf8(data) {
        read(text);
    }
    if let Ok(pooled) = Pooled::from_header(data) {
        assert_eq!(Pooled::from_header(&pooled.to_header()).as_ref(), Ok(&pooled));
        read(&pooled.uri);
    }
});

/// What is written is read as the same again, but for secrets: a query is not shown.
fn read(text: &str) {
    match text.parse::<Location>() {
        Ok(location) => {
            let written = location.to_string();
            let again = written.parse::<Location>().map(|it| it.to_string());
            assert_eq!(again.ok(), Some(written), "of `{text}`");
            if let Location::Web(_) | Location::Azure(_) = location {
                assert!(!location.to_string().contains('?'), "of `{text}`");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
