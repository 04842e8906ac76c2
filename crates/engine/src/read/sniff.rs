use std::fmt;

use super::pickle::opcode;

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// A pickle: of any protocol, by cloudpickle or by joblib.
    Pickle,
    /// A zlib stream (joblib's `.z`).
    Zlib,
    /// A gzip file.
    Gzip,
    /// A bzip2 file.
    Bzip2,
    /// An xz file.
    Xz,
    /// The older LZMA format.
    Lzma,
    /// An LZ4 frame.
    Lz4,
    /// A zip archive: skops, npz, or torch.
    Zip,
    /// An array in numpy's own format.
    Npy,
    /// UBJSON: an XGBoost model.
    Ubjson,
    /// JSON text.
    Json,
    /// A LightGBM model as text.
    LightgbmText,
    /// A binary XGBoost model as written before 2.0 (and, by `save_raw("deprecated")`, since).
    XgboostBinary,
    /// A CatBoost model.
    Catboost,
    /// Nothing of the above.
    Unknown,
}

impl Form {
    /// A compressed stream around something else.
    pub fn is_compressed(self) -> bool {
        matches!(self, Self::Zlib | Self::Gzip | Self::Bzip2 | Self::Xz | Self::Lzma | Self::Lz4)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pickle => "a pickle",
            Self::Zlib => "a zlib stream",
            Self::Gzip => "a gzip file",
            Self::Bzip2 => "a bzip2 file",
            Self::Xz => "an xz file",
            Self::Lzma => "an LZMA file",
            Self::Lz4 => "an LZ4 frame",
            Self::Zip => "a zip archive",
            Self::Npy => "a numpy array file",
            Self::Ubjson => "UBJSON",
            Self::Json => "JSON",
            Self::LightgbmText => "a LightGBM text model",
            Self::XgboostBinary => "an XGBoost binary model",
            Self::Catboost => "a CatBoost model",
            Self::Unknown => "of an unknown format",
        })
    }
}

/// Tells what a file is by its first bytes.
pub fn sniff(bytes: &[u8]) -> Form {
    match bytes {
        [opcode::PROTO, 0..=5, ..] => Form::Pickle,
        // method, window and check bits: a multiple of 31
        [0x78, flags, ..] if (0x7800 + u16::from(*flags)) % 31 == 0 => Form::Zlib,
        [0x1f, 0x8b, ..] => Form::Gzip,
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Form::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Form::Xz,
        [0x5d, 0, 0, ..] => Form::Lzma,
        [0x04, 0x22, 0x4d, 0x18, ..] => Form::Lz4,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Form::Zip,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Form::Npy,
        [b'C', b'B', b'M', b'1', ..] => Form::Catboost,
        [b'b', b'i', b'n', b'f', ..] => Form::XgboostBinary,
        [b't', b'r', b'e', b'e', b'\r' | b'\n', ..] => Form::LightgbmText,
        [b'{', b'i' | b'U' | b'I' | b'l' | b'L' | b'$' | b'#', ..] => Form::Ubjson,
        _ => text_or_old_pickle(bytes),
    }
}

fn text_or_old_pickle(bytes: &[u8]) -> Form {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match text {
        [b'{' | b'[', ..] => Form::Json,
        // protocols 0 and 1 have no header: an opcode that can come first, and STOP at the end
        [
            opcode::MARK
            | opcode::GLOBAL
            | opcode::EMPTY_DICT
            | opcode::EMPTY_LIST
            | opcode::EMPTY_TUPLE
            | opcode::NONE
            | opcode::INT
            | opcode::LONG
            | opcode::FLOAT
            | opcode::STRING
            | opcode::UNICODE
            | opcode::BININT
            | opcode::BININT1
            | opcode::BININT2
            | opcode::BINFLOAT
            | opcode::BINSTRING
            | opcode::SHORT_BINSTRING
            | opcode::BINUNICODE
            | opcode::PERSID
            | opcode::INST,
            ..,
            opcode::STOP,
        ] if text.len() == bytes.len() => Form::Pickle,
        _ => Form::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, sniff};

    #[test]
    fn first_bytes_tell_the_form() {
        for (bytes, form) in [
            (&b"\x80\x04N."[..], Form::Pickle),
            (b"\x80\x09N.", Form::Unknown),
            (b"cos\nsystem\n.", Form::Pickle),
            (b"]q\x00.", Form::Pickle),
            (b"\x78\x9c", Form::Zlib),
            (b"\x78\x9d", Form::Unknown),
            (b"\x1f\x8b\x08", Form::Gzip),
            (b"BZh9", Form::Bzip2),
            (b"\xfd7zXZ\x00", Form::Xz),
            (b"\x5d\x00\x00\x80", Form::Lzma),
            (b"\x04\x22\x4d\x18", Form::Lz4),
            (b"PK\x03\x04", Form::Zip),
            (b"\x93NUMPY", Form::Npy),
            (b"{L\0\0", Form::Ubjson),
            (b" {\"a\": 1}", Form::Json),
            (b"tree\nversion=v4", Form::LightgbmText),
            (b"binf", Form::XgboostBinary),
            (b"CBM1", Form::Catboost),
            (b"hello", Form::Unknown),
            (b"", Form::Unknown),
        ] {
            assert_eq!(sniff(bytes), form, "{bytes:?}");
        }
    }
}
