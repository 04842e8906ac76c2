//! What models say of their columns, and what they say of values that do not fit: columns are the
//! request's, however deep inside the model a value is refused. The models are golden cases.

use std::{error::Error, path::Path, sync::Arc};

use longshore_engine::{
    Cell, Column, ColumnUse, Data, Limits, Matrix, Model, Source, Table, TextColumn, load,
};

use ColumnUse::{Text, Unread, Value};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn model(case: &str) -> Outcome<Model> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sklearn-1.9.1").join(case);
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name != "case.json"))
        .collect();
    files.sort();
    Ok(load(&Source::open(files.first().ok_or("the case has no model")?)?, &Limits::default())?)
}

fn uses(case: &str) -> Outcome<Vec<ColumnUse>> {
    Ok(model(case)?.inputs().uses.ok_or("nothing is said of the columns")?.to_vec())
}

fn refusal(case: &str, table: &Table) -> Outcome<String> {
    let model = model(case)?;
    match model.predictor.run(model.default_method, table) {
        Ok(output) => Err(format!("{case}: an answer was given: {output:?}").into()),
        Err(error) if error.is_input() => Ok(error.to_string()),
        Err(error) => Err(format!("{case}: not the caller's fault: {error}").into()),
    }
}

fn texts(values: &[&str]) -> Column {
    Column::Text(values.iter().map(|&value| Some(value)).collect::<TextColumn>())
}

/// Two rows as the frame of the golden cases has them, with another column at one place.
fn people(place: usize, column: Column, named: bool) -> Table {
    let mut columns = vec![
        Column::F64(vec![31.0, 45.5]),
        Column::F64(vec![20.5, 7.25]),
        Column::I64(vec![0, 2]),
        Column::Bool(vec![true, false]),
        texts(&["Bonn", "Oslo"]),
        texts(&["red", "blue"]),
    ];
    columns[place] = column;
    let names = ["age", "income", "children", "member", "city", "colour"];
    let names = named.then(|| names.map(Arc::from).into());
    Table { rows: 2, names, data: Data::Columns(columns) }
}

#[test]
fn every_column_has_its_use() -> Outcome<()> {
    let frame = [Value, Value, Unread, Unread, Text, Text];
    assert_eq!(uses("frame-logistic")?, frame);
    assert_eq!(uses("columns-by-position-slice")?, [Value, Value, Value, Unread, Text, Text]);
    // the vectorizer gets `city`, nothing gets `colour`
    assert_eq!(uses("columns-one-text")?, [Value, Value, Unread, Unread, Text, Unread]);
    // an imputer and an encoder after it, beside a column that is handed on
    assert_eq!(uses("frame-missing-words")?, [Value, Text, Text]);
    assert_eq!(uses("columns-nested")?, [Unread, Value, Value, Unread, Text, Text]);
    assert_eq!(uses("frame-hist")?, [Value, Value, Value, Value, Text, Text]);
    // texts, texts, integers
    assert_eq!(uses("one-hot-ignore")?, [Text, Text, Value]);
    assert_eq!(uses("label-encoder-text")?, [Text]);
    assert_eq!(model("pipeline-scaled-logistic")?.inputs().uses, None);
    Ok(())
}

#[test]
fn a_label_is_not_mended_by_a_parameter_that_its_encoder_lacks() -> Outcome<()> {
    let label = |text| {
        let data = Data::Columns(vec![Column::Text([text].into_iter().collect::<TextColumn>())]);
        refusal("label-encoder-text", &Table { rows: 1, names: None, data })
    };
    let expected = "row 0, column 0 has the label `nowhere`, which `LabelEncoder` did not see in \
                    training; fit it on every label";
    assert_eq!(label(Some("nowhere"))?, expected);
    let expected = "row 0, column 0 is missing, which no label was when `LabelEncoder` was fitted; \
                    send a label";
    assert_eq!(label(None)?, expected);
    Ok(())
}

#[test]
fn a_number_is_no_unknown_text() -> Outcome<()> {
    let city = |column| refusal("frame-logistic", &people(4, column, true));
    let expected = "row 0, column `city` is the number `7`, where `OneHotEncoder` has categories \
                    that are texts; send a text";
    assert!(city(Column::I64(vec![7, 8]))?.ends_with(expected));
    let message = city(Column::F64(vec![f64::NAN, 1.5]))?;
    assert!(message.contains("row 1, column `city` is the number `1.5`"), "{message}");
    let message = city(Column::Bool(vec![true, false]))?;
    assert!(message.contains("row 0, column `city` is the boolean `true`"), "{message}");
    let mixed = Column::Any(vec![Cell::Text("Bonn".into()), Cell::I64(3)]);
    let message = city(mixed)?;
    assert!(message.contains("row 1, column `city` is the number `3`"), "{message}");
    // behind an imputer, as codes, and in a vectorizer
    for case in ["frame-missing-words", "frame-hist", "columns-one-text"] {
        let mut table = people(4, Column::I64(vec![5, 6]), true);
        if case == "frame-missing-words"
            && let Data::Columns(columns) = &mut table.data
        {
            *columns = [1, 4, 5].map(|at| columns[at].clone()).to_vec();
            table.names = Some(["income", "city", "colour"].map(Arc::from).into());
        }
        let message = refusal(case, &table)?;
        assert!(message.contains("row 0, column `city` is the number `5`"), "{case}: {message}");
    }
    Ok(())
}

