//! The versions in a folder, as KServe, Triton and MLServer lay them out: `NAME/1`, `NAME/2`, ….

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

use longshore_engine::Source;

use super::model_config::{FILE, ModelConfig};
use crate::{
    Error,
    config::{ModelSource, Origin},
};

/// Largest configuration that is read; real ones have a few kilobytes.
const LARGEST: u64 = 1 << 20;

/// A folder that holds nothing but numbered folders has a version in each; a `config.pbtxt` beside
/// them says which of them are served. Anything else is one version.
pub(super) fn versions(source: ModelSource) -> Result<Vec<ModelSource>, Error> {
    let Origin::Files(Source::Folder(path)) = &source.origin else { return Ok(vec![source]) };
    let wrong =
        |error| failed(&source, longshore_engine::Error::Io { path: path.clone(), source: error });
    let mut found = Vec::new();
    let mut config = None;
    for entry in std::fs::read_dir(path).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == FILE {
            config = Some(entry.path());
            continue;
        }
        if name.starts_with('.') {
            continue;
        }
        let numbered = name.bytes().all(|b| b.is_ascii_digit()) && entry.path().is_dir();
        if !numbered {
            return Ok(vec![source]);
        }
        found.push((name, entry.path()));
    }
    if found.is_empty() || source.version.is_some() {
        return Ok(vec![source]);
    }
    if let Some(file) = config {
        // to open a pipe would wait for a writer
        Source::open(&file).map_err(|error| failed(&source, error))?;
        let chosen = configured(&source, path, &file, found);
        found = chosen.map_err(|reason| {
            failed(&source, longshore_engine::Error::Unrecognised { path: file, reason })
        })?;
    }
    let version = |(version, path)| ModelSource {
        name: source.name.clone(),
        version: Some(version),
        origin: Origin::Files(Source::Folder(path)),
        method: source.method,
        lease: source.lease.clone(),
    };
    Ok(found.into_iter().map(version).collect())
}

fn failed(source: &ModelSource, error: longshore_engine::Error) -> Error {
    Error::Load { name: source.name.clone(), source: Box::new(error) }
}

/// The versions that are to be served by the configuration, or what is wrong with it.
fn configured(
    source: &ModelSource,
    folder: &Path,
    file: &Path,
    mut found: Vec<(String, PathBuf)>,
) -> Result<Vec<(String, PathBuf)>, String> {
    let text = read(file).map_err(|error| format!("cannot be read: {error}"))?;
    let config = ModelConfig::read(&text)
        .map_err(|reason| format!("is no configuration of a model in Triton's form: {reason}"))?;
    // a model that is served under another name than its folder's was given that name on purpose
    let is_own = folder.file_name().is_some_and(|own| *own == *source.name);
    if let Some(name) = config.name.filter(|name| is_own && *name != source.name) {
        return Err(format!(
            "names the model `{name}`, and its folder is `{}`: give both the same name",
            source.name
        ));
    }
    let Some(policy) = config.policy else { return Ok(found) };
    let number = |version: &str| version.parse::<u64>().ok();
    let all: BTreeSet<u64> = found.iter().filter_map(|(version, _)| number(version)).collect();
    let missing: Vec<_> =
        policy.missing(&all).take(5).map(|version| format!("`{version}`")).collect();
    found.retain(|(version, _)| number(version).is_some_and(|number| policy.takes(number, &all)));
    if found.is_empty() {
        return Err(format!(
            "has a `version_policy` that takes none of the versions in its folder; it names {}",
            missing.join(", ")
        ));
    }
    if !missing.is_empty() {
        tracing::warn!(
            model = source.name,
            "`{}` names versions that are not there: {}",
            file.display(),
            missing.join(", ")
        );
    }
    Ok(found)
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        let message = format!("it has more than {LARGEST} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command, sync::mpsc, thread, time::Duration};

    use super::*;

    /// The versions that are served of the folders `1`, `2` and `10` of the model `churn`.
    fn served(name: &str, config: Option<&str>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("churn");
        for version in ["1", "2", "10"] {
            fs::create_dir_all(model.join(version)).unwrap();
        }
        if let Some(config) = config {
            fs::write(model.join(FILE), config).unwrap();
        }
        let origin = Origin::Files(Source::Folder(model));
        let source =
            ModelSource { name: name.into(), version: None, origin, method: None, lease: None };
        let versions = versions(source).map_err(|error| error.to_string())?;
        let mut versions: Vec<_> =
            versions.into_iter().map(|source| source.version.unwrap()).collect();
        versions.sort_by_key(|version| version.parse::<u64>().unwrap());
        Ok(versions)
    }

    #[test]
    fn a_version_policy_says_what_is_served() {
        let every = ["1", "2", "10"];
        for (config, expected) in [
            (None, &every[..]),
            (Some("name: \"churn\""), &every),
            (Some("version_policy { all { } }"), &every),
            (Some("version_policy { latest { num_versions: 2 } }"), &["2", "10"]),
            (Some("version_policy { latest { } }"), &["10"]),
            (Some("version_policy { specific { versions: [1, 2] } }"), &["1", "2"]),
            (Some("version_policy { specific { versions: [1, 7] } }"), &["1"]),
        ] {
            assert_eq!(served("churn", config).unwrap(), expected, "{config:?}");
        }
    }

    #[test]
    fn a_configuration_that_does_not_fit_is_refused() {
        for (config, expected) in [
            ("name: \"wine\"", "names the model `wine`, and its folder is `churn`"),
            ("version_policy { specific { versions: 7 } }", "takes none of the versions in its"),
            ("version_policy { newest { } }", "no configuration of a model in Triton's form: its"),
            ("version_policy {", "line 1: a `}` is missing"),
            ("\u{1}", "line 1: "),
        ] {
            let error = served("churn", Some(config)).unwrap_err();
            assert!(error.contains(expected) && error.contains("churn/config.pbtxt"), "{error}");
        }
        // the command line's name is another one on purpose
        assert_eq!(served("other", Some("name: \"wine\"")).unwrap().len(), 3);
        let large = format!("# {}", "x".repeat(LARGEST as usize));
        assert!(served("churn", Some(&large)).unwrap_err().contains("more than 1048576 bytes"));
    }

    #[test]
    fn a_configuration_that_is_a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("1")).unwrap();
        let pipe = folder.path().join(FILE);
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let origin = Origin::Files(Source::Folder(folder.path().to_owned()));
        let name = "churn".to_owned();
        let source = ModelSource { name, version: None, origin, method: None, lease: None };
        let (sender, outcome) = mpsc::channel();
        thread::spawn(move || {
            sender.send(versions(source).map(drop).map_err(|error| error.to_string()))
        });
        let error = outcome.recv_timeout(Duration::from_secs(20)).unwrap().unwrap_err();
        assert!(error.contains("is a pipe") && error.contains(FILE), "{error}");
    }
}
