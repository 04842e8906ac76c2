//! Small questions to other programs, each by a connection of its own.

use std::{io, net::SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    HeaderMap, Request, StatusCode,
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Most bytes of an answer.
const LONGEST: usize = 1 << 20;

/// What is answered at `address` and this path.
pub(super) async fn get(
    address: SocketAddr,
    path: &str,
    mut headers: HeaderMap,
) -> io::Result<(StatusCode, Bytes)> {
    let host = HeaderValue::from_str(&address.to_string()).map_err(io::Error::other)?;
    headers.insert(HOST, host);
    let mut request = Request::get(path).body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    *request.headers_mut() = headers;
    let socket = TcpStream::connect(address).await?;
    let handshake = http1::handshake(TokioIo::new(socket)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        Ok((status, body.map_err(io::Error::other)?.to_bytes()))
    };
    tokio::pin!(asked);
    tokio::select! {
        // the connection may end with the answer
        answer = &mut asked => answer,
        _ = connection => asked.await,
    }
}
