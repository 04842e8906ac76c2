//! From an answer to a stream of Arrow: a column `predictions`, or `predictions_0`, `predictions_1`, …
//! when a row has several values.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, LargeStringArray,
    RecordBatch, RecordBatchOptions, StringArray,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Field, Schema};
use longshore_engine::{Method, Output, OutputData, TextColumn};

use super::{super::only, STREAM};
use crate::{failure::Failure, reply::Reply};

/// Writes the output of the one method asked for.
pub(crate) fn encode(outputs: &[(Method, Output)]) -> Result<Reply, Failure> {
    let (_, output) = only(outputs)?;
    let stream = write(output)
        .map_err(|error| Failure::internal("the reply cannot be written", error.to_string()))?;
    Ok(Reply::new(STREAM, stream))
}

fn write(output: &Output) -> Result<Vec<u8>, ArrowError> {
    let columns = output.columns.unwrap_or(1);
    let arrays: Vec<ArrayRef> = (0..columns).map(|at| column(&output.data, at, columns)).collect();
    let field = |(at, array): (usize, &ArrayRef)| {
        let name = match output.columns {
            None => "predictions".to_owned(),
            Some(_) => format!("predictions_{at}"),
        };
        Field::new(name, array.data_type().clone(), matches!(output.data, OutputData::Text(_)))
    };
    let fields: Vec<Field> = arrays.iter().enumerate().map(field).collect();
    let schema = Arc::new(Schema::new(fields));
    let rows = RecordBatchOptions::new().with_row_count(Some(output.rows));
    let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &rows)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    writer.write(&batch)?;
    writer.finish()?;
    writer.into_inner()
}

/// The column at `at` of values that lie row after row.
fn column(data: &OutputData, at: usize, columns: usize) -> ArrayRef {
    fn each<T: Copy>(values: &[T], at: usize, columns: usize) -> Vec<T> {
        values.iter().skip(at).step_by(columns).copied().collect()
    }
    match data {
        OutputData::F64(values) => Arc::new(Float64Array::from(each(values, at, columns))),
        OutputData::F32(values) => Arc::new(Float32Array::from(each(values, at, columns))),
        OutputData::I64(values) => Arc::new(Int64Array::from(each(values, at, columns))),
        OutputData::I32(values) => Arc::new(Int32Array::from(each(values, at, columns))),
        OutputData::Bool(values) => Arc::new(BooleanArray::from(each(values, at, columns))),
        OutputData::Text(texts) => text(texts, at, columns),
    }
}

fn text(texts: &TextColumn, at: usize, columns: usize) -> ArrayRef {
    let each = || texts.iter().skip(at).step_by(columns);
    let bytes: usize = each().flatten().map(str::len).sum();
    // offsets of four bytes are those that every reader knows
    match i32::try_from(bytes) {
        Ok(_) => Arc::new(each().collect::<StringArray>()),
        Err(_) => Arc::new(each().collect::<LargeStringArray>()),
    }
}
