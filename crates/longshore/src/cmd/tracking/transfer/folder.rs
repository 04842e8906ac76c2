//! The folder of an export.
//!
//! A kind of thing has a folder of its own, such as `runs`, with pieces in it: `000001.jsonl` and so on. A line of a
//! piece is an object with one field, whose name says what its value is. Values are messages of MLflow's REST API. The
//! last line is `{"end": …}` with the number of lines before it and the SHA-256 of their bytes. A piece appears when it
//! is whole, and never changes; what is in a later piece again counts there alone.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// The version of the format.
pub(super) const FORMAT: u32 = 1;

/// Bytes after which a piece ends.
const PIECE: u64 = 8 << 20;

/// Things after which a piece ends, so that a killed export loses little.
const ITEMS: u64 = 200;

/// The file that says what an export is.
const ABOUT: &str = "export.json";

/// A kind of thing, as its folder is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Experiments,
    Runs,
    LoggedModels,
    Traces,
    Registry,
    Datasets,
    Files,
}

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Experiments,
        Self::Runs,
        Self::LoggedModels,
        Self::Traces,
        Self::Registry,
        Self::Datasets,
        Self::Files,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Experiments => "experiments",
            Self::Runs => "runs",
            Self::LoggedModels => "logged-models",
            Self::Traces => "traces",
            Self::Registry => "registered-models",
            Self::Datasets => "evaluation-datasets",
            Self::Files => "files",
        }
    }
}

/// What an export is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    /// The version of the format.
    pub(super) format: u32,
    /// The address of the server, without credentials.
    pub(super) source: String,
    /// The release of MLflow that it said it is.
    pub(super) release: Option<String>,
    /// Whether everything that was asked for is there.
    pub(super) whole: bool,
    /// Whether artifacts were asked for.
    pub(super) artifacts: bool,
}

/// A line of a piece.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The number of its piece.
    pub(super) piece: u32,
    /// The name of its field.
    pub(super) name: String,
    /// The JSON of its value.
    pub(super) value: String,
}

/// The folder of an export.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct End {
    lines: u64,
    sha256: String,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.root
    }

    /// What it says of itself; `None` when nobody exported into it.
    pub(super) fn about(&self) -> Result<Option<About>> {
        let path = self.root.join(ABOUT);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read `{}`", path.display()));
            }
        };
        let about: About = serde_json::from_str(&text)
            .with_context(|| format!("`{}` is not of an export", path.display()))?;
        if about.format != FORMAT {
            bail!(
                "`{}` has format {}, and this program reads format {FORMAT}: use the release that wrote it",
                path.display(),
                about.format
            );
        }
        Ok(Some(about))
    }

    pub(super) fn describe(&self, about: &About) -> Result<()> {
        let text = serde_json::to_string_pretty(about)?;
        replace(&self.root.join(ABOUT), text.as_bytes())
    }

    fn pieces(&self, kind: Kind) -> Result<Vec<(u32, PathBuf)>> {
        let folder = self.root.join(kind.name());
        let inside = match fs::read_dir(&folder) {
            Ok(inside) => inside,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("failed to look into `{}`", folder.display()));
            }
        };
        let mut pieces = Vec::new();
        for entry in inside {
            let path = entry?.path();
            let number = path.file_name().and_then(|name| name.to_str());
            let number = number.and_then(|name| name.strip_suffix(".jsonl"));
            if let Some(number) = number.and_then(|text| text.parse().ok()) {
                pieces.push((number, path));
            }
        }
        pieces.sort_unstable();
        Ok(pieces)
    }

    /// Gives each line of a kind with the number of its piece: the name of its field, and the JSON of its value.
    ///
    /// # Errors
    /// Those of `line`, and when a piece is not what was written.
    pub(super) fn read(
        &self,
        kind: Kind,
        mut line: impl FnMut(u32, &str, &str) -> Result<()>,
    ) -> Result<()> {
        for (number, path) in self.pieces(kind)? {
            read(&path, |name, value| line(number, name, value))
                .with_context(|| format!("`{}`", path.display()))?;
        }
        Ok(())
    }

    /// As [`Folder::read`], with up to `most` lines at a time.
    ///
    /// # Errors
    /// As [`Folder::read`].
    pub(super) fn read_some(
        &self,
        kind: Kind,
        most: usize,
        mut some: impl FnMut(Vec<Line>) -> Result<()>,
    ) -> Result<()> {
        let mut lines = Vec::new();
        self.read(kind, |piece, name, value| {
            lines.push(Line { piece, name: name.to_owned(), value: value.to_owned() });
            if lines.len() >= most { some(std::mem::take(&mut lines)) } else { Ok(()) }
        })?;
        if lines.is_empty() { Ok(()) } else { some(lines) }
    }

    /// Begins to write things of a kind after those that are there.
    pub(super) fn writer(&self, kind: Kind) -> Result<Writer> {
        let folder = self.root.join(kind.name());
        let next = self.pieces(kind)?.last().map_or(1, |(number, _)| number + 1);
        Ok(Writer { folder, next, piece: None })
    }
}

