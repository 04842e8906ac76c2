//! A stream of lines: a block of them is computed while the next ones arrive, so that the memory it
//! takes does not depend on how many there are. Neither does its peer get ahead of it: no more is
//! read while a block is computed, and none is computed before the last answers are taken.

use std::{
    future::{self, Future},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    body::{Body as _, Frame},
    header::HeaderValue,
};
use longshore_daemon::{Code, Drain, Error, gate::Permit, server::Body};
use longshore_engine::Method;
use tokio::time::{sleep, timeout};

mod block;

use super::{Account, Capacity, IN_PLACE_PACKED_BYTES, overload};
use crate::{
    encoding::Encoding,
    failure::Failure,
    lines::{Block, Splitter},
    memory::{self, Share},
    outgoing::Frames,
    protocol::lines,
};
use block::{Answers, Task};

/// What a request for a stream says before its first line.
pub(crate) struct Asked {
    /// How the body is compressed.
    pub(crate) sent: Encoding,
    /// The method that the request names.
    pub(crate) method: Option<Method>,
    /// The request's id, for the log.
    pub(crate) id: HeaderValue,
    /// The way down of the server.
    pub(crate) drain: Drain,
    /// How long the stream may go on once that has begun.
    pub(crate) grace: Duration,
}

/// The answers to a stream of lines.
pub(crate) struct Stream {
    capacity: Arc<Capacity>,
    /// `None` once the stream is over.
    account: Option<Account>,
    task: Arc<Task>,
    id: HeaderValue,
    body: Body,
    lines: Splitter,
    /// How the lines end, once no more of them are received.
    ended: Option<Result<(), Failure>>,
    /// More bytes may be on their way from the socket: they were asked for once more before a small
    /// block is computed.
    lingered: bool,
    /// The first line of the last block.
    begin_of_block: u64,
    computing: Option<Computing>,
    /// The stream ends behind the last block.
    failed: Option<Ending>,
    /// `None` while a block is computed, which has it.
    share: Option<Share>,
    /// Done when the server goes down and waits no longer.
    down: Pin<Box<dyn Future<Output = ()> + Send>>,
    _permit: Permit,
}

/// Why a stream ends early, and the first line that has no answer.
type Ending = (Failure, u64);

type Computing = Pin<Box<dyn Future<Output = Result<Answers, Failure>> + Send>>;

impl Stream {
    /// Begins to answer the lines of `body`, which it takes. A stream is one of the requests that are computed at a
    /// time, and has its memory, from its begin to its end: it is refused before its first line,
    /// not in the middle.
    pub(crate) fn begin(
        capacity: Arc<Capacity>,
        account: Account,
        asked: Asked,
        body: &mut Body,
    ) -> Result<Self, Failure> {
        let task = Task::new(account.served.clone(), asked.method, capacity.limits);
        let (permit, share) = match admit(&capacity, &task, asked.sent) {
            Ok(admitted) => admitted,
            Err(failure) => {
                account.failed(failure.code);
                return Err(failure);
            }
        };
        let Asked { id, drain, grace, .. } = asked;
        Ok(Self {
            capacity,
            account: Some(account),
            task: Arc::new(task),
            id,
            body: mem::take(body),
            lines: Splitter::default(),
            ended: None,
            lingered: false,
            begin_of_block: 1,
            computing: None,
            failed: None,
            share: Some(share),
            down: Box::pin(async move {
                drain.begun().await;
                sleep(grace).await;
            }),
            _permit: permit,
        })
    }

    /// The next answers; `None` when all lines are answered. A failure ends the stream at a line.
    fn poll_answers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Ending>> {
        loop {
            if let Some(computing) = &mut self.computing {
                let answers = ready!(computing.as_mut().poll(cx));
                self.computing = None;
                let answers = answers.map_err(|failure| (failure, self.begin_of_block))?;
                let written = self.settle(answers);
                if !written.is_empty() {
                    return Poll::Ready(Ok(Some(written)));
                }
                if let Some(failed) = self.failed.take() {
                    return Poll::Ready(Err(failed));
                }
            }
            if !self.has_block() {
                ready!(self.poll_lines(cx));
            }
            self.begin_of_block = self.lines.next_line();
            let Some(block) = self.lines.take(self.task.lines, self.task.bytes) else {
                let end = self.ended.take().unwrap_or(Ok(()));
                let line = self.begin_of_block;
                return Poll::Ready(end.map(|()| None).map_err(|failure| (failure, line)));
            };
            self.compute(block);
        }
    }

    /// True when there are enough lines for a block, or all that will come.
    fn has_block(&self) -> bool {
        let (whole, Task { lines, bytes, .. }) = (self.lines.whole(), &*self.task);
        whole >= *lines || (whole > 0 && self.lines.held() >= *bytes) || self.ended.is_some()
    }

