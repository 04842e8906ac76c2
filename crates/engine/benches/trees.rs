//! Tree ensembles: microseconds a row, one JSON line a model. `bench/run` runs it beside other engines.
//!
//! `LONGSHORE_BENCH_MODELS` is a folder with `scenarios.tsv`: name, file, method and rows of each
//! model. A word as argument keeps the models whose names have it.

#[path = "shared/measured.rs"]
mod measured;

use std::{env, error::Error, fs, path::Path, time::Duration};

use longshore_engine::{Data, Limits, Matrix, Method, Model, OutputData, Source, Table, load};

const SPENT: Duration = Duration::from_millis(300);

/// Rows of a batch, in the type that `numpy.save` wrote.
struct Rows {
    columns: usize,
    data: Values,
}

enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Rows {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let array = measured::Array::read(path)?;
        let floats = array.values("<f4", f32::from_le_bytes).map(Values::F32);
        let data = floats.or_else(|_| array.values("<f8", f64::from_le_bytes).map(Values::F64))?;
        Ok(Self { columns: array.columns, data })
    }

    fn some(&self, first: usize, rows: usize) -> Option<Table> {
        let columns = self.columns;
        let range = first * columns..(first + rows) * columns;
        let data = match &self.data {
            Values::F32(all) => Data::F32(Matrix { columns, values: all.get(range)?.to_vec() }),
            Values::F64(all) => Data::F64(Matrix { columns, values: all.get(range)?.to_vec() }),
        };
        Some(Table { rows, names: None, data })
    }
}

/// Checks that rows get the answers that they get alone, whatever the kernel of their batch.
fn check(model: &Model, method: Method, rows: &Rows) -> Result<(), Box<dyn Error>> {
    let count = 1_000;
    let run = |first, rows_of_batch| -> Result<OutputData, Box<dyn Error>> {
        let table = rows.some(first, rows_of_batch).ok_or("too few rows")?;
        Ok(model.predictor.run(method, &table)?.data)
    };
    let all = run(0, count)?;
    for row in 0..count {
        let same = match (&all, run(row, 1)?) {
            (OutputData::F64(all), OutputData::F64(one)) => {
                let mut pairs = all.iter().skip(row * one.len()).zip(&one);
                pairs.all(|(a, b)| a.to_bits() == b.to_bits())
            }
            (OutputData::F32(all), OutputData::F32(one)) => {
                let mut pairs = all.iter().skip(row * one.len()).zip(&one);
                pairs.all(|(a, b)| a.to_bits() == b.to_bits())
            }
            _ => return Err("answers are no numbers".into()),
        };
        if !same {
            return Err(format!("row {row} has another answer alone").into());
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = measured::folder()?;
    let word = env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    for line in fs::read_to_string(folder.join("scenarios.tsv"))?.lines() {
        let [name, file, method, rows] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("`{line}` has not four parts").into());
        };
        if !name.contains(&word) {
            continue;
        }
        let method: Method = method.parse().map_err(|()| format!("no method is `{method}`"))?;
        let rows = Rows::read(&folder.join(rows))?;
        let model = load(&Source::open(&folder.join(file))?, &Limits::default())?;
        check(&model, method, &rows).map_err(|error| format!("{name}: {error}"))?;
        measured::measure((name, "longshore"), (&model, method), SPENT, |count| {
            Ok(rows.some(0, count).ok_or("too few rows")?)
        })?;
    }
    Ok(())
}
