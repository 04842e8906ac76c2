//! Compressed parts of a body, decompressed to the size that stands before each: no more room is
//! made than that, whatever the part holds.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// How a part is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Snappy,
    Gzip,
    Zstd,
    /// A block of LZ4 without a frame.
    Lz4Block,
    Lz4Frame,
}

/// Decompresses a part that comes to `size` bytes; `None` when it does not.
pub(super) fn unpack(packed: &[u8], packing: Packing, size: usize) -> Option<Vec<u8>> {
    let plain = match packing {
        Packing::Snappy => {
            if snap::raw::decompress_len(packed).ok()? != size {
                return None;
            }
            let mut plain = vec![0; size];
            let length = snap::raw::Decoder::new().decompress(packed, &mut plain).ok()?;
            plain.truncate(length);
            plain
        }
        Packing::Lz4Block => {
            let mut plain = vec![0; size];
            let length = lz4_flex::block::decompress_into(packed, &mut plain).ok()?;
            plain.truncate(length);
            plain
        }
        Packing::Lz4Frame => read(lz4_flex::frame::FrameDecoder::new(packed), size).ok()?,
        Packing::Gzip => read(MultiGzDecoder::new(packed), size).ok()?,
        // in one go, without the window that a stream would ask for
        Packing::Zstd => zstd::bulk::decompress(packed, size).ok()?,
    };
    (plain.len() == size).then_some(plain)
}

fn read(packed: impl Read, size: usize) -> io::Result<Vec<u8>> {
    // one more byte tells a part that is too long
    let mut plain = Vec::with_capacity(size.saturating_add(1));
    packed.take(size as u64 + 1).read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(packing: Packing, plain: &[u8]) -> Vec<u8> {
        match packing {
            Packing::Snappy => snap::raw::Encoder::new().compress_vec(plain).unwrap(),
            Packing::Lz4Block => lz4_flex::block::compress(plain),
            Packing::Zstd => zstd::encode_all(plain, 3).unwrap(),
            Packing::Lz4Frame => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            Packing::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    #[test]
    fn a_part_comes_to_the_size_before_it_or_to_nothing() {
        let plain = b"abcabcabcabcabcabcabcabc, and some more".repeat(100);
        for packing in
            [Packing::Snappy, Packing::Gzip, Packing::Zstd, Packing::Lz4Block, Packing::Lz4Frame]
        {
            let packed = packed(packing, &plain);
            assert!(unpack(&packed, packing, plain.len()).as_ref() == Some(&plain), "{packing:?}");
            for size in [0, 1, plain.len() - 1, plain.len() + 1] {
                assert_eq!(unpack(&packed, packing, size), None, "{packing:?} to {size}");
            }
            for cut in [0, 1, packed.len() / 2] {
                assert_eq!(
                    unpack(&packed[..cut], packing, plain.len()),
                    None,
                    "{packing:?}, {cut}"
                );
            }
        }
    }
}
