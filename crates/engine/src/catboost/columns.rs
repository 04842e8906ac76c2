//! From the columns of a request to the numbers that splits compare.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use super::{
    ctr::{Ctr, Projection, Values, joined, product},
    hash,
    lookup::Lookup,
    malformed,
    parts::Parts,
};
use crate::{
    Cell, Column, ColumnUse, Data, Error, Limits, Matrix, Table,
    error::shown,
    table::LIST,
    tree::{LANES, Room, Symmetric},
};

/// Numbers that splits compare: the used columns of numbers, then one for each category that a split
/// asks for, then one for each CTR.
#[derive(Debug)]
pub(super) struct Columns {
    /// Columns of a row.
    pub(super) count: usize,
    /// Places of the columns of numbers that are read.
    floats: Vec<usize>,
    /// Places of the others.
    unused: Vec<usize>,
    /// Places of the columns of categories that are read.
    categories: Vec<usize>,
    /// A column of categories, by its place among those that are read, and a hash.
    one_hots: Vec<(usize, i32)>,
    /// CTRs by the combination that they are made of.
    combinations: Vec<Combination>,
    ctrs: usize,
    /// What is done with each column of a row.
    uses: Arc<[ColumnUse]>,
}

/// CTRs of one combination; columns are places among those that are read.
#[derive(Debug)]
struct Combination {
    categories: Vec<usize>,
    floats: Vec<(usize, f32, bool)>,
    one_hots: Vec<(usize, i32)>,
    lookups: Vec<Lookup>,
}

/// A table of statistics, and the CTRs that are made from it with their places.
type Statistics = (Values, Vec<(usize, Ctr)>);

/// What is compared: where it stands among the numbers, and with which borders.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) place: usize,
    pub(super) borders: Vec<f32>,
    pub(super) missing_above: bool,
    /// The columns of a row that it is made of: those of categories, for a CTR. CTRs of one combination
    /// share them.
    pub(super) columns: Arc<[usize]>,
}

/// The columns that a file lists, by what names them.
struct Known {
    /// The column of each category, by its number.
    categories: HashMap<i64, usize>,
    /// The place of each column of categories among those that are read.
    read: HashMap<usize, usize>,
    /// The column of each number with where its missing values go, by its number.
    floats: HashMap<i64, (usize, bool)>,
    /// The place of each column of numbers among those that are read.
    places: HashMap<usize, usize>,
}

impl Known {
    fn of(parts: &Parts) -> Self {
        // the first of several with one number counts
        let categories = parts.categories.iter().rev();
        // only combinations ask for numbers
        let asked = if parts.projections.is_empty() { &[][..] } else { &parts.floats };
        let floats = asked.iter().rev();
        Self {
            categories: categories.map(|it| (it.index, it.column as usize)).collect(),
            read: HashMap::new(),
            floats: floats.map(|it| (it.index, (it.column as usize, it.missing_above))).collect(),
            places: HashMap::new(),
        }
    }
}

/// Most columns of a row that a file need not list; no model of a real problem comes near.
const MOST_COLUMNS: usize = 1 << 20;

