//! Damaged and hostile files are errors: never a panic, a hang or more than their share of memory.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use longshore_engine::{
    Limits,
    read::{self, Format, json, ubjson},
};

fn document(bytes: Vec<u8>) -> Result<read::Document, String> {
    read::document(bytes, &Limits::default()).map_err(|error| error.to_string())
}

/// The smallest golden file of each kind.
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
fn samples() -> Vec<(PathBuf, Vec<u8>)> {
    let mut smallest: Vec<(String, PathBuf, u64)> = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("refused") {
                    folders.push(path);
                }
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            let Some((_, kind)) = name.split_once('.').filter(|(stem, _)| *stem == "model") else {
                continue;
            };
            let (kind, size) = (kind.to_owned(), path.metadata().unwrap().len());
            match smallest.iter_mut().find(|(other, ..)| *other == kind) {
                Some(entry) if entry.2 <= size => {}
                Some(entry) => *entry = (kind, path, size),
                None => smallest.push((kind, path, size)),
            }
        }
    }
    smallest.into_iter().map(|(_, path, _)| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Reads the bytes of a file by its ending; `None` for those that are not read here.
fn outcome(path: &Path, bytes: &[u8]) -> Option<Result<(), String>> {
    let limits = Limits::default();
    match path.extension()?.to_str()? {
        "ubj" => Some(ubjson::parse(bytes, &limits).map(drop).map_err(|error| error.to_string())),
        "json" => Some(json::parse(bytes, &limits).map(drop).map_err(|error| error.to_string())),
        "txt" | "deprecated" | "bin" => None,
        _ => Some(document(bytes.to_vec()).map(drop)),
    }
}

#[test]
fn every_truncation_is_an_error() {
    let mut kinds = 0;
    for (path, bytes) in samples() {
        if !matches!(outcome(&path, &bytes), Some(Ok(()))) {
            continue;
        }
        kinds += 1;
        let step = (bytes.len() / 2000).max(1);
        for len in (0..bytes.len()).step_by(step) {
            if let Some(result) = outcome(&path, &bytes[..len]) {
                let message = result.expect_err(&format!("{} cut at {len}", path.display()));
                assert!(message.contains("byte") || message.contains("zip"), "{message}");
            }
        }
    }
    assert!(kinds >= 15, "{kinds}");
}

#[test]
fn damage_never_panics() {
    for (path, bytes) in samples() {
        let step = (bytes.len() / 500).max(1);
        for place in (0..bytes.len()).step_by(step) {
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] ^= change;
                drop(outcome(&path, &damaged));
            }
        }
    }
}

#[test]
fn what_follows_a_compressed_stream_is_an_error() {
    let mut kinds = 0;
    for (path, bytes) in samples() {
        if !read::sniff(&bytes).is_compressed() {
            continue;
        }
        kinds += 1;
        let mut longer = bytes.clone();
        longer.extend(b"more");
        let message = document(longer).expect_err(&path.display().to_string());
        assert!(message.contains(&format!("byte {}", bytes.len())), "{message}");
        // what is compressed twice is no model
        let mut twice = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        twice.write_all(&bytes).unwrap();
        assert!(document(twice.finish().unwrap()).is_err());
    }
    assert_eq!(kinds, 9);
}

#[test]
fn streams_of_one_format_may_follow_one_another() {
    let whole = b"\x80\x04\x8c\x05abcde.";
    let gzip = |part: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap()
    };
    let mut bytes = gzip(&whole[..4]);
    bytes.extend(gzip(&whole[4..]));
    bytes.extend([0; 32]);
    assert_eq!(document(bytes).unwrap().root().as_str(), Some("abcde"));
}

/// A stream of zeros in every compression.
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
fn bombs(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let zeros = vec![0; size];
    let best = flate2::Compression::best();
    let read = |mut from: Box<dyn Read + '_>| {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    };
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&zeros).unwrap();
    let lzma = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
    let lzma = liblzma::stream::Stream::new_lzma_encoder(&lzma).unwrap();
    vec![
        ("zlib", read(Box::new(flate2::read::ZlibEncoder::new(&zeros[..], best)))),
        ("gzip", read(Box::new(flate2::read::GzEncoder::new(&zeros[..], best)))),
        (
            "bzip2",
            read(Box::new(bzip2::read::BzEncoder::new(&zeros[..], bzip2::Compression::best()))),
        ),
        ("xz", read(Box::new(liblzma::read::XzEncoder::new(&zeros[..], 6)))),
        ("LZMA", read(Box::new(liblzma::read::XzEncoder::new_stream(&zeros[..], lzma)))),
        ("LZ4", lz4.finish().unwrap()),
    ]
}

#[test]
fn bombs_are_stopped_in_every_container() {
    for (name, bytes) in bombs(32 << 20) {
        let message = document(bytes.clone()).unwrap_err();
        assert!(message.contains(name), "{message}");
        assert!(message.contains("--max-compression-ratio"), "{message}");
        let limits =
            Limits { model_bytes: 2 << 20, compression_ratio: u64::MAX, ..Limits::default() };
        let message = read::document(bytes, &limits).unwrap_err().to_string();
        assert!(message.contains("--max-model-bytes"), "{message}");
    }
    // a small file may repeat itself
    for (name, bytes) in bombs(1 << 20) {
        let message = document(bytes).unwrap_err();
        assert!(message.contains("is expected"), "{name}: {message}");
    }
}

#[test]
fn a_dictionary_that_takes_too_much_memory_is_refused() {
    // an LZMA header that declares a dictionary of 4 GB
    let mut bytes = b"\x5d\x00\x00\xff\xff".to_vec();
    bytes.extend([0xff; 8]);
    bytes.extend([0; 64]);
    assert_eq!(read::sniff(b"\x5d\x00\x00\xff\xff"), Format::Lzma);
    bytes[1..5].copy_from_slice(&0xff00_0000u32.to_le_bytes());
    assert!(document(bytes).unwrap_err().contains("LZMA"));
}
