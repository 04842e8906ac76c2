//! The answers to a block, and the rows of it that have none.

use std::{ops::Range, sync::Arc};

use anyhow::{Result, bail};
use longshore_engine::{Cell, Column, Method, Output, OutputData, TextColumn};
use longshore_serve::bulk::{Fault, Rows, Scorer, slice, values_of};

use super::{
    encode::{self, Encoded, Encoder},
    layout::{Kept, Kind, OutColumn, Values, of_answers},
    source::{Block, Content},
    text::{Form, Text},
};
use crate::{cli::RowFormat, cmd::predict::retold};

/// What is asked of every block.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) scorer: Arc<Scorer>,
    pub(super) methods: Vec<Method>,
    /// The columns that are kept of the input.
    pub(super) keep: Arc<[OutColumn]>,
    pub(super) format: RowFormat,
}

/// A row without an answer.
#[derive(Debug)]
pub(super) struct Reject {
    /// Its number in its file.
    pub(super) row: u64,
    pub(super) reason: String,
    /// The row as it was written, or as JSON.
    pub(super) input: String,
}

/// A block with its answers.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) encoded: Encoded,
    /// The columns of the output; `None` when no row has an answer.
    pub(super) columns: Option<Vec<OutColumn>>,
    /// How many have an answer.
    pub(super) rows: u64,
    pub(super) rejects: Vec<Reject>,
}

/// Rows that were answered together.
type Part = (Range<usize>, Vec<Output>);

impl Asked {
    /// Answers each row that can be answered.
    pub(super) fn answer(&self, block: &Block) -> Result<Answered> {
        let (mut parts, mut rejects) = (Vec::new(), Vec::new());
        let mut begin = 0;
        for (row, reason) in block.content.wrong() {
            self.part(block, begin..*row, &mut parts, &mut rejects)?;
            rejects.push(block.reject(*row, reason.clone()));
            begin = row + 1;
        }
        self.part(block, begin..block.content.rows(), &mut parts, &mut rejects)?;
        let mut encoder = Encoder::new(self.format);
        let mut columns: Option<Vec<OutColumn>> = None;
        let mut answered = 0;
        for (rows, outputs) in &parts {
            let of_answers = of_answers(&self.scorer, &self.methods, outputs);
            let found: Vec<_> = self.keep.iter().cloned().chain(of_answers).collect();
            if columns.as_ref().is_some_and(|columns| *columns != found) {
                bail!("the model's answers have other columns from row to row");
            }
            let kept = block.content.kept(rows.clone(), &self.keep);
            let mut values: Vec<_> = kept.iter().map(Values::Kept).collect();
            for output in outputs {
                let width = output.columns.unwrap_or(1);
                values.extend((0..width).map(|at| Values::Answer(&output.data, width, at)));
            }
            encoder.add(&found, &values, rows.len()).map_err(|name| {
                anyhow::anyhow!(
                    "column `{name}` has a value of another type in the rows from {} on: keep it \
                     in CSV or JSON lines, or leave it out",
                    block.first
                )
            })?;
            answered += rows.len() as u64;
            columns = Some(found);
        }
        Ok(Answered { encoded: encoder.finish(), columns, rows: answered, rejects })
    }

    /// The columns of an output without rows.
    pub(super) fn unanswered(&self) -> Vec<OutColumn> {
        let outputs: Vec<_> =
            self.methods.iter().map(|&method| self.scorer.example(method)).collect();
        let of_answers = of_answers(&self.scorer, &self.methods, &outputs);
        self.keep.iter().cloned().chain(of_answers).collect()
    }

    /// Answers rows together, or each half of them when that fails: a row has no answer when it has none
    /// by itself.
    fn part(
        &self,
        block: &Block,
        rows: Range<usize>,
        parts: &mut Vec<Part>,
        rejects: &mut Vec<Reject>,
    ) -> Result<()> {
        if rows.is_empty() && block.content.rows() > 0 {
            return Ok(());
        }
        let outputs = block.content.answer(&self.scorer, &self.methods, rows.clone());
        match outputs.and_then(|outputs| self.check(outputs)) {
            Ok(outputs) => parts.push((rows, outputs)),
            Err(fault) if !fault.of_rows => bail!("{}", fault.message),
            Err(fault) if rows.len() <= 1 => {
                let row = block.first + rows.start as u64;
                let reason = block.content.reason(rows.start, row, &fault);
                rejects.push(block.reject(rows.start, reason));
            }
            Err(_) => {
                let middle = rows.start + rows.len() / 2;
                self.part(block, rows.start..middle, parts, rejects)?;
                self.part(block, middle..rows.end, parts, rejects)?;
            }
        }
        Ok(())
    }

