//! What is done, in a file beside the output: a line for what is asked, and one for each time that
//! everything before was written.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{input::FileState, layout::OutColumn, parquet::Group, source::At};

/// What a run is asked to do. Only the same can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) version: String,
    pub(super) model: String,
    /// What tells one state of the model from another.
    pub(super) model_state: String,
    pub(super) files: Vec<FileState>,
    pub(super) methods: Vec<String>,
    pub(super) keep: Vec<OutColumn>,
    pub(super) input_format: String,
    pub(super) output_format: String,
    pub(super) rejects: String,
}

/// How far a run has come: what is before is on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) at: At,
    pub(super) answered: u64,
    pub(super) rejected: u64,
    pub(super) output_bytes: u64,
    pub(super) rejects_bytes: u64,
    /// The columns of the output, once they are known.
    pub(super) columns: Option<Vec<OutColumn>>,
    /// Groups of rows that were written since the line before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<Group>,
}

/// The file, which one process at a time writes.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal of a task: how far an earlier run has come, with all groups of rows, if there
    /// was one. With `restart`, what another task has left is forgotten.
    pub(super) fn open(path: &Path, task: &Task, restart: bool) -> Result<(Self, Option<Done>)> {
        let shown = path.display();
        let failed = || format!("failed to open `{shown}`");
        let options = || OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = options().with_context(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another process writes this output: `{shown}` is locked")
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        let mut journal = Self { path: path.to_owned(), file };
        let mut lines = BufReader::new(File::open(path).with_context(failed)?).lines();
        let first = lines.next().transpose().with_context(failed)?;
        let found = first.as_deref().map(serde_json::from_str::<Task>);
        let done = match found {
            _ if restart => None,
            Some(Ok(found)) => {
                let done = last(lines.map_while(Result::ok));
                if found != *task && done.is_some() {
                    bail!("{}: `--restart` begins anew", difference(&found, task));
                }
                done
            }
            Some(Err(_)) if first.as_deref().is_some_and(|line| line.starts_with('{')) => {
                bail!("`{shown}` is of another version of this program: `--restart` begins anew")
            }
            Some(Err(_)) | None => None,
        };
        // written again as a whole: what a crash has cut must not stand before what follows
        journal.file.set_len(0).with_context(failed)?;
        journal.write(task)?;
        if let Some(done) = &done {
            journal.write(done)?;
        }
        Ok((journal, done))
    }

    /// Says that everything up to `done` is on the disk.
    pub(super) fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("failed to write `{}`", self.path.display()))
    }

    /// Nothing was done: there is nothing to go on with.
    pub(super) fn forget(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }

    /// The task is done: there is nothing to go on with.
    pub(super) fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path)
            .with_context(|| format!("failed to remove `{}`", self.path.display()))
    }
}

/// How far the lines say that a run has come, with all groups of rows; `None` when nothing is done.
fn last(lines: impl Iterator<Item = String>) -> Option<Done> {
    let mut last: Option<Done> = None;
    for line in lines {
        // the last line may have been cut by a crash
        let Ok(next) = serde_json::from_str::<Done>(&line) else { break };
        let groups = last.take().map(|last| last.groups).unwrap_or_default();
        let groups = groups.into_iter().chain(next.groups.clone()).collect();
        last = Some(Done { groups, ..next });
    }
    last.filter(|done| done.answered + done.rejected > 0)
}

/// What an earlier run was asked otherwise.
fn difference(before: &Task, now: &Task) -> String {
    let lead = "an earlier run that has not ended";
    if before.model != now.model {
        return format!("{lead} asked the model `{}`", before.model);
    }
    if before.model_state != now.model_state {
        return format!("the model `{}` has changed since {lead}", now.model);
    }
    for (before, now) in before.files.iter().zip(&now.files) {
        if before.name == now.name && before != now {
            return format!("`{}` has changed since {lead}", now.name);
        }
    }
    if before.files != now.files {
        return format!("{lead} read other files");
    }
    if before.version != now.version {
        return format!("{lead} was of version {} of this program", before.version);
    }
    format!("{lead} was asked for other methods, columns, formats or rejects")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(model: &str) -> Task {
        Task {
            version: "1".into(),
            model: model.into(),
            model_state: "x".into(),
            files: Vec::new(),
            methods: Vec::new(),
            keep: Vec::new(),
            input_format: String::new(),
            output_format: "csv".into(),
            rejects: String::new(),
        }
    }

    #[test]
    fn a_task_is_gone_on_with_where_its_last_whole_line_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, done) = Journal::open(&path, &task("a"), false).unwrap();
        assert_eq!(done, None);
        let first = Done { answered: 5, output_bytes: 50, ..Done::default() };
        journal.write(&first).unwrap();
        assert!(
            Journal::open(&path, &task("a"), false).unwrap_err().to_string().contains("locked")
        );
        journal.file.write_all(b"{\"at\":{\"fi").unwrap();
        drop(journal);
        let (mut journal, done) = Journal::open(&path, &task("a"), false).unwrap();
        assert_eq!(done, Some(first));
        journal.write(&Done { answered: 9, ..Done::default() }).unwrap();
        drop(journal);
        let message = Journal::open(&path, &task("b"), false).unwrap_err().to_string();
        assert!(message.contains("`a`") && message.contains("--restart"), "{message}");
        let (journal, done) = Journal::open(&path, &task("a"), false).unwrap();
        assert_eq!(done.map(|done| done.answered), Some(9));
        drop(journal);
        let (journal, done) = Journal::open(&path, &task("b"), true).unwrap();
        assert_eq!(done, None);
        journal.remove().unwrap();
        assert!(!path.try_exists().unwrap());
    }
}
