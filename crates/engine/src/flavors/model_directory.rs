//! Which file is the model in a folder without an `MLmodel` file, as KServe's and MLServer's
//! runtimes look for it.

use crate::{Error, Source, flavor::Flavor, source::Entries};

/// Names of files that stand beside a model file and are no models themselves.
const COMPANIONS: &[&str] = &[
    "model-settings.json",
    "settings.json",
    "config.json",
    "metadata.json",
    "input_example.json",
    "serving_input_example.json",
    "requirements.txt",
];
/// Endings that no model file has.
const OTHER_ENDINGS: &[&str] =
    &["md", "rst", "py", "yaml", "yml", "toml", "cfg", "ini", "sh", "png", "svg", "html", "log"];
/// How many files are opened, at most, to see what they are.
const MOST_OPENED: usize = 100;
/// How many names a message lists, at most.
const MOST_NAMED: usize = 5;

/// The only model file; one called `model` wins over others.
pub(super) fn model_file(
    source: &Source,
    entries: &Entries,
    flavors: &[Flavor],
) -> Result<String, Error> {
    let endings: Vec<_> = flavors.iter().flat_map(|flavor| flavor.endings).copied().collect();
    let files = entries.files.iter().filter(|name| !name.starts_with('.'));
    let files: Vec<_> = files.filter(|name| !COMPANIONS.contains(&name.as_str())).collect();
    let by_ending: Vec<_> = files.iter().copied().filter(|name| ends(name, &endings)).collect();
    let called_model: Vec<_> =
        by_ending.iter().copied().filter(|name| name.starts_with("model.")).collect();
    let named = if called_model.is_empty() { by_ending } else { called_model };
    let expected = match &named[..] {
        [only] if is_model(source, only, flavors) => return Ok((*only).clone()),
        [only] => Some(*only),
        _ => None,
    };
    let others = || files.iter().copied().filter(|name| !ends(name, OTHER_ENDINGS)).collect();
    let candidates: Vec<_> = if named.len() > 1 { named.clone() } else { others() };
    let models: Vec<_> = candidates
        .iter()
        .copied()
        .take(MOST_OPENED)
        .filter(|name| is_model(source, name, flavors))
        .collect();
    // a folder's only file is read even if it looks like no model: its reader says what it is
    let alone = candidates.first().copied().filter(|_| files.len() == 1);
    match (&models[..], expected.or(alone)) {
        ([only], _) => Ok((*only).clone()),
        ([], Some(only)) => Ok(only.clone()),
        ([], None) => Err(unclear(source, entries, &named, &endings)),
        _ => Err(unclear(source, entries, &models, &endings)),
    }
}

/// Whether one of the parts behind the first dot is among `endings`, as in `model.pkl.gz`.
fn ends(name: &str, endings: &[&str]) -> bool {
    name.split('.').skip(1).any(|part| endings.contains(&part))
}

fn is_model(source: &Source, name: &str, flavors: &[Flavor]) -> bool {
    source
        .ends(name)
        .is_ok_and(|ends| flavors.iter().any(|flavor| (flavor.recognises)(&ends).is_some()))
}

/// Why no file is chosen: any of `several` may be the model, or `several` is empty and no file may.
fn unclear(source: &Source, entries: &Entries, several: &[&String], endings: &[&str]) -> Error {
    let reason = if source.has("saved_model.pb") {
        "is a TensorFlow SavedModel, which has no native implementation; the list of models in the \
         documentation says what runs"
            .into()
    } else if let Some(folder) = entries.folders.iter().find(|folder| holds_mlmodel(source, folder))
    {
        format!("is no model folder, but `{folder}` inside is: name that")
    } else if several.len() > 1 {
        format!(
            "holds several model files, {}: name one of them, or a transformer and its model \
             together, as in `NAME=scaler.pkl+model.pkl`",
            listed(several)
        )
    } else {
        format!(
            "holds neither an `MLmodel` file nor a model file ({}); {}",
            once(endings).iter().map(|e| format!("`.{e}`")).collect::<Vec<_>>().join(", "),
            match &entries.files[..] {
                [] => "it has no files at all".into(),
                files => format!("it has {}", listed(&files.iter().collect::<Vec<_>>())),
            }
        )
    };
    Error::Unrecognised { path: source.shown(), reason }
}

