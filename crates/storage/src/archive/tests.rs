use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::{ArchiveKind, only_folder, unpack};
use crate::Limits;

struct Unpacked {
    folder: TempDir,
    result: Result<(), String>,
}

impl Unpacked {
    fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder.path().join("out").join(path)).unwrap()
    }
}

fn run(kind: ArchiveKind, bytes: &[u8]) -> Unpacked {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    fs::write(&archive, bytes).unwrap();
    let limits = Limits { files: 5, ratio: 10 };
    let out = folder.path().join("out");
    let result = unpack(kind, &archive, &out, limits, "`x`").map_err(|error| error.to_string());
    let above: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(above.len() <= 2, "something escaped: {above:?}");
    Unpacked { folder, result }
}

/// A tar whose names are not checked by its writer.
fn tar(files: &[(&str, &[u8], tar::EntryType)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes, kind) in files {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        if kind.is_symlink() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[test]
fn every_form_is_unpacked() {
    let files = [("wine/MLmodel", &b"a"[..], FILE), ("./wine/model.pkl", b"bc", FILE)];
    for (kind, bytes) in [(ArchiveKind::Tar, tar(&files)), (ArchiveKind::TarGz, gzip(&tar(&files)))]
    {
        let done = run(kind, &bytes);
        done.result.as_ref().unwrap();
        assert_eq!(done.read("wine/model.pkl"), b"bc");
        assert_eq!(only_folder(&done.folder.path().join("out")).unwrap(), "wine");
    }
    let done = run(
        ArchiveKind::Zip,
        &zip(&[("MLmodel", b"a"), ("data/model.pkl", b"bc"), ("__MACOSX/x", b"")]),
    );
    assert_eq!(done.read("data/model.pkl"), b"bc");
    assert_eq!(only_folder(&done.folder.path().join("out")), None);
}

#[test]
fn nothing_escapes() {
    for name in ["../evil", "/tmp/evil", "a/../../evil", "a\\..\\evil"] {
        let done = run(ArchiveKind::Tar, &tar(&[(name, b"x", FILE)]));
        assert!(
            done.result.as_ref().unwrap_err().contains("was refused"),
            "{name}: {:?}",
            done.result
        );
        let done = run(ArchiveKind::Zip, &zip(&[(name, b"x")]));
        assert!(
            done.result.as_ref().unwrap_err().contains("was refused"),
            "{name}: {:?}",
            done.result
        );
    }
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Fifo] {
        let done = run(ArchiveKind::Tar, &tar(&[("link", b"", kind)]));
        assert!(done.result.unwrap_err().contains("neither"), "{kind:?}");
    }
}

#[test]
fn bombs_and_crowds_are_stopped() {
    let zeros = vec![0; 40 << 20];
    for (kind, bytes) in [
        (ArchiveKind::TarGz, gzip(&tar(&[("zeros", &zeros, FILE)]))),
        (ArchiveKind::Zip, zip(&[("zeros", &zeros)])),
    ] {
        assert!(run(kind, &bytes).result.unwrap_err().contains("10 times its size"));
    }
    let names: Vec<_> = (0..6).map(|n| n.to_string()).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..], FILE)).collect();
    assert!(run(ArchiveKind::Tar, &tar(&files)).result.unwrap_err().contains("5 files"));
}

#[test]
fn what_is_broken_says_so() {
    let good = tar(&[("a", b"x", FILE)]);
    for (kind, bytes) in [
        (ArchiveKind::Zip, b"not a zip".to_vec()),
        (ArchiveKind::TarGz, b"not gzip".to_vec()),
        (ArchiveKind::TarGz, gzip(&good)[..20].to_vec()),
        (ArchiveKind::Tar, Vec::new()),
        (ArchiveKind::Tar, tar(&[("a", b"x", FILE), ("a", b"y", FILE)])),
    ] {
        assert!(run(kind, &bytes).result.is_err(), "{kind:?}");
    }
    assert_eq!(ArchiveKind::of("https://x/Model.TGZ"), Some(ArchiveKind::TarGz));
    assert_eq!(ArchiveKind::of("model.skops"), None);
}
