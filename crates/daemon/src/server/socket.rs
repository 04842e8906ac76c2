//! The stream of a connection: its watch is told when bytes pass, its first bytes tell the version
//! of HTTP, and its end loses no reply.

use std::{
    future::{Future, poll_fn},
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::rt;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::deadline::Watch;

/// How long a peer has to close its side after ours.
const PARTING: Duration = Duration::from_millis(250);

/// What every HTTP/2 connection begins with (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Most bytes that the first read of a connection takes.
const FIRST_READ: usize = 1024;

/// A stream with its watch.
pub(super) struct Watched<S> {
    io: TokioIo<S>,
    watch: Arc<Watch>,
    /// Bytes that were read ahead, and are to be read once more.
    again: Bytes,
    /// How many of the first bytes are held back, since [`PREFACE`] begins with them; `None` once it is
    /// known whether it follows.
    held: Option<usize>,
    /// There once our side is closed: it ends the wait for the peer to close its own.
    parting: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, watch: Arc<Watch>) -> Self {
        let io = TokioIo::new(stream);
        Self { io, watch, again: Bytes::new(), held: Some(0), parting: None }
    }

    /// Lets `bytes`, which were the last to be read, be read once more.
    pub(super) fn rewind(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            // it would keep the whole buffer that it is a part of
            return;
        }
        let rest = std::mem::take(&mut self.again);
        self.again = if rest.is_empty() { bytes } else { [bytes, rest].concat().into() };
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Watched<S> {
    /// Waits until a connection without a request has something to do: bytes that have come and are to be
    /// read, or its end. False when it has broken.
    pub(super) async fn rest(&mut self) -> bool {
        if !self.again.is_empty() {
            return true;
        }
        let found = poll_fn(|cx| {
            self.watch.remember(cx.waker());
            if self.watch.may_close() {
                return Poll::Ready(Ok(Bytes::new()));
            }
            // TLS may still have the end of the last reply
            if let Poll::Ready(Err(error)) = Pin::new(self.io.inner_mut()).poll_flush(cx) {
                return Poll::Ready(Err(error));
            }
            let mut chunk = [0; FIRST_READ];
            let mut read = ReadBuf::new(&mut chunk);
            ready!(self.poll_socket(cx, &mut read))?;
            Poll::Ready(io::Result::Ok(Bytes::copy_from_slice(read.filled())))
        });
        match found.await {
            Ok(bytes) => {
                self.again = bytes;
                true
            }
            Err(_) => false,
        }
    }

    fn poll_socket(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(self.io.inner_mut()).poll_read(cx, out))?;
        self.watch.received();
        Poll::Ready(Ok(()))
    }

    /// At most `most` bytes of those that were read ahead; they count as received now.
    fn take_again(&mut self, most: usize) -> Bytes {
        self.watch.received();
        self.again.split_to(self.again.len().min(most))
    }

    /// Reads the first bytes; they are held back as long as they may become HTTP/2's preface.
    fn poll_first(
        &mut self,
        mut held: usize,
        cx: &mut Context<'_>,
        out: &mut rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut chunk = [0; FIRST_READ];
            let most = FIRST_READ.min(out.remaining().saturating_sub(held));
            let mut read = ReadBuf::new(&mut chunk[..most]);
            if self.again.is_empty() {
                ready!(self.poll_socket(cx, &mut read))?;
            } else {
                read.put_slice(&self.take_again(most));
            }
            let read = read.filled();
            let wanted = &PREFACE[held..];
            let common = wanted.len().min(read.len());
            let is_same = !read.is_empty() && read[..common] == wanted[..common];
            if is_same && common < wanted.len() {
                held += common;
                self.held = Some(held);
                continue;
            }
            if is_same {
                self.watch.is_now_http2();
            }
            self.held = None;
            out.put_slice(&PREFACE[..held]);
            out.put_slice(read);
            return Poll::Ready(Ok(()));
        }
    }

    fn note_sent(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &polled {
            Poll::Ready(Ok(bytes)) => self.watch.sent(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.watch.stalls(),
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> rt::Read for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(held) = self.held {
            return self.poll_first(held, cx, &mut buffer);
        }
        if !self.again.is_empty() {
            buffer.put_slice(&self.take_again(buffer.remaining()));
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if polled.is_ready() {
            self.watch.received();
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> rt::Write for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.note_sent(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Closes our side and reads what the peer still sends until it closes its own: a socket that
    /// is given up with bytes unread resets the connection, which may cost the peer our last reply.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.watch.ends();
        let parting = match &mut this.parting {
            Some(parting) => parting,
            none => {
                ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
                none.insert(Box::pin(sleep(PARTING)))
            }
        };
        let mut unread = [0; FIRST_READ];
        loop {
            if parting.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut read = ReadBuf::new(&mut unread);
            ready!(Pin::new(this.io.inner_mut()).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        self.note_sent(polled)
    }
}
