//! Rows by the block, without a server: for input of any size on this machine.
//!
//! A block is held against the model's schema and answered as the body of a request is, by the same
//! readers and with the same words.

use std::ops::Range;

use longshore_engine::{Column, Labels, Method, Output, OutputData, TextColumn};

use crate::{
    Error, Limits, ModelSource,
    failure::Failure,
    frame::{Bounds, Frame, collapse, csv, rows},
    json::Scanner,
    repository::Served,
};

#[cfg(feature = "arrow")]
mod parquet;

#[cfg(feature = "arrow")]
pub use {
    crate::frame::parquet::ColumnKind,
    parquet::{ParquetBlock, ParquetFile, ParquetRows},
};

/// A model that answers blocks of rows, on any number of threads at a time.
#[derive(Debug)]
pub struct Scorer {
    served: Served,
}

/// Rows as they are written.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// Comma-separated values, the header first.
    Csv(&'a [u8]),
    /// A JSON value a row: an object by column name, or a list.
    Lines(&'a [&'a [u8]]),
    /// Columns with their names.
    Columns(&'a Columns),
}

/// Columns of equally many values, with their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// How many values each has.
    pub rows: usize,
    /// Their names, as many as there are columns.
    pub names: Vec<String>,
    /// Their values.
    pub columns: Vec<Column>,
    /// Some of the names that are in the input and not among these, for messages.
    pub unknown: Vec<String>,
}

/// Why a block has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, where, and how to mend it. Rows are counted from 0 in the block.
    pub message: String,
    /// Whether the rows are wrong, not the program.
    pub of_rows: bool,
}

impl Scorer {
    /// Loads the newest version of a model.
    ///
    /// # Errors
    /// [`Error`], when it does not load or has not the method that the source names.
    pub fn load(source: ModelSource, limits: &longshore_engine::Limits) -> Result<Self, Error> {
        Ok(Self { served: Served::newest(source, limits)? })
    }

    /// The method that is asked when none is named.
    pub fn default_method(&self) -> Method {
        self.served.contract.default
    }

    /// The method of this name.
    ///
    /// # Errors
    /// [`Fault`], which lists those that the model has.
    pub fn method(&self, name: &str) -> Result<Method, Fault> {
        Ok(self.served.contract.method(name)?)
    }

    /// The classes of a classifier, in the order of its probabilities, where they are known.
    pub fn classes(&self) -> Option<&Labels> {
        self.served.model().predictor.classes()
    }

    /// True for a column that the model looks at; any column, when it does not know their names.
    pub fn takes(&self, name: &str) -> bool {
        self.served.contract.schema.names().is_none_or(|names| names.contains(name))
    }

    /// The answer to a made-up row; one without values where the model has none.
    pub fn example(&self, method: Method) -> Output {
        self.served.example(method).unwrap_or(Output::flat(OutputData::F64(Vec::new())))
    }

    /// Answers rows by each of the methods, in their order.
    ///
    /// # Errors
    /// [`Fault`], when any of the rows has no answer.
    pub fn answer(&self, rows: Rows<'_>, methods: &[Method]) -> Result<Vec<Output>, Fault> {
        let table = self.frame(rows).and_then(|frame| self.served.contract.schema.fit(frame));
        let table = table.map_err(|failure| match rows {
            Rows::Csv(body) => csv::with_separator(failure, body),
            Rows::Lines(_) | Rows::Columns(_) => failure,
        })?;
        let outputs = methods.iter().map(|&method| self.served.run(method, &table));
        let outputs = outputs.collect::<Result<Vec<Output>, Failure>>()?;
        match outputs.iter().find(|output| output.rows != table.rows) {
            None => Ok(outputs),
            Some(output) => Err(Fault {
                message: format!("the model gave {} answers to {} rows", output.rows, table.rows),
                of_rows: false,
            }),
        }
    }