/// The endings, those of several flavors once.
fn once<'a>(endings: &[&'a str]) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for &ending in endings {
        if !seen.contains(&ending) {
            seen.push(ending);
        }
    }
    seen
}

fn holds_mlmodel(source: &Source, folder: &str) -> bool {
    source.has(&format!("{folder}/MLmodel"))
}

/// The first names, and how many more there are.
fn listed(names: &[&String]) -> String {
    let shown: Vec<_> = names.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::model_file;
    use crate::{Source, flavors::FLAVORS};

    const PICKLE: &[u8] = b"\x80\x04N.";

    /// The file that is chosen, or why none is.
    fn chosen(files: &[(&str, &[u8])]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let source = Source::open(folder.path()).unwrap();
        match model_file(&source, &source.entries().unwrap(), FLAVORS) {
            Ok(name) => name,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_model_directory_has_one_model() {
        assert_eq!(chosen(&[("model.joblib", b""), ("requirements.txt", b"")]), "model.joblib");
        assert_eq!(chosen(&[("model.pkl.gz", b""), ("README.md", b"")]), "model.pkl.gz");
        assert_eq!(chosen(&[("iris.bst", b"")]), "iris.bst");
        assert_eq!(chosen(&[("a.pkl", b""), ("model.pkl", b"")]), "model.pkl");
    }

    #[test]
    fn the_content_decides_where_names_do_not() {
        assert_eq!(chosen(&[("churn.sav", PICKLE)]), "churn.sav");
        assert_eq!(chosen(&[("weights.bin", PICKLE), ("README.md", b"")]), "weights.bin");
        assert_eq!(chosen(&[("weights.bin", PICKLE), ("labels.txt", b"yes\nno\n")]), "weights.bin");
        assert_eq!(chosen(&[("churn", PICKLE), ("LICENSE", b"Apache")]), "churn");
        assert_eq!(chosen(&[("churn.pkl", PICKLE), ("columns.txt", b"age\n")]), "churn.pkl");
        assert_eq!(chosen(&[("a.ubj", b"{L\0\0"), ("limits.json", b"{}")]), "a.ubj");
        // a folder's only file is opened, and its reader says what it is
        assert_eq!(chosen(&[("data.parquet", b"PAR1")]), "data.parquet");
    }

    #[test]
    fn none_or_several_are_named() {
        let none = chosen(&[("README.md", b""), ("notes", b"x"), ("other", b"y")]);
        assert!(none.contains("holds neither an `MLmodel`"), "{none}");
        assert!(none.contains("it has `README.md`, `notes`, `other`"), "{none}");
        let empty = chosen(&[]);
        assert!(empty.contains("no files at all"), "{empty}");
        assert_eq!(empty.matches("`.json`").count(), 1, "{empty}");
        let several = chosen(&[("scaler.pkl", PICKLE), ("churn.pkl", PICKLE)]);
        assert!(several.contains("`churn.pkl`, `scaler.pkl`: name one"), "{several}");
        let two = chosen(&[("a.bin", PICKLE), ("b.bin", PICKLE)]);
        assert!(two.contains("`a.bin`, `b.bin`: name one"), "{two}");
        let parts = [("saved_model.pb", &b"\x08\x01\x12"[..]), ("fingerprint.pb", b"\x08")];
        let saved = chosen(&parts);
        assert!(saved.contains("is a TensorFlow SavedModel"), "{saved}");
        let inside = chosen(&[("churn/MLmodel", b"flavors:"), ("meta.yaml", b"x"), ("x", b"")]);
        assert!(inside.contains("`churn` inside is: name that"), "{inside}");
    }

    #[test]
    fn thousands_of_strangers_are_refused() {
        let names: Vec<_> = (0..10_001).map(|at| at.to_string()).collect();
        let folder = tempfile::tempdir().unwrap();
        for name in &names[..3_000] {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        let source = Source::open(folder.path()).unwrap();
        let reason = crate::load(&source, &crate::Limits::default()).unwrap_err().to_string();
        assert!(reason.contains("and 2995 more") && reason.len() < 500, "{reason}");
        for name in &names[3_000..] {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        let reason = crate::load(&source, &crate::Limits::default()).unwrap_err().to_string();
        assert!(reason.contains("more than 10000 files"), "{reason}");
    }
}
