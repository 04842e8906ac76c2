use std::time::{Duration, Instant};

use longshore_daemon::gate::Permit;
use longshore_engine::{Column, Data, Method, Output};

use super::{Answer, Ran, Task, Times};
use crate::{failure::Failure, memory::Share, protocol::Query};

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
    pub(super) _permit: Permit,
}

impl Decoded {
    /// A request that is decoded just now.
    pub(super) fn new(
        task: Task,
        query: Query,
        share: Share,
        times: Times,
        permit: Permit,
    ) -> Self {
        let (since, waited) = (Instant::now(), Duration::ZERO);
        Self { task, query, share, times, since, waited, _permit: permit }
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
        let Self { task, query, share, times, waited, .. } = self;
        let answer = task.answer(&query, times)?;
        let ran = Ran { waited, ..answer.ran };
        Ok(Answer { share: Some(share), ran, ..answer })
    }

    /// Answers it with what was computed for it together with others.
    pub(super) fn encode(self, outputs: &[(Method, Output)], ran: Ran) -> Result<Answer, Failure> {
        let Self { task, query, share, mut times, waited, .. } = self;
        times.ran();
        let answer = task.encode(&query, outputs, Ran { waited, ..ran }, times)?;
        Ok(Answer { share: Some(share), ..answer })
    }
}
