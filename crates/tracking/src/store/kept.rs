//! What was made of runs, kept for who asks again: the JSON of each, as replies have it.
//!
//! Commits to the database are numbered, those of other processes too. A text holds from the commit on whose state it
//! was made of, until one that touches its run. The writer tells what its commit will touch before that commit can be
//! seen. A commit that nobody told of is another process's: nothing is kept from before it.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What a write touches of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// No run that there was.
    NoRun,
    /// A run alone.
    Run(String),
    /// Any.
    Any,
}

/// Most bytes of the texts that were asked for lately; as many of those before are kept.
const HALF: usize = 2 << 20;

/// Most bytes of one text.
const LONGEST: usize = 64 << 10;

/// What an entry takes beside its text, in bytes.
const ENTRY: usize = 128;

/// Numbers of commits that are kept for runs, which share them.
const SLOTS: usize = 1024;

/// Texts of runs. Threads share it.
#[derive(Debug)]
pub(super) struct Kept {
    state: Mutex<State>,
}

/// The state of the database that somebody reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    commit: u32,
    era: u64,
}

#[derive(Debug)]
struct State {
    /// All commits up to this one were told of.
    known: u32,
    /// Whether the next commit was told of, and may be seen already.
    is_pending: bool,
    /// How often everything was dropped. A view of another era is of no use.
    era: u64,
    /// The last commit that touched any run.
    any: u32,
    /// The last commit that touched a run of each slot.
    touched: Vec<u32>,
    recent: HashMap<String, Text>,
    before: HashMap<String, Text>,
    /// Bytes of `recent`.
    size: usize,
}

/// A text, and the commit that it holds from.
#[derive(Clone, Debug)]
struct Text {
    from: u32,
    text: Arc<str>,
}

impl Kept {
    /// Nothing, in a database with so many commits.
    pub(super) fn new(commits: u32) -> Self {
        let state = State {
            known: commits,
            is_pending: false,
            era: 0,
            any: commits,
            touched: vec![0; SLOTS],
            recent: HashMap::new(),
            before: HashMap::new(),
            size: 0,
        };
        Self { state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last commit that was told of.
    pub(super) fn known(&self) -> u32 {
        self.lock().known
    }

    /// The view of somebody who reads the state after `commit`, having found `known` before. `None` while it is open
    /// whose commit that is.
    pub(super) fn view(&self, known: u32, commit: u32) -> Option<View> {
        let mut state = self.lock();
        if commit < known {
            // numbers began anew
            state.drop_all(commit);
        } else if commit > state.known {
            if state.is_pending {
                return None;
            }
            state.drop_all(commit);
        }
        Some(View { commit, era: state.era })
    }

    /// The text of a run, when there is one that holds.
    pub(super) fn get(&self, view: View, run: &str) -> Option<Arc<str>> {
        let mut state = self.lock();
        if view.era != state.era {
            return None;
        }
        if let Some(found) = state.recent.get(run) {
            return (found.from <= view.commit).then(|| found.text.clone());
        }
        let found = state.before.remove(run)?;
        let text = (found.from <= view.commit).then(|| found.text.clone());
        state.insert(run, found);
        text
    }

    /// Keeps the text of a run, unless the run was touched meanwhile.
    pub(super) fn put(&self, view: View, run: &str, text: &Arc<str>) {
        let mut state = self.lock();
        let touched = state.touched.get(slot(run)).copied().unwrap_or(u32::MAX);
        if view.era == state.era && state.any.max(touched) <= view.commit && text.len() <= LONGEST {
            state.insert(run, Text { from: view.commit, text: text.clone() });
        }
    }

    /// The writer has the state after `commit`, and no other process can commit: true when one did since.
    pub(super) fn begin(&self, commit: u32) -> bool {
        let mut state = self.lock();
        let is_strange = commit != state.known;
        if is_strange {
            state.drop_all(commit);
        }
        is_strange
    }

    /// The writer is about to commit what touches this.
    pub(super) fn touch<'t>(&self, touched: impl IntoIterator<Item = &'t Touched>) {
        let mut state = self.lock();
        state.is_pending = true;
        let next = state.known.wrapping_add(1);
        for it in touched {
            match it {
                Touched::NoRun => {}
                Touched::Run(run) => {
                    if let Some(slot) = state.touched.get_mut(slot(run)) {
                        *slot = next;
                    }
                    if let Some(gone) = state.recent.remove(run) {
                        state.size -= gone.size();
                    }
                    state.before.remove(run);
                }
                Touched::Any => {
                    state.any = next;
                    state.clear();
                }
            }
        }
    }

    /// The writer has committed, or could not: `commit` is the last one now; `None` when another process may have
    /// committed since [`Kept::begin`].
    pub(super) fn end(&self, commit: Option<u32>) {
        let mut state = self.lock();
        state.is_pending = false;
        match commit {
            Some(commit) => state.known = commit,
            // whatever commit is seen next, it was not told of
            None => state.drop_all(0),
        }
    }
}

impl State {
    /// Drops everything, in the state after `commit`.
    fn drop_all(&mut self, commit: u32) {
        self.clear();
        self.era += 1;
        self.known = commit;
        self.any = commit;
        self.touched.fill(0);
    }