    /// Refuses answers that JSON cannot say. Its `null` stands for one thing a method: a missing value that
    /// a transformer passes on, and the logarithm of a probability of 0.
    fn check(&self, outputs: Vec<Output>) -> Result<Vec<Output>, Fault> {
        if self.format != RowFormat::Jsonl {
            return Ok(outputs);
        }
        for (method, output) in self.methods.iter().zip(&outputs) {
            let is_said = |value: f64| {
                value.is_finite()
                    || match method {
                        Method::Transform => value.is_nan(),
                        Method::PredictLogProba => value == f64::NEG_INFINITY,
                        _ => false,
                    }
            };
            let all = match &output.data {
                OutputData::F64(values) => values.iter().all(|value| is_said(*value)),
                OutputData::F32(values) => values.iter().all(|value| is_said(f64::from(*value))),
                OutputData::I64(_)
                | OutputData::I32(_)
                | OutputData::Bool(_)
                | OutputData::Text(_) => true,
            };
            if !all {
                let message = format!(
                    "the answer to `{method}` is infinite or not a number, which JSON cannot say: \
                     write CSV or Parquet"
                );
                return Err(Fault { message, of_rows: true });
            }
        }
        Ok(outputs)
    }
}

impl Block {
    fn reject(&self, row: usize, reason: String) -> Reject {
        Reject { row: self.first + row as u64, reason, input: self.content.shown(row) }
    }
}

impl Content {
    /// The rows that could not be read, in their order, each with the reason.
    fn wrong(&self) -> &[(usize, String)] {
        match self {
            Self::Text(_) => &[],
            Self::Table { wrong, .. } => wrong,
        }
    }

    fn rows(&self) -> usize {
        match self {
            Self::Text(text) => text.rows.len(),
            Self::Table { given, .. } => given.rows,
        }
    }

    fn answer(
        &self,
        scorer: &Scorer,
        methods: &[Method],
        rows: Range<usize>,
    ) -> Result<Vec<Output>, Fault> {
        match self {
            Self::Text(text) if text.form == Form::Csv => {
                let body = [&*text.header, text.part(rows)].concat();
                scorer.answer(Rows::Csv(&body), methods)
            }
            Self::Text(text) => {
                let lines: Vec<_> = rows.map(|row| text.row(row).trim_ascii()).collect();
                scorer.answer(Rows::Lines(&lines), methods)
            }
            Self::Table { given, .. } if rows.len() == given.rows => {
                scorer.answer(Rows::Columns(given), methods)
            }
            Self::Table { given, .. } => scorer.answer(Rows::Columns(&given.slice(rows)), methods),
        }
    }

    /// The columns that are kept, for some of the rows.
    fn kept(&self, rows: Range<usize>, keep: &[OutColumn]) -> Vec<Kept> {
        if keep.is_empty() {
            return Vec::new();
        }
        match self {
            Self::Text(text) if text.form == Form::Csv => cells(text, rows, keep),
            Self::Text(text) => values(text, rows, keep),
            Self::Table { kept, .. } => {
                let kept = kept.iter().map(|column| slice(column, rows.clone()));
                kept.zip(keep).map(|(column, out)| Kept::Values(whole(column, out.kind))).collect()
            }
        }
    }

    /// Why a row, which is the row `number` of its file, has no answer.
    fn reason(&self, row: usize, number: u64, fault: &Fault) -> String {
        if let Self::Text(text) = self
            && std::str::from_utf8(text.row(row)).is_err()
        {
            return format!("row {number} is not UTF-8: save the file as UTF-8");
        }
        let message = retold(&fault.message, usize::try_from(number).unwrap_or(usize::MAX));
        match message.strip_prefix("the file ").or(message.strip_prefix("the line ")) {
            Some(rest) => format!("row {number} {rest}"),
            None => message,
        }
    }

