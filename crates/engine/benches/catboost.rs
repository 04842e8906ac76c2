//! CatBoost's kinds of trees on one thread: microseconds a row, one JSON line a model. `bench/run` runs it beside the library.
//!
//! `LONGSHORE_BENCH_MODELS` is a folder with `scenarios.tsv`: name, file, method, rows and how many of
//! the last columns are categories, for each model. A word as argument keeps the models whose names
//! have it.

#[path = "shared/measured.rs"]
mod measured;

use std::{env, error::Error, fs, time::Duration};

use longshore_engine::{Column, Data, Limits, Matrix, Method, Source, Table, load};

const SPENT: Duration = Duration::from_millis(300);

/// The first rows, of which the last columns are categories.
fn first(all: &Matrix<f32>, rows: usize, categories: usize) -> Result<Table, Box<dyn Error>> {
    let values = all.values.get(..rows * all.columns).ok_or("too few rows")?;
    let data = if categories == 0 {
        Data::F32(Matrix { columns: all.columns, values: values.to_vec() })
    } else {
        let column = |at: usize| {
            let values = values.iter().skip(at).step_by(all.columns);
            if at < all.columns - categories {
                Column::F32(values.copied().collect())
            } else {
                Column::I64(values.map(|&value| value as i64).collect())
            }
        };
        Data::Columns((0..all.columns).map(column).collect())
    };
    Ok(Table { rows, names: None, data })
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = measured::folder()?;
    let word = env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    for line in fs::read_to_string(folder.join("scenarios.tsv"))?.lines() {
        let [name, file, method, rows, categories] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            return Err(format!("`{line}` has not five parts").into());
        };
        if !name.contains(&word) {
            continue;
        }
        let method: Method = method.parse().map_err(|()| format!("`{method}` is no method"))?;
        let categories: usize = categories.parse()?;
        let array = measured::Array::read(&folder.join(rows))?;
        let values = array.values("<f4", f32::from_le_bytes)?;
        let rows = Matrix { columns: array.columns, values };
        let model = load(&Source::open(&folder.join(file))?, &Limits::default())?;
        measured::measure((name, "longshore"), (&model, method), SPENT, |count| {
            first(&rows, count, categories)
        })?;
    }
    Ok(())
}