    fn clear(&mut self) {
        self.recent = HashMap::new();
        self.before = HashMap::new();
        self.size = 0;
    }

    fn insert(&mut self, run: &str, text: Text) {
        if self.size + text.size() > HALF {
            self.before = mem::take(&mut self.recent);
            self.size = 0;
        }
        self.size += text.size();
        if let Some(gone) = self.recent.insert(run.to_owned(), text) {
            self.size -= gone.size();
        }
    }
}

impl Text {
    fn size(&self) -> usize {
        self.text.len() + ENTRY
    }
}

/// The slot of a run's number: Fowler, Noll and Vo's hash (1a, 64 bits).
fn slot(run: &str) -> usize {
    let hash = run.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 32) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{HALF, Kept, Touched};

    fn text(of: &str) -> Arc<str> {
        Arc::from(of)
    }

    fn touch_run(kept: &Kept, run: &str) {
        kept.touch(&[Touched::Run(run.to_owned())]);
    }

    #[test]
    fn a_text_holds_until_its_run_is_touched() {
        let kept = Kept::new(5);
        let view = kept.view(kept.known(), 5).unwrap();
        kept.put(view, "a", &text("A"));
        kept.put(view, "b", &text("B"));
        assert!(!kept.begin(5));
        touch_run(&kept, "a");
        // not seen yet, and gone already
        assert_eq!(kept.get(view, "a"), None);
        assert_eq!(kept.get(view, "b"), Some(text("B")));
        kept.end(Some(6));
        let view = kept.view(kept.known(), 6).unwrap();
        assert_eq!((kept.get(view, "a"), kept.get(view, "b")), (None, Some(text("B"))));
        assert!(!kept.begin(6));
        kept.touch(&[Touched::NoRun, Touched::Any]);
        kept.end(Some(7));
        assert_eq!(kept.get(view, "b"), None);
    }

    #[test]
    fn what_was_read_before_a_commit_is_not_kept_after_it() {
        let kept = Kept::new(5);
        let old = kept.view(kept.known(), 5).unwrap();
        assert!(!kept.begin(5));
        touch_run(&kept, "a");
        kept.put(old, "a", &text("old"));
        kept.end(Some(6));
        kept.put(old, "a", &text("old"));
        kept.put(old, "b", &text("B"));
        let new = kept.view(kept.known(), 6).unwrap();
        assert_eq!(kept.get(new, "a"), None);
        assert_eq!(kept.get(new, "b"), Some(text("B")));
        kept.put(new, "a", &text("new"));
        // who reads an older state does not get the newer text
        assert_eq!((kept.get(old, "a"), kept.get(new, "a")), (None, Some(text("new"))));
    }

    #[test]
    fn a_commit_of_another_process_drops_everything() {
        let kept = Kept::new(5);
        let view = kept.view(kept.known(), 5).unwrap();
        kept.put(view, "a", &text("A"));
        let later = kept.view(kept.known(), 6).unwrap();
        assert_eq!((kept.get(view, "a"), kept.get(later, "a")), (None, None));
        kept.put(later, "a", &text("A"));
        // the writer meets one
        assert!(kept.begin(7));
        assert_eq!(kept.get(later, "a"), None);
        // and one between its commit and a look at who else did
        touch_run(&kept, "b");
        kept.end(None);
        let view = kept.view(kept.known(), 9).unwrap();
        kept.put(view, "a", &text("A"));
        assert_eq!(kept.get(view, "a"), Some(text("A")));
    }

    #[test]
    fn a_commit_whose_writer_is_open_is_not_looked_at() {
        let kept = Kept::new(5);
        let known = kept.known();
        assert!(!kept.begin(5));
        touch_run(&kept, "a");
        assert!(kept.view(known, 6).is_none());
        // it could not be ended, so the number is another's
        kept.end(Some(5));
        let view = kept.view(known, 5).unwrap();
        kept.put(view, "b", &text("B"));
        let view = kept.view(known, 6).unwrap();
        assert_eq!(kept.get(view, "b"), None);
    }

    #[test]
    fn numbers_that_begin_anew_drop_everything() {
        let kept = Kept::new(900);
        let old = kept.view(kept.known(), 900).unwrap();
        kept.put(old, "a", &text("A"));
        let view = kept.view(kept.known(), 3).unwrap();
        kept.put(old, "a", &text("A"));
        assert_eq!((kept.get(view, "a"), kept.get(old, "a")), (None, None));
    }

    #[test]
    fn what_was_not_asked_for_lately_is_dropped() {
        let kept = Kept::new(5);
        let view = kept.view(kept.known(), 5).unwrap();
        let long = text(&"x".repeat(HALF / 64));
        for run in 0..200 {
            kept.put(view, &run.to_string(), &long);
            assert!(kept.get(view, "0").is_some());
        }
        assert!(kept.get(view, "199").is_some());
        assert!(kept.get(view, "50").is_none());
        assert!(kept.lock().size <= HALF);
    }
}
