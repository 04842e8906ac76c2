//! What an export holds, read once before anything is imported.

use std::collections::HashMap;

use anyhow::Result;
use longshore_mlflow::rest::{
    EvaluationDataset, Experiment, LoggedModel, RegisteredModel, Run, TraceInfoV3,
};

use super::super::{
    files::{Files, Owner},
    folder::{Folder, Kind},
    lines::parse,
    progress::Progress,
};

/// The piece in which each thing was written last: what is in an earlier one does not count any more.
pub(super) struct Latest {
    pieces: HashMap<(&'static str, String), u32>,
    counts: Vec<(&'static str, u64)>,
}

impl Latest {
    /// Reads all pieces, and thereby checks them.
    pub(super) fn of(folder: &Folder) -> Result<Self> {
        let mut pieces = HashMap::new();
        for kind in Kind::ALL {
            folder.read(kind, |piece, name, value| {
                let (kind, id) = match name {
                    "experiment" => ("experiments", parse::<Experiment>(value)?.experiment_id),
                    "run" => ("runs", parse::<Run>(value)?.info.run_id),
                    "logged_model" => ("logged_models", parse::<LoggedModel>(value)?.info.model_id),
                    "trace" => ("traces", parse::<TraceInfoV3>(value)?.trace_id),
                    "registered_model" => {
                        ("registered_models", parse::<RegisteredModel>(value)?.name)
                    }
                    "dataset" => {
                        ("evaluation_datasets", parse::<EvaluationDataset>(value)?.dataset_id)
                    }
                    "files" => {
                        let files: Files = serde_json::from_str(value)?;
                        ("files", serde_json::to_string(&files.owner)?)
                    }
                    _ => return Ok(()),
                };
                pieces.insert((kind, id), piece);
                Ok(())
            })?;
        }
        let mut counts: HashMap<&'static str, u64> = HashMap::new();
        for (kind, _) in pieces.keys() {
            *counts.entry(kind).or_default() += 1;
        }
        counts.remove("files");
        Ok(Self { pieces, counts: counts.into_iter().collect() })
    }

    /// Whether a thing of a piece counts.
    pub(super) fn is(&self, kind: &'static str, id: &str, piece: u32) -> bool {
        self.pieces.get(&(kind, id.to_owned())) == Some(&piece)
    }

    /// Whether the export has files of a version alone.
    pub(super) fn has_files_of_version(&self, name: &str, version: &str) -> bool {
        let owner = Owner::Version(name.to_owned(), version.to_owned());
        serde_json::to_string(&owner).is_ok_and(|owner| self.pieces.contains_key(&("files", owner)))
    }

    /// How many things there are.
    pub(super) fn count(&self, progress: &Progress) {
        for (what, count) in &self.counts {
            progress.add(what, *count);
        }
    }
}
