//! Names in messages.

/// Names that a message lists at most.
const LISTED: usize = 10;

/// Most names among which near ones are looked for: the search is done for whoever mistypes.
const SEARCHED: usize = 1000;

/// Names in backticks with commas between them, and how many more there are.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let text = names.take(LISTED).map(quoted).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// A name in backticks, cut short.
pub(super) fn quoted(name: &str) -> String {
    let mut letters = name.chars();
    let short: String = letters.by_ref().take(100).collect();
    let rest = if letters.next().is_some() { "…" } else { "" };
    format!("`{short}{rest}`")
}

/// The name that was probably meant: the same but for case, `-`, `_`, `.` and spaces, or one or two
/// letters.
pub(super) fn near<'a>(asked: &str, names: &[&'a str]) -> Option<&'a str> {
    if names.len() > SEARCHED {
        return None;
    }
    let plain = |name: &str| -> Vec<char> {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let asked = plain(asked);
    let most = if asked.len() < 5 { 1 } else { 2 };
    let distances = names.iter().map(|name| (distance(&asked, &plain(name), most), *name));
    let nearest = distances.min_by_key(|(distance, _)| *distance);
    nearest.filter(|(distance, _)| *distance <= most).map(|(_, name)| name)
}

/// Letters to insert, remove or change to make one of the other (Levenshtein's distance), or
/// anything above `most` when there are more.
fn distance(one: &[char], other: &[char], most: usize) -> usize {
    if one.len().abs_diff(other.len()) > most || one.len() > 100 {
        return most + 1;
    }
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut row = Vec::with_capacity(above.len());
        let mut left = at + 1;
        row.push(left);
        for (pair, across) in above.windows(2).zip(other) {
            if let [diagonal, up] = *pair {
                left = (diagonal + usize::from(letter != across)).min(up + 1).min(left + 1);
                row.push(left);
            }
        }
        above = row;
    }
    above.last().copied().unwrap_or(most + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_was_meant_is_found() {
        let names = ["churn-model", "fraud", "wine"];
        for (asked, meant) in [
            ("Churn_Model", Some("churn-model")),
            ("churnmodle", Some("churn-model")),
            ("frau", Some("fraud")),
            ("wien", None),
            ("win", Some("wine")),
            ("beer", None),
            ("", None),
        ] {
            assert_eq!(near(asked, &names), meant, "{asked}");
        }
    }

    #[test]
    fn lists_and_names_are_cut() {
        assert_eq!(listed(["a", "b"].into_iter()), "`a`, `b`");
        let many: Vec<String> = (0..13).map(|at| at.to_string()).collect();
        assert!(listed(many.iter().map(String::as_str)).ends_with("`9` and 3 more"));
        assert_eq!(quoted(&"x".repeat(1000)).chars().count(), 103);
    }
}
