//! Functions that SQLite lacks and PostgreSQL has.

use std::sync::Arc;

use regex::Regex;
use rusqlite::{
    Connection as Handle, Error,
    functions::{Aggregate, Context, FunctionFlags},
    types::ValueRef,
};

/// Adds them to a connection.
///
/// # Errors
/// Those of SQLite.
pub(super) fn add(handle: &Handle) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    handle.create_scalar_function("regexp", 2, flags, matches)?;
    handle.create_aggregate_function("percentile", 2, flags, Percentile)
}

/// `percentile(number, share)`: the number that `share` of a hundred are not above, interpolated between
/// its neighbours as `PERCENTILE_CONT` of SQL does (method 7 of R. Hyndman and Y. Fan, 1996).
struct Percentile;

impl Aggregate<(Vec<f64>, f64), Option<f64>> for Percentile {
    fn init(&self, _: &mut Context<'_>) -> Result<(Vec<f64>, f64), Error> {
        Ok((Vec::new(), 0.0))
    }

    fn step(&self, context: &mut Context<'_>, all: &mut (Vec<f64>, f64)) -> Result<(), Error> {
        all.0.extend(context.get::<Option<f64>>(0)?);
        all.1 = context.get(1)?;
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        all: Option<(Vec<f64>, f64)>,
    ) -> Result<Option<f64>, Error> {
        let Some((mut numbers, share)) = all else { return Ok(None) };
        numbers.sort_unstable_by(f64::total_cmp);
        let Some(last) = numbers.len().checked_sub(1) else { return Ok(None) };
        let place = (share / 100.0).clamp(0.0, 1.0) * last as f64;
        let at = |index: usize| numbers.get(index.min(last)).copied().unwrap_or_default();
        let (low, high) = (at(place.floor() as usize), at(place.floor() as usize + 1));
        Ok(Some(low + place.fract() * (high - low)))
    }
}

/// `text REGEXP pattern`: whether the pattern is somewhere in the text. No text is matched by nothing.
fn matches(context: &mut Context<'_>) -> Result<bool, Error> {
    let pattern: Arc<Regex> = context.get_or_create_aux(0, |pattern| {
        let pattern = pattern.as_str().map_err(|error| Box::new(error) as _);
        pattern.and_then(|it: &str| Regex::new(it).map_err(boxed))
    })?;
    Ok(match context.get_raw(1) {
        ValueRef::Text(text) => std::str::from_utf8(text).is_ok_and(|text| pattern.is_match(text)),
        _ => false,
    })
}

fn boxed(error: regex::Error) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(error)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::add;

    #[test]
    fn a_percentile_is_between_its_neighbours() {
        let handle = Connection::open_in_memory().unwrap();
        add(&handle).unwrap();
        let is = |share: f64| {
            let sql = "SELECT percentile(column1, ?) FROM (VALUES (10), (NULL), (20.5), (40))";
            handle.query_row(sql, [share], |row| row.get::<_, Option<f64>>(0)).unwrap()
        };
        // numpy.quantile([10, 20.5, 40], share / 100)
        assert_eq!([0.0, 50.0, 75.0, 100.0].map(is), [10.0, 20.5, 30.25, 40.0].map(Some));
        let sql = "SELECT percentile(column1, 50) FROM (VALUES (NULL))";
        assert_eq!(handle.query_row(sql, [], |row| row.get::<_, Option<f64>>(0)), Ok(None));
    }

    #[test]
    fn a_pattern_is_looked_for_in_a_text() {
        let handle = Connection::open_in_memory().unwrap();
        add(&handle).unwrap();
        let is = |sql: &str| handle.query_row(sql, [], |row| row.get::<_, bool>(0));
        assert!(is("SELECT 'abc' REGEXP 'b.'").unwrap());
        assert!(!is("SELECT 'abc' REGEXP '^b'").unwrap());
        assert!(!is("SELECT NULL REGEXP 'b'").unwrap());
        assert!(is("SELECT 'abc' REGEXP '('").is_err());
    }
}
