//! How bodies are compressed on their way: gzip, deflate (RFC 9110 §8.4.1) and zstd (RFC 9659).
//!
//! zstd is the reference library, in C: it lets the window be bounded, and its encoder has the fast
//! levels that pay for a reply.

use std::io::{self, Read, Write};

use flate2::{
    Compression,
    read::{GzDecoder, ZlibDecoder},
    write::{GzEncoder, ZlibEncoder},
};
use hyper::{
    HeaderMap,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue},
};
use longshore_daemon::Code;

mod stream;

pub(crate) use stream::{Packer, Unpacker};

use crate::{config::Limits, failure::Failure, memory, reply::Reply};

/// A reply up to this size, in bytes, is sent plain: compressed it would hardly be smaller.
const SMALL: usize = 1 << 10;

/// Most bytes that come of one byte of a compressed body, beyond [`FREE`]. Rows of a data set are
/// rarely compressed to a fiftieth; what expands further was made to.
pub(crate) const RATIO: usize = 200;

/// Bytes that any compressed body may come to.
pub(crate) const FREE: usize = 1 << 20;

/// The largest window of zstd, as a power of two: what RFC 9659 allows on the web.
const WINDOW_LOG: u32 = 23;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
    /// zlib's format, which HTTP calls deflate.
    Deflate,
    Zstd,
}

/// The encodings, the one we like best first: at its fast level zstd is both faster and smaller.
const LIKED: [Encoding; 3] = [Encoding::Zstd, Encoding::Gzip, Encoding::Deflate];

impl Encoding {
    /// The name in headers; none for a plain body.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip => Some("gzip"),
            Self::Deflate => Some("deflate"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// How a request's body is compressed, by its headers.
    pub(crate) fn sent(headers: &HeaderMap) -> Result<Self, Failure> {
        let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(Self::Plain) };
        let value = value.as_bytes();
        if value.eq_ignore_ascii_case(b"identity") {
            return Ok(Self::Plain);
        }
        let named = |encoding: &Self| {
            encoding.name().is_some_and(|name| value.eq_ignore_ascii_case(name.as_bytes()))
        };
        LIKED.into_iter().find(named).ok_or_else(|| {
            let message = "the content-encoding is not supported; send the body plain, or as `gzip`, `deflate` or `zstd`";
            Failure::new(Code::UnsupportedMediaType, message)
        })
    }

    /// How its reply may be compressed, by its headers (RFC 9110 §12.5.3): what its sender prefers,
    /// and what we like best of that.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        if !headers.contains_key(ACCEPT_ENCODING) {
            return Self::Plain;
        }
        let lists = || headers.get_all(ACCEPT_ENCODING).iter().map(HeaderValue::to_str);
        let items = || lists().flatten().flat_map(|list| list.split(',')).map(weighed);
        let weight = |encoding: &Self| {
            let name = encoding.name().unwrap_or_default();
            let named = |wanted: &str| items().find(|(n, _)| n.eq_ignore_ascii_case(wanted));
            named(name).or_else(|| named("*")).map_or(0, |(_, weight)| weight)
        };
        // the first of several that are preferred alike
        let best = LIKED.into_iter().rev().max_by_key(weight);
        best.filter(|best| weight(best) > 0).unwrap_or(Self::Plain)
    }
}

/// An item of a list with its weight in thousandths.
pub(crate) fn weighed(item: &str) -> (&str, u16) {
    let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
    let quality = parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().ok())?
    });
    (name.trim(), (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u16)
}

/// Decompresses a body, never beyond the limit.
pub(crate) fn decompress(
    body: &[u8],
    encoding: Encoding,
    limits: &Limits,
) -> Result<Vec<u8>, Failure> {
    let fair = body.len().saturating_mul(RATIO).saturating_add(FREE);
    let most = limits.body_bytes.min(fair);
    let mut plain = Vec::with_capacity(body.len().saturating_mul(2).min(most));
    let mut read = |from: &mut dyn Read| from.take(most as u64 + 1).read_to_end(&mut plain);
    let result = match encoding {
        Encoding::Plain => read(&mut { body }),
        Encoding::Gzip => read(&mut GzDecoder::new(body)),
        Encoding::Deflate => read(&mut ZlibDecoder::new(body)),
        Encoding::Zstd => zstd_reader(body).and_then(|mut reader| read(&mut reader)),
    };
    result.map_err(|_| {
        Failure::invalid("the body does not decompress as its content-encoding says")
    })?;
    if plain.len() <= most {
        return Ok(plain);
    }
    if plain.len() > limits.body_bytes {
        return Err(memory::too_large(limits));
    }
    let message = format!(
        "the body decompresses to more than {RATIO} times its size; send it plain or in parts"
    );
    Err(Failure::new(Code::TooLarge, message))
}

fn zstd_reader(body: &[u8]) -> io::Result<impl Read> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(body)?;
    reader.window_log_max(WINDOW_LOG)?;
    Ok(reader)
}

