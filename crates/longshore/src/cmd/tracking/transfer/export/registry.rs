//! Registered models and prompts, with their versions.

use std::collections::BTreeSet;

use anyhow::Result;
use longshore_mlflow::rest::{ModelVersion, RegisteredModel, print};

use super::{
    super::{files::Owner, folder::Kind, known::Known, lines::parse, server::logged},
    Export,
    artifacts::Owned,
    choice::Choice,
};

/// Writes registered models; gives the versions that have files of their own.
pub(super) fn export(on: &Export<'_>, choice: &Choice, owners: &[Owned]) -> Result<Vec<Owned>> {
    let id = |value: &str| Ok(parse::<RegisteredModel>(value)?.name);
    let known = Known::of(&on.folder, Kind::Registry, "registered_model", &["model_version"], id)?;
    let mut writer = on.folder.writer(Kind::Registry)?;
    let uris: BTreeSet<&str> =
        owners.iter().map(|it| it.uri.trim_end_matches('/')).filter(|it| !it.is_empty()).collect();
    let mut own = Vec::new();
    for (model, versions) in &choice.registered {
        let lines: Vec<_> = versions.iter().map(print).collect();
        let line = print(model);
        let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
        all.push(&line);
        let is_known = known.has(&model.name, &all);
        on.progress.add("registered_models", 1);
        on.progress.add("model_versions", versions.len() as u64);
        if !on.args.work.dry_run && !is_known {
            for line in &lines {
                writer.line("model_version", line)?;
            }
            writer.item("registered_model", &line)?;
        }
        let has_own = |version: &&ModelVersion| {
            let source = version.source.as_deref().unwrap_or_default();
            !source.starts_with("runs:/") && logged(source).is_none() && !is_below(source, &uris)
        };
        own.extend(versions.iter().filter(has_own).filter_map(|version| {
            let uri = version.source.clone().filter(|it| it.contains('/'))?;
            let owner = Owner::Version(version.name.clone(), version.version.clone());
            Some(Owned { owner, uri, is_known })
        }));
    }
    writer.cut()?;
    Ok(own)
}

/// Whether a location is one of `uris`, or in one.
fn is_below(location: &str, uris: &BTreeSet<&str>) -> bool {
    let location = location.trim_end_matches('/');
    let ends = location.match_indices('/').map(|(at, _)| at).chain([location.len()]);
    ends.filter_map(|end| location.get(..end)).any(|above| uris.contains(above))
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn a_source_in_the_files_of_a_run_has_no_files_of_its_own() {
        let uris = ["s3://b/1/r/artifacts"].into();
        assert!(is_below("s3://b/1/r/artifacts/model", &uris));
        assert!(is_below("s3://b/1/r/artifacts/", &uris));
        assert!(!is_below("s3://b/1/r/artifacts2", &uris));
    }
}
