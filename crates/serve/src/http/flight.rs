//! A request to a model: decoded, computed where it costs the others least, and counted.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::{HeaderMap, header::HeaderValue};
use longshore_daemon::{Code, server};

use super::{
    body::{self, Encoding, Form, Received},
    handler::Worker,
    reply::Reply,
};
use crate::{
    config::Limits,
    failure::{Failure, Rejection},
    memory::{self, Share},
    protocol::{self, Body, Protocol, Query, Shape},
    repository::Served,
};

/// Bodies up to this size are decoded on the event loop.
const IN_PLACE_BYTES: usize = 64 << 10;

/// What became of a request to a model, for metrics and logs.
pub(crate) struct Flight<'w> {
    worker: &'w Worker,
    served: Arc<Served>,
    protocol: Protocol,
    begun: Instant,
    landed: bool,
}

impl<'w> Flight<'w> {
    pub(crate) fn begin(
        worker: &'w Worker,
        served: Arc<Served>,
        protocol: Protocol,
        begun: Instant,
    ) -> Self {
        served.metrics.begin(worker.loop_id);
        Self { worker, served, protocol, begun, landed: false }
    }

    /// Counts what became of it.
    pub(crate) fn land(mut self, result: Result<Answer, Failure>) -> Result<Reply, Failure> {
        self.landed = true;
        let took = self.begun.elapsed();
        let (code, rows) = match &result {
            Ok(answer) => (Ok(()), answer.rows),
            Err(failure) => (Err(failure.code), 0),
        };
        self.served.metrics.end(self.worker.loop_id, self.protocol, Some(code), rows, took);
        result.map(Answer::reply)
    }

    pub(super) async fn answer(
        &self,
        headers: &HeaderMap,
        body: server::Body,
        id: &HeaderValue,
    ) -> Result<Answer, Failure> {
        let shared = &self.worker.shared;
        let form = body::form(headers, self.protocol)?;
        let received = body::receive(headers, body, &shared.limits, &shared.buffered).await?;
        self.compute(received, form, id).await
    }

    /// The same for a body that has arrived.
    pub(crate) async fn compute(
        &self,
        received: Received,
        form: Form,
        id: &HeaderValue,
    ) -> Result<Answer, Failure> {
        let Received { bytes, share } = received;
        let shared = &self.worker.shared;
        let permit = shared.computing.enter(1).ok_or_else(|| {
            Failure::rejected(
                Rejection::Overload,
                "as many requests as the server takes are being answered; try again",
            )
        })?;
        let task = Task { served: self.served.clone(), protocol: self.protocol, id: id.clone() };
        let limits = shared.limits;
        let taken = |share: Option<Share>| share.unwrap_or_else(|| Share::none(&shared.buffered));
        if bytes.len() > IN_PLACE_BYTES || form.encoding != Encoding::Plain {
            let mut share = taken(share);
            return self
                .in_pool(move || {
                    let _permit = permit;
                    let query = task.decode_any(bytes, form, &limits, &mut share)?;
                    task.answer_large(&query, share)
                })
                .await;
        }
        let query = task.decode(&bytes, form.csv, &limits)?;
        let work = query.table.rows.saturating_mul(query.methods.len().max(1));
        if self.served.cost.is_cheap(work) && task.answer_bytes(&query) <= IN_PLACE_BYTES {
            return task.answer(&query);
        }
        let share = taken(share);
        self.in_pool(move || {
            let _permit = permit;
            task.answer_large(&query, share)
        })
        .await
    }

    /// Does `work` on the pool, for as long as a request may wait.
    async fn in_pool(
        &self,
        work: impl FnOnce() -> Result<Answer, Failure> + Send + 'static,
    ) -> Result<Answer, Failure> {
        let shared = &self.worker.shared;
        let run = shared.pool.run(work);
        match tokio::time::timeout(shared.limits.request_timeout, run).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(Code::DeadlineExceeded, "the model did not answer in time")),
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.landed {
            self.served.metrics.end(self.worker.loop_id, self.protocol, None, 0, Duration::ZERO);
        }
    }
}

/// The model's answer, as the protocol writes it.
pub(crate) struct Answer {
    body: Vec<u8>,
    rows: usize,
    /// The memory it was granted when it is not small.
    share: Option<Share>,
}

impl Answer {
    fn reply(self) -> Reply {
        match self.share {
            None => Reply::json(self.body),
            Some(share) => Reply::json(share.reply(self.body)),
        }
    }
}

/// What has to be done for one request, on whichever thread.
struct Task {
    served: Arc<Served>,
    protocol: Protocol,
    id: HeaderValue,
}

impl Task {
    fn decode(&self, bytes: &[u8], csv: bool, limits: &Limits) -> Result<Query, Failure> {
        let shape = Shape { rows: limits.rows, depth: limits.depth };
        protocol::decode(self.protocol, &self.served, Body { bytes, csv }, shape)
    }

    /// The same for a body that may be large or compressed.
    fn decode_any(
        &self,
        bytes: Bytes,
        form: Form,
        limits: &Limits,
        share: &mut Share,
    ) -> Result<Query, Failure> {
        let bytes = if form.encoding == Encoding::Plain {
            bytes
        } else {
            let plain = body::decompress(&bytes, form.encoding, limits)?;
            share.grow(plain.len(), "the body")?;
            plain.into()
        };
        share.grow(bytes.len().saturating_mul(memory::DECODED - 1), "the body")?;
        self.decode(&bytes, form.csv, limits)
    }

    /// The memory that the answer takes, about.
    fn answer_bytes(&self, query: &Query) -> usize {
        let values = query.table.rows.saturating_mul(self.served.width(&query.methods));
        values.saturating_mul(memory::ANSWER)
    }

    /// Answers from a share of the memory, which goes with the reply.
    fn answer_large(&self, query: &Query, mut share: Share) -> Result<Answer, Failure> {
        share.grow(self.answer_bytes(query), "the answer")?;
        let answer = self.answer(query)?;
        Ok(Answer { share: Some(share), ..answer })
    }

    fn answer(&self, query: &Query) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let body = protocol::answer(self.protocol, &self.served, query, self.id.as_bytes())?;
        let rows = query.table.rows;
        let work = rows.saturating_mul(query.methods.len().max(1));
        self.served.cost.learn(work, begun.elapsed());
        Ok(Answer { body, rows, share: None })
    }
}
