//! Compiles the examples' models into the program, as `example://NAME`.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let examples = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../examples");
    println!("cargo::rerun-if-changed={}", examples.display());
    let mut table = String::from("&[\n");
    for folder in sorted(&examples)? {
        let model = folder.join("model");
        if !model.is_dir() {
            continue;
        }
        let name = name_of(&folder);
        writeln!(table, "    Example {{")?;
        writeln!(table, "        name: {name:?},")?;
        writeln!(table, "        uri: \"example://{name}\",")?;
        writeln!(
            table,
            "        request: include_bytes!({:?}),",
            text(&folder.join("request.json"))
        )?;
        writeln!(table, "        files: &[")?;
        for file in sorted(&model)? {
            if file.is_file() {
                let (name, path) = (name_of(&file), text(&file));
                writeln!(table, "            ({name:?}, include_bytes!({path:?})),")?;
            }
        }
        writeln!(table, "        ],\n    }},")?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("examples.rs"), table)?;
    Ok(())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("failed to list `{}`: {error}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort_unstable();
    Ok(paths)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
