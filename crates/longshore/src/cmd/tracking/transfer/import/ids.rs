//! Which id of the export became which of the server, and what is done: kept in a file, so that a second import goes
//! on where the first was ended.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::rewrite::Rewrite;

/// What has ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    Server,
    Experiment,
    Run,
    /// The deletion of a run.
    Deletion,
    LoggedModel,
    Version,
    Registered,
    Trace,
    Dataset,
    Files,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    of: Of,
    from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Where the artifacts were, and where they are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifacts: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    done: bool,
}

/// Which id became which.
pub(super) struct Ids(Mutex<State>);

struct State {
    file: Option<File>,
    to: HashMap<(Of, String), String>,
    done: HashSet<(Of, String)>,
    rewrite: Rewrite,
}

impl Ids {
    /// Reads the file at `path`, which a later call of [`Ids::begin`] writes to.
    pub(super) fn read(path: &Path, source: &str, destination: &str) -> Result<Self> {
        let mut state = State {
            file: None,
            to: HashMap::new(),
            done: HashSet::new(),
            rewrite: Rewrite::default(),
        };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read `{}`", path.display()));
            }
        };
        let mut lines = text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            let note: Note = match serde_json::from_str(line) {
                Ok(note) => note,
                // the last line of an import that was killed
                Err(_) if lines.peek().is_none() && !text.ends_with('\n') => break,
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("`{}`, line {}", path.display(), index + 1));
                }
            };
            if note.of == Of::Server
                && (note.from != source || note.to.as_deref() != Some(destination))
            {
                bail!(
                    "`{}` is of an import from {} to {}, and not from {source} to {destination}: name another file by `--mapping`",
                    path.display(),
                    note.from,
                    note.to.unwrap_or_default()
                );
            }
            state.take(note);
        }
        Ok(Self(Mutex::new(state)))
    }

    /// Opens the file for what comes now.
    pub(super) fn begin(&self, path: &Path, source: &str, destination: &str) -> Result<()> {
        let failed = || {
            format!(
                "failed to write `{}`: name a file that can be written by `--mapping`",
                path.display()
            )
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(failed)?;
        }
        // what a killed import wrote of its last line is no line
        if let Ok(text) = fs::read(path)
            && text.last().is_some_and(|byte| *byte != b'\n')
        {
            let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let file = OpenOptions::new().write(true).open(path).with_context(failed)?;
            file.set_len(whole as u64).with_context(failed)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).with_context(failed)?;
        let is_new = file.metadata().with_context(failed)?.len() == 0;
        self.state().file = Some(file);
        if is_new {
            self.note(Of::Server, source, destination, None)?;
        }
        Ok(())
    }

    /// The new id of something.
    pub(super) fn of(&self, of: Of, from: &str) -> Option<String> {
        self.state().to.get(&(of, from.to_owned())).cloned()
    }

    /// Notes that something has a new id, and where its artifacts were and are.
    pub(super) fn note(
        &self,
        of: Of,
        from: &str,
        to: &str,
        artifacts: Option<(String, String)>,
    ) -> Result<()> {
        self.write(Note {
            of,
            from: from.to_owned(),
            to: Some(to.to_owned()),
            artifacts,
            done: false,
        })
    }

    /// Knows, in this import alone, where the artifacts of something that is noted were and are.
    pub(super) fn remember(&self, of: Of, from: &str, to: &str, artifacts: (String, String)) {
        let (from, to) = (from.to_owned(), Some(to.to_owned()));
        self.state().take(Note { of, from, to, artifacts: Some(artifacts), done: false });
    }

    /// Notes that something is done.
    pub(super) fn done(&self, of: Of, from: &str) -> Result<()> {
        self.write(Note { of, from: from.to_owned(), to: None, artifacts: None, done: true })
    }

    /// Whether something is done.
    pub(super) fn is_done(&self, of: Of, from: &str) -> bool {
        self.state().done.contains(&(of, from.to_owned()))
    }

    /// Where the artifacts of a run or of a logged model are now.
    pub(super) fn artifacts(&self, from: &str) -> Option<String> {
        self.state().rewrite.artifacts(from).map(str::to_owned)
    }

    /// A text with new ids and locations in place of old ones; `None` when it has none of the old ones.
    pub(super) fn rewritten(&self, text: &str) -> Option<String> {
        self.state().rewrite.text(text)
    }

    /// As [`Ids::rewritten`]: of a file.
    pub(super) fn rewritten_whole(&self, text: &str) -> Option<String> {
        self.state().rewrite.text(text).filter(|now| now != text)
    }

    fn write(&self, note: Note) -> Result<()> {
        let mut state = self.state();
        if let Some(file) = &mut state.file {
            let mut line = serde_json::to_string(&note)?;
            line.push('\n');
            file.write_all(line.as_bytes()).context("failed to write the mapping of ids")?;
        }
        state.take(note);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, note: Note) {
        let Note { of, from, to, artifacts, done } = note;
        if done {
            self.done.insert((of, from.clone()));
        }
        if let Some(to) = to {
            if matches!(of, Of::Run | Of::LoggedModel) {
                self.rewrite.add(&from, &to, artifacts);
            }
            self.to.insert((of, from), to);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Ids, Of};

    #[test]
    fn what_is_noted_is_there_after_a_kill_in_the_middle_of_a_line() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("imports/a.jsonl");
        let ids = Ids::read(&path, "http://a", "http://b").unwrap();
        ids.begin(&path, "http://a", "http://b").unwrap();
        ids.note(Of::Run, "r1", "r2", Some(("x:/r1".into(), "y:/r2".into()))).unwrap();
        ids.done(Of::Run, "r1").unwrap();
        drop(ids);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + "{\"of\":\"ru").unwrap();

        let ids = Ids::read(&path, "http://a", "http://b").unwrap();
        assert_eq!(ids.of(Of::Run, "r1").as_deref(), Some("r2"));
        assert_eq!(ids.artifacts("r1").as_deref(), Some("y:/r2"));
        assert!(ids.is_done(Of::Run, "r1") && !ids.is_done(Of::Run, "r2"));
        ids.begin(&path, "http://a", "http://b").unwrap();
        ids.note(Of::Experiment, "1", "7", None).unwrap();
        let ids = Ids::read(&path, "http://a", "http://b").unwrap();
        assert_eq!(ids.of(Of::Experiment, "1").as_deref(), Some("7"));
        let other = Ids::read(&path, "http://a", "http://c").err().unwrap().to_string();
        assert!(other.contains("--mapping"), "{other}");
    }
}
