use super::{Components, matrix};
use crate::{
    Csr, Data, Error, Inputs, Table, attributes,
    estimator::Transform,
    read::Cursor,
    sklearn::check::{self, Allow},
};

/// Iterations that a document may take in any case; the library's default is a hundred.
const MOST_ITERATIONS: f64 = 1e6;

/// `LatentDirichletAllocation`: the topics of each document by the variational updates of Hoffman, Blei
/// and Bach (2010), iterated as the library does.
#[derive(Debug)]
pub(crate) struct Mixture {
    inputs: Inputs,
    topics: usize,
    words: usize,
    /// `words × topics`: how much each word speaks for each topic.
    weights: Vec<f64>,
    prior: f64,
    iterations: usize,
    tolerance: f64,
}

impl Mixture {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let Components { values, rows: topics, columns: words, f32 } =
            matrix(c, "exp_dirichlet_component_")?;
        let number = |name: &str| {
            attributes::number(c, name)
                .ok_or_else(|| Error::attribute(c.class_name(), name, "is no number"))
        };
        let inputs = attributes::inputs(c, Some(words));
        attributes::counted(c, "n_features_in_", inputs.columns.unwrap_or(words), words)?;
        let mut weights = vec![0.0; values.len()];
        for (topic, row) in values.chunks_exact(words).enumerate() {
            for (to, &value) in weights.iter_mut().skip(topic).step_by(topics).zip(row) {
                *to = value;
            }
        }
        if f32 {
            return Err(Error::Unsupported {
                what: format!("`{}` that was fitted on float32", c.class_name()),
                reason: "its iterations stop where rounding lets them, differently from one \
                         processor to another"
                    .into(),
                hint: "Fit it on float64 or integer counts, as `CountVectorizer` gives them".into(),
            });
        }
        Ok(Self {
            inputs,
            topics,
            words,
            weights,
            prior: number("doc_topic_prior_")?,
            iterations: number("max_doc_update_iter")?.clamp(0.0, MOST_ITERATIONS) as usize,
            tolerance: number("mean_change_tol")?,
        })
    }

    /// The shares of the topics in a document of `(word, count)` pairs.
    fn of(&self, document: &[(usize, f64)], scratch: &mut Scratch, out: &mut [f64]) {
        let Scratch { expected, next } = scratch;
        out.fill(1.0);
        let start = (psi(1.0) - psi(self.topics as f64)).exp();
        expected.fill(start);
        for _ in 0..self.iterations {
            next.fill(0.0);
            for &(word, count) in document {
                let weights = self.weights.get(word * self.topics..(word + 1) * self.topics);
                let weights = weights.unwrap_or_default();
                let norm: f64 = expected.iter().zip(weights).map(|(e, w)| e * w).sum();
                let share = count / (norm + f64::EPSILON);
                next.iter_mut().zip(weights).for_each(|(sum, w)| *sum += share * w);
            }
            let mut total = 0.0;
            for (new, expected) in next.iter_mut().zip(expected.iter()) {
                *new = expected * *new + self.prior;
                total += *new;
            }
            let whole = psi(total);
            let mut change = 0.0;
            for ((expected, &new), old) in expected.iter_mut().zip(next.iter()).zip(out.iter_mut())
            {
                *expected = (psi(new) - whole).exp();
                change += (*old - new).abs();
                *old = new;
            }
            if change / (self.topics as f64) < self.tolerance {
                break;
            }
        }
        let total: f64 = out.iter().sum();
        for v in out {
            *v /= total;
        }
    }
}

/// What is used again for each document.
struct Scratch {
    expected: Vec<f64>,
    next: Vec<f64>,
}

impl Transform for Mixture {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.topics
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let class = "LatentDirichletAllocation";
        let table = check::numeric(input, Some(self.words), Allow::Finite, class)?;
        let rows = table.rows;
        let mut out = vec![0.0; rows * self.topics];
        let mut scratch =
            Scratch { expected: vec![0.0; self.topics], next: vec![0.0; self.topics] };
        let mut document: Vec<(usize, f64)> = Vec::new();
        let dense;
        let words = if let Data::Sparse(csr) = &table.data {
            Words::Sparse(csr)
        } else {
            dense = table.to_f64()?;
            Words::Dense(&dense, self.words)
        };
        for (row, out) in out.chunks_exact_mut(self.topics).enumerate() {
            document.clear();
            words.of(row, &mut document);
            if let Some(&(column, _)) = document.iter().find(|(_, count)| *count < 0.0) {
                let reason = format!("is negative, which `{class}` does not take");
                return Err(Error::value(row, column, reason));
            }
            self.of(&document, &mut scratch, out);
        }
        Ok(check::answered(out, rows, self.topics, false))
    }
}

/// Where the counts of a document are.
enum Words<'t> {
    Sparse(&'t Csr),
    Dense(&'t [f64], usize),
}

impl Words<'_> {
    fn of(&self, row: usize, document: &mut Vec<(usize, f64)>) {
        match *self {
            Self::Sparse(csr) => {
                let (words, counts) = csr.row(row);
                document.extend(words.iter().map(|&w| w as usize).zip(counts.iter().copied()));
            }
            Self::Dense(values, width) => {
                let counts = values.get(row * width..(row + 1) * width).unwrap_or_default();
                document.extend(counts.iter().copied().enumerate().filter(|(_, v)| *v != 0.0));
            }
        }
    }
}

/// The digamma function of a positive number, as exact as algorithm AS 103 (Bernardo 1976) is.
fn psi(x: f64) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    if x <= 1e-6 {
        return -EULER - 1.0 / x;
    }
    let (mut x, mut result) = (x, 0.0);
    while x < 6.0 {
        result -= 1.0 / x;
        x += 1.0;
    }
    let r = 1.0 / x;
    result += x.ln() - 0.5 * r;
    let r = r * r;
    result - r * ((1.0 / 12.0) - r * ((1.0 / 120.0) - r * (1.0 / 252.0)))
}

#[cfg(test)]
mod tests {
    use super::psi;

    #[test]
    fn digamma_at_one_is_minus_eulers_constant() {
        assert!((psi(1.0) + 0.577_215_664_9).abs() < 1e-8);
        assert!((psi(10.0) - 2.251_752_589_066_721).abs() < 1e-9);
        assert!(psi(1e-7) < -1e6);
    }
}