impl Columns {
    /// Takes the columns out of `parts`. Gives back what splits compare, in the order of the file.
    pub(super) fn new(parts: &mut Parts) -> Result<(Self, Vec<Compared>), Error> {
        let places = parts.floats.iter().map(|f| f.column);
        let places = places.chain(parts.categories.iter().map(|c| c.column));
        let most = MOST_COLUMNS + (parts.floats.len() + parts.categories.len()) * 16;
        let outside =
            |&place: &i64| usize::try_from(place).is_ok_and(|place| place >= most) || place < 0;
        if places.clone().any(|place| outside(&place)) {
            return Err(malformed("its columns", "one of them has no place in a row"));
        }
        let count = places.max().map_or(0, |last| last as usize + 1);
        let ctrs = std::mem::take(&mut parts.ctrs);
        let mut columns = Self {
            count,
            floats: Vec::new(),
            unused: Vec::new(),
            categories: Vec::new(),
            one_hots: Vec::new(),
            combinations: Vec::new(),
            ctrs: ctrs.len(),
            uses: Arc::default(),
        };
        let mut known = Known::of(parts);
        let asks = !parts.one_hots.is_empty() || !ctrs.is_empty();
        let used: HashSet<i64> =
            parts.projections.iter().flat_map(|p| p.floats.iter().map(|split| split.0)).collect();
        let mut compared = Vec::new();
        for float in &mut parts.floats {
            let column = float.column as usize;
            if float.borders.is_empty() && !used.contains(&float.index) {
                columns.unused.push(column);
                continue;
            }
            // without categories, rows are read where they stand
            let place = if asks { columns.floats.len() } else { column };
            let borders = std::mem::take(&mut float.borders);
            if !borders.is_empty() {
                let missing_above = float.missing_above;
                let columns = [column].into();
                compared.push(Compared { place, borders, missing_above, columns });
            }
            columns.floats.push(column);
        }
        for one_hot in &parts.one_hots {
            let category = columns.category(&mut known, one_hot.category)?;
            for &value in &one_hot.values {
                let place = columns.floats.len() + columns.one_hots.len();
                let of = columns.categories.get(category).copied();
                compared.push(Compared {
                    place,
                    borders: vec![0.5],
                    missing_above: false,
                    columns: of.into_iter().collect(),
                });
                columns.one_hots.push((category, value));
            }
        }
        columns.combine(parts, known, ctrs, &mut compared)?;
        columns.uses = columns.find_uses();
        Ok((columns, compared))
    }

    /// Groups CTRs by what they are made of.
    fn combine(
        &mut self,
        parts: &mut Parts,
        mut known: Known,
        ctrs: Vec<Ctr>,
        compared: &mut Vec<Compared>,
    ) -> Result<(), Error> {
        // the statistics of each combination, and the columns that it is made of
        let mut statistics: Vec<(Vec<Statistics>, Arc<[usize]>)> = Vec::new();
        let mut tables: Vec<_> = std::mem::take(&mut parts.tables).into_iter().map(Some).collect();
        let of_tables: usize = tables.iter().flatten().map(Values::room).sum();
        let mut room = of_tables + Limits::HEADROOM_BYTES as usize;
        // the place of each combination and table that was met
        let mut combinations: HashMap<usize, usize> = HashMap::new();
        let mut groups: HashMap<usize, (usize, usize)> = HashMap::new();
        for (number, ctr) in ctrs.into_iter().enumerate() {
            let place = self.floats.len() + self.one_hots.len() + number;
            let borders = ctr.borders.clone();
            let met = combinations.get(&ctr.projection).copied();
            let at = met.unwrap_or(self.combinations.len());
            if met.is_none() {
                let projection = parts.projections.get(ctr.projection);
                let projection = projection.ok_or_else(|| absent("combination"))?;
                let combination = self.combination(&mut known, projection)?;
                let of = combination.categories.iter();
                let of = of.filter_map(|&at| self.categories.get(at).copied()).collect();
                self.combinations.push(combination);
                statistics.push((Vec::new(), of));
                combinations.insert(ctr.projection, at);
            }
            let Some((own, of)) = statistics.get_mut(at) else { continue };
            let columns = Arc::clone(of);
            compared.push(Compared { place, borders, missing_above: false, columns });
            let met = groups.get(&ctr.table).copied();
            let (owner, group) = met.unwrap_or((at, own.len()));
            if met.is_none() {
                let table = tables.get_mut(ctr.table).and_then(Option::take);
                own.push((table.ok_or_else(|| absent("statistics"))?, Vec::new()));
                groups.insert(ctr.table, (owner, group));
            }
            match own.get_mut(group).filter(|_| owner == at) {
                Some((values, ctrs)) if values.fits(&ctr) => ctrs.push((place, ctr)),
                _ => return Err(malformed("a CTR", "its statistics are of another kind")),
            }
        }
        for (combination, (own, _)) in self.combinations.iter_mut().zip(statistics) {
            for (values, ctrs) in own {
                combination.lookups.push(Lookup::new(&values, &ctrs, &mut room)?);
            }
        }
        Ok(())
    }

