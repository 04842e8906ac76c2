//! Where MLflow's web page is: as a flag says, or beside an installed `mlflow`. Nothing is executed to find it.

use std::{
    cmp::Reverse,
    env,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Result;
use longshore_tracking::Ui;

use crate::cli::UiArgs;

/// The page below the folder where Python's packages are.
const BUILT: &str = "mlflow/server/js/build";

/// Programs that stand in the `bin` of an environment of Python.
const PROGRAMS: [&str; 3] = ["mlflow", "python3", "python"];

/// Most bytes of a first line that names an interpreter.
const FIRST_LINE: u64 = 256;

/// The page to serve; the log says which one.
///
/// # Errors
/// When the folder of the flag holds no page.
pub(super) fn choose(args: &UiArgs) -> Result<Option<Ui>> {
    if args.no_mlflow_ui {
        return Ok(None);
    }
    if let Some(folder) = &args.mlflow_ui {
        let ui = Ui::open(folder)?;
        tracing::info!("serving MLflow's web page from {}", folder.display());
        return Ok(Some(ui));
    }
    let variable = |name| env::var_os(name).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let environments = [variable("VIRTUAL_ENV"), variable("CONDA_PREFIX")].into_iter().flatten();
    let environments = environments.chain(env::split_paths(&path).flat_map(|bin| beside(&bin)));
    for folder in environments.flat_map(|environment| built(&environment)) {
        match Ui::open(&folder) {
            Ok(ui) => {
                tracing::info!(
                    "serving MLflow's web page from {}, which was found beside; `--no-mlflow-ui` serves none",
                    folder.display()
                );
                return Ok(Some(ui));
            }
            Err(error) => tracing::debug!(%error, "no web page"),
        }
    }
    tracing::info!(
        "no web page: no installed `mlflow` was found; `pip install mlflow` beside, or name its folder with `--mlflow-ui`"
    );
    Ok(None)
}

/// The environments of the programs in a folder of `PATH`: the folder above, that of the program a link leads
/// to, and that of the interpreter which a script names.
fn beside(bin: &Path) -> Vec<PathBuf> {
    let programs = PROGRAMS.iter().map(|name| bin.join(name)).filter(|program| program.is_file());
    let mut found = Vec::new();
    for program in programs {
        let real = fs::canonicalize(&program).ok();
        for program in [Some(program.clone()), interpreter(&program), real].into_iter().flatten() {
            found.extend(program.parent().and_then(Path::parent).map(Path::to_owned));
        }
    }
    found
}

/// The interpreter that the first line of a script names.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let mut start = Vec::new();
    File::open(script).ok()?.take(FIRST_LINE).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let named = PathBuf::from(std::str::from_utf8(line).ok()?.trim());
    (named.is_absolute() && named.is_file()).then_some(named)
}

/// The folders of an environment that hold a page, that of the newest Python first.
fn built(environment: &Path) -> Vec<PathBuf> {
    let libraries = environment.join("lib");
    let entries = fs::read_dir(&libraries).into_iter().flatten().flatten();
    let mut pythons: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix("python")?;
            let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
            Some((Reverse(minor), name))
        })
        .collect();
    pythons.sort();
    let packages = pythons.iter().flat_map(|(_, python)| {
        ["site-packages", "dist-packages"].map(|packages| libraries.join(python).join(packages))
    });
    packages.map(|packages| packages.join(BUILT)).filter(|folder| folder.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::{BUILT, beside, built};

    fn install(environment: &Path, python: &str) {
        let folder = environment.join("lib").join(python).join("site-packages").join(BUILT);
        fs::create_dir_all(folder).expect("folders");
    }

    #[test]
    fn the_page_of_the_newest_python_comes_first() {
        let environment = tempfile::tempdir().expect("a folder");
        for python in ["python3.9", "python3.12", "python3.10"] {
            install(environment.path(), python);
        }
        fs::create_dir_all(environment.path().join("lib/python3.13/site-packages/mlflow"))
            .expect("one without a page");
        let found: Vec<_> = built(environment.path())
            .iter()
            .map(|folder| folder.to_string_lossy().into_owned())
            .collect();
        let order: Vec<_> = found.iter().map(|it| it.split('/').rev().nth(5)).collect();
        assert_eq!(order, ["python3.12", "python3.10", "python3.9"].map(Some), "{found:?}");
    }

    #[test]
    fn a_link_and_a_script_lead_to_their_environments() {
        let around = tempfile::tempdir().expect("a folder");
        let around = fs::canonicalize(around.path()).expect("its path");
        let (linked, named, bin) =
            (around.join("linked"), around.join("named"), around.join("b/bin"));
        for folder in [&linked.join("bin"), &named.join("bin"), &bin] {
            fs::create_dir_all(folder).expect("folders");
        }
        fs::write(linked.join("bin/python3"), "").expect("a program");
        fs::write(named.join("bin/python"), "").expect("a program");
        symlink(linked.join("bin/python3"), bin.join("python3")).expect("a link");
        let script = format!("#!{}\nimport mlflow\n", named.join("bin/python").display());
        fs::write(bin.join("mlflow"), script).expect("a script");
        let found = beside(&bin);
        assert!(found.contains(&linked) && found.contains(&named), "{found:?}");
        assert!(beside(&around.join("none")).is_empty());
    }
}
