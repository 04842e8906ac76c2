//! A request to a model: decoded, computed where it costs the others least, encoded, and counted.
//! Nothing else calls a model for a request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::header::HeaderValue;
use longshore_daemon::{Code, gate::Gate};
use longshore_engine::{Method, Output};

mod account;
mod cost;
mod pool;
mod stream;
mod times;

pub(crate) use account::Account;
pub(crate) use cost::Cost;
pub(crate) use pool::Pool;
pub(crate) use stream::{Asked, Stream};
pub(crate) use times::Times;

use account::Ran;

use crate::{
    config::Limits,
    encoding::{self, Encoding},
    failure::{Failure, Rejection},
    memory::{self, Received, Share},
    protocol::{Body, Codec, MediaType, Protocol, Query, codec},
    reply::Reply,
    repository::Served,
};

/// Bodies up to this size, in bytes, are decoded on the event loop.
const IN_PLACE_BYTES: usize = 64 << 10;

/// The same for bodies that are compressed or decompressed.
const IN_PLACE_PACKED_BYTES: usize = 8 << 10;

/// What requests to models share, so that they do not take all there is.
#[derive(Debug)]
pub(crate) struct Capacity {
    pub(crate) limits: Limits,
    /// Requests computed or waiting for it.
    pub(crate) computing: Gate,
    /// Bytes of memory that large requests take.
    pub(crate) buffered: Gate,
    pub(crate) pool: Pool,
}

/// How a request's body is to be read, and its reply to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) media_type: MediaType,
    /// How the body is compressed.
    pub(crate) sent: Encoding,
    /// How the reply may be compressed.
    pub(crate) wanted: Encoding,
    /// The method that the request names outside of its body.
    pub(crate) method: Option<Method>,
}

/// The beginning of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    pub(crate) at: Instant,
    /// Its parts are timed.
    pub(crate) is_traced: bool,
}

/// A request to a model whose body is received whole.
pub(crate) struct Inference<'c> {
    capacity: &'c Capacity,
    account: Account,
    is_traced: bool,
}

impl<'c> Inference<'c> {
    /// A request that has begun.
    pub(crate) fn begin(
        capacity: &'c Capacity,
        loop_id: usize,
        served: Arc<Served>,
        protocol: Protocol,
        begun: Begun,
    ) -> Self {
        let account = Account::begin(loop_id, served, protocol, begun.at);
        Self { capacity, account, is_traced: begun.is_traced }
    }

    /// What it shares with others.
    pub(crate) fn capacity(&self) -> &Capacity {
        self.capacity
    }

    /// What answers.
    pub(crate) fn served(&self) -> &Served {
        &self.account.served
    }

    /// What is counted of it, when it goes on in another way.
    pub(crate) fn into_account(self) -> Account {
        self.account
    }

    /// Counts what became of it.
    pub(crate) fn end(self, result: Result<Answer, Failure>) -> Result<Reply, Failure> {
        match &result {
            Ok(answer) => self.account.answered(answer.rows, &answer.ran),
            Err(failure) => self.account.failed(failure.code),
        }
        result.map(Answer::reply)
    }

    /// Answers a body that was received; `id` is the request's.
    pub(crate) async fn answer(
        &self,
        body: Received,
        form: Form,
        id: &HeaderValue,
    ) -> Result<Answer, Failure> {
        let Capacity { limits, computing, buffered, .. } = self.capacity;
        let Received { bytes, share } = body;
        let permit = computing.enter(1).ok_or_else(overload)?;
        let task = Task {
            served: self.account.served.clone(),
            codec: codec(self.account.protocol),
            form,
            limits: *limits,
            id: id.clone(),
        };
        let mut times = Times::start(self.is_traced);
        let taken = |share: Option<Share>| share.unwrap_or_else(|| Share::none(buffered));
        let job: Job = if bytes.len() > IN_PLACE_BYTES || form.sent != Encoding::Plain {
            let mut share = taken(share);
            Box::new(move || {
                let _permit = permit;
                times.skip();
                let query = task.decode_large(bytes, &mut share)?;
                times.decoded();
                task.answer_large(&query, share, times)
            })
        } else {
            let query = task.decode(&bytes)?;
            times.decoded();
            let cheap = self.served().cost.is_cheap(work(&query));
            if cheap && task.answer_bytes(&query) <= task.in_place() {
                return task.answer(&query, times);
            }
            let share = taken(share);
            Box::new(move || {
                let _permit = permit;
                times.skip();
                task.answer_large(&query, share, times)
            })
        };
        // most requests end before, and need no room for this
        Box::pin(self.in_pool(job)).await
    }

