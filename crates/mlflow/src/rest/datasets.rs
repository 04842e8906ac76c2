//! Datasets for the evaluation of models. They have nothing to do with the [`Dataset`](super::Dataset)s that
//! runs have read.

use super::{Done, call::calls, message::messages};

messages! {
    /// A dataset for evaluation: records of inputs and of what is expected for them.
    pub struct EvaluationDataset {
        /// `d-` and 32 hexadecimal digits.
        dataset_id: String,
        /// Several datasets may have it.
        name: String,
        /// Its tags: a JSON object.
        tags: Option<String>,
        /// The fields of its records and their types: a JSON object.
        schema: Option<String>,
        /// How many records it has: a JSON object.
        profile: Option<String>,
        /// Tells states of the dataset apart.
        digest: Option<String>,
        /// Milliseconds since 1970.
        created_time: Option<i64>,
        /// Milliseconds since 1970.
        last_update_time: Option<i64>,
        /// The user who made it.
        created_by: Option<String>,
        /// The user who changed its records last.
        last_updated_by: Option<String>,
        /// The experiments it belongs to; only told when it was made.
        experiment_ids: Vec<String>,
    }

    /// Makes a dataset.
    pub struct CreateEvaluationDataset {
        /// Its name.
        name: String,
        /// The experiments it belongs to.
        experiment_ids: Vec<String>,
        /// Its tags: a JSON object of texts.
        tags: Option<String>,
    }

    /// Asks for a dataset, without its records.
    pub struct GetEvaluationDataset {
        /// Its id.
        dataset_id: String,
    }

    /// The answer to what makes a dataset, asks for it or changes the experiments it belongs to.
    pub struct EvaluationDatasetReply {
        /// The dataset.
        dataset: EvaluationDataset,
    }

    /// Removes a dataset and its records. It may be gone already.
    pub struct DeleteEvaluationDataset {
        /// Its id.
        dataset_id: String,
    }

    /// Asks for datasets.
    pub struct SearchEvaluationDatasets {
        /// Datasets that belong to any of these; all datasets when there are none.
        experiment_ids: Vec<String>,
        /// Comparisons joined by `AND`.
        filter_string: Option<String>,
        /// Most datasets of one page; 1000 when it is not said.
        max_results: Option<i64>,
        /// Such as `name ASC`.
        order_by: Vec<String>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// The answer to [`SearchEvaluationDatasets`].
    pub struct SearchEvaluationDatasetsReply {
        /// A page of datasets.
        datasets: Vec<EvaluationDataset>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Sets tags of a dataset; its other tags stay.
    pub struct SetEvaluationDatasetTags {
        /// Its id.
        dataset_id: String,
        /// The tags: a JSON object. A tag that is `null` there is left as it is.
        tags: String,
    }

    /// Removes a tag of a dataset. It may be gone already.
    pub struct DeleteEvaluationDatasetTag {
        /// The id of the dataset.
        dataset_id: String,
        /// The tag's key.
        key: String,
    }

    /// Adds records to a dataset. One whose inputs are there already is merged with that one.
    pub struct UpsertEvaluationDatasetRecords {
        /// The id of the dataset.
        dataset_id: String,
        /// The records: a JSON array of objects.
        records: String,
    }

    /// The answer to [`UpsertEvaluationDatasetRecords`].
    pub struct UpsertEvaluationDatasetRecordsReply {
        /// How many records are new.
        inserted_count: i32,
        /// How many were merged.
        updated_count: i32,
    }

    /// Asks which experiments a dataset belongs to.
    pub struct GetEvaluationDatasetExperimentIds {
        /// The id of the dataset.
        dataset_id: String,
    }

    /// The answer to [`GetEvaluationDatasetExperimentIds`].
    pub struct GetEvaluationDatasetExperimentIdsReply {
        /// Their ids.
        experiment_ids: Vec<String>,
    }

    /// Asks for records of a dataset.
    pub struct GetEvaluationDatasetRecords {
        /// The id of the dataset.
        dataset_id: String,
        /// Most records of one page; 1000 when it is not said.
        max_results: Option<i64>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// The answer to [`GetEvaluationDatasetRecords`].
    pub struct GetEvaluationDatasetRecordsReply {
        /// A page of records: a JSON array of objects.
        records: String,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Removes records of a dataset. They may be gone already.
    pub struct DeleteEvaluationDatasetRecords {
        /// The id of the dataset.
        dataset_id: String,
        /// The ids of the records.
        dataset_record_ids: Vec<String>,
    }

    /// The answer to [`DeleteEvaluationDatasetRecords`].
    pub struct DeleteEvaluationDatasetRecordsReply {
        /// How many there were.
        deleted_count: i32,
    }

    /// Makes a dataset belong to more experiments.
    pub struct AddEvaluationDatasetToExperiments {
        /// The id of the dataset.
        dataset_id: String,
        /// The ids of the experiments.
        experiment_ids: Vec<String>,
    }

    /// Makes a dataset no longer belong to experiments.
    pub struct RemoveEvaluationDatasetFromExperiments {
        /// The id of the dataset.
        dataset_id: String,
        /// The ids of the experiments.
        experiment_ids: Vec<String>,
    }
}

calls! {
    CreateEvaluationDataset: Post "3.0/mlflow/datasets/create" -> EvaluationDatasetReply;
    SearchEvaluationDatasets: Post Get "3.0/mlflow/datasets/search" -> SearchEvaluationDatasetsReply;
    GetEvaluationDataset: Get "3.0/mlflow/datasets/{dataset_id}" -> EvaluationDatasetReply;
    DeleteEvaluationDataset: Delete "3.0/mlflow/datasets/{dataset_id}" -> Done;
    SetEvaluationDatasetTags: Patch "3.0/mlflow/datasets/{dataset_id}/tags" -> Done;
    DeleteEvaluationDatasetTag: Delete "3.0/mlflow/datasets/{dataset_id}/tags/{key}" -> Done;
    UpsertEvaluationDatasetRecords: Post "3.0/mlflow/datasets/{dataset_id}/records" -> UpsertEvaluationDatasetRecordsReply;
    GetEvaluationDatasetRecords: Get "3.0/mlflow/datasets/{dataset_id}/records" -> GetEvaluationDatasetRecordsReply;
    DeleteEvaluationDatasetRecords: Delete "3.0/mlflow/datasets/{dataset_id}/records" -> DeleteEvaluationDatasetRecordsReply;
    GetEvaluationDatasetExperimentIds: Get "3.0/mlflow/datasets/{dataset_id}/experiment-ids" -> GetEvaluationDatasetExperimentIdsReply;
    AddEvaluationDatasetToExperiments: Post "3.0/mlflow/datasets/{dataset_id}/add-experiments" -> EvaluationDatasetReply;
    RemoveEvaluationDatasetFromExperiments: Post "3.0/mlflow/datasets/{dataset_id}/remove-experiments" -> EvaluationDatasetReply;
}