    /// Receives lines until there is a block, or some lines and nothing else has arrived.
    fn poll_lines(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.has_block() {
            if self.down.as_mut().poll(cx).is_ready() {
                let message = "the server is going down; send this line and what follows it again";
                self.ended = Some(Err(Failure::new(Code::Unavailable, message)));
                break;
            }
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                if self.lines.whole() == 0 {
                    return Poll::Pending;
                }
                if self.lingered {
                    break;
                }
                self.lingered = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            };
            self.lingered = false;
            // a peer has the whole time for each part
            self.body.rest();
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.lines.push(&data);
                        self.ended = self.hold().err().map(Err);
                    }
                }
                Some(Err(error)) => self.ended = Some(Err(interrupted(&error))),
                None => {
                    self.lines.finish();
                    self.ended = Some(Ok(()));
                }
            }
        }
        self.lingered = false;
        // nobody waits for the body while a block is computed
        self.body.rest();
        Poll::Ready(())
    }

    /// Takes memory for a line that is long, up to its limit.
    fn hold(&mut self) -> Result<(), Failure> {
        let limits = &self.capacity.limits;
        if self.lines.unended() > limits.body_bytes {
            return Err(memory::line_too_large(limits));
        }
        let bytes = self.lines.held().saturating_mul(2).max(self.task.reserve());
        self.share.as_mut().map_or(Ok(()), |share| share.fit(bytes, "the line"))
    }

    fn compute(&mut self, block: Block) {
        let Some(share) = self.share.take() else { return };
        let (task, capacity) = (self.task.clone(), self.capacity.clone());
        if block.len() <= IN_PLACE_PACKED_BYTES && task.is_cheap(&block) {
            self.computing = Some(Box::pin(future::ready(Ok(task.answer(&block, share)))));
            return;
        }
        self.computing = Some(Box::pin(async move {
            let run = capacity.pool.run(move || Ok(task.answer(&block, share)));
            let late = || Failure::new(Code::DeadlineExceeded, "the model did not answer in time");
            timeout(capacity.limits.request_timeout, run).await.unwrap_or_else(|_| Err(late()))
        }));
    }

    /// Takes what was computed; gives what is to be sent.
    fn settle(&mut self, answers: Answers) -> Vec<u8> {
        let Answers { written, rows, runs, failed, share } = answers;
        self.share = Some(share);
        if let Some(account) = &self.account {
            account.ran(rows, runs);
        }
        self.failed = failed;
        written
    }

    /// Counts the end, and writes why it came early.
    fn finish(&mut self, failed: Option<Ending>) -> Option<Bytes> {
        let account = self.account.take()?;
        let Some((failure, line)) = failed else {
            account.streamed();
            return None;
        };
        account.failed(failure.code);
        let Failure { message, detail, code, .. } = &failure;
        let (request_id, detail) = (self.id.to_str().unwrap_or_default(), detail.as_deref());
        if code.is_server_fault() {
            tracing::error!(request_id, line, error = &**message, detail, "a stream ended early");
        } else {
            tracing::info!(request_id, line, error = &**message, detail, "a stream ended early");
        }
        let mut out = Vec::new();
        lines::end(&mut out, &failure, line);
        Some(out.into())
    }
}

impl Frames for Stream {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if self.account.is_none() {
            return Poll::Ready(None);
        }
        let failed = match self.failed.take() {
            Some(failed) => Some(failed),
            None => match ready!(self.poll_answers(cx)) {
                Ok(Some(written)) => return Poll::Ready(Some(Frame::data(written.into()))),
                Ok(None) => None,
                Err(failed) => Some(failed),
            },
        };
        Poll::Ready(self.finish(failed).map(Frame::data))
    }
}

/// A place among the requests that are computed, and memory for the blocks.
fn admit(capacity: &Capacity, task: &Task, sent: Encoding) -> Result<(Permit, Share), Failure> {
    if sent != Encoding::Plain {
        let message = "a stream of lines is not decompressed; send it without a content-encoding";
        return Err(Failure::new(Code::UnsupportedMediaType, message));
    }
    let permit = capacity.computing.enter(1).ok_or_else(overload)?;
    let mut share = Share::none(&capacity.buffered);
    share.grow(task.reserve(), "a stream of lines")?;
    Ok((permit, share))
}

/// The body ended early.
fn interrupted(error: &Error) -> Failure {
    if matches!(error, Error::LateBody) {
        return Failure::new(Code::RequestTimeout, "no more of the body arrived in time");
    }
    let detail = Some(error.to_string());
    Failure { detail, ..Failure::invalid("the body is not what its headers announce") }
}
