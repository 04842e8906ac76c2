//! Formats that are told by fixed bytes.

use super::described::Holds;

/// Bytes that tell a format, and the position where they stand.
type Mark = (usize, &'static [u8]);

/// Marks, what a file with one is, and what it holds. The marks are those of each format's own
/// specification or sources.
const MARKS: &[(Mark, &str, Holds)] = &[
    ((0, b"\x89HDF\r\n\x1a\n"), "an HDF5 file, as Keras saves models (`.h5`)", Holds::Model),
    ((0, b"GGUF"), "a language model in GGUF", Holds::Model),
    ((4, b"TFL3"), "a TensorFlow Lite model", Holds::Model),
    ((0, b"RDX2\nX\n"), "a workspace of R (`.RData`)", Holds::Model),
    ((0, b"RDX3\nX\n"), "a workspace of R (`.RData`)", Holds::Model),
    ((0, b"X\n\0\0\0\x02"), "an object of R (`.rds`)", Holds::Model),
    ((0, b"X\n\0\0\0\x03"), "an object of R (`.rds`)", Holds::Model),
    ((0, b"\xac\xed\0\x05"), "a serialized Java object", Holds::Model),
    ((0, b"\x7fELF"), "a program or shared library", Holds::Model),
    ((0, b"\x93NUMPY"), "a numpy array (`.npy`)", Holds::Data),
    ((0, b"PAR1"), "a Parquet file", Holds::Data),
    ((0, b"ARROW1\0\0"), "an Arrow file", Holds::Data),
    ((0, b"FEA1"), "a Feather file", Holds::Data),
    ((0, b"SQLite format 3\0"), "an SQLite database", Holds::Data),
    ((0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an Office document", Holds::Data),
    ((257, b"ustar"), "a tar archive", Holds::Files),
    ((0, b"\x28\xb5\x2f\xfd"), "a file in Zstandard", Holds::Files),
    ((0, b"7z\xbc\xaf\x27\x1c"), "a 7z archive", Holds::Files),
    ((0, b"Rar!\x1a\x07"), "a RAR archive", Holds::Files),
    ((0, b"Salted__"), "encrypted by OpenSSL", Holds::Secret),
    ((0, b"age-encryption.org/"), "encrypted by age", Holds::Secret),
    ((0, b"-----BEGIN PGP MESSAGE"), "encrypted by PGP", Holds::Secret),
    ((0, b"gAAAAA"), "encrypted as a Fernet token", Holds::Secret),
    ((0, b"%PDF-"), "a PDF document", Holds::Nothing),
    ((0, b"\x89PNG\r\n\x1a\n"), "a picture (PNG)", Holds::Nothing),
    ((0, b"\xff\xd8\xff"), "a picture (JPEG)", Holds::Nothing),
    ((0, b"GIF8"), "a picture (GIF)", Holds::Nothing),
];

pub(super) fn find(bytes: &[u8]) -> Option<(&'static str, Holds)> {
    let marked = MARKS
        .iter()
        .find(|((at, mark), ..)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    if let Some((_, what, holds)) = marked {
        return Some((what, *holds));
    }
    if is_old_torch(bytes) {
        return Some(("a PyTorch file", Holds::Model));
    }
    if is_safetensors(bytes) {
        return Some(("a safetensors file, which has weights and no model", Holds::Model));
    }
    if bytes.starts_with(b"\xff\xff\xff\xff") && bytes.get(8..).is_some_and(|b| !b.is_empty()) {
        return Some(("a stream of Arrow", Holds::Data));
    }
    protobuf(bytes)
}

/// The length of a header, which is JSON.
///
/// Format: <https://github.com/huggingface/safetensors>.
fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk() else { return false };
    (2..=100_000_000).contains(&u64::from_le_bytes(*length)) && rest.starts_with(b"{\"")
}

/// Messages of Protocol Buffers have no mark: they are told by their first fields.
///
/// Format: `onnx.proto` (`ir_version`, then `producer_name`, `graph` or `opset_import`) and
/// `saved_model.proto` (`saved_model_schema_version`, then `meta_graphs`).
fn protobuf(bytes: &[u8]) -> Option<(&'static str, Holds)> {
    match *bytes {
        [0x08, 1, 0x12, ..] => Some(("a TensorFlow SavedModel", Holds::Model)),
        // a name of letters, or its length
        [0x08, 3..=30, 0x12, 1..=60, b'a'..=b'z' | b'A'..=b'Z', ..]
        | [0x08, 3..=30, 0x3a | 0x42, ..] => Some(("an ONNX model", Holds::Converted)),
        _ => None,
    }
}

/// True for the files of `torch.save` before `PyTorch` 1.6: several pickles, the first of which holds
/// a number that is always the same.
pub(crate) fn is_old_torch(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")
}
