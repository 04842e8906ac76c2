//! Support vector machines, neighbours, networks and Gaussian processes: microseconds a row, one JSON line
//! a model. `bench/run` runs it beside scikit-learn, on one core and on all.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use longshore_engine::{Csr, Data, Limits, Matrix, Method, Model, Source, Table, load};
use serde_json::Value;

const BATCHES: [usize; 4] = [1, 32, 1_000, 20_000];
const SPENT: Duration = Duration::from_secs(1);

/// A two-dimensional f64 array in C order, as `numpy.save` writes it.
fn read_npy(path: &Path) -> Result<Matrix<f64>, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let length = u16::from_le_bytes(bytes.get(8..10).ok_or("no header")?.try_into()?);
    let start = 10 + usize::from(length);
    let header = std::str::from_utf8(bytes.get(10..start).ok_or("no header")?)?;
    let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
    let columns = shape.and_then(|(shape, _)| shape.split(',').nth(1)).ok_or("no shape")?;
    if !header.contains("'<f8'") || !header.contains("'fortran_order': False") {
        return Err("not an f64 array in C order".into());
    }
    let (values, _) = bytes.get(start..).ok_or("no data")?.as_chunks::<8>();
    let values = values.iter().map(|eight| f64::from_le_bytes(*eight)).collect();
    Ok(Matrix { columns: columns.trim().parse()?, values })
}

/// The first rows, without their zeros when the model is asked with sparse ones.
fn table(all: &Matrix<f64>, rows: usize, is_sparse: bool) -> Result<Table, Box<dyn Error>> {
    let columns = all.columns;
    let values = all.values.get(..rows * columns).ok_or("too few rows")?;
    let data = if is_sparse {
        let mut csr = Csr { columns, starts: vec![0], ..Csr::default() };
        for row in values.chunks_exact(columns) {
            for (column, &value) in (0..).zip(row).filter(|(_, value)| **value != 0.0) {
                csr.indices.push(column);
                csr.values.push(value);
            }
            csr.starts.push(csr.values.len());
        }
        Data::Sparse(csr)
    } else {
        Data::F64(Matrix { columns, values: values.to_vec() })
    };
    Ok(Table { rows, names: None, data })
}

/// The fastest of the calls that fit into a second, as microseconds a row.
fn best(model: &Model, method: Method, table: &Table) -> Result<f64, Box<dyn Error>> {
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
        return Err("`LONGSHORE_BENCH_MODELS` names the folder that `bench/setup` filled".into());
    };
    let scenario = env::var("LONGSHORE_BENCH_SCENARIO").unwrap_or_default();
    let engine = env::var("LONGSHORE_BENCH_ENGINE").unwrap_or_else(|_| "longshore".into());
    let entries: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("models.json"))?)?;
    for entry in entries {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        if !scenario.is_empty() && text("scenario") != scenario {
            continue;
        }
        let model = load(&Source::open(&folder.join(text("file")))?, &Limits::default())?;
        let method =
            if text("method") == "predict" { Method::Predict } else { Method::PredictProba };
        let all = read_npy(&folder.join(format!("{}.npy", text("rows"))))?;
        let mut figures = Vec::new();
        for rows in BATCHES {
            let table = table(&all, rows, text("rows") == "thin")?;
            figures.push(format!("\"{rows}\": {:.4}", best(&model, method, &table)?));
        }
        println!(
            "{{\"model\": \"{}\", \"engine\": \"{engine}\", \"us_per_row\": {{{}}}}}",
            text("name"),
            figures.join(", ")
        );
    }
    Ok(())
}