    fn combination(
        &mut self,
        known: &mut Known,
        projection: &Projection,
    ) -> Result<Combination, Error> {
        let mut categories = Vec::with_capacity(projection.categories.len());
        for &index in &projection.categories {
            categories.push(self.category(known, index)?);
        }
        let mut one_hots = Vec::with_capacity(projection.one_hots.len());
        for &(index, value) in &projection.one_hots {
            one_hots.push((self.category(known, index)?, value));
        }
        if known.places.is_empty() {
            let places = self.floats.iter().enumerate().rev();
            known.places = places.map(|(at, &column)| (column, at)).collect();
        }
        let float = |&(index, border): &(i64, f32)| {
            let found = known.floats.get(&index);
            let place = found.and_then(|&(column, _)| known.places.get(&column));
            let ((_, missing_above), place) =
                found.zip(place).ok_or_else(|| missing("numbers", index))?;
            Ok((*place, border, *missing_above))
        };
        let floats = projection.floats.iter().map(float).collect::<Result<_, Error>>()?;
        Ok(Combination { categories, floats, one_hots, lookups: Vec::new() })
    }

    /// The place, among the columns of categories that are read, of the one with this number.
    fn category(&mut self, known: &mut Known, index: i64) -> Result<usize, Error> {
        let column = *known.categories.get(&index).ok_or_else(|| missing("categories", index))?;
        Ok(*known.read.entry(column).or_insert_with(|| {
            self.categories.push(column);
            self.categories.len() - 1
        }))
    }

    /// Numbers of a row that [`Columns::cells`] gives; `None` when rows of numbers are read where
    /// they stand.
    pub(super) fn width(&self) -> Option<usize> {
        let made = self.one_hots.len() + self.ctrs;
        (made > 0).then(|| self.floats.len() + made)
    }

    /// Where splits find a column of numbers.
    pub(super) fn number(&self, column: usize) -> Option<usize> {
        match self.width() {
            Some(_) => self.floats.iter().position(|&float| float == column),
            None => Some(column),
        }
    }

    /// About the nanoseconds that the numbers of a row take.
    pub(super) fn cost(&self) -> usize {
        self.categories.len() * 30 + self.combinations.len() * 20 + self.ctrs * 5
    }

    /// What is done with each column of a row: columns of categories that no split asks for are not
    /// read.
    pub(super) fn uses(&self) -> Arc<[ColumnUse]> {
        Arc::clone(&self.uses)
    }

    fn find_uses(&self) -> Arc<[ColumnUse]> {
        let mut uses = vec![ColumnUse::Unread; self.count];
        for &at in self.floats.iter().chain(&self.unused).chain(&self.categories) {
            if let Some(to) = uses.get_mut(at) {
                *to = ColumnUse::Value;
            }
        }
        uses.into()
    }

    /// Refuses what is no number in the columns of numbers that no split compares, as CatBoost does.
    ///
    /// # Errors
    /// [`Error::Value`] with its place.
    pub(super) fn check(&self, input: &Table) -> Result<(), Error> {
        let Data::Columns(columns) = &input.data else { return Ok(()) };
        for &at in &self.unused {
            if let Some(Column::Text(_) | Column::Any(_)) = columns.get(at) {
                numbers(input, at, 0..input.rows, vec![0.0; input.rows].iter_mut())?;
            }
        }
        Ok(())
    }

