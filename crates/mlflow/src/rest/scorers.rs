//! Scorers: what judges the answers of models. A server keeps them as texts and never runs them.

use serde_json::Value;

use super::{Done, Kind, Place, Wire, call::calls, message::messages};
use crate::Error;

messages! {
    /// A version of a scorer.
    pub struct Scorer {
        /// The experiment it belongs to.
        experiment_id: Option<i64>,
        /// Its name, one of its experiment.
        scorer_name: Option<String>,
        /// Counted from 1.
        scorer_version: Option<i64>,
        /// The scorer: a JSON object.
        serialized_scorer: Option<String>,
        /// Milliseconds since 1970.
        creation_time: Option<i64>,
        /// The same for all versions.
        scorer_id: Option<String>,
    }

    /// Adds a version to a scorer, and makes the scorer when it is the first.
    pub struct RegisterScorer {
        /// The experiment it belongs to.
        experiment_id: String,
        /// Its name.
        name: String,
        /// The scorer: a JSON object.
        serialized_scorer: String,
    }

    /// The answer to [`RegisterScorer`].
    pub struct RegisterScorerReply {
        /// Counted from 1.
        version: i64,
        /// The same for all versions.
        scorer_id: String,
        /// The experiment it belongs to.
        experiment_id: String,
        /// Its name.
        name: String,
        /// The scorer.
        serialized_scorer: String,
        /// Milliseconds since 1970.
        creation_time: Option<i64>,
    }

    /// Asks for the newest version of each scorer, of all experiments when it names none.
    pub struct ListScorers {
        /// One experiment, which must be active.
        experiment_id: Option<String>,
        /// Several; those that are not active have none.
        experiment_ids: Vec<String>,
    }

    /// Asks for all versions of a scorer.
    pub struct ListScorerVersions {
        /// The experiment.
        experiment_id: String,
        /// The scorer's name.
        name: String,
    }

    /// The answer to [`ListScorers`] and [`ListScorerVersions`].
    pub struct ListScorersReply {
        /// The versions.
        scorers: Vec<Scorer>,
    }

    /// Asks for a version of a scorer.
    pub struct GetScorer {
        /// The experiment.
        experiment_id: String,
        /// The scorer's name.
        name: String,
        /// The newest when it is not said.
        version: Option<i64>,
    }

    /// The answer to [`GetScorer`].
    pub struct GetScorerReply {
        /// The version.
        scorer: Scorer,
    }

    /// Removes a version of a scorer, or all of it.
    pub struct DeleteScorer {
        /// The experiment.
        experiment_id: String,
        /// The scorer's name.
        name: String,
        /// All versions when it is not said.
        version: Option<i64>,
    }

    /// How a scorer would judge traces as they come in.
    pub struct OnlineScoringConfig {
        /// 32 hexadecimal digits.
        online_scoring_config_id: String,
        /// The scorer.
        scorer_id: String,
        /// The share of traces, from 0 to 1.
        sample_rate: f64,
        /// The experiment.
        experiment_id: String,
        /// Which traces; all when it is not said.
        filter_string: Option<String>,
    }

    /// Asks how scorers judge traces as they come in.
    pub struct GetOnlineScoringConfigs {
        /// The scorers.
        scorer_ids: Vec<String>,
    }

    /// The answer to [`GetOnlineScoringConfigs`].
    pub struct GetOnlineScoringConfigsReply {
        /// Those that there are.
        configs: Configs,
    }

    /// Says how a scorer judges traces as they come in.
    pub struct SetOnlineScoringConfig {
        /// The experiment.
        experiment_id: String,
        /// The scorer's name.
        name: String,
        /// The share of traces, from 0 to 1.
        sample_rate: f64,
        /// Which traces; all when it is not said.
        filter_string: Option<String>,
    }

    /// The answer to [`SetOnlineScoringConfig`].
    pub struct SetOnlineScoringConfigReply {
        /// What was said.
        config: OnlineScoringConfig,
    }
}

calls! {
    RegisterScorer: Post "3.0/mlflow/scorers/register" -> RegisterScorerReply;
    ListScorers: Get "3.0/mlflow/scorers/list" -> ListScorersReply;
    ListScorerVersions: Get "3.0/mlflow/scorers/versions" -> ListScorersReply;
    GetScorer: Get "3.0/mlflow/scorers/get" -> GetScorerReply;
    DeleteScorer: Delete "3.0/mlflow/scorers/delete" -> Done;
    GetOnlineScoringConfigs: Get "3.0/mlflow/scorers/online-configs" -> GetOnlineScoringConfigsReply;
    SetOnlineScoringConfig: Put "3.0/mlflow/scorers/online-config" -> SetOnlineScoringConfigReply;
}

/// A list that is printed when it is empty too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configs(pub Vec<OnlineScoringConfig>);

impl Wire for Configs {
    const KIND: Kind = Kind::List;

    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        Vec::read(value, place).map(Self)
    }

    fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}
