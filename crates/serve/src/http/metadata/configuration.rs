//! What is known of a model in the words of Triton's model configuration.

use longshore_kserve::v2::{
    ConfigInput, ConfigOutput, DataType, ModelConfig, SpecificVersions, VersionPolicy,
};

use crate::{Models, failure::Failure, repository::Served};

/// The configuration of a model; a model on demand is loaded for it.
pub(crate) async fn configuration(
    models: &Models,
    name: &str,
    version: Option<&str>,
) -> Result<ModelConfig, Failure> {
    let served = models.find(name, version).await?;
    let may_lack = |name: &str| served.contract.schema.may_leave_out(name);
    let inputs = served.inputs.iter().map(|input| ConfigInput {
        name: input.name.clone(),
        data_type: DataType(input.datatype),
        dims: input.shape.clone(),
        optional: may_lack(&input.name),
    });
    let outputs = served.outputs.iter().map(|output| ConfigOutput {
        name: output.name.clone(),
        data_type: DataType(output.datatype),
        dims: output.shape.clone(),
    });
    Ok(ModelConfig {
        name: served.name.to_string(),
        platform: platform(&served),
        backend: "longshore".into(),
        version_policy: policy(models, &served),
        // answers may be flat: such an answer has no dimension of rows that could be left out
        max_batch_size: 0,
        input: inputs.collect(),
        output: outputs.collect(),
    })
}

/// The versions that answer, whatever chose them; `None` when one of them is no number.
fn policy(models: &Models, served: &Served) -> Option<VersionPolicy> {
    let now = models.current();
    let versions = now.entry(&served.name)?.versions();
    let numbers = versions.iter().map(|served| served.version.parse::<i64>().ok());
    let versions = numbers.collect::<Option<Vec<_>>>().filter(|versions| !versions.is_empty())?;
    let specific = Some(SpecificVersions { versions });
    Some(VersionPolicy { specific, ..VersionPolicy::default() })
}

/// What runs a model.
pub(super) fn platform(served: &Served) -> String {
    format!("{}_longshore", served.flavor())
}
