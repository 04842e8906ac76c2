use serde_json::Value;

use super::{Wire, place::Place};
use crate::Error;

/// A part of a message that is passed on as it is, as JSON text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json(pub String);

impl Wire for Json {
    fn read(value: Value, _: &Place<'_>) -> Result<Self, Error> {
        Ok(Self(value.to_string()))
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}
