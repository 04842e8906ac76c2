//! Answers of the real libraries, checked against this engine.
//!
//! Every `case.json` below this folder, or below `LONGSHORE_GOLDEN_DIR` when it is set, names a
//! model in several containers, rows, and the library's answers; `tests/golden/README.md` at the
//! root of the repository describes the format. `LONGSHORE_GOLDEN_ONLY` keeps the cases whose path
//! contains it. All failures are collected before the test fails.

mod case;
mod report;
mod row;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use case::{Case, Question};
use longshore_engine::{
    ColumnUse, Data, Limits, Model, Output, Source, Table,
    golden::{self, Difference, Expected},
    load,
};
use report::Report;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[test]
fn models_answer_as_their_libraries_do() -> Outcome<()> {
    let root = match std::env::var_os("LONGSHORE_GOLDEN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    };
    let only = std::env::var("LONGSHORE_GOLDEN_ONLY").unwrap_or_default();
    let mut found = Vec::new();
    collect(&root, &mut found)?;
    found.sort();
    let mut report = Report::default();
    for folder in &found {
        let name = folder.strip_prefix(&root)?.display().to_string();
        if !name.contains(&only) {
            continue;
        }
        let text = fs::read_to_string(folder.join("case.json"))?;
        let case = Case::parse(&text).map_err(|fault| format!("{name}/case.json: {fault}"))?;
        run(&case, &name, folder, &mut report);
    }
    assert!(report.cases > 0, "no case was found below {}", root.display());
    report.finish()
}

/// Folders that hold a case.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome<()> {
    if folder.join("case.json").is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        }
    }
    Ok(())
}

fn run(case: &Case, name: &str, folder: &Path, report: &mut Report) {
    report.cases += 1;
    for (at, container) in case.models.iter().enumerate() {
        report.place(name, container);
        let loaded = open(folder, container).and_then(|source| load(&source, &Limits::default()));
        if let Some(words) = &case.refused {
            refused(loaded, case, words, report);
            continue;
        }
        let model = match loaded {
            Ok(model) => model,
            Err(error) => {
                report.fault("load", &error.to_string());
                continue;
            }
        };
        for question in &case.questions {
            answer(&model, question, report);
            if at == 0 {
                row_by_row(&model, question, report);
                joined(&model, question, report);
            }
        }
        if let (Some(places), Some(question)) = (&case.unread, case.questions.first()) {
            unread(&model, places, question, report);
        }
        for error in &case.errors {
            let methods = model.predictor.methods();
            let Some(&method) = methods.first() else { continue };
            match model.predictor.run(method, &error.table) {
                Ok(_) => report.fault("error", "an answer was given where the library refuses"),
                Err(refusal) => report.mentions(&refusal.to_string(), &error.mentions),
            }
        }
    }
}

/// A file or folder; several with `+` between them are a chain.
fn open(folder: &Path, container: &str) -> Result<Source, longshore_engine::Error> {
    let mut links: Vec<_> = container
        .split('+')
        .map(|link| Source::open(&folder.join(link)))
        .collect::<Result<_, _>>()?;
    Ok(if links.len() == 1 { links.remove(0) } else { Source::Chain(links) })
}

/// The columns that the library never reads are unread here, and may hold anything.
fn unread(model: &Model, places: &[usize], question: &Question, report: &mut Report) {
    let uses = model.inputs().uses.unwrap_or_default();
    let is_unread = |&at: &usize| uses.get(at) == Some(&ColumnUse::Unread);
    let found: Vec<_> = (0..question.table.columns()).filter(is_unread).collect();
    if found != places {
        return report.fault("unread", &format!("the columns {found:?} instead of {places:?}"));
    }
    let table = case::with_texts(&question.table, places);
    for (method, expected) in &question.expected {
        match model.predictor.run(*method, &table) {
            Ok(output) => compare(&output, expected, method.name(), report),
            Err(error) => report.fault("unread", &error.to_string()),
        }
    }
}

/// A model that must not be served: loading or asking fails, with words that help.
fn refused(
    loaded: Result<Model, longshore_engine::Error>,
    case: &Case,
    words: &[String],
    report: &mut Report,
) {
    let refusal = match loaded {
        Err(error) => error,
        Ok(model) => {
            let asked = case.input.as_ref().map(|table| {
                let method = model.predictor.methods().first().copied();
                method.map(|method| model.predictor.run(method, table))
            });
            match asked {
                Some(Some(Err(error))) => error,
                _ => return report.fault("refused", "the model was loaded and answers"),
            }
        }
    };
    report.mentions(&refusal.to_string(), words);
}

/// Every method with an expected answer.
fn answer(model: &Model, question: &Question, report: &mut Report) {
    for (method, expected) in &question.expected {
        if !model.predictor.methods().contains(method) {
            let has = model.predictor.methods();
            report.fault(method.name(), &format!("there is no such method; there are {has:?}"));
            continue;
        }
        match model.predictor.run(*method, &question.table) {
            Ok(output) => compare(&output, expected, method.name(), report),
            Err(error) => report.fault(method.name(), &error.to_string()),
        }
    }
}

/// Compares a whole answer; the first difference is reported.
fn compare(got: &Output, want: &Expected, method: &str, report: &mut Report) {
    report.answers += 1;
    match golden::compare(got, want) {
        Ok(Ok(_)) => {}
        Ok(Err(Difference::Form(reason))) => report.fault(method, &reason),
        Ok(Err(Difference::Value { row, got, want, ulps, .. })) => {
            report.difference(method, row, &got, &want, ulps);
        }
        Err(error) => report.fault(method, &error.to_string()),
    }
}

/// A row alone gives the same bits as the row among others.
fn row_by_row(model: &Model, question: &Question, report: &mut Report) {
    for (method, _) in &question.expected {
        let Ok(all) = model.predictor.run(*method, &question.table) else { continue };
        for row in 0..question.table.rows {
            let alone = case::one_row(&question.table, row);
            match model.predictor.run(*method, &alone) {
                Ok(output) => row::same(&all, row, &output, method.name(), report),
                Err(error) => report.fault(method.name(), &format!("row {row} alone: {error}")),
            }
        }
    }
}

/// Rows that came apart and are answered at once give the same bits as each alone.
fn joined(model: &Model, question: &Question, report: &mut Report) {
    let rows: Vec<Table> =
        (0..question.table.rows).map(|row| case::one_row(&question.table, row)).collect();
    let Some(table) = Table::join(&rows.iter().collect::<Vec<_>>()) else { return };
    for (method, _) in &question.expected {
        let Ok(all) = model.predictor.run(*method, &table) else { continue };
        for (row, alone) in rows.iter().enumerate() {
            let Ok(alone) = model.predictor.run(*method, alone) else { continue };
            let part = all.slice(row..row + 1);
            let is_shaped =
                part.as_ref().is_some_and(|part| (part.rows, part.columns) == (1, alone.columns));
            if !is_shaped {
                report.fault(method.name(), &format!("row {row} has another shape when joined"));
            }
            row::same(&all, row, &alone, method.name(), report);
        }
    }
}

/// Whether two tables of a test differ only in their rows.
#[test]
fn a_row_alone_keeps_its_columns() {
    let table = Table::matrix(2, 2, vec![1.0, 2.0, 3.0, 4.0]);
    let Data::F64(row) = case::one_row(&table, 1).data else { panic!("the type changed") };
    assert_eq!((row.columns, row.values), (2, vec![3.0, 4.0]));
}
