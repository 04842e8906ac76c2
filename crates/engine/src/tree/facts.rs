use super::forest::Forest;
use crate::table::Real;

impl<T: Real> Forest<T> {
    /// What people ask of its trees, each with its value.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        vec![("trees", self.trees().to_string()), ("deepest", self.depth().to_string())]
    }
}
