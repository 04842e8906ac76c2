//! The layering of `ARCHITECTURE.md`, held against what cargo knows of the workspace.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::Value;

/// Each crate with the crates of the workspace it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("longshore-mlflow", &[]),
    ("longshore-kserve", &[]),
    ("longshore-console", &[]),
    ("longshore-daemon", &[]),
    ("longshore-platform", &[]),
    ("longshore-engine", &["longshore-mlflow"]),
    ("longshore-storage", &["longshore-mlflow"]),
    (
        "longshore-serve",
        &[
            "longshore-console",
            "longshore-engine",
            "longshore-mlflow",
            "longshore-kserve",
            "longshore-daemon",
            "longshore-daemon",
            "longshore-engine",
            "longshore-kserve",
            "longshore-mlflow",
            "longshore-platform",
        ],
    ),
    ("longshore-gateway", &["longshore-daemon", "longshore-kserve", "longshore-platform"]),
    ("longshore-tracking", &["longshore-daemon", "longshore-mlflow"]),
    (
        "longshore-operator",
        &["longshore-daemon", "longshore-kserve", "longshore-mlflow", "longshore-platform"],
    ),
    (
        "longshore",
        &[
            "longshore-daemon",
            "longshore-engine",
            "longshore-gateway",
            "longshore-kserve",
            "longshore-mlflow",
            "longshore-operator",
            "longshore-platform",
            "longshore-serve",
            "longshore-storage",
            "longshore-tracking",
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

/// A file of a crate by its module's path (`protocol::v2`, empty for the root), and the modules that
/// it names in `use crate::…`.
///
/// The scan knows text, not Rust. It does not see paths that are written out in code, `super::`, and
/// what the root or a module exports again: a use counts for the deepest file on its path. A module
/// and those inside of it are one family, whose members may name each other. Unit tests are not read.
fn uses(source: &Path) -> BTreeMap<String, Vec<String>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(source.to_owned(), Vec::<String>::new())];
    while let Some((folder, path)) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let entry = entry.expect("an entry").path();
            let name = entry.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let mut path = path.clone();
            path.push(name);
            if entry.is_dir() {
                folders.push((entry, path));
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&entry).expect("UTF-8");
                let module = path.join("::");
                let root = matches!(&*module, "lib" | "main");
                files.insert(if root { String::new() } else { module }, imports(&text));
            }
        }
    }
    let known: Vec<String> = files.keys().cloned().collect();
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"))
    };
    for (module, imports) in &mut files {
        imports.retain_mut(|import| {
            let on_path = |known: &&String| *import == **known || within(import, known);
            let Some(file) = known.iter().filter(on_path).max_by_key(|known| known.len()) else {
                return false;
            };
            import.clone_from(file);
            import != module && !within(module, import) && !within(import, module)
        });
    }
    files
}

/// The paths in `use crate::…`, without the braces.
fn imports(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = Vec::new();
    for item in text.split("use crate::").skip(1) {
        let item: String = item.split(';').next().unwrap_or_default().split_whitespace().collect();
        let mut outer: Vec<String> = vec![String::new()];
        let mut path = String::new();
        for letter in item.chars() {
            match letter {
                '{' => outer.push(std::mem::take(&mut path)),
                ',' | '}' => {
                    if !path.is_empty() {
                        found.push(outer.concat() + &std::mem::take(&mut path));
                    }
                    if letter == '}' {
                        outer.pop();
                    }
                }
                letter => path.push(letter),
            }
        }
        if !path.is_empty() {
            found.push(path);
        }
    }
    found
}

/// A way from a module back to itself.
fn circle(uses: &BTreeMap<String, Vec<String>>) -> Option<Vec<&str>> {
    fn follow<'u>(
        module: &'u str,
        uses: &'u BTreeMap<String, Vec<String>>,
        way: &mut Vec<&'u str>,
        done: &mut Vec<&'u str>,
    ) -> bool {
        if let Some(begin) = way.iter().position(|passed| *passed == module) {
            way.drain(..begin);
            return true;
        }
        if done.contains(&module) {
            return false;
        }
        way.push(module);
        let next = uses.get(module).map(Vec::as_slice).unwrap_or_default();
        if next.iter().any(|next| follow(next, uses, way, done)) {
            return true;
        }
        way.pop();
        done.push(module);
        false
    }
    let (mut way, mut done) = (Vec::new(), Vec::new());
    uses.keys().any(|module| follow(module, uses, &mut way, &mut done)).then_some(way)
}

#[test]
fn no_modules_of_a_crate_go_in_circles() {
    for package in dependencies().keys() {
        let folder = package.strip_prefix("longshore-").unwrap_or(package);
        let uses = uses(&root().join("crates").join(folder).join("src"));
        assert!(!uses.is_empty(), "`{folder}` has no sources");
        let circle = circle(&uses);
        assert_eq!(circle, None, "modules of `{folder}` use each other in a circle");
    }
}

#[test]
fn a_circle_is_found() {
    let uses = |text: &str| -> BTreeMap<String, Vec<String>> {
        let line = |line: &str| {
            let (module, imports) = line.split_once(": ").expect("a module");
            (module.to_owned(), imports.split(' ').map(str::to_owned).collect())
        };
        text.lines().map(line).collect()
    };
    assert_eq!(circle(&uses("a: b c\nb: c\nc: d")), None);
    assert_eq!(circle(&uses("a: b\nb: c\nc: d\nd: b")), Some(vec!["b", "c", "d"]));
    let text = "use crate::{\n    a::{self, b::{C, D}},\n    Error,\n};\nuse crate::e::F;\n";
    let found = ["a::self", "a::b::C", "a::b::D", "Error", "e::F"];
    assert_eq!(imports(text), found);
}
