//! What the benchmarks beside other libraries share: arrays of numpy, and the time a row takes.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use longshore_engine::{Method, Model, Table};

const BATCHES: [usize; 4] = [1, 32, 1_000, 20_000];

/// The folder that `bench/setup` filled.
pub(crate) fn folder() -> Result<PathBuf, Box<dyn Error>> {
    let folder = env::var_os("LONGSHORE_BENCH_MODELS").map(PathBuf::from);
    folder.ok_or_else(|| "`LONGSHORE_BENCH_MODELS` names a folder that `bench/setup` filled".into())
}

/// A two-dimensional array in C order, as `numpy.save` writes it.
pub(crate) struct Array {
    pub(crate) columns: usize,
    header: String,
    bytes: Vec<u8>,
}

impl Array {
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let bytes = fs::read(path)?;
        let length = u16::from_le_bytes(bytes.get(8..10).ok_or("no header")?.try_into()?);
        let start = 10 + usize::from(length);
        let header = std::str::from_utf8(bytes.get(10..start).ok_or("no header")?)?;
        let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
        let columns = shape.and_then(|(shape, _)| shape.split(',').nth(1)).ok_or("no shape")?;
        if !header.contains("'fortran_order': False") {
            return Err("not in C order".into());
        }
        let columns = columns.trim().parse()?;
        let bytes_of_values = bytes.get(start..).ok_or("no data")?.to_vec();
        Ok(Self { columns, header: header.to_owned(), bytes: bytes_of_values })
    }

    /// All values of an array of this type, such as `<f4`.
    pub(crate) fn values<T, const N: usize>(
        &self,
        kind: &str,
        read: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Box<dyn Error>> {
        if !self.header.contains(&format!("'{kind}'")) {
            return Err(format!("not an array of `{kind}`").into());
        }
        Ok(self.bytes.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).collect())
    }
}

/// Measures batches of each size, which `table` makes, for so long each, and prints one JSON line.
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
pub(crate) fn measure(
    (name, engine): (&str, &str),
    (model, method): (&Model, Method),
    spent: Duration,
    table: impl Fn(usize) -> Result<Table, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut figures = Vec::new();
    for rows in BATCHES {
        figures.push(format!("\"{rows}\": {:.4}", best(model, method, &table(rows)?, spent)?));
    }
    println!(
        "{{\"model\": \"{name}\", \"engine\": \"{engine}\", \"us_per_row\": {{{}}}}}",
        figures.join(", ")
    );
    Ok(())
}

/// The fastest of the calls that fit into the time, as microseconds a row.
fn best(
    model: &Model,
    method: Method,
    table: &Table,
    spent: Duration,
) -> Result<f64, Box<dyn Error>> {
    model.predictor.run(method, table)?;
    let (begun, mut least) = (Instant::now(), Duration::MAX);
    while begun.elapsed() < spent {
        let start = Instant::now();
        std::hint::black_box(model.predictor.run(method, std::hint::black_box(table))?);
        least = least.min(start.elapsed());
    }
    let rows = u32::try_from(table.rows)?;
    Ok(least.as_secs_f64() * 1e6 / f64::from(rows))
}
