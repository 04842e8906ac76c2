//! Compressed streams, inflated within bounds.

use std::io::{self, BufRead, Read};

use super::Format;
use crate::{Error, Limits};

/// Bytes of output up to which the compression ratio is not enforced: small files may repeat one
/// byte a lot.
const FREE: u64 = 1 << 20;

/// Memory for the dictionary of LZMA: the highest standard preset takes 65 MiB.
const LZMA_MEMORY: u64 = 96 << 20;

/// Inflates a whole compressed file. Streams of one format may follow one another.
pub(super) fn inflate(bytes: Vec<u8>, format: Format, limits: &Limits) -> Result<Vec<u8>, Error> {
    let mut output = Output {
        chunks: Vec::new(),
        len: 0,
        compressed: bytes.len() as u64,
        limits,
        format: name(format),
    };
    let mut rest = bytes.as_slice();
    loop {
        let member = stream(&mut rest, format, &mut output);
        let place = bytes.len() - rest.len();
        member.map_err(|fault| output.error(fault, place))?;
        // gzip files may be padded with zeros
        if rest.is_empty() || format == Format::Gzip && rest.iter().all(|&b| b == 0) {
            break;
        }
        if super::sniff(rest) != format {
            return Err(output.malformed(place, "other bytes follow the end of the stream"));
        }
    }
    drop(bytes);
    Ok(output.join())
}

