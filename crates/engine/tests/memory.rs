//! Reading a file takes at most twice the bytes read, plus 64 MB, whatever is in it, and four times those of
//! LightGBM's text.
//!
//! Each case runs in a process of its own, whose memory the system watches.

#![cfg(target_os = "linux")]

use std::{fs, process::Command};

use longshore_engine::{
    Limits, Source, load,
    read::{self, json, ubjson},
};

/// A figure of `/proc/self/status`, in bytes.
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
fn status(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

type Case = (&'static str, Box<dyn Fn() -> Vec<u8>>);

const SIZE: usize = 12_000_000;

fn repeated(start: &'static [u8], part: &'static [u8]) -> Box<dyn Fn() -> Vec<u8>> {
    Box::new(move || {
        let mut bytes = Vec::with_capacity(SIZE + 64);
        bytes.extend(start);
        while bytes.len() < SIZE {
            bytes.extend(part);
        }
        bytes
    })
}

fn pickles() -> Vec<Case> {
    vec![
        ("empty lists", repeated(b"\x80\x02N", b"]")),
        ("empty dicts", repeated(b"\x80\x02N", b"}")),
        ("the stack", repeated(b"\x80\x02N", b"2")),
        ("marks", repeated(b"\x80\x02N", b"(")),
        ("the memo", repeated(b"\x80\x02N", b"\x94")),
        ("far memo entries", repeated(b"\x80\x02N", b"r\xff\xff\xff\xff")),
        ("tuples", repeated(b"\x80\x02N", b"2\x85")),
        ("pairs of all before", repeated(b"\x80\x02N", b"2\x86")),
        ("tuples of the stack", repeated(b"\x80\x02N", b"(NNNNNNNNt")),
        ("items of one list", repeated(b"\x80\x02](", b"N")),
        ("calls", repeated(b"\x80\x02ca\nb\n\x940", b"h\0)R")),
        ("instances in instances", repeated(b"\x80\x02ca\nb\n\x94", b"h\0)\x812b")),
        ("integers", repeated(b"\x80\x02N", b"\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01")),
        ("dtypes", repeated(b"\x80\x02cnumpy\ndtype\n\x940", b"h\0U\x02f8\x85R")),
        ("byte texts", repeated(b"\x80\x02N", b"U\0")),
        ("latin texts", repeated(b"\x80\x02N", b"V\xff\xff\xff\xff\n")),
    ]
}

fn jsons() -> Vec<Case> {
    vec![
        ("JSON lists", repeated(b"[", b"[],")),
        ("JSON nulls", repeated(b"[", b"null,")),
        ("JSON numbers", repeated(b"[", b"0,")),
        ("JSON floats", repeated(b"[", b"0.5,")),
        ("JSON keys", repeated(b"{", b"\"\":0,")),
    ]
}

fn ubjsons() -> Vec<Case> {
    vec![
        ("UBJSON nulls", repeated(b"[", b"Z")),
        ("UBJSON lists", repeated(b"[", b"[]")),
        ("UBJSON booleans", repeated(b"[", b"T")),
        ("UBJSON integers", repeated(b"[", b"i\0")),
        ("UBJSON keys", repeated(b"{", b"i\0Z")),
    ]
}

/// LightGBM's trees of one digit a number, which take more than they may, and those which just do not.
fn trees(fail: bool) -> Vec<Case> {
    const HEAD: &[u8] = b"tree\nnum_class=1\nmax_feature_idx=0\nobjective=regression\n\n";
    let model = |tree| ended(repeated(HEAD, tree), b"end of trees\n");
    if fail {
        return vec![("trees of one leaf", model(b"Tree\nnum_leaves=1\nleaf_value=1\n"))];
    }
    let tree = b"Tree\nnum_leaves=2\nsplit_feature=0\nthreshold=1\ndecision_type=2\n\
        left_child=-1\nright_child=-2\nleaf_value=1 1\n";
    vec![("trees of one split", model(tree))]
}

fn ended(make: Box<dyn Fn() -> Vec<u8>>, end: &'static [u8]) -> Box<dyn Fn() -> Vec<u8>> {
    Box::new(move || {
        let mut bytes = make();
        bytes.extend(end);
        bytes
    })
}

/// Files that are as they should be, and as large for their values as models get.
fn models() -> Vec<Case> {
    let large: Box<dyn Fn() -> Vec<u8>> = Box::new(|| {
        let mut bytes = b"\x80\x04\x8e".to_vec();
        bytes.extend((SIZE as u64).to_le_bytes());
        bytes.resize(bytes.len() + SIZE, b'x');
        bytes.push(b'.');
        bytes
    });
    // words and their numbers, as text vectorizers have them
    let words: Box<dyn Fn() -> Vec<u8>> = Box::new(|| {
        let mut bytes = b"\x80\x04}\x94(".to_vec();
        for index in 0..1_500_000u32 {
            let word = format!("{index:07}");
            bytes.extend([0x8c, 7]);
            bytes.extend(word.as_bytes());
            bytes.extend([0x94, b'J']);
            bytes.extend(index.to_le_bytes());
        }
        bytes.extend(b"u.");
        bytes
    });
    vec![
        ("one large value", large),
        ("a vocabulary", words),
        ("one long latin text", ended(repeated(b"\x80\x02V", b"\xff"), b"\n.")),
        ("one long quoted text", ended(repeated(b"\x80\x02S'", b"\\xff"), b"'\n.")),
    ]
}

/// Runs in the child: reads the file of one case, and says what that took.
#[test]
fn child() {
    let Ok(wanted) = std::env::var("CASE") else { return };
    let limits = Limits::default();
    let run = |cases: Vec<Case>, read: &dyn Fn(Vec<u8>) -> Result<(), longshore_engine::Error>| {
        let (_, make) = cases.into_iter().find(|(name, _)| *name == wanted)?;
        let before = status("VmRSS");
        let bytes = make();
        let len = bytes.len();
        let message = read(bytes).err().map_or_else(String::new, |error| error.to_string());
        Some((status("VmHWM").saturating_sub(before), len, message))
    };
    let document = |bytes| read::document(bytes, &limits).map(drop);
    let lightgbm = |bytes: Vec<u8>| {
        let kept = tempfile::tempdir().unwrap();
        let path = kept.path().join("model.txt");
        fs::write(&path, bytes).unwrap();
        load(&Source::File(path), &limits).map(drop)
    };
    let (taken, len, message) = run(pickles(), &document)
        .or_else(|| run(trees(true), &lightgbm))
        .or_else(|| run(trees(false), &lightgbm))
        .or_else(|| run(models(), &document))
        .or_else(|| run(jsons(), &|bytes| json::parse(&bytes, &limits).map(drop)))
        .or_else(|| run(ubjsons(), &|bytes| ubjson::parse(&bytes, &limits).map(drop)))
        .unwrap();
    println!("TAKEN {taken} {len} {message}");
}

#[test]
fn reading_takes_at_most_twice_the_bytes_and_64_mb() {
    let mut faults = Vec::new();
    let cases = [
        (pickles(), true, 2),
        (jsons(), true, 2),
        (ubjsons(), true, 2),
        (models(), false, 2),
        (trees(true), true, 4),
        (trees(false), false, 4),
    ];
    for (name, fails, times) in cases.into_iter().flat_map(|(cases, fails, times)| {
        cases.into_iter().map(move |(name, _)| (name, fails, times))
    }) {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("CASE", name)
            .output()
            .unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let line = output.lines().find_map(|line| line.split_once("TAKEN ")).map(|(_, rest)| rest);
        let mut figures = line.unwrap_or_else(|| panic!("{name}: {output}")).splitn(3, ' ');
        let mut figure = || figures.next().unwrap().parse::<usize>().unwrap();
        let (taken, len) = (figure(), figure());
        let message = figures.next().unwrap();
        println!("{name}: {} MB for {} MB: {message}", taken >> 20, len >> 20);
        if taken > times * len + (64 << 20) {
            faults.push(format!("{name} takes {} MB", taken >> 20));
        }
        // a hostile file is refused for its memory, or for ending where it should not
        assert_eq!(!message.is_empty(), fails, "{name}: {message}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
