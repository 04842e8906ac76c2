use std::{
    mem,
    time::{Duration, Instant},
};

use longshore_daemon::gate::Permit;
use longshore_engine::{Column, Data, Method, Output};

use super::{Answer, Ran, Task, Times, cache::Lookup};
use crate::{failure::Failure, memory::Share, metrics::Consulted, protocol::Query};

/// A request whose body is decoded, and that a thread of the pool computes.
pub(super) struct Decoded {
    pub(super) task: Task,
    pub(super) query: Query,
    /// The memory that it was granted.
    pub(super) share: Share,
    pub(super) times: Times,
    /// Since when it waits for a thread.
    pub(super) since: Instant,
    /// How long it had waited before.
    pub(super) waited: Duration,
    pub(super) lookup: Lookup,
    /// How long the cache was asked.
    pub(super) looked: Duration,
    pub(super) _permit: Permit,
}

impl Decoded {
    /// A request that has just been decoded.
    pub(super) fn new(
        task: Task,
        query: Query,
        share: Share,
        times: Times,
        permit: Permit,
    ) -> Self {
        let begun = Instant::now();
        let lookup = task.look_up(&query);
        let (since, waited) = (Instant::now(), Duration::ZERO);
        let looked = since.duration_since(begun);
        Self { task, query, share, times, since, waited, lookup, looked, _permit: permit }
    }

    /// True when what it asks was computed before.
    pub(super) fn is_known(&self) -> bool {
        matches!(self.lookup, Lookup::Found(_))
    }

    /// A thread has it, and it waits no longer.
    pub(super) fn begin(&mut self) {
        self.times.skip();
        self.waited += self.since.elapsed();
    }

    /// The methods that answer.
    pub(super) fn methods(&self) -> &[Method] {
        self.query.asked(&self.task.served.contract)
    }

    /// True when the answer to a row does not depend on the rows beside it. Transformed texts are the exception: they
    /// are answered as numbers when every one of them became a number.
    pub(super) fn is_row_by_row(&self) -> bool {
        let has_texts = match &self.query.table.data {
            Data::Documents(_) => true,
            Data::Columns(columns) => columns.iter().any(|c| matches!(c, Column::Text(_))),
            _ => false,
        };
        !(has_texts && self.methods().contains(&Method::Transform))
    }

    /// Computes and answers it alone.
    pub(super) fn answer(mut self) -> Result<Answer, Failure> {
        self.begin();
        self.reserve()?;
        self.compute()
    }

    /// Takes memory for the answer, from the share that goes with the reply.
    pub(super) fn reserve(&mut self) -> Result<(), Failure> {
        self.share.grow(self.task.answer_bytes(&self.query), "the answer")
    }

    /// The same once its memory is reserved.
    pub(super) fn compute(self) -> Result<Answer, Failure> {
        if let Lookup::Found(known) = &self.lookup {
            let known = known.clone();
            return self.encode(&known.outputs, Ran::never());
        }
        let (outputs, ran) = self.task.run(&self.query)?;
        self.computed(outputs, ran)
    }

    /// Answers it with what was computed for it, and keeps that when it is to be kept.
    pub(super) fn computed(
        mut self,
        outputs: Vec<(Method, Output)>,
        ran: Ran,
    ) -> Result<Answer, Failure> {
        let served = self.task.served.clone();
        let lookup = mem::replace(&mut self.lookup, Lookup::Skipped);
        let looked = self.looked;
        let mut answer = self.encode(&outputs, ran)?;
        if let (Some(part), Lookup::Missed(question)) = (&served.cached, lookup) {
            let since = Instant::now();
            part.keep(question, outputs);
            answer.ran.consulted = Consulted::Missed(looked + since.elapsed());
        }
        Ok(answer)
    }

    fn encode(self, outputs: &[(Method, Output)], ran: Ran) -> Result<Answer, Failure> {
        let Self { task, query, share, mut times, waited, .. } = self;
        times.ran();
        let answer = task.encode(&query, outputs, Ran { waited, ..ran }, times)?;
        Ok(Answer { share: Some(share), ..answer })
    }
}
