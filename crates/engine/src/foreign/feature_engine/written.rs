//! How dates are written: as ISO 8601 has it, with the day first, or in a format of `strptime`.

use super::dates::{Date, days_in, number};

/// How the dates of a column are written, as feature-engine passes it to `pandas.to_datetime`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// ISO 8601, or the time of a day alone.
    Iso,
    /// `31/05/2024`, with `/`, `-` or `.` between, perhaps a time behind it.
    DayFirst,
    Format(Vec<Piece>),
}

/// A part of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(char),
    Space,
    Year,
    /// Two digits: up to 68 of this century.
    ShortYear,
    Month,
    Day,
    Hour,
    /// 1 to 12; `Half` says which half of the day.
    Hour12,
    Minute,
    Second,
    Fraction,
    /// A month by its name or its first three letters.
    MonthName,
    ShortMonthName,
    WeekdayName,
    ShortWeekdayName,
    Half,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const LETTERS: usize = 3;

impl Written {
    /// What the arguments of `to_datetime` say; `None` for a format with a directive that is not read.
    pub(super) fn of(format: Option<&str>, day_first: bool) -> Option<Self> {
        match format {
            None | Some("mixed") if day_first => Some(Self::DayFirst),
            None
            | Some("mixed" | "ISO8601" | "%Y-%m-%d" | "%Y-%m-%d %H:%M:%S" | "%Y-%m-%dT%H:%M:%S") => {
                Some(Self::Iso)
            }
            Some(format) => pieces(format).map(Self::Format),
        }
    }

    /// A date that shows what is asked for.
    pub(super) fn example(&self) -> &'static str {
        match self {
            Self::Iso => "as ISO 8601 writes it, such as `2024-05-31` or `2024-05-31 23:59:00`",
            Self::DayFirst => "with the day first, such as `31/05/2024` or `31/05/2024 23:59`",
            Self::Format(_) => "in the `format` of the transformer",
        }
    }

    /// The date in a text. A time without a date has one only for the parts of a `clock`: pandas takes
    /// today's.
    pub(super) fn read(&self, text: &str, clock: bool) -> Option<Date> {
        match self {
            Self::Iso => Date::read(text).or_else(|| clock.then(|| time(text, MIDNIGHT))?),
            Self::DayFirst => day_first(text).or_else(|| clock.then(|| time(text, MIDNIGHT))?),
            Self::Format(pieces) => by_format(pieces, text),
        }
    }
}

/// What `strptime` has where a format names no part of the date.
const MIDNIGHT: Date = Date { year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0 };

/// `H:MM`, perhaps with seconds and their fraction, on a given day.
fn time(text: &str, day: Date) -> Option<Date> {
    let mut parts = text.split(':');
    let hour = short(parts.next()?)?;
    let minute = number(parts.next()?, 2)?;
    let second = match parts.next() {
        None => 0,
        Some(second) => {
            let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
            let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
            number(whole, 2).filter(|_| digits && (1..=9).contains(&fraction.len()))?
        }
    };
    let moment = Date { hour, minute, second, ..day };
    (parts.next().is_none() && moment.is_one()).then_some(moment)
}

fn day_first(text: &str) -> Option<Date> {
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let between = date.chars().find(|c| matches!(c, '/' | '-' | '.'))?;
    let mut parts = date.split(between);
    let (day, month) = (short(parts.next()?)?, short(parts.next()?)?);
    let date = Date { year: number(parts.next()?, 4)?, month, day, ..MIDNIGHT };
    if parts.next().is_some() || !date.is_one() {
        return None;
    }
    clock.map_or(Some(date), |clock| time(clock, date))
}

/// A number of one or two digits.
fn short(text: &str) -> Option<i64> {
    number(text, 1).or_else(|| number(text, 2))
}

fn pieces(format: &str) -> Option<Vec<Piece>> {
    let mut found = Vec::new();
    let mut rest = format.chars();
    while let Some(char) = rest.next() {
        found.push(match char {
            '%' => match rest.next()? {
                'Y' => Piece::Year,
                'y' => Piece::ShortYear,
                'm' => Piece::Month,
                'd' => Piece::Day,
                'H' => Piece::Hour,
                'I' => Piece::Hour12,
                'M' => Piece::Minute,
                'S' => Piece::Second,
                'f' => Piece::Fraction,
                'B' => Piece::MonthName,
                'b' | 'h' => Piece::ShortMonthName,
                'A' => Piece::WeekdayName,
                'a' => Piece::ShortWeekdayName,
                'p' => Piece::Half,
                '%' => Piece::Literal('%'),
                _ => return None,
            },
            char if char.is_whitespace() => {
                if found.last() == Some(&Piece::Space) {
                    continue;
                }
                Piece::Space
            }
            char => Piece::Literal(char),
        });
    }
    Some(found)
}

