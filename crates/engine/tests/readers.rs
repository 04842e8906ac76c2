//! Every golden model file is read, and all files of a case hold the same values.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use longshore_engine::{
    Limits,
    read::{self, Array, Cursor, Document, Format, Id, Kind},
};

#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Two values are the same: equal parts at equal places, however they are stored and shared.
struct Comparison<'a> {
    left: &'a Document,
    right: &'a Document,
    seen: HashSet<(Id, Id)>,
    path: Vec<String>,
    /// One is a skops file, which stores what is made by Cython in its own way.
    relaxed: bool,
}

/// Attributes that skops stores in another form than pickle. Training needs them, answering does
/// not.
const FOREIGN: &[&str] = &["closs", "_loss_function_", "loss_function_"];

/// Classes and functions whose objects skops stores in another form than pickle.
const GENERATORS: &[&str] =
    &["Generator", "MaskedArray", "RandomState", "__generator_ctor", "__randomstate_ctor"];

impl Comparison<'_> {
    fn run(left: &Document, right: &Document, relaxed: bool) -> Result<(), String> {
        let mut this = Comparison { left, right, seen: HashSet::new(), path: Vec::new(), relaxed };
        this.same(left.root(), right.root())
    }

    fn differ(&self, left: Cursor<'_>, right: Cursor<'_>) -> Result<(), String> {
        Err(format!("at {}: {:?} and {:?}", self.path.join(""), left.kind(), right.kind()))
    }

    fn same(&mut self, left: Cursor<'_>, right: Cursor<'_>) -> Result<(), String> {
        if !self.seen.insert((left.id(), right.id())) {
            return Ok(());
        }
        let equal = match (left.kind(), right.kind()) {
            (Kind::None, Kind::None) => true,
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::Int(a), Kind::Int(b)) => a == b,
            (Kind::Float(a), Kind::Float(b)) => a.to_bits() == b.to_bits(),
            (Kind::BigInt(a), Kind::BigInt(b)) => {
                let len = a.len().max(b.len());
                (0..len).all(|i| a.get(i).unwrap_or(&0) == b.get(i).unwrap_or(&0))
            }
            (Kind::Text(a), Kind::Text(b)) | (Kind::Global(_, a), Kind::Global(_, b)) => a == b,
            (Kind::Bytes(a), Kind::Bytes(b)) => a == b,
            (Kind::Dtype(a), Kind::Dtype(b)) => a == b,
            (Kind::List(a), Kind::List(b))
            | (Kind::Tuple(a), Kind::Tuple(b))
            | (Kind::Set(a), Kind::Set(b)) => return self.items(left, a, right, b),
            (Kind::Dict(a), Kind::Dict(b)) => return self.pairs(left, a, right, b),
            (Kind::Array(a), Kind::Array(b)) => return self.arrays(left, a, right, b),
            (Kind::Object(_), Kind::Object(_))
                if self.relaxed && left.class_name().starts_with("cs") =>
            {
                // sparse: the caches of what scipy knows about the order are left out
                for name in ["_shape", "indices", "indptr", "data"] {
                    let (Some(a), Some(b)) = (left.attr(name), right.attr(name)) else {
                        return self.differ(left, right);
                    };
                    self.same(a, b)?;
                }
                true
            }
            (Kind::Object(_), Kind::Object(_))
                if self.relaxed && GENERATORS.contains(&right.class_name()) =>
            {
                true
            }
            (Kind::Object(a), Kind::Object(b)) => {
                self.same(left.go(a.class), right.go(b.class))?;
                self.items(left, &a.args, right, &b.args)?;
                self.items(left, &a.items, right, &b.items)?;
                self.pairs(left, &a.pairs, right, &b.pairs)?;
                return match (a.state, b.state) {
                    (Some(a), Some(b)) => self.same(left.go(a), right.go(b)),
                    (None, None) => Ok(()),
                    _ => self.differ(left, right),
                };
            }
            _ => false,
        };
        if equal { Ok(()) } else { self.differ(left, right) }
    }

    fn items(
        &mut self,
        left: Cursor<'_>,
        a: &[Id],
        right: Cursor<'_>,
        b: &[Id],
    ) -> Result<(), String> {
        if a.len() != b.len() {
            return self.differ(left, right);
        }
        for (index, (a, b)) in a.iter().zip(b).enumerate() {
            self.path.push(format!("[{index}]"));
            self.same(left.go(*a), right.go(*b))?;
            self.path.pop();
        }
        Ok(())
    }

    fn pairs(
        &mut self,
        left: Cursor<'_>,
        a: &[(Id, Id)],
        right: Cursor<'_>,
        b: &[(Id, Id)],
    ) -> Result<(), String> {
        if a.len() != b.len() {
            return self.differ(left, right);
        }
        for (a, b) in a.iter().zip(b) {
            self.same(left.go(a.0), right.go(b.0))?;
            let key = left.go(a.0).as_str().unwrap_or("?");
            if self.relaxed && FOREIGN.contains(&key) {
                continue;
            }
            self.path.push(format!(".{key}"));
            self.same(left.go(a.1), right.go(b.1))?;
            self.path.pop();
        }
        Ok(())
    }

    fn arrays(
        &mut self,
        left: Cursor<'_>,
        a: &Array,
        right: Cursor<'_>,
        b: &Array,
    ) -> Result<(), String> {
        if a.dtype != b.dtype || a.shape != b.shape {
            return self.differ(left, right);
        }
        if let (Some(a), Some(b)) = (a.objects(), b.objects()) {
            return self.items(left, a, right, b);
        }
        let equal = match (a.f64s(self.left), b.f64s(self.right)) {
            (Ok(a), Ok(b)) => a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()),
            (Err(_), Err(_)) => a.raw(self.left) == b.raw(self.right),
            _ => false,
        };
        if equal { Ok(()) } else { self.differ(left, right) }
    }
}

