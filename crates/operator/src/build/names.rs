//! Names of objects, which have at most 63 characters.

use longshore_kserve::annotations::DeploymentMode;

use super::{Refusal, context::refuse, hash};

/// Characters of a label of a host, and so of the name of a Service.
pub(super) const LONGEST: usize = 63;

/// `-00001-` and the hash.
const SUFFIX: usize = 7 + hash::LENGTH;

/// The name of a revision: those of one object sort by age. Where tools look for a Deployment of the
/// object's name, the first revision has it.
pub(super) fn revision(mode: DeploymentMode, object: &str, number: u32, hash: &str) -> String {
    if mode == DeploymentMode::Standard && number == 1 {
        return object.to_owned();
    }
    format!("{}-{number:05}-{hash}", shortened(object, LONGEST - SUFFIX))
}

/// The name of a revision's Service: the revision's own, unless that is the object's, by which the
/// gateway is asked.
pub(super) fn service(object: &str, revision: &str) -> String {
    if revision == object {
        return format!("{}-00001", shortened(object, LONGEST - 6));
    }
    revision.to_owned()
}

/// The number of the revision of this name, when it is one of this object.
pub(super) fn number(object: &str, revision: &str) -> Option<u32> {
    if revision == object {
        return Some(1);
    }
    let rest = revision.strip_prefix(&*shortened(object, LONGEST - SUFFIX))?.strip_prefix('-')?;
    let (number, hash) = rest.split_once('-')?;
    (number.len() >= 5 && hash.len() == hash::LENGTH && !hash.contains('-')).then_some(())?;
    number.parse().ok()
}

/// The value of the label `app`, as KServe writes it: `isvc.` and the object, which together may be longer
/// than a value may be.
pub(super) fn app(object: &str) -> String {
    shortened(&format!("isvc.{object}"), LONGEST)
}

/// An object's name is that of a Service.
pub(super) fn check(object: &str) -> Result<(), Refusal> {
    if object.len() <= LONGEST {
        return Ok(());
    }
    Err(refuse(format!(
        "metadata.name: the name `{object}` of its objects has {} characters and may have {LONGEST}; give the service a shorter name",
        object.len()
    )))
}

/// A name of at most `most` characters: of one that is longer its begin, and its hash.
fn shortened(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let begin: String = name.chars().take(most - hash::LENGTH - 1).collect();
    format!("{}-{}", begin.trim_end_matches('-'), hash::of_text(name))
}

#[cfg(test)]
mod tests {
    use longshore_kserve::annotations::DeploymentMode::{Knative, Standard};

    use super::{LONGEST, app, number, revision, service};

    #[test]
    fn revisions_are_named_by_their_age() {
        let name = revision(Knative, "iris-predictor", 2, "k3d9x");
        assert_eq!(name, "iris-predictor-00002-k3d9x");
        assert_eq!(number("iris-predictor", &name), Some(2));
        assert_eq!(service("iris-predictor", &name), name);
        assert!(name < revision(Knative, "iris-predictor", 10, "b3d9x"));
        assert_eq!(number("iris-v2-predictor", "iris-predictor-00002-k3d9x"), None);
        assert_eq!(number("iris", "iris-predictor-00002-k3d9x"), None);
    }

    #[test]
    fn the_first_revision_has_the_name_that_tools_look_for() {
        let name = revision(Standard, "iris-predictor", 1, "k3d9x");
        assert_eq!(name, "iris-predictor");
        assert_eq!(number("iris-predictor", &name), Some(1));
        assert_eq!(service("iris-predictor", &name), "iris-predictor-00001");
        let second = revision(Standard, "iris-predictor", 2, "k3d9x");
        assert_eq!(second, "iris-predictor-00002-k3d9x");
        assert!(name < second);
    }

    #[test]
    fn long_names_stay_apart() {
        let long = |end: &str| format!("{}{end}-predictor", "a".repeat(52));
        let named = |object: &str| revision(Knative, object, 1, "k3d9x");
        let (one, other) = (named(&long("b")), named(&long("c")));
        assert!(one.len() <= LONGEST, "{one}");
        assert_ne!(one, other);
        assert_eq!(number(&long("b"), &one), Some(1));
        assert_eq!(number(&long("c"), &one), None);
        assert_eq!(service(&long("b"), &long("b")).len(), LONGEST);
        assert_eq!(app("iris-predictor"), "isvc.iris-predictor");
        let value = app(&long("b"));
        assert!(value.len() <= LONGEST && value.starts_with("isvc.aaa"), "{value}");
        assert_ne!(value, app(&long("c")));
    }
}
