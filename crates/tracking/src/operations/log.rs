//! Logging measurements, parameters and tags, one by one and in batches.

mod model;

use longshore_mlflow::rest::{
    DeleteTag, Done, LogBatch, LogMetric, LogParam, Metric, Param, RunTag, SetTag, checks, names,
};

use super::{logged_models::readable as readable_models, run_data, runs};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation, Touched},
    routes::Route,
    store::Connection,
};

/// The routes that log.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![
        Route::of::<LogMetric>(),
        Route::of::<LogParam>(),
        Route::of::<LogBatch>(),
        Route::of::<SetTag>(),
        Route::of::<DeleteTag>(),
    ];
    [own, model::routes()].concat()
}

impl Operation for LogMetric {
    const ACCESS: Access = Access::Write;

    fn touches(&self) -> Touched {
        Touched::Run(self.run_id.clone())
    }

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        readable_models(self.model_id.as_deref())
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let metric = Metric {
            key: self.key.clone(),
            value: self.value,
            timestamp: self.timestamp,
            step: self.step,
            dataset_name: self.dataset_name.clone(),
            dataset_digest: self.dataset_digest.clone(),
            model_id: self.model_id.clone(),
            run_id: None,
        };
        checks::metric("", &metric)?;
        let run = runs::active(on, context, &self.run_id)?;
        run_data::log_metrics(on, context, &run, &[metric])?;
        Ok(Done)
    }
}

impl Operation for LogParam {
    const ACCESS: Access = Access::Write;

    fn touches(&self) -> Touched {
        Touched::Run(self.run_id.clone())
    }

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        checks::param(&self.key)?;
        runs::active(on, context, &self.run_id)?;
        let param = Param { key: self.key.clone(), value: self.value.clone() };
        run_data::log_params(on, context, &self.run_id, &[param])?;
        Ok(Done)
    }
}

impl Operation for LogBatch {
    const ACCESS: Access = Access::Write;

    fn touches(&self) -> Touched {
        Touched::Run(self.run_id.clone())
    }

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        readable_models(self.metrics.iter().filter_map(|it| it.model_id.as_deref()))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::run_id(&self.run_id)?;
        checks::batch(self)?;
        let run = runs::active(on, context, &self.run_id)?;
        run_data::log_params(on, context, &self.run_id, &self.params)?;
        run_data::log_metrics(on, context, &run, &self.metrics)?;
        let place = |index| format!("tags[{index}].value");
        run_data::log_tags(on, context, &self.run_id, &self.tags, place)?;
        Ok(Done)
    }
}

impl Operation for SetTag {
    const ACCESS: Access = Access::Write;

    fn touches(&self) -> Touched {
        Touched::Run(self.run_id.clone())
    }

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        checks::run_tag(&self.key)?;
        runs::active(on, context, &self.run_id)?;
        let tag = RunTag { key: self.key.clone(), value: self.value.clone() };
        run_data::log_tags(on, context, &self.run_id, &[tag], |_| "value".to_owned())?;
        Ok(Done)
    }
}

impl Operation for DeleteTag {
    const ACCESS: Access = Access::Write;

    fn touches(&self) -> Touched {
        Touched::Run(self.run_id.clone())
    }

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        runs::active(on, context, &self.run_id)?;
        let sql = "DELETE FROM tags WHERE run_uuid = ? AND key = ?";
        if on.execute(sql, &[(&self.run_id).into(), (&self.key).into()])? == 0 {
            return Err(Error::missing(format!(
                "No tag with name: {} in run with id {}",
                self.key, self.run_id
            )));
        }
        Ok(Done)
    }
}
