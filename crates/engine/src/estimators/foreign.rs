//! Transformers of packages that people pickle beside scikit-learn.

use super::Built;
use crate::{read::Cursor, sklearn::building::Building};

pub(super) fn of_class(
    _module: &str,
    _name: &str,
    _c: Cursor<'_>,
    _building: &Building,
) -> Option<Built> {
    None
}
