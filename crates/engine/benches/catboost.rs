//! CatBoost's kinds of trees on one thread: microseconds a row, one JSON line a model. `bench/run` runs it beside the library.
//!
//! `LONGSHORE_BENCH_MODELS` is a folder with `scenarios.tsv`: name, file, method, rows and how many of
//! the last columns are categories, for each model. A word as argument keeps the models whose names
//! have it.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use longshore_engine::{Column, Data, Limits, Matrix, Method, Model, Source, Table, load};

const BATCHES: [usize; 4] = [1, 32, 1_000, 20_000];
const SPENT: Duration = Duration::from_millis(300);

/// A two-dimensional f32 array in C order, as `numpy.save` writes it.
fn read_npy(path: &Path) -> Result<Matrix<f32>, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let length = u16::from_le_bytes(bytes.get(8..10).ok_or("no header")?.try_into()?);
    let start = 10 + usize::from(length);
    let header = std::str::from_utf8(bytes.get(10..start).ok_or("no header")?)?;
    let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
    let columns = shape.and_then(|(shape, _)| shape.split(',').nth(1)).ok_or("no shape")?;
    if !header.contains("'<f4'") || !header.contains("'fortran_order': False") {
        return Err("not an f32 array in C order".into());
    }
    let values = bytes.get(start..).ok_or("no data")?.as_chunks::<4>().0;
    let values = values.iter().map(|four| f32::from_le_bytes(*four)).collect();
    Ok(Matrix { columns: columns.trim().parse()?, values })
}

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

/// The fastest of the calls that fit into the time, as microseconds a row.
fn best(model: &Model, method: Method, table: &Table) -> Result<f64, Box<dyn Error>> {
    model.predictor.run(method, table)?;
    let (begun, mut least) = (Instant::now(), Duration::MAX);
    while begun.elapsed() < SPENT {
        let start = Instant::now();
        std::hint::black_box(model.predictor.run(method, std::hint::black_box(table))?);
        least = least.min(start.elapsed());
    }
    let rows = u32::try_from(table.rows)?;
    Ok(least.as_secs_f64() * 1e6 / f64::from(rows))
}

#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = env::var_os("LONGSHORE_BENCH_MODELS").map(PathBuf::from) else {
        return Err("`LONGSHORE_BENCH_MODELS` names a folder that `bench/setup` filled".into());
    };
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
        let rows = read_npy(&folder.join(rows))?;
        let model = load(&Source::open(&folder.join(file))?, &Limits::default())?;
        let mut figures = Vec::new();
        for count in BATCHES {
            let table = first(&rows, count, categories)?;
            figures.push(format!("\"{count}\": {:.4}", best(&model, method, &table)?));
        }
        println!(
            "{{\"model\": \"{name}\", \"engine\": \"longshore\", \"us_per_row\": {{{}}}}}",
            figures.join(", ")
        );
    }
    Ok(())
}
