//! The rows of all files, block by block.

use std::{
    fs::File,
    io::{Read, stdin},
    sync::Arc,
};

use anyhow::{Context, Result, anyhow, bail};
use longshore_engine::Column;
#[cfg(feature = "arrow")]
use longshore_serve::bulk::ParquetBlock;
use longshore_serve::bulk::{Columns, Scorer};
use serde::{Deserialize, Serialize};

use super::{
    input::{InputFile, Packing},
    layout::{Kind, OutColumn},
    text::{Blocks, Form, Text},
};
use crate::cli::RowFormat;

/// Where in the input a run is: everything before is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct At {
    /// The place of the file.
    pub(super) file: usize,
    /// Bytes of its text that are done; 0 for Parquet.
    pub(super) offset: u64,
    /// Its rows that are done.
    pub(super) row: u64,
}

/// Some rows of a file.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) file: usize,
    /// The number of the first row in its file.
    pub(super) first: u64,
    pub(super) content: Content,
    /// Where the run is once this block is done.
    pub(super) after: At,
}

/// Rows, as they were read.
#[derive(Debug)]
pub(super) enum Content {
    Text(Text),
    #[cfg_attr(
        not(feature = "arrow"),
        expect(dead_code, reason = "only Parquet is read as tables")
    )]
    Table {
        /// What the model takes.
        given: Columns,
        /// What is kept.
        kept: Vec<Column>,
        /// The rows of which a value cannot be read, in their order, each with the reason.
        wrong: Vec<(usize, String)>,
    },
}

/// What is copied of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Keep {
    Named(Vec<String>),
    All,
}

/// Reads the files in their order.
pub(super) struct Source {
    files: Arc<[InputFile]>,
    scorer: Arc<Scorer>,
    keep: Arc<[OutColumn]>,
    longest: usize,
    at: At,
    open: Option<Open>,
}

enum Open {
    Text(Blocks),
    #[cfg(feature = "arrow")]
    Parquet(Box<longshore_serve::bulk::ParquetRows>),
}

impl Source {
    /// Goes on at `at`.
    pub(super) fn new(
        files: Arc<[InputFile]>,
        scorer: Arc<Scorer>,
        keep: Arc<[OutColumn]>,
        longest: usize,
        at: At,
    ) -> Self {
        Self { files, scorer, keep, longest, at, open: None }
    }

    /// The next rows; `None` at the end of the last file.
    pub(super) fn next(&mut self) -> Result<Option<Block>> {
        while let Some(file) = self.files.get(self.at.file) {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => self.open_file(file)?,
            };
            let first = self.at.row;
            let found = match &mut open {
                Open::Text(blocks) => blocks.next()?.map(|text| {
                    let (offset, row) = blocks.position();
                    (Content::Text(text), At { file: self.at.file, offset, row })
                }),
                #[cfg(feature = "arrow")]
                Open::Parquet(rows) => {
                    let block = rows.read().map_err(|fault| damaged(file, &fault.message))?;
                    block.map(|ParquetBlock { given, kept, wrong }| {
                        let row = first + given.rows as u64;
                        let content = Content::Table { given, kept, wrong };
                        (content, At { file: self.at.file, offset: 0, row })
                    })
                }
            };
            if let Some((content, after)) = found {
                (self.open, self.at) = (Some(open), after);
                return Ok(Some(Block { file: after.file, first, content, after }));
            }
            self.at = At { file: self.at.file + 1, ..At::default() };
        }
        Ok(None)
    }

    fn open_file(&self, file: &InputFile) -> Result<Open> {
        let At { offset, row, .. } = self.at;
        match file.format {
            RowFormat::Parquet => parquet(file, &self.scorer, &self.keep, row),
            RowFormat::Csv | RowFormat::Jsonl => {
                let mut blocks = text(file, self.longest)?;
                if file.format == RowFormat::Csv {
                    let header = names(&blocks)?;
                    for column in self.keep.iter() {
                        if !header.contains(&column.name) {
                            return Err(lacks(&file.name, &column.name, &header));
                        }
                    }
                }
                if row > 0 {
                    blocks.skip_to(offset, row)?;
                }
                Ok(Open::Text(blocks))
            }
        }
    }
}

#[cfg(feature = "arrow")]
fn parquet(file: &InputFile, scorer: &Scorer, keep: &[OutColumn], row: u64) -> Result<Open> {
    let table = table(file)?;
    let known = table.columns().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    for column in keep {
        if !known.contains(&column.name) {
            return Err(lacks(&file.name, &column.name, &known));
        }
    }
    let keep: Vec<_> = keep.iter().map(|column| column.name.clone()).collect();
    let rows = table.rows(scorer, &keep, row).map_err(|fault| wrong(file, &fault.message))?;
    Ok(Open::Parquet(Box::new(rows)))
}

#[cfg(feature = "arrow")]
fn table(file: &InputFile) -> Result<longshore_serve::bulk::ParquetFile> {
    let path = file.path.as_deref().context("Parquet is read from a file")?;
    let opened = File::open(path).with_context(|| format!("failed to read `{}`", file.name))?;
    longshore_serve::bulk::ParquetFile::open(opened).map_err(|fault| {
        anyhow!(
            "{}: copy it again, or say with `--input-format` how its rows are written",
            wrong(file, &fault.message)
        )
    })
}

