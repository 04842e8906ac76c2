//! Tokens of pages: the first letter chooses what is searched, the rest stands behind the part of a token that
//! says what search it is of. A line `---` before the rest lets it stand alone.
#![no_main]

use std::{cell::LazyCell, collections::HashMap};

use libfuzzer_sys::fuzz_target;
use longshore_tracking_fuzz::{Search, Target};

/// The server, and how tokens of each search begin.
struct Tokens {
    target: Target,
    begin: HashMap<char, String>,
}

impl Tokens {
    fn new() -> Self {
        let target = Target::new();
        let begin = Search::ALL.into_iter().filter_map(|(letter, search)| {
            let page = target.search(search, "", "", None)?;
            let token = page["next_page_token"].as_str()?;
            Some((letter, token.split('.').next()?.to_owned()))
        });
        let begin: HashMap<_, _> = begin.collect();
        assert_eq!(begin.len(), 7, "what is searched has more than a page: {begin:?}");
        Self { target, begin }
    }
}

thread_local! {
    static TOKENS: LazyCell<Tokens> = const { LazyCell::new(Tokens::new) };
}

fuzz_target!(|text: &str| {
    let Some((search, rest)) = Search::chosen(text) else { return };
    TOKENS.with(|tokens| {
        let Tokens { target, begin } = &**tokens;
        let Some(begin) = text.chars().next().and_then(|letter| begin.get(&letter)) else { return };
        let token = match rest.strip_prefix("---") {
            Some(alone) => alone.to_owned(),
            None => format!("{begin}.{rest}"),
        };
        target.search(search, "", "", Some(&token));
    });
});
