//! Bodies that are decompressed while they arrive, and compressed while they are made.

use std::{
    io::{self, Write},
    mem,
};

use bytes::{Buf, Bytes};
use flate2::{
    Compression, Decompress, FlushDecompress, Status,
    write::{GzEncoder, MultiGzDecoder, ZlibEncoder},
};
use longshore_daemon::Code;
use zstd::stream::{
    raw::{DParameter, Decoder, Operation},
    write::Encoder,
};

use super::{Encoding, FREE, RATIO, WINDOW_LOG};
use crate::failure::Failure;

/// Bytes that come of one step, about.
const PART: usize = 32 << 10;

/// Decompresses a body part by part. It holds one window of it, however long it is.
pub(crate) struct Unpacker {
    codec: Unpack,
    /// Nothing was received.
    is_empty: bool,
    /// What was taken already has more to give.
    has_more: bool,
    /// Bytes that may still come of what was received. It is filled up by each byte of the body, and
    /// never beyond [`FREE`]: no stretch of the stream expands further than a whole body may.
    credit: usize,
}

enum Unpack {
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Deflate {
        decoder: Decompress,
        part: Vec<u8>,
        has_ended: bool,
    },
    Zstd {
        decoder: Decoder<'static>,
        part: Vec<u8>,
        /// A frame has ended, and no other has begun.
        is_between: bool,
    },
}

impl Unpacker {
    /// `None` for a plain body.
    pub(crate) fn new(encoding: Encoding) -> io::Result<Option<Self>> {
        let codec = match encoding {
            Encoding::Plain => return Ok(None),
            Encoding::Gzip => Unpack::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            Encoding::Deflate => Unpack::Deflate {
                decoder: Decompress::new(true),
                part: vec![0; PART],
                has_ended: false,
            },
            Encoding::Zstd => {
                let mut decoder = Decoder::new()?;
                decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
                Unpack::Zstd { decoder, part: vec![0; PART], is_between: true }
            }
        };
        Ok(Some(Self { codec, is_empty: true, has_more: false, credit: FREE }))
    }

    /// Memory that it takes, about.
    pub(crate) fn bytes(encoding: Encoding) -> usize {
        match encoding {
            Encoding::Plain => 0,
            Encoding::Gzip | Encoding::Deflate => 4 * PART,
            Encoding::Zstd => (1 << WINDOW_LOG) + 8 * PART,
        }
    }

    /// True when a step gives something though nothing more is received.
    pub(crate) fn has_more(&self) -> bool {
        self.has_more
    }

    /// Takes some bytes off `packed`, decompresses them and hands on what comes of them: a bounded
    /// part.
    pub(crate) fn step(
        &mut self,
        packed: &mut Bytes,
        take: impl FnOnce(&[u8]),
    ) -> Result<(), Failure> {
        self.is_empty &= packed.is_empty();
        let before = packed.len();
        let plain = self.codec.step(packed, &mut self.has_more).map_err(|_| damaged())?;
        let fair = (before - packed.len()).saturating_mul(RATIO);
        self.credit = self.credit.saturating_add(fair).min(FREE);
        self.credit = self.credit.checked_sub(plain.len()).ok_or_else(|| {
            let message = format!(
                "the body decompresses to more than {RATIO} times its size here; send it plain"
            );
            Failure::new(Code::TooLarge, message)
        })?;
        take(&plain);
        Ok(())
    }

    /// No more is received; hands on what is left, and refuses a body that was cut.
    pub(crate) fn finish(&mut self, take: impl FnOnce(&[u8])) -> Result<(), Failure> {
        if self.is_empty {
            return Ok(());
        }
        let plain = self.codec.finish().map_err(|_| damaged())?;
        take(&plain);
        Ok(())
    }
}

fn damaged() -> Failure {
    Failure::invalid("the body does not decompress as its content-encoding says")
}

