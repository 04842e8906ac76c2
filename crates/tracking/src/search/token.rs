//! The words of a filter: how a text is cut into them.

/// What a piece of a filter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, such as ``metrics.`val loss` `` or `"x"`.
    Name,
    /// A number.
    Number,
    /// A text in single quotes.
    Text,
    /// What compares.
    Operator,
    /// `AND`, `OR`, `NOT`, `IN`, `IS`, `NULL`, or `TRUE` and `FALSE`, which nothing is compared with.
    Keyword,
    /// Round brackets with what is between them.
    Group,
    /// Anything else.
    Other,
}

/// A piece of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As it was written.
    pub(super) text: &'a str,
    /// Where it begins, in characters counted from 1.
    pub(super) at: usize,
}

impl Token<'_> {
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Keyword && self.text.eq_ignore_ascii_case(keyword)
    }
}

/// Cuts a filter into its pieces. Whatever is in it, all but its blanks is in one of them.
pub(super) fn cut(filter: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = filter;
    let mut at = 1;
    loop {
        let trimmed = rest.trim_start();
        at += rest.chars().count() - trimmed.chars().count();
        if trimmed.is_empty() {
            return tokens;
        }
        let (kind, length) = first(trimmed);
        let (text, behind) = trimmed.split_at_checked(length).unwrap_or((trimmed, ""));
        tokens.push(Token { kind, text, at });
        at += text.chars().count();
        rest = behind;
    }
}

/// The kind and the length, in bytes, of the first piece of a text that begins with one.
fn first(text: &str) -> (Kind, usize) {
    let mut chars = text.chars();
    let begin = chars.next().unwrap_or_default();
    match begin {
        '\'' => quoted(text).map_or((Kind::Other, text.len()), |end| (Kind::Text, end)),
        '(' => group(text).map_or((Kind::Other, text.len()), |end| (Kind::Group, end)),
        '<' | '>' | '=' | '!' | '~' => {
            let end = text.find(|it| !"<>=!~".contains(it)).unwrap_or(text.len());
            (Kind::Operator, end)
        }
        _ => number(text)
            .map(|end| (Kind::Number, end))
            .or_else(|| name(text))
            .unwrap_or((Kind::Other, begin.len_utf8())),
    }
}

/// The end of a text in the quotes it begins with. A quote that is doubled or has a backslash before it
/// does not end the text, unless no other does.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut end = None;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((index, it)) = chars.next() {
        let next = chars.peek().copied().filter(|(_, next)| *next == quote);
        if it == '\\'
            && quote != '`'
            && let Some((index, _)) = next
        {
            chars.next();
            end = Some(index + 1);
        } else if it == quote {
            end = Some(index + 1);
            if next.is_none() {
                return end;
            }
            chars.next();
        }
    }
    end
}

/// The end of the round bracket that a text begins with.
fn group(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut index = 0;
    while let Some(it) = text.get(index..).and_then(|rest| rest.chars().next()) {
        index += match it {
            '\'' | '"' => text.get(index..).and_then(quoted)?,
            _ => it.len_utf8(),
        };
        match it {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

/// The end of the number that a text begins with.
fn number(text: &str) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len())
    };
    let is = |at: usize, wanted: &str| {
        text.get(at..).is_some_and(|rest| rest.starts_with(|it| wanted.contains(it)))
    };
    let begin = usize::from(is(0, "-"));
    let mut end = digits(begin);
    let mut count = end - begin;
    if is(end, ".") {
        let fraction = digits(end + 1);
        count += fraction - end - 1;
        end = fraction;
    }
    if count == 0 {
        return None;
    }
    if is(end, "eE") {
        let from = end + 1 + usize::from(is(end + 1, "+-"));
        let exponent = digits(from);
        end = if exponent > from { exponent } else { end };
    }
    let follows = text.get(end..).and_then(|rest| rest.chars().next());
    follows.is_none_or(|it| !is_of_word(it)).then_some(end)
}

