//! `longshore ps`, and `longshore models` without a subcommand: what a running server serves.

use anyhow::{Context, Result};
use longshore_kserve::v2::{self, ModelState};
use serde::Serialize;

use super::table::{cut, or_dash, table};
use crate::{
    cli::ServedArgs,
    client::{Access, Target},
    question::{columns, source},
};

/// Most characters of a reason in a table.
const REASON: usize = 60;

/// A model of a server.
#[derive(Serialize)]
struct Served {
    name: String,
    version: Option<String>,
    state: &'static str,
    /// Why it does not answer.
    reason: Option<String>,
    /// What its files are; only of one that answers.
    platform: Option<String>,
    /// Its columns, or its one tensor.
    inputs: Vec<v2::TensorInfo>,
    /// Its methods.
    methods: Vec<String>,
}

/// Asks, and prints a table or JSON.
pub(crate) fn run(args: &ServedArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(async { tokio::time::timeout(args.timeout, ask(args)).await });
    let models = asked
        .with_context(|| format!("`{}` did not answer within {:?}", args.server, args.timeout))??;
    super::print(&if args.json {
        serde_json::to_string_pretty(&models)?
    } else if models.is_empty() {
        format!("{} serves no model", args.server)
    } else {
        let headings = ["NAME", "VERSION", "STATE", "KIND", "COLUMNS", "METHODS"];
        table(&headings, &models.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

async fn ask(args: &ServedArgs) -> Result<Vec<Served>> {
    let access = Access::by(&args.access, &[])?;
    let target = Target::parse(&args.server, &access)?;
    let index = source::index(&target).await.with_context(|| {
        format!(
            "`{}` tells no models; `--server URL` names another server, and `longshore models list` asks a registry",
            args.server
        )
    })?;
    let mut models = Vec::new();
    for v2::IndexEntry { name, version, state, reason } in index {
        // asking what a model takes would load one that sleeps
        let told = match state {
            ModelState::Ready => source::metadata(&target, &name).await.ok(),
            _ => None,
        };
        let (platform, inputs, outputs) = told
            .map(|model| (Some(model.platform), model.inputs, model.outputs))
            .unwrap_or_default();
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        models.push(Served {
            name,
            version: said(version),
            state: state.name(),
            reason: said(reason),
            platform,
            inputs,
            methods: outputs.into_iter().map(|output| output.name).collect(),
        });
    }
    Ok(models)
}

fn row(model: &Served) -> Vec<String> {
    let Served { name, version, state, reason, platform, inputs, methods } = model;
    let state = match reason {
        Some(reason) => format!("{state}: {}", cut(reason, REASON)),
        None => (*state).to_owned(),
    };
    let columns = columns(inputs).map(|columns| columns.to_string());
    let methods = Some(methods.join(", ")).filter(|methods| !methods.is_empty());
    vec![
        name.clone(),
        or_dash(version.clone()),
        state,
        or_dash(platform.clone()),
        or_dash(columns),
        or_dash(methods),
    ]
}