impl Unpack {
    fn step(&mut self, packed: &mut Bytes, has_more: &mut bool) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(decoder) => {
                written(decoder, packed)?;
                Ok(mem::take(decoder.get_mut()))
            }
            Self::Deflate { has_ended: true, .. } if packed.is_empty() => {
                *has_more = false;
                Ok(Vec::new())
            }
            Self::Deflate { has_ended: true, .. } => Err(io::ErrorKind::InvalidData.into()),
            Self::Deflate { decoder, part, has_ended } => {
                let (read, wrote) = (decoder.total_in(), decoder.total_out());
                let status = decoder.decompress(packed, part, FlushDecompress::None)?;
                packed.advance((decoder.total_in() - read) as usize);
                let count = (decoder.total_out() - wrote) as usize;
                *has_ended = status == Status::StreamEnd;
                *has_more = count == part.len();
                Ok(part.get(..count).unwrap_or_default().to_vec())
            }
            Self::Zstd { decoder, part, is_between } => {
                let status = decoder.run_on_buffers(packed, part)?;
                packed.advance(status.bytes_read);
                *is_between = status.remaining == 0;
                *has_more = status.bytes_written == part.len();
                Ok(part.get(..status.bytes_written).unwrap_or_default().to_vec())
            }
        }
    }

    fn finish(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(decoder) => {
                decoder.try_finish()?;
                Ok(mem::take(decoder.get_mut()))
            }
            Self::Deflate { has_ended: true, .. } | Self::Zstd { is_between: true, .. } => {
                Ok(Vec::new())
            }
            Self::Deflate { .. } | Self::Zstd { .. } => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// Takes some bytes off `packed` and writes them to the decoder, which is flushed behind the last
/// ones.
fn written(decoder: &mut impl Write, packed: &mut Bytes) -> io::Result<()> {
    let count = decoder.write(packed)?;
    if count == 0 && !packed.is_empty() {
        // something stands behind the end
        return Err(io::ErrorKind::InvalidData.into());
    }
    packed.advance(count);
    if packed.is_empty() { decoder.flush() } else { Ok(()) }
}

/// Compresses a body part by part, so that each can be read when it is received.
pub(crate) enum Packer {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
    Zstd(Encoder<'static, Vec<u8>>),
}

impl Packer {
    /// `None` for a plain body.
    pub(crate) fn new(encoding: Encoding) -> io::Result<Option<Self>> {
        Ok(Some(match encoding {
            Encoding::Plain => return Ok(None),
            Encoding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast())),
            Encoding::Deflate => Self::Deflate(ZlibEncoder::new(Vec::new(), Compression::fast())),
            Encoding::Zstd => Self::Zstd(Encoder::new(Vec::new(), 1)?),
        }))
    }

    /// Memory that it takes, about.
    pub(crate) fn bytes(encoding: Encoding) -> usize {
        match encoding {
            Encoding::Plain => 0,
            Encoding::Gzip | Encoding::Deflate => 512 << 10,
            Encoding::Zstd => 2 << 20,
        }
    }

    /// The next part.
    pub(crate) fn pack(&mut self, plain: &[u8]) -> io::Result<Vec<u8>> {
        fn pack<'w, W: Write>(
            writer: &'w mut W,
            plain: &[u8],
            out: impl FnOnce(&'w mut W) -> &'w mut Vec<u8>,
        ) -> io::Result<Vec<u8>> {
            writer.write_all(plain)?;
            writer.flush()?;
            Ok(mem::take(out(writer)))
        }
        match self {
            Self::Gzip(encoder) => pack(encoder, plain, GzEncoder::get_mut),
            Self::Deflate(encoder) => pack(encoder, plain, ZlibEncoder::get_mut),
            Self::Zstd(encoder) => pack(encoder, plain, Encoder::get_mut),
        }
    }

    /// The end of the body.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Deflate(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::compress, *};

    const ALL: [Encoding; 3] = [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd];

    /// Decompresses a body that arrives in pieces; also the longest part of it.
    fn unpacked(
        body: &[u8],
        encoding: Encoding,
        piece: usize,
    ) -> Result<(Vec<u8>, usize), Failure> {
        let mut unpacker = Unpacker::new(encoding).unwrap().unwrap();
        let (mut plain, mut longest) = (Vec::new(), 0);
        for piece in body.chunks(piece) {
            let mut packed = Bytes::copy_from_slice(piece);
            while !packed.is_empty() || unpacker.has_more() {
                unpacker.step(&mut packed, |part| {
                    longest = longest.max(part.len());
                    plain.extend_from_slice(part);
                })?;
            }
        }
        unpacker.finish(|part| plain.extend_from_slice(part))?;
        Ok((plain, longest))
    }

    #[test]
    fn a_body_comes_back_in_bounded_parts() {
        let plain: Vec<u8> =
            (0..200_000_u32).flat_map(|at| (at / 9).to_string().into_bytes()).collect();
        for encoding in ALL {
            let packed = compress(&plain, encoding, Vec::new()).unwrap();
            for piece in [1, 1000, packed.len()] {
                let (found, longest) = unpacked(&packed, encoding, piece).unwrap();
                assert!(found == plain, "{encoding:?} in pieces of {piece}");
                assert!(longest <= 3 * PART, "{encoding:?}: {longest}");
            }
            for cut in [1, packed.len() / 2, packed.len() - 1] {
                assert!(unpacked(&packed[..cut], encoding, 100).is_err(), "{encoding:?}, {cut}");
            }
            assert_eq!(unpacked(&[], encoding, 1), Ok((Vec::new(), 0)));
            assert!(unpacked(b"{\"a\": 1}\n", encoding, 100).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn bodies_may_follow_one_another() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let one = compress(b"one\n", encoding, Vec::new()).unwrap();
            let both = compress(b"two\n", encoding, one).unwrap();
            assert_eq!(unpacked(&both, encoding, 3).unwrap().0, b"one\ntwo\n", "{encoding:?}");
        }
    }

    #[test]
    fn no_stretch_expands_without_end() {
        let best = |plain: &[u8], encoding| match encoding {
            Encoding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
                encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap()
            }
            Encoding::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
                encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap()
            }
            _ => zstd::encode_all(plain, 19).unwrap(),
        };
        let noise: Vec<u8> = (0..100_000_u32)
            .flat_map(|at| (at.wrapping_mul(2_654_435_761)).to_le_bytes())
            .collect();
        let bomb = [noise, vec![b' '; 50_000_000]].concat();
        for encoding in ALL {
            let packed = best(&bomb, encoding);
            let failure = unpacked(&packed, encoding, 4096).unwrap_err();
            assert_eq!(failure.code, Code::TooLarge, "{encoding:?}");
            assert!(failure.message.contains("200 times"), "{failure:?}");
        }
    }

    #[test]
    fn each_part_can_be_read_when_it_is_received() {
        for encoding in ALL {
            let mut packer = Packer::new(encoding).unwrap().unwrap();
            let mut unpacker = Unpacker::new(encoding).unwrap().unwrap();
            for part in [&b"{\"prediction\":1}\n"[..], b"{\"prediction\":2}\n"] {
                let mut packed = Bytes::from(packer.pack(part).unwrap());
                let mut found = Vec::new();
                while !packed.is_empty() || unpacker.has_more() {
                    unpacker.step(&mut packed, |plain| found.extend_from_slice(plain)).unwrap();
                }
                assert_eq!(found, part, "{encoding:?}");
            }
            let mut end = Bytes::from(packer.finish().unwrap());
            while !end.is_empty() {
                unpacker.step(&mut end, |plain| assert!(plain.is_empty())).unwrap();
            }
            unpacker.finish(|plain| assert!(plain.is_empty())).unwrap();
        }
    }
}
