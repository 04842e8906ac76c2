//! A request to a model: decoded, computed where it costs the others least, encoded, and counted.
//! Nothing else calls a model for a request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::header::HeaderValue;
use longshore_daemon::{Code, gate::Gate};
use longshore_engine::{Method, Output, Table};

mod account;
mod cache;
mod cost;
mod decoded;
mod pool;
mod queue;
mod stream;
mod times;

pub(crate) use account::Account;
pub(crate) use cache::{Cache, Figures, Part};
pub(crate) use cost::Cost;
pub(crate) use pool::Pool;
pub(crate) use queue::Queue;
pub(crate) use stream::{Asked, Stream};
pub(crate) use times::Times;

use account::Ran;

use crate::{
    config::Limits,
    encoding::{self, Encoding},
    failure::{Failure, Rejection},
    memory::{self, Received, Share},
    metrics::Consulted,
    protocol::{Body, Codec, MediaType, Protocol, Query, codec, columnar},
    reply::Reply,
    repository::Served,
};
use cache::Lookup;
use decoded::Decoded;

/// Bodies up to this size, in bytes, are decoded on the event loop.
const IN_PLACE_BYTES: usize = 64 << 10;

/// The same for bodies that are compressed or decompressed.
const IN_PLACE_PACKED_BYTES: usize = 8 << 10;

/// A request that is computed in less time is not looked up in the cache: a lookup among a hundred thousand entries
/// takes about half of this.
const CACHED_FROM: Duration = Duration::from_micros(20);

/// What requests to models share, so that they do not take all there is.
#[derive(Debug)]
pub(crate) struct Capacity {
    pub(crate) limits: Limits,
    /// Requests computed or waiting for it.
    pub(crate) computing: Gate,
    /// Bytes of memory that large requests take.
    pub(crate) buffered: Gate,
    pub(crate) pool: Pool,
    /// There when requests that wait are computed together.
    pub(crate) queue: Option<Arc<Queue>>,
}

/// How a request's body is to be read, and its reply to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Negotiated {
    pub(crate) media_type: MediaType,
    /// How the body is compressed.
    pub(crate) sent: Encoding,
    /// How the reply may be compressed.
    pub(crate) wanted: Encoding,
    /// The reply is to be a stream of Arrow.
    pub(crate) answers_arrow: bool,
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

impl Negotiated {
    /// True for a body that is decoded on the event loop when it is small: one that is packed may
    /// come to a lot.
    fn is_plain(&self) -> bool {
        self.sent == Encoding::Plain && !matches!(self.media_type, MediaType::Columnar(_))
    }
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

    /// What is counted of it, for a request that is not answered whole.
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
        negotiated: Negotiated,
        id: &HeaderValue,
    ) -> Result<Answer, Failure> {
        let Capacity { limits, computing, buffered, .. } = self.capacity;
        let Received { bytes, share } = body;
        let permit = computing.enter(1).ok_or_else(overload)?;
        let task = Task {
            served: self.account.served.clone(),
            codec: codec(self.account.protocol),
            negotiated,
            limits: *limits,
            id: id.clone(),
        };
        let mut times = Times::start(self.is_traced);
        let taken = |share: Option<Share>| share.unwrap_or_else(|| Share::none(buffered));
        if bytes.len() > IN_PLACE_BYTES || !negotiated.is_plain() {
            let mut share = taken(share);
            let received = Instant::now();
            let decode = move || {
                let waited = received.elapsed();
                times.skip();
                let query = task.decode_large(bytes, &mut share)?;
                times.decoded();
                let decoded = Decoded::new(task, query, share, times, permit);
                Ok(Decoded { waited, ..decoded })
            };
            return Box::pin(self.in_time(self.decode_in_pool(decode))).await;
        }
        let query = task.decode(&bytes)?;
        times.decoded();
        let cheap = self.served().cost.is_cheap(work(&query));
        let is_small = task.answer_bytes(&query) <= task.in_place();
        if cheap && is_small && task.served.cached.is_none() {
            return task.answer(&query, times);
        }
        let decoded = Decoded::new(task, query, taken(share), times, permit);
        if is_small && (cheap || decoded.is_known()) {
            return decoded.compute();
        }
        // most requests end before, and need no room for this
        Box::pin(self.in_time(self.compute_in_pool(decoded))).await
    }

    /// Has a body decoded on the pool, and answers it.
    async fn decode_in_pool(
        &self,
        decode: impl FnOnce() -> Result<Decoded, Failure> + Send + 'static,
    ) -> Result<Answer, Failure> {
        let Capacity { pool, queue, .. } = self.capacity;
        if queue.is_none() {
            return pool.run(move || decode()?.answer()).await;
        }
        self.compute_in_pool(pool.run(decode).await?).await
    }

    /// Has a request computed on the pool, together with others when it may be.
    async fn compute_in_pool(&self, decoded: Decoded) -> Result<Answer, Failure> {
        match &self.capacity.queue {
            Some(queue) if queue.takes(&decoded) => queue.answer(decoded).await,
            _ => self.capacity.pool.run(move || decoded.answer()).await,
        }
    }

    /// Waits for an answer, for as long as a request may wait.
    async fn in_time(
        &self,
        answer: impl Future<Output = Result<Answer, Failure>>,
    ) -> Result<Answer, Failure> {
        match tokio::time::timeout(self.capacity.limits.request_timeout, answer).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(Code::DeadlineExceeded, "the model did not answer in time")),
        }
    }
}