    /// Does a job on the pool, for as long as a request may wait.
    async fn in_pool(&self, job: Job) -> Result<Answer, Failure> {
        let queued = Instant::now();
        let run = self.capacity.pool.run(move || {
            let waited = queued.elapsed();
            job().map(|answer| Answer { ran: Ran { waited, ..answer.ran }, ..answer })
        });
        match tokio::time::timeout(self.capacity.limits.request_timeout, run).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(Code::DeadlineExceeded, "the model did not answer in time")),
        }
    }
}

/// Work for the pool.
type Job = Box<dyn FnOnce() -> Result<Answer, Failure> + Send>;

/// All places among the requests that are computed are taken.
fn overload() -> Failure {
    let message = "as many requests as the server takes are being answered; try again";
    Failure::rejected(Rejection::Overload, message)
}

/// Runs the methods that a query asks for.
fn run(served: &Served, query: &Query) -> Result<(Vec<(Method, Output)>, Ran), Failure> {
    let begun = Instant::now();
    let default = [served.contract.default];
    let methods = if query.methods.is_empty() { &default[..] } else { &query.methods };
    let outputs = methods.iter().map(|&method| Ok((method, served.run(method, &query.table)?)));
    let outputs: Vec<_> = outputs.collect::<Result<_, Failure>>()?;
    let ran = Ran { waited: Duration::ZERO, begun, ended: Instant::now() };
    served.cost.learn(work(query), ran.took());
    Ok((outputs, ran))
}

/// Rows to compute.
fn work(query: &Query) -> usize {
    query.table.rows.saturating_mul(query.methods.len().max(1))
}

/// The model's answer, as the protocol writes it.
pub(crate) struct Answer {
    reply: Reply,
    rows: usize,
    ran: Ran,
    /// The memory it was granted when it is not small.
    share: Option<Share>,
    times: Times,
}

impl Answer {
    /// Rows that were answered.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The times of its parts.
    pub(crate) fn times(&self) -> Times {
        self.times
    }

    fn reply(self) -> Reply {
        let Self { mut reply, share, .. } = self;
        if let Some(share) = share {
            reply.body = share.reply(reply.body);
        }
        reply
    }
}

/// What has to be done for one request, on whichever thread.
struct Task {
    served: Arc<Served>,
    codec: &'static dyn Codec,
    form: Form,
    limits: Limits,
    id: HeaderValue,
}

impl Task {
    fn decode(&self, bytes: &[u8]) -> Result<Query, Failure> {
        let body = Body { bytes, media_type: self.form.media_type, limits: &self.limits };
        let mut query = self.codec.decode(&self.served.contract, body)?;
        query.ask(self.form.method)?;
        Ok(query)
    }

    /// The same for a body that may be large or compressed.
    fn decode_large(&self, bytes: Bytes, share: &mut Share) -> Result<Query, Failure> {
        let bytes = if self.form.sent == Encoding::Plain {
            bytes
        } else {
            let plain = encoding::decompress(&bytes, self.form.sent, &self.limits)?;
            share.grow(plain.len(), "the body")?;
            plain.into()
        };
        share.grow(bytes.len().saturating_mul(memory::DECODED - 1), "the body")?;
        self.decode(&bytes)
    }

    /// Most bytes of an answer that is made on the event loop.
    fn in_place(&self) -> usize {
        match self.form.wanted {
            Encoding::Plain => IN_PLACE_BYTES,
            _ => IN_PLACE_PACKED_BYTES,
        }
    }

    /// The memory that the answer takes, about.
    fn answer_bytes(&self, query: &Query) -> usize {
        let values = query.table.rows.saturating_mul(self.served.width(&query.methods));
        values.saturating_mul(memory::ANSWER)
    }

    /// Answers from a share of the memory, which goes with the reply.
    fn answer_large(
        &self,
        query: &Query,
        mut share: Share,
        times: Times,
    ) -> Result<Answer, Failure> {
        share.grow(self.answer_bytes(query), "the answer")?;
        let answer = self.answer(query, times)?;
        Ok(Answer { share: Some(share), ..answer })
    }

    fn answer(&self, query: &Query, mut times: Times) -> Result<Answer, Failure> {
        let (outputs, ran) = run(&self.served, query)?;
        times.ran();
        let contract = &self.served.contract;
        let reply = self.codec.encode(contract, query, &outputs, self.id.as_bytes())?;
        let reply = encoding::reply(reply, self.form.wanted);
        times.encoded();
        Ok(Answer { reply, rows: query.table.rows, ran, share: None, times })
    }
}
