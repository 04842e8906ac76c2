use super::heap::Near;
use crate::{Error, read::Cursor, sklearn::refuse};

/// How much each neighbour counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weighting {
    Uniform,
    /// The inverse of the distance; rows at no distance count alone.
    Distance,
}

impl Weighting {
    pub(super) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        match c.attr("weights") {
            None => Ok(Self::Uniform),
            Some(value) if value.is_none() => Ok(Self::Uniform),
            Some(value) => match value.as_str() {
                Some("uniform") => Ok(Self::Uniform),
                Some("distance") => Ok(Self::Distance),
                Some(name) => {
                    Err(Error::attribute(c.class_name(), "weights", format!("is `{name}`")))
                }
                None => Err(refuse::function(c.class_name(), "weights", value)),
            },
        }
    }

    /// The weight of each neighbour.
    pub(super) fn of(self, near: &[Near], out: &mut Vec<f64>) {
        out.clear();
        match self {
            Self::Uniform => out.resize(near.len(), 1.0),
            Self::Distance => {
                out.extend(near.iter().map(|near| 1.0 / near.distance));
                if out.iter().any(|weight| weight.is_infinite()) {
                    for weight in out {
                        *weight = f64::from(u8::from(weight.is_infinite()));
                    }
                }
            }
        }
    }
}
