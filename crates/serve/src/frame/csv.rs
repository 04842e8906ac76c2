//! Comma-separated values with a header, as pandas reads them by default.

use std::{borrow::Cow, collections::HashSet};

use longshore_daemon::Code;
use longshore_engine::{Column, TextColumn, quantity};

use super::{Bounds, Builder, Frame, UNKNOWN, collapse};
use crate::{
    failure::Failure,
    json::{Number, Scalar},
    names::quoted,
    schema::Names,
};

/// The texts that pandas takes for a missing value.
const MISSING: [&str; 18] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan",
];

/// What separates columns in files that are called CSV too, and its name in messages.
const SEPARATORS: [(char, &str); 3] = [(';', "`;`"), ('\t', "a tab"), ('|', "`|`")];

/// Reads a table. `texts` says, by name and place, which columns stay texts whatever they look like.
pub(crate) fn read<'a>(
    body: &[u8],
    wanted: Option<&Names>,
    texts: impl Fn(&str, usize) -> bool,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    if let Err(error) = std::str::from_utf8(body) {
        let at = error.valid_up_to();
        return Err(Failure::invalid(format!("the body is not UTF-8 at byte {at}")));
    }
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(body);
    let wrong = |error: &::csv::Error| Failure::invalid(format!("the body is not CSV: {error}"));
    let header = reader.headers().map_err(|error| wrong(&error))?.clone();
    let mut names: Vec<String> = Vec::new();
    let mut places = Vec::with_capacity(header.len());
    let mut seen = HashSet::new();
    let mut unknown = Vec::new();
    for name in header.iter().map(|name| name.trim_start_matches('\u{feff}')) {
        if !seen.insert(name.to_owned()) {
            let mut message = format!("the header names {} twice", quoted(name));
            if number(name.trim()).is_some() {
                message.push_str(": the first line has to name the columns");
            }
            return Err(Failure::invalid(message));
        }
        let taken = wanted.is_none_or(|names| names.contains(name));
        places.push(taken.then_some(names.len()));
        if taken {
            names.push(name.to_owned());
        } else if unknown.len() < UNKNOWN {
            unknown.push(Cow::Owned(name.to_owned()));
        }
    }
    let mut cells = vec![TextColumn::default(); names.len()];
    let mut rows = 0;
    let mut record = ::csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| wrong(&error))? {
        bounds.check_rows(rows + 1)?;
        if record.len() != header.len() {
            return Err(Failure::invalid(format!(
                "row {rows} has {} while the header names {}",
                quantity(record.len(), "value"),
                quantity(header.len(), "column")
            )));
        }
        for (value, place) in record.iter().zip(&places) {
            if let Some(column) = place.and_then(|place| cells.get_mut(place)) {
                column.push(Some(value));
            }
        }
        rows += 1;
    }
    let columns = names.iter().zip(cells).enumerate();
    let columns = columns.map(|(at, (name, cells))| column(&cells, texts(name, at)));
    let data = collapse(columns.collect(), rows);
    Ok(Frame { rows, names: Some(names.into_iter().map(Cow::Owned).collect()), data, unknown })
}

/// The same failure, or, when another separator explains it, one that says so: the header of a table
/// that is separated by `;` reads as a single name.
pub(crate) fn with_separator(failure: Failure, body: &[u8]) -> Failure {
    if failure.code != Code::InvalidArgument {
        return failure;
    }
    let line = body.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
    let Ok(header) = std::str::from_utf8(line) else { return failure };
    let header = header.trim_start_matches('\u{feff}');
    let Some((_, shown)) = SEPARATORS.iter().find(|(separator, _)| header.contains(*separator))
    else {
        return failure;
    };
    if header.contains(',') {
        return failure;
    }
    let message = format!(
        "the header is one column, {}: columns are separated by `,`, not by {shown}; write the \
         table with `,`",
        quoted(header)
    );
    Failure { message: message.into(), ..failure }
}

/// The type is that of the whole column: numbers, booleans, or texts.
fn column(cells: &TextColumn, text: bool) -> Column {
    let typed = if text { None } else { numbers(cells).or_else(|| booleans(cells)) };
    if let Some(column) = typed {
        return column.finish();
    }
    Column::Text(cells.iter().map(|cell| cell.filter(|cell| !is_missing(cell))).collect())
}

fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell) || cell == "null"
}

/// The cells as numbers; `None` when one is neither a number nor missing.
fn numbers(cells: &TextColumn) -> Option<Builder> {
    let mut column = Builder::default();
    for cell in cells.iter() {
        let cell = cell.unwrap_or_default();
        // no text that stands for a missing value is a number
        match number(cell.trim()) {
            Some(number) => column.push(Scalar::Number(number)),
            None if is_missing(cell) => column.push_missing(),
            None => return None,
        }
    }
    Some(column)
}

/// The cells as booleans; `None` when one is neither a boolean nor missing.
fn booleans(cells: &TextColumn) -> Option<Builder> {
    let mut column = Builder::default();
    for cell in cells.iter() {
        let cell = cell.unwrap_or_default();
        match cell.trim() {
            "True" | "TRUE" | "true" => column.push(Scalar::Bool(true)),
            "False" | "FALSE" | "false" => column.push(Scalar::Bool(false)),
            _ if is_missing(cell) => column.push_missing(),
            _ => return None,
        }
    }
    Some(column)
}

fn number(text: &str) -> Option<Number> {
    if let Ok(value) = text.parse() {
        return Some(Number::Int(value));
    }
    // of the words that Rust reads as numbers, pandas takes these
    let word = text.trim_start_matches(['+', '-']);
    let named = word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("infinity");
    if word.starts_with(|c: char| c.is_ascii_alphabetic()) && !named {
        return None;
    }
    text.parse().ok().map(Number::Float)
}

#[cfg(test)]
mod tests {
    use longshore_engine::Data;

    use super::*;

    fn frame(text: &str) -> Result<Frame<'static>, String> {
        let bounds = Bounds { rows: 3, cells: 100 };
        read(text.as_bytes(), None, |name, _| name == "zip", &bounds)
            .map_err(|f| f.message.to_string())
    }

    #[test]
    fn columns_have_the_types_pandas_gives_them() {
        let text = "n,x,flag,note,zip\r\n1,0.5,True,\"a, \"\"b\"\"\",01234\n2,,False,,99999\n";
        let frame = frame(text).unwrap();
        assert_eq!(frame.names.unwrap(), ["n", "x", "flag", "note", "zip"]);
        let Data::Columns(columns) = frame.data else { panic!("columns expected") };
        assert_eq!(columns[0], Column::I64(vec![1, 2]));
        assert!(matches!(&columns[1], Column::F64(v) if v[0] == 0.5 && v[1].is_nan()));
        assert_eq!(columns[2], Column::Bool(vec![true, false]));
        assert_eq!(columns[3], Column::Text([Some("a, \"b\""), None].into_iter().collect()));
        assert_eq!(columns[4], Column::Text([Some("01234"), Some("99999")].into_iter().collect()));
    }

    #[test]
    fn faults_are_named() {
        for (text, expected) in [
            ("a,b\n1\n", "row 0 has 1 value while the header names 2 columns"),
            ("a,a\n1,2\n", "the header names `a` twice"),
            ("1.5,1.5\n1,2\n", "the header names `1.5` twice: the first line has to name"),
            ("a\n1\n2\n3\n4\n", "exceeds the limit of 3 rows"),
        ] {
            let message = frame(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn another_separator_explains_a_failure() {
        let explained = |body: &str| {
            let failure = Failure::unfit("`a` is missing");
            with_separator(failure, body.as_bytes()).message.into_owned()
        };
        let quotes = "\u{feff}\"fixed acidity\";\"pH\"\r\n7,4;3,51\r\n";
        assert_eq!(
            explained(quotes),
            "the header is one column, `\"fixed acidity\";\"pH\"`: columns are separated by `,`, \
             not by `;`; write the table with `,`"
        );
        assert!(explained("a\tb\n1\t2\n").contains("not by a tab"));
        for body in ["", "a,b;c\n1,2\n", "b\n1;2\n"] {
            assert_eq!(explained(body), "`a` is missing", "{body}");
        }
        let large = Failure::too_large("the number of rows", 3, "rows", "--max-rows");
        assert_eq!(with_separator(large.clone(), b"a;b\n"), large);
    }
}
