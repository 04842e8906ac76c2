//! Durations as Go writes them, `1m30s`: the form of Knative's annotations.

/// Units and their seconds; longer names stand before those that they begin with.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// The seconds of a duration such as `90s`, `1m30s`, `1.5h` or `0`; nothing when it is none.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let (name, seconds) = UNITS.iter().find(|(name, _)| unit.starts_with(name))?;
        sum += number * seconds;
        rest = &unit[name.len()..];
    }
    Some(sign * sum)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_those_of_go() {
        for (text, expected) in [
            ("60s", 60.0),
            ("1m30s", 90.0),
            ("1.5h", 5400.0),
            ("2h45m", 9900.0),
            (".5s", 0.5),
            ("500ms", 0.5),
            ("-3s", -3.0),
            ("+3s", 3.0),
            ("0", 0.0),
            ("1m1µs", 60.000_001),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["", "60", "s", "-", "1d", "1 s", "1.2.3s", ".s", "1sm", "infs", "1e3s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
