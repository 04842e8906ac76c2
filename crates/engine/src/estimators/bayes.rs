//! Naive Bayes.

use super::Built;
use crate::{read::Cursor, sklearn::building::Building};

pub(super) fn of_class(_name: &str, _c: Cursor<'_>, _building: &Building) -> Option<Built> {
    None
}