#[test]
fn all_pickles_of_a_case_hold_the_same_values() {
    let mut all = Vec::new();
    files(&golden(), &mut all);
    all.sort();
    let (mut read, mut compared, mut faults) = (0, 0, Vec::new());
    let mut first: Option<(PathBuf, Document)> = None;
    for path in all {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !(name.contains(".pkl") || name.contains(".joblib") || name.contains(".skops"))
            || path.to_str().unwrap().contains("/refused/")
            // the files of a chain are parts of one model
            || path.to_str().unwrap().contains("/chain-")
        {
            continue;
        }
        let bytes = read::file(&path, &Limits::default()).unwrap();
        let document = match read::document(bytes, &Limits::default()) {
            Ok(document) => document,
            Err(error) => {
                faults.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        read += 1;
        match &first {
            Some((other, reference)) if other.parent() == path.parent() => {
                compared += 1;
                let relaxed = [other, &path].iter().any(|p| p.extension().unwrap() == "skops");
                if let Err(fault) = Comparison::run(reference, &document, relaxed) {
                    let other = other.file_name().unwrap().display();
                    faults.push(format!("{} and {other}: {fault}", path.display()));
                }
            }
            _ => first = Some((path, document)),
        }
    }
    println!("{read} files read, {compared} pairs compared");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(read > 500 && compared > 300);
}

#[test]
fn every_container_is_told_by_its_first_bytes() {
    let mut all = Vec::new();
    files(&golden(), &mut all);
    for path in all {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let end = name.split_once('.').map_or("", |(_, end)| end);
        let expected = match end {
            "cloudpickle.pkl" | "p0.pkl" | "p1.pkl" | "p2.pkl" | "p3.pkl" | "p4.pkl" | "p5.pkl"
            | "pkl" | "joblib" => Format::Pickle,
            "joblib.z" => Format::Zlib,
            "joblib.gz" => Format::Gzip,
            "joblib.bz2" => Format::Bzip2,
            "joblib.xz" => Format::Xz,
            "joblib.lzma" => Format::Lzma,
            "joblib.lz4" => Format::Lz4,
            "skops" | "deflated.skops" => Format::Zip,
            _ => continue,
        };
        assert_eq!(read::sniff(&fs::read(&path).unwrap()), expected, "{}", path.display());
    }
}

#[test]
fn code_that_a_file_carries_is_named_and_hostile_files_are_refused() {
    let (mut functions, mut classes, mut hostile) = (0, 0, 0);
    let mut all = Vec::new();
    files(&golden().join("refused"), &mut all);
    for path in all {
        let name = path.to_str().unwrap();
        if !name.contains("/sklearn-") || path.extension().is_none_or(|e| e != "pkl") {
            continue;
        }
        let bytes = read::file(&path, &Limits::default()).unwrap();
        let result = read::document(bytes, &Limits::default());
        if name.contains("-hostile-") {
            hostile += 1;
            let message = result.unwrap_err().to_string();
            assert!(message.contains("hostile"), "{name}: {message}");
            if name.contains("-getattr") {
                assert!(message.contains("getattr") && message.contains("__import__"), "{message}");
            }
            continue;
        }
        let document = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        // the fitted steps, or the estimator alone
        let root = document.root();
        let steps = root.attr("steps").and_then(Cursor::items).map_or(vec![root], |steps| {
            steps.iter().map(|id| root.go(root.go(*id).items().unwrap()[1])).collect()
        });
        for step in steps {
            let function = ["func", "analyzer", "kernel", "metric"]
                .iter()
                .find_map(|attribute| step.attr(attribute)?.code());
            if let Some(code) = function {
                functions += 1;
                assert_eq!(code.file, "train.py");
                assert!(code.line.is_some_and(|line| line > 0));
                assert!(!code.name.is_empty());
            }
            if let Some(class) = step.carried_class() {
                classes += 1;
                assert_eq!(class, "Doubler");
            }
        }
    }
    assert!(functions >= 6 && classes >= 3 && hostile >= 18, "{functions} {classes} {hostile}");
}
