//! Documents: cut by every analyzer, with the token pattern of the input.
#![no_main]

mod loaded;
mod pickled;

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Data, Table, TextColumn};

fuzz_target!(|bytes: &[u8]| {
    let [options, sizes, rest @ ..] = bytes else { return };
    let mut parts = rest.splitn(3, |&byte| byte == 0);
    let (pattern, stop) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let documents = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let analyzer = [&b"word"[..], b"word", b"char", b"char_wb"][usize::from(options & 3)];
    let none = || vec![b'N'];
    let accents = match options >> 2 & 3 {
        0 => pickled::text(b"unicode"),
        1 => pickled::text(b"ascii"),
        _ => none(),
    };
    let hashed = options >> 6 & 1 == 1;
    let mut attributes = vec![
        ("analyzer", pickled::text(analyzer)),
        ("strip_accents", accents),
        ("lowercase", pickled::flag(options >> 4 & 1 == 1)),
        (
            "token_pattern",
            if options >> 5 & 1 == 1 {
                pickled::text(pattern)
            } else {
                pickled::text(br"(?u)\b\w\w+\b")
            },
        ),
        ("stop_words", if stop.is_empty() { none() } else { pickled::list(&[stop]) }),
        ("ngram_range", pickled::pair(sizes & 7, sizes >> 3)),
    ];
    let class = if hashed { "HashingVectorizer" } else { "CountVectorizer" };
    if hashed {
        attributes.push(("n_features", pickled::int(16)));
    } else {
        attributes.push(("vocabulary_", pickled::places(&[b"the", b"the wine", stop, pattern])));
    }
    let file = pickled::estimator("sklearn.feature_extraction.text", class, &attributes);
    let Some((model, _)) = loaded::model(&file) else { return };
    let texts: TextColumn = documents.split('\n').map(Some).collect();
    let rows = texts.len();
    for method in model.predictor.methods() {
        let data = Data::Documents(texts.clone());
        let _ = model.predictor.run(*method, &Table { rows, names: None, data });
    }
});
