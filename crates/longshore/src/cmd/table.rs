//! Tables for people: columns as wide as what is in them, two spaces between.

use k8s_openapi::jiff::Timestamp;

/// Rows under their headings; the last column is not filled up.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..headings.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, width) in cells.zip(&widths) {
            line.push_str(cell);
            let gap = (width + 2).saturating_sub(cell.chars().count());
            line.extend(std::iter::repeat_n(' ', gap));
        }
        line.truncate(line.trim_end().len());
        line
    };
    let mut lines = vec![line(&mut headings.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

/// How long ago a moment was, in its two largest units at most: `42s`, `3m20s`, `5h`, `12d`.
pub(crate) fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    let Some(since) = since else { return "?".into() };
    let seconds = now.duration_since(since).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, seconds) {
        (730.., _, _) => format!("{}y", days / 365),
        (2.., _, _) => format!("{days}d"),
        (_, 2.., _) => format!("{hours}h"),
        (_, _, 600..) => format!("{minutes}m"),
        (_, _, 120..) if seconds % 60 > 0 => format!("{minutes}m{}s", seconds % 60),
        (_, _, 120..) => format!("{minutes}m"),
        _ => format!("{seconds}s"),
    }
}

/// As much of a text as `most` characters show; the last one then says that it goes on.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// What is shown where nothing is known.
pub(crate) fn or_dash(text: Option<impl Into<String>>) -> String {
    text.map_or_else(|| "-".to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::{age, table};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let text = table(&["NAME", "READY"], &[row(&["iris", "yes"]), row(&["größe-2", ""])]);
        assert_eq!(text, "NAME     READY\niris     yes\ngröße-2");
    }

    #[test]
    fn ages_are_short() {
        let now = Timestamp::from_second(200_000_000).unwrap();
        let ago = |seconds: i64| age(Timestamp::from_second(200_000_000 - seconds).ok(), now);
        for (seconds, text) in [
            (0, "0s"),
            (119, "119s"),
            (200, "3m20s"),
            (240, "4m"),
            (3600, "60m"),
            (7200, "2h"),
            (90_000, "25h"),
            (172_800, "2d"),
            (100_000_000, "3y"),
            (-5, "0s"),
        ] {
            assert_eq!(ago(seconds), text);
        }
        assert_eq!(age(None, now), "?");
    }
}
