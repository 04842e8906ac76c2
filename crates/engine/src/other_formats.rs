//! Files that no flavor reads, said for what they are.

/// What a file is, by its first bytes.
pub(crate) fn describe(bytes: &[u8]) -> &'static str {
    match bytes {
        [] => "empty",
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => "a numpy array file",
        [b'C', b'B', b'M', b'1', ..] => "a CatBoost model",
        _ => "of an unknown format",
    }
}
