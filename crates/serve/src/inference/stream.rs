//! A stream of lines: a block of them is computed while the next ones arrive, so that the memory it
//! takes does not depend on how many there are. Its peer does not get ahead of it either: no more
//! is read while a block is computed, and no block is computed before the last answers are taken.

use std::{
    future::{self, Future},
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
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
    encoding::{Encoding, Packer, Unpacker},
    failure::{Failure, Rejection},
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
    /// How the reply may be compressed.
    pub(crate) wanted: Encoding,
    /// The method that the request names.
    pub(crate) method: Option<Method>,
    /// The request's id, for the log.
    pub(crate) id: HeaderValue,
    /// The way down of the server.
    pub(crate) drain: Drain,
    /// How long the stream may go on once the drain has begun.
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
    /// What was received of a compressed body and is not decompressed yet.
    packed: Bytes,
    /// `None` for a plain body.
    unpacker: Option<Box<Unpacker>>,
    /// How the reply is compressed.
    encoding: Encoding,
    /// `None` for a plain reply, and once that is at its end.
    packer: Option<SharedPacker>,
    lines: Splitter,
    /// How the lines end, once no more of them are received.
    ended: Option<Result<(), Failure>>,
    /// The socket was asked once more before a small block is computed: more bytes may be on their
    /// way.
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

/// The state of a reply's compression, which a thread of the pool takes for a large part.
type SharedPacker = Arc<Mutex<Packer>>;

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
        let codecs = Unpacker::bytes(asked.sent) + Packer::bytes(asked.wanted);
        let task = Task::new(account.served.clone(), asked.method, capacity.limits, codecs);
        let admitted = admit(&capacity, &task).and_then(|(permit, share)| {
            let codecs =
                Unpacker::new(asked.sent).and_then(|u| Ok((u, Packer::new(asked.wanted)?)));
            Ok((permit, share, codecs.map_err(|error| not_packed(&error))?))
        });
        let (permit, share, (unpacker, packer)) = match admitted {
            Ok(admitted) => admitted,
            Err(failure) => {
                account.failed(failure.code);
                return Err(failure);
            }
        };
        let Asked { id, drain, grace, wanted, .. } = asked;
        Ok(Self {
            capacity,
            account: Some(account),
            task: Arc::new(task),
            id,
            body: mem::take(body),
            packed: Bytes::new(),
            unpacker: unpacker.map(Box::new),
            encoding: wanted,
            packer: packer.map(|packer| Arc::new(Mutex::new(packer))),
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

    /// How the reply is compressed.
    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The next answers; `None` when all lines are answered. A failure ends the stream at a line.
    fn poll_answers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Ending>> {
        loop {
            if let Some(computing) = &mut self.computing {
                let answers = ready!(computing.as_mut().poll(cx));
                self.computing = None;
                let answers = answers.map_err(|failure| (failure, self.begin_of_block))?;
                let settled = self.settle(answers);
                let written = settled.map_err(|failure| (failure, self.begin_of_block))?;
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
            if self.unpack() {
                continue;
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
                        if self.unpacker.is_some() {
                            self.packed = data;
                        } else {
                            self.lines.push(&data);
                            self.ended = self.hold().err().map(Err);
                        }
                    }
                }
                Some(Err(error)) => self.ended = Some(Err(interrupted(&error))),
                None => self.end_body(),
            }
        }
        self.lingered = false;
        // nobody waits for the body while a block is computed
        self.body.rest();
        Poll::Ready(())
    }

    /// Decompresses some of what was received; false when there is nothing left of it.
    fn unpack(&mut self) -> bool {
        let Some(unpacker) = &mut self.unpacker else { return false };
        if self.packed.is_empty() && !unpacker.has_more() {
            return false;
        }
        let stepped = unpacker.step(&mut self.packed, |plain| self.lines.push(plain));
        self.ended = stepped.and_then(|()| self.hold()).err().map(Err);
        true
    }

    /// No more of the body comes.
    fn end_body(&mut self) {
        let lines = &mut self.lines;
        let whole = self
            .unpacker
            .as_mut()
            .map_or(Ok(()), |unpacker| unpacker.finish(|plain| lines.push(plain)));
        if whole.is_ok() {
            self.lines.finish();
        }
        self.ended = Some(whole);
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
        let packer = self.packer.clone();
        self.computing = Some(Box::pin(async move {
            let run = capacity.pool.run(move || Ok(task.answer(&block, share)));
            let late = || Failure::new(Code::DeadlineExceeded, "the model did not answer in time");
            let run = timeout(capacity.limits.request_timeout, run);
            let mut answers = run.await.unwrap_or_else(|_| Err(late()))?;
            let large = answers.written.len() > IN_PLACE_PACKED_BYTES;
            if let Some(packer) = packer.filter(|_| large) {
                let written = Bytes::from(mem::take(&mut answers.written));
                answers.packed = Some(pack_elsewhere(&capacity, packer, &written).await?);
            }
            Ok(answers)
        }));
    }

    /// Takes what was computed; gives what is to be sent.
    fn settle(&mut self, answers: Answers) -> Result<Bytes, Failure> {
        let Answers { written, packed, rows, runs, failed, share } = answers;
        self.share = Some(share);
        if let Some(account) = &self.account {
            account.ran(rows, runs);
        }
        self.failed = failed;
        match (packed, &self.packer) {
            (Some(packed), _) => Ok(packed),
            (None, Some(packer)) if !written.is_empty() => pack(packer, &written),
            _ => Ok(written.into()),
        }
    }

    /// Counts the end; gives the last bytes of the reply.
    fn finish(&mut self, failed: Option<Ending>) -> Option<Bytes> {
        let last = self.last_line(failed).unwrap_or_default();
        let Some(packer) = self.packer.take() else {
            return Some(last).filter(|last| !last.is_empty()).map(Bytes::from);
        };
        // nothing else has it: a part that was taken to the pool has come back, or was given up there
        let packer = Arc::into_inner(packer)?;
        let mut packer = packer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let packed = packer.pack(&last).and_then(|packed| Ok([packed, packer.finish()?].concat()));
        packed.ok().map(Bytes::from)
    }

    /// The line that says why the stream ends early.
    fn last_line(&mut self, failed: Option<Ending>) -> Option<Vec<u8>> {
        let account = self.account.take()?;
        let Some((failure, line)) = failed else {
            account.streamed(Ok(()));
            return None;
        };
        account.streamed(Err(failure.code));
        let Failure { message, detail, code, .. } = &failure;
        let (request_id, detail) = (self.id.to_str().unwrap_or_default(), detail.as_deref());
        if code.is_server_fault() {
            tracing::error!(request_id, line, error = &**message, detail, "a stream ended early");
        } else {
            tracing::info!(request_id, line, error = &**message, detail, "a stream ended early");
        }
        let mut out = Vec::new();
        lines::end(&mut out, &failure, line);
        Some(out)
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
                Ok(Some(written)) => return Poll::Ready(Some(Frame::data(written))),
                Ok(None) => None,
                Err(failed) => Some(failed),
            },
        };
        Poll::Ready(self.finish(failed).map(Frame::data))
    }
}

