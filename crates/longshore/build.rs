//! Compiles the examples' models into the program, as `example://NAME`, and has the linker put side by
//! side what a server runs at its start.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn main() -> Result<(), Box<dyn Error>> {
    order()?;
    provenance()?;
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

/// Tells the program what it is built for and, in a release, of which commit. A build for development tells none: its
/// files may be of no commit at all.
fn provenance() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-env=LONGSHORE_TARGET={}", env::var("TARGET")?);
    println!("cargo::rerun-if-env-changed=LONGSHORE_COMMIT");
    if env::var_os("LONGSHORE_COMMIT").is_some() || env::var("PROFILE")? != "release" {
        return Ok(());
    }
    // an archive of the sources has no commit to tell
    let Some(commit) = git(&["rev-parse", "HEAD"]) else { return Ok(()) };
    println!("cargo::rustc-env=LONGSHORE_COMMIT={commit}");
    if let Some(log) = git(&["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    Ok(())
}

fn git(arguments: &[&str]) -> Option<String> {
    let folder = env::var_os("CARGO_MANIFEST_DIR")?;
    let output = Command::new("git").args(arguments).current_dir(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| output.status.success() && !text.is_empty())
}

/// Names `start.ld` to the linker of a release. `bench/start` says what it is for. Not by flags for rustc: they also reach
/// libraries that are linked on the way, in folders of their own.
fn order() -> Result<(), Box<dyn Error>> {
    let rules = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("start.ld");
    println!("cargo::rerun-if-changed={}", rules.display());
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // a linker that somebody has chosen may not read such rules, as `mold` does not; `release/program` knows that its own does
    println!("cargo::rerun-if-env-changed=LONGSHORE_LINK_ORDER");
    let is_known = env::var_os("LONGSHORE_LINK_ORDER").is_some();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_chosen = env::var_os("RUSTC_LINKER").is_some() || flags.contains("link");
    if is("CARGO_CFG_TARGET_OS", "linux") && is("PROFILE", "release") && (is_known || !is_chosen) {
        println!("cargo::rustc-link-arg-bins=-T{}", rules.display());
    }
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
