use longshore_engine::TextColumn;
use longshore_kserve::v2::Datatype;

use crate::{failure::Failure, names::quoted};

/// What a request says of a tensor whose items are bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) struct Claim<'t> {
    pub(in crate::protocol) name: &'t str,
    pub(in crate::protocol) shape: &'t [usize],
    pub(in crate::protocol) datatype: Datatype,
}

impl Claim<'_> {
    /// Items of the shape; `None` when there cannot be so many.
    pub(in crate::protocol) fn total(&self) -> Option<usize> {
        self.shape.iter().try_fold(1_usize, |total, &size| total.checked_mul(size))
    }

    /// Where the `at`-th item is.
    pub(in crate::protocol) fn place(&self, at: usize) -> String {
        let width = self.shape.iter().skip(1).product::<usize>().max(1);
        let name = quoted(self.name);
        if width == 1 {
            return format!("input {name}, row {at}");
        }
        format!("input {name}, row {}, column {}", at / width, at % width)
    }

    /// Adds the `at`-th item to `texts`.
    pub(in crate::protocol) fn push_text(
        &self,
        texts: &mut TextColumn,
        at: usize,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Failure::invalid(format!("{} is not UTF-8", self.place(at))))?;
        texts.push(Some(text));
        Ok(())
    }
}