/// A place among the requests that are computed, and memory for the blocks.
fn admit(capacity: &Capacity, task: &Task) -> Result<(Permit, Share), Failure> {
    let permit = capacity.computing.enter(1).ok_or_else(overload)?;
    let mut share = Share::none(&capacity.buffered);
    share.grow(task.reserve(), "a stream of lines")?;
    Ok((permit, share))
}

/// Compresses a part of the reply.
fn pack(packer: &Mutex<Packer>, plain: &[u8]) -> Result<Bytes, Failure> {
    let mut packer = packer.lock().unwrap_or_else(PoisonError::into_inner);
    packer.pack(plain).map(Bytes::from).map_err(|error| not_packed(&error))
}

/// The same on the pool, unless that is full.
async fn pack_elsewhere(
    capacity: &Capacity,
    packer: SharedPacker,
    plain: &Bytes,
) -> Result<Bytes, Failure> {
    let (there, part) = (packer.clone(), plain.clone());
    match capacity.pool.run(move || pack(&there, &part)).await {
        Err(Failure { rejected: Some(Rejection::Overload), .. }) => pack(&packer, plain),
        packed => packed,
    }
}

fn not_packed(error: &io::Error) -> Failure {
    Failure::internal("the stream cannot be compressed or decompressed", error.to_string())
}

/// The body ended early.
fn interrupted(error: &Error) -> Failure {
    if matches!(error, Error::LateBody) {
        return Failure::new(Code::RequestTimeout, "no more of the body arrived in time");
    }
    let detail = Some(error.to_string());
    Failure { detail, ..Failure::invalid("the body is not what its headers announce") }
}
