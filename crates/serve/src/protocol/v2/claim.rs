use base64::{Engine as _, engine::general_purpose::STANDARD};
use longshore_engine::TextColumn;
use longshore_kserve::v2::Datatype;

use crate::failure::Failure;

/// What a request says of a tensor whose items are bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) struct Claim<'t> {
    pub(in crate::protocol) name: &'t str,
    pub(in crate::protocol) shape: &'t [usize],
    pub(in crate::protocol) datatype: Datatype,
    /// Its texts are base64, as `MLServer`'s codec writes bytes.
    pub(in crate::protocol) base64: bool,
}

impl Claim<'_> {
    /// Items of the shape; `None` when there cannot be so many.
    pub(in crate::protocol) fn total(&self) -> Option<usize> {
        self.shape.iter().try_fold(1_usize, |total, &size| total.checked_mul(size))
    }

    /// Where the `at`-th item is.
    pub(in crate::protocol) fn place(&self, at: usize) -> String {
        let width = self.shape.iter().skip(1).product::<usize>().max(1);
        format!("input `{}`, row {}, column {}", self.name, at / width, at % width)
    }

    /// Adds the `at`-th item to `texts`.
    pub(in crate::protocol) fn push_text(
        &self,
        texts: &mut TextColumn,
        at: usize,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let wrong = |why| Failure::invalid(format!("{} is not {why}", self.place(at)));
        if self.base64 {
            let decoded = STANDARD.decode(bytes).ok().and_then(|text| String::from_utf8(text).ok());
            texts.push(Some(&decoded.ok_or_else(|| wrong("base64 of UTF-8 text"))?));
        } else {
            texts.push(Some(std::str::from_utf8(bytes).map_err(|_| wrong("UTF-8"))?));
        }
        Ok(())
    }
}
