//! A stream of messages: the length of a head, the head, and the body behind it.

use arrow_ipc::{DictionaryBatch, Message, MessageHeader, RecordBatch, Schema, root_as_message};
use bytes::Bytes;

use super::malformed;
use crate::failure::Failure;

/// What a file begins and ends with.
const MAGIC: &[u8] = b"ARROW1";

/// Bytes before the messages of a file: the magic and two more, so that they are aligned.
const BEGIN: usize = 8;

/// What stands before the length of a head since version 0.15 of the format.
const CONTINUATION: u32 = u32::MAX;

/// The messages of a body that are left.
#[derive(Debug)]
pub(super) struct Messages {
    left: Bytes,
}

/// One message.
#[derive(Debug)]
pub(super) struct Received {
    head: Bytes,
    body: Bytes,
}

/// What a message is.
pub(super) enum Head<'m> {
    Schema(Schema<'m>),
    Rows(RecordBatch<'m>),
    Dictionary { id: i64, is_delta: bool, rows: RecordBatch<'m> },
}

impl Messages {
    /// The messages of a stream, or those of a file, whose footer repeats where they are.
    pub(super) fn of(body: &Bytes) -> Result<Self, Failure> {
        if body.starts_with(b"PAR1") {
            return Err(Failure::invalid(
                "the body is Parquet; send it as `application/vnd.apache.parquet`",
            ));
        }
        if body.starts_with(b"FEA1") {
            return Err(Failure::invalid(
                "the body is Feather of version 1; write version 2, which is Arrow's IPC file",
            ));
        }
        if !body.starts_with(MAGIC) {
            return Ok(Self { left: body.clone() });
        }
        let cut = || malformed("the file is cut off");
        let rest = body.strip_suffix(MAGIC).ok_or_else(cut)?;
        let (rest, length) = rest.split_last_chunk().ok_or_else(cut)?;
        let footer = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| cut())?;
        let end = rest.len().checked_sub(footer).filter(|end| *end >= BEGIN).ok_or_else(cut)?;
        Ok(Self { left: body.slice(BEGIN..end) })
    }

    /// The next message; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Received>, Failure> {
        let Some(mut length) = self.word() else {
            return if self.left.is_empty() { Ok(None) } else { Err(malformed("it is cut off")) };
        };
        if length == CONTINUATION {
            length = self.word().ok_or_else(|| malformed("it is cut off"))?;
        }
        if length == 0 {
            return Ok(None);
        }
        let head = self.split(u64::from(length))?;
        let message = parse(&head)?;
        let length = u64::try_from(message.bodyLength())
            .map_err(|_| malformed("a message has a negative length"))?;
        let body = self.split(length)?;
        Ok(Some(Received { head, body }))
    }

    fn word(&mut self) -> Option<u32> {
        let word = u32::from_le_bytes(*self.left.first_chunk()?);
        self.left = self.left.slice(4..);
        Some(word)
    }

    fn split(&mut self, length: u64) -> Result<Bytes, Failure> {
        match usize::try_from(length).ok().filter(|length| *length <= self.left.len()) {
            Some(length) => Ok(self.left.split_to(length)),
            None => Err(malformed("a message is longer than what is left of it")),
        }
    }
}

impl Received {
    /// What it is, and its body.
    pub(super) fn parts(&self) -> Result<(Head<'_>, &Bytes), Failure> {
        let message = parse(&self.head)?;
        let head = match message.header_type() {
            MessageHeader::Schema => message.header_as_schema().map(Head::Schema),
            MessageHeader::RecordBatch => message.header_as_record_batch().map(Head::Rows),
            MessageHeader::DictionaryBatch => {
                message.header_as_dictionary_batch().and_then(dictionary)
            }
            _ => None,
        };
        let head = head.ok_or_else(|| malformed("a message is neither a schema nor rows"))?;
        Ok((head, &self.body))
    }
}

fn dictionary(batch: DictionaryBatch<'_>) -> Option<Head<'_>> {
    Some(Head::Dictionary { id: batch.id(), is_delta: batch.isDelta(), rows: batch.data()? })
}

/// The head of a message. Its offsets are verified, and so is its depth.
fn parse(head: &[u8]) -> Result<Message<'_>, Failure> {
    root_as_message(head).map_err(|_| malformed("the head of a message is none"))
}
