use std::fmt;

use crate::Error;

/// How often a path may be percent-encoded on top of itself, as in MLflow.
const ROUNDS: usize = 10;

/// A path of a file or a folder below a root, which it cannot leave. The empty path is the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ArtifactPath(String);

impl ArtifactPath {
    /// Checks a path as a client sent it, after the decoding that HTTP asks for. What only looks harmless
    /// because it is encoded once more is refused as well; the name itself stays as it was sent.
    ///
    /// # Errors
    /// A refusal in MLflow's words.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(invalid());
        }
        let mut seen = text.as_bytes().to_vec();
        for _ in 0..ROUNDS {
            if !stays_below(&seen) {
                return Err(invalid());
            }
            let decoded = decode(&seen);
            if decoded == seen {
                return Ok(Self::normal(text));
            }
            seen = decoded;
        }
        Err(invalid())
    }

    fn normal(text: &str) -> Self {
        let parts = text.split('/').filter(|part| !matches!(*part, "" | "."));
        Self(parts.collect::<Vec<_>>().join("/"))
    }

    /// The path of `other` below this one.
    pub(crate) fn join(&self, other: &Self) -> Self {
        match (self.is_root(), other.is_root()) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => Self(format!("{}/{}", self.0, other.0)),
        }
    }

    /// Whether it is the root.
    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Its last part.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Its first part.
    pub(crate) fn first(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The id of the experiment whose folder it is in, when the folder is named by one.
    pub(crate) fn experiment(&self) -> Option<&str> {
        let first = self.first();
        let is_id = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then_some(first)
    }

    /// The path below another one, when it is there.
    pub(crate) fn below(&self, root: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(root.as_str())?;
        let is_below = root.is_root() || rest.is_empty() || rest.starts_with('/');
        is_below.then(|| Self(rest.trim_start_matches('/').to_owned()))
    }

    /// The whole, with `/` between its parts and at neither end.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn invalid() -> Error {
    Error::invalid("Invalid path")
}

/// Whether a path does not leave the folder that it is put below, on any system that may read it.
fn stays_below(path: &[u8]) -> bool {
    let is_absolute = matches!(path, [b'/' | b'\\', ..])
        || matches!(path, [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic())
        || path.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"file:"));
    // clients of MLflow 2 name images by numbers behind `%`, which are other control characters when decoded
    let is_strange = path.iter().any(|byte| matches!(byte, b'#' | b'\0' | b'\n' | b'\r'));
    let climbs = path.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| {
        // some servers take what follows `;` or `?` for something else than the name
        part.split(|byte| matches!(byte, b';' | b'?')).next() == Some(b"..")
    });
    !is_absolute && !is_strange && !climbs
}

/// Undoes the percent-encoding that is there; what is none stays as it is.
fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let pair = digit(0).zip(digit(1)).filter(|_| *byte == b'%');
        out.push(pair.map_or(*byte, |(high, low)| (high * 16 + low) as u8));
        rest = pair.and_then(|_| after.get(2..)).unwrap_or(after);
    }
    out
}

#[cfg(test)]
mod tests {
    use longshore_daemon::percent;

    use super::ArtifactPath;

    #[test]
    fn a_path_is_kept_as_it_was_sent() {
        let image = "images/k%step%10%timestamp%1795869550898%z7064ee0.png";
        let same =
            ["a/b.txt", "ü b.txt", "100%", "a%20b", "a+b", "..a/b..", "model/a;b", "C:a", image];
        for text in same {
            assert_eq!(ArtifactPath::parse(text).unwrap().as_str(), text);
        }
        for (text, normal) in [("", ""), ("a//b/", "a/b"), ("./a/.", "a"), (".", "")] {
            assert_eq!(ArtifactPath::parse(text).unwrap().as_str(), normal);
        }
    }

    #[test]
    fn no_path_leaves_its_root_however_it_is_encoded() {
        let plain = [
            "..",
            "../a",
            "a/../../b",
            "a/..",
            "/etc/passwd",
            "//etc",
            r"..\a",
            r"a\..\b",
            r"\a",
            "C:/a",
            r"c:\a",
            "file:///etc/passwd",
            "FILE:/etc",
            "a#b",
            "a/..;x/b",
            "..?x",
            "a\0b",
            "a\nb",
            "a\rb",
        ];
        for text in plain {
            let mut sent = text.to_owned();
            for round in 0..4 {
                assert!(ArtifactPath::parse(&sent).is_err(), "{sent} of round {round}");
                sent = percent::encode_but(&sent, |_| false);
            }
        }
        let mut deep = "a b".to_owned();
        for _ in 0..12 {
            deep = deep.replace('%', "%25").replace(' ', "%20");
        }
        assert!(ArtifactPath::parse(&deep).is_err(), "{deep}");
    }

    #[test]
    fn paths_are_joined() {
        let of = |text| ArtifactPath::parse(text).unwrap();
        assert_eq!(of("a/b").join(&of("c")), of("a/b/c"));
        assert_eq!(of("").join(&of("c")), of("c"));
        assert_eq!(of("a").join(&of("")), of("a"));
        assert_eq!((of("7/r/a.txt").first(), of("7/r/a.txt").name()), ("7", "a.txt"));
    }
}
