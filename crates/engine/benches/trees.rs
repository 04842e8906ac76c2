//! Tree ensembles on one thread: microseconds a row, one JSON line a model. `bench/run` runs it beside other engines.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use longshore_engine::{Data, Limits, Matrix, Method, Model, Source, Table, load};

const BATCHES: [usize; 4] = [1, 32, 1_000, 20_000];
const SPENT: Duration = Duration::from_secs(1);
/// Name in the tables, file, method.
const MODELS: [(&str, &str, Method); 4] = [
    ("xgboost 500x6", "xgboost.ubj", Method::Predict),
    ("lightgbm 500x63", "lightgbm.txt", Method::Predict),
    ("catboost 500x6", "catboost.cbm", Method::PredictProba),
    ("forest 100x12", "forest.joblib", Method::PredictProba),
];

/// A two-dimensional f32 array in C order, as `numpy.save` writes it.
fn read_npy(path: &Path) -> Result<(usize, Vec<f32>), Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let length = u16::from_le_bytes(bytes.get(8..10).ok_or("no header")?.try_into()?);
    let start = 10 + usize::from(length);
    let header = std::str::from_utf8(bytes.get(10..start).ok_or("no header")?)?;
    let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
    let columns = shape.and_then(|(shape, _)| shape.split(',').nth(1)).ok_or("no shape")?;
    if !header.contains("'<f4'") || !header.contains("'fortran_order': False") {
        return Err("not an f32 array in C order".into());
    }
    let values = bytes.get(start..).ok_or("no data")?.chunks_exact(4);
    let values = values.map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    Ok((columns.trim().parse()?, values.collect()))
}

/// The fastest of the calls that fit into a second, as microseconds a row.
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
        return Err("`LONGSHORE_BENCH_MODELS` names the folder that `bench/setup` filled".into());
    };
    let (columns, values) = read_npy(&folder.join("rows.npy"))?;
    for (name, file, method) in MODELS {
        let model = load(&Source::open(&folder.join(file))?, &Limits::default())?;
        let mut figures = Vec::new();
        for rows in BATCHES {
            let values = values.get(..rows * columns).ok_or("too few rows")?.to_vec();
            let table = Table { rows, names: None, data: Data::F32(Matrix { columns, values }) };
            figures.push(format!("\"{rows}\": {:.4}", best(&model, method, &table)?));
        }
        println!(
            "{{\"model\": \"{name}\", \"engine\": \"longshore\", \"us_per_row\": {{{}}}}}",
            figures.join(", ")
        );
    }
    Ok(())
}
