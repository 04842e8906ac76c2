//! The lines that are computed at once.

use std::sync::Arc;

use bytes::Bytes;
use longshore_engine::{Method, Output};

use super::{
    super::{account::Ran, run},
    Ending,
};
use crate::{
    config::Limits,
    failure::Failure,
    lines::{Block, Line},
    memory::{self, Share},
    metrics::Runs,
    protocol::lines,
    repository::Served,
};

/// Most lines of a block.
const LINES: usize = 1000;

/// Memory for the answers to a block, for each byte that a block may have.
const ANSWERS: usize = 4;

/// What is done with each block of a stream, on whichever thread.
pub(super) struct Task {
    served: Arc<Served>,
    method: Option<Method>,
    limits: Limits,
    /// Most lines of a block.
    pub(super) lines: usize,
    /// Most bytes of a block of several lines.
    pub(super) bytes: usize,
    /// Bytes that the answer to a line takes, about.
    answer: usize,
    /// Memory of what decompresses the body and compresses the reply.
    codecs: usize,
}

/// The answers to a block.
pub(super) struct Answers {
    pub(super) written: Vec<u8>,
    /// The same as it is sent, once it is compressed.
    pub(super) packed: Option<Bytes>,
    /// Lines that were answered by the model.
    pub(super) rows: usize,
    /// The runs that answered them.
    pub(super) runs: Runs,
    /// The stream ends here.
    pub(super) failed: Option<Ending>,
    /// What the block was computed with.
    pub(super) share: Share,
}

impl Task {
    /// `codecs` is the memory of what decompresses the body and compresses the reply.
    pub(super) fn new(
        served: Arc<Served>,
        method: Option<Method>,
        limits: Limits,
        codecs: usize,
    ) -> Self {
        let answer = served.width(method.as_slice()).saturating_mul(memory::ANSWER);
        let bytes = memory::small(&limits);
        let lines = (bytes * ANSWERS / answer.max(1)).clamp(1, LINES);
        Self { served, method, limits, lines, bytes, answer, codecs }
    }

    /// The memory that a stream has all the time: its lines are held, joined, decoded and answered.
    pub(super) fn reserve(&self) -> usize {
        self.bytes * (2 + memory::DECODED + ANSWERS) + self.codecs
    }

    /// True when a block is computed soon enough to hold up nobody.
    pub(super) fn is_cheap(&self, block: &Block) -> bool {
        self.served.cost.is_cheap(block.count())
    }

    /// Answers a block. `share` is the stream's, and grows for a line that is very long.
    pub(super) fn answer(&self, block: &Block, share: Share) -> Answers {
        let lines = block.lines();
        let mut answers = Answers {
            written: Vec::with_capacity(block.count().saturating_mul(self.answer)),
            packed: None,
            rows: 0,
            runs: Runs::default(),
            failed: None,
            share,
        };
        let decoded = block.len().saturating_mul(2 + memory::DECODED);
        let bytes = decoded.saturating_add(lines.len().saturating_mul(self.answer));
        match (answers.share.fit(bytes.max(self.reserve()), "the line"), lines.first()) {
            (Ok(()), Some(_)) => answers.failed = self.add(&lines, &mut answers).err(),
            (Err(failure), Some(first)) => answers.failed = Some((failure, first.number)),
            (_, None) => {}
        }
        answers
    }

    /// Adds the answers to `lines`. When they cannot be answered together their halves are answered
    /// each for itself, until the line that is at fault is alone.
    fn add(&self, lines: &[Line<'_>], answers: &mut Answers) -> Result<(), Ending> {
        let written = answers.written.len();
        let failure = match self.run(lines).and_then(|(outputs, ran)| {
            lines::encode(&mut answers.written, &outputs, lines.len()).map(|()| ran)
        }) {
            Ok(ran) => {
                answers.rows += lines.len();
                answers.runs.count += 1;
                answers.runs.took += ran.took();
                return Ok(());
            }
            Err(failure) => failure,
        };
        answers.written.truncate(written);
        match lines {
            // nothing is wrong with the line, and the next one would be answered no better
            [line] if failure.code.is_server_fault() => Err((failure, line.number)),
            [line] => {
                lines::refuse(&mut answers.written, &failure, line.number);
                Ok(())
            }
            _ => {
                let (first, second) = lines.split_at(lines.len() / 2);
                self.add(first, answers)?;
                self.add(second, answers)
            }
        }
    }

    fn run(&self, lines: &[Line<'_>]) -> Result<(Vec<(Method, Output)>, Ran), Failure> {
        let mut query = lines::decode(&self.served.contract, lines, &self.limits)?;
        query.ask(self.method)?;
        run(&self.served, query.asked(&self.served.contract), &query.table)
    }
}
