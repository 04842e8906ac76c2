//! Bytes that arrive in pieces, cut into lines.

use std::{collections::VecDeque, ops::Range};

use bytes::{Bytes, BytesMut};

/// The byte order mark that Windows editors begin a file with.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Cuts what it is given into blocks of whole lines. It holds what was given and not taken.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    held: BytesMut,
    /// Where each line of `held` ends, behind its newline.
    ends: VecDeque<usize>,
    /// Bytes of `held` that were looked through.
    searched: usize,
    /// Lines that were taken.
    taken: u64,
}

/// Some lines that follow one another.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    bytes: Bytes,
    lines: Vec<(u64, Range<usize>)>,
}

/// A line that holds more than white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its number; the first line of a stream is 1, and empty lines count.
    pub(crate) number: u64,
    pub(crate) bytes: &'a [u8],
}

impl Splitter {
    /// More bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let unread = self.held.get(self.searched..).unwrap_or_default();
        let newlines = unread.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let ends = newlines.map(|(at, _)| self.searched + at + 1);
        self.ends.extend(ends);
        self.searched = self.held.len();
    }

    /// No more bytes come: the last line needs no newline.
    pub(crate) fn finish(&mut self) {
        if self.unended() > 0 {
            self.ends.push_back(self.held.len());
        }
    }

    /// The bytes it holds.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// The lines whose end has come.
    pub(crate) fn whole(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of the line whose end has not come.
    pub(crate) fn unended(&self) -> usize {
        self.held.len() - self.ends.back().copied().unwrap_or(0)
    }

    /// The number of the next line.
    pub(crate) fn next_line(&self) -> u64 {
        self.taken + 1
    }

    /// Takes at most `count` lines that have at most `bytes` bytes together; a single line may be
    /// longer. `None` when no line is whole.
    pub(crate) fn take(&mut self, count: usize, bytes: usize) -> Option<Block> {
        let fit = self.ends.iter().take(count.max(1)).take_while(|end| **end <= bytes).count();
        let count = fit.max(1).min(self.ends.len());
        let mut lines = Vec::with_capacity(count);
        let mut begin = 0;
        for end in self.ends.drain(..count) {
            self.taken += 1;
            let mut range = begin..end;
            if self.taken == 1 && self.held.starts_with(MARK) {
                range.start += MARK.len();
            }
            begin = end;
            let line = self.held.get(range.clone()).unwrap_or_default();
            if !line.trim_ascii().is_empty() {
                lines.push((self.taken, range));
            }
        }
        if begin == 0 {
            return None;
        }
        for end in &mut self.ends {
            *end -= begin;
        }
        self.searched -= begin;
        Some(Block { bytes: self.held.split_to(begin).freeze(), lines })
    }
}

impl Block {
    /// The number of its bytes, also those of empty lines.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many of its lines are not empty.
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    /// The lines that are not empty.
    pub(crate) fn lines(&self) -> Vec<Line<'_>> {
        let lines = self.lines.iter().map(|(number, range)| {
            let bytes = self.bytes.get(range.clone()).unwrap_or_default().trim_ascii();
            Line { number: *number, bytes }
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(block: &Block) -> Vec<(u64, &str)> {
        let lines = block.lines().into_iter();
        lines.map(|line| (line.number, std::str::from_utf8(line.bytes).unwrap())).collect()
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_arrive() {
        let text = "\u{feff}one\r\n\n  \ntwo\nthree is longer\n\nlast";
        for piece in 1..=text.len() {
            for (count, bytes) in [(1, 1), (2, 8), (100, 1000)] {
                let mut splitter = Splitter::default();
                let mut found = Vec::new();
                let mut take = |splitter: &mut Splitter| {
                    while let Some(block) = splitter.take(count, bytes) {
                        assert!(block.lines().len() <= count);
                        let one = block.lines.len() <= 1;
                        assert!(block.len() <= bytes || one, "{block:?}");
                        let owned = texts(&block).into_iter().map(|(n, t)| (n, t.to_owned()));
                        found.extend(owned);
                    }
                };
                for piece in text.as_bytes().chunks(piece) {
                    splitter.push(piece);
                    take(&mut splitter);
                }
                assert_eq!(splitter.unended(), 4);
                splitter.finish();
                take(&mut splitter);
                assert_eq!(splitter.held(), 0);
                assert_eq!(splitter.next_line(), 8);
                let expected = [(1, "one"), (4, "two"), (5, "three is longer"), (7, "last")];
                assert_eq!(found, expected.map(|(n, t)| (n, t.to_owned())));
            }
        }
    }

    #[test]
    fn a_stream_may_end_with_a_newline_or_be_empty() {
        let mut splitter = Splitter::default();
        splitter.finish();
        assert!(splitter.take(9, 9).is_none());
        let mut splitter = Splitter::default();
        splitter.push(b"1\n");
        splitter.finish();
        assert_eq!(texts(&splitter.take(9, 9).unwrap()), [(1, "1")]);
        assert!(splitter.take(9, 9).is_none());
    }
}
