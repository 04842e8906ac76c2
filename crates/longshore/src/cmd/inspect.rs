//! `longshore inspect`.

mod columns;
mod json;
pub(super) mod request;
mod text;

use anyhow::{Result, bail};
use longshore_serve::Error;

use crate::{cli::InspectArgs, models, storage};

/// Prints what a model is; fails when it does not run.
pub(crate) fn run(args: &InspectArgs) -> Result<()> {
    let (local, _kept) = storage::bring(models::Named::parse(&args.model)?, &args.storage)?;
    let limits = models::limits(args.reading);
    let inspection = longshore_engine::inspect(&local.source, &limits)
        .map_err(|source| Error::Load { name: local.name.clone(), source: Box::new(source) })?;
    let request = inspection.outcome.is_ok().then(|| request::of(&local, &limits)).flatten();
    super::print(&if args.json {
        serde_json::to_string_pretty(&json::page(&inspection, request.as_deref()))?
    } else {
        text::page(&args.model, &local.name, &inspection, request.as_deref())
    });
    match inspection.outcome {
        Ok(_) => Ok(()),
        Err(_) => bail!("`{}` does not run", args.model),
    }
}
