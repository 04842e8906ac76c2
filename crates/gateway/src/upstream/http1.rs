use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{self, Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::outgoing::Outgoing;

/// A connection that has one request at a time. Whoever waits for the reply drives it: a task of its
/// own would have to be woken for each step.
pub(crate) struct Http1 {
    sender: SendRequest<Outgoing>,
    /// Gone when it ended before its time.
    driver: Option<Connection<TokioIo<TcpStream>, Outgoing>>,
    /// The driver is done and must not be polled.
    is_over: bool,
    used: Instant,
}

impl Http1 {
    pub(super) async fn new(socket: TcpStream) -> io::Result<Box<Self>> {
        let handshake = http1::handshake(TokioIo::new(socket)).await;
        let (sender, driver) = handshake.map_err(io::Error::other)?;
        let link = Self { sender, driver: Some(driver), is_over: false, used: Instant::now() };
        Ok(Box::new(link))
    }

    pub(super) fn used(&self) -> Instant {
        self.used
    }

    pub(super) fn touch(&mut self) {
        self.used = Instant::now();
    }

    /// True when the peer has not closed it and the last request is over.
    pub(super) fn is_usable(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        !self.is_over && self.sender.is_ready()
    }

    /// Reads and writes what can be.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            && !self.is_over
        {
            self.is_over = Pin::new(driver).poll(cx).is_ready();
        }
    }

    /// Sends a request and waits for the head of the reply. The error has the request when none of it
    /// was sent.
    pub(crate) async fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        let mut reply = pin!(self.sender.try_send_request(request));
        let Self { driver, is_over, .. } = self;
        poll_fn(|cx| {
            if let Some(connection) = driver
                && !*is_over
            {
                *is_over = Pin::new(connection).poll(cx).is_ready();
            }
            let polled = reply.as_mut().poll(cx);
            if polled.is_pending() && *is_over && driver.take().is_some() {
                // what it has not sent comes back when it is dropped
                return reply.as_mut().poll(cx);
            }
            polled
        })
        .await
    }

    /// The stream of bytes once the reply has switched protocols, and what was read of it already.
    pub(crate) async fn into_stream(mut self: Box<Self>) -> Option<(TcpStream, Bytes)> {
        poll_fn(|cx| {
            self.drive(cx);
            if self.is_over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let parts = self.driver.take()?.into_parts();
        Some((parts.io.into_inner(), parts.read_buf))
    }
}
