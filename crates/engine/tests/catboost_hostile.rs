//! Damaged and hostile files of CatBoost are errors: never a panic, a hang or more than their share
//! of memory.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{fs, path::Path, process::Command, time::Instant};

use longshore_engine::{Data, Error, Limits, Matrix, Model, Source, Table, load};

#[path = "catboost_hostile/writer.rs"]
mod writer;

use writer::{Writer, model};

/// A golden model, unpacked.
fn golden(case: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/catboost-1.2.10");
    let packed = fs::File::open(folder.join(case).join("model.cbm.gz")).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut bytes).unwrap();
    bytes
}

const GOLDEN: &[&str] = &["catboost-binary", "catboost-ctr-combined", "catboost-lossguide-classes"];

fn read(bytes: &[u8]) -> Result<Model, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.cbm");
    fs::write(&path, bytes).unwrap();
    load(&Source::File(path), &Limits::default())
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).map(|_| ()).unwrap_err().to_string()
}

/// Places in a file of the library: where the fields of tables stand.
struct File(Vec<u8>);

impl File {
    fn number(&self, at: usize) -> usize {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap()) as usize
    }

    fn set(&self, at: usize, number: u32) -> Vec<u8> {
        let mut bytes = self.0.clone();
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        bytes
    }

    fn follow(&self, at: usize) -> usize {
        at + self.number(at)
    }

    fn field(&self, table: usize, number: usize) -> Option<usize> {
        let back = i32::from_le_bytes(self.0[table..table + 4].try_into().unwrap());
        let vtable = usize::try_from(table as i64 - i64::from(back)).unwrap();
        let size = usize::from(u16::from_le_bytes([self.0[vtable], self.0[vtable + 1]]));
        let at = vtable + 4 + number * 2;
        let here = at + 2 <= vtable + size;
        let offset = if here { u16::from_le_bytes([self.0[at], self.0[at + 1]]) } else { 0 };
        (offset != 0).then(|| table + usize::from(offset))
    }

    /// The table of the trees.
    fn trees(&self) -> usize {
        let core = self.follow(8);
        self.follow(self.field(core, 1).unwrap())
    }

    /// The table of the first statistics.
    fn statistics(&self) -> usize {
        // the number of parts and the length of the first stand before it
        self.follow(8 + self.number(4) + 8)
    }
}

#[test]
fn every_truncation_is_an_error() {
    for case in GOLDEN {
        let bytes = golden(case);
        assert!(read(&bytes).is_ok(), "{case}");
        let step = (bytes.len() / 300).max(1);
        for len in (4..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            let message = refused(&bytes[..len]);
            assert!(message.contains("byte"), "{case} cut at {len}: {message}");
        }
    }
}

#[test]
fn damage_never_panics() {
    for case in GOLDEN {
        let bytes = golden(case);
        let step = (bytes.len() / 400).max(1);
        for place in (0..bytes.len()).step_by(step) {
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] ^= change;
                let Ok(model) = read(&damaged) else { continue };
                let columns = model.inputs().columns.unwrap();
                if columns <= 1000 {
                    let data = Data::I64(Matrix { columns, values: vec![1; columns * 9] });
                    let table = Table { rows: 9, names: None, data };
                    for method in model.predictor.methods() {
                        drop(model.predictor.run(*method, &table));
                    }
                }
            }
        }
    }
}

#[test]
fn an_offset_or_a_count_beyond_the_end_is_an_error() {
    let file = File(golden("catboost-ctr-combined"));
    let trees = file.trees();
    let mut lists = 0;
    // the lists that are read of trees that are symmetric
    for number in [1, 2, 4, 5, 6, 7, 8, 9, 10, 16] {
        let Some(at) = file.field(trees, number) else { continue };
        lists += 1;
        for offset in [u32::MAX, 0x7fff_ffff, 0x00ff_ffff] {
            let message = refused(&file.set(at, offset));
            assert!(message.contains("beyond the end"), "{number}: {message}");
        }
        for count in [u32::MAX, 0x4000_0000, 0x00ff_ffff] {
            let message = refused(&file.set(file.follow(at), count));
            assert!(message.contains("longer than the rest"), "{number}: {message}");
        }
    }
    assert!(lists >= 6, "{lists}");
    for at in [4, 8 + file.number(4), 8 + file.number(4) + 4] {
        assert!(read(&file.set(at, u32::MAX)).is_err(), "{at}");
    }
}