fn is_of_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_' || it == '$' || it == '#' || it == '@'
}

/// A name of parts joined by dots, or a word of the grammar.
fn name(text: &str) -> Option<(Kind, usize)> {
    let mut end = 0;
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let part = match rest.chars().next() {
            Some('`' | '"') => quoted(rest),
            _ => Some(rest.find(|it| !is_of_word(it)).unwrap_or(rest.len())).filter(|it| *it > 0),
        };
        match part {
            Some(length) => end += length,
            None if end == 0 => return None,
            // a dot that nothing follows is no part of a name
            None => {
                end -= 1;
                break;
            }
        }
        if !text.get(end..).is_some_and(|rest| rest.starts_with('.')) {
            break;
        }
        end += 1;
    }
    let word = text.get(..end)?;
    let is = |words: &[&str]| words.iter().any(|it| word.eq_ignore_ascii_case(it));
    if is(&["AND", "OR", "IN", "IS", "NULL", "TRUE", "FALSE"]) {
        return Some((Kind::Keyword, end));
    }
    if is(&["LIKE", "ILIKE", "RLIKE"]) {
        return Some((Kind::Operator, end));
    }
    if !is(&["NOT"]) {
        return Some((Kind::Name, end));
    }
    let behind = text.get(end..)?;
    let next = behind.trim_start();
    let word = next.find(|it| !is_of_word(it)).and_then(|it| next.get(..it)).unwrap_or(next);
    let is_operator = ["LIKE", "ILIKE", "RLIKE"].iter().any(|it| word.eq_ignore_ascii_case(it));
    if is_operator && behind.len() > next.len() {
        return Some((Kind::Operator, end + behind.len() - next.len() + word.len()));
    }
    Some((Kind::Keyword, end))
}

#[cfg(test)]
mod tests {
    use super::{Kind, cut};

    fn kinds(filter: &str) -> Vec<(Kind, &str)> {
        cut(filter).into_iter().map(|it| (it.kind, it.text)).collect()
    }

    #[test]
    fn a_filter_is_cut_at_its_words() {
        let cut = kinds("metrics.`a b`>=-1.5e3 and tags.\"x.y\" not  like 'it''s' ");
        let wanted = [
            (Kind::Name, "metrics.`a b`"),
            (Kind::Operator, ">="),
            (Kind::Number, "-1.5e3"),
            (Kind::Keyword, "and"),
            (Kind::Name, "tags.\"x.y\""),
            (Kind::Operator, "not  like"),
            (Kind::Text, "'it''s'"),
        ];
        assert_eq!(cut, wanted);
        assert_eq!(
            kinds("run_id NOT IN ('a)', \"b\")")[1..],
            [(Kind::Keyword, "NOT"), (Kind::Keyword, "IN"), (Kind::Group, "('a)', \"b\")"),]
        );
    }

    #[test]
    fn what_has_no_end_is_one_piece() {
        assert_eq!(
            kinds("a = 'b"),
            [(Kind::Name, "a"), (Kind::Operator, "="), (Kind::Other, "'b")]
        );
        assert_eq!(kinds("(a"), [(Kind::Other, "(a")]);
        assert_eq!(
            kinds("a. = .5"),
            [(Kind::Name, "a"), (Kind::Other, "."), (Kind::Operator, "="), (Kind::Number, ".5"),]
        );
        assert_eq!(kinds("'a''"), [(Kind::Text, "'a'"), (Kind::Other, "'")]);
        assert_eq!(kinds("1a"), [(Kind::Name, "1a")]);
        assert_eq!(kinds("True true_a"), [(Kind::Keyword, "True"), (Kind::Name, "true_a")]);
    }

    #[test]
    fn places_are_counted_in_characters() {
        let places: Vec<_> = cut("  é = 'ü' AND b").iter().map(|it| it.at).collect();
        assert_eq!(places, [3, 5, 7, 11, 15]);
    }
}
