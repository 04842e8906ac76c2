//! Digests that a storage promises, and whether a file keeps the promise.

use std::{fmt::Write, fs::File, io::Read, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, Table};
use http::HeaderMap;
use md5::{Digest as _, Md5};
use ring::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use crate::Error;

static CRC32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
static CRC64: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

/// Bytes read at once while a file is checked.
const CHUNK: usize = 256 << 10;

/// The digests of one object, as its storage states them. Each is optional; there can be several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checks {
    /// The entity tag of an object that was written in one piece and is not encrypted by KMS.
    md5: Option<Vec<u8>>,
    /// The entity tag of an object written in several: the digest of the parts' digests, and the
    /// size of every part but the last.
    parts: Option<(Vec<u8>, u64)>,
    crc32: Option<Vec<u8>>,
    crc32c: Option<Vec<u8>>,
    crc64: Option<Vec<u8>>,
    sha1: Option<Vec<u8>>,
    sha256: Option<Vec<u8>>,
    /// The name of a git blob, which is the SHA-1 of a head with the size and of the bytes.
    git: Option<(Vec<u8>, u64)>,
}

impl Checks {
    /// What S3 says in the headers of an object.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // a composite checksum is a digest of the parts' digests: it ends in `-PARTS`
        let whole = text("x-amz-checksum-type").is_none_or(|kind| kind != "COMPOSITE");
        let sum = |name: &str, length: usize| {
            let bytes = BASE64_STANDARD.decode(text(name)?).ok()?;
            (whole && bytes.len() == length).then_some(bytes)
        };
        // the tag of an object that is encrypted by another key than S3's own is not its digest
        let encrypted = text("x-amz-server-side-encryption").is_some_and(|kind| kind != "AES256")
            || text("x-amz-server-side-encryption-customer-algorithm").is_some();
        Self {
            md5: if encrypted {
                None
            } else {
                text("etag").and_then(|tag| hex(tag.trim_matches('"'), 16))
            },
            parts: None,
            crc32: sum("x-amz-checksum-crc32", 4),
            crc32c: sum("x-amz-checksum-crc32c", 4),
            crc64: sum("x-amz-checksum-crc64nvme", 8),
            sha1: sum("x-amz-checksum-sha1", 20),
            sha256: sum("x-amz-checksum-sha256", 32),
            git: None,
        }
    }

    /// A SHA-256 in hexadecimal.
    pub(crate) fn of_sha256(digest: &str) -> Self {
        Self { sha256: hex(digest, 32), ..Self::default() }
    }

    /// The name of the git blob of `size` bytes, a SHA-1 in hexadecimal.
    pub(crate) fn of_git(blob: &str, size: u64) -> Self {
        Self { git: hex(blob, 20).map(|digest| (digest, size)), ..Self::default() }
    }

    /// Names of digests, and the digests in base64, as Google and Azure write them.
    pub(crate) fn of_base64<'a>(sums: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut checks = Self::default();
        for (name, sum) in sums {
            let bytes = BASE64_STANDARD.decode(sum).unwrap_or_default();
            match (name, bytes.len()) {
                ("md5", 16) => checks.md5 = Some(bytes),
                ("crc32c", 4) => checks.crc32c = Some(bytes),
                _ => {}
            }
        }
        checks
    }

    /// Adds the tag of an object that was written in parts of `part` bytes.
    pub(crate) fn with_parts(mut self, tag: &str, part: u64, size: u64) -> Self {
        let digest = tag.trim_matches('"').split_once('-').and_then(|(digest, count)| {
            let count: u64 = count.parse().ok()?;
            (part > 0 && size.div_ceil(part) == count).then(|| hex(digest, 16))?
        });
        self.parts = digest.map(|digest| (digest, part));
        self
    }

    /// Whether nothing but the size can be checked.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads a file once, compares what was promised, and gives its SHA-256 in hexadecimal.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with `what`, [`Error::Io`].
    pub(crate) fn verify(&self, file: &Path, what: &str) -> Result<String, Error> {
        let mut reader = File::open(file).map_err(Error::io("failed to read", file))?;
        let mut sums = Sums::new(self);
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = reader.read(&mut chunk).map_err(Error::io("failed to read", file))?;
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            sums.update(bytes);
        }
        sums.finish(self).map_err(|reason| Error::Corrupt { what: what.into(), reason })
    }
}

