use super::{kernel::Kernel, leaf::Training, object, rows};
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    sklearn::weighted::Weighted,
};

/// `GaussianProcessRegressor`: the mean of the process.
#[derive(Debug)]
pub(crate) struct GaussianProcessRegressor {
    class: String,
    inputs: Inputs,
    columns: usize,
    kernel: Kernel,
    /// For each target, its weight of each row of training.
    weights: Weighted,
    /// For each target, what its mean was divided by, and what is added.
    units: Vec<(f64, f64)>,
    /// The answer has two dimensions.
    matrix: bool,
}

/// The rows of training.
pub(super) fn training(c: Cursor<'_>, columns: usize) -> Result<attributes::Grid, Error> {
    let grid = attributes::grid(c, "X_train_")?;
    match grid.shape[..] {
        [count, width] if width > 0 && count > 0 && count * width == grid.values.len() => {
            attributes::counted(c, "X_train_", width, columns.max(1))?;
            Ok(grid)
        }
        _ => Err(Error::attribute(c.class_name(), "X_train_", "is no matrix of rows")),
    }
}

/// Whether numpy keeps floats when it divides them by one double: before numpy 2, which came in the
/// time of scikit-learn 1.5.
pub(super) fn narrow(c: Cursor<'_>) -> bool {
    attributes::is_numpy_1(c, (1, 5))
}

impl GaussianProcessRegressor {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let width = attributes::grid(c, "X_train_")?.shape.get(1).copied().unwrap_or(0);
        let inputs = attributes::inputs(c, Some(width));
        let columns = inputs.columns.unwrap_or(width);
        let rows = training(c, columns)?;
        let narrow = narrow(c);
        let known = Training { rows: &rows.values, columns, f32: rows.yields_f32, narrow };
        let kernel = Kernel::read(object(c, "kernel_")?, known).map_err(|it| it.at("kernel_"))?;
        let count = kernel.count();
        let alpha = attributes::grid(c, "alpha_")?;
        let targets = match alpha.shape[..] {
            [_] => 1,
            [_, targets] if targets > 0 => targets,
            _ => return Err(Error::attribute(c.class_name(), "alpha_", "has no targets")),
        };
        attributes::counted(c, "alpha_", alpha.values.len(), count * targets)?;
        let weight = |target: usize, row: usize| alpha.values.get(row * targets + target).copied();
        let each = |name: &str| -> Result<Vec<f64>, Error> {
            let found = attributes::numbers(c, name)?;
            match found[..] {
                [one] => Ok(vec![one; targets]),
                _ => attributes::counted(c, name, found.len(), targets).map(|()| found),
            }
        };
        let units = each("_y_train_std")?.into_iter().zip(each("_y_train_mean")?).collect();
        // from 1.1 on one column is no matrix
        let recent = version(c).is_some_and(|version| version >= (1, 1));
        Ok(Self {
            class: c.class_name().to_owned(),
            inputs,
            columns,
            weights: Weighted::new(targets, count, weight),
            units,
            matrix: alpha.shape.len() == 2 && (targets > 1 || !recent),
            kernel,
        })
    }
}

impl Predictor for GaussianProcessRegressor {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let (rows, f32) = rows(input, self.columns, &self.class)?;
        let targets = self.weights.lists();
        let (whole, cost) = (self.weights.blocks(), targets * self.kernel.count() / 8);
        let values = self.kernel.answers(&rows, f32, (targets, cost), |_, kernels, out| {
            self.weights.sums(kernels, std::slice::from_ref(&whole), out);
            for out in out.chunks_exact_mut(targets) {
                for (value, (unit, mean)) in out.iter_mut().zip(&self.units) {
                    *value = unit * *value + mean;
                }
            }
        });
        let data = OutputData::F64(values);
        Ok(if self.matrix { Output::matrix(input.rows, targets, data) } else { Output::flat(data) })
    }
}
