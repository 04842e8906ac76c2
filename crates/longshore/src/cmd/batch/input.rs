//! Which files hold the rows.

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::{Context, Result, bail};
use longshore_storage::{Environment, Fetched, Location};
use serde::{Deserialize, Serialize};

use crate::{
    cli::{BatchRunArgs, RowFormat},
    cmd::advice::Unreadable,
    storage,
};

/// A file of rows.
#[derive(Clone, Debug)]
pub(super) struct InputFile {
    /// What the user calls it.
    pub(super) name: String,
    /// Where it is; `None` for standard input.
    pub(super) path: Option<PathBuf>,
    pub(super) format: RowFormat,
    pub(super) packing: Packing,
    pub(super) state: FileState,
}

/// How a file is compressed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// What tells one state of a file from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileState {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Nanoseconds since 1970 of the last change, or the revision of what was fetched.
    changed: String,
}

/// The files, and what keeps those that were fetched.
pub(super) struct Inputs {
    pub(super) files: Vec<InputFile>,
    _kept: Vec<Fetched>,
}

impl Inputs {
    /// True when the rows come by standard input, which cannot be gone on with.
    pub(super) fn are_piped(&self) -> bool {
        self.files.iter().any(|file| file.path.is_none())
    }
}

/// Finds the files that `--input` names, in the order of their names where it names several at once.
pub(super) fn find(args: &BatchRunArgs) -> Result<Inputs> {
    let (mut files, mut kept) = (Vec::new(), Vec::new());
    for input in &args.input {
        if input == "-" {
            let Some(format) = args.input_format else {
                bail!("standard input has no ending: say with `--input-format` how it is written");
            };
            if format == RowFormat::Parquet {
                bail!("Parquet is read from its end: give it as a file, not by standard input");
            }
            let state = FileState { name: "-".into(), bytes: 0, changed: String::new() };
            files.push(InputFile {
                name: "standard input".into(),
                path: None,
                format,
                packing: Packing::Plain,
                state,
            });
            continue;
        }
        let placed = Environment::process().placed(input)?;
        match placed.parse::<Location>()? {
            Location::Local(path) => {
                for path in expand(input, &path)? {
                    let name = path.display().to_string();
                    files.push(open(&path, name, None, args)?);
                }
            }
            location => {
                let last = input.rsplit('/').next().unwrap_or_default();
                if last.contains('*') {
                    let folder = input.strip_suffix(last).unwrap_or(input);
                    bail!(
                        "`{input}`: patterns are for files of this machine; name what is before it, `{folder}`, and \
                         all files of rows below are read"
                    );
                }
                let storage = storage::open(&args.storage, true)?;
                let fetched =
                    storage.fetch(&location).with_context(|| storage::failed(&location))?;
                let revision = fetched.revision().to_string();
                for path in expand(input, fetched.path())? {
                    let below = path.strip_prefix(fetched.path()).unwrap_or(&path);
                    let below = below.display().to_string();
                    let name = if below.is_empty() || fetched.path().is_file() {
                        input.clone()
                    } else {
                        format!("{}/{below}", input.trim_end_matches('/'))
                    };
                    files.push(open(&path, name, Some(&revision), args)?);
                }
                kept.push(fetched);
            }
        }
    }
    Ok(Inputs { files, _kept: kept })
}

/// Refuses to write over a file that holds the rows, and over what is no file, such as a device.
pub(super) fn check_outputs<'p>(
    files: &[InputFile],
    outputs: impl Iterator<Item = &'p Path>,
) -> Result<()> {
    for output in outputs {
        let shown = output.display();
        let Ok(output) = output.canonicalize() else { continue };
        if !output.is_file() {
            bail!("`{shown}` is no file: name one for what is written, or `-` for standard output");
        }
        let is_it = |file: &&InputFile| {
            file.path.as_ref().and_then(|path| path.canonicalize().ok()).as_ref() == Some(&output)
        };
        if let Some(file) = files.iter().find(is_it) {
            bail!(
                "`{}` holds the rows and would be written over: name another file for what is written",
                file.name
            );
        }
    }
    Ok(())
}