fn read(path: &Path, mut line: impl FnMut(&str, &str) -> Result<()>) -> Result<()> {
    let damaged = "is damaged: delete it, and export again into the same folder";
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path)?);
    let (mut digest, mut lines, mut text) = (Digest::new(), 0, String::new());
    loop {
        text.clear();
        if reader.read_line(&mut text).context(damaged)? == 0 {
            bail!("{damaged}: its last line is missing");
        }
        let body = text.trim_end_matches('\n');
        let object = body.strip_prefix("{\"").and_then(|rest| rest.strip_suffix('}'));
        let Some((name, value)) = object.and_then(|rest| rest.split_once("\":")) else {
            bail!("{damaged}: its line {} is no object of one field", lines + 1);
        };
        if name == "end" {
            let end: End = serde_json::from_str(value).context(damaged)?;
            if end.lines != lines || end.sha256 != digest.end() {
                bail!("{damaged}: its checksum does not match");
            }
            return Ok(());
        }
        digest.add(text.as_bytes());
        lines += 1;
        line(name, value).with_context(|| format!("line {lines}"))?;
    }
}

/// Writes things of one kind.
pub(super) struct Writer {
    folder: PathBuf,
    next: u32,
    piece: Option<Piece>,
}

/// A piece that is being written.
struct Piece {
    out: BufWriter<File>,
    digest: Digest,
    lines: u64,
    items: u64,
    bytes: u64,
}

impl Writer {
    /// Writes a line that belongs to the thing that [`Writer::item`] ends.
    pub(super) fn line(&mut self, name: &str, value: &str) -> Result<()> {
        if self.piece.is_none() {
            fs::create_dir_all(&self.folder).with_context(|| {
                format!("failed to make the folder `{}`", self.folder.display())
            })?;
            let path = self.unfinished();
            let file = File::create(&path);
            let file = file.with_context(|| format!("failed to write `{}`", path.display()))?;
            let out = BufWriter::with_capacity(1 << 18, file);
            self.piece = Some(Piece { out, digest: Digest::new(), lines: 0, items: 0, bytes: 0 });
        }
        let Some(piece) = &mut self.piece else { return Ok(()) };
        let text = format!("{{\"{name}\":{value}}}\n");
        piece.digest.add(text.as_bytes());
        piece.lines += 1;
        piece.bytes += text.len() as u64;
        piece.out.write_all(text.as_bytes())?;
        Ok(())
    }

    /// Ends a thing with its own line, where nothing of another one stands before it.
    pub(super) fn item(&mut self, name: &str, value: &str) -> Result<()> {
        self.line(name, value)?;
        self.settle(1)
    }

