//! Tree ensembles: microseconds a row, one JSON line a model. `bench/run` runs it beside other engines.
//!
//! `LONGSHORE_BENCH_MODELS` is a folder with `scenarios.tsv`: name, file, method and rows of each
//! model. A word as argument keeps the models whose names have it.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use longshore_engine::{Data, Limits, Matrix, Method, Model, OutputData, Source, Table, load};

const BATCHES: [usize; 4] = [1, 32, 1_000, 20_000];
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
    /// A two-dimensional array of floats or doubles in C order, as `numpy.save` writes it.
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let bytes = fs::read(path)?;
        let length = u16::from_le_bytes(bytes.get(8..10).ok_or("no header")?.try_into()?);
        let start = 10 + usize::from(length);
        let header = std::str::from_utf8(bytes.get(10..start).ok_or("no header")?)?;
        let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
        let columns = shape.and_then(|(shape, _)| shape.split(',').nth(1)).ok_or("no shape")?;
        if !header.contains("'fortran_order': False") {
            return Err("not in C order".into());
        }
        let values = bytes.get(start..).ok_or("no data")?;
        let data = if header.contains("'<f4'") {
            let each = values.as_chunks::<4>().0.iter();
            Values::F32(each.map(|bytes| f32::from_le_bytes(*bytes)).collect())
        } else if header.contains("'<f8'") {
            let each = values.as_chunks::<8>().0.iter();
            Values::F64(each.map(|bytes| f64::from_le_bytes(*bytes)).collect())
        } else {
            return Err("neither floats nor doubles".into());
        };
        Ok(Self { columns: columns.trim().parse()?, data })
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
        let mut figures = Vec::new();
        for count in BATCHES {
            let table = rows.some(0, count).ok_or("too few rows")?;
            figures.push(format!("\"{count}\": {:.4}", best(&model, method, &table)?));
        }
        println!(
            "{{\"model\": \"{name}\", \"engine\": \"longshore\", \"us_per_row\": {{{}}}}}",
            figures.join(", ")
        );
    }
    Ok(())
}
