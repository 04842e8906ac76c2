//! A file that is read page by page: of each column, no more is in memory than the page that holds the
//! next rows.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    fs::File,
    os::unix::fs::FileExt,
};

use longshore_daemon::gate::Gate;
use longshore_engine::Column;

use super::{
    super::typed::{Typed, index_columns},
    convert::{ColumnKind, Converter},
    footer::{Field, Footer, Group, MAGIC},
    malformed, page,
    values::Dictionary,
};
use crate::{budget::Budget, config::Limits, failure::Failure, memory::Share, names::quoted};

/// Rows that are given at a time.
const ROWS: usize = 8192;

/// Most bytes that one page, or the footer, may come to.
const LARGEST: usize = 256 << 20;

/// Bytes in which the head of a page mostly is, and those in which it must be: it holds the least and the
/// greatest value of the page.
const HEAD: [usize; 2] = [16 << 10, 16 << 20];

/// A file whose footer was read.
#[derive(Debug)]
pub(crate) struct Reader {
    file: File,
    bytes: u64,
    footer: Footer,
    index: HashSet<String>,
}

/// Its rows.
#[derive(Debug)]
pub(crate) struct Stream {
    file: File,
    bytes: u64,
    groups: Vec<Group>,
    columns: Vec<ColumnReader>,
}

/// A column, of which some values were read ahead.
#[derive(Debug)]
struct ColumnReader {
    field: Field,
    binary: bool,
    /// The group that is read.
    group: usize,
    /// Where its next page is, and where its last one ends; `None` before the group is begun.
    pages: Option<(u64, u64)>,
    /// Values of the group that are still to be read.
    left: usize,
    /// Values to pass over.
    skip: u64,
    dictionary: Option<Dictionary<'static>>,
    ready: VecDeque<Values>,
    current: Values,
}

/// Values of a column.
#[derive(Debug)]
struct Values {
    typed: Typed,
    /// The rows whose value cannot be read, each with the reason.
    wrong: Vec<(usize, &'static str)>,
}

impl Values {
    fn new(floats: bool) -> Self {
        Self { typed: Typed::new(floats), wrong: Vec::new() }
    }
}

/// Some rows.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    pub(crate) columns: Vec<Column>,
    /// The rows of which a value cannot be read, in their order, each with the reason.
    pub(crate) wrong: Vec<(usize, String)>,
}

/// Runs with the memory that a page may take.
fn bounded<T>(run: impl FnOnce(&mut Budget<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let gate = Gate::new(LARGEST.saturating_mul(8));
    let mut share = Share::none(&gate);
    let limits = Limits { body_bytes: LARGEST, ..Limits::default() };
    run(&mut Budget::new(&mut share, LARGEST, &limits))
}

fn at(file: &File, offset: u64, count: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; count];
    file.read_exact_at(&mut bytes, offset)
        .map_err(|error| Failure::invalid(format!("it cannot be read: {error}")))?;
    Ok(bytes)
}

impl Reader {
    /// Reads the footer.
    pub(crate) fn open(file: File) -> Result<Self, Failure> {
        let found = file.metadata().map_err(|error| Failure::invalid(error.to_string()))?;
        let bytes = found.len();
        let none = || malformed("it does not begin and end with `PAR1`; it may have been cut off");
        let mut ends = at(&file, 0, bytes.min(6) as usize)?;
        let tail = at(&file, bytes.saturating_sub(8), bytes.min(8) as usize)?;
        if bytes < 12 || !ends.starts_with(MAGIC) || !tail.ends_with(MAGIC) {
            // what else it may be is told by the reader of whole files
            ends.extend_from_slice(&tail);
            return bounded(|budget| Footer::read(&ends, budget)).and_then(|_| Err(none()));
        }
        let length = tail.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        let begin = (bytes - 8).checked_sub(u64::from(length));
        let begin = begin.ok_or_else(|| malformed("its footer is longer than the file"))?;
        if length as usize > LARGEST {
            return Err(malformed("its footer is longer than any table needs"));
        }
        let footer = at(&file, begin, length as usize)?;
        let footer = bounded(|budget| Footer::parse(&footer, budget))?;
        let index = bounded(|budget| index_columns(footer.pandas.as_deref(), budget))?;
        Ok(Self { file, bytes, footer, index })
    }

    /// How many rows it has.
    pub(crate) fn row_count(&self) -> u64 {
        self.footer.rows as u64
    }

    /// Its columns of single values, without pandas' index.
    pub(crate) fn columns(&self) -> Vec<(String, ColumnKind)> {
        let fields = self.footer.fields.iter().filter(|field| !self.index.contains(&field.name));
        let kinds = fields.filter_map(|field| {
            let converter = Converter::of(field, false).ok()?;
            Some((field.name.clone(), converter.becomes()))
        });
        kinds.collect()
    }

    /// The rows from `row` on, in the columns that `taken` names.
    pub(crate) fn rows(
        self,
        taken: impl Fn(&str) -> bool,
        binary: impl Fn(&str, usize) -> bool,
        row: u64,
    ) -> Result<Stream, Failure> {
        let mut columns: Vec<ColumnReader> = Vec::new();
        let mut seen = HashSet::new();
        let fields = self.footer.fields.iter().filter(|field| !self.index.contains(&field.name));
        for field in fields.filter(|field| taken(&field.name)) {
            if !seen.insert(field.name.clone()) {
                let name = quoted(&field.name);
                return Err(Failure::invalid(format!("the column {name} comes twice")));
            }
            let binary = binary(&field.name, columns.len());
            let floats = Converter::of(field, binary)?.is_float();
            columns.push(ColumnReader {
                field: field.clone(),
                binary,
                group: 0,
                pages: None,
                left: 0,
                skip: row,
                dictionary: None,
                ready: VecDeque::new(),
                current: Values::new(floats),
            });
        }
        let Footer { groups, .. } = self.footer;
        Ok(Stream { file: self.file, bytes: self.bytes, groups, columns })
    }
}