/// The files that a path names: itself, what a folder holds, or what fits a pattern.
fn expand(input: &str, path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, &mut files).with_context(|| format!("failed to read `{input}`"))?;
        files.sort();
        if files.is_empty() {
            bail!("`{input}` holds no file of rows: `.csv`, `.jsonl`, `.ndjson` or `.parquet`");
        }
        return Ok(files);
    }
    let last = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if path.try_exists().unwrap_or(true) || !last.contains(['*', '?']) {
        return Ok(vec![path.to_owned()]);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).with_context(|| format!("failed to read `{input}`"))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| {
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
            file.is_file() && name.is_some_and(|name| fits(last.as_bytes(), name.as_bytes()))
        })
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("no file fits `{input}`");
    }
    Ok(files)
}

/// The files of rows in a folder and those below; what begins with `.` or `_` is not data, as for Spark.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if name.starts_with(['.', '_']) {
            continue;
        }
        if path.is_dir() {
            walk(&path, files)?;
        } else if by_ending(&name).0.is_some() {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a name fits a pattern in which `*` stands for any text and `?` for any byte.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            (0..=name.len()).any(|at| fits(rest, name.get(at..).unwrap_or_default()))
        }
        (Some((b'?', rest)), Some((_, name))) => fits(rest, name),
        (Some((byte, rest)), Some((first, name))) => byte == first && fits(rest, name),
        _ => false,
    }
}

/// The format and the compression that the ending of a name tells.
pub(super) fn by_ending(name: &str) -> (Option<RowFormat>, Packing) {
    let lower = name.to_ascii_lowercase();
    let (stem, packing) = match lower.rsplit_once('.') {
        Some((stem, "gz")) => (stem, Packing::Gzip),
        Some((stem, "zst" | "zstd")) => (stem, Packing::Zstd),
        _ => (lower.as_str(), Packing::Plain),
    };
    let format = match stem.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => Some(RowFormat::Csv),
        Some("jsonl" | "ndjson" | "json") => Some(RowFormat::Jsonl),
        Some("parquet" | "pq") => Some(RowFormat::Parquet),
        _ => None,
    };
    (format, packing)
}

fn open(
    path: &Path,
    name: String,
    revision: Option<&str>,
    args: &BatchRunArgs,
) -> Result<InputFile> {
    let (format, packing) = by_ending(&path.to_string_lossy());
    let found =
        fs::metadata(path).map_err(|source| Unreadable { path: PathBuf::from(&name), source })?;
    let Some(format) = args.input_format.or(format) else {
        bail!(
            "the ending of `{name}` does not tell how its rows are written: say it with \
             `--input-format csv`, `jsonl` or `parquet`"
        );
    };
    if format == RowFormat::Parquet && packing != Packing::Plain {
        bail!(
            "`{name}` is Parquet inside of a compressed file: decompress it, its pages are compressed already"
        );
    }
    let changed = if let Some(revision) = revision {
        revision.to_owned()
    } else {
        let since = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        since.unwrap_or_default().as_nanos().to_string()
    };
    let state = FileState { name: name.clone(), bytes: found.len(), changed };
    Ok(InputFile { name, path: Some(path.to_owned()), format, packing, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_format_and_compression() {
        let csv = Some(RowFormat::Csv);
        assert_eq!(by_ending("a.csv"), (csv, Packing::Plain));
        assert_eq!(by_ending("A.CSV.GZ"), (csv, Packing::Gzip));
        assert_eq!(by_ending("x/a.ndjson.zst"), (Some(RowFormat::Jsonl), Packing::Zstd));
        assert_eq!(by_ending("a.parquet"), (Some(RowFormat::Parquet), Packing::Plain));
        assert_eq!(by_ending("a.txt"), (None, Packing::Plain));
    }

    #[test]
    fn patterns_fit_names() {
        for (pattern, name, expected) in [
            ("*.csv", "a.csv", true),
            ("a?.csv", "a1.csv", true),
            ("a?.csv", "a.csv", false),
            ("*a*b*", "xaxbx", true),
            ("*.csv", "a.csvx", false),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
