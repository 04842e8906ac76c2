//! Bodies that are valid JSON without the keys of their protocol: what was found, and how it is sent.

use std::borrow::Cow;

use super::rows;
use crate::{
    failure::Failure,
    json::Scanner,
    names::{near, quoted},
};

/// What a bare body holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bare {
    /// A list of rows without names.
    Rows,
    /// A list of numbers: one row without names.
    Row,
    /// A list of objects by column name.
    Records,
    /// An object of single values: one row.
    Record,
    /// An object of lists by column name.
    Columns,
}

/// Steps into the object that a body has to be. When a body is bare, the failure shows how to send
/// it: as `wrap` writes it or, when it holds no rows, as in `example`.
pub(super) fn open(
    scanner: &mut Scanner<'_>,
    example: &str,
    wrap: impl Fn(Bare, &str) -> String,
) -> Result<(), Failure> {
    if scanner.peek() == Some(b'{') {
        return scanner.begin(b'{');
    }
    if scanner.peek().is_none() {
        return Err(Failure::invalid(format!("the body is empty; send {example}")));
    }
    let shape = scanner.shape();
    let whole = scanner.clone();
    if shape == "a list" {
        scanner.skip()?;
    } else {
        scanner.scalar().map_err(|_| {
            let fault = whole.fault("an object");
            Failure::invalid(format!("{}; send {example}", fault.message))
        })?;
    }
    scanner.finish()?;
    let sent = match (shape, advice(&whole)) {
        ("a list", Some((bare, text))) => wrap(bare, &text),
        _ => example.to_owned(),
    };
    Err(Failure::invalid(format!("the body is {shape} where an object is expected; send {sent}")))
}

/// The key of an object that may be meant as one of `known`, in words that follow what is wrong.
pub(super) fn meant(whole: &Scanner<'_>, known: &[&str]) -> Option<String> {
    let (mut scanner, mut first) = (whole.clone(), true);
    scanner.begin(b'{').ok()?;
    while scanner.more(b'}', &mut first).ok()? {
        let key = scanner.key().ok()?;
        if let Some(near) = near(&key, known.iter().copied()) {
            return Some(format!("the body has {}, did you mean `{near}`?", quoted(&key)));
        }
        scanner.skip().ok()?;
    }
    None
}

/// How an object without a key of the protocol is sent; `whole` stands at its beginning.
pub(super) fn advice<'a>(whole: &Scanner<'a>) -> Option<(Bare, Cow<'a, str>)> {
    const LONGEST: usize = 80;
    let mut inside = whole.clone();
    let bare = if inside.eat(b'[') {
        match inside.peek()? {
            b']' => return None,
            b'{' => Bare::Records,
            b'-' | b'0'..=b'9' => Bare::Row,
            _ => Bare::Rows,
        }
    } else if rows::is_columns(&mut inside) {
        if inside.eat(b'[') && matches!(inside.peek(), Some(b'[' | b'{')) {
            // rows under a key of the caller's own
            return None;
        }
        Bare::Columns
    } else if inside.peek().is_some_and(|next| !matches!(next, b'{' | b'}')) {
        Bare::Record
    } else {
        return None;
    };
    let text = whole.clone().skip().ok()?;
    let text = match (text.len() > LONGEST, bare) {
        (false, _) => Cow::Borrowed(text),
        (true, Bare::Rows | Bare::Row | Bare::Records) => Cow::Borrowed("[…]"),
        (true, Bare::Record | Bare::Columns) => Cow::Borrowed("{…}"),
    };
    Some((bare, text))
}