/// All places among the requests that are computed are taken.
fn overload() -> Failure {
    let message = "as many requests as the server takes are being answered; try again";
    Failure::rejected(Rejection::Overload, message)
}

/// Runs methods of a model.
fn run(
    served: &Served,
    methods: &[Method],
    table: &Table,
) -> Result<(Vec<(Method, Output)>, Ran), Failure> {
    let begun = Instant::now();
    let outputs = methods.iter().map(|&method| Ok((method, served.run(method, table)?)));
    let outputs: Vec<_> = outputs.collect::<Result<_, Failure>>()?;
    let (ended, waited) = (Instant::now(), Duration::ZERO);
    let ran = Ran { waited, begun, ended, runs: 1, consulted: Consulted::Never };
    served.cost.learn(table.rows.saturating_mul(methods.len()), ran.took());
    Ok((outputs, ran))
}

/// Rows to compute, once for each method.
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
    negotiated: Negotiated,
    limits: Limits,
    id: HeaderValue,
}

impl Task {
    fn decode(&self, bytes: &[u8]) -> Result<Query, Failure> {
        let body = Body { bytes, media_type: self.negotiated.media_type, limits: &self.limits };
        self.asked(self.codec.decode(&self.served.contract, body)?)
    }

    /// The query with the method that the request names outside of its body.
    fn asked(&self, mut query: Query) -> Result<Query, Failure> {
        query.ask(self.negotiated.method)?;
        Ok(query)
    }

    /// The same for a body that may be large or compressed.
    fn decode_large(&self, bytes: Bytes, share: &mut Share) -> Result<Query, Failure> {
        let sent = bytes.len();
        let bytes = if self.negotiated.sent == Encoding::Plain {
            bytes
        } else {
            let plain = encoding::decompress(&bytes, self.negotiated.sent, &self.limits)?;
            share.grow(plain.len(), "the body")?;
            plain.into()
        };
        if let MediaType::Columnar(kind) = self.negotiated.media_type {
            let (contract, limits) = (&self.served.contract, &self.limits);
            return self.asked(columnar::decode(contract, kind, &bytes, sent, limits, share)?);
        }
        share.grow(bytes.len().saturating_mul(memory::DECODED - 1), "the body")?;
        self.decode(&bytes)
    }

    /// Most bytes of an answer that is made on the event loop.
    fn in_place(&self) -> usize {
        match self.negotiated.wanted {
            Encoding::Plain => IN_PLACE_BYTES,
            _ => IN_PLACE_PACKED_BYTES,
        }
    }

    /// The memory that the answer takes, about.
    fn answer_bytes(&self, query: &Query) -> usize {
        let values = query.table.rows.saturating_mul(self.served.width(&query.methods));
        values.saturating_mul(memory::ANSWER)
    }

    fn answer(&self, query: &Query, mut times: Times) -> Result<Answer, Failure> {
        let (outputs, ran) = self.run(query)?;
        times.ran();
        self.encode(query, &outputs, ran, times)
    }

    fn run(&self, query: &Query) -> Result<(Vec<(Method, Output)>, Ran), Failure> {
        run(&self.served, query.asked(&self.served.contract), &query.table)
    }

    /// Asks the cache, when the request is worth a lookup.
    fn look_up(&self, query: &Query) -> Lookup {
        match &self.served.cached {
            Some(part) if !self.served.cost.is_within(CACHED_FROM, work(query)) => {
                part.look_up(query.asked(&self.served.contract), &query.table)
            }
            _ => Lookup::Skipped,
        }
    }

    fn encode(
        &self,
        query: &Query,
        outputs: &[(Method, Output)],
        ran: Ran,
        mut times: Times,
    ) -> Result<Answer, Failure> {
        let contract = &self.served.contract;
        let reply = if self.negotiated.answers_arrow {
            columnar::encode(outputs)?
        } else {
            self.codec.encode(contract, query, outputs, self.id.as_bytes())?
        };
        let reply = encoding::reply(reply, self.negotiated.wanted);
        times.encoded();
        Ok(Answer { reply, rows: query.table.rows, ran, share: None, times })
    }
}
