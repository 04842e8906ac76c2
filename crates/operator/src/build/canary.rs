//! A canary's predictor: what its entry says, over what the stable predictor says.

use longshore_kserve::{Canary, Predictor, merge};

use super::{Refusal, context::refuse};

/// The predictor of a canary, as a manifest of its own would say it.
pub(super) fn predictor(stable: &Predictor, canary: &Canary) -> Result<Predictor, Refusal> {
    let path = format!("spec.canary ({})", canary.predictor.name.as_deref().unwrap_or_default());
    let fields = |predictor: &Predictor| {
        let value = serde_json::to_value(predictor);
        value.map_err(|error| refuse(format!("{path}: {error}")))
    };
    let mut merged = fields(stable)?;
    merge::fields(&mut merged, fields(&canary.predictor)?);
    let mut merged: Predictor =
        serde_json::from_value(merged).map_err(|error| refuse(format!("{path}: {error}")))?;
    merged.component.extension.canary_traffic_percent = None;
    Ok(merged)
}

/// Fewest replicas: its own, or else its share of the stable predictor's.
pub(super) fn replicas(stable: u32, own: Option<i32>, percent: u32) -> u32 {
    let share = (stable * percent).div_ceil(100).max(1);
    own.and_then(|own| u32::try_from(own).ok()).unwrap_or(if stable == 0 { 0 } else { share })
}
