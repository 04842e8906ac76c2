//! Searches of traces.

use longshore_mlflow::rest::{
    CalculateTraceFilterCorrelation, CalculateTraceFilterCorrelationReply, QueryTraceMetrics,
    QueryTraceMetricsReply, SearchTraces, SearchTracesReply, SearchTracesV3, SearchTracesV3Reply,
    TraceLocation,
};

use super::{
    search::{known, readable, texts},
    traces,
};
use crate::{
    Error,
    operation::{Access, Context, Need, Operation},
    routes::Route,
    search::traces::{self as search, Asked},
    store::Connection,
};

/// The routes of searches of traces.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<SearchTracesV3>(),
        Route::of::<SearchTraces>(),
        Route::of::<CalculateTraceFilterCorrelation>(),
        Route::of::<QueryTraceMetrics>(),
    ]
}

/// Refuses a request that names no experiment. MLflow's client leaves an empty list out.
fn some<T>(name: &str, list: &[T]) -> Result<(), Error> {
    if !list.is_empty() {
        return Ok(());
    }
    Err(missing(name))
}

fn missing(name: &str) -> Error {
    longshore_mlflow::Error::MissingParameter { parameter: name.to_owned() }.into()
}

impl Operation for SearchTracesV3 {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        readable(self.locations.iter().flatten().filter_map(TraceLocation::experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let Some(locations) = &self.locations else { return Err(missing("locations")) };
        // MLflow's web page asks so for what there is without an experiment
        if locations.is_empty() {
            return Ok(SearchTracesV3Reply::default());
        }
        let ids = locations.iter().filter_map(TraceLocation::experiment_id);
        let experiments = known(on, context, ids)?;
        let asked = Asked {
            experiments: &experiments,
            filter: self.filter.as_deref(),
            max_results: self.max_results,
            order_by: &self.order_by,
            page_token: self.page_token.as_deref(),
        };
        let page = search::find(on, asked)?;
        let traces = traces::load(on, &page.found)?;
        Ok(SearchTracesV3Reply { traces, next_page_token: page.next })
    }
}

impl Operation for SearchTraces {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        readable(texts(&self.experiment_ids))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        some("experiment_ids", &self.experiment_ids)?;
        let experiments = known(on, context, texts(&self.experiment_ids))?;
        let asked = Asked {
            experiments: &experiments,
            filter: self.filter.as_deref(),
            max_results: self.max_results,
            order_by: &self.order_by,
            page_token: self.page_token.as_deref(),
        };
        let page = search::find(on, asked)?;
        let traces = traces::load_v2(on, &page.found)?;
        Ok(SearchTracesReply { traces, next_page_token: page.next })
    }
}

impl Operation for CalculateTraceFilterCorrelation {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        readable(texts(&self.experiment_ids))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        some("experiment_ids", &self.experiment_ids)?;
        let experiments = known(on, context, texts(&self.experiment_ids))?;
        let base = self.base_filter.as_deref().unwrap_or_default();
        let filters = [&*self.filter_string1, &*self.filter_string2];
        let counts = search::count(on, &experiments, base, filters)?;
        let (npmi, npmi_smoothed) = counts.npmi().unzip();
        let told = |count: i64| Some(count.try_into().unwrap_or(i32::MAX));
        Ok(CalculateTraceFilterCorrelationReply {
            npmi,
            npmi_smoothed,
            filter1_count: told(counts.first),
            filter2_count: told(counts.second),
            joint_count: told(counts.both),
            total_count: told(counts.total),
        })
    }
}

impl Operation for QueryTraceMetrics {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        readable(texts(&self.experiment_ids))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        some("experiment_ids", &self.experiment_ids)?;
        some("aggregations", &self.aggregations)?;
        let experiments = known(on, context, texts(&self.experiment_ids))?;
        let data_points = search::query(on, self, &experiments)?;
        Ok(QueryTraceMetricsReply { data_points, next_page_token: None })
    }
}
