//! What Triton's `config.pbtxt` says about the versions of a model, in protobuf's text format
//! (protobuf.dev/reference/protobuf/textformat-spec; `model_config.proto` of Triton). The other
//! fields are passed over.

mod text_format;

use std::collections::BTreeSet;

use text_format::{Fields, Value};

/// The name of the file.
pub(super) const FILE: &str = "config.pbtxt";

/// What is read of the file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ModelConfig {
    /// The model's name, when the file gives one.
    pub(super) name: Option<String>,
    /// Which versions are served; `None` when the file does not say.
    pub(super) policy: Option<VersionPolicy>,
}

/// Which versions of a model are served.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum VersionPolicy {
    /// So many with the highest numbers.
    Latest(u64),
    /// All of them.
    All,
    /// These.
    Specific(BTreeSet<u64>),
}

impl ModelConfig {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let fields = text_format::read(text)?;
        let name = match fields.only("name")? {
            Some(Value::Text(name)) => Some(name.clone()),
            Some(_) => return Err("its `name` is not a text in quotes".into()),
            None => None,
        };
        let policy = match fields.only("version_policy")? {
            Some(Value::Fields(policy)) => Some(VersionPolicy::of(policy)?),
            Some(_) => return Err("its `version_policy` is not a message in braces".into()),
            None => None,
        };
        Ok(Self { name: name.filter(|name| !name.is_empty()), policy })
    }
}

impl VersionPolicy {
    fn of(policy: &Fields) -> Result<Self, String> {
        let given: Vec<&str> = policy.names().collect();
        let wrong = || {
            Err("its `version_policy` is not one of `latest { num_versions: 1 }`, `all { }` and \
                 `specific { versions: [1] }`"
                .into())
        };
        let &[kind] = &given[..] else { return wrong() };
        let Some(Value::Fields(fields)) = policy.only(kind)? else { return wrong() };
        match kind {
            "latest" => match fields.numbers("num_versions")?[..] {
                // no number is 0 in a message, which Triton takes for the default
                [] | [0] => Ok(Self::Latest(1)),
                [count] => Ok(Self::Latest(count)),
                _ => wrong(),
            },
            "all" => Ok(Self::All),
            "specific" => Ok(Self::Specific(fields.numbers("versions")?.into_iter().collect())),
            _ => wrong(),
        }
    }

    /// Whether the version `number` is served beside the others in `all`.
    pub(super) fn takes(&self, number: u64, all: &BTreeSet<u64>) -> bool {
        match self {
            Self::All => true,
            Self::Specific(versions) => versions.contains(&number),
            Self::Latest(count) => {
                let count = usize::try_from(*count).unwrap_or(usize::MAX);
                all.range(number..).nth(count).is_none()
            }
        }
    }

    /// The versions that it names and that are not there.
    pub(super) fn missing<'a>(
        &'a self,
        all: &'a BTreeSet<u64>,
    ) -> impl Iterator<Item = u64> + use<'a> {
        let named = match self {
            Self::Specific(versions) => Some(versions),
            _ => None,
        };
        named.into_iter().flatten().copied().filter(|version| !all.contains(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ModelConfig, String> {
        ModelConfig::read(text)
    }

    fn policy(text: &str) -> Result<Option<VersionPolicy>, String> {
        read(&format!("version_policy {text}")).map(|config| config.policy)
    }

    #[test]
    fn name_and_policy_are_read_and_the_rest_is_read_over() {
        let text = r#"
            # a comment with "quotes" and { braces
            name: "churn"  platform: "onnxruntime_onnx", max_batch_size: 8;
            input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }, { name: 'y' } ]
            output < name: "z" dims: 1 >
            version_policy: { latest { num_versions: 2 } }
            parameters { key: "a\"b" value: { string_value: "name: 'no'" "more" } }
            optimization { priority: PRIORITY_MAX [ext.field]: 1.5e3 }
        "#;
        let expected =
            ModelConfig { name: Some("churn".into()), policy: Some(VersionPolicy::Latest(2)) };
        assert_eq!(read(text), Ok(expected));
        assert_eq!(read(""), Ok(ModelConfig::default()));
        assert_eq!(read("name: \"\" max_batch_size: 0"), Ok(ModelConfig::default()));
    }

    #[test]
    fn every_policy_is_read() {
        use VersionPolicy::{All, Latest, Specific};
        for (text, expected) in [
            ("{ all { } }", All),
            (": { all: {} }", All),
            ("{ latest { } }", Latest(1)),
            ("< latest < num_versions: 3 > >", Latest(3)),
            ("{ specific { versions: [1, 0x10] } }", Specific([1, 16].into())),
            ("{ specific { versions: 1 versions: 3 } }", Specific([1, 3].into())),
        ] {
            assert_eq!(policy(text), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("{ }", "is not one of `latest"),
            ("{ all {} latest {} }", "is not one of `latest"),
            ("{ newest {} }", "is not one of `latest"),
            ("{ all: 1 }", "is not one of `latest"),
            (": 3", "is not a message"),
            ("{ specific { versions: -1 } }", "`versions` is not a whole number of 0 or more"),
            ("{ specific { versions: \"1\" } }", "`versions` is not a whole number"),
            ("{ all {} } version_policy { all {} }", "has `version_policy` twice"),
            ("{ all {} ", "line 1: a `}` is missing"),
            ("{ all {} > }", "line 1: `>`"),
            ("{\n\"all\" {} }", "line 2: `\"`"),
            ("{ all {} } name: \"a", "line 1: a quote has no end"),
            ("{ all {} } name: ", "line 1: a value is missing"),
            ("{ all {} } name \"a\"", "line 1: a `:` is missing behind `name`"),
        ] {
            let error = policy(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(read("name: churn").unwrap_err().contains("is not a text"));
        let deep = format!("a {}", "{ a ".repeat(10_000));
        assert!(read(&deep).unwrap_err().contains("deep"));
    }

    #[test]
    fn a_policy_takes_versions() {
        let all: BTreeSet<u64> = [1, 2, 10].into();
        let taken = |policy: &VersionPolicy| -> Vec<u64> {
            all.iter().copied().filter(|&version| policy.takes(version, &all)).collect()
        };
        assert_eq!(taken(&VersionPolicy::Latest(2)), [2, 10]);
        assert_eq!(taken(&VersionPolicy::All), [1, 2, 10]);
        let specific = VersionPolicy::Specific([1, 3].into());
        assert_eq!(taken(&specific), [1]);
        assert_eq!(specific.missing(&all).collect::<Vec<_>>(), [3]);
    }
}
