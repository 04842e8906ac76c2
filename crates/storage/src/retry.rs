use std::{thread, time::Duration};

use ring::rand::{SecureRandom, SystemRandom};

use crate::{Error, Retry};

/// Why an attempt failed, and whether another is worth making.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It would fail again.
    Fatal(Error),
    /// It may succeed later.
    Again {
        /// What failed: a URL without its query.
        what: String,
        /// How.
        reason: String,
        /// The least wait that the server asked for.
        after: Option<Duration>,
    },
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

impl Attempt {
    /// The error when no further attempt is made.
    pub(crate) fn give_up(self, attempts: u32) -> Error {
        match self {
            Self::Fatal(error) => error,
            Self::Again { what, reason, .. } => {
                let tried =
                    if attempts > 1 { format!(" (tried {attempts} times)") } else { String::new() };
                Error::Unavailable { what, reason, tried }
            }
        }
    }
}

/// Counts failures in a row and waits between them.
#[derive(Debug)]
pub(crate) struct Backoff {
    retry: Retry,
    failed: u32,
}

impl Backoff {
    pub(crate) fn new(retry: Retry) -> Self {
        Self { retry, failed: 0 }
    }

    /// Something worked: failures are counted anew.
    pub(crate) fn progress(&mut self) {
        self.failed = 0;
    }

    /// Waits when another attempt is worth making, and gives the error when none is.
    pub(crate) fn wait(&mut self, attempt: Attempt) -> Result<(), Error> {
        self.failed += 1;
        let Attempt::Again { what, reason, after } = &attempt else {
            return Err(attempt.give_up(self.failed));
        };
        if self.failed >= self.retry.attempts {
            return Err(attempt.give_up(self.failed));
        }
        let wait = self.pause(*after);
        tracing::warn!(
            what,
            reason,
            attempt = self.failed,
            wait_ms = wait.as_millis() as u64,
            "{what} failed: {reason}; asking again"
        );
        thread::sleep(wait);
        Ok(())
    }

    fn pause(&self, after: Option<Duration>) -> Duration {
        let doubled = self.retry.first.saturating_mul(1 << (self.failed - 1).min(20));
        let upper = doubled.min(self.retry.longest);
        let mut byte = [128];
        // without randomness the wait is three quarters, which is as good for one process
        let _ = SystemRandom::new().fill(&mut byte);
        let cut = upper.mul_f64(0.5 + f64::from(byte[0]) / 510.0);
        cut.max(after.unwrap_or_default().min(self.retry.longest))
    }
}

/// Repeats a call while it fails for the moment.
pub(crate) fn repeat<T>(
    retry: Retry,
    mut call: impl FnMut() -> Result<T, Attempt>,
) -> Result<T, Error> {
    let mut backoff = Backoff::new(retry);
    loop {
        match call() {
            Ok(value) => return Ok(value),
            Err(attempt) => backoff.wait(attempt)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Attempt, Backoff, repeat};
    use crate::{Error, Retry};

    const QUICK: Retry =
        Retry { attempts: 3, first: Duration::from_millis(1), longest: Duration::from_millis(4) };

    fn busy() -> Attempt {
        Attempt::Again { what: "x".into(), reason: "503".into(), after: None }
    }

    #[test]
    fn what_fails_for_the_moment_is_tried_again_and_not_forever() {
        let mut calls = 0;
        let answer = repeat(QUICK, || {
            calls += 1;
            if calls < 3 { Err(busy()) } else { Ok(calls) }
        });
        assert_eq!(answer.unwrap(), 3);
        let error = repeat::<()>(QUICK, || Err(busy())).unwrap_err();
        assert_eq!(error.to_string(), "x could not be reached: 503 (tried 3 times)");
    }

    #[test]
    fn what_is_refused_is_asked_once() {
        let mut calls = 0;
        let refused = Error::Refused { what: "x".into(), reason: "no".into() };
        let mut refused = Some(refused);
        let answer = repeat::<()>(QUICK, || {
            calls += 1;
            Err(Attempt::Fatal(refused.take().unwrap()))
        });
        assert!(answer.is_err());
        assert_eq!(calls, 1);
    }

    #[test]
    fn waits_grow_to_a_limit_and_obey_the_server() {
        let longest = Duration::from_secs(8);
        let retry = Retry { attempts: 9, first: Duration::from_secs(1), longest };
        for (failed, least, most) in [(1, 500, 1000), (2, 1000, 2000), (7, 4000, 8000)] {
            let pause = Backoff { retry, failed }.pause(None).as_millis();
            assert!((least..=most).contains(&pause), "{failed}: {pause}");
        }
        let asked = Backoff { retry, failed: 1 }.pause(Some(Duration::from_secs(5)));
        assert_eq!(asked, Duration::from_secs(5));
        let asked = Backoff { retry, failed: 1 }.pause(Some(Duration::from_secs(500)));
        assert_eq!(asked, longest);
    }
}
