//! Marks: tags of a registered version that say where it is served.
//!
//! The key is `longshore.served.` and the name of the place; the value is `URL since TIME until TIME`. A mark whose
//! `until` is over is stale: whoever wrote it has ended without a word.

use std::{fmt, time::SystemTime};

use crate::time;

/// What the keys of marks begin with.
const PREFIX: &str = "longshore.served.";

/// Where a version is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The name of the server or service: letters, digits, `-`, `_`, `.`, `:` and `/`.
    pub place: String,
    /// Where it is asked.
    pub url: String,
    /// Since when it serves the version.
    pub since: SystemTime,
    /// How long this can be believed.
    pub until: SystemTime,
}

impl Mark {
    /// Reads a tag; none when it is another tag, or a mark that was changed by hand.
    pub fn read(key: &str, value: &str) -> Option<Self> {
        let place = key.strip_prefix(PREFIX)?.to_owned();
        let (url, rest) = value.split_once(" since ")?;
        let (since, until) = rest.split_once(" until ")?;
        let (since, until) = (time::parse(since)?, time::parse(until)?);
        Some(Self { place, url: url.to_owned(), since, until })
    }

    /// The key of its tag.
    pub fn key(&self) -> String {
        key(&self.place)
    }

    /// Whether it can no longer be believed.
    pub fn is_stale(&self, now: SystemTime) -> bool {
        self.until < now
    }
}

/// The value of its tag.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |moment| time::extended(time::seconds(moment));
        write!(f, "{} since {} until {}", self.url, at(self.since), at(self.until))
    }
}

/// The key of the mark of a place. Tags have no other characters in their keys.
pub(crate) fn key(place: &str) -> String {
    let allowed = |it: char| it.is_ascii_alphanumeric() || "-_.:/".contains(it);
    let place = place.chars().map(|it| if allowed(it) { it } else { '-' });
    PREFIX.chars().chain(place).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::Mark;

    #[test]
    fn a_mark_is_a_tag_that_people_read() {
        let since = UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        let mark = Mark {
            place: "host:8080/wine".into(),
            url: "http://host:8080/v2/models/wine".into(),
            since,
            until: since + Duration::from_mins(15),
        };
        let (key, value) = (mark.key(), mark.to_string());
        assert_eq!(key, "longshore.served.host:8080/wine");
        assert_eq!(
            value,
            "http://host:8080/v2/models/wine since 2026-11-18T11:06:40Z until 2026-11-18T11:21:40Z"
        );
        assert_eq!(Mark::read(&key, &value), Some(mark.clone()));
        assert!(!mark.is_stale(since) && mark.is_stale(since + Duration::from_secs(901)));
        assert_eq!(Mark::read("team", &value), None);
        assert_eq!(Mark::read(&key, "by hand"), None);
        let odd = Mark { place: "[::1]:8080/a b".into(), ..mark };
        assert_eq!(odd.key(), "longshore.served.-::1-:8080/a-b");
    }
}
