//! The experiments that an evaluation dataset belongs to.

use longshore_mlflow::rest::{
    AddEvaluationDatasetToExperiments, EvaluationDatasetReply, GetEvaluationDatasetExperimentIds,
    GetEvaluationDatasetExperimentIdsReply, RemoveEvaluationDatasetFromExperiments, names,
};

use super::{by_id, not_found};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    routes::Route,
    sql::{ROWS, marks, tuples},
    store::{Connection, Value},
};

/// The routes of the experiments that a dataset belongs to.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<GetEvaluationDatasetExperimentIds>(),
        Route::of::<AddEvaluationDatasetToExperiments>(),
        Route::of::<RemoveEvaluationDatasetFromExperiments>(),
    ]
}

/// The ids of experiments, each once, all of them in the caller's workspace.
///
/// # Errors
/// Refusals of what is no id and of an id that no experiment has, and those of the store.
pub(super) fn known(
    on: &mut dyn Connection,
    context: &Context<'_>,
    ids: &[String],
) -> Result<Vec<i64>, Error> {
    let mut numbers = Vec::new();
    for id in ids {
        let number = names::experiment_id(id)?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    for numbers in numbers.chunks(ROWS) {
        let sql = format!(
            "SELECT experiment_id FROM experiments WHERE workspace = ? AND experiment_id IN ({})",
            marks(numbers.len())
        );
        let mut values = vec![(&context.caller.workspace).into()];
        values.extend(numbers.iter().map(|id| Value::from(*id)));
        let rows = on.query(&sql, &values)?.into_iter().map(|mut row| row.take::<i64>(0));
        let found = rows.collect::<Result<Vec<_>, _>>()?;
        if let Some(id) = numbers.iter().find(|id| !found.contains(id)) {
            return Err(Error::missing(format!("No Experiment with id={id}")));
        }
    }
    Ok(numbers)
}

/// Makes a dataset belong to experiments, where it does not yet.
pub(super) fn join(
    on: &mut dyn Connection,
    dataset_id: &str,
    experiments: &[i64],
    now: i64,
) -> Result<(), Error> {
    for experiments in experiments.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO entity_associations (association_id, source_type, source_id, destination_type, destination_id, created_time) VALUES {} ON CONFLICT (source_type, source_id, destination_type, destination_id) DO NOTHING",
            tuples(6, experiments.len())
        );
        let mut values: Vec<Value> = Vec::new();
        for experiment in experiments {
            values.extend([
                random::id()?.into(),
                "evaluation_dataset".into(),
                dataset_id.into(),
                "experiment".into(),
                experiment.to_string().into(),
                now.into(),
            ]);
        }
        on.execute(&sql, &values)?;
    }
    Ok(())
}

/// Notes that a dataset belongs to other experiments from now on.
fn touch(on: &mut dyn Connection, dataset_id: &str, now: i64) -> Result<(), Error> {
    let sql = "UPDATE evaluation_datasets SET last_update_time = ? WHERE dataset_id = ?";
    on.execute(sql, &[now.into(), dataset_id.into()])?;
    Ok(())
}

impl Operation for GetEvaluationDatasetExperimentIds {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        // a dataset that is not there is in no experiment, as in MLflow
        let sql = "SELECT destination_id FROM entity_associations WHERE source_type = 'evaluation_dataset' AND source_id = ? AND destination_type = 'experiment' AND EXISTS (SELECT 1 FROM evaluation_datasets d WHERE d.dataset_id = source_id AND d.workspace = ?) ORDER BY created_time, destination_id";
        let values = [(&self.dataset_id).into(), (&context.caller.workspace).into()];
        let rows = on.query(sql, &values)?.into_iter();
        let experiment_ids = rows.map(|mut row| row.take(0)).collect::<Result<_, _>>()?;
        Ok(GetEvaluationDatasetExperimentIdsReply { experiment_ids })
    }
}

impl Operation for AddEvaluationDatasetToExperiments {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        let added = self.experiment_ids.iter().map(|id| Object::Experiment(id));
        let all = [Object::EvaluationDataset(&self.dataset_id)].into_iter().chain(added);
        Need { level: Level::Edit, objects: all.collect() }
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        by_id(on, context, &self.dataset_id, not_found)?;
        let experiments = known(on, context, &self.experiment_ids)?;
        join(on, &self.dataset_id, &experiments, context.now)?;
        touch(on, &self.dataset_id, context.now)?;
        Ok(EvaluationDatasetReply { dataset: by_id(on, context, &self.dataset_id, not_found)? })
    }
}

impl Operation for RemoveEvaluationDatasetFromExperiments {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        by_id(on, context, &self.dataset_id, not_found)?;
        let mut removed = 0;
        for ids in self.experiment_ids.chunks(ROWS) {
            let sql = format!(
                "DELETE FROM entity_associations WHERE source_type = 'evaluation_dataset' AND source_id = ? AND destination_type = 'experiment' AND destination_id IN ({})",
                marks(ids.len())
            );
            let mut values = vec![Value::from(&self.dataset_id)];
            values.extend(ids.iter().map(Value::from));
            removed += on.execute(&sql, &values)?;
        }
        if removed > 0 {
            touch(on, &self.dataset_id, context.now)?;
        }
        Ok(EvaluationDatasetReply { dataset: by_id(on, context, &self.dataset_id, not_found)? })
    }
}
