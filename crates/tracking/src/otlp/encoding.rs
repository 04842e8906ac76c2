use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// Why a body cannot be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It is not packed as it says.
    Packing,
    /// It would be larger than is taken.
    Size,
}

/// The body that was packed by an encoding of HTTP: `gzip` or `deflate`, with the header of zlib or without. `None`
/// for another encoding.
///
/// # Errors
/// [`Broken`].
pub(crate) fn decoded(
    body: &[u8],
    encoding: &str,
    limit: usize,
) -> Option<Result<Vec<u8>, Broken>> {
    Some(match encoding {
        "gzip" => unpack(GzDecoder::new(body), limit),
        "deflate" => match unpack(ZlibDecoder::new(body), limit) {
            Err(Broken::Packing) => unpack(DeflateDecoder::new(body), limit),
            unpacked => unpacked,
        },
        _ => return None,
    })
}

fn unpack(from: impl Read, limit: usize) -> Result<Vec<u8>, Broken> {
    let mut unpacked = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut unpacked).map_err(|_| Broken::Packing)?;
    if unpacked.len() > limit { Err(Broken::Size) } else { Ok(unpacked) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::{Broken, decoded};

    #[test]
    fn both_encodings_are_unpacked_up_to_a_limit() {
        macro_rules! packed {
            ($encoder:ident, $bytes:expr) => {{
                let mut encoder = $encoder::new(Vec::new(), Compression::fast());
                encoder.write_all($bytes).unwrap();
                encoder.finish().unwrap()
            }};
        }
        let bytes = vec![7; 5000];
        let all = [
            ("gzip", packed!(GzEncoder, &bytes)),
            ("deflate", packed!(ZlibEncoder, &bytes)),
            ("deflate", packed!(DeflateEncoder, &bytes)),
        ];
        for (encoding, packed) in all {
            assert_eq!(decoded(&packed, encoding, 5000), Some(Ok(bytes.clone())));
            assert_eq!(decoded(&packed, encoding, 4999), Some(Err(Broken::Size)));
        }
        assert_eq!(decoded(b"\x1f\x8bno", "gzip", 9), Some(Err(Broken::Packing)));
        assert_eq!(decoded(b"", "br", 9), None);
    }
}
