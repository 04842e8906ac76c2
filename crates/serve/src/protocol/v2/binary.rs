//! Items of tensors as raw bytes behind the JSON of a body, in the order in which it names them
//! (Triton's "binary tensor data extension").

use longshore_engine::quantity;

use super::{claim::Claim, raw, tensor::Values};
use crate::{failure::Failure, names::quoted};

/// A body cut where its JSON ends.
pub(super) fn cut(body: &[u8], json: usize) -> Result<(&[u8], Items<'_>), Failure> {
    let (json, rest) = body.split_at_checked(json).ok_or_else(|| {
        Failure::invalid(format!(
            "`Inference-Header-Content-Length` is {json}, and the body has only {}",
            quantity(body.len(), "byte")
        ))
    })?;
    Ok((json, Items { rest: Some(rest) }))
}

/// The bytes that no input has taken yet; `None` in a body of JSON alone.
#[derive(Debug, Default)]
pub(super) struct Items<'a> {
    rest: Option<&'a [u8]>,
}

impl Items<'_> {
    /// Takes the next `size` bytes as the items of an input.
    pub(super) fn take(&mut self, claim: &Claim<'_>, size: usize) -> Result<Values, Failure> {
        let name = quoted(claim.name);
        let rest = self.rest.ok_or_else(|| {
            Failure::invalid(format!(
                "input {name} has a `binary_data_size`, which needs the header \
                 `Inference-Header-Content-Length` with the bytes of the JSON"
            ))
        })?;
        let (bytes, rest) = rest.split_at_checked(size).ok_or_else(|| {
            Failure::invalid(format!(
                "the `binary_data_size` of input {name} is {size}, and the body has only {} left",
                quantity(rest.len(), "byte")
            ))
        })?;
        self.rest = Some(rest);
        raw::read(claim, bytes)
    }

    /// Refuses bytes that belong to no input.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        match self.rest.unwrap_or_default().len() {
            0 => Ok(()),
            left => Err(Failure::invalid(format!(
                "the body ends with {} that no input takes; give each input of binary data its \
                 `binary_data_size`",
                quantity(left, "byte")
            ))),
        }
    }
}
