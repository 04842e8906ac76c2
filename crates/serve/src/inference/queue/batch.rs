//! Requests that are computed together, and answered each for itself.

use longshore_engine::{Method, Output, Table};

use super::{
    super::{Answer, Ran, pool::guarded, run as run_methods},
    Entry,
};
use crate::failure::Failure;

/// What the methods of a request have computed for its rows.
type Outputs = Vec<(Method, Output)>;

/// Answers requests that match.
pub(super) fn run(mut entries: Vec<Entry>) {
    for entry in &mut entries {
        entry.decoded.begin();
    }
    let Some(first) = entries.first() else { return };
    let rows = entries.iter().map(Entry::rows).sum();
    let waits = entries.iter().map(|entry| entry.decoded.waited);
    first.decoded.task.served.metrics.batch(rows, waits);
    let is_shared = entries.len() > 1;
    let mut together = Vec::with_capacity(entries.len());
    for mut entry in entries {
        let copy = entry.decoded.query.table.bytes();
        match entry.decoded.reserve() {
            Err(failure) => entry.send(Err(failure)),
            // a request that gets no memory for a copy of its rows is computed alone, from the rows
            // as they are
            Ok(()) if is_shared && entry.decoded.share.grow(copy, "the rows").is_err() => {
                entry.compute();
            }
            Ok(()) => together.push(entry),
        }
    }
    compute(together);
}

/// Computes requests at once. When that fails their halves are computed each for itself, until the request that is at
/// fault is alone.
fn compute(mut entries: Vec<Entry>) {
    if entries.len() <= 1 {
        entries.into_iter().for_each(Entry::compute);
        return;
    }
    if let Some((outputs, mut ran)) = outputs(&entries) {
        for (entry, outputs) in entries.into_iter().zip(outputs) {
            entry.computed(outputs, ran);
            ran.runs = 0;
        }
        return;
    }
    let second = entries.split_off(entries.len() / 2);
    compute(entries);
    compute(second);
}

/// What each request gets of a run that they share; `None` when it fails.
fn outputs(entries: &[Entry]) -> Option<(Vec<Outputs>, Ran)> {
    let decoded = &entries.first()?.decoded;
    let tables: Vec<&Table> = entries.iter().map(|entry| &entry.decoded.query.table).collect();
    let table = Table::join(&tables)?;
    let (outputs, ran) = run_methods(&decoded.task.served, decoded.methods(), &table).ok()?;
    if outputs.iter().any(|(_, output)| output.rows != table.rows) {
        return None;
    }
    let mut begin = 0;
    let part = |table: &&Table| {
        let rows = begin..begin + table.rows;
        begin = rows.end;
        let slice =
            |(method, output): &(Method, Output)| Some((*method, output.slice(rows.clone())?));
        outputs.iter().map(slice).collect()
    };
    Some((tables.iter().map(part).collect::<Option<_>>()?, ran))
}

impl Entry {
    /// Computes it alone, and answers it.
    fn compute(self) {
        let Self { decoded, reply } = self;
        // nobody waits any more when this fails
        drop(reply.send(guarded(|| decoded.compute())));
    }

    /// Answers it with what was computed for it.
    fn computed(self, outputs: Outputs, ran: Ran) {
        let Self { decoded, reply } = self;
        drop(reply.send(guarded(|| decoded.computed(outputs, ran))));
    }

    fn send(self, answer: Result<Answer, Failure>) {
        drop(self.reply.send(answer));
    }
}
