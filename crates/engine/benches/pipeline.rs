//! Rows through whole pipelines: the models of the examples, as they are served.

use std::{error::Error, path::Path, sync::Arc};

use criterion::{BatchSize, Criterion};
use longshore_engine::{Column, Data, Limits, Method, Model, Source, Table, TextColumn, load};

/// One wine of the example's request.
const WINE: [f64; 13] =
    [14.23, 1.71, 2.43, 15.6, 127.0, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065.0];

/// Rows of the same values in the layout a batch arrives in.
fn wines(rows: usize) -> Table {
    Table::matrix(rows, WINE.len(), WINE.repeat(rows))
}

fn documents(rows: usize) -> Table {
    let text = "hello, could you please tell me when my order from last week will be delivered?";
    let texts: TextColumn = std::iter::repeat_n(Some(text), rows).collect();
    Table { rows, names: None, data: Data::Documents(texts) }
}

/// Rows for `frame-logistic` of the golden cases: numbers and words by name.
fn frame(model: &Model, rows: usize) -> Table {
    let texts = |text| Column::Text(std::iter::repeat_n(Some(text), rows).collect());
    let columns = vec![
        Column::F64(vec![41.0; rows]),
        Column::F64(vec![3_200.5; rows]),
        Column::I64(vec![2; rows]),
        Column::Bool(vec![true; rows]),
        texts("Oslo"),
        texts("blue"),
    ];
    let names: Option<Arc<_>> = model.inputs().names;
    Table { rows, names, data: Data::Columns(columns) }
}

fn open(path: &str) -> Result<Model, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Ok(load(&Source::open(&root.join(path))?, &Limits::default())?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let wine = open("examples/wine/model")?;
    let chatbot = open("examples/chatbot-intents/model")?;
    let frames = open("crates/engine/tests/golden/sklearn-1.9.1/frame-logistic/model.p1.pkl")?;
    for rows in [1, 1_000] {
        let questions = [
            ("wine", &wine, wines(rows)),
            ("chatbot", &chatbot, documents(rows)),
            ("frame", &frames, frame(&frames, rows)),
        ];
        for (name, model, table) in questions {
            let ask = |table: &Table| model.predictor.run(Method::PredictProba, table);
            ask(&table)?;
            criterion.bench_function(&format!("{name}/{rows}"), |bench| {
                bench.iter_batched_ref(|| table.clone(), |table| ask(table), BatchSize::SmallInput);
            });
        }
    }
    criterion.final_summary();
    Ok(())
}