    /// A row for the file of rejects.
    fn shown(&self, row: usize) -> String {
        match self {
            Self::Text(text) => String::from_utf8_lossy(text.row(row)).trim().to_owned(),
            Self::Table { given, .. } => {
                let mut out = vec![b'{'];
                for (at, (name, column)) in given.names.iter().zip(&given.columns).enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    encode::json_text(&mut out, name);
                    out.push(b':');
                    let column = Kept::Values(slice(column, row..row + 1));
                    encode::json(&mut out, Values::Kept(&column).item(0));
                }
                out.push(b'}');
                String::from_utf8_lossy(&out).into_owned()
            }
        }
    }
}

/// Integers that became doubles because some are missing, as integers again.
fn whole(column: Column, kind: Kind) -> Column {
    match column {
        Column::F64(values) if kind == Kind::I64 => {
            let cell =
                |value: f64| if value.is_nan() { Cell::Null } else { Cell::I64(value as i64) };
            Column::Any(values.into_iter().map(cell).collect())
        }
        other => other,
    }
}

impl Text {
    /// Some rows, with what is between them.
    fn part(&self, rows: Range<usize>) -> &[u8] {
        let begin = self.rows.get(rows.start).map_or(0, |row| row.start);
        let end = self.rows.get(rows.end).map_or(self.bytes.len(), |row| row.start);
        self.bytes.get(begin..end).unwrap_or_default()
    }

    fn row(&self, row: usize) -> &[u8] {
        let range = self.rows.get(row).cloned().unwrap_or_default();
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Cells of comma-separated values, as they are written.
fn cells(text: &Text, rows: Range<usize>, keep: &[OutColumn]) -> Vec<Kept> {
    let body = [&*text.header, text.part(rows)].concat();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&*body);
    let header = reader.byte_headers().cloned().unwrap_or_default();
    let places: Vec<Option<usize>> = keep
        .iter()
        .map(|column| header.iter().position(|name| name == column.name.as_bytes()))
        .collect();
    let mut columns = vec![TextColumn::default(); keep.len()];
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        for (column, place) in columns.iter_mut().zip(&places) {
            let cell = place.and_then(|place| record.get(place)).unwrap_or_default();
            let cell = std::str::from_utf8(cell).ok().filter(|cell| !cell.is_empty());
            column.push(cell);
        }
    }
    columns.into_iter().map(|column| Kept::Values(Column::Text(column))).collect()
}

/// Values of JSON, as they are written.
fn values(text: &Text, rows: Range<usize>, keep: &[OutColumn]) -> Vec<Kept> {
    let names: Vec<_> = keep.iter().map(|column| column.name.as_str()).collect();
    let mut columns = vec![TextColumn::default(); keep.len()];
    for row in rows {
        let line = text.row(row);
        for (column, value) in columns.iter_mut().zip(values_of(line, &names)) {
            // Python writes words that JSON does not have
            column.push(value.filter(|value| !value.ends_with(['N', 'y'])));
        }
    }
    columns.into_iter().map(Kept::Json).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::batch::layout::Item;

    #[test]
    fn kept_values_are_those_of_their_rows() {
        let keep = [OutColumn { name: "id".into(), kind: Kind::Text, optional: true }];
        let csv = Text {
            form: Form::Csv,
            header: b"x,id\n".as_slice().into(),
            bytes: b"1,a\n2,\"b,\nc\"\n3,\n".to_vec(),
            rows: vec![0..3, 4..13, 14..16],
        };
        let kept = cells(&csv, 1..3, &keep);
        assert_eq!(Values::Kept(&kept[0]).item(0), Item::Text("b,\nc"));
        assert_eq!(Values::Kept(&kept[0]).item(1), Item::Missing);
        let bytes = b"{\"id\": {\"deep\": [1]}}\n{\"x\": 1}\n".to_vec();
        let lines =
            Text { form: Form::Lines, header: Arc::from([]), bytes, rows: vec![0..21, 22..30] };
        let kept = values(&lines, 0..2, &keep);
        assert_eq!(Values::Kept(&kept[0]).item(0), Item::Json("{\"deep\": [1]}"));
        assert_eq!(Values::Kept(&kept[0]).item(1), Item::Missing);
    }
}