/// Compresses bytes at the fast level, behind those that `out` holds.
pub(crate) fn compress(plain: &[u8], encoding: Encoding, out: Vec<u8>) -> io::Result<Vec<u8>> {
    match encoding {
        Encoding::Plain => Ok([&out, plain].concat()),
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(out, Compression::fast());
            encoder.write_all(plain)?;
            encoder.finish()
        }
        Encoding::Deflate => {
            let mut encoder = ZlibEncoder::new(out, Compression::fast());
            encoder.write_all(plain)?;
            encoder.finish()
        }
        Encoding::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(out, 1)?;
            encoder.write_all(plain)?;
            encoder.finish()
        }
    }
}

/// True when a body of `bytes` bytes is worth it.
pub(crate) fn is_worth(encoding: Encoding, bytes: usize) -> bool {
    encoding != Encoding::Plain && bytes > SMALL
}

/// The reply, compressed when its receiver wants it, and it is worth it.
pub(crate) fn reply(mut reply: Reply, wanted: Encoding) -> Reply {
    if !is_worth(wanted, reply.body.len()) {
        return reply;
    }
    // memory is all that can fail, and the plain reply is right as well
    match compress(&reply.body, wanted, Vec::with_capacity(reply.body.len() / 4)) {
        Ok(body) => {
            reply.body = body.into();
            named(reply, wanted)
        }
        Err(_) => reply,
    }
}

/// The reply, saying how its body is compressed.
pub(crate) fn named(mut reply: Reply, encoding: Encoding) -> Reply {
    if let Some(name) = encoding.name() {
        reply.headers.push((CONTENT_ENCODING, HeaderValue::from_static(name)));
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(value: &'static str) -> Encoding {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
        Encoding::wanted(&headers)
    }

    #[test]
    fn a_reply_is_compressed_as_its_receiver_prefers() {
        assert_eq!(Encoding::wanted(&HeaderMap::new()), Encoding::Plain);
        for (value, expected) in [
            ("gzip", Encoding::Gzip),
            ("gzip, deflate, br, zstd", Encoding::Zstd),
            ("gzip;q=1.0, zstd;q=0.5", Encoding::Gzip),
            ("deflate, identity", Encoding::Deflate),
            ("*", Encoding::Zstd),
            ("zstd;q=0, *", Encoding::Gzip),
            ("GZIP; q=0.1", Encoding::Gzip),
            ("gzip;q=0", Encoding::Plain),
            ("identity", Encoding::Plain),
            ("br", Encoding::Plain),
            ("", Encoding::Plain),
        ] {
            assert_eq!(wanted(value), expected, "{value}");
        }
    }

    #[test]
    fn a_body_comes_back_from_every_encoding() {
        let body: Vec<u8> = (0..5000_u32).flat_map(|at| (at * at).to_le_bytes()).collect();
        for encoding in LIKED.into_iter().chain([Encoding::Plain]) {
            let packed = compress(&body, encoding, Vec::new()).unwrap();
            let plain = decompress(&packed, encoding, &Limits::default()).unwrap();
            assert!(plain == body, "{encoding:?}");
            if encoding != Encoding::Plain {
                assert!(decompress(b"not compressed", encoding, &Limits::default()).is_err());
                // what is cut off is no shorter body
                assert!(decompress(&packed[..100], encoding, &Limits::default()).is_err());
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let small = Limits { body_bytes: 1000, ..Limits::default() };
        let packed = |size: usize, encoding| {
            let zeros = vec![0; size];
            match encoding {
                Encoding::Zstd => zstd::encode_all(&*zeros, 19),
                Encoding::Gzip => {
                    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
                    encoder.write_all(&zeros).and_then(|()| encoder.finish())
                }
                _ => {
                    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
                    encoder.write_all(&zeros).and_then(|()| encoder.finish())
                }
            }
            .unwrap()
        };
        let refused =
            |body: &[u8], encoding, limits: &Limits| match decompress(body, encoding, limits) {
                Ok(plain) => panic!("{encoding:?} gave {} bytes", plain.len()),
                Err(failure) => failure,
            };
        for encoding in LIKED {
            assert_eq!(decompress(&packed(1000, encoding), encoding, &small).unwrap().len(), 1000);
            let bomb = packed(50_000_000, encoding);
            let failure = refused(&bomb, encoding, &small);
            assert_eq!(failure.code, Code::TooLarge);
            assert!(failure.message.contains("--max-body-bytes"), "{failure:?}");
            let failure = refused(&bomb, encoding, &Limits::default());
            assert_eq!(failure.code, Code::TooLarge);
            assert!(failure.message.contains("200 times its size"), "{failure:?}");
        }
    }

    #[test]
    fn a_window_beyond_that_of_the_web_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.long_distance_matching(true).unwrap();
        encoder.write_all(&[7; 100]).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(decompress(&packed, Encoding::Zstd, &Limits::default()).is_err());
    }

    #[test]
    fn a_small_reply_is_sent_plain() {
        let small = reply(Reply::json(vec![b'1'; SMALL]), Encoding::Gzip);
        assert_eq!((small.body.len(), small.headers.len()), (SMALL, 0));
        let large = reply(Reply::json(vec![b'1'; SMALL + 1]), Encoding::Gzip);
        assert!(large.body.len() < SMALL);
        let named = (CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(large.headers, [named]);
    }
}