    fn frame<'r>(&self, rows: Rows<'r>) -> Result<Frame<'r>, Failure> {
        let schema = &self.served.contract.schema;
        match rows {
            Rows::Csv(body) => {
                let bounds = Bounds::new(usize::MAX, body.len());
                csv::read(body, schema.names(), |name, at| schema.is_text(name, at), &bounds)
            }
            Rows::Lines(lines) => self.lines(lines),
            Rows::Columns(columns) => {
                let named = columns.names.iter().map(|name| name.as_str().into());
                Ok(Frame {
                    rows: columns.rows,
                    names: Some(named.collect()),
                    data: collapse(columns.columns.clone(), columns.rows),
                    unknown: columns.unknown.iter().map(|name| name.as_str().into()).collect(),
                })
            }
        }
    }

    fn lines(&self, lines: &[&[u8]]) -> Result<Frame<'static>, Failure> {
        let schema = &self.served.contract.schema;
        let depth = Limits::default().depth;
        let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        let mut list = Vec::with_capacity(bytes + 2);
        list.push(b'[');
        for (at, line) in lines.iter().enumerate() {
            // a line that is no value on its own must not become one beside others
            let mut scanner = Scanner::line(line, depth)?;
            scanner.skip()?;
            scanner.finish()?;
            if at > 0 {
                list.push(b',');
            }
            list.extend_from_slice(line);
        }
        list.push(b']');
        let mut scanner = Scanner::line(&list, depth.saturating_add(1))?;
        let bounds = Bounds::new(usize::MAX, list.len());
        let mut ahead = scanner.clone();
        let frame = if ahead.eat(b'[') && ahead.peek() == Some(b'{') {
            crate::frame::records::read(&mut scanner, schema.names(), &bounds)?
        } else {
            rows::read(&mut scanner, schema.width(), &bounds)?
        };
        scanner.finish()?;
        if frame.rows != lines.len() {
            let detail = format!("{} rows of {} lines", frame.rows, lines.len());
            return Err(Failure::internal("the lines were not read", detail));
        }
        let owned = |names: Vec<std::borrow::Cow<'_, str>>| {
            names.into_iter().map(|name| name.into_owned().into()).collect()
        };
        Ok(Frame {
            rows: frame.rows,
            names: frame.names.map(owned),
            data: frame.data,
            unknown: owned(frame.unknown),
        })
    }
}

/// The values that an object of JSON has for each of `names`, as they are written; `None` where it has
/// none, for all of them when the line is no object.
pub fn values_of<'l>(line: &'l [u8], names: &[&str]) -> Vec<Option<&'l str>> {
    fn read<'l>(line: &'l [u8], names: &[&str], found: &mut [Option<&'l str>]) -> Option<()> {
        let mut scanner = Scanner::line(line, Limits::default().depth).ok()?;
        let mut first = true;
        scanner.begin(b'{').ok()?;
        while scanner.more(b'}', &mut first).ok()? {
            let key = scanner.key().ok()?;
            let value = scanner.skip().ok()?;
            if let Some(at) = names.iter().position(|name| *name == key) {
                *found.get_mut(at)? = Some(value.trim());
            }
        }
        Some(())
    }
    let mut found = vec![None; names.len()];
    if read(line, names, &mut found).is_none() {
        found.fill(None);
    }
    found
}

impl Columns {
    /// Some of the rows; an empty range beyond the end.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let rows = rows.start.min(self.rows)..rows.end.min(self.rows);
        Self {
            rows: rows.len(),
            names: self.names.clone(),
            columns: self.columns.iter().map(|column| slice(column, rows.clone())).collect(),
            unknown: self.unknown.clone(),
        }
    }
}

/// Some of the values of a column.
pub fn slice(column: &Column, rows: Range<usize>) -> Column {
    fn of<T: Clone>(values: &[T], rows: Range<usize>) -> Vec<T> {
        values.get(rows).unwrap_or_default().to_vec()
    }
    match column {
        Column::F64(values) => Column::F64(of(values, rows)),
        Column::F32(values) => Column::F32(of(values, rows)),
        Column::I64(values) => Column::I64(of(values, rows)),
        Column::Bool(values) => Column::Bool(of(values, rows)),
        Column::Any(values) => Column::Any(of(values, rows)),
        Column::Text(values) => {
            let texts: TextColumn = rows.map(|row| values.get(row)).collect();
            Column::Text(texts)
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let of_rows = failure.code != longshore_daemon::Code::Internal;
        let message = match failure.detail {
            Some(detail) => format!("{}: {detail}", failure.message),
            None => failure.message.into_owned(),
        };
        Self { message, of_rows }
    }
}

#[cfg(test)]
mod tests;
