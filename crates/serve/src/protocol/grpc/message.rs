//! Messages as a call carries them: a byte that says whether it is compressed, its length in four bytes, and the
//! message.

use bytes::Bytes;
use longshore_daemon::Code;

use crate::{config::Limits, failure::Failure, memory::too_large};

/// Bytes before a message.
pub(crate) const PREFIX: usize = 5;

/// A message as it was sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) compressed: bool,
}

/// Takes the first message off `sent`; `None` when not all of it has arrived. A message of more
/// than `most` bytes is refused once its prefix is read.
pub(crate) fn next(sent: &mut Bytes, most: usize) -> Result<Option<Message>, Failure> {
    let Some((&[flag, length @ ..], _)) = sent.split_first_chunk::<PREFIX>() else {
        return Ok(None);
    };
    let compressed = match flag {
        0 => false,
        1 => true,
        _ => {
            let message = format!(
                "the message begins with {flag}, where 0 or 1 says whether it is compressed"
            );
            return Err(Failure::invalid(message));
        }
    };
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > most {
        let message =
            format!("a message of {length} bytes is sent where {most} bytes are the most");
        return Err(Failure::new(Code::TooLarge, message));
    }
    if sent.len() - PREFIX < length {
        return Ok(None);
    }
    let mut bytes = sent.split_to(PREFIX + length);
    let bytes = bytes.split_off(PREFIX);
    Ok(Some(Message { bytes, compressed }))
}

/// The message of a call that has only one.
pub(crate) fn only(mut sent: Bytes, limits: &Limits) -> Result<Message, Failure> {
    let length = sent.len();
    let found = next(&mut sent, limits.body_bytes).map_err(|failure| match failure.code {
        Code::TooLarge => too_large(limits),
        _ => failure,
    })?;
    let message = found.ok_or_else(|| match length {
        0 => Failure::invalid("the call has no message"),
        _ => Failure::invalid(format!(
            "the message is cut: {length} bytes arrived, which is less than its prefix says"
        )),
    })?;
    if sent.is_empty() {
        return Ok(message);
    }
    Err(Failure::invalid(format!(
        "{} bytes follow the message; the call takes one message",
        sent.len()
    )))
}

/// Room for the prefix, which [`seal`] fills once the message stands behind it.
pub(crate) fn begin(capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(PREFIX + capacity);
    out.extend_from_slice(&[0; PREFIX]);
    out
}

/// Fills the prefix.
pub(crate) fn seal(mut out: Vec<u8>, compressed: bool) -> Result<Vec<u8>, Failure> {
    let length = u32::try_from(out.len().saturating_sub(PREFIX)).map_err(|_| {
        let message = "the answer is larger than a message can be; ask for fewer rows at a time";
        Failure::new(Code::TooLarge, message)
    })?;
    if let Some((prefix, _)) = out.split_first_chunk_mut::<PREFIX>() {
        let [a, b, c, d] = length.to_be_bytes();
        *prefix = [u8::from(compressed), a, b, c, d];
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { body_bytes: 100, ..Limits::default() }
    }

    #[test]
    fn messages_follow_one_another() {
        let mut sent = Bytes::from_static(b"\0\0\0\0\x02hi\x01\0\0\0\0\0\0\0\0\x03ab");
        let first = Message { bytes: Bytes::from_static(b"hi"), compressed: false };
        assert_eq!(next(&mut sent, 100).unwrap(), Some(first));
        let second = Message { bytes: Bytes::new(), compressed: true };
        assert_eq!(next(&mut sent, 100).unwrap(), Some(second));
        assert_eq!(next(&mut sent, 100).unwrap(), None);
        assert_eq!(&sent[..], b"\0\0\0\0\x03ab");
        assert_eq!(next(&mut sent, 2).unwrap_err().code, Code::TooLarge);
    }

    #[test]
    fn other_framing_is_refused() {
        for (sent, code, expected) in [
            (&b""[..], Code::InvalidArgument, "has no message"),
            (b"\0\0\0", Code::InvalidArgument, "3 bytes arrived"),
            (b"\0\0\0\0\x02h", Code::InvalidArgument, "is cut"),
            (b"\x02\0\0\0\0", Code::InvalidArgument, "begins with 2"),
            (b"\0\0\0\0\0\0", Code::InvalidArgument, "1 bytes follow"),
            (b"\0\0\0\0\x65", Code::TooLarge, "exceeds the limit of 100 bytes"),
            (b"\0\xff\xff\xff\xff", Code::TooLarge, "exceeds the limit of 100 bytes"),
        ] {
            let failure = only(Bytes::from_static(sent), &limits()).unwrap_err();
            assert_eq!(failure.code, code);
            assert!(failure.message.contains(expected), "{}", failure.message);
        }
    }

    #[test]
    fn what_is_sealed_is_read() {
        let mut out = begin(3);
        out.extend_from_slice(b"abc");
        let sealed = Bytes::from(seal(out, true).unwrap());
        let message = only(sealed, &limits()).unwrap();
        assert_eq!(message, Message { bytes: Bytes::from_static(b"abc"), compressed: true });
    }
}
