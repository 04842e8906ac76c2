use crate::{
    Csr, Data, Error, Inputs, Matrix, Table, attributes,
    estimator::Transform,
    read::{Cursor, Kind},
    sklearn::check::{self, Allow},
};

/// Most output columns; beyond them a single row would take gigabytes.
const MOST_OUTPUTS: usize = 1 << 24;

/// `PolynomialFeatures`: products of columns up to a degree, in the order of
/// `combinations_with_replacement`.
#[derive(Debug)]
pub(crate) struct PolynomialFeatures {
    inputs: Inputs,
    bias: bool,
    /// Each product is one column times an earlier product (`None`: the column alone).
    terms: Vec<(u32, Option<u32>)>,
    /// Terms below the least degree are needed for others but not given out.
    first_given: usize,
}

impl PolynomialFeatures {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let old = c.attr("n_input_features_").and_then(Cursor::as_i64);
        let inputs = attributes::inputs(c, old.and_then(|n| usize::try_from(n).ok()));
        let columns = inputs.columns.ok_or_else(|| {
            Error::attribute("PolynomialFeatures", "n_features_in_", "is missing: is it fitted?")
        })?;
        let (least, most) = degrees(c)?;
        let interactions = attributes::flag(c, "interaction_only", false);
        let bias = attributes::flag(c, "include_bias", true);
        let (terms, first_given) = expand(columns, least, most, interactions)?;
        Ok(Self { inputs, bias, terms, first_given })
    }

    fn outputs(&self) -> usize {
        usize::from(self.bias) + self.terms.len() - self.first_given
    }

    /// Fills `products` with the value of every term of one row.
    fn products<T: Copy + std::ops::Mul<Output = T>>(&self, row: &[T], products: &mut Vec<T>) {
        products.clear();
        for &(column, rest) in &self.terms {
            let Some(&value) = row.get(column as usize) else { continue };
            let rest = rest.and_then(|at| products.get(at as usize));
            products.push(rest.map_or(value, |&rest| rest * value));
        }
    }

    fn dense<T>(&self, m: &Matrix<T>, rows: usize, one: T) -> Matrix<T>
    where
        T: Copy + std::ops::Mul<Output = T>,
    {
        let mut values = Vec::with_capacity(rows * self.outputs());
        let mut products = Vec::with_capacity(self.terms.len());
        for row in m.values.chunks_exact(m.columns.max(1)) {
            self.products(row, &mut products);
            values.extend(self.bias.then_some(one));
            values.extend_from_slice(products.get(self.first_given..).unwrap_or_default());
        }
        Matrix { columns: self.outputs(), values }
    }

    fn sparse(&self, csr: &Csr, rows: usize) -> Csr {
        let mut out = Csr::with_capacity(self.outputs(), rows, csr.values.len());
        out.scalar = csr.scalar;
        let mut row = vec![0.0; csr.columns];
        let mut products = Vec::with_capacity(self.terms.len());
        for at in 0..rows {
            row.fill(0.0);
            let (indices, stored) = csr.row(at);
            for (&column, &value) in indices.iter().zip(stored) {
                if let Some(cell) = row.get_mut(column as usize) {
                    *cell += value;
                }
            }
            self.products(&row, &mut products);
            let given = products.get(self.first_given..).unwrap_or_default();
            let all = self.bias.then_some(1.0).into_iter().chain(given.iter().copied());
            for (column, value) in all.enumerate().filter(|&(_, value)| value != 0.0) {
                out.indices.push(column as u32);
                out.values.push(value);
            }
            out.end_row();
        }
        out.round();
        out
    }
}