    /// All rows as numbers, for a model that reads no categories; what it does not read may be zero.
    ///
    /// # Errors
    /// [`Error::Value`] for what is no number.
    pub(super) fn rows<'a>(&self, input: &'a Table) -> Result<Cow<'a, [f32]>, Error> {
        if !matches!(input.data, Data::Columns(_)) {
            return input.to_f32();
        }
        let mut rows = vec![0.0; input.rows * self.count];
        for &at in &self.floats {
            let to = rows.get_mut(at..).unwrap_or_default().iter_mut().step_by(self.count);
            numbers(input, at, 0..input.rows, to)?;
        }
        Ok(Cow::Owned(rows))
    }

    /// The numbers that splits compare, row after row: rows `range` of `input`.
    ///
    /// # Errors
    /// [`Error::Value`] for what is no number or no category.
    pub(super) fn cells(&self, input: &Table, range: Range<usize>) -> Result<Vec<f32>, Error> {
        let width = self.floats.len() + self.one_hots.len() + self.ctrs;
        let mut cells = vec![0.0; range.len() * width];
        for (at, &column) in self.floats.iter().enumerate() {
            let to = cells.get_mut(at..).unwrap_or_default().iter_mut().step_by(width);
            numbers(input, column, range.clone(), to)?;
        }
        let hashes = self.hashes(input, range)?;
        for (at, &(category, value)) in self.one_hots.iter().enumerate() {
            let to = cells.get_mut(self.floats.len() + at..).unwrap_or_default();
            for (to, &hash) in to.iter_mut().step_by(width).zip(hashes.of(category)) {
                *to = f32::from(u8::from(hash == value));
            }
        }
        let mut keys = vec![0; hashes.rows];
        for combination in &self.combinations {
            let floats = |at| cells.get(at..).unwrap_or_default().iter().step_by(width);
            combination.keys(&hashes, floats, &mut keys);
            for lookup in &combination.lookups {
                lookup.write(&keys, &mut cells, width);
            }
        }
        Ok(cells)
    }

    /// The hashes of the categories of rows `range` of `input`.
    fn hashes(&self, input: &Table, range: Range<usize>) -> Result<Hashes, Error> {
        let rows = range.len();
        // column by column: every row of a batch takes the same way
        let mut values = vec![0; rows * self.categories.len()];
        for (&column, to) in self.categories.iter().zip(values.chunks_exact_mut(rows.max(1))) {
            categories(input, column, range.clone(), to.iter_mut())?;
        }
        let products = values.iter().map(|&hash| product(i64::from(hash) as u64)).collect();
        Ok(Hashes { rows, values, products })
    }

    /// The ranks that symmetric trees compare, of rows `range` of `input`: those of [`Columns::cells`],
    /// without the numbers between.
    ///
    /// # Errors
    /// [`Error::Value`] for what is no number or no category.
    pub(super) fn ranks(
        &self,
        input: &Table,
        range: Range<usize>,
        trees: &Symmetric,
    ) -> Result<Room, Error> {
        let rows = range.len();
        let size = rows.max(1);
        let mut room = trees.room(rows);
        let mut floats = vec![0.0; rows * self.floats.len()];
        for (at, (&column, to)) in self.floats.iter().zip(floats.chunks_exact_mut(size)).enumerate()
        {
            numbers(input, column, range.clone(), to.iter_mut())?;
            trees.rank_values(at, to, &mut room);
        }
        let hashes = self.hashes(input, range)?;
        for (at, &(category, value)) in self.one_hots.iter().enumerate() {
            let ranks = trees.ranks(self.floats.len() + at, &mut room);
            for (to, hashes) in ranks.zip(hashes.of(category).chunks(LANES)) {
                to.iter_mut().zip(hashes).for_each(|(to, &hash)| *to = u8::from(hash == value));
            }
        }
        let (mut keys, mut found) = (vec![0; rows], vec![0; rows]);
        for combination in &self.combinations {
            let floats =
                |at: usize| floats.get(at * rows..(at + 1) * rows).unwrap_or_default().iter();
            combination.keys(&hashes, floats, &mut keys);
            for lookup in &combination.lookups {
                lookup.rank(&keys, &mut found, trees, &mut room);
            }
        }
        Ok(room)
    }
}

/// The hashes of categories, one column of rows after the other.
struct Hashes {
    rows: usize,
    values: Vec<i32>,
    /// What combinations take for each hash: all of them multiply it alike.
    products: Vec<u64>,
}

impl Hashes {
    /// Those of a column.
    fn of(&self, at: usize) -> &[i32] {
        self.values.get(at * self.rows..(at + 1) * self.rows).unwrap_or_default()
    }

    fn products_of(&self, at: usize) -> &[u64] {
        self.products.get(at * self.rows..(at + 1) * self.rows).unwrap_or_default()
    }
}

impl Combination {
    /// Writes the hash of each row's combination. `floats` gives a column of numbers.
    fn keys<'a, F: Iterator<Item = &'a f32>>(
        &self,
        hashes: &Hashes,
        floats: impl Fn(usize) -> F,
        keys: &mut [u64],
    ) {
        keys.fill(0);
        for &category in &self.categories {
            let products = hashes.products_of(category);
            keys.iter_mut().zip(products).for_each(|(key, &it)| *key = joined(*key, it));
        }
        let flag = |is: bool| if is { product(1) } else { 0 };
        for &(float, border, missing_above) in &self.floats {
            for (key, &value) in keys.iter_mut().zip(floats(float)) {
                *key = joined(*key, flag(value > border || missing_above && value.is_nan()));
            }
        }
        for &(category, value) in &self.one_hots {
            for (key, &hash) in keys.iter_mut().zip(hashes.of(category)) {
                *key = joined(*key, flag(hash == value));
            }
        }
    }
}

