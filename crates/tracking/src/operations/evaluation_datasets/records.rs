//! The records of evaluation datasets. Requests and replies hold them as a text that is a JSON array.

use longshore_mlflow::{
    json,
    rest::{
        DeleteEvaluationDatasetRecords, DeleteEvaluationDatasetRecordsReply,
        GetEvaluationDatasetRecords, GetEvaluationDatasetRecordsReply,
        UpsertEvaluationDatasetRecords, UpsertEvaluationDatasetRecordsReply,
    },
};
use serde_json::Value as Json;

use super::{
    by_id, merge, not_found,
    record::{self, Incoming},
};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    search,
    sql::{ROWS, marks},
    store::{Connection, Value},
};

/// The routes of records.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<UpsertEvaluationDatasetRecords>(),
        Route::of::<GetEvaluationDatasetRecords>(),
        Route::of::<DeleteEvaluationDatasetRecords>(),
    ]
}

/// A count as a reply holds it.
fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl Operation for UpsertEvaluationDatasetRecords {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let dataset = by_id(on, context, &self.dataset_id, not_found)?;
        let records: Vec<Json> = serde_json::from_str(&self.records).map_err(|error| {
            Error::invalid(format!("`records` is not the text of a JSON array: {error}"))
        })?;
        let records = records.into_iter().enumerate();
        let records = records.map(|(place, it)| Incoming::read(place, it));
        let records = records.collect::<Result<Vec<_>, _>>()?;
        let counts = merge::upsert(on, &dataset, records, context.now)?;
        Ok(UpsertEvaluationDatasetRecordsReply {
            inserted_count: count(counts.inserted),
            updated_count: count(counts.updated),
        })
    }
}

impl Operation for GetEvaluationDatasetRecords {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        by_id(on, context, &self.dataset_id, not_found)?;
        let page = (self.max_results, self.page_token.as_deref());
        let page = search::evaluation_datasets::records(
            on,
            &self.dataset_id,
            page,
            record::TOLD,
            record::told,
        )?;
        let records = json::python(&Json::Array(page.found));
        Ok(GetEvaluationDatasetRecordsReply { records, next_page_token: page.next })
    }
}

impl Operation for DeleteEvaluationDatasetRecords {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        by_id(on, context, &self.dataset_id, not_found)?;
        let mut deleted = 0;
        for ids in self.dataset_record_ids.chunks(ROWS) {
            let sql = format!(
                "DELETE FROM evaluation_dataset_records WHERE dataset_id = ? AND dataset_record_id IN ({})",
                marks(ids.len())
            );
            let mut values = vec![Value::from(&self.dataset_id)];
            values.extend(ids.iter().map(Value::from));
            deleted += on.execute(&sql, &values)?;
        }
        if deleted > 0 {
            merge::shrink(on, &self.dataset_id)?;
        }
        Ok(DeleteEvaluationDatasetRecordsReply {
            deleted_count: i32::try_from(deleted).unwrap_or(i32::MAX),
        })
    }
}
