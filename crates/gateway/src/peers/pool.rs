//! Asks a warm pool whether it can answer for a revision: before the revision has traffic, nobody else does.

use std::{io, net::SocketAddr, time::Duration};

use hyper::{
    HeaderMap, StatusCode,
    header::{HeaderName, HeaderValue},
};
use longshore_daemon::percent;
use longshore_platform::{PoolReadiness, PoolState, Pooled, names};
use serde_json::Value;
use tokio::time::timeout;

use super::client::get;

/// How long the pool may take, less than the operator waits: it may have to fetch and load the model,
/// and goes on with that when nobody waits any more.
const PATIENCE: Duration = Duration::from_millis(800);

/// What the replica of a warm pool at `address` says of a model.
pub(super) async fn ask(address: SocketAddr, pooled: &Pooled) -> PoolReadiness {
    let not_asked = |message| PoolReadiness { state: PoolState::Waiting, message };
    match timeout(PATIENCE, exchange(address, pooled)).await {
        Ok(Ok(readiness)) => readiness,
        Ok(Err(error)) => not_asked(format!("the warm pool at {address} cannot be asked: {error}")),
        Err(_) => not_asked("the warm pool fetches or loads the model".into()),
    }
}

async fn exchange(address: SocketAddr, pooled: &Pooled) -> io::Result<PoolReadiness> {
    let path = format!("/v2/models/{}/ready", percent::encode_segment(&pooled.model));
    let value = HeaderValue::from_bytes(&pooled.to_header()).map_err(io::Error::other)?;
    let headers = HeaderMap::from_iter([(HeaderName::from_static(names::POOL), value)]);
    let (status, body) = get(address, &path, headers).await?;
    Ok(read(status, &body))
}

/// What a pool says of a model when it answers so.
fn read(status: StatusCode, body: &[u8]) -> PoolReadiness {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| body[field].as_str().map(str::to_owned);
    let (state, message) = if status == StatusCode::OK {
        (PoolState::Ready, None)
    } else if let Some(reason) = text("reason") {
        // the answer is about the model
        (PoolState::Failed, Some(reason))
    } else if status == StatusCode::SERVICE_UNAVAILABLE {
        let loads = || "the warm pool loads the model".to_owned();
        (PoolState::Waiting, Some(text("error").unwrap_or_else(loads)))
    } else {
        let odd = || format!("the warm pool answers with status {status}");
        (PoolState::Failed, Some(text("error").unwrap_or_else(odd)))
    };
    PoolReadiness { state, message: message.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;
    use longshore_platform::PoolState::{Failed, Ready, Waiting};

    use super::read;

    #[test]
    fn what_may_pass_is_told_from_what_does_not() {
        let cases = [
            (200, r#"{"name":"iris","ready":true}"#, Ready, ""),
            (
                503,
                r#"{"name":"iris","ready":false,"reason":"no such object"}"#,
                Failed,
                "no such object",
            ),
            (503, r#"{"name":"iris","ready":false}"#, Waiting, "the warm pool loads the model"),
            (503, r#"{"error":"too many are being loaded"}"#, Waiting, "too many are being loaded"),
            (400, r#"{"error":"`/a` is a path"}"#, Failed, "`/a` is a path"),
            (500, "oh", Failed, "the warm pool answers with status 500 Internal Server Error"),
        ];
        for (status, body, state, message) in cases {
            let found = read(StatusCode::from_u16(status).unwrap(), body.as_bytes());
            assert_eq!((found.state, &*found.message), (state, message), "{status} {body}");
        }
    }
}
