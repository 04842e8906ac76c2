//! Tables that are no wider than the terminal.

use super::table::{cut, table};

/// Fewest characters that are left of a cell.
const LEAST: usize = 10;

/// The width where there is no terminal.
const USUAL: usize = 80;

/// What becomes of a column for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// It stays whole, such as an id that is copied.
    Whole,
    /// Its cells are cut.
    Cut,
    /// It is left out, the last of them first.
    Spare,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) heading: String,
    pub(crate) room: Room,
}

impl Column {
    pub(crate) fn new(heading: impl Into<String>, room: Room) -> Self {
        Self { heading: heading.into(), room }
    }
}

/// How wide a table may be: as the terminal, or as `COLUMNS` says; without either 80 characters.
pub(crate) fn terminal_width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let found = || Some(usize::from(rustix::termios::tcgetwinsize(std::io::stdout()).ok()?.ws_col));
    said.or_else(found).filter(|width| *width > 0).unwrap_or(USUAL)
}

/// A table of at most `width` characters, if that can be, and how many columns were left out for it.
pub(crate) fn fitted(
    columns: &[Column],
    rows: &[Vec<String>],
    width: Option<usize>,
) -> (String, usize) {
    let mut columns: Vec<_> = columns.iter().collect();
    let mut rows = rows.to_vec();
    let mut left_out = 0;
    if let Some(width) = width {
        let mut widths = widths(&columns, &rows);
        let least = |widths: &[usize], columns: &[&Column]| {
            let of = |(width, column): (&usize, &&Column)| match column.room {
                Room::Cut => least_of(column).min(*width),
                Room::Whole | Room::Spare => *width,
            };
            total(&widths.iter().zip(columns).map(of).collect::<Vec<_>>())
        };
        while least(&widths, &columns) > width
            && let Some(at) = columns.iter().rposition(|column| column.room == Room::Spare)
        {
            columns.remove(at);
            widths.remove(at);
            for row in &mut rows {
                row.remove(at);
            }
            left_out += 1;
        }
        while total(&widths) > width {
            let can =
                |at: &usize| columns[*at].room == Room::Cut && widths[*at] > least_of(columns[*at]);
            let widest = (0..columns.len()).filter(can).max_by_key(|at| widths[*at]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
        }
        for row in &mut rows {
            for (cell, (column, width)) in row.iter_mut().zip(columns.iter().zip(&widths)) {
                if column.room == Room::Cut {
                    *cell = cut(cell, *width);
                }
            }
        }
    }
    let headings: Vec<_> = columns.iter().map(|column| &*column.heading).collect();
    (table(&headings, &rows), left_out)
}

fn widths(columns: &[&Column], rows: &[Vec<String>]) -> Vec<usize> {
    let width = |(at, column): (usize, &&Column)| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain([column.heading.chars().count()]).max().unwrap_or(0)
    };
    columns.iter().enumerate().map(width).collect()
}

fn least_of(column: &Column) -> usize {
    LEAST.max(column.heading.chars().count())
}

/// The width of a table with two spaces between its columns.
fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{Column, Room, fitted};

    #[test]
    fn a_table_fits_by_cutting_and_then_by_leaving_out() {
        let columns = [
            Column::new("ID", Room::Whole),
            Column::new("NAME", Room::Cut),
            Column::new("A", Room::Spare),
            Column::new("B", Room::Spare),
        ];
        let rows = [vec!["0123456789".to_owned(), "n".repeat(30), "1.25".into(), "2.5".into()]];
        let lines = |width| {
            let (text, left_out) = fitted(&columns, &rows, width);
            let line = text.lines().last().unwrap_or_default().to_owned();
            assert!(width.is_none_or(|width| text.lines().all(|it| it.chars().count() <= width)));
            (line, left_out)
        };
        let whole = format!("0123456789  {}  1.25  2.5", "n".repeat(30));
        assert_eq!(lines(None), (whole.clone(), 0));
        assert_eq!(lines(Some(53)), (whole, 0));
        assert_eq!(lines(Some(40)).0, format!("0123456789  {}…  1.25  2.5", "n".repeat(16)));
        assert_eq!(lines(Some(30)), (format!("0123456789  {}…  1.25", "n".repeat(11)), 1));
        assert_eq!(lines(Some(22)), (format!("0123456789  {}…", "n".repeat(9)), 2));
    }
}
