//! Searches: the first letter chooses what is searched, the first line is the filter, the second the order, its
//! terms parted by `;`.
#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use longshore_tracking_fuzz::{Search, Target};

thread_local! {
    static TARGET: LazyCell<Target> = LazyCell::new(Target::new);
}

fuzz_target!(|text: &str| {
    let Some((search, text)) = Search::chosen(text) else { return };
    let (filter, order) = text.split_once('\n').unwrap_or((text, ""));
    TARGET.with(|target| {
        let Some(page) = target.search(search, filter, order, None) else { return };
        // the token of a page is one of this search, and the next page has something else
        if let Some(token) = page["next_page_token"].as_str().filter(|it| !it.is_empty()) {
            let next = target.search(search, filter, order, Some(token)).expect("a page");
            assert_ne!(page, next, "{search:?} `{filter}` by `{order}`");
        }
    });
});
