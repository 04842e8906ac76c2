//! One connection, from its socket to its end: HTTP/1, or HTTP/2 when its first bytes say so.

use std::{
    convert::Infallible,
    error::Error as StdError,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use hyper::{
    Request, Response,
    body::{Body as HttpBody, Incoming},
    header::CONNECTION,
    server::conn::{http1, http2},
    service::{Service, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::{
    accept::{Accept, Accepted},
    answering::Answering,
    body::{Body, OpenRequest, ReplyBody},
    deadline::Watch,
    event_loop::{End, Shared},
    in_place::InPlace,
    socket::Watched,
};

/// Most bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;

/// What answers requests: hyper's `Service`, which a tower service becomes by an adapter of
/// `hyper-util`. Its replies may have any body.
pub trait Answer:
    Service<Request<Body>, Response = Response<Self::Reply>, Error = Infallible, Future: Send>
    + Send
    + Sync
    + 'static
{
    /// The body of a reply.
    type Reply: HttpBody<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>
        + Send
        + Unpin
        + 'static;
}

impl<S, B> Answer for S
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>
        + Send
        + Sync
        + 'static,
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>
        + Send
        + Unpin
        + 'static,
{
    type Reply = B;
}

/// Drives a connection to its end.
pub(super) async fn drive<A: Accept, S: Answer>(
    socket: TcpStream,
    shared: Arc<Shared<A, S>>,
    watch: Arc<Watch>,
    end: End,
) {
    if A::HANDSHAKE {
        watch.handshake_begins();
    }
    let Accepted { stream, http2, is_secure } = match shared.accept.accept(socket).await {
        Ok(accepted) => accepted,
        Err(error) => {
            tracing::debug!(%error, "a handshake failed");
            return;
        }
    };
    if A::HANDSHAKE {
        watch.handshake_ends();
    }
    if is_secure {
        watch.is_now_secure();
    }
    let io = Watched::new(stream, watch.clone());
    let result = if http2 == Some(true) {
        Box::pin(drive_http2(io, shared, watch)).await
    } else {
        drive_any(io, shared, watch).await
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
    drop(end);
}

/// Drives a connection as HTTP/1, or as HTTP/2 when its first bytes say so. What only HTTP/2 needs
/// is made then, so that other connections take no memory for it. A connection without a request takes
/// none for HTTP/1 either, which needs 16 KiB and more: a few of them keep it for a while after their
/// last reply, the others give it back at once, and it is made anew when the next request comes.
async fn drive_any<A: Accept, S: Answer>(
    mut io: Watched<A::Stream>,
    shared: Arc<Shared<A, S>>,
    watch: Arc<Watch>,
) -> hyper::Result<()> {
    let waker = Waker::from(watch.clone());
    loop {
        if !io.rest().await {
            return Ok(());
        }
        watch.is_at_work();
        let place = shared.at_work.enter(1);
        let service = {
            let (shared, watch) = (shared.clone(), watch.clone());
            service_fn(move |request| answer_http1(&shared, &watch, request))
        };
        let mut connection = Box::new(
            http1::Builder::new()
                .header_read_timeout(None)
                .max_buf_size(shared.limits.read_buffer)
                .max_header_size(HEAD_BYTES)
                .serve_connection(io, service),
        );
        let mut told = false;
        let ended = std::future::poll_fn(|cx| {
            watch.remember(cx.waker());
            watch.wakes().poll_begins(&waker);
            let own = &mut Context::from_waker(&waker);
            // what has arrived is read before an idle connection is closed
            let mut polled = Pin::new(&mut *connection).poll(own);
            if polled.is_pending() && watch.may_close() && !told {
                told = true;
                Pin::new(&mut *connection).graceful_shutdown();
                polled = Pin::new(&mut *connection).poll(own);
            }
            if watch.wakes().poll_ends() && polled.is_pending() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match polled {
                Poll::Pending if watch.may_rest() && (place.is_none() || watch.is_resting()) => {
                    Poll::Ready(None)
                }
                polled => polled.map(Some),
            }
        })
        .await;
        let Some(result) = ended else {
            io = taken_back(connection.into_parts());
            continue;
        };
        if result.is_err() && watch.is_http2() {
            // hyper gives up at the preface, and gives back what it has read
            let io = taken_back(connection.into_parts());
            return Box::pin(drive_http2(io, shared, watch)).await;
        }
        if result.is_ok()
            && let Some(upgrade) = watch.take_upgrade()
        {
            // a stream of another protocol may rest for as long as it likes
            watch.request_begins();
            let io = taken_back(connection.into_parts());
            Box::pin(upgrade.run(TokioIo::new(io))).await;
            watch.request_ends();
        }
        return result;
    }
}

/// The stream of a connection, from which what was read ahead is read again.
fn taken_back<I, S>(parts: http1::Parts<Watched<I>, S>) -> Watched<I> {
    let mut io = parts.io;
    io.rewind(parts.read_buf);
    io
}

async fn drive_http2<A: Accept, S: Answer>(
    io: Watched<A::Stream>,
    shared: Arc<Shared<A, S>>,
    watch: Arc<Watch>,
) -> hyper::Result<()> {
    watch.is_now_http2();
    let limits = shared.limits;
    let service = {
        let (shared, watch) = (shared.clone(), watch.clone());
        service_fn(move |request| answer_http2(&shared, &watch, request))
    };
    let connection = http2::Builder::new(InPlace)
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(HEAD_BYTES as u32)
        .initial_stream_window_size(limits.read_buffer as u32)
        .initial_connection_window_size(limits.read_buffer.saturating_mul(4) as u32)
        .max_send_buf_size(limits.read_buffer)
        .keep_alive_interval(limits.idle_timeout / 2)
        .keep_alive_timeout(limits.header_timeout)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut told = false;
    std::future::poll_fn(|cx| {
        watch.remember(cx.waker());
        let polled = connection.as_mut().poll(cx);
        if polled.is_pending() && watch.may_close() && !told {
            told = true;
            connection.as_mut().graceful_shutdown();
            return connection.as_mut().poll(cx);
        }
        polled
    })
    .await
}

fn answer_http1<A: Accept, S: Answer>(
    shared: &Arc<Shared<A, S>>,
    watch: &Arc<Watch>,
    request: Request<Incoming>,
) -> Answering<S::Future> {
    watch.request_begins();
    let open = OpenRequest::new(watch.clone(), None);
    let request = request.map(|incoming| Body::swept(incoming, watch));
    Answering::new(shared.service.call(request), open)
}

fn answer_http2<A: Accept, S: Answer>(
    shared: &Arc<Shared<A, S>>,
    watch: &Arc<Watch>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<ReplyBody<S::Reply>>, Refused>> + Send + use<A, S> {
    let first = watch.request_begins() == 1;
    // the connection has a permit of its own, which its first request uses
    let permit = if first { None } else { shared.connections.enter(1) };
    let refused = !first && permit.is_none();
    let open = OpenRequest::new(watch.clone(), permit);
    let answering = (!refused).then(|| {
        let limit = shared.limits.body_timeout;
        // what hyper makes of it is moved several times, which a pointer makes cheap
        let body = |incoming| Body::timed(incoming, limit, watch.connection());
        Box::pin(shared.service.call(request.map(body)))
    });
    async move {
        let Some(answering) = answering else { return Err(Refused::new()) };
        let mut response = answering.await.unwrap_or_else(|never| match never {});
        // this header has no meaning in HTTP/2 (RFC 9113 §8.2.2)
        response.headers_mut().remove(CONNECTION);
        if open.watch().is_draining() {
            open.watch().close();
        }
        Ok(response.map(|body| ReplyBody::new(body, open)))
    }
}

/// A request of HTTP/2 that is not begun because too many are open: the peer may ask again.
#[derive(Debug)]
pub(super) struct Refused(h2::Error);

impl Refused {
    fn new() -> Self {
        Self(h2::Reason::REFUSED_STREAM.into())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too many requests are open: {}", self.0)
    }
}

impl StdError for Refused {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}
