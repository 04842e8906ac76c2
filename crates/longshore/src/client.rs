//! A request to a server on this machine.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Posts a JSON body and returns the status and the reply.
pub(crate) async fn post(
    address: SocketAddr,
    path: &str,
    body: &'static [u8],
) -> Result<(StatusCode, String)> {
    let stream = TcpStream::connect(address).await.context("the server does not answer")?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post(path)
        .header(header::HOST, address.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from_static(body)))?;
    let exchange = async {
        let reply = sender.send_request(request).await?;
        let status = reply.status();
        let body = reply.into_body().collect().await?.to_bytes();
        // without its sender the connection ends
        drop(sender);
        anyhow::Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    let (outcome, _) = tokio::join!(exchange, connection);
    outcome
}
