use std::fmt;

use super::pickle::opcode;

/// The containers of Python's values, and the compressed streams around them.
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
    /// None of the containers above.
    Other,
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
            Self::Other => "no container of Python's values",
        })
    }
}

/// Tells a container by its first bytes.
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
        ] => Form::Pickle,
        _ => Form::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, sniff};

    #[test]
    fn first_bytes_tell_the_form() {
        for (bytes, form) in [
            (&b"\x80\x04N."[..], Form::Pickle),
            (b"\x80\x09N.", Form::Other),
            (b"cos\nsystem\n.", Form::Pickle),
            (b"]q\x00.", Form::Pickle),
            (b"\x78\x9c", Form::Zlib),
            (b"\x78\x9d", Form::Other),
            (b"\x1f\x8b\x08", Form::Gzip),
            (b"BZh9", Form::Bzip2),
            (b"\xfd7zXZ\x00", Form::Xz),
            (b"\x5d\x00\x00\x80", Form::Lzma),
            (b"\x04\x22\x4d\x18", Form::Lz4),
            (b"PK\x03\x04", Form::Zip),
            (b"\x93NUMPY", Form::Npy),
            (b"{\"a\": 1}.", Form::Other),
            (b"hello", Form::Other),
            (b"", Form::Other),
        ] {
            assert_eq!(sniff(bytes), form, "{bytes:?}");
        }
    }
}
