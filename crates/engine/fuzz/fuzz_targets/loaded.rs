//! A whole model file, read and built.

use std::{fs, path::PathBuf, process, sync::LazyLock};

use longshore_engine::{Limits, Model, Source, load};

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("longshore-fuzz-{}", process::id())));

/// The model and its columns; `None` for what is no model, and for one too wide to ask often.
pub fn model(bytes: &[u8]) -> Option<(Model, usize)> {
    fs::write(&*FILE, bytes).expect("a temporary folder to write to");
    let model = load(&Source::File(FILE.clone()), &Limits::default()).ok()?;
    let columns = model.inputs().columns.unwrap_or(3);
    (columns <= 4096).then_some((model, columns))
}