fn absent(what: &str) -> Error {
    malformed("a CTR", format!("its {what} is not there"))
}

fn missing(what: &str, index: i64) -> Error {
    malformed(
        format!("its columns of {what}"),
        format!("a split names number {index}, which is not there"),
    )
}

/// One column as numbers: each value is rounded to a float once.
fn numbers<'a>(
    input: &Table,
    at: usize,
    rows: Range<usize>,
    to: impl Iterator<Item = &'a mut f32>,
) -> Result<(), Error> {
    fn picked<'a, T>(
        m: &'a Matrix<T>,
        at: usize,
        rows: &Range<usize>,
    ) -> impl Iterator<Item = &'a T> {
        m.values.iter().skip(at).step_by(m.columns.max(1)).skip(rows.start).take(rows.len())
    }
    match &input.data {
        Data::F64(m) => to.zip(picked(m, at, &rows)).for_each(|(to, &v)| *to = v as f32),
        Data::F32(m) => to.zip(picked(m, at, &rows)).for_each(|(to, &v)| *to = v),
        Data::I64(m) => to.zip(picked(m, at, &rows)).for_each(|(to, &v)| *to = v as f32),
        Data::Columns(columns) => match columns.get(at) {
            Some(Column::F64(v)) => to.zip(part(v, &rows)).for_each(|(to, &v)| *to = v as f32),
            Some(Column::F32(v)) => to.zip(part(v, &rows)).for_each(|(to, &v)| *to = v),
            Some(Column::I64(v)) => to.zip(part(v, &rows)).for_each(|(to, &v)| *to = v as f32),
            Some(Column::Bool(v)) => {
                to.zip(part(v, &rows)).for_each(|(to, &v)| *to = f32::from(u8::from(v)));
            }
            Some(Column::Text(v)) => {
                for (to, row) in to.zip(rows) {
                    *to = v.get(row).map_or(Ok(f32::NAN), |text| parsed(text, row, at))?;
                }
            }
            Some(Column::Any(v)) => {
                for (to, (row, cell)) in to.zip(rows.clone().zip(part(v, &rows))) {
                    *to = match cell {
                        Cell::Null | Cell::Absent => f32::NAN,
                        Cell::Bool(v) => f32::from(u8::from(*v)),
                        Cell::I64(v) => *v as f32,
                        Cell::F64(v) => *v as f32,
                        Cell::Text(text) => parsed(text, row, at)?,
                        Cell::Texts(_) => return Err(Error::value(row, at, LIST)),
                    };
                }
            }
            None => {}
        },
        Data::Sparse(_) | Data::Documents(_) => {
            return Err(Error::input(
                "the model takes categories: send its rows as columns of numbers and texts",
            ));
        }
    }
    Ok(())
}

fn part<'a, T>(values: &'a [T], rows: &Range<usize>) -> std::slice::Iter<'a, T> {
    values.get(rows.clone()).unwrap_or_default().iter()
}

/// Texts that CatBoost takes for a missing value.
const MISSING: &[&str] = &[
    "", "nan", "NaN", "NAN", "na", "NA", "Na", "n/a", "N/A", "#N/A", "#NA", "none", "None", "null",
    "NULL", "Null", "-nan", "-NaN", "-",
];

/// A text in a column of numbers.
fn parsed(text: &str, row: usize, at: usize) -> Result<f32, Error> {
    let text = text.trim();
    if MISSING.contains(&text) {
        return Ok(f32::NAN);
    }
    let number = text.parse::<f32>().ok().filter(|value| value.is_finite());
    number.ok_or_else(|| {
        let reason = format!("is the text `{}` where a number is expected", shown(text));
        Error::value(row, at, reason)
    })
}

