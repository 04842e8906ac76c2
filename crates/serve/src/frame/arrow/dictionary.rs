//! The dictionaries of a stream: values that columns name by their places.

use std::collections::HashMap;

use arrow_ipc::RecordBatch;
use bytes::Bytes;

use super::{
    batch::{Batch, Chunk},
    field::{Column, Kind, Shape},
};
use crate::{budget::Budget, failure::Failure};

/// Bytes that are held for each message of a dictionary.
const CHUNK: usize = 256;

/// The dictionaries of the columns that are read.
#[derive(Debug)]
pub(super) struct Dictionaries(HashMap<i64, Dictionary>);

/// The values of one, in the messages that brought them.
#[derive(Debug)]
pub(super) struct Dictionary {
    kind: Kind,
    /// Each with the place of its first value.
    chunks: Vec<(usize, Chunk)>,
    /// The number of its values.
    len: usize,
}

impl Dictionary {
    /// Where the value of a place is.
    pub(super) fn find(&self, place: usize) -> Option<(&Chunk, usize)> {
        let behind = self.chunks.partition_point(|(first, _)| *first <= place);
        let (first, chunk) = self.chunks.get(behind.checked_sub(1)?)?;
        Some((chunk, place - first)).filter(|(chunk, at)| *at < chunk.rows)
    }
}

impl Dictionaries {
    pub(super) fn of(columns: &[Column]) -> Self {
        let coded = columns.iter().filter_map(|column| Some((column.dictionary?.0, column.kind)));
        let empty = |kind| Dictionary { kind, chunks: Vec::new(), len: 0 };
        Self(coded.map(|(id, kind)| (id, empty(kind))).collect())
    }

    /// Takes the values of a message, which follow those that are there or replace them.
    pub(super) fn add(
        &mut self,
        id: i64,
        is_delta: bool,
        rows: RecordBatch<'_>,
        body: &Bytes,
        budget: &mut Budget<'_>,
    ) -> Result<(), Failure> {
        // of a column that is not read
        let Some(dictionary) = self.0.get_mut(&id) else { return Ok(()) };
        budget.take(CHUNK)?;
        let chunk = Batch::new(rows, body)?.take(Shape::of_kind(dictionary.kind), budget)?;
        if !is_delta {
            dictionary.chunks.clear();
            dictionary.len = 0;
        }
        let first = dictionary.len;
        dictionary.len = first.saturating_add(chunk.rows);
        dictionary.chunks.push((first, chunk));
        Ok(())
    }

    /// Whether values have come for a dictionary.
    pub(super) fn has_values(&self, id: i64) -> bool {
        self.get(id).is_some_and(|dictionary| !dictionary.chunks.is_empty())
    }

    pub(super) fn get(&self, id: i64) -> Option<&Dictionary> {
        self.0.get(&id)
    }
}