/// The SHA-256 of some bytes in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    to_hex(digest::digest(&SHA256, bytes).as_ref())
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes of a digest in hexadecimal.
fn hex(text: &str, bytes: usize) -> Option<Vec<u8>> {
    if text.len() != 2 * bytes || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

/// The digests of a file that is being read: SHA-256 always, others when they were promised.
struct Sums {
    sha256: digest::Context,
    sha1: Option<digest::Context>,
    md5: Option<Md5>,
    parts: Option<Parts>,
    crc32: Option<crc::Digest<'static, u32, Table<16>>>,
    crc32c: Option<crc::Digest<'static, u32, Table<16>>>,
    crc64: Option<crc::Digest<'static, u64, Table<16>>>,
    git: Option<digest::Context>,
}

/// Computes the digest of the digests of equally long parts.
struct Parts {
    size: u64,
    left: u64,
    inner: Md5,
    outer: Md5,
}

impl Parts {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let take = self.left.min(bytes.len() as u64) as usize;
            let (now, later) = bytes.split_at(take);
            self.inner.update(now);
            self.left -= take as u64;
            bytes = later;
            if self.left == 0 {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        let done = std::mem::take(&mut self.inner).finalize();
        self.outer.update(done);
        self.left = self.size;
    }

    fn finish(mut self) -> Vec<u8> {
        if self.left < self.size {
            self.close();
        }
        self.outer.finalize().to_vec()
    }
}

impl Sums {
    fn new(checks: &Checks) -> Self {
        Self {
            sha256: digest::Context::new(&SHA256),
            sha1: checks.sha1.as_ref().map(|_| digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
            md5: checks.md5.as_ref().map(|_| Md5::new()),
            parts: checks.parts.as_ref().map(|&(_, size)| Parts {
                size,
                left: size,
                inner: Md5::new(),
                outer: Md5::new(),
            }),
            crc32: checks.crc32.as_ref().map(|_| CRC32.digest()),
            crc32c: checks.crc32c.as_ref().map(|_| CRC32C.digest()),
            crc64: checks.crc64.as_ref().map(|_| CRC64.digest()),
            git: checks.git.as_ref().map(|(_, size)| {
                let mut sum = digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
                sum.update(format!("blob {size}\0").as_bytes());
                sum
            }),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(sum) = &mut self.sha1 {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.git {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.md5 {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.parts {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.crc32 {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.crc32c {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.crc64 {
            sum.update(bytes);
        }
    }

    fn finish(self, checks: &Checks) -> Result<String, String> {
        let sha256 = self.sha256.finish();
        let git = checks.git.as_ref().map(|(digest, _)| digest.clone());
        let found = [
            ("name as a git blob", self.git.map(|sum| sum.finish().as_ref().to_vec()), &git),
            ("SHA-256", Some(sha256.as_ref().to_vec()), &checks.sha256),
            ("SHA-1", self.sha1.map(|sum| sum.finish().as_ref().to_vec()), &checks.sha1),
            ("MD5", self.md5.map(|sum| sum.finalize().to_vec()), &checks.md5),
            ("CRC-32", self.crc32.map(|sum| sum.finalize().to_be_bytes().to_vec()), &checks.crc32),
            (
                "CRC-32C",
                self.crc32c.map(|sum| sum.finalize().to_be_bytes().to_vec()),
                &checks.crc32c,
            ),
            ("CRC-64", self.crc64.map(|sum| sum.finalize().to_be_bytes().to_vec()), &checks.crc64),
        ];
        for (name, found, promised) in &found {
            if let (Some(found), Some(promised)) = (found, promised)
                && found != promised
            {
                let (found, promised) = (to_hex(found), to_hex(promised));
                return Err(format!("its {name} is {found}, the storage says {promised}"));
            }
        }
        if let (Some(found), Some((promised, _))) = (self.parts.map(Parts::finish), &checks.parts)
            && found != *promised
        {
            return Err("the MD5 of its parts' MD5s is not its entity tag".into());
        }
        Ok(to_hex(sha256.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Checks, sha256};

    fn checks(headers: &[(&'static str, &str)]) -> Checks {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Checks::of(&map)
    }

    fn verify(checks: &Checks, bytes: &[u8]) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        checks.verify(file.path(), "x").map_err(|error| error.to_string())
    }

    // digests of `123456789`: the check values of the catalogue of CRCs, and coreutils
    const SUMS: &[(&str, &str)] = &[
        ("etag", "\"25f9e794323b453885f5181f1b624d0b\""),
        ("x-amz-checksum-crc32", "y/Q5Jg=="),
        ("x-amz-checksum-crc32c", "4waSgw=="),
        ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
        ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
        ("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
    ];

    #[test]
    fn each_promise_is_checked() {
        for (name, value) in SUMS {
            let one = checks(&[(name, value)]);
            assert!(!one.is_empty(), "{name}");
            assert_eq!(verify(&one, b"123456789").unwrap(), sha256(b"123456789"), "{name}");
            assert!(verify(&one, b"123456780").unwrap_err().contains("damaged"), "{name}");
        }
    }

    #[test]
    fn the_sums_of_git_and_lfs_are_checked() {
        // `printf 123456789 | git hash-object --stdin`, and coreutils
        let git = Checks::of_git("e2e107ac61ac259b87c544f6e7a4eb03422c6c21", 9);
        let lfs = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
        for one in [git, Checks::of_sha256(lfs)] {
            assert!(verify(&one, b"123456789").is_ok());
            assert!(verify(&one, b"123456780").unwrap_err().contains("damaged"));
        }
        assert!(Checks::of_git("d800", 9).is_empty() && Checks::of_sha256("").is_empty());
    }

    #[test]
    fn googles_sums_are_checked() {
        let sums = [("crc32c", "4waSgw=="), ("md5", "JfnnlDI7RTiF9RgfG2JNCw=="), ("x", "y")];
        for sum in &sums[..2] {
            let one = Checks::of_base64([*sum].into_iter());
            assert!(verify(&one, b"123456789").is_ok());
            assert!(verify(&one, b"123456780").unwrap_err().contains("damaged"));
        }
        assert!(Checks::of_base64([sums[2], ("md5", "4waSgw==")].into_iter()).is_empty());
    }

    #[test]
    fn tags_that_are_no_digest_promise_nothing() {
        let tag = SUMS[0];
        assert!(checks(&[tag, ("x-amz-server-side-encryption", "aws:kms")]).is_empty());
        assert!(!checks(&[tag, ("x-amz-server-side-encryption", "AES256")]).is_empty());
        assert!(checks(&[("etag", "\"25f9e794323b453885f5181f1b624d0b-2\"")]).is_empty());
        assert!(checks(&[("etag", "W/\"x\"")]).is_empty());
        assert!(checks(&[SUMS[1], ("x-amz-checksum-type", "COMPOSITE")]).is_empty());
    }

    #[test]
    fn a_tag_of_parts_is_checked_when_their_size_is_known() {
        // Python: md5(md5(b"12345").digest() + md5(b"6789").digest())
        const TAG: &str = "324730582f20c3f18cbb66d63a6137d2-2";
        let two = checks(&[]).with_parts(TAG, 5, 9);
        assert!(verify(&two, b"123456789").is_ok());
        assert!(verify(&two, b"123456780").is_err());
        assert!(checks(&[]).with_parts(TAG, 4, 9).is_empty());
    }
}
