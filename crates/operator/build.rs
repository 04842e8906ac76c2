//! Compresses the definitions of `deploy/crds` into the program: most of their text repeats.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../deploy/crds");
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("failed to list `{}`: {error}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort_unstable();
    let file = File::create(Path::new(&env::var("OUT_DIR")?).join("crds.gz"))?;
    let mut compressed = GzEncoder::new(file, Compression::best());
    for path in paths {
        compressed.write_all(&fs::read(path)?)?;
    }
    compressed.finish()?;
    Ok(())
}