#[test]
fn words_are_no_unknown_number() -> Outcome<()> {
    let columns = vec![texts(&["Bonn", "Oslo"]), texts(&["red", "blue"]), texts(&["2", "many"])];
    let table = Table { rows: 2, names: None, data: Data::Columns(columns) };
    let message = refusal("one-hot-ignore", &table)?;
    let expected = "row 1, column `children` is the text `many`, where `OneHotEncoder` has \
                    categories that are numbers";
    assert_eq!(message, expected);
    Ok(())
}

#[test]
fn a_missing_text_is_whatever_is_missing_among_the_categories() -> Outcome<()> {
    let asked = Table {
        rows: 2,
        names: None,
        data: Data::Columns(vec![Column::Text([Some("a"), None].into_iter().collect())]),
    };
    for case in ["one-hot-object-none", "one-hot-object-nan"] {
        let model = model(case)?;
        model.predictor.run(model.default_method, &asked)?;
    }
    let message = refusal("one-hot-object-no-missing", &asked)?;
    assert!(message.starts_with("row 1, column 0 is missing"), "{message}");
    Ok(())
}

#[test]
fn places_are_those_of_the_request() -> Outcome<()> {
    // column 1 of the second transformer, in a pipeline, without names from the caller
    let message = refusal("frame-logistic", &people(5, Column::I64(vec![1, 2]), false))?;
    assert!(message.contains("column `colour` is the number `1`"), "{message}");
    // the second of two steps of the first transformer
    let infinite = Column::F64(vec![1.0, f64::INFINITY]);
    let message = refusal("frame-logistic", &people(1, infinite, true))?;
    assert!(message.contains("row 1, column `income` is infinite"), "{message}");
    let words = refusal("frame-logistic", &people(1, texts(&["1", "x"]), true))?;
    assert!(words.contains("row 1, column `income` is the text `x`"), "{words}");
    // no names at all: column 0 of the slice 1:3
    let row = vec![0.0, f64::INFINITY, 0.0, 0.0, 0.0];
    let message = refusal("columns-on-matrix", &Table::matrix(1, 5, row))?;
    assert!(message.contains("row 0, column 1 is infinite"), "{message}");
    // the first of two columns that a first step turned round
    let row = vec![0.0, 0.0, 0.0, f64::INFINITY, 0.0];
    let message = refusal("unread-by-second-step", &Table::matrix(1, 5, row))?;
    assert!(message.contains("row 0, column 3 is infinite"), "{message}");
    // a product that overflows is no column of the request
    let values = vec![1e200; 5];
    let message = refusal("pipeline-polynomial-ridge", &Table::matrix(1, 5, values))?;
    assert!(message.contains("computed column"), "{message}");
    Ok(())
}

#[test]
fn names_in_another_order_are_found_by_name() -> Outcome<()> {
    let mut table = people(4, Column::I64(vec![7, 8]), true);
    if let Data::Columns(columns) = &mut table.data {
        columns.reverse();
    }
    let names = ["colour", "city", "member", "children", "income", "age"];
    table.names = Some(names.map(Arc::from).into());
    let message = refusal("frame-logistic", &table)?;
    assert!(message.contains("column `city` is the number `7`"), "{message}");
    Ok(())
}

#[test]
fn integers_stay_integers_where_they_are_compared() -> Outcome<()> {
    // trained on 2^53, 2^53 + 1, 2^53 + 2 and 7
    let model = model("one-hot-big-integers")?;
    let values = vec![(1 << 53) + 1];
    let matrix = Data::I64(Matrix { columns: 1, values: values.clone() });
    let frame = Data::Columns(vec![Column::I64(values)]);
    let answers = [matrix, frame].map(|data| {
        let table = Table { rows: 1, names: None, data };
        model.predictor.run(model.default_method, &table).map(|output| output.data)
    });
    let [matrix, frame] = answers;
    assert_eq!(matrix?, longshore_engine::OutputData::F64(vec![0.0, 0.0, 1.0, 0.0]));
    assert_eq!(frame?, longshore_engine::OutputData::F64(vec![0.0, 0.0, 1.0, 0.0]));
    Ok(())
}
