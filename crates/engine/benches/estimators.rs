//! Support vector machines, neighbours, networks and Gaussian processes: microseconds a row, one JSON line
//! a model. `bench/run` runs it beside scikit-learn, on one core and on all.

#[path = "shared/measured.rs"]
mod measured;

use std::{env, error::Error, fs, time::Duration};

use longshore_engine::{Csr, Data, Limits, Matrix, Method, Source, Table, load};
use serde_json::Value;

const SPENT: Duration = Duration::from_secs(1);

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

fn main() -> Result<(), Box<dyn Error>> {
    let folder = measured::folder()?;
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
        let array = measured::Array::read(&folder.join(format!("{}.npy", text("rows"))))?;
        let values = array.values("<f8", f64::from_le_bytes)?;
        let all = Matrix { columns: array.columns, values };
        measured::measure((text("name"), &engine), (&model, method), SPENT, |rows| {
            table(&all, rows, text("rows") == "thin")
        })?;
    }
    Ok(())
}
