use std::borrow::Cow;

use longshore_engine::{Column, Data, Matrix};

use super::{Need, Schema};
use crate::{
    failure::Failure,
    frame::{Frame, UNKNOWN, split},
    names::{listed, near, quoted},
};

/// Most missing columns that an unknown name is compared with, to guess which one was meant.
const GUESSED: usize = 100;

/// Most unknown names that are shown when none of them tells what was meant.
const SHOWN: usize = 5;

impl Schema {
    /// Named columns in the order of the fields; what may be absent is filled.
    pub(super) fn arrange(&self, frame: Frame<'_>) -> Result<Data, Failure> {
        let Frame { rows, names, data, unknown } = frame;
        let names = names.unwrap_or_default();
        let in_order = names.len() == self.fields.len()
            && names
                .iter()
                .zip(&self.fields)
                .all(|(name, field)| Some(&**name) == field.name.as_deref());
        if in_order {
            return Ok(data);
        }
        let mut places: Vec<Option<usize>> = vec![None; self.fields.len()];
        for (at, name) in names.iter().enumerate() {
            let Some(place) = self.names.find(name).and_then(|field| places.get_mut(field)) else {
                continue;
            };
            if let Some(other) = place.replace(at).and_then(|other| names.get(other)) {
                return Err(Failure::unfit(format!(
                    "{} and {} are the same column of the model, which writes spaces as \
                     underscores; send one of them",
                    quoted(other),
                    quoted(name)
                )));
            }
        }
        let lacks = |(field, place): &(&super::Field, &Option<usize>)| {
            place.is_none() && field.need == Need::Required
        };
        if self.fields.iter().zip(&places).any(|both| lacks(&both)) {
            let missing = self.fields.iter().zip(&places).filter(lacks);
            let missing: Vec<_> = missing.filter_map(|(field, _)| field.name.as_deref()).collect();
            return Err(self.missing(&missing, &names, &unknown));
        }
        if places.iter().enumerate().all(|(at, place)| *place == Some(at))
            && names.len() == places.len()
        {
            return Ok(data);
        }
        Ok(gather(data, rows, &places))
    }

    /// The failure of a request that lacks columns: which, and what it may have meant by them.
    fn missing(
        &self,
        missing: &[&str],
        sent: &[Cow<'_, str>],
        unknown: &[Cow<'_, str>],
    ) -> Failure {
        let are = if missing.len() == 1 { "is" } else { "are" };
        let mut message = format!("{} {are} missing", listed(missing.iter().copied()));
        let strangers = sent.iter().filter(|name| !self.names.contains(name)).chain(unknown);
        let strangers: Vec<&str> = strangers.map(|name| &**name).take(UNKNOWN).collect();
        let mut meant: Vec<&str> = Vec::new();
        for stranger in &strangers {
            let guess = near(stranger, missing.iter().copied().take(GUESSED));
            // each missing column has one explanation
            let Some(guess) = guess.filter(|guess| !meant.contains(guess)) else { continue };
            let (stranger, asked) = (quoted(stranger), quoted(guess));
            message = format!("{message}; the request has {stranger}, did you mean {asked}?");
            meant.push(guess);
        }
        if meant.is_empty() && !strangers.is_empty() {
            let more = if strangers.len() > SHOWN { ", …" } else { "" };
            let shown = listed(strangers.into_iter().take(SHOWN));
            message = format!("{message}; the request has {shown}{more}");
        }
        let names = listed(self.names.iter());
        Failure::unfit(format!("{message}; the model takes {names}"))
    }
}

/// The columns at `places`; missing values where there is none.
pub(super) fn gather(data: Data, rows: usize, places: &[Option<usize>]) -> Data {
    if let Data::F64(matrix) = &data {
        return Data::F64(doubles(matrix, places));
    }
    let columns = split(data, rows);
    let mut left: Vec<Option<Column>> = columns.into_iter().map(Some).collect();
    let take = |place: &Option<usize>| {
        let column = place.and_then(|place| left.get_mut(place)).and_then(Option::take);
        column.unwrap_or_else(|| Column::F64(vec![f64::NAN; rows]))
    };
    crate::frame::collapse(places.iter().map(take).collect(), rows)
}

fn doubles(matrix: &Matrix<f64>, places: &[Option<usize>]) -> Matrix<f64> {
    let width = matrix.columns.max(1);
    let mut values = Vec::with_capacity(matrix.values.len() / width * places.len());
    for row in matrix.values.chunks_exact(width) {
        values.extend(
            places
                .iter()
                .map(|place| place.and_then(|place| row.get(place)).copied().unwrap_or(f64::NAN)),
        );
    }
    Matrix { columns: places.len(), values }
}
