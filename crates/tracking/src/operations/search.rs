//! Searches: what is found is read whole, by a query for each kind of data.

use longshore_mlflow::rest::{
    DatasetSummary, SearchDatasets, SearchDatasetsReply, SearchExperiments, SearchExperimentsReply,
    SearchLoggedModels, SearchLoggedModelsReply, SearchModelVersions, SearchModelVersionsReply,
    SearchRegisteredModels, SearchRegisteredModelsReply, SearchRuns, SearchRunsReply, print,
};

use super::{experiments, logged_models, model_versions, registered_models, runs};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    rights::Kind,
    routes::Route,
    search,
    sql::{ROWS, marks},
    store::{Connection, Value},
};

/// The routes of searches.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<SearchRuns>(),
        Route::of::<SearchExperiments>(),
        Route::of::<SearchRegisteredModels>(),
        Route::of::<SearchModelVersions>(),
        Route::of::<SearchLoggedModels>(),
        Route::of::<SearchDatasets>(),
    ]
}

/// The experiments with `ids` in the caller's workspace that the caller may read, each once. Others are left
/// out: nothing is found in them.
///
/// # Errors
/// A refusal of what is no id, and those of the store.
pub(super) fn known<'a>(
    on: &mut dyn Connection,
    context: &Context<'_>,
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<i64>, Error> {
    let numbers = ids
        .into_iter()
        .map(|id| id.trim().parse().map_err(|_| Error::invalid(search::no_experiment_id(id))));
    let mut numbers = numbers.collect::<Result<Vec<i64>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    let scope = context.caller.rights.readable(Kind::Experiment);
    numbers.retain(|id| scope.has(&id.to_string()));
    let mut found = Vec::new();
    for numbers in numbers.chunks(ROWS) {
        let sql = format!(
            "SELECT experiment_id FROM experiments WHERE workspace = ? AND experiment_id IN ({})",
            marks(numbers.len())
        );
        let ids = numbers.iter().map(|id| Value::from(*id));
        let values: Vec<_> = [(&context.caller.workspace).into()].into_iter().chain(ids).collect();
        for mut row in on.query(&sql, &values)? {
            found.push(row.take(0)?);
        }
    }
    Ok(found)
}

/// What a search in some experiments needs.
pub(super) fn readable<'a>(ids: impl IntoIterator<Item = &'a str>) -> Need<'a> {
    let objects = ids.into_iter().map(Object::Experiment).collect();
    Need { level: Level::Read, objects }
}

/// Texts as slices.
pub(super) fn texts(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}

impl Operation for SearchRuns {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let experiments = known(on, context, texts(&self.experiment_ids))?;
        let page = search::runs::find(on, self, &experiments)?;
        let runs = runs::load(on, &page.found)?;
        Ok(SearchRunsReply { runs, next_page_token: page.next })
    }

    fn body(
        &self,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Option<String>, Error> {
        let experiments = known(on, context, texts(&self.experiment_ids))?;
        let page = search::runs::find(on, self, &experiments)?;
        let runs = runs::texts(on, &page.found)?;
        let rest = print(&SearchRunsReply { runs: Vec::new(), next_page_token: page.next });
        if runs.is_empty() {
            return Ok(Some(rest));
        }
        // the list stands before what else the object holds
        let between = if rest == "{}" { "" } else { "," };
        let size = runs.iter().map(|it| it.len() + 1).sum::<usize>() + rest.len() + 16;
        let mut body = String::with_capacity(size);
        body.push_str("{\"runs\":[");
        for (index, run) in runs.iter().enumerate() {
            body.push_str(if index == 0 { "" } else { "," });
            body.push_str(run);
        }
        body.push(']');
        body.push_str(between);
        body.push_str(rest.strip_prefix('{').unwrap_or(&rest));
        Ok(Some(body))
    }
}

impl Operation for SearchExperiments {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let page = search::experiments::find(on, self, context.caller)?;
        let experiments = experiments::load(on, &page.found)?;
        Ok(SearchExperimentsReply { experiments, next_page_token: page.next })
    }
}

impl Operation for SearchRegisteredModels {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let page = search::registry::models(on, self, context.caller)?;
        let registered_models = registered_models::load(on, context, &page.found)?;
        Ok(SearchRegisteredModelsReply { registered_models, next_page_token: page.next })
    }
}

impl Operation for SearchModelVersions {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let page = search::registry::versions(on, self, context.caller)?;
        let model_versions = model_versions::load(on, context, &page.found)?;
        Ok(SearchModelVersionsReply { model_versions, next_page_token: page.next })
    }
}

impl Operation for SearchLoggedModels {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        if self.experiment_ids.is_empty() {
            let words = "Missing value for required parameter 'experiment_ids'. See the API docs for more information about request parameters.";
            return Err(Error::invalid(words));
        }
        let experiments = known(on, context, texts(&self.experiment_ids))?;
        let page = search::logged_models::find(on, self, &experiments)?;
        let models = logged_models::load(on, &page.found)?;
        Ok(SearchLoggedModelsReply { models, next_page_token: page.next })
    }
}

/// Most experiments that datasets are asked of.
const DATASET_EXPERIMENTS: usize = 20;

/// Most datasets of an answer.
const DATASETS: usize = 1000;

impl Operation for SearchDatasets {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let count = self.experiment_ids.len();
        if count == 0 {
            let words = "SearchDatasets request must specify at least one experiment_id.";
            return Err(Error::invalid(words));
        }
        if count > DATASET_EXPERIMENTS {
            return Err(Error::invalid(format!(
                "SearchDatasets request cannot specify more than {DATASET_EXPERIMENTS} experiment_ids. Received {count} experiment_ids."
            )));
        }
        let ids = known(on, context, texts(&self.experiment_ids))?;
        if ids.is_empty() {
            return Ok(SearchDatasetsReply::default());
        }
        let sql = format!(
            "SELECT DISTINCT d.experiment_id, d.name, d.digest, t.value FROM datasets d JOIN inputs i ON i.source_id = d.dataset_uuid AND i.source_type = 'DATASET' LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context' WHERE d.experiment_id IN ({}) ORDER BY d.experiment_id, d.name, d.digest LIMIT {DATASETS}",
            marks(ids.len())
        );
        let ids: Vec<Value> = ids.into_iter().map(Into::into).collect();
        let rows = on.query(&sql, &ids)?.into_iter().map(|mut row| {
            Ok(DatasetSummary {
                experiment_id: row.take::<i64>(0)?.to_string(),
                name: row.take(1)?,
                digest: row.take(2)?,
                context: row.take(3)?,
            })
        });
        let dataset_summaries = rows.collect::<Result<_, Error>>()?;
        Ok(SearchDatasetsReply { dataset_summaries })
    }
}
