//! Messages: the length of a head, the head, and the body behind it. A stream has one behind the
//! other, a file a footer that says where they are.

use std::{ops::Range, vec::IntoIter};

use arrow_ipc::{
    Block, DictionaryBatch, Footer, Message, MessageHeader, RecordBatch, Schema, root_as_footer,
    root_as_message,
};
use bytes::Bytes;

use super::malformed;
use crate::failure::Failure;

/// What a file begins and ends with.
const MAGIC: &[u8] = b"ARROW1";

/// What stands before the length of a head since version 0.15 of the format.
const CONTINUATION: u32 = u32::MAX;

/// The messages of a body that are left.
#[derive(Debug)]
pub(super) enum Messages {
    /// One behind the other; the first was the schema.
    Stream { schema: Received, left: Bytes },
    /// Where the footer of a file says, dictionaries first.
    File { footer: Bytes, blocks: IntoIter<Bytes> },
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
    /// The messages of a stream or of a file.
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
        if body.starts_with(MAGIC) {
            return Self::of_file(body);
        }
        let mut left = body.clone();
        let schema = Received::next(&mut left)?;
        Ok(Self::Stream { schema: schema.ok_or_else(|| malformed("it has no schema"))?, left })
    }

    fn of_file(body: &Bytes) -> Result<Self, Failure> {
        let cut = || malformed("the file is cut off");
        let rest = body.strip_suffix(MAGIC).ok_or_else(cut)?;
        let (rest, length) = rest.split_last_chunk().ok_or_else(cut)?;
        let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| cut())?;
        let begin = rest.len().checked_sub(length).ok_or_else(cut)?;
        let footer = body.slice(begin..rest.len());
        let found = parse_footer(&footer)?;
        let blocks = [found.dictionaries(), found.recordBatches()];
        let mut left = begin;
        let mut slices = Vec::new();
        for block in blocks.into_iter().flatten().flatten() {
            let slice = range(block).filter(|range| range.end <= begin && range.len() <= left);
            let slice = slice.ok_or_else(|| malformed("its footer names what is not there"))?;
            // messages that overlap would be read more often than they were sent
            left -= slice.len();
            slices.push(body.slice(slice));
        }
        Ok(Self::File { footer, blocks: slices.into_iter() })
    }

    /// What the columns are.
    pub(super) fn schema(&self) -> Result<Schema<'_>, Failure> {
        match self {
            Self::Stream { schema, .. } => match schema.parts()? {
                (Head::Schema(schema), _) => Ok(schema),
                _ => Err(malformed("it does not begin with a schema")),
            },
            Self::File { footer, .. } => {
                parse_footer(footer)?.schema().ok_or_else(|| malformed("it has no schema"))
            }
        }
    }

    /// True for a file, whose dictionaries are for all of its rows.
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// The next message of rows or of a dictionary; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Received>, Failure> {
        match self {
            Self::Stream { left, .. } => Received::next(left),
            Self::File { blocks, .. } => {
                let Some(mut block) = blocks.next() else { return Ok(None) };
                let message = Received::next(&mut block)?;
                message.map(Some).ok_or_else(|| malformed("its footer names an empty message"))
            }
        }
    }
}

/// Where a message of a file is.
fn range(block: &Block) -> Option<Range<usize>> {
    let begin = usize::try_from(block.offset()).ok()?;
    let head = usize::try_from(block.metaDataLength()).ok()?;
    let body = usize::try_from(block.bodyLength()).ok()?;
    Some(begin..begin.checked_add(head)?.checked_add(body)?)
}

fn parse_footer(footer: &[u8]) -> Result<Footer<'_>, Failure> {
    root_as_footer(footer).map_err(|_| malformed("its footer is none"))
}

fn word(left: &mut Bytes) -> Option<u32> {
    let word = u32::from_le_bytes(*left.first_chunk()?);
    *left = left.slice(4..);
    Some(word)
}

fn split(left: &mut Bytes, length: u64) -> Result<Bytes, Failure> {
    match usize::try_from(length).ok().filter(|length| *length <= left.len()) {
        Some(length) => Ok(left.split_to(length)),
        None => Err(malformed("a message is longer than what is left of it")),
    }
}

impl Received {
    /// Takes the first message off `left`; `None` at the end.
    fn next(left: &mut Bytes) -> Result<Option<Self>, Failure> {
        let cut = || malformed("it is cut off");
        let Some(mut length) = word(left) else {
            return if left.is_empty() { Ok(None) } else { Err(cut()) };
        };
        if length == CONTINUATION {
            length = word(left).ok_or_else(cut)?;
        }
        if length == 0 {
            return Ok(None);
        }
        let head = split(left, u64::from(length))?;
        let message = parse(&head)?;
        let length = u64::try_from(message.bodyLength())
            .map_err(|_| malformed("a message has a negative length"))?;
        let body = split(left, length)?;
        Ok(Some(Self { head, body }))
    }

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
