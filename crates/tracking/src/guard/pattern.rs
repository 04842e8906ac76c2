//! Names with `*` in them.

/// A name in which `*` stands for any letters. Letters are compared in lower case.
#[derive(Clone, Debug)]
pub(super) struct Pattern(String);

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    /// Whether it is `*` alone.
    pub(super) fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// Whether `name`, in lower case, is one of its names.
    pub(super) fn matches(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let Some(inner) = name.strip_prefix(first) else { return false };
        let Some(mut inner) = inner.strip_suffix(last) else { return false };
        for part in between.split('*').filter(|part| !part.is_empty()) {
            let Some(at) = inner.find(part) else { return false };
            inner = &inner[at + part.len()..];
        }
        true
    }
}
