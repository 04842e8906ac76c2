use serde::{Deserialize, Serialize};

/// What a gateway tells a warm pool of a request, in the header [`POOL`](crate::names::POOL) as JSON: which
/// model it is for, and where that comes from. A gateway takes the header away from what clients send.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pooled {
    /// The revision: the pool keeps a model for each.
    pub revision: String,
    /// The name of the model in paths and messages.
    pub model: String,
    /// Where its files are, such as `s3://models/iris`.
    pub uri: String,
}

impl Pooled {
    /// The value of the header.
    pub fn to_header(&self) -> Vec<u8> {
        // a struct of texts always becomes JSON
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads the value of the header.
    ///
    /// # Errors
    /// What of it is wrong.
    pub fn from_header(value: &[u8]) -> Result<Self, String> {
        let pooled: Self = serde_json::from_slice(value).map_err(|error| error.to_string())?;
        let Self { revision, model, uri } = &pooled;
        match [("revision", revision), ("model", model), ("uri", uri)] {
            fields if fields.iter().all(|(_, text)| !text.is_empty()) => Ok(pooled),
            fields => {
                let empty = fields.iter().find(|(_, text)| text.is_empty());
                Err(format!("`{}` is empty", empty.map_or("", |(name, _)| name)))
            }
        }
    }
}

/// Whether a warm pool can answer for a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PoolReadiness {
    /// Whether it can.
    pub state: PoolState,
    /// Why it cannot, in words; empty when it can.
    pub message: String,
}

/// Whether a warm pool can answer for a revision, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PoolState {
    /// It has loaded the model.
    Ready,
    /// The model does not load.
    Failed,
    /// No replica of the pool can be asked, or the model is being loaded.
    Waiting,
}

#[cfg(test)]
mod tests {
    use super::Pooled;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let pooled = Pooled {
            revision: "iris-predictor-00001-abcde".into(),
            model: "iris".into(),
            uri: "s3://models/é \"a\"\n%20".into(),
        };
        let header = pooled.to_header();
        assert!(header.iter().all(|byte| *byte >= 0x20), "a header has no control characters");
        assert_eq!(Pooled::from_header(&header), Ok(pooled));
    }

    #[test]
    fn what_is_no_header_is_named() {
        let refused = |text: &str| Pooled::from_header(text.as_bytes()).unwrap_err();
        assert!(refused(r#"{"revision":"a","model":"b"}"#).contains("`uri`"));
        assert!(refused(r#"{"revision":"a","model":"","uri":"c"}"#).contains("`model` is empty"));
        assert!(refused("iris").contains("expected value"));
    }
}
