//! Columns of texts: a number in one of them is a mistake of the caller. Turned into a text, it
//! would rarely be the text of training (`1` or `1.0`?); left as a number, it would be no known
//! category.

use longshore_engine::{Cell, Column, Data, TextColumn};

use crate::{failure::Failure, frame::split};

/// The column when all its values are texts or missing; a number or a boolean is refused.
pub(super) fn texts(column: Column, name: impl Fn() -> String) -> Result<TextColumn, Failure> {
    let refuse = |(row, value): (usize, String)| {
        Failure::unfit(format!(
            "column {}, row {row}: {value} is no text, and the model takes texts there; send \"{value}\" \
             as it was written in training",
            name()
        ))
    };
    let number = |values: &mut dyn Iterator<Item = f64>| {
        values
            .enumerate()
            .find(|(_, value)| !value.is_nan())
            .map(|(row, value)| (row, value.to_string()))
    };
    let wrong = match &column {
        Column::Text(_) => None,
        Column::F64(values) => number(&mut values.iter().copied()),
        Column::F32(values) => number(&mut values.iter().map(|&value| f64::from(value))),
        Column::I64(values) => values.first().map(|value| (0, value.to_string())),
        Column::Bool(values) => values.first().map(|value| (0, value.to_string())),
        Column::Any(cells) => cells.iter().enumerate().find_map(|(row, cell)| match cell {
            Cell::Null | Cell::Absent | Cell::Text(_) => None,
            Cell::Texts(_) => Some((row, "a list".to_owned())),
            Cell::Bool(value) => Some((row, value.to_string())),
            Cell::I64(value) => Some((row, value.to_string())),
            Cell::F64(value) => (!value.is_nan()).then(|| (row, value.to_string())),
        }),
    };
    if let Some(wrong) = wrong {
        return Err(refuse(wrong));
    }
    Ok(match column {
        Column::Text(texts) => texts,
        Column::Any(cells) => cells
            .iter()
            .map(|cell| if let Cell::Text(text) = cell { Some(&**text) } else { None })
            .collect(),
        other => std::iter::repeat_n(None, other.len()).collect(),
    })
}

/// The single column as one text a row.
pub(super) fn documents(data: Data, rows: usize) -> Result<Data, Failure> {
    if let Data::Documents(_) = &data {
        return Ok(data);
    }
    let column = split(data, rows).into_iter().next();
    let texts = texts(column.unwrap_or(Column::Bool(Vec::new())), || "0".into())?;
    let missing = texts.iter().position(|text| text.is_none());
    match missing {
        Some(row) => Err(Failure::unfit(format!("row {row} is null where a text is expected"))),
        None => Ok(Data::Documents(texts)),
    }
}