    /// Ends the piece when it is large enough, once `items` more things are in it with all of their lines.
    pub(super) fn settle(&mut self, items: u64) -> Result<()> {
        let Some(piece) = &mut self.piece else { return Ok(()) };
        piece.items += items;
        if piece.items >= ITEMS || piece.bytes >= PIECE {
            self.cut()?;
        }
        Ok(())
    }

    /// Ends the piece: it is there from now on.
    pub(super) fn cut(&mut self) -> Result<()> {
        let Some(mut piece) = self.piece.take() else { return Ok(()) };
        let end = End { lines: piece.lines, sha256: piece.digest.end() };
        writeln!(piece.out, "{{\"end\":{}}}", serde_json::to_string(&end)?)?;
        let file = piece.out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let path = self.folder.join(format!("{:06}.jsonl", self.next));
        fs::rename(self.unfinished(), &path)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        self.next += 1;
        Ok(())
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.join(".unfinished")
    }
}

/// Puts a file in the place of one that may be there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = || format!("failed to write `{}`", path.display());
    let beside = path.with_extension("unfinished");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    let mut file = File::create(&beside).with_context(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(failed)?;
    fs::rename(&beside, path).with_context(failed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Folder, Kind, PIECE};

    fn lines(folder: &Folder) -> anyhow::Result<Vec<(u32, String, String)>> {
        let mut lines = Vec::new();
        folder.read(Kind::Runs, |piece, name, value| {
            lines.push((piece, name.to_owned(), value.to_owned()));
            Ok(())
        })?;
        Ok(lines)
    }

    #[test]
    fn a_piece_is_there_when_it_is_whole_and_says_when_it_was_changed() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path());
        let mut writer = folder.writer(Kind::Runs).unwrap();
        writer.line("batch", r#"{"a":"}\":"}"#).unwrap();
        writer.item("run", "{}").unwrap();
        assert_eq!(lines(&folder).unwrap(), []);
        writer.cut().unwrap();
        let mut writer = folder.writer(Kind::Runs).unwrap();
        writer.item("run", r#"{"b":1}"#).unwrap();
        writer.cut().unwrap();
        let wanted = [(1, "batch", r#"{"a":"}\":"}"#), (1, "run", "{}"), (2, "run", r#"{"b":1}"#)];
        let wanted = wanted.map(|(piece, name, value)| (piece, name.to_owned(), value.to_owned()));
        assert_eq!(lines(&folder).unwrap(), wanted);

        let path = place.path().join("runs/000002.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"b\":1", "\"b\":2")).unwrap();
        let error = format!("{:#}", lines(&folder).unwrap_err());
        assert!(error.contains("000002.jsonl") && error.contains("checksum"), "{error}");
        fs::write(&path, "{\"run\":{}}\n").unwrap();
        assert!(format!("{:#}", lines(&folder).unwrap_err()).contains("last line"));
    }

    #[test]
    fn things_that_are_written_together_are_in_one_piece() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path());
        let mut writer = folder.writer(Kind::Runs).unwrap();
        let large = format!("\"{}\"", "x".repeat(PIECE as usize));
        for name in ["batch", "batch", "run", "run"] {
            writer.line(name, if name == "batch" { &large } else { "{}" }).unwrap();
        }
        writer.settle(2).unwrap();
        writer.item("run", "{}").unwrap();
        writer.cut().unwrap();
        let pieces: Vec<_> = lines(&folder).unwrap().iter().map(|(piece, ..)| *piece).collect();
        assert_eq!(pieces, [1, 1, 1, 1, 2]);
    }

    #[test]
    fn another_format_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path());
        assert!(folder.about().unwrap().is_none());
        let about = r#"{"format":9,"source":"","release":null,"whole":true,"artifacts":true}"#;
        fs::write(place.path().join("export.json"), about).unwrap();
        assert!(folder.about().unwrap_err().to_string().contains("format 9"));
    }
}
