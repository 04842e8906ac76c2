//! The rows of a Parquet file, block by block.

use std::fs::File;

use longshore_engine::Column;

use super::{Columns, Fault, Scorer};
use crate::frame::parquet::{
    ColumnKind,
    file::{Reader, Rows, Stream},
};

/// A Parquet file whose footer was read.
#[derive(Debug)]
pub struct ParquetFile(Reader);

/// Some rows of a Parquet file.
#[derive(Debug)]
pub struct ParquetBlock {
    /// Those columns that the model takes.
    pub given: Columns,
    /// Those that are kept.
    pub kept: Vec<Column>,
    /// The rows of which a value cannot be read, in their order, each with the reason.
    pub wrong: Vec<(usize, String)>,
}

/// The rows of a Parquet file.
#[derive(Debug)]
pub struct ParquetRows {
    stream: Stream,
    names: Vec<String>,
    unknown: Vec<String>,
    /// The places of the columns that the model takes, and of those that are kept.
    given: Vec<usize>,
    kept: Vec<usize>,
}

impl ParquetFile {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// [`Fault`], when it cannot be read or is no Parquet file.
    pub fn open(file: File) -> Result<Self, Fault> {
        Ok(Self(Reader::open(file)?))
    }

    /// How many rows it has.
    pub fn row_count(&self) -> u64 {
        self.0.row_count()
    }

    /// Its columns of single values, without pandas' index.
    pub fn columns(&self) -> Vec<(String, ColumnKind)> {
        self.0.columns()
    }

    /// Its rows from `row` on: the columns that the model takes, and those of the names `keep`.
    ///
    /// # Errors
    /// [`Fault`], when a column that is needed cannot be read.
    pub fn rows(self, scorer: &Scorer, keep: &[String], row: u64) -> Result<ParquetRows, Fault> {
        let schema = &scorer.served.contract.schema;
        let wanted = |name: &str| schema.names().is_none_or(|names| names.contains(name));
        let unknown: Vec<_> = {
            let names = self.0.columns().into_iter().map(|(name, _)| name);
            names.filter(|name| !wanted(name)).take(crate::frame::UNKNOWN).collect()
        };
        let binary = |name: &str, at: usize| schema.is_binary(name, at);
        let read = |name: &str| wanted(name) || keep.iter().any(|kept| kept == name);
        let stream = self.0.rows(read, binary, row)?;
        let places = |is: &dyn Fn(&str) -> bool| {
            let named = stream.names().enumerate().filter(|(_, name)| is(name));
            named.map(|(at, _)| at).collect::<Vec<_>>()
        };
        let given = places(&wanted);
        let names = stream.names().filter(|name| wanted(name)).map(str::to_owned).collect();
        let kept = keep.iter().filter_map(|kept| stream.names().position(|name| name == kept));
        let kept = kept.collect();
        Ok(ParquetRows { stream, names, unknown, given, kept })
    }
}

impl ParquetRows {
    /// The next rows; `None` behind the last one.
    ///
    /// # Errors
    /// [`Fault`], when the file is broken: where, by row group and column.
    pub fn read(&mut self) -> Result<Option<ParquetBlock>, Fault> {
        let Some(Rows { count: rows, columns, wrong }) = self.stream.next()? else {
            return Ok(None);
        };
        let pick = |places: &[usize]| {
            places.iter().filter_map(|&at| columns.get(at).cloned()).collect::<Vec<_>>()
        };
        let kept = pick(&self.kept);
        let given = Columns {
            rows,
            names: self.names.clone(),
            columns: pick(&self.given),
            unknown: self.unknown.clone(),
        };
        Ok(Some(ParquetBlock { given, kept, wrong }))
    }
}