/// `degree` is a number or a pair; 1.0 and later repeat it as `_min_degree` and `_max_degree`.
fn degrees(c: Cursor<'_>) -> Result<(usize, usize), Error> {
    let wrong = || Error::attribute("PolynomialFeatures", "degree", "is not a number or a pair");
    let degree = c.require("degree")?;
    let whole = |value: Cursor<'_>| value.as_i64().and_then(|v| usize::try_from(v).ok());
    match degree.kind() {
        Kind::Tuple(pair) | Kind::List(pair) => match *pair {
            [least, most] => whole(degree.go(least)).zip(whole(degree.go(most))).ok_or_else(wrong),
            _ => Err(wrong()),
        },
        _ => Ok((0, whole(degree).ok_or_else(wrong)?)),
    }
}

type Terms = (Vec<(u32, Option<u32>)>, usize);

/// All terms of degree 1 to `most`; the product of the columns i ≤ j ≤ … is column i times
/// the term that starts with j.
fn expand(columns: usize, least: usize, most: usize, interactions: bool) -> Result<Terms, Error> {
    let too_many = || Error::Limit {
        what: format!("degree {most} over {columns} columns"),
        limit: format!("{MOST_OUTPUTS} polynomial features"),
        flag: "--max-model-bytes",
    };
    if columns > MOST_OUTPUTS {
        return Err(too_many());
    }
    let mut terms: Vec<(u32, Option<u32>)> = Vec::new();
    let mut first_given = 0;
    // where the terms of the last degree that start with each column begin, and where all end
    let mut starts: Vec<usize> = Vec::new();
    for degree in 1..=most {
        let from = terms.len();
        let previous_end = from;
        let mut begins = Vec::with_capacity(columns);
        for column in 0..columns {
            begins.push(terms.len());
            if degree == 1 {
                terms.push((column as u32, None));
                continue;
            }
            let start = starts.get(column + usize::from(interactions)).copied();
            for rest in start.unwrap_or(previous_end)..previous_end {
                if terms.len() >= MOST_OUTPUTS {
                    return Err(too_many());
                }
                terms.push((column as u32, Some(rest as u32)));
            }
        }
        if degree < least {
            first_given = terms.len();
        }
        if terms.len() == from {
            break;
        }
        starts = begins;
    }
    Ok((terms, first_given))
}

impl Transform for PolynomialFeatures {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.outputs()
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        let term = output.checked_sub(usize::from(self.bias))?;
        match self.terms.get(self.first_given + term)? {
            (column, None) => Some(*column as usize),
            (_, Some(_)) => None,
        }
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let class = "PolynomialFeatures";
        let mut table = check::numeric(input, self.inputs.columns, Allow::Finite, class)?;
        let rows = table.rows;
        table.data = match &table.data {
            Data::F32(m) => Data::F32(self.dense(m, rows, 1.0)),
            Data::Sparse(csr) => {
                let mut csr = csr.clone();
                csr.make_floats();
                Data::Sparse(self.sparse(&csr, rows))
            }
            Data::F64(m) => Data::F64(self.dense(m, rows, 1.0)),
            _ => return Ok(table),
        };
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_OUTPUTS, expand};

    #[test]
    fn terms_follow_combinations_with_replacement() {
        let (terms, first) = expand(3, 0, 2, false).unwrap();
        assert_eq!(first, 0);
        let pairs: Vec<_> =
            terms[3..].iter().map(|&(a, b)| (a, terms[b.unwrap() as usize].0)).collect();
        assert_eq!(pairs, [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]);
    }

    #[test]
    fn interactions_never_repeat_a_column() {
        let (terms, _) = expand(3, 0, 3, true).unwrap();
        assert_eq!(terms.len(), 3 + 3 + 1);
    }

    #[test]
    fn lower_degrees_are_computed_but_not_given() {
        let (terms, first) = expand(2, 2, 3, false).unwrap();
        assert_eq!((terms.len(), first), (2 + 3 + 4, 2));
    }

    #[test]
    fn more_columns_than_outputs_may_be_are_an_error() {
        for columns in [MOST_OUTPUTS + 1, usize::MAX] {
            for degree in [0, 1, 2] {
                let refusal = expand(columns, 0, degree, false).unwrap_err().to_string();
                assert!(refusal.contains("polynomial features"), "{refusal}");
            }
        }
    }
}