#[test]
fn statistics_that_do_not_fit_are_an_error() {
    let file = File(golden("catboost-ctr-combined"));
    let table = file.statistics();
    let hashes = file.follow(file.field(table, 1).unwrap());
    let counts = file.follow(file.field(table, 2).unwrap());
    let message = refused(&file.set(hashes, file.number(hashes) as u32 - 12));
    assert!(message.contains("no power of two"), "{message}");
    let message = refused(&file.set(hashes, 0));
    assert!(message.contains("no power of two"), "{message}");
    for length in [0, 4] {
        let message = refused(&file.set(counts, length));
        assert!(message.contains("has no counts"), "{message}");
    }
    // no statistics at all
    let message = refused(&file.set(8 + file.number(4), 0));
    assert!(message.contains("statistics"), "{message}");
}

#[test]
fn scores_and_columns_that_the_file_has_no_room_for_are_an_error() {
    assert!(read(&model(Writer::floats(4, 3), 1, &[(1, vec![0])])).is_ok());
    let message = refused(&model(Writer::floats(4, 3), 1 << 16, &[(1, vec![0])]));
    assert!(message.contains("number of scores"), "{message}");
    let far = |writer: &mut Writer| writer.float(0, 1 << 23, &[0.5]);
    let message = refused(&model(Writer::lists(vec![Box::new(far)]), 1, &[(1, vec![0])]));
    assert!(message.contains("no place in a row"), "{message}");
    let message = refused(&model(Writer::floats(4, 3), 1, &[(1, vec![12])]));
    assert!(message.contains("splits have no borders"), "{message}");
    let message = refused(&model(Writer::floats(4, 3), 1, &[(25, vec![0; 25])]));
    assert!(message.contains("trees"), "{message}");
}

/// Files of about 12 MB that are as large for what they hold as one can make them.
fn large(name: &str) -> Vec<u8> {
    match name {
        "borders" => model(Writer::floats(1, 3_000_000), 1, &[(1, vec![0])]),
        "columns" => model(Writer::floats(300_000, 1), 1, &[(1, vec![0])]),
        "splits" => {
            let trees: Vec<_> = (0..300_000).map(|_| (2, vec![0, 1])).collect();
            model(Writer::floats(1, 3), 1, &trees)
        }
        _ => {
            assert_eq!(name, "one table many times");
            let mut writer = Writer::default();
            writer.repeat(3_000_000);
            model(writer, 1, &[(1, vec![0])])
        }
    }
}

/// A figure of `/proc/self/status`, in bytes.
#[cfg(target_os = "linux")]
fn status(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Runs in the child: reads the file of one case, and says what that took.
#[cfg(target_os = "linux")]
#[test]
fn child() {
    let Ok(path) = std::env::var("CATBOOST_FILE") else { return };
    let (before, begun) = (status("VmRSS"), Instant::now());
    let model = load(&Source::open(Path::new(&path)).unwrap(), &Limits::default());
    let uses = model.as_ref().map_or(0, |model| model.inputs().columns.unwrap_or(0));
    let (taken, seconds) = (status("VmHWM") - before, begun.elapsed().as_secs_f64());
    println!("TAKEN {taken} {seconds} {} {uses}", model.is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn reading_takes_at_most_twice_the_file_and_64_mb() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["borders", "columns", "splits", "one table many times"] {
        let bytes = large(name);
        let path = folder.path().join(format!("{name}.cbm"));
        fs::write(&path, &bytes).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("CATBOOST_FILE", &path)
            .output()
            .unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let line = output.lines().find_map(|line| line.split_once("TAKEN ")).map(|(_, rest)| rest);
        let figures: Vec<&str> =
            line.unwrap_or_else(|| panic!("{name}: {output}")).split(' ').collect();
        let taken: usize = figures[0].parse().unwrap();
        println!("{name}: {} MB for {} MB: {figures:?}", taken >> 20, bytes.len() >> 20);
        assert!(taken <= 2 * bytes.len() + (64 << 20), "{name} takes {} MB", taken >> 20);
        assert!(figures[1].parse::<f64>().unwrap() < 10.0, "{name}: {figures:?}");
        assert_eq!(figures[2] == "true", name != "one table many times", "{name}");
    }
}
