//! Rows as sums of few atoms of a dictionary.

use super::{Components, matrix};
use crate::{
    Error, Inputs, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
    sklearn::{
        algebra,
        check::{self, Allow},
        product::Product,
    },
};

/// Atoms up to which all their products are kept.
const MOST_ATOMS: usize = 1 << 13;

/// How the code of a row is found.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Algorithm {
    /// Products that are shrunk towards zero.
    Threshold(f64),
    /// Orthogonal matching pursuit with so many atoms; whether it takes on the type of the rows, whatever
    /// that of the atoms is.
    Pursuit(usize, bool),
}

/// `SparseCoder`, `DictionaryLearning` and `MiniBatchDictionaryLearning`.
#[derive(Debug)]
pub(crate) struct SparseCode {
    class: String,
    inputs: Inputs,
    algorithm: Algorithm,
    product: Product,
    /// Products of the atoms with each other.
    gram: Vec<f64>,
    positive: bool,
    /// Positive and negative parts stand side by side.
    splits: bool,
    /// The atoms are floats.
    f32: bool,
}

impl SparseCode {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let name = if c.class_name() == "SparseCoder" { "dictionary" } else { "components_" };
        let Components { values, rows: atoms, columns, f32 } = matrix(c, name)?;
        let algorithm = match attributes::text(c, "transform_algorithm") {
            Some("threshold") => {
                // from 1.2 on the penalty of training stands in
                let names: &[&str] = match version(c) {
                    Some(release) if release >= (1, 2) => &["transform_alpha", "alpha"],
                    _ => &["transform_alpha"],
                };
                let given = names.iter().find_map(|name| attributes::number(c, name));
                Algorithm::Threshold(given.unwrap_or(1.0))
            }
            Some("omp") => {
                let given = attributes::number(c, "transform_n_nonzero_coefs");
                let few = (columns as f64 / 10.0).max(1.0).min(atoms as f64);
                let casts = version(c).is_some_and(|release| release >= (1, 8));
                Algorithm::Pursuit((given.unwrap_or(few) as usize).min(atoms), casts)
            }
            Some(other @ ("lars" | "lasso_lars" | "lasso_cd")) => {
                return Err(Error::Unsupported {
                    what: format!("`{}` with `transform_algorithm=\"{other}\"`", c.class_name()),
                    reason:
                        "its answer depends on where the library's solver stops, which differs \
                             between releases"
                            .into(),
                    hint: "Set `transform_algorithm` to `omp` or `threshold`; a fitted estimator \
                           takes it without training again"
                        .into(),
                });
            }
            other => {
                let reason = format!("is `{}`, which is no algorithm", other.unwrap_or("no text"));
                return Err(Error::attribute(c.class_name(), "transform_algorithm", reason));
            }
        };
        let gram = match algorithm {
            Algorithm::Threshold(_) => Vec::new(),
            Algorithm::Pursuit(..) if atoms > MOST_ATOMS => {
                let reason = format!("has {atoms} atoms, and at most {MOST_ATOMS} are pursued");
                return Err(Error::attribute(c.class_name(), name, reason));
            }
            Algorithm::Pursuit(..) => algebra::times_transposed(&values, &values, columns),
        };
        let product = Product::transposed(&values, columns, atoms)
            .ok_or_else(|| Error::attribute(c.class_name(), name, "is no matrix"))?;
        let inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "n_features_in_", inputs.columns.unwrap_or(columns), columns)?;
        Ok(Self {
            class: c.class_name().to_owned(),
            inputs,
            algorithm,
            product,
            gram,
            positive: attributes::flag(c, "positive_code", false),
            splits: attributes::flag(c, "split_sign", false),
            f32,
        })
    }

    fn atoms(&self) -> usize {
        self.product.outputs()
    }

    fn threshold(&self, code: &mut [f64], least: f64) {
        for v in code {
            let size = (v.abs() - least).max(0.0);
            *v = if *v == 0.0 { 0.0 } else { v.signum() * size };
            if self.positive {
                *v = v.max(0.0);
            }
        }
    }

    /// Orthogonal matching pursuit on products (Rubinstein, Zibulevsky and Elad 2008): the atom that
    /// is nearest to what is left joins, then all weights are solved for anew. What is below `least` is
    /// no more than rounding.
    fn pursue(&self, products: &mut [f64], most: usize, least: f64) {
        let atoms = self.atoms();
        let gram = |i: usize, j: usize| self.gram.get(i * atoms + j).copied().unwrap_or_default();
        let mut left = products.to_vec();
        let mut order: Vec<usize> = (0..atoms).collect();
        let mut weights: Vec<f64> = Vec::new();
        // the Cholesky factor of the products of the chosen atoms, row after row
        let mut factor: Vec<Vec<f64>> = Vec::new();
        for active in 0..most {
            let nearest = |best: usize, at: usize| {
                let size = |at: usize| left.get(at).map_or(0.0, |v: &f64| v.abs());
                if size(at) > size(best) { at } else { best }
            };
            let place = (0..atoms).fold(0, nearest);
            let Some(&value) = left.get(place) else { break };
            if place < active || value * value < least {
                break;
            }
            let Some(&atom) = order.get(place) else { break };
            let chosen = order.get(..active).unwrap_or_default();
            let against: Vec<f64> = chosen.iter().map(|&other| gram(atom, other)).collect();
            let mut row = lower(&factor, &against);
            let rest = gram(atom, atom) - row.iter().map(|v| v * v).sum::<f64>();
            if active > 0 && rest <= least {
                break;
            }
            row.push(rest.sqrt());
            factor.push(row);
            order.swap(active, place);
            left.swap(active, place);
            let chosen = order.get(..=active).unwrap_or_default();
            let right: Vec<f64> =
                chosen.iter().filter_map(|&atom| products.get(atom).copied()).collect();
            weights = upper(&factor, lower(&factor, &right));
            for (place, &atom) in order.iter().enumerate() {
                let own = products.get(atom).copied().unwrap_or_default();
                let explained: f64 =
                    chosen.iter().zip(&weights).map(|(&o, w)| gram(atom, o) * w).sum();
                if let Some(left) = left.get_mut(place) {
                    *left = own - explained;
                }
            }
        }
        products.fill(0.0);
        for (&atom, &weight) in order.iter().zip(&weights) {
            if let Some(v) = products.get_mut(atom) {
                *v = weight;
            }
        }
    }
}

