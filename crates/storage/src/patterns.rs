//! Which files of a folder are wanted, by patterns as shells have them: KServe's
//! `STORAGE_ALLOW_PATTERNS` and `STORAGE_IGNORE_PATTERNS`.

use crate::{Environment, Error, remote::Listing};

/// The variables: a JSON list, or patterns with commas between them.
const ALLOW: &str = "STORAGE_ALLOW_PATTERNS";
const IGNORE: &str = "STORAGE_IGNORE_PATTERNS";

/// Patterns of paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patterns {
    /// When there are any, a file must match one.
    allow: Vec<String>,
    /// A file must match none.
    ignore: Vec<String>,
}

impl Patterns {
    /// Those of the environment.
    pub(crate) fn of(environment: &Environment) -> Self {
        let read = |name: &str| {
            let text = environment.get(name).unwrap_or_default();
            let listed: Vec<String> = serde_json::from_str(&text).unwrap_or_else(|_| {
                text.split(',').map(|pattern| pattern.trim().to_owned()).collect()
            });
            let patterns = listed.into_iter().filter(|pattern| !pattern.is_empty());
            // a folder stands for all that is in it, as in Hugging Face's library
            patterns.map(|p| if p.ends_with('/') { format!("{p}*") } else { p }).collect()
        };
        Self { allow: read(ALLOW), ignore: read(IGNORE) }
    }

    fn take(&self, path: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, path));
        (self.allow.is_empty() || any(&self.allow)) && !any(&self.ignore)
    }

    /// Leaves the wanted files of a folder; a location that names a file means that file.
    ///
    /// # Errors
    /// [`Error::Missing`] when none is left.
    pub(crate) fn sift(&self, mut listing: Listing, what: &str) -> Result<Listing, Error> {
        if listing.is_file || listing.objects.is_empty() {
            return Ok(listing);
        }
        listing.objects.retain(|object| self.take(&object.path));
        if listing.objects.is_empty() {
            let hint = format!(": look at `{ALLOW}` and `{IGNORE}`");
            return Err(Error::Missing { what: format!("a wanted file in {what}"), hint });
        }
        Ok(listing)
    }
}

/// Whether a pattern is that of a path, as in Python's `fnmatch`: `*` stands for any text, also with
/// slashes, `?` for a character, `[abc]`, `[a-c]` and `[!abc]` for one of a set.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), path.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // where the last `*` was, and what it has taken so far
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, seen));
            at += 1;
            continue;
        }
        let step = path.get(seen).and_then(|char| one(pattern.get(at..)?, *char));
        match (step, &mut star) {
            (Some(length), _) => {
                at += length;
                seen += 1;
            }
            (None, _) if seen == path.len() && at == pattern.len() => return true,
            (None, Some((from, taken))) if *taken < path.len() => {
                *taken += 1;
                (at, seen) = (*from + 1, *taken);
            }
            (None, _) => return false,
        }
    }
}

/// How many characters of the pattern stand for this character; `None` when they do not.
fn one(pattern: &[char], char: char) -> Option<usize> {
    match *pattern.first()? {
        '?' => Some(1),
        '[' => {
            let negated = pattern.get(1) == Some(&'!');
            let from = 1 + usize::from(negated);
            // a bracket that comes first is one of the set
            let end = pattern.iter().skip(from + 1).position(|c| *c == ']');
            let Some(end) = end.map(|end| from + 1 + end) else {
                return (char == '[').then_some(1);
            };
            let set = pattern.get(from..end)?;
            (contains(set, char) != negated).then_some(end + 1)
        }
        other => (other == char).then_some(1),
    }
}

fn contains(set: &[char], char: char) -> bool {
    match set {
        [low, '-', high, rest @ ..] => (*low..=*high).contains(&char) || contains(rest, char),
        [first, rest @ ..] => *first == char || contains(rest, char),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Patterns, matches};
    use crate::Environment;

    // answers of Python's `fnmatch.fnmatchcase`
    #[test]
    fn patterns_mean_what_they_mean_to_python() {
        for (pattern, path, answer) in [
            ("*.safetensors", "a/b.safetensors", true),
            ("*.safetensors", "a/b.safetensors.index", false),
            ("a*b*c", "a/x/b/y/c", true),
            ("a*b*c", "a/x/c/y/b", false),
            ("config.json", "config.json", true),
            ("config.json", "a/config.json", false),
            ("model-0000?-of-*.bin", "model-00001-of-2.bin", true),
            ("[ab].bin", "b.bin", true),
            ("[!ab].bin", "b.bin", false),
            ("[a-c]x", "cx", true),
            ("[]]x", "]x", true),
            ("[x", "[x", true),
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("**a", "ba", true),
        ] {
            assert_eq!(matches(pattern, path), answer, "{pattern} {path}");
        }
    }

    #[test]
    fn lists_are_json_or_have_commas() {
        let patterns = Patterns::of(&Environment::new(|name| match name {
            "STORAGE_ALLOW_PATTERNS" => Some(r#"["*.json", "weights/"]"#.into()),
            "STORAGE_IGNORE_PATTERNS" => Some("*.bin, old/*".into()),
            _ => None,
        }));
        for (path, wanted) in [
            ("config.json", true),
            ("weights/a/b", true),
            ("weights/a.bin", false),
            ("old/config.json", false),
            ("README.md", false),
        ] {
            assert_eq!(patterns.take(path), wanted, "{path}");
        }
        assert!(Patterns::of(&Environment::new(|_| None)).take("anything"));
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[ab*?\\[\\]!-]{0,12}", path in "[ab/\\]]{0,12}") {
            matches(&pattern, &path);
        }
    }
}
