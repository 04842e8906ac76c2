use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far the rollout of one revision is. It stands as JSON in an annotation of the revision's
/// Deployment, so that another operator goes on where this one ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum State {
    /// It gets a share of the requests.
    Stepping {
        /// The share in percent.
        percent: u32,
        /// Since when, as RFC 3339 has it.
        #[serde(with = "moment")]
        since: Timestamp,
    },
    /// It gets all requests.
    Complete,
    /// It gets none any more.
    RolledBack {
        /// Why.
        reason: String,
    },
}

/// A moment as RFC 3339 has it.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        at: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format!("`{text}` is no moment: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::State;

    #[test]
    fn a_state_is_read_as_it_was_written() {
        let since = Timestamp::from_second(1_700_000_000).unwrap();
        for (state, text) in [
            (
                State::Stepping { percent: 5, since },
                r#"{"phase":"stepping","percent":5,"since":"2023-11-14T22:13:20Z"}"#,
            ),
            (State::Complete, r#"{"phase":"complete"}"#),
            (
                State::RolledBack { reason: "3 of 3 failed".into() },
                r#"{"phase":"rolledBack","reason":"3 of 3 failed"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&state).unwrap(), text);
            assert_eq!(serde_json::from_str::<State>(text).unwrap(), state);
        }
        assert!(
            serde_json::from_str::<State>(r#"{"phase":"stepping","percent":5,"since":"x"}"#)
                .is_err()
        );
    }
}
