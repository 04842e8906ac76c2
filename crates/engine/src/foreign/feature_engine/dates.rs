//! The parts of dates.

use super::written::Written;
use crate::{Cell, Column, Error};

/// A part of a date, as feature-engine names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Month,
    Quarter,
    Semester,
    Year,
    Week,
    DayOfWeek,
    DayOfMonth,
    DayOfYear,
    Weekend,
    MonthStart,
    MonthEnd,
    QuarterStart,
    QuarterEnd,
    YearStart,
    YearEnd,
    LeapYear,
    DaysInMonth,
    Hour,
    Minute,
    Second,
}

impl Part {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "semester" => Self::Semester,
            "year" => Self::Year,
            "week" => Self::Week,
            "day_of_week" => Self::DayOfWeek,
            "day_of_month" => Self::DayOfMonth,
            "day_of_year" => Self::DayOfYear,
            "weekend" => Self::Weekend,
            "month_start" => Self::MonthStart,
            "month_end" => Self::MonthEnd,
            "quarter_start" => Self::QuarterStart,
            "quarter_end" => Self::QuarterEnd,
            "year_start" => Self::YearStart,
            "year_end" => Self::YearEnd,
            "leap_year" => Self::LeapYear,
            "days_in_month" => Self::DaysInMonth,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "second" => Self::Second,
            _ => return None,
        })
    }

    /// The part of every date of a column; `at` is its position, for errors.
    ///
    /// # Errors
    /// [`Error::Value`] for what is no date that is so written.
    pub(super) fn of_column(
        self,
        written: &Written,
        column: &Column,
        rows: usize,
        at: usize,
    ) -> Result<Vec<i64>, Error> {
        let text = |row: usize| match column {
            Column::Text(texts) => texts.get(row),
            Column::Any(cells) => match cells.get(row) {
                Some(Cell::Text(text)) => Some(&**text),
                _ => None,
            },
            _ => None,
        };
        let clock = matches!(self, Self::Hour | Self::Minute | Self::Second);
        let date = |row: usize| {
            text(row).and_then(|text| written.read(text, clock)).ok_or_else(|| {
                let how = written.example();
                let reason = format!("is no date {how}, which is how dates are read natively");
                Error::value(row, at, reason)
            })
        };
        (0..rows).map(|row| date(row).map(|date| self.of(date))).collect()
    }

    fn of(self, date: Date) -> i64 {
        let Date { year, month, day, hour, minute, second } = date;
        let days = days_in(year, month);
        let quarter_first = (month - 1) % 3 == 0;
        let flag = i64::from;
        match self {
            Self::Month => month,
            Self::Quarter => (month + 2) / 3,
            Self::Semester => {
                if month <= 6 {
                    1
                } else {
                    2
                }
            }
            Self::Year => year,
            Self::Week => date.iso_week(),
            Self::DayOfWeek => date.weekday(),
            Self::DayOfMonth => day,
            Self::DayOfYear => date.day_of_year(),
            Self::Weekend => flag(date.weekday() > 4),
            Self::MonthStart => flag(day == 1),
            Self::MonthEnd => flag(day == days),
            Self::QuarterStart => flag(day == 1 && quarter_first),
            Self::QuarterEnd => flag(day == days && month % 3 == 0),
            Self::YearStart => flag(day == 1 && month == 1),
            Self::YearEnd => flag(day == 31 && month == 12),
            Self::LeapYear => flag(is_leap(year)),
            Self::DaysInMonth => days,
            Self::Hour => hour,
            Self::Minute => minute,
            Self::Second => second,
        }
    }
}

/// A moment of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
}

impl Date {
    /// `YYYY-MM-DD`, alone or with `HH:MM`, seconds and their fraction behind `T` or a space, and
    /// `Z` at the end. `None` for other texts and for years that pandas has no nanoseconds for.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (day, time) = match text.split_once(['T', ' ']) {
            Some((day, time)) => (day, Some(time)),
            None => (text, None),
        };
        let mut parts = day.split('-');
        let year = number(parts.next()?, 4).filter(|year| (1678..=2261).contains(year))?;
        let month = number(parts.next()?, 2).filter(|month| (1..=12).contains(month))?;
        let day =
            number(parts.next()?, 2).filter(|day| (1..=days_in(year, month)).contains(day))?;
        if parts.next().is_some() {
            return None;
        }
        let midnight = Self { year, month, day, hour: 0, minute: 0, second: 0 };
        let Some(time) = time else { return Some(midnight) };
        let mut parts = time.strip_suffix('Z').unwrap_or(time).split(':');
        let hour = number(parts.next()?, 2).filter(|hour| *hour < 24)?;
        let minute = number(parts.next()?, 2).filter(|minute| *minute < 60)?;
        let second = match parts.next() {
            None => 0,
            Some(text) => {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
                let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
                if !digits || !(1..=9).contains(&fraction.len()) {
                    return None;
                }
                number(whole, 2).filter(|second| *second < 60)?
            }
        };
        parts.next().is_none().then_some(Self { hour, minute, second, ..midnight })
    }

    fn day_of_year(self) -> i64 {
        (1..self.month).map(|month| days_in(self.year, month)).sum::<i64>() + self.day
    }

    /// Monday is 0.
    fn weekday(self) -> i64 {
        let before = self.year - 1;
        // 1 January of the year 1 was a Monday
        let days = before * 365 + before / 4 - before / 100 + before / 400 + self.day_of_year() - 1;
        days.rem_euclid(7)
    }

    /// The week of ISO 8601: the first one has the year's first Thursday.
    fn iso_week(self) -> i64 {
        let week = (self.day_of_year() - self.weekday() + 9) / 7;
        match week {
            0 => weeks_in(self.year - 1),
            week if week > weeks_in(self.year) => 1,
            week => week,
        }
    }
}

/// Weeks of a year, by the day of the week that it ends on.
fn weeks_in(year: i64) -> i64 {
    let last =
        |year: i64| Date { year, month: 12, day: 31, hour: 0, minute: 0, second: 0 }.weekday();
    if last(year) == 3 || last(year - 1) == 2 { 53 } else { 52 }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A number of exactly so many digits.
pub(super) fn number(text: &str, digits: usize) -> Option<i64> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Date, Part};

    fn part(part: Part, text: &str) -> i64 {
        part.of(Date::read(text).unwrap())
    }

    #[test]
    fn weeks_and_days_are_those_of_the_calendar() {
        for (text, week, weekday) in [
            ("2024-01-01", 1, 0),
            ("2021-01-03", 53, 6),
            ("2018-12-31", 1, 0),
            ("2020-12-31", 53, 3),
            ("2000-02-29", 9, 1),
            ("1970-01-01", 1, 3),
        ] {
            assert_eq!(
                (part(Part::Week, text), part(Part::DayOfWeek, text)),
                (week, weekday),
                "{text}"
            );
        }
        assert_eq!(part(Part::DayOfYear, "2023-12-31"), 365);
        assert_eq!(part(Part::DaysInMonth, "1900-02-01"), 28);
    }

    #[test]
    fn times_may_follow() {
        assert_eq!(part(Part::Second, "2024-05-31T23:59:07.25Z"), 7);
        assert_eq!(part(Part::Hour, "2024-05-31 07:30"), 7);
        for wrong in [
            "31.05.2024",
            "2024-5-31",
            "2024-02-30",
            "2024-05-31T24:00",
            "2024-05-31T10:00+02:00",
            "",
        ] {
            assert_eq!(Date::read(wrong), None, "{wrong}");
        }
    }
}
