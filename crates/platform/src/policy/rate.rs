use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Most limits of one service: each is counted for each request.
const MOST: usize = 4;

/// Highest count, so that tokens are exact in a `u64` of millionths.
const HIGHEST: u32 = 1_000_000;

/// How often clients may ask: a bucket that holds `burst` requests and is filled with `count` of them
/// in each `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// Requests in a period.
    pub count: u32,
    /// The period in seconds.
    pub period_seconds: u32,
    /// Most requests at once, after a pause.
    pub burst: u32,
    /// Who shares the limit.
    pub per: Per,
}

/// Who shares a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Each client has one of its own: by its key or token, else by its address.
    #[default]
    Client,
    /// All clients of the service together.
    Service,
}

impl Rate {
    /// How long it takes until there is room for one more request.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.period_seconds.into()) / self.count.max(1)
    }
}

/// Limits with commas between them, each `COUNT/s`, `COUNT/m` or `COUNT/h`, then `burst COUNT` and
/// `per client` or `per service` where they are not the defaults: as many at once as in a second (at
/// least one), and per client.
pub(super) fn parse(text: &str) -> Result<Vec<Rate>, String> {
    let rates = text.split(',').map(rate).collect::<Result<Vec<_>, _>>()?;
    if rates.len() > MOST {
        return Err(format!("there are {} limits and may be {MOST}", rates.len()));
    }
    Ok(rates)
}

fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || {
        format!(
            "`{}` is no limit; write such as `100/s`, `600/m burst 20` or `1000/s per service`",
            text.trim()
        )
    };
    let mut words = text.split_whitespace();
    let (count, unit) = words.next().and_then(|word| word.split_once('/')).ok_or_else(wrong)?;
    let count = number(count)?;
    let period_seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let (mut burst, mut per) = (None, None);
    while let Some(word) = words.next() {
        match (word, words.next()) {
            ("burst", Some(text)) if burst.is_none() => burst = Some(number(text)?),
            ("per", Some("client")) if per.is_none() => per = Some(Per::Client),
            ("per", Some("service")) if per.is_none() => per = Some(Per::Service),
            _ => return Err(wrong()),
        }
    }
    let burst = burst.unwrap_or_else(|| count.div_ceil(period_seconds));
    Ok(Rate { count, period_seconds, burst, per: per.unwrap_or_default() })
}

fn number(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if (1..=HIGHEST).contains(&number) => Ok(number),
        _ => Err(format!("`{text}` is no number from 1 to {HIGHEST}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Per, Rate, parse};

    #[test]
    fn limits_are_read() {
        let of = |count, period_seconds, burst, per| Rate { count, period_seconds, burst, per };
        assert_eq!(parse("100/s"), Ok(vec![of(100, 1, 100, Per::Client)]));
        assert_eq!(parse("100/s per client"), Ok(vec![of(100, 1, 100, Per::Client)]));
        assert_eq!(parse("90/m"), Ok(vec![of(90, 60, 2, Per::Client)]));
        assert_eq!(
            parse(" 5/h burst 3 , 1000/s  per service "),
            Ok(vec![of(5, 3600, 3, Per::Client), of(1000, 1, 1000, Per::Service)])
        );
        assert_eq!(of(4, 1, 4, Per::Client).interval(), Duration::from_millis(250));
        assert_eq!(of(1, 3600, 1, Per::Client).interval(), Duration::from_hours(1));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for text in [
            "",
            "100",
            "/s",
            "100/d",
            "0/s",
            "-1/s",
            "1.5/s",
            "1000001/s",
            "1/s burst",
            "1/s burst 0",
            "1/s per",
            "1/s per user",
            "1/s per client per client",
            "1/s,",
            "1/s burst 1 burst 2",
            "1/s 2/s",
            "1/s,1/s,1/s,1/s,1/s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