enum Fault {
    Io(io::Error),
    Limit(Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One stream; leaves `rest` behind it.
fn stream(rest: &mut &[u8], format: Format, output: &mut Output<'_>) -> Result<(), Fault> {
    let lzma = |error| Fault::Io(io::Error::other(error));
    match format {
        Format::Zlib => zlib(rest, output),
        Format::Gzip => output.fill(flate2::bufread::GzDecoder::new(rest)),
        Format::Bzip2 => output.fill(bzip2::bufread::BzDecoder::new(rest)),
        Format::Xz => {
            let stream = liblzma::stream::Stream::new_stream_decoder(LZMA_MEMORY, 0);
            output.fill(liblzma::bufread::XzDecoder::new_stream(rest, stream.map_err(lzma)?))
        }
        Format::Lzma => {
            let stream = liblzma::stream::Stream::new_lzma_decoder(LZMA_MEMORY);
            output.fill(liblzma::bufread::XzDecoder::new_stream(rest, stream.map_err(lzma)?))
        }
        _ => lz4(rest, output),
    }
}

/// The decoder of `flate2` takes a truncated zlib stream for a whole one. So this asks the
/// algorithm itself whether the end was reached.
fn zlib(rest: &mut &[u8], output: &mut Output<'_>) -> Result<(), Fault> {
    let mut state = flate2::Decompress::new(true);
    loop {
        let chunk = output.room()?;
        let before = (state.total_in(), chunk.len());
        let status = state
            .decompress_vec(rest, chunk, flate2::FlushDecompress::None)
            .map_err(|error| Fault::Io(io::Error::other(error)))?;
        let wrote = chunk.len() - before.1;
        rest.consume(usize::try_from(state.total_in() - before.0).unwrap_or(usize::MAX));
        output.wrote(wrote).map_err(Fault::Limit)?;
        match status {
            flate2::Status::StreamEnd => return Ok(()),
            _ if wrote == 0 && rest.is_empty() => {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            _ => {}
        }
    }
}

/// `lz4_flex` takes a frame that is cut between blocks for a whole one. So this finds the end of
/// the frame first.
///
/// Format: <https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>.
fn lz4(rest: &mut &[u8], output: &mut Output<'_>) -> Result<(), Fault> {
    let Some((frame, behind)) = lz4_end(rest).and_then(|end| rest.split_at_checked(end)) else {
        *rest = &[];
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    };
    output.fill(lz4_flex::frame::FrameDecoder::new(frame))?;
    *rest = behind;
    Ok(())
}

/// The length of the frame at the start of `bytes`, which may end before the frame does.
fn lz4_end(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(4)?;
    let has = |bit: u8| flags & bit != 0;
    // magic number, flags, block size, header checksum; content size; dictionary
    let mut at = 7 + 8 * usize::from(has(0x08)) + 4 * usize::from(has(0x01));
    loop {
        let size = u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
        at += 4;
        if size == 0 {
            return Some(at + 4 * usize::from(has(0x04)));
        }
        // the highest bit says that the block is not compressed
        at = at.checked_add((size & 0x7fff_ffff) as usize + 4 * usize::from(has(0x10)))?;
    }
}

/// What was inflated so far, in chunks: growing one vector would hold it twice.
struct Output<'a> {
    chunks: Vec<Vec<u8>>,
    len: u64,
    compressed: u64,
    limits: &'a Limits,
    format: &'static str,
}

impl Output<'_> {
    /// The last chunk, with room to write.
    fn room(&mut self) -> Result<&mut Vec<u8>, Fault> {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == chunk.capacity()) {
            let size = self.len.max(self.compressed).clamp(1 << 16, 8 << 20);
            let mut chunk = Vec::new();
            chunk
                .try_reserve_exact(usize::try_from(size).unwrap_or(1 << 16))
                .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            self.chunks.push(chunk);
        }
        self.chunks.last_mut().ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory).into())
    }

    fn fill(&mut self, mut from: impl Read) -> Result<(), Fault> {
        loop {
            let chunk = self.room()?;
            let (before, room) = (chunk.len(), chunk.capacity() - chunk.len());
            let result = from.by_ref().take(room as u64).read_to_end(chunk);
            let wrote = chunk.len() - before;
            self.wrote(wrote).map_err(Fault::Limit)?;
            if result? == 0 {
                return Ok(());
            }
        }
    }

    fn wrote(&mut self, count: usize) -> Result<(), Error> {
        self.len += count as u64;
        if self.len > self.limits.model_bytes {
            return Err(Error::Limit {
                what: format!("the {} file, once decompressed,", self.format),
                limit: format!("{} bytes", self.limits.model_bytes),
                flag: "--max-model-bytes",
            });
        }
        let ratio = self.limits.compression_ratio;
        if self.len > FREE && self.len > self.compressed.saturating_mul(ratio) {
            return Err(Error::Limit {
                what: format!(
                    "the compression ratio of the {} file ({} bytes from {} so far)",
                    self.format, self.len, self.compressed
                ),
                limit: format!("{ratio}:1"),
                flag: "--max-compression-ratio",
            });
        }
        Ok(())
    }

    fn error(&self, fault: Fault, place: usize) -> Error {
        match fault {
            Fault::Limit(error) => error,
            Fault::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.malformed(place, "the file ends in the middle of the stream")
            }
            Fault::Io(error) => self.malformed(place, &error.to_string()),
        }
    }

    fn malformed(&self, place: usize, reason: &str) -> Error {
        Error::Malformed {
            format: self.format,
            place: format!("byte {place}"),
            reason: reason.to_owned(),
        }
    }

    /// Everything in one piece. Each chunk is freed as soon as it is copied.
    fn join(self) -> Vec<u8> {
        let mut chunks = self.chunks.into_iter();
        let Some(mut first) = chunks.next() else { return Vec::new() };
        if chunks.len() == 0 {
            first.shrink_to_fit();
            return first;
        }
        let mut whole = Vec::with_capacity(usize::try_from(self.len).unwrap_or(0));
        whole.append(&mut first);
        drop(first);
        for chunk in chunks {
            whole.extend_from_slice(&chunk);
        }
        whole
    }
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Zlib => "zlib",
        Format::Gzip => "gzip",
        Format::Bzip2 => "bzip2",
        Format::Xz => "xz",
        Format::Lzma => "LZMA",
        _ => "LZ4",
    }
}
