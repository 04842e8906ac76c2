//! All failures, in one table.

use std::fmt::Write;

use crate::Outcome;

/// Failures so far, and how much was checked.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) cases: usize,
    pub(crate) answers: usize,
    case: String,
    container: String,
    rows: Vec<[String; 7]>,
}

/// Most failures that are printed; their number is always told.
const SHOWN: usize = 200;

impl Report {
    /// Which model file the next failures belong to.
    pub(crate) fn place(&mut self, case: &str, container: &str) {
        case.clone_into(&mut self.case);
        container.clone_into(&mut self.container);
    }

    /// A failure that is no difference of values.
    pub(crate) fn fault(&mut self, method: &str, reason: &str) {
        self.push(method, "", reason, "", "");
    }

    /// Two values that are not as close as they should be.
    pub(crate) fn difference(
        &mut self,
        method: &str,
        row: usize,
        got: &str,
        want: &str,
        ulps: Option<u64>,
    ) {
        let ulps = ulps.map(|ulps| ulps.to_string());
        self.push(method, &row.to_string(), got, want, &ulps.unwrap_or_default());
    }

    /// A message that lacks words it should hold.
    pub(crate) fn mentions(&mut self, message: &str, words: &[String]) {
        self.answers += 1;
        let lacks: Vec<_> = words.iter().filter(|word| !message.contains(*word)).collect();
        if !lacks.is_empty() {
            self.push("message", "", message, &format!("to mention {lacks:?}"), "");
        }
    }

    fn push(&mut self, method: &str, row: &str, got: &str, want: &str, ulps: &str) {
        let cells = [&self.case, &self.container, method, row, got, want, ulps];
        self.rows.push(cells.map(|cell| (*cell).to_owned()));
    }

    /// Fails with the table, if there is anything in it.
    pub(crate) fn finish(&self) -> Outcome<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut cases: Vec<_> = self.rows.iter().map(|row| &row[0]).collect();
        cases.dedup();
        let mut text = format!(
            "{} failures in {} of {} cases ({} answers were compared)\n",
            self.rows.len(),
            cases.len(),
            self.cases,
            self.answers
        );
        for row in self.rows.iter().take(SHOWN) {
            let [case, container, method, row, got, want, ulps] = row;
            write!(text, "{case} · {container} · {method}")?;
            for (label, cell) in [("row", row), ("got", got), ("expected", want), ("ulps", ulps)] {
                if !cell.is_empty() {
                    write!(text, " · {label} {cell}")?;
                }
            }
            text.push('\n');
        }
        Err(Failures(text).into())
    }
}

/// The table as an error: its debug form, which the test harness prints, keeps the lines.
struct Failures(String);

impl std::error::Error for Failures {}

impl std::fmt::Display for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
