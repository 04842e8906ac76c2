//! What runs read and made: datasets and logged models.

mod datasets;

use std::collections::{BTreeMap, BTreeSet};

use longshore_mlflow::rest::{Done, LogInputs, LogOutputs, checks, names};

use super::{logged_models, runs};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    routes::Route,
    sql::{ROWS, tuples},
    store::{Connection, Value},
};

/// The routes of inputs and outputs.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<LogInputs>(), Route::of::<LogOutputs>()]
}

/// Joins a run and models. A model that is joined already gets the new step.
fn join(
    on: &mut dyn Connection,
    [source, destination]: [&str; 2],
    run_id: &str,
    models: &BTreeMap<&str, i64>,
) -> Result<(), Error> {
    let models: Vec<_> = models.iter().collect();
    for models in models.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step) VALUES {} ON CONFLICT (source_type, source_id, destination_type, destination_id) DO UPDATE SET step = excluded.step",
            tuples(6, models.len())
        );
        let mut values: Vec<Value> = Vec::new();
        for (model, step) in models {
            let id = random::id()?;
            values.extend([
                id.into(),
                source.into(),
                run_id.into(),
                destination.into(),
                (**model).into(),
                (**step).into(),
            ]);
        }
        on.execute(&sql, &values)?;
    }
    Ok(())
}

impl Operation for LogInputs {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        logged_models::readable(self.models.iter().map(|it| it.model_id.as_str()))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::run_id(&self.run_id)?;
        for input in &self.datasets {
            checks::dataset_input(input)?;
        }
        let run = runs::active(on, context, &self.run_id)?;
        // of a dataset that is there twice, the first counts
        let mut seen = BTreeSet::new();
        let mut datasets: Vec<_> = self.datasets.iter().collect();
        datasets.retain(|it| seen.insert((&it.dataset.name, &it.dataset.digest)));
        datasets::log(on, &run, &datasets)?;
        let models = self.models.iter().map(|model| (model.model_id.as_str(), 0)).collect();
        join(on, ["RUN_INPUT", "MODEL_INPUT"], &self.run_id, &models)?;
        Ok(Done)
    }
}

impl Operation for LogOutputs {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        logged_models::readable(self.models.iter().map(|it| it.model_id.as_str()))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        runs::active(on, context, &self.run_id)?;
        let models = self.models.iter().map(|it| (it.model_id.as_str(), it.step)).collect();
        join(on, ["RUN_OUTPUT", "MODEL_OUTPUT"], &self.run_id, &models)?;
        Ok(Done)
    }
}
