//! Lists, page by page.

use anyhow::{Result, bail};

/// Most that are asked for at once; more than this MLflow gives of nothing.
const PAGE: usize = 1000;

/// What was found.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) items: Vec<T>,
    /// Whether the server has more.
    pub(super) more: bool,
}

/// Asks for pages until there are `limit` items, all of them when it is 0. `ask` takes the token of a page and how
/// many are wanted of it, and gives them with the token of the next one.
pub(super) fn pages<T>(
    limit: usize,
    mut ask: impl FnMut(Option<String>, i64) -> Result<(Vec<T>, Option<String>)>,
) -> Result<Found<T>> {
    let limit = if limit == 0 { usize::MAX } else { limit };
    let mut items = Vec::new();
    let mut token = None;
    loop {
        let wanted = PAGE.min(limit - items.len());
        let (page, next) = ask(token.clone(), wanted as i64)?;
        items.extend(page);
        let next = next.filter(|next| !next.is_empty());
        if next.is_none() || items.len() >= limit {
            let more = next.is_some() || items.len() > limit;
            items.truncate(limit);
            return Ok(Found { items, more });
        }
        if next == token {
            bail!("the server gives the same page again and again: use a smaller `--limit`");
        }
        token = next;
    }
}

#[cfg(test)]
mod tests {
    use super::pages;

    /// Numbers from 0 to 2499, by pages.
    fn numbers(limit: usize) -> (usize, bool, Vec<i64>) {
        let mut asked = Vec::new();
        let found = pages(limit, |token, count| {
            asked.push(count);
            let first: i64 = token.map_or(0, |token| token.parse().unwrap());
            let end = 2500.min(first + count);
            let next = (end < 2500).then(|| end.to_string());
            Ok(((first..end).collect::<Vec<_>>(), next))
        })
        .unwrap();
        assert!(found.items.iter().copied().eq(0..found.items.len() as i64));
        (found.items.len(), found.more, asked)
    }

    #[test]
    fn pages_are_followed_to_the_limit_and_not_beyond() {
        assert_eq!(numbers(0), (2500, false, vec![1000, 1000, 1000]));
        assert_eq!(numbers(10), (10, true, vec![10]));
        assert_eq!(numbers(1500), (1500, true, vec![1000, 500]));
        assert_eq!(numbers(2500), (2500, false, vec![1000, 1000, 500]));
        assert_eq!(numbers(9999), (2500, false, vec![1000, 1000, 1000]));
    }

    #[test]
    fn a_page_that_comes_again_ends_it() {
        let again = pages(0, |_, _| Ok((vec![1], Some("again".into()))));
        assert!(again.unwrap_err().to_string().contains("--limit"));
    }
}
