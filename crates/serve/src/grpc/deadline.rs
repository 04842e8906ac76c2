use std::{future::Future, time::Duration};

use hyper::HeaderMap;
use longshore_daemon::Code;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;

/// When the caller stops waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    /// The deadline of a call that came just now.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let Some(header) = headers.get("grpc-timeout") else { return Ok(Self(None)) };
        // a deadline too far away for the clock to tell is none
        Ok(Self(Instant::now().checked_add(parse(header.as_bytes())?)))
    }

    /// Does `work`, but for no longer than somebody waits for it.
    pub(super) async fn hold<T>(
        self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Self(Some(end)) = self else { return work.await };
        timeout_at(end, work).await.unwrap_or_else(|_| {
            let message = "the call took longer than its `grpc-timeout`";
            Err(Failure::new(Code::DeadlineExceeded, message))
        })
    }
}

/// How long a caller waits: the header `grpc-timeout`, up to eight digits and a unit (gRPC over
/// HTTP/2, "Timeout").
fn parse(header: &[u8]) -> Result<Duration, Failure> {
    let read = || {
        let (unit, digits) = header.split_last()?;
        if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let count = digits.iter().fold(0, |count, digit| count * 10 + u64::from(digit - b'0'));
        Some(match unit {
            b'H' => Duration::from_secs(count * 3600),
            b'M' => Duration::from_secs(count * 60),
            b'S' => Duration::from_secs(count),
            b'm' => Duration::from_millis(count),
            b'u' => Duration::from_micros(count),
            b'n' => Duration::from_nanos(count),
            _ => return None,
        })
    };
    read().ok_or_else(|| {
        let header: String = String::from_utf8_lossy(header).chars().take(20).collect();
        Failure::invalid(format!(
            "`{header}` in `grpc-timeout` is not up to eight digits and one of H, M, S, m, u, n"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (header, expected) in [
            ("2H", Duration::from_hours(2)),
            ("3M", Duration::from_mins(3)),
            ("99999999S", Duration::from_secs(99_999_999)),
            ("250m", Duration::from_millis(250)),
            ("7u", Duration::from_micros(7)),
            ("0n", Duration::ZERO),
        ] {
            assert_eq!(parse(header.as_bytes()).unwrap(), expected);
        }
        for header in ["", "S", "1", "1s", "-1S", "100000000S", "1 S", "é"] {
            assert!(parse(header.as_bytes()).unwrap_err().message.contains("`grpc-timeout`"));
        }
    }
}
