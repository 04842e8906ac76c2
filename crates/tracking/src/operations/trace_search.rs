//! Searches of traces.

use longshore_mlflow::rest::{SearchTracesV3, SearchTracesV3Reply, TraceLocation};

use super::{
    search::{known, readable},
    traces,
};
use crate::{
    Error,
    operation::{Access, Context, Need, Operation},
    routes::Route,
    search::traces::{Asked, find},
    store::Connection,
};

/// The routes of searches of traces.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<SearchTracesV3>()]
}

impl Operation for SearchTracesV3 {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        readable(self.locations.iter().filter_map(TraceLocation::experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let ids = self.locations.iter().filter_map(TraceLocation::experiment_id);
        let experiments = known(on, context, ids)?;
        let asked = Asked {
            experiments: &experiments,
            filter: self.filter.as_deref(),
            max_results: self.max_results,
            order_by: &self.order_by,
            page_token: self.page_token.as_deref(),
        };
        let page = find(on, asked)?;
        let traces = traces::load(on, &page.found)?;
        Ok(SearchTracesV3Reply { traces, next_page_token: page.next })
    }
}
