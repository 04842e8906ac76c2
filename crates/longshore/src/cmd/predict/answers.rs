use std::io::{BufWriter, ErrorKind, Write};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Writes the answers of blocks as one list, `{"predictions":[…]}`.
pub(super) struct Answers<W: Write> {
    out: BufWriter<W>,
    begun: bool,
    /// Whether a value was written already, so that a comma comes before the next one.
    follows: bool,
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    predictions: &'a RawValue,
}

impl<W: Write> Answers<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out: BufWriter::new(out), begun: false, follows: false }
    }

    /// Writes a block's answers, with the digits that the server wrote. False when nobody
    /// reads them any more.
    pub(super) fn write(&mut self, reply: &[u8]) -> Result<bool> {
        let reply: Reply<'_> = serde_json::from_slice(reply)?;
        let list = reply.predictions.get().strip_prefix('[').and_then(|l| l.strip_suffix(']'));
        let list = list.context("the model's answer is not a list with an item for each row")?;
        self.put(|answers| {
            if !std::mem::replace(&mut answers.begun, true) {
                answers.out.write_all(b"{\"predictions\":[")?;
            }
            if !list.is_empty() {
                if std::mem::replace(&mut answers.follows, true) {
                    answers.out.write_all(b",")?;
                }
                answers.out.write_all(list.as_bytes())?;
            }
            answers.out.flush()
        })
    }

    /// Ends the list.
    pub(super) fn finish(mut self) -> Result<()> {
        self.put(|answers| answers.out.write_all(b"]}\n").and_then(|()| answers.out.flush()))?;
        Ok(())
    }

    fn put(&mut self, write: impl FnOnce(&mut Self) -> std::io::Result<()>) -> Result<bool> {
        match write(self) {
            Ok(()) => Ok(true),
            // such as `longshore predict … | head -c 100`
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error).context("failed to write the answers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answers;

    fn joined(replies: &[&str]) -> String {
        let mut out = Vec::new();
        let mut answers = Answers::new(&mut out);
        for reply in replies {
            assert!(answers.write(reply.as_bytes()).unwrap());
        }
        answers.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_answers_of_blocks_are_one_list() {
        let replies = [r#"{"predictions":[1.50,null]}"#, r#"{"predictions":[[2,3]]}"#];
        assert_eq!(joined(&replies), "{\"predictions\":[1.50,null,[2,3]]}\n");
        assert_eq!(joined(&[r#"{"predictions":[]}"#]), "{\"predictions\":[]}\n");
    }

    #[test]
    fn an_answer_that_is_no_list_is_not_joined() {
        let mut answers = Answers::new(Vec::new());
        assert!(answers.write(br#"{"predictions":{"a":[1]}}"#).is_err());
        assert!(answers.write(br#"{"error":"no"}"#).is_err());
    }
}
