//! A request that a model answers, for those who are to try it.

use super::{
    columns::{self, Form},
    example,
    node::{Node, object},
};
use crate::{Models, config::Limits};

impl Models {
    /// A body of V1 with one row that the latest version of a model answers: the row that the page shows. `None` when
    /// the model does not answer, when no such row is known, and when a row has more than `most` columns.
    pub fn request(&self, name: &str, most: usize) -> Option<String> {
        let served = self.current().entry(name)?.versions().last()?.clone();
        let (columns, count) = columns::of(&served, most);
        if columns.len() != count {
            return None;
        }
        let example = example::of(&served, Form::of(&served), &columns, &Limits::default())?;
        let body = object([("instances", Node::List(vec![example.row]))]);
        example.works.then(|| serde_json::to_string(&body).ok())?
    }
}
