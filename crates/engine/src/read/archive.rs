//! Zip archives whose entries are read within bounds and at most once.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use zip::{CompressionMethod, ZipArchive};

use super::builder::Builder;
use crate::{Error, Limits};

/// Bytes that the archive's index takes for each entry.
const ENTRY: usize = 640;

/// Bytes of output up to which the compression ratio is not enforced.
const FREE: u64 = 1 << 20;

/// First byte, length, and whether these bytes are the document's owned ones, not the input.
pub(super) type Range = (u64, u64, bool);

pub(super) struct Archive<'a> {
    zip: ZipArchive<io::Cursor<&'a [u8]>>,
    /// Where the archive starts in the input; `None` when it is not part of the input.
    base: Option<u64>,
    limits: Limits,
    inflated: u64,
    found: HashMap<String, Range>,
}

impl<'a> Archive<'a> {
    /// Opens an archive that stands at `base` of the input.
    pub(super) fn open(
        bytes: &'a [u8],
        base: Option<u64>,
        limits: &Limits,
        out: &mut Builder,
    ) -> Result<Self, Error> {
        // the index is built from these headers, whatever the archive declares
        let headers = bytes.windows(4).filter(|window| window == b"PK\x01\x02").count();
        out.budget.charge(headers.saturating_mul(ENTRY), 0)?;
        let zip = ZipArchive::new(io::Cursor::new(bytes)).map_err(|error| malformed(&error))?;
        Ok(Self { zip, base, limits: *limits, inflated: 0, found: HashMap::new() })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// Where the contents of an entry stand, after its checksum was verified.
    pub(super) fn entry(&mut self, name: &str, out: &mut Builder) -> Result<Range, Error> {
        if let Some(range) = self.found.get(name) {
            return Ok(*range);
        }
        let mut file = self.zip.by_name(name).map_err(|error| match error {
            zip::result::ZipError::FileNotFound => wrong(name, "the archive has no such entry"),
            error => wrong(name, &error.to_string()),
        })?;
        let (size, stored) = (file.size(), file.compressed_size());
        let range = match (file.compression(), file.data_start(), self.base) {
            (CompressionMethod::Stored, Some(start), Some(base)) if size == stored => {
                io::copy(&mut file, &mut io::sink()).map_err(|e| wrong(name, &e.to_string()))?;
                (base + start, size, false)
            }
            _ => {
                let ratio = self.limits.compression_ratio;
                self.inflated = self.inflated.saturating_add(size);
                if self.inflated > self.limits.model_bytes {
                    return Err(Error::Limit {
                        what: format!("the archive, decompressed up to entry `{name}`,"),
                        limit: format!("{} bytes", self.limits.model_bytes),
                        flag: "--max-model-bytes",
                    });
                }
                if size > FREE && size > stored.saturating_mul(ratio) {
                    return Err(Error::Limit {
                        what: format!(
                            "the compression ratio of entry `{name}` ({size} bytes from {stored})"
                        ),
                        limit: format!("{ratio}:1"),
                        flag: "--max-compression-ratio",
                    });
                }
                let len = usize::try_from(size).unwrap_or(usize::MAX);
                let start = out.doc.owned.len();
                out.budget.grow(size);
                out.budget.reserve(&mut out.doc.owned, len, 0)?;
                // one byte more than declared, to notice when there is more
                let mut contents = file.by_ref().take(size.saturating_add(1));
                let read = io::copy(&mut contents, &mut out.doc.owned);
                let read = read.map_err(|error| wrong(name, &error.to_string()))?;
                if read != size {
                    return Err(wrong(name, &format!("it declares {size} bytes and has others")));
                }
                (start as u64, size, true)
            }
        };
        out.budget.charge(name.len() + 2 * size_of::<(String, Range)>(), 0)?;
        self.found.insert(name.to_owned(), range);
        Ok(range)
    }
}

fn wrong(name: &str, reason: &str) -> Error {
    Error::Malformed { format: "zip", place: format!("entry `{name}`"), reason: reason.to_owned() }
}

fn malformed(error: &zip::result::ZipError) -> Error {
    let reason = format!(
        "{error}; the index is the end of the file, which may be cut off: save or copy it again"
    );
    Error::Malformed { format: "zip", place: "the index".into(), reason }
}
