//! A client for HTTP/1.1, plain or over TLS, that tells how an exchange failed, and never sends a request again that
//! the server may have received.

mod access;
mod failure;
mod target;
mod tls;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode, body::Incoming, client::conn::http1::SendRequest, header,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

pub(crate) use self::{
    access::Access,
    failure::{Failure, Kind},
    target::Target,
};

/// Largest reply that is kept, in bytes.
const LARGEST: usize = 64 << 20;

/// A connection to a server, used for one request after another.
#[derive(Debug)]
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

/// Why a request has no response.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Not a byte of it left: the server had closed the connection before.
    Unsent,
    /// The server may have received it.
    Failed(Failure),
}

/// A whole reply.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its body.
    pub(crate) body: Bytes,
}

impl Connection {
    /// Connects. A name is resolved anew each time, as its addresses change with a cluster's pods.
    pub(crate) async fn open(target: &Target) -> Result<Self, Failure> {
        let stream = TcpStream::connect((target.host.as_str(), target.port)).await;
        let stream = stream.map_err(|error| Failure::connect(&error))?;
        let _ = stream.set_nodelay(true);
        match &target.tls {
            Some(tls) => Self::over(tls.connect(stream).await?).await,
            None => Self::over(stream).await,
        }
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, Failure> {
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Failure::exchange(&error))?;
        // its errors also come out of the request that they concern
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request and waits for the head of the response.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Refusal> {
        if self.0.ready().await.is_err() {
            return Err(Refusal::Unsent);
        }
        self.0.try_send_request(request).await.map_err(|mut error| match error.take_message() {
            Some(_) => Refusal::Unsent,
            None => Refusal::Failed(Failure::exchange(error.error())),
        })
    }
}

/// Reads a body to its end and returns its length in bytes.
pub(crate) async fn drain(mut body: Incoming) -> Result<u64, Failure> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::body(&error))?;
        length += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(length)
}

/// Asks once over a connection of its own.
pub(crate) async fn ask(target: &Target, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
    let mut connection = Connection::open(target).await?;
    let response = connection.send(request).await.map_err(|refusal| match refusal {
        Refusal::Failed(failure) => failure,
        Refusal::Unsent => Failure::closed(),
    })?;
    let status = response.status();
    let body = http_body_util::Limited::new(response.into_body(), LARGEST);
    let body = body.collect().await.map_err(|error| Failure::limited(&*error))?;
    Ok(Reply { status, body: body.to_bytes() })
}

/// A request that posts JSON when there is a body, else asks for a page.
pub(crate) fn request(
    target: &Target,
    path: &str,
    body: Option<Bytes>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let mut builder = match body {
        Some(_) => Request::post(path).header(header::CONTENT_TYPE, "application/json"),
        None => Request::get(path),
    };
    if let Some(headers) = builder.headers_mut() {
        headers.insert(header::HOST, target.authority.clone());
        headers.extend(target.headers.clone());
    }
    builder.body(Full::new(body.unwrap_or_default()))
}
