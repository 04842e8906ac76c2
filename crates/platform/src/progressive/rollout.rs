use std::time::Duration;

use super::span;

/// Longest time of a step: thirty days.
const LONGEST: Duration = Duration::from_hours(720);

/// Steps by which the latest revision gets its requests, such as `5%,25%,50%,100% every 2m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// The share of each step in percent, each larger than the one before. Where the last one is not
    /// 100, the rollout waits there until somebody promotes it.
    pub steps: Vec<u32>,
    /// How long each step lasts at least.
    pub every: Duration,
}

impl Rollout {
    /// Reads the steps and how long each lasts.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((steps, every)) = text.split_once(" every ") else {
            return Err(format!(
                "`{text}` does not say how long a step lasts; write such as `5%,25%,50%,100% every 2m`"
            ));
        };
        let steps =
            steps.split(',').map(|text| step(text.trim())).collect::<Result<Vec<_>, _>>()?;
        if let Some((before, after)) =
            steps.iter().zip(steps.iter().skip(1)).find(|(before, after)| before >= after)
        {
            return Err(format!(
                "after `{before}%` comes `{after}%`: each step is larger than the one before"
            ));
        }
        let every = span(every.trim())?;
        if every < Duration::from_secs(1) || every > LONGEST {
            return Err("a step lasts from `1s` to `30d`".into());
        }
        Ok(Self { steps, every })
    }
}

fn step(text: &str) -> Result<u32, String> {
    match text.strip_suffix('%').and_then(|number| number.trim_end().parse().ok()) {
        Some(percent @ 0..=100) => Ok(percent),
        _ => Err(format!("`{text}` is no step; write whole numbers from `0%` to `100%`")),
    }
}

/// What somebody has decided about revisions: `promote REVISION` or `abort REVISION`, with as many as there
/// are components that roll out. It says nothing of any other revision, so it may stay where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What is to become of them.
    pub verb: Verb,
    /// The revisions.
    pub revisions: Vec<String>,
}

/// What is to become of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It gets all requests.
    Promote,
    /// It gets none.
    Abort,
}

impl Command {
    /// Reads a verb and revisions.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let verb = match words.next() {
            Some("promote") => Some(Verb::Promote),
            Some("abort") => Some(Verb::Abort),
            _ => None,
        };
        let revisions: Vec<_> = words.map(str::to_owned).collect();
        match verb {
            Some(verb) if !revisions.is_empty() => Ok(Self { verb, revisions }),
            _ => {
                Err(format!("`{text}` is no command; write `promote REVISION` or `abort REVISION`"))
            }
        }
    }

    /// What it says of a revision.
    pub fn of(&self, revision: &str) -> Option<Verb> {
        self.revisions.iter().any(|it| it == revision).then_some(self.verb)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Command, Rollout, Verb};

    #[test]
    fn steps_are_read() {
        let rollout = Rollout::parse("5%, 25% ,50%,100%  every 1m30s").unwrap();
        assert_eq!(
            rollout,
            Rollout { steps: vec![5, 25, 50, 100], every: Duration::from_secs(90) }
        );
        assert_eq!(Rollout::parse("0%,10% every 30d").unwrap().steps, [0, 10]);
    }

    #[test]
    fn what_is_no_rollout_is_refused_with_what_to_write() {
        for (text, told) in [
            ("", "does not say how long"),
            ("5%,100%", "does not say how long"),
            ("5,100 every 2m", "`5` is no step"),
            ("5%,101% every 2m", "`101%` is no step"),
            ("5%,5% every 2m", "after `5%` comes `5%`"),
            ("50%,5% every 2m", "each step is larger"),
            ("2.5% every 2m", "whole numbers"),
            ("5%,,100% every 2m", "`` is no step"),
            ("5%,100% every now", "no span of time"),
            ("5%,100% every 10ms", "from `1s` to `30d`"),
            ("5%,100% every 31d", "from `1s` to `30d`"),
        ] {
            let error = Rollout::parse(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn commands_name_their_revision() {
        let command = Command::parse("abort iris-predictor-00002-k3d9x").unwrap();
        assert_eq!(command.of("iris-predictor-00002-k3d9x"), Some(Verb::Abort));
        assert_eq!(command.of("iris-predictor-00003-k3d9x"), None);
        assert_eq!(Command::parse("promote a b").unwrap().of("b"), Some(Verb::Promote));
        for text in ["", "promote", "stop x"] {
            assert!(Command::parse(text).is_err(), "{text}");
        }
    }
}
