use std::fmt;

use super::pickle::opcode;

/// The containers of Python's values, and the compressed streams around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
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

impl Format {
    /// True for a compressed stream, which has something else inside.
    pub fn is_compressed(self) -> bool {
        matches!(self, Self::Zlib | Self::Gzip | Self::Bzip2 | Self::Xz | Self::Lzma | Self::Lz4)
    }
}

impl fmt::Display for Format {
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
pub fn sniff(bytes: &[u8]) -> Format {
    match bytes {
        [opcode::PROTO, 0..=5, ..] => Format::Pickle,
        // method, window and check bits: a multiple of 31
        [0x78, flags, ..] if (0x7800 + u16::from(*flags)) % 31 == 0 => Format::Zlib,
        [0x1f, 0x8b, ..] => Format::Gzip,
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Format::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Format::Xz,
        [0x5d, 0, 0, ..] => Format::Lzma,
        [0x04, 0x22, 0x4d, 0x18, ..] => Format::Lz4,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Format::Zip,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Format::Npy,
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
        ] => Format::Pickle,
        _ => Format::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, sniff};

    #[test]
    fn first_bytes_tell_the_form() {
        for (bytes, format) in [
            (&b"\x80\x04N."[..], Format::Pickle),
            (b"\x80\x09N.", Format::Other),
            (b"cos\nsystem\n.", Format::Pickle),
            (b"]q\x00.", Format::Pickle),
            (b"\x78\x9c", Format::Zlib),
            (b"\x78\x9d", Format::Other),
            (b"\x1f\x8b\x08", Format::Gzip),
            (b"BZh9", Format::Bzip2),
            (b"\xfd7zXZ\x00", Format::Xz),
            (b"\x5d\x00\x00\x80", Format::Lzma),
            (b"\x04\x22\x4d\x18", Format::Lz4),
            (b"PK\x03\x04", Format::Zip),
            (b"\x93NUMPY", Format::Npy),
            (b"{\"a\": 1}.", Format::Other),
            (b"hello", Format::Other),
            (b"", Format::Other),
        ] {
            assert_eq!(sniff(bytes), format, "{bytes:?}");
        }
    }
}
