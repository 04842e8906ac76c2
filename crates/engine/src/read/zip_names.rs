//! The names inside a zip archive, from the end of its bytes.
//!
//! Format: the end of central directory record and the central directory of PKWARE's
//! `APPNOTE.TXT`, sections 4.3.12 and 4.3.16.

/// Bytes of the end record without its comment.
const END: usize = 22;
/// Longest comment behind the end record.
const COMMENT: usize = u16::MAX as usize;
/// Names that are looked at; whatever tells archives apart is among the first.
const MOST: usize = 1_000;

/// The names of the entries; `None` when the end of the archive is damaged or missing.
pub(crate) fn zip_names(bytes: &[u8]) -> Option<Vec<&str>> {
    let first = bytes.len().saturating_sub(END + COMMENT);
    let tail = bytes.get(first..)?;
    let at = first + tail.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let end = bytes.get(at..)?;
    let size = usize::try_from(u32::from_le_bytes(*end.get(12..)?.first_chunk()?)).ok()?;
    let mut rest = bytes.get(at.checked_sub(size)?..at)?;
    let mut names = Vec::new();
    while names.len() < MOST && rest.starts_with(b"PK\x01\x02") {
        let length =
            |at: usize| Some(usize::from(u16::from_le_bytes(*rest.get(at..)?.first_chunk()?)));
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        names.push(str::from_utf8(rest.get(46..46 + name)?).unwrap_or_default());
        rest = rest.get(46 + name + extra + comment..)?;
    }
    (!names.is_empty()).then_some(names)
}
