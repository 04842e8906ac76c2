use std::path::Path;

use longshore_engine::{Data, Source};

use super::*;
use crate::Origin;

/// The bundled wine model.
fn wine() -> Scorer {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/wine/model");
    let source = ModelSource {
        name: "wine".into(),
        version: None,
        origin: Origin::Files(Source::Folder(folder)),
        method: None,
        lease: None,
    };
    Scorer::load(source, &longshore_engine::Limits::default()).unwrap()
}

fn row(scorer: &Scorer) -> (Vec<String>, Vec<String>) {
    let names = scorer.served.contract.schema.names().unwrap();
    names.iter().enumerate().map(|(at, name)| (name.to_owned(), format!("{at}.5"))).unzip()
}

#[test]
fn rows_have_the_same_answers_however_they_are_written() {
    let scorer = wine();
    let (names, values) = row(&scorer);
    let methods = [Method::Predict, Method::PredictProba];
    let csv = format!("{},id\n{},7\n", names.join(","), values.join(","));
    let by_csv = scorer.answer(Rows::Csv(csv.as_bytes()), &methods).unwrap();
    let list = format!("[{}]", values.join(","));
    let by_list = scorer.answer(Rows::Lines(&[list.as_bytes()]), &methods).unwrap();
    let columns = Columns {
        rows: 1,
        columns: values.iter().map(|value| Column::F64(vec![value.parse().unwrap()])).collect(),
        names,
        unknown: Vec::new(),
    };
    let by_columns = scorer.answer(Rows::Columns(&columns), &methods).unwrap();
    assert_eq!(by_csv, by_list);
    assert_eq!(by_csv, by_columns);
    assert_eq!(by_csv[1].columns, Some(3));
    assert_eq!(scorer.classes().map(Labels::len), Some(3));
}

#[test]
fn what_does_not_fit_is_told_in_the_servers_words() {
    let scorer = wine();
    let (names, mut values) = row(&scorer);
    values[2] = "much".into();
    let csv = format!("{}\n{}\n", names.join(","), values.join(","));
    let fault = scorer.answer(Rows::Csv(csv.as_bytes()), &[Method::Predict]).unwrap_err();
    assert!(fault.of_rows && fault.message.contains("row 0"), "{}", fault.message);
    assert!(fault.message.contains("`ash`") && fault.message.contains("much"), "{}", fault.message);
    let fault = scorer.answer(Rows::Csv(b"ash\n1\n"), &[Method::Predict]).unwrap_err();
    assert!(fault.message.contains("`alcohol`"), "{}", fault.message);
    assert!(scorer.takes("ash") && !scorer.takes("id"));
}

#[test]
fn classes_of_a_booster_are_those_of_its_training() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden");
    let packed = golden.join("catboost-1.2.10/catboost-binary-text/model.json.gz");
    let packed = std::fs::read(packed).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    let mut unpacked = flate2::read::GzDecoder::new(&*packed);
    std::io::copy(&mut unpacked, &mut std::fs::File::create(&file).unwrap()).unwrap();
    let source = ModelSource {
        name: "booster".into(),
        version: None,
        origin: Origin::Files(Source::File(file)),
        method: None,
        lease: None,
    };
    let scorer = Scorer::load(source, &longshore_engine::Limits::default()).unwrap();
    assert_eq!(scorer.classes(), Some(&Labels::Text(["no".into(), "yes".into()].into())));
}

#[test]
fn some_rows_of_columns_are_columns() {
    let columns = Columns {
        rows: 3,
        names: vec!["a".into(), "b".into()],
        columns: vec![
            Column::I64(vec![1, 2, 3]),
            Column::Text([Some("x"), None, Some("z")].into_iter().collect()),
        ],
        unknown: Vec::new(),
    };
    let part = columns.slice(1..9);
    assert_eq!(part.rows, 2);
    assert_eq!(part.columns[0], Column::I64(vec![2, 3]));
    assert_eq!(part.columns[1], Column::Text([None, Some("z")].into_iter().collect()));
    assert!(matches!(collapse(part.columns, 2), Data::Columns(_)));
}