fn by_format(pieces: &[Piece], text: &str) -> Option<Date> {
    let (mut date, mut rest, mut afternoon) = (MIDNIGHT, text, None);
    for (at, piece) in pieces.iter().enumerate() {
        // digits that follow one another must be two each: there is nothing else to tell them apart
        let next = pieces.get(at + 1);
        let least = if next.is_some_and(|next| next.is_number()) { 2 } else { 1 };
        let mut digits = |least, most| take(&mut rest, least, most);
        match piece {
            Piece::Literal(char) => rest = rest.strip_prefix(*char)?,
            Piece::Space => {
                let after = rest.trim_start();
                if after.len() == rest.len() {
                    return None;
                }
                rest = after;
            }
            Piece::Year => date.year = digits(4, 4)?,
            Piece::ShortYear => {
                let year = digits(2, 2)?;
                date.year = if year <= 68 { 2000 + year } else { 1900 + year };
            }
            Piece::Month => date.month = digits(least, 2)?,
            Piece::Day => date.day = digits(least, 2)?,
            Piece::Hour => date.hour = digits(least, 2)?,
            Piece::Hour12 => {
                date.hour = digits(least, 2).filter(|hour| (1..=12).contains(hour))? % 12;
            }
            Piece::Minute => date.minute = digits(least, 2)?,
            Piece::Second => date.second = digits(least, 2)?,
            Piece::Fraction => drop(digits(1, 9)?),
            Piece::MonthName => date.month = name(&mut rest, &MONTHS, usize::MAX)?,
            Piece::ShortMonthName => date.month = name(&mut rest, &MONTHS, LETTERS)?,
            Piece::WeekdayName => drop(name(&mut rest, &WEEKDAYS, usize::MAX)?),
            Piece::ShortWeekdayName => drop(name(&mut rest, &WEEKDAYS, LETTERS)?),
            Piece::Half => afternoon = Some(name(&mut rest, &["am", "pm"], 2)? == 2),
        }
    }
    if pieces.contains(&Piece::Hour12) && afternoon == Some(true) {
        date.hour += 12;
    }
    (rest.is_empty() && date.is_one()).then_some(date)
}

impl Piece {
    fn is_number(self) -> bool {
        !matches!(
            self,
            Self::Literal(_)
                | Self::Space
                | Self::MonthName
                | Self::ShortMonthName
                | Self::WeekdayName
                | Self::ShortWeekdayName
                | Self::Half
        )
    }
}

/// The number of the digits that a text begins with, at most `most` of them, which are taken off.
fn take(rest: &mut &str, least: usize, most: usize) -> Option<i64> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at_checked(count).filter(|_| count >= least)?;
    *rest = after;
    digits.parse().ok()
}

/// Which of the names a text begins with, from 1 on, in letters of any case.
fn name(rest: &mut &str, names: &[&str], letters: usize) -> Option<i64> {
    for (at, name) in (1..).zip(names) {
        let name = name.get(..letters).unwrap_or(name);
        if let Some((head, after)) = rest.split_at_checked(name.len())
            && head.eq_ignore_ascii_case(name)
        {
            *rest = after;
            return Some(at);
        }
    }
    None
}

impl Date {
    /// Whether there is such a moment, in a year that pandas has nanoseconds for.
    fn is_one(self) -> bool {
        (1678..=2261).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }
}

#[cfg(test)]
mod tests {
    use super::Written;

    fn read(format: Option<&str>, day_first: bool, text: &str) -> Option<[i64; 6]> {
        let date = Written::of(format, day_first).unwrap().read(text, true)?;
        Some([date.year, date.month, date.day, date.hour, date.minute, date.second])
    }

    #[test]
    fn formats_are_those_of_strptime() {
        for (format, text, expected) in [
            ("%d/%m/%Y", "05/06/2019", [2019, 6, 5, 0, 0, 0]),
            ("%d/%m/%Y", "5/6/2019", [2019, 6, 5, 0, 0, 0]),
            ("%d-%m-%Y %H:%M", "05-06-2019  1:2", [2019, 6, 5, 1, 2, 0]),
            ("%H:%M:%S", "1:2:3", [1900, 1, 1, 1, 2, 3]),
            ("%Y%m%d", "20190605", [2019, 6, 5, 0, 0, 0]),
            ("%m/%d/%y", "06/05/68", [2068, 6, 5, 0, 0, 0]),
            ("%m/%d/%y", "06/05/69", [1969, 6, 5, 0, 0, 0]),
            ("%a %d %b %Y", "Wed 5 JUN 2019", [2019, 6, 5, 0, 0, 0]),
            ("%B %d, %Y", "June 5, 2019", [2019, 6, 5, 0, 0, 0]),
            ("%Y-%m-%d %H:%M:%S.%f", "2019-06-05 10:11:12.5", [2019, 6, 5, 10, 11, 12]),
            ("%I:%M %p", "10:30 PM", [1900, 1, 1, 22, 30, 0]),
            ("%I:%M %p", "12:01 am", [1900, 1, 1, 0, 1, 0]),
        ] {
            assert_eq!(read(Some(format), false, text), Some(expected), "{format}: {text}");
        }
        for (format, text) in [
            ("%d/%m/%Y", "2019-06-05"),
            ("%d/%m/%Y", "05/06/2019 "),
            ("%d/%m/%Y", "31/06/2019"),
            ("%d/%m/%Y", ""),
            ("%Y%m%d", "2019605"),
            ("%I:%M", "13:00"),
            ("%d %b %Y", "5 June 2019"),
            ("%H:%M", "é"),
        ] {
            assert_eq!(read(Some(format), false, text), None, "{format}: {text}");
        }
        assert_eq!(Written::of(Some("%d/%m/%Y %Z"), false), None);
        assert_eq!(Written::of(Some("%"), false), None);
    }

    #[test]
    fn the_day_may_be_first_and_the_date_may_be_missing() {
        assert_eq!(read(None, true, "24/03/2019"), Some([2019, 3, 24, 0, 0, 0]));
        assert_eq!(read(Some("mixed"), true, "5-6-2019 10:30"), Some([2019, 6, 5, 10, 30, 0]));
        assert_eq!(read(Some("mixed"), false, "2019-06-05"), Some([2019, 6, 5, 0, 0, 0]));
        assert_eq!(read(Some("mixed"), false, "9:05:07"), Some([1900, 1, 1, 9, 5, 7]));
        // pandas reads this one as it feels that day: 2.x the month first, 3.x the day
        assert_eq!(read(None, true, "2019-06-05"), None);
        assert_eq!(read(None, true, "03/24/2019"), None);
        assert_eq!(Written::Iso.read("09:05", false), None);
    }
}
