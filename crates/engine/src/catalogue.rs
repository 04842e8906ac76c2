//! Every public estimator of scikit-learn, and those of other packages that people pickle beside it:
//! what it does, and how exactly it answers here or why it does not.

mod packages;
mod sklearn;

/// What is known of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The class, as in `StandardScaler`.
    pub class: &'static str,
    /// What it does to the rows that it gets, or what it answers.
    pub does: &'static str,
    /// Whether it runs.
    pub runs: Runs,
}

/// Whether a class runs natively.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// In this class of exactness: `A`, `B`, `B4`, `C`, or `as inside` for what the estimators inside say.
    Natively(&'static str),
    /// It does not.
    Refused {
        /// Why.
        reason: &'static str,
        /// What to do in its place.
        instead: &'static str,
    },
}

/// The classes of one module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its public name, as in `sklearn.svm`.
    pub name: &'static str,
    /// Its classes, in the order of their names.
    pub classes: &'static [Entry],
}

/// All modules, scikit-learn's first.
pub fn modules() -> impl Iterator<Item = &'static Module> {
    sklearn::MODULES.iter().chain(packages::MODULES)
}

/// What is known of a class of a library, by its last name: old releases kept classes elsewhere.
pub fn find(library: &str, class: &str) -> Option<&'static Entry> {
    let mut of_library = modules().filter(|module| module.name.split('.').next() == Some(library));
    of_library.find_map(|module| module.classes.iter().find(|entry| entry.class == class))
}

const fn runs(class: &'static str, exactness: &'static str, does: &'static str) -> Entry {
    Entry { class, does, runs: Runs::Natively(exactness) }
}

const fn refused(
    class: &'static str,
    does: &'static str,
    reason: &'static str,
    instead: &'static str,
) -> Entry {
    Entry { class, does, runs: Runs::Refused { reason, instead } }
}

#[cfg(test)]
mod tests {
    use super::{Runs, modules};
    use crate::{Error, Limits, estimators, read, sklearn::refuse::UNKNOWN};

    /// Whether an instance of the class is refused for its class, not for a parameter.
    fn is_refused(module: &str, class: &str, reasons: &[&str]) -> bool {
        let named = format!("c{module}\n{class}\n");
        let bytes = [b"\x80\x02", named.as_bytes(), b")\x81."].concat();
        let document = read::document(bytes, &Limits::default()).unwrap();
        let built = estimators::building().build(document.root());
        let Err(Error::Unsupported { reason, .. }) = built else { return false };
        reasons.iter().any(|known| reason.contains(known))
    }

    #[test]
    fn what_is_said_to_run_runs_and_nothing_else() {
        let mut wrong = Vec::new();
        for module in modules() {
            for entry in module.classes {
                let (natively, reason) = match entry.runs {
                    Runs::Natively(_) => (true, UNKNOWN),
                    Runs::Refused { reason, .. } => (false, reason),
                };
                let reasons = [reason, "whose code is not executed"];
                if natively == is_refused(module.name, entry.class, &reasons) {
                    wrong.push(format!("{}.{}", module.name, entry.class));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn classes_stand_once_and_in_order() {
        for module in modules() {
            assert!(module.classes.is_sorted_by(|a, b| a.class < b.class), "{}", module.name);
        }
    }

    #[test]
    fn every_public_estimator_of_scikit_learn_is_listed() {
        let known: Vec<_> =
            modules().flat_map(|module| module.classes).map(|it| it.class).collect();
        let all = include_str!("catalogue/sklearn-1.9.1.txt").lines();
        let missing: Vec<_> = all.filter(|class| !known.contains(class)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
