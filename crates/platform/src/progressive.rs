//! What the annotations of an InferenceService say of how its latest revision gets its requests: step by
//! step, as long as gates hold, and with copies of the stable revision's requests. The operator steps,
//! the gateway copies; both read the annotations by this parser.

use std::{collections::BTreeMap, time::Duration};

mod gates;
mod rollout;
mod shadow;

pub use gates::{Gates, LatencyGate};
pub use rollout::{Command, Rollout, Verb};
pub use shadow::Shadow;

use crate::{Fault, names};

/// How the latest revision of an InferenceService gets its requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progressive {
    /// The steps; without them it gets all requests once it is ready, or the manifest says how many.
    pub rollout: Option<Rollout>,
    /// What has to hold from one step to the next.
    pub gates: Gates,
    /// Copies of the stable revision's requests.
    pub shadow: Option<Shadow>,
    /// What somebody has decided about one revision.
    pub command: Option<Command>,
}

impl Progressive {
    /// What the annotations say.
    ///
    /// # Errors
    /// Each annotation that has a value without meaning.
    pub fn of(annotations: &BTreeMap<String, String>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let progressive = Self {
            rollout: read(annotations, names::ROLLOUT, &mut faults, Rollout::parse),
            gates: read(annotations, names::ROLLOUT_GATES, &mut faults, Gates::parse)
                .unwrap_or_default(),
            shadow: read(annotations, names::SHADOW, &mut faults, Shadow::parse),
            command: read(annotations, names::ROLLOUT_COMMAND, &mut faults, Command::parse),
        };
        let has = |name: &str| annotations.contains_key(name);
        if has(names::ROLLOUT_GATES) && !has(names::ROLLOUT) {
            let message = format!(
                "gates judge the steps of a rollout; write `{}` too, such as `5%,25%,100% every 2m`",
                names::ROLLOUT
            );
            faults.push(Fault { annotation: names::ROLLOUT_GATES, message });
        }
        if progressive.gates.disagreement.is_some() && !has(names::SHADOW) {
            let message = format!(
                "`disagreement` is found by copies of requests; write `{}` too, such as `20%`",
                names::SHADOW
            );
            faults.push(Fault { annotation: names::ROLLOUT_GATES, message });
        }
        if faults.is_empty() { Ok(progressive) } else { Err(faults) }
    }

    /// What is wrong when a field of the manifest says shares of its own: `canaryTrafficPercent`, or
    /// entries of `spec.canary`.
    pub fn clash(&self, field: Option<&str>) -> Option<Fault> {
        let field = field?;
        self.rollout.as_ref()?;
        let message = format!("`{field}` says shares too; write one of them");
        Some(Fault { annotation: names::ROLLOUT, message })
    }
}

/// The value of one annotation, or what is wrong with it.
fn read<T>(
    annotations: &BTreeMap<String, String>,
    annotation: &'static str,
    faults: &mut Vec<Fault>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    match parse(annotations.get(annotation)?) {
        Ok(value) => Some(value),
        Err(message) => {
            faults.push(Fault { annotation, message });
            None
        }
    }
}

/// A span such as `200ms`, `90s`, `2m` or `1h30m`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{text}` is no span of time; write such as `200ms`, `90s`, `2m` or `1h30m`");
    let mut rest = text;
    let mut seconds = 0.0;
    let mut last = f64::INFINITY;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        // `30s2m` and `1m1m` are slips
        if unit >= last {
            return Err(wrong());
        }
        (last, rest) = (unit, after);
        seconds += number * unit;
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(span) if !span.is_zero() => Ok(span),
        _ => Err(wrong()),
    }
}

/// A share such as `1%` or `0.5%`, as a number between 0 and 1.
fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
    match number {
        Some(percent) if percent > 0.0 && percent < 100.0 => Ok(percent / 100.0),
        _ => Err(format!("`{text}` is no share; write more than `0%` and less than `100%`")),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use proptest::prelude::*;

    use super::{Gates, Progressive, span};

    fn of(annotations: &[(&str, &str)]) -> Result<Progressive, Vec<String>> {
        let annotations: BTreeMap<_, _> = annotations
            .iter()
            .map(|(name, value)| (format!("longshore.dev/{name}"), (*value).to_owned()))
            .collect();
        Progressive::of(&annotations)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn each_annotation_is_read() {
        assert_eq!(of(&[("warm-pool", "false")]), Ok(Progressive::default()));
        let all = of(&[
            ("rollout", "5%,100% every 2m"),
            ("rollout-gates", "errors < 1%, disagreement < 2%"),
            ("shadow", "20%"),
            ("rollout-command", "promote iris-predictor-00002-k3d9x"),
        ])
        .unwrap();
        assert!(all.rollout.is_some() && all.shadow.is_some() && all.command.is_some());
        assert_eq!(all.gates.disagreement, Some(0.02));
    }

    #[test]
    fn what_needs_another_annotation_says_so() {
        let told = of(&[("rollout-gates", "errors < 1%")]).unwrap_err();
        assert_eq!(
            told,
            ["annotation `longshore.dev/rollout-gates`: gates judge the steps of a rollout; \
            write `longshore.dev/rollout` too, such as `5%,25%,100% every 2m`"]
        );
        let told = of(&[("rollout", "100% every 1m"), ("rollout-gates", "disagreement < 2%")]);
        assert!(told.unwrap_err()[0].contains("`longshore.dev/shadow` too"));
        let told = of(&[
            ("rollout", "fast"),
            ("rollout-gates", "no"),
            ("shadow", "all"),
            ("rollout-command", "go"),
        ]);
        assert_eq!(told.unwrap_err().len(), 4);
    }

    #[test]
    fn shares_are_said_once() {
        let stepped = of(&[("rollout", "5%,100% every 2m")]).unwrap();
        assert_eq!(stepped.clash(None), None);
        assert!(stepped.clash(Some("spec.canary")).unwrap().message.contains("`spec.canary`"));
        assert_eq!(Progressive::default().clash(Some("spec.canary")), None);
    }

    #[test]
    fn spans_are_read() {
        for (text, milliseconds) in [
            ("200ms", 200),
            ("90s", 90_000),
            ("1.5s", 1500),
            ("1h30m", 5_400_000),
            ("2d", 172_800_000),
        ] {
            assert_eq!(span(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "2", "m", "2 m", "-1s", "0s", "30s2m", "1m1m", "1.2.3s", "5x", "1e9d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".{0,60}") {
            let _ = of(&[("rollout", &text), ("rollout-gates", &text), ("shadow", &text),
                ("rollout-command", &text)]);
            let _ = Gates::parse(&text);
        }
    }
}