/// Solves for a lower triangular matrix, given by its rows.
fn lower(factor: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::with_capacity(right.len());
    for (row, right) in factor.iter().zip(right) {
        let known: f64 = row.iter().zip(&out).map(|(a, b)| a * b).sum();
        out.push((right - known) / row.last().copied().unwrap_or(1.0));
    }
    out
}

/// Solves for the transpose of a lower triangular matrix.
fn upper(factor: &[Vec<f64>], mut right: Vec<f64>) -> Vec<f64> {
    for (at, row) in factor.iter().enumerate().rev() {
        let Some((head, before)) = row.split_last() else { continue };
        let Some(value) = right.get_mut(at) else { continue };
        *value /= head;
        let value = *value;
        right.iter_mut().zip(before).for_each(|(v, a)| *v -= a * value);
    }
    right
}

impl Transform for SparseCode {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.atoms() * (1 + usize::from(self.splits))
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let table =
            check::numeric(input, Some(self.product.columns()), Allow::Finite, &self.class)?;
        check::dense(&table, &self.class)?;
        let is_f32 = check::is_f32(&table.data);
        // the products of the atoms are of this type in the library
        let casts = matches!(self.algorithm, Algorithm::Pursuit(_, true));
        let single = if casts { is_f32 } else { self.f32 };
        let least = if single { f32::EPSILON.into() } else { f64::EPSILON };
        let f32 = (self.f32 || casts) && is_f32 && !self.splits;
        let rows = table.rows;
        let mut code = self.product.dense(&table.to_f64()?, rows);
        let atoms = self.atoms();
        for row in code.chunks_exact_mut(atoms.max(1)) {
            match self.algorithm {
                Algorithm::Threshold(least) => self.threshold(row, least),
                Algorithm::Pursuit(most, _) => self.pursue(row, most, least),
            }
        }
        if self.splits {
            let parts = code.chunks_exact(atoms.max(1)).flat_map(|row| {
                let negative = row.iter().map(|v| -v.min(0.0));
                row.iter().map(|v| v.max(0.0)).chain(negative).collect::<Vec<_>>()
            });
            code = parts.collect();
        }
        Ok(check::answered(code, rows, self.outputs(0), f32))
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, SparseCode, lower, upper};
    use crate::{
        Data, Inputs, Matrix, Table, estimator::Transform, sklearn::algebra,
        sklearn::product::Product,
    };

    #[test]
    fn pursuit_in_single_precision_stops_at_its_rounding() {
        let atoms = [0.6, 0.8, 0.8, 0.6];
        let row: [f32; 2] = [0.6 * 23.9, 0.8 * 23.9];
        let code = |casts, f32, data| {
            let coder = SparseCode {
                class: "SparseCoder".into(),
                inputs: Inputs::default(),
                algorithm: Algorithm::Pursuit(2, casts),
                product: Product::transposed(&atoms, 2, 2).unwrap(),
                gram: algebra::times_transposed(&atoms, &atoms, 2),
                positive: false,
                splits: false,
                f32,
            };
            let found = coder.transform(Table { rows: 1, names: None, data }).unwrap();
            found.to_f64().unwrap().into_owned()
        };
        let floats = || Data::F32(Matrix { columns: 2, values: row.to_vec() });
        let doubles = || Data::F64(Matrix { columns: 2, values: row.map(f64::from).to_vec() });
        // the row is the first atom but for what a float cannot hold
        assert_eq!(code(true, false, floats())[1], 0.0);
        assert_eq!(code(false, true, doubles())[1], 0.0);
        assert_ne!(code(false, false, floats())[1], 0.0);
        assert_ne!(code(true, true, doubles())[1], 0.0);
    }

    #[test]
    fn triangles_are_solved_both_ways() {
        let factor = [vec![2.0], vec![1.0, 3.0]];
        assert_eq!(lower(&factor, &[4.0, 11.0]), [2.0, 3.0]);
        assert_eq!(upper(&factor, vec![7.0, 9.0]), [2.0, 3.0]);
    }
}
