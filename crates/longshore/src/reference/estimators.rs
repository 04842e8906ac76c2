//! The page of all estimators.

use std::fmt::Write;

use longshore_engine::catalogue::{self, Runs};

/// A table for each module.
pub(super) fn page() -> String {
    let all = || catalogue::modules().flat_map(|module| module.classes);
    let native = all().filter(|entry| matches!(entry.runs, Runs::Natively(_))).count();
    let mut page = format!(
        "# Every estimator\n\nMade from the engine's own list by a test; do not edit.\n\n\
         Every public estimator of scikit-learn 1.9, and the classes of other packages that people save beside it: {native} of {} run \
         natively. The classes A, B, B4 and C say [how exact the answers are](../concepts/exactness.md); \"as inside\" means that the estimators inside decide. \
         [models.md](models.md) says what of each family runs, and which files; `longshore inspect PATH` says it of one model.\n",
        all().count()
    );
    for module in catalogue::modules() {
        let _ = write!(
            page,
            "\n## {}\n\n| class | runs | what it does |\n|---|---|---|\n",
            module.name
        );
        for entry in module.classes {
            let runs = match entry.runs {
                Runs::Natively("as inside") => "yes, as inside".into(),
                Runs::Natively(class) => format!("yes, class {class}"),
                Runs::Refused { reason, instead } => format!("no: {reason}; {instead}"),
            };
            let _ = writeln!(page, "| {} | {runs} | {} |", entry.class, entry.does);
        }
    }
    page
}