impl Stream {
    /// The names of the columns that are read.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| &*column.field.name)
    }

    /// The next rows; `None` behind the last one.
    pub(crate) fn next(&mut self) -> Result<Option<Rows>, Failure> {
        let mut columns: Vec<Column> = Vec::with_capacity(self.columns.len());
        let mut wrong: BTreeMap<usize, String> = BTreeMap::new();
        for column in &mut self.columns {
            while column.ready.is_empty() {
                let read = column.read(&self.file, self.bytes, &self.groups);
                if !read.map_err(|failure| column.located(failure))? {
                    break;
                }
            }
            if let Some(values) = column.ready.pop_front() {
                for (row, what) in values.wrong {
                    let name = || quoted(&column.field.name);
                    wrong
                        .entry(row)
                        .or_insert_with(|| format!("column {}: the value {what}", name()));
                }
                columns.push(values.typed.finish());
            }
        }
        let count = columns.first().map_or(0, Column::len);
        if count == 0 {
            return Ok(None);
        }
        if columns.len() != self.columns.len() || columns.iter().any(|column| column.len() != count)
        {
            return Err(malformed("its columns have different numbers of values"));
        }
        Ok(Some(Rows { count, columns, wrong: wrong.into_iter().collect() }))
    }
}

impl ColumnReader {
    /// A failure with where in the file it is.
    fn located(&self, failure: Failure) -> Failure {
        let message = format!(
            "row group {}, column {}: {}",
            self.group,
            quoted(&self.field.name),
            failure.message
        );
        Failure { message: message.into(), ..failure }
    }

    /// Reads one page more; false when there is none.
    fn read(&mut self, file: &File, bytes: u64, groups: &[Group]) -> Result<bool, Failure> {
        let floats = matches!(self.current.typed, Typed::Floats(_));
        let Some(group) = groups.get(self.group) else {
            if self.current.typed.len() > 0 {
                self.ready.push_back(std::mem::replace(&mut self.current, Values::new(floats)));
            }
            return Ok(false);
        };
        let short = || malformed("a group of rows has less columns than the schema");
        let chunk = group.chunks.get(self.field.leaf).ok_or_else(short)?;
        let (begin, end) = if let Some(pages) = self.pages {
            pages
        } else {
            if chunk.elsewhere {
                return Err(Failure::invalid(
                    "its values are encrypted or in another file; give one plain file",
                ));
            }
            if let Some(left) = self.skip.checked_sub(group.rows as u64) {
                self.skip = left;
                self.group += 1;
                return Ok(true);
            }
            let begin = chunk.begin as u64;
            let end = begin.checked_add(chunk.length as u64).filter(|end| *end <= bytes);
            let end = end.ok_or_else(|| malformed("a column is not inside of the file"))?;
            (self.left, self.dictionary) = (group.rows, None);
            (begin, end)
        };
        self.pages = Some((begin, end));
        if self.left == 0 {
            (self.pages, self.group) = (None, self.group + 1);
            return Ok(true);
        }
        let pages = page_at(file, begin, end)?;
        let packing = chunk.packing()?;
        let Self { field, binary, left, skip, dictionary, ready, current, .. } = self;
        let step = bounded(|budget| {
            let converter = Converter::of(field, *binary)?;
            let mut sink = |value: Option<&[u8]>, budget: &mut Budget<'_>| {
                if *skip > 0 {
                    *skip -= 1;
                    return Ok(());
                }
                let row = current.typed.len();
                if let Some(what) = converter.append_or_skip(value, &mut current.typed, budget)? {
                    current.wrong.push((row, what));
                }
                if row + 1 == ROWS {
                    ready.push_back(std::mem::replace(current, Values::new(floats)));
                }
                Ok(())
            };
            let dictionary = dictionary.as_ref();
            page::step(&pages, packing, field, dictionary, *left, &mut sink, budget)
        })?;
        *left -= step.values;
        if let Some(found) = step.dictionary {
            if dictionary.is_some() {
                return Err(malformed("a column has two dictionaries"));
            }
            *dictionary = Some(found.into_owned());
        }
        self.pages = Some((begin + step.bytes as u64, end));
        Ok(true)
    }
}

/// The next page of a column with its head.
fn page_at(file: &File, begin: u64, end: u64) -> Result<Vec<u8>, Failure> {
    let left = usize::try_from(end.saturating_sub(begin)).unwrap_or(usize::MAX);
    let mut pages = at(file, begin, left.min(HEAD[0]))?;
    let mut length = page::length(&pages);
    if length.is_err() && left > HEAD[0] {
        pages = at(file, begin, left.min(HEAD[1]))?;
        length = page::length(&pages);
    }
    let length = length?;
    if length > left {
        return Err(malformed("a page is longer than its column"));
    }
    if length > LARGEST {
        return Err(malformed("a page is longer than 256 MiB"));
    }
    if length > pages.len() { at(file, begin, length) } else { Ok(pages) }
}
