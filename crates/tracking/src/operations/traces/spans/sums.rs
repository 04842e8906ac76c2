//! What a trace used, from what its spans used. A span that says what it used says it for all that is part of it.

use std::collections::{HashMap, HashSet};

use super::{super::analytics, Any};

/// The tokens and the cost of a trace, where spans said any.
pub(super) type Sums = (Option<[Option<i64>; 6]>, Option<[Option<f64>; 3]>);

/// A span and what it used, by the keys of what is summed up.
pub(super) struct Node<T> {
    id: String,
    parent: Option<String>,
    used: Option<Vec<Option<T>>>,
}

/// Something that can be summed up.
pub(super) trait Amount: Copy + Default {
    /// By its keys, from the JSON text of an object.
    fn of(text: &str) -> Vec<Option<Self>>;

    fn plus(self, other: Self) -> Self;
}

impl Amount for i64 {
    fn of(text: &str) -> Vec<Option<Self>> {
        analytics::tokens(&analytics::object(text)).to_vec()
    }

    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Amount for f64 {
    fn of(text: &str) -> Vec<Option<Self>> {
        analytics::costs(&analytics::object(text)).to_vec()
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl<T: Amount> Node<T> {
    /// A span that used nothing when `used` is no object.
    pub(super) fn new(id: String, parent: Option<String>, used: Option<Any>) -> Self {
        let used = used.filter(|it| matches!(it, Any::Map(_)));
        Self { id, parent, used: used.map(|it| T::of(&it.dump())) }
    }
}

/// Tokens; those that caches spared are told only where a span tells them.
pub(super) fn of_tokens(nodes: &[Node<i64>]) -> Option<[Option<i64>; 6]> {
    sum(nodes, 3)
}

/// Costs.
pub(super) fn of_cost(nodes: &[Node<f64>]) -> Option<[Option<f64>; 3]> {
    sum(nodes, 3)
}

/// The sums by key, of which the first `always` are there though no span has them.
fn sum<T: Amount, const N: usize>(nodes: &[Node<T>], always: usize) -> Option<[Option<T>; N]> {
    let by_id: HashMap<_, _> = nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut children: HashMap<&str, Vec<&Node<T>>> = HashMap::new();
    let mut left = Vec::new();
    for node in by_id.values() {
        match node.parent.as_deref().filter(|parent| by_id.contains_key(parent)) {
            Some(parent) => children.entry(parent).or_default().push(node),
            None => left.push((*node, false)),
        }
    }
    let mut sums = [None; N];
    for sum in sums.iter_mut().take(always) {
        *sum = Some(T::default());
    }
    let (mut is_any, mut seen) = (false, HashSet::new());
    while let Some((node, is_counted)) = left.pop() {
        if !seen.insert(&node.id) {
            continue;
        }
        if let Some(used) = node.used.as_ref().filter(|_| !is_counted) {
            is_any = true;
            for (sum, used) in sums.iter_mut().zip(used) {
                if let Some(used) = used {
                    *sum = Some(sum.unwrap_or_default().plus(*used));
                }
            }
        }
        let is_counted = is_counted || node.used.is_some();
        let below = children.get(node.id.as_str()).into_iter().flatten();
        left.extend(below.map(|child| (*child, is_counted)));
    }
    is_any.then_some(sums)
}

#[cfg(test)]
mod tests {
    use super::{Any, Node, of_cost, of_tokens};

    fn node<T: super::Amount>(id: &str, parent: Option<&str>, used: &str) -> Node<T> {
        Node::new(id.to_owned(), parent.map(ToOwned::to_owned), Any::parse(used))
    }

    #[test]
    fn what_a_span_says_stands_for_its_parts() {
        let nodes = [
            node("root", None, ""),
            node(
                "all",
                Some("root"),
                r#"{"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}"#,
            ),
            node("part", Some("all"), r#"{"input_tokens": 10, "total_tokens": 10}"#),
            node("other", Some("root"), r#"{"input_tokens": 5, "cache_read_input_tokens": 2}"#),
            node("lost", Some("elsewhere"), r#"{"output_tokens": 3}"#),
        ];
        let sums = of_tokens(&nodes).unwrap();
        assert_eq!(sums, [Some(15), Some(4), Some(11), Some(2), None, None]);
    }

    #[test]
    fn nothing_is_no_zero() {
        assert_eq!(of_cost(&[node("root", None, "[1]")]), None);
        let sums = of_cost(&[node("root", None, r#"{"input_cost": 0.5}"#)]).unwrap();
        assert_eq!(sums, [Some(0.5), Some(0.0), Some(0.0)]);
    }
}