/// One column as hashes of categories.
fn categories<'a>(
    input: &Table,
    at: usize,
    rows: Range<usize>,
    to: impl Iterator<Item = &'a mut i32>,
) -> Result<(), Error> {
    let refused = |row: usize, what: String| {
        Error::value(
            row,
            at,
            format!("is {what} where a category is expected: a text or an integer"),
        )
    };
    let number =
        |value: f64| if value.is_nan() { "NaN".to_owned() } else { format!("the number {value}") };
    let flag = |value: bool| hash::category(if value { b"1" } else { b"0" });
    for (to, row) in to.zip(rows) {
        *to = match &input.data {
            Data::I64(m) => {
                hash::integer(m.values.get(row * m.columns + at).copied().unwrap_or_default())
            }
            Data::F64(m) => {
                let value = m.values.get(row * m.columns + at).copied().unwrap_or_default();
                return Err(refused(row, number(value)));
            }
            Data::F32(m) => {
                let value = m.values.get(row * m.columns + at).copied().unwrap_or_default();
                return Err(refused(row, number(f64::from(value))));
            }
            Data::Columns(columns) => match columns.get(at) {
                Some(Column::Text(v)) => match v.get(row) {
                    Some(text) => hash::category(text.as_bytes()),
                    None => return Err(refused(row, "missing".into())),
                },
                Some(Column::I64(v)) => hash::integer(v.get(row).copied().unwrap_or_default()),
                Some(Column::Bool(v)) => flag(v.get(row).copied().unwrap_or_default()),
                Some(Column::F64(v)) => {
                    return Err(refused(row, number(v.get(row).copied().unwrap_or_default())));
                }
                Some(Column::F32(v)) => {
                    let value = v.get(row).copied().unwrap_or_default();
                    return Err(refused(row, number(f64::from(value))));
                }
                Some(Column::Any(v)) => match v.get(row) {
                    Some(Cell::Text(text)) => hash::category(text.as_bytes()),
                    Some(Cell::I64(v)) => hash::integer(*v),
                    Some(Cell::Bool(v)) => flag(*v),
                    Some(Cell::F64(v)) => return Err(refused(row, number(*v))),
                    Some(Cell::Texts(_)) => return Err(refused(row, "several texts".into())),
                    Some(Cell::Null | Cell::Absent) | None => {
                        return Err(refused(row, "missing".into()));
                    }
                },
                None => 0,
            },
            Data::Sparse(_) | Data::Documents(_) => 0,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{
        super::{
            contributions::Contributions,
            ctr::{Counts, Ctr, Kind, Projection, Values, joined, product},
            hash,
            parts::{Category, Float, OneHot, Parts},
        },
        Columns,
    };
    use crate::{
        Column, Data, Table,
        tree::{self, Symmetric},
    };

    /// Parts with every kind of what is compared: numbers with few and many borders, missing ones
    /// above and below, two columns of categories, of ten and of fifty.
    fn mixed() -> Parts {
        let float = |at: i64, borders: u16| Float {
            index: at,
            column: at,
            name: String::new(),
            borders: (0..borders).map(|n| f32::from(n) * 100.0 / f32::from(borders)).collect(),
            missing_above: at % 2 == 1,
        };
        let category = |at: i64| Category { index: at, column: 4 + at, name: String::new() };
        let key = |at: i64| i64::from(hash::integer(at)) as u64;
        let projection = |floats: &[(i64, f32)], one_hots: &[(i64, i32)]| Projection {
            categories: vec![0, 1],
            floats: floats.to_vec(),
            one_hots: one_hots.to_vec(),
        };
        let combined = |hash, value| joined(hash, product(value));
        let two = |at: i64| combined(combined(0, key(at % 10)), key(at % 50));
        let one_hot = (0, hash::integer(3));
        // some of the combinations, not all of them
        let hashes = [
            (0..40).map(two).collect::<Vec<_>>(),
            (0..40).map(|at| combined(two(at), (at % 2) as u64)).collect(),
            (0..40).map(|at| combined(two(at), u64::from(at % 10 == 3))).collect(),
        ];
        let table = |hashes: Vec<u64>| {
            let counts = Counts::Rows((0..40).map(|at| at * 7 % 40).collect(), 1);
            Values::of_pairs(hashes.into_iter(), counts, 40).unwrap()
        };
        let ctr = |at: usize| Ctr {
            projection: at / 2,
            table: at / 2,
            kind: Kind::Counter,
            target: 0,
            prior: [at as f32, 1.0],
            shift: 0.0,
            scale: 15.0,
            borders: (0..15 * (at as u16 % 4)).map(f32::from).collect(),
        };
        Parts {
            floats: vec![float(0, 7), float(1, 60), float(2, 97), float(3, 300)],
            categories: vec![category(0), category(1)],
            one_hots: vec![
                OneHot { category: 0, values: (0..5).map(hash::integer).collect() },
                OneHot { category: 1, values: vec![hash::integer(7)] },
            ],
            projections: vec![
                projection(&[], &[]),
                projection(&[(1, 50.0)], &[]),
                projection(&[], &[one_hot]),
            ],
            tables: hashes.into_iter().map(table).collect(),
            ctrs: (0..6).map(ctr).collect(),
            ..Parts::default()
        }
    }

    #[test]
    fn ranks_are_those_of_the_numbers_that_splits_compare() {
        let (columns, compared) = Columns::new(&mut mixed()).unwrap();
        let column = |of: &super::Compared| tree::Column {
            place: of.place,
            borders: of.borders.clone(),
            missing_above: of.missing_above,
        };
        let splits: usize = compared.iter().map(|of| of.borders.len()).sum();
        let splits: Vec<i32> = (0..splits as i32).map(|at| at * 37 % splits as i32).collect();
        let sizes: Vec<i32> = splits.chunks(3).map(|levels| levels.len() as i32).collect();
        let compared = compared.iter().map(column).collect();
        let trees = Symmetric::new(compared, &sizes, &splits).unwrap();
        for rows in [0, 1, 31, 64, 65, tree::ROWS] {
            let number = |seed: usize, row: usize| match row * seed % 101 {
                100 => f32::NAN,
                value => value as f32,
            };
            let numbers = [3, 7, 11, 13]
                .map(|seed| Column::F32((0..rows).map(|row| number(seed, row)).collect()));
            let categories = [10, 50].map(|count| {
                Column::I64((0..rows as i64).map(|row| row * 11 % 97 % count).collect())
            });
            let data = Data::Columns(numbers.into_iter().chain(categories).collect());
            let table = Table { rows, names: None, data };
            for outputs in [1, 3] {
                let leaves: usize = (0..trees.trees()).map(|tree| trees.leaves(tree)).sum();
                let values: Vec<f64> = (0..leaves * outputs).map(|at| (at as f64).sin()).collect();
                let mut sums = [vec![0.0; rows * outputs], vec![0.0; rows * outputs]];
                let cells = columns.cells(&table, 0..rows).unwrap();
                trees.add(&cells, columns.width().unwrap(), &values, outputs, &mut sums[0]);
                let room = columns.ranks(&table, 0..rows, &trees).unwrap();
                trees.add_ranked(&room, &values, outputs, &mut sums[1]);
                assert_eq!(sums[0], sums[1], "{rows} rows, {outputs} outputs");
            }
        }
    }

    #[test]
    fn ctrs_of_one_combination_share_its_columns() {
        // copies of them would take gigabytes
        const MANY: i64 = 20_000;
        let category = |at| Category { index: at, column: at, name: String::new() };
        let ctr = |_| Ctr {
            projection: 0,
            table: 0,
            kind: Kind::Counter,
            target: 0,
            prior: [0.0, 1.0],
            shift: 0.0,
            scale: 1.0,
            borders: vec![0.5],
        };
        let counts = Counts::Rows(vec![1], 1);
        let mut parts = Parts {
            categories: (0..MANY).map(category).collect(),
            ctrs: (0..MANY).map(ctr).collect(),
            projections: vec![Projection {
                categories: (0..MANY).collect(),
                ..Projection::default()
            }],
            tables: vec![Values::of_pairs([7].into_iter(), counts, 1).unwrap()],
            ..Parts::default()
        };
        let (columns, compared) = Columns::new(&mut parts).unwrap();
        assert_eq!((columns.count, compared.len()), (MANY as usize, MANY as usize));
        let first = &compared[0].columns;
        assert!(compared.iter().all(|one| Arc::ptr_eq(&one.columns, first)));
        let splits: Vec<i32> = (0..MANY as i32).collect();
        let sizes = vec![1; splits.len()];
        assert!(
            Contributions::new(&compared, &sizes, &splits, vec![1.0; 2 * splits.len()]).is_some()
        );
    }
}
