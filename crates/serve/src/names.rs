//! Names in messages: in backticks, cut when they are long or many, and the one that was meant.

/// Names that a message lists at most.
const LISTED: usize = 20;

/// Characters of a name that a message shows.
const SHOWN: usize = 100;

/// Most names among which near ones are looked for: the search is done for whoever mistypes.
const SEARCHED: usize = 1000;

/// Longest name that is compared; nobody mistypes a longer one by two letters only.
const LONGEST: usize = 64;

/// Names in backticks with commas between them, and how many more there are.
pub(crate) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let text = names.take(LISTED).map(quoted).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// A name in backticks.
pub(crate) fn quoted(name: &str) -> String {
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", name.get(..end).unwrap_or_default()),
        None => format!("`{name}`"),
    }
}

/// The one of `known` that is nearest to `name`: the same but for case, spaces and underscores, or
/// one or two edits away. `None` when no name is near.
pub(crate) fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = plain(name);
    let mut best: Option<(usize, &str)> = None;
    for other in known.take(SEARCHED) {
        let found = plain(other);
        // a short name is another one after two edits
        let most = match wanted.len().min(found.len()) {
            0..=2 => 0,
            3..=4 => 1,
            _ => 2,
        };
        let Some(edits) = edits(&wanted, &found).filter(|&edits| edits <= most) else { continue };
        if best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, other));
        }
    }
    best.map(|(_, name)| name)
}

/// A name in lower case without what separates its words.
fn plain(name: &str) -> Vec<char> {
    let separates = |c: char| c.is_whitespace() || matches!(c, '_' | '-' | '.');
    name.chars().filter(|&c| !separates(c)).flat_map(char::to_lowercase).take(LONGEST + 1).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours between two names (the optimal
/// string alignment distance); `None` for long names and for lengths too far apart.
fn edits(from: &[char], to: &[char]) -> Option<usize> {
    if from.len().abs_diff(to.len()) > 2 || from.len().max(to.len()) > LONGEST {
        return None;
    }
    let mut older = vec![0; to.len() + 1];
    let mut before: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = Vec::with_capacity(to.len() + 1);
        row.push(i + 1);
        for (j, b) in to.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut least = (at(&before, j) + usize::from(a != b))
                .min(at(&before, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            if swapped {
                least = least.min(at(&older, j - 1) + 1);
            }
            row.push(least);
        }
        older = std::mem::replace(&mut before, row);
    }
    before.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_names_are_cut() {
        assert_eq!(listed(["a", "b"].into_iter()), "`a`, `b`");
        let many: Vec<String> = (0..23).map(|at| at.to_string()).collect();
        assert!(listed(many.iter().map(String::as_str)).ends_with("`19` and 3 more"));
        assert_eq!(quoted(&"é".repeat(1000)), format!("`{}…`", "é".repeat(100)));
    }

    #[test]
    fn the_model_that_was_meant_is_found() {
        let names = ["churn-model", "fraud", "wine"];
        for (asked, meant) in [
            ("Churn_Model", Some("churn-model")),
            ("churnmodle", Some("churn-model")),
            ("frau", Some("fraud")),
            ("wien", Some("wine")),
            ("win", Some("wine")),
            ("beer", None),
            ("", None),
        ] {
            assert_eq!(near(asked, names.into_iter()), meant, "{asked}");
        }
    }

    #[test]
    fn a_mistyped_name_finds_its_own() {
        let known = ["age", "sepal length (cm)", "petal_width", "income", "x"];
        for (name, expected) in [
            ("Age", Some("age")),
            ("ages", Some("age")),
            ("AGE ", Some("age")),
            ("sepal_length_(cm)", Some("sepal length (cm)")),
            ("petal width", Some("petal_width")),
            ("petalwdith", Some("petal_width")),
            ("incmoe", Some("income")),
            ("inxxxe", None),
            ("foo", None),
            ("y", None),
            ("X", Some("x")),
            ("", None),
        ] {
            assert_eq!(near(name, known.into_iter()), expected, "{name}");
        }
        let long = "a".repeat(70);
        assert_eq!(near(&long, [&*"a".repeat(71)].into_iter()), None);
    }
}
