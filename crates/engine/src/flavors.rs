//! The flavors of models that are read.

use crate::{
    Error, Limits, Model, Source, catboost,
    flavor::{Flavor, ModelFile},
    lightgbm, other_formats, read, sklearn, xgboost,
};

mod chain;
mod folder;
mod model_directory;
mod opened;

pub(crate) use chain::join;
pub(crate) use opened::Opened;

/// Every flavor, the preferred one first: a model that MLflow logged in several is read in the
/// first of them. A new flavor takes a line here.
const FLAVORS: &[Flavor] = &[sklearn::FLAVOR, xgboost::FLAVOR, lightgbm::FLAVOR, catboost::FLAVOR];

/// Reads the model that `source` holds: an MLflow folder, a KServe model directory, a single model
/// file, or a chain of them.
///
/// # Errors
/// Every [`Error`] that concerns a file; nothing of the file is ever executed.
pub fn load(source: &Source, limits: &Limits) -> Result<Model, Error> {
    join(open(source, limits)?)?.into_model()
}

/// Finds the model file of `source` and reads it, once; for a chain, that of each link in order.
///
/// # Errors
/// Those of a file that cannot be read.
pub(crate) fn open(source: &Source, limits: &Limits) -> Result<Vec<Opened>, Error> {
    let Source::Chain(links) = source else { return Ok(vec![open_one(source, limits)?]) };
    links.iter().map(|link| open_one(link, limits)).collect()
}

fn open_one(source: &Source, limits: &Limits) -> Result<Opened, Error> {
    let found = folder::find(source, FLAVORS, limits)?;
    let stored = source.read(&found.file, limits)?;
    let file_bytes = stored.len() as u64;
    let (content, stream) = read::decompressed(stored, limits)?;
    let content_bytes = content.len() as u64;
    let inside = stream.map(|stream| format!(" in {stream}")).unwrap_or_default();
    let Some((flavor, format)) = recognise(&content) else {
        let libraries: Vec<_> = FLAVORS.iter().map(|flavor| flavor.library).collect();
        let described = other_formats::describe(&content, &libraries.join(", "));
        let reason = format!("is {}{inside}: {}", described.what, described.next);
        return Err(Error::Unrecognised { path: source.path(&found.file), reason });
    };
    let loaded = (flavor.load)(ModelFile { content, class: found.class.as_deref() }, limits)?;
    let shown = source.shown();
    let name = shown.file_name().unwrap_or(shown.as_os_str()).to_string_lossy().into_owned();
    Ok(Opened {
        name,
        file: found.file,
        format: format!("{format}{inside}"),
        loaded,
        flavor: flavor.name,
        file_bytes,
        content_bytes,
        mlmodel: found.mlmodel,
        method: found.method,
    })
}

/// The flavor of a file, and that flavor's word for it, such as `a pickle`.
fn recognise(bytes: &[u8]) -> Option<(&'static Flavor, &'static str)> {
    FLAVORS.iter().find_map(|flavor| Some((flavor, (flavor.recognises)(bytes)?)))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write, path::Path};

    use flate2::{Compression, write::GzEncoder};

    use super::{FLAVORS, load, recognise};
    use crate::{Limits, Source, read};

    #[test]
    fn files_of_every_library_are_recognised() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        for flavor in FLAVORS {
            let mut seen = 0;
            for folder in fs::read_dir(&golden).unwrap().map(|entry| entry.unwrap().path()) {
                let name = folder.file_name().unwrap().to_str().unwrap();
                if !name.starts_with(flavor.name) {
                    continue;
                }
                for file in files(&folder) {
                    let name = file.file_name().unwrap().to_str().unwrap();
                    let mut endings = name.split('.').skip(1);
                    if name == "case.json" || !endings.any(|end| flavor.endings.contains(&end)) {
                        continue;
                    }
                    let stored = fs::read(&file).unwrap();
                    let (content, _) = read::decompressed(stored, &Limits::default()).unwrap();
                    let (found, _) = recognise(&content).unwrap();
                    assert_eq!(found.name, flavor.name, "{}", file.display());
                    seen += 1;
                }
            }
            assert!(seen > 20, "{} files of {}", seen, flavor.name);
        }
    }

    fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn a_flavor_is_told_from_the_others() {
        for (bytes, name) in [
            (&b"\x80\x04N."[..], Some("sklearn")),
            (b"PK\x03\x04", Some("sklearn")),
            (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02", None),
            (b" {\"other\": {}}", None),
            (b"{L\0\0", Some("xgboost")),
            (b" {\"learner\": {}}", Some("xgboost")),
            (b"binf", Some("xgboost")),
            (b"tree\nversion=v4", Some("lightgbm")),
            (b"CBM1", Some("catboost")),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(recognise(bytes).map(|(flavor, _)| flavor.name), name, "{bytes:?}");
        }
    }

    #[test]
    fn a_booster_may_be_compressed() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let text = golden.join("sklearn-1.9.1/chain-imputer-lightgbm/model.txt");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.txt.gz");
        let mut gzip = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
        gzip.write_all(&fs::read(text).unwrap()).unwrap();
        gzip.finish().unwrap();
        // the folder's only model, and the file itself
        for source in [Source::Folder(folder.path().to_owned()), Source::File(path)] {
            let model = load(&source, &Limits::default()).unwrap();
            assert_eq!((model.flavor, model.inputs().columns), ("lightgbm", Some(5)));
        }
    }
}
