//! Where answers and rejects are written: under other names until all is done.

use std::{
    fs::{File, OpenOptions, remove_file, rename},
    io::{BufWriter, Seek, SeekFrom, Write, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::{
    answer::Answered,
    encode::{Encoded, csv, csv_header, json_text},
    journal::Done,
    layout::{Item, OutColumn, check_distinct},
    parquet::{GROUP_ROWS, Group, MAGIC, Page, footer, write_group},
};
use crate::cli::RowFormat;

/// The name of a file that is not whole yet.
pub(super) fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// The answers.
pub(super) struct Output {
    format: RowFormat,
    /// `None` for standard output.
    path: Option<PathBuf>,
    out: BufWriter<Box<dyn Write>>,
    /// The file behind `out`.
    file: Option<File>,
    bytes: u64,
    columns: Option<Vec<OutColumn>>,
    /// Pages of the group of rows that is not written yet, and their rows.
    pages: Vec<Vec<Page>>,
    rows: u64,
    groups: Vec<Group>,
    /// How many of the groups the journal knows.
    told: usize,
}

impl Output {
    /// Opens the output, cut to what is done. `None` is standard output.
    pub(super) fn open(
        path: Option<&Path>,
        format: RowFormat,
        done: Option<&Done>,
    ) -> Result<Self> {
        let done = done.cloned().unwrap_or_default();
        let (out, file): (Box<dyn Write>, _) = match path {
            None => (Box::new(stdout()), None),
            Some(path) => {
                take_back(path, done.output_bytes);
                let file = resumed(&partial(path), done.output_bytes)?;
                let other = file.try_clone().with_context(|| failed(path))?;
                (Box::new(file), Some(other))
            }
        };
        let mut output = Self {
            format,
            path: path.map(Path::to_owned),
            out: BufWriter::with_capacity(1 << 20, out),
            file,
            bytes: done.output_bytes,
            columns: done.columns,
            pages: Vec::new(),
            rows: 0,
            told: done.groups.len(),
            groups: done.groups,
        };
        if format == RowFormat::Parquet && output.bytes == 0 {
            output.put(MAGIC)?;
        }
        Ok(output)
    }

    /// Writes the answers of a block.
    pub(super) fn write(&mut self, answered: Answered) -> Result<()> {
        let Some(columns) = answered.columns else { return Ok(()) };
        self.begin(columns)?;
        match answered.encoded {
            Encoded::Text(text) => self.put(&text),
            Encoded::Pages(pages) => {
                self.pages.push(pages);
                self.rows += answered.rows;
                if self.rows >= GROUP_ROWS { self.end_group() } else { Ok(()) }
            }
        }
    }

    /// Whether everything that was given is written, so that the run could go on from here.
    pub(super) fn is_even(&self) -> bool {
        self.pages.is_empty()
    }

    /// Takes the columns of the output when they are not known yet.
    pub(super) fn begin(&mut self, columns: Vec<OutColumn>) -> Result<()> {
        match &self.columns {
            Some(known) if *known == columns => Ok(()),
            Some(_) => bail!("the model's answers have other columns than those before"),
            None => {
                check_distinct(&columns)?;
                if self.format == RowFormat::Csv {
                    self.put(&csv_header(&columns))?;
                }
                self.columns = Some(columns);
                Ok(())
            }
        }
    }

    /// True when no row was answered yet.
    pub(super) fn is_unknown(&self) -> bool {
        self.columns.is_none()
    }

    /// Writes the group of rows that is not written yet.
    pub(super) fn end_group(&mut self) -> Result<()> {
        if self.pages.is_empty() {
            return Ok(());
        }
        let blocks = std::mem::take(&mut self.pages);
        let written = write_group(&mut self.out, self.bytes, &blocks);
        let group = written.with_context(|| self.failed())?;
        self.bytes = group.end().unwrap_or(self.bytes);
        self.groups.push(group);
        self.rows = 0;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.out.write_all(bytes);
        written.with_context(|| self.failed())?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.out.flush();
        written.with_context(|| self.failed())
    }

    fn failed(&self) -> String {
        self.path.as_deref().map_or_else(|| "failed to write the answers".into(), failed)
    }

    /// Brings everything to the disk, and adds to `done` how far that is.
    pub(super) fn sync(&mut self, done: &mut Done) -> Result<()> {
        self.flush()?;
        if let (Some(file), Some(path)) = (&self.file, &self.path) {
            file.sync_data().with_context(|| failed(path))?;
        }
        done.output_bytes = self.bytes;
        done.columns.clone_from(&self.columns);
        done.groups = self.groups.get(self.told..).unwrap_or_default().to_vec();
        self.told = self.groups.len();
        Ok(())
    }

    /// Ends the file, which is not under its name yet.
    pub(super) fn end(&mut self) -> Result<()> {
        self.end_group()?;
        if self.format == RowFormat::Parquet {
            let end = footer(self.columns.as_deref().unwrap_or_default(), &self.groups);
            self.put(&end)?;
        }
        self.flush()?;
        if let (Some(file), Some(path)) = (&self.file, &self.path) {
            file.sync_all().with_context(|| failed(path))?;
        }
        Ok(())
    }
}

/// Gives a file that is whole its name.
pub(super) fn publish(path: &Path) -> Result<()> {
    rename(partial(path), path).with_context(|| failed(path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // the name is on the disk once its folder is; a file system that cannot say so has done it
    let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    Ok(())
}

fn failed(path: &Path) -> String {
    format!("failed to write `{}`", path.display())
}

/// Takes a file back that was given its name just before the run ended: it has the length that the journal
/// says, and nothing else is there.
fn take_back(path: &Path, bytes: u64) {
    let whole = path.metadata().is_ok_and(|found| found.len() == bytes);
    if whole && bytes > 0 && !partial(path).try_exists().unwrap_or(true) {
        // what fails here is told when the file is opened
        let _ = rename(path, partial(path));
    }
}

/// A file that is written on behind its first `bytes` bytes.
fn resumed(path: &Path, bytes: u64) -> Result<File> {
    let open = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    let mut file = open.with_context(|| failed(path))?;
    let found = file.metadata().with_context(|| failed(path))?.len();
    if found < bytes {
        bail!(
            "`{}` is shorter than an earlier run has left it: `--restart` begins anew",
            path.display()
        );
    }
    file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0))).with_context(|| failed(path))?;
    Ok(file)
}

/// The rows without an answer. There is no file while there are none.
pub(super) struct Rejects {
    path: PathBuf,
    as_lines: bool,
    out: Option<BufWriter<File>>,
    bytes: u64,
}

impl Rejects {
    /// No file at all.
    pub(super) fn none() -> Self {
        Self { path: PathBuf::new(), as_lines: false, out: None, bytes: 0 }
    }

    /// Opens the file where an earlier run has begun it.
    pub(super) fn open(path: &Path, done: Option<&Done>) -> Result<Self> {
        let as_lines = super::input::by_ending(&path.to_string_lossy()).0 == Some(RowFormat::Jsonl);
        let bytes = done.map_or(0, |done| done.rejects_bytes);
        let mut rejects = Self { path: path.to_owned(), as_lines, out: None, bytes };
        if bytes > 0 {
            take_back(path, bytes);
            rejects.out = Some(BufWriter::new(resumed(&partial(path), bytes)?));
        }
        Ok(rejects)
    }

    /// Writes the rejects of a block of `file`.
    pub(super) fn write(&mut self, file: &str, answered: &Answered) -> Result<()> {
        if answered.rejects.is_empty() {
            return Ok(());
        }
        let out = if let Some(out) = &mut self.out {
            out
        } else {
            let begun = resumed(&partial(&self.path), 0)?;
            let mut out = BufWriter::new(begun);
            if !self.as_lines {
                let header = b"row,file,reason,input\n";
                out.write_all(header).with_context(|| failed(&self.path))?;
                self.bytes += header.len() as u64;
            }
            self.out.insert(out)
        };
        for reject in &answered.rejects {
            let mut line = Vec::new();
            if self.as_lines {
                line.extend_from_slice(format!("{{\"row\":{},\"file\":", reject.row).as_bytes());
                for (key, text) in
                    [("", file), (",\"reason\":", &reject.reason), (",\"input\":", &reject.input)]
                {
                    line.extend_from_slice(key.as_bytes());
                    json_text(&mut line, text);
                }
                line.push(b'}');
            } else {
                line.extend_from_slice(reject.row.to_string().as_bytes());
                for text in [file, &reject.reason, &reject.input] {
                    line.push(b',');
                    csv(&mut line, Item::Text(text));
                }
            }
            line.push(b'\n');
            out.write_all(&line).with_context(|| failed(&self.path))?;
            self.bytes += line.len() as u64;
        }
        Ok(())
    }

    pub(super) fn sync(&mut self, done: &mut Done) -> Result<()> {
        if let Some(out) = &mut self.out {
            let written = out.flush().and_then(|()| out.get_ref().sync_data());
            written.with_context(|| failed(&self.path))?;
        }
        done.rejects_bytes = self.bytes;
        Ok(())
    }

    /// Gives the file its name; without rejects, one of an earlier run goes.
    pub(super) fn publish(mut self) -> Result<()> {
        self.sync(&mut Done::default())?;
        if self.out.is_some() {
            return publish(&self.path);
        }
        let _ = remove_file(partial(&self.path));
        let _ = remove_file(&self.path);
        Ok(())
    }
}
