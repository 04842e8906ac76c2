//! The layering of `ARCHITECTURE.md`, held against what cargo knows of the workspace.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::Value;

/// Each crate with the crates of the workspace it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("longshore-mlflow", &[]),
    ("longshore-kserve", &[]),
    ("longshore-daemon", &[]),
    ("longshore-engine", &["longshore-mlflow"]),
    ("longshore-storage", &["longshore-mlflow"]),
    (
        "longshore-serve",
        &["longshore-engine", "longshore-mlflow", "longshore-kserve", "longshore-daemon"],
    ),
    (
        "longshore",
        &[
            "longshore-daemon",
            "longshore-engine",
            "longshore-kserve",
            "longshore-mlflow",
            "longshore-serve",
            "longshore-storage",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Package name to the workspace packages it depends on, tests included.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("dependencies");
            let ours = all.iter().map(name).filter(|name| name.starts_with("longshore"));
            (name(package), ours.collect())
        })
        .collect()
}

#[test]
fn no_crate_imports_beyond_its_layer() {
    let dependencies = dependencies();
    let known: Vec<_> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for (package, uses) in &dependencies {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == package) else {
            panic!("`{package}` has no layer; known: {known:?}");
        };
        for used in uses {
            assert!(allowed.contains(&used.as_str()), "`{package}` may not use `{used}`");
        }
    }
    assert_eq!(dependencies.len(), ALLOWED.len(), "a crate of the table is gone: {known:?}");
}

#[test]
fn the_map_names_every_crate() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for package in dependencies().keys() {
        let folder = package.strip_prefix("longshore-").unwrap_or(package);
        assert!(map.contains(&format!("`crates/{folder}`")), "ARCHITECTURE.md misses `{folder}`");
    }
}

#[test]
fn no_source_file_outgrows_its_reader() {
    let mut large = Vec::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "golden" {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let lines = std::fs::read_to_string(&path).expect("UTF-8").lines().count();
                if lines > 800 {
                    large.push((path, lines));
                }
            }
        }
    }
    assert!(large.is_empty(), "files above 800 lines: {large:?}");
}