#[cfg(not(feature = "arrow"))]
fn parquet(file: &InputFile, _: &Scorer, _: &[OutColumn], _: u64) -> Result<Open> {
    bail!("`{}` is Parquet, which this program was built without", file.name)
}

#[cfg(feature = "arrow")]
fn wrong(file: &InputFile, message: &str) -> anyhow::Error {
    // the reader was made for the bodies of requests
    anyhow!("`{}`: {}", file.name, crate::cmd::predict::retold(message, 0))
}

/// What is read of a file before is whole.
#[cfg(feature = "arrow")]
fn damaged(file: &InputFile, message: &str) -> anyhow::Error {
    anyhow!(
        "{}: copy or write the file again, or leave the column out if it is only kept",
        wrong(file, message)
    )
}

fn lacks(file: &str, name: &str, known: &[String]) -> anyhow::Error {
    let shown: Vec<_> = known.iter().take(20).map(|name| format!("`{name}`")).collect();
    let more = if known.len() > shown.len() { ", …" } else { "" };
    anyhow!("`{file}` has no column `{name}` to keep; it has {}{more}", shown.join(", "))
}

fn text(file: &InputFile, longest: usize) -> Result<Blocks> {
    let plain: Box<dyn Read + Send> = match &file.path {
        None => Box::new(stdin()),
        Some(path) => {
            let opened = File::open(path);
            Box::new(opened.with_context(|| format!("failed to read `{}`", file.name))?)
        }
    };
    let source: Box<dyn Read + Send> = match file.packing {
        Packing::Plain => plain,
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(plain)),
        Packing::Zstd => Box::new(
            zstd::stream::read::Decoder::new(plain)
                .with_context(|| format!("failed to read `{}`", file.name))?,
        ),
    };
    let form = if file.format == RowFormat::Csv { Form::Csv } else { Form::Lines };
    Blocks::begin(file.name.clone(), source, form, longest)
}

/// The names of a header.
fn names(blocks: &Blocks) -> Result<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(blocks.header());
    let wrong = || {
        let name = blocks.name();
        format!("the first line of `{name}` names no columns: rows are CSV in UTF-8 with a header")
    };
    let record = reader.records().next().transpose().with_context(wrong)?.unwrap_or_default();
    Ok(record.iter().map(str::to_owned).collect())
}

/// The rows of a file, where its end tells them.
pub(super) fn row_count(file: &InputFile) -> Option<u64> {
    #[cfg(feature = "arrow")]
    if file.format == RowFormat::Parquet {
        return table(file).ok().map(|table| table.row_count());
    }
    let _ = file;
    None
}

/// The columns that are kept of the input, by its first file.
pub(super) fn kept(keep: &Keep, files: &[InputFile], longest: usize) -> Result<Vec<OutColumn>> {
    let column = |name: &String| OutColumn { name: name.clone(), kind: Kind::Text, optional: true };
    let Some(file) = files.first() else { return Ok(Vec::new()) };
    match (keep, file.format) {
        (Keep::Named(names), RowFormat::Csv | RowFormat::Jsonl) => {
            Ok(names.iter().map(column).collect())
        }
        #[cfg(feature = "arrow")]
        (_, RowFormat::Parquet) => {
            let known = table(file)?.columns();
            let of = |name: &String| {
                let found = known.iter().find(|(known, _)| known == name);
                let kind = found.map(|(_, column)| Kind::of(*column)).ok_or_else(|| {
                    let known: Vec<_> = known.iter().map(|(name, _)| name.clone()).collect();
                    lacks(&file.name, name, &known)
                })?;
                Ok(OutColumn { name: name.clone(), kind, optional: true })
            };
            match keep {
                Keep::Named(names) => names.iter().map(of).collect(),
                Keep::All => known.iter().map(|(name, _)| of(name)).collect(),
            }
        }
        #[cfg(not(feature = "arrow"))]
        (_, RowFormat::Parquet) => Ok(Vec::new()),
        (Keep::All, _) if file.path.is_none() => {
            bail!(
                "which columns standard input has is known too late for `--keep-all`: name them with `--keep`"
            )
        }
        (Keep::All, RowFormat::Csv) => {
            Ok(names(&text(file, longest)?)?.iter().map(column).collect())
        }
        (Keep::All, RowFormat::Jsonl) => {
            let block = text(file, longest)?.next()?;
            let first =
                block.as_ref().and_then(|block| block.bytes.get(block.rows.first()?.clone()));
            let keys = serde_json::from_slice::<Keys>(first.unwrap_or(b"{}"));
            let keys = keys.map_err(|_| {
                anyhow!("the first row of `{}` is no object: there are no names to keep", file.name)
            })?;
            Ok(keys.0.iter().map(column).collect())
        }
    }
}

/// The keys of an object, in their order.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Keys;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(feature = "arrow")]
impl Kind {
    /// The kind of a column of a Parquet file.
    fn of(kind: longshore_serve::bulk::ColumnKind) -> Self {
        use longshore_serve::bulk::ColumnKind as Of;
        match kind {
            Of::Bool => Self::Bool,
            Of::Integer => Self::I64,
            Of::Float => Self::F32,
            Of::Double => Self::F64,
            Of::Text => Self::Text,
        }
    }
}
