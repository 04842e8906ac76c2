//! The text of a source, taken apart once. What it says is compared in every form that undoing
//! percent-encoding gives it, because those who read the files may undo it too.

use crate::uri::split_scheme;

/// How often percent-encoding may be nested.
const DEEPEST: usize = 8;

/// Schemes whose files are fetched from the host that the source names.
const OF_HOSTS: [&str; 10] =
    ["ftp", "sftp", "hdfs", "viewfs", "http", "https", "mlflow-artifacts", "r2", "b2", "abfss"];

/// A source that is taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// The whole text.
    pub(super) text: &'a str,
    /// In lower case; empty for a path of the local disk.
    pub(super) scheme: String,
    /// What stands between `//` and the path.
    pub(super) authority: &'a str,
    /// The path, as it was written.
    pub(super) path: &'a str,
    /// Whether a query or a fragment follows the path.
    has_more: bool,
}

impl<'a> Address<'a> {
    /// Takes a text apart.
    pub(super) fn of(text: &'a str) -> Self {
        let (scheme, rest) = split_scheme(text).unwrap_or(("", text));
        let (authority, rest) = match rest.strip_prefix("//").filter(|_| !scheme.is_empty()) {
            Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
            None => ("", rest),
        };
        let (path, more) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
        let scheme = scheme.to_ascii_lowercase();
        Self { text, scheme, authority, path, has_more: !more.is_empty() }
    }

    /// Whether it is a path of the local disk.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.scheme.as_str(), "" | "file")
    }

    /// Whether its host is another machine.
    pub(super) fn is_elsewhere(&self) -> bool {
        let host = self.authority.rsplit('@').next().unwrap_or_default();
        !(host.is_empty()
            || host == "."
            || host.starts_with("localhost")
            || host.starts_with("127.0.0.1"))
    }

    /// Whether the server would have to ask the host that it names.
    pub(super) fn is_of_host(&self) -> bool {
        let asks = OF_HOSTS.contains(&self.scheme.as_str());
        asks && (self.scheme != "mlflow-artifacts" || !self.authority.is_empty())
    }

    /// Whether its files come through the artifact proxy of a tracking server.
    pub(super) fn is_of_proxy(&self) -> bool {
        let route = ["api", "2.0", "mlflow-artifacts", "artifacts"];
        let parts: Vec<_> = self.path.split('/').filter(|part| !part.is_empty()).collect();
        self.scheme == "mlflow-artifacts"
            || (["http", "https"].contains(&self.scheme.as_str())
                && parts.windows(route.len()).any(|it| it == route))
    }

    /// Whether a place that is not on the local disk is absolute, and says what it says in every form: no
    /// `.` and `..`, no control characters.
    pub(super) fn is_plain(&self) -> bool {
        let Some(forms) = forms(self.text) else { return false };
        let is_plain = |form: &String| {
            !form.chars().any(char::is_control)
                && !form.split(['/', '\\']).any(|part| part == "..")
                && !Address::of(form).path.split(['/', '\\']).any(|part| part == ".")
        };
        self.path.starts_with('/')
            && !self.path.trim_matches('/').is_empty()
            && forms.iter().all(is_plain)
    }

    /// Whether it is at or below a root, in every form.
    pub(super) fn is_within(&self, root: &Address<'_>) -> bool {
        let is_same_place = if self.is_local() {
            root.is_local() && !self.has_more && !root.is_elsewhere()
        } else {
            self.scheme == root.scheme && self.authority.eq_ignore_ascii_case(root.authority)
        };
        let (Some(forms), Some(roots)) = (forms(self.path), forms(root.path)) else { return false };
        let roots: Vec<_> = roots.iter().filter_map(|it| parts(it)).collect();
        let is_below = |form: &String| {
            let parts = parts(form).filter(|_| !form.contains('\\'));
            let Some(parts) = parts else { return false };
            roots.iter().any(|root| !root.is_empty() && parts.starts_with(root))
        };
        is_same_place && !self.text.chars().any(char::is_control) && forms.iter().all(is_below)
    }

    /// The text with the `.` and `..` of its path followed.
    pub(super) fn followed(&self) -> String {
        match parts(self.path) {
            Some(parts) if self.path.split('/').any(|part| part == "." || part == "..") => {
                let before = self.text.len() - self.path.len();
                let before = self.text.get(..before).unwrap_or_default();
                format!("{before}/{}", parts.join("/"))
            }
            _ => self.text.to_owned(),
        }
    }
}

/// A text, and what it becomes each time percent-encoding is undone; `None` when that does not end soon.
pub(in crate::operations) fn forms(text: &str) -> Option<Vec<String>> {
    let mut forms = vec![text.to_owned()];
    while forms.len() <= DEEPEST {
        let last = forms.last()?;
        let next = undo(last);
        if next == *last {
            return Some(forms);
        }
        forms.push(next);
    }
    None
}

/// Undoes percent-encoding once; what is no encoding stays as it is.
fn undo(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The parts of an absolute path, with `.` and `..` followed; `None` when it is not absolute or leads above
/// its root.
fn parts(path: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    for part in path.strip_prefix('/')?.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn a_text_is_taken_apart() {
        let address = Address::of("S3://user@bucket/a/b?v=1#c");
        assert_eq!(
            (address.scheme.as_str(), address.authority, address.path),
            ("s3", "user@bucket", "/a/b")
        );
        let address = Address::of("//host/a");
        assert_eq!(
            (address.scheme.as_str(), address.authority, address.path),
            ("", "", "//host/a")
        );
        assert_eq!(Address::of(" file:///a").scheme, "");
    }

    #[test]
    fn places_that_lead_elsewhere_are_not_plain() {
        for plain in
            ["s3://b/k", "runs:/1/m", "mlflow-artifacts:/a//b/", "gs://b/..../a", "x:/a%20b"]
        {
            assert!(Address::of(plain).is_plain(), "{plain}");
        }
        let crooked = [
            "s3:/b/../c",
            "s3://b/%2e%2e/c",
            "s3://b/%252e%252e/c",
            "s3://b/..%5cc",
            "s3://b/a/./c",
            "x:/a#/../../b",
            "x:/a?;/../b",
            "x:/a%00",
            "s3://bucket",
            "s3:relative",
            "x:/%25252525252525252525252e",
        ];
        for crooked in crooked {
            assert!(!Address::of(crooked).is_plain(), "{crooked}");
        }
    }

    #[test]
    fn a_root_holds_what_is_below_it_in_every_form() {
        let root = Address::of("file:///r/a%20b/artifacts");
        for below in [
            "/r/a b/artifacts",
            "file:///r/a%20b/artifacts/m/..",
            "file://localhost/r/a b/artifacts/m",
        ] {
            assert!(Address::of(below).is_within(&root), "{below}");
        }
        let outside = [
            "/r/a b/artifacts2",
            "/r/a b/artifacts/..",
            "/r/a b/artifacts/m/%2e%2e/..",
            "/r/a b/artifacts/%252e%252e/x",
            "r/a b/artifacts",
            "/r/a b/artifacts#/../../x",
            "/r/a b/artifacts?x",
            "/r/a b/artifacts/m\\..",
            "s3:/r/a b/artifacts",
        ];
        for outside in outside {
            assert!(!Address::of(outside).is_within(&root), "{outside}");
        }
    }

    #[test]
    fn dots_are_followed() {
        assert_eq!(Address::of("file:///a/b/../c").followed(), "file:///a/c");
        assert_eq!(Address::of("/a/./b").followed(), "/a/b");
        assert_eq!(Address::of("s3://b/a?x=1").followed(), "s3://b/a?x=1");
    }
}
