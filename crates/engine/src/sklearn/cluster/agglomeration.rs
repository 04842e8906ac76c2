use crate::{
    Data, Error, Inputs, Matrix, Table, attributes,
    estimator::Transform,
    read::{Cursor, Kind},
    sklearn::{
        check::{self, Allow},
        refuse,
    },
};

/// How the columns of a cluster become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pooling {
    Mean,
    Median,
    Sum,
    Least,
    Most,
}

/// `FeatureAgglomeration`: clusters of columns, each pooled to one.
#[derive(Debug)]
pub(crate) struct FeatureAgglomeration {
    inputs: Inputs,
    pooling: Pooling,
    /// The columns of each cluster.
    clusters: Vec<Vec<usize>>,
}

impl FeatureAgglomeration {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let labels = attributes::numbers(c, "labels_")?;
        let mut inputs = attributes::inputs(c, Some(labels.len()));
        attributes::counted(c, "labels_", labels.len(), inputs.columns.unwrap_or(labels.len()))?;
        inputs.columns = Some(labels.len());
        let value = c.require("pooling_func")?;
        let pooling = match value.kind() {
            Kind::Global(module, name) if module.starts_with("numpy") => match name {
                "mean" => Some(Pooling::Mean),
                "median" => Some(Pooling::Median),
                "sum" => Some(Pooling::Sum),
                "amin" | "min" => Some(Pooling::Least),
                "amax" | "max" => Some(Pooling::Most),
                _ => None,
            },
            _ => None,
        };
        let pooling =
            pooling.ok_or_else(|| refuse::function(c.class_name(), "pooling_func", value))?;
        let mut clusters = vec![Vec::new(); labels.len()];
        for (column, &label) in labels.iter().enumerate() {
            let cluster = if label >= 0.0 { clusters.get_mut(label as usize) } else { None };
            cluster
                .ok_or_else(|| {
                    Error::attribute(c.class_name(), "labels_", "has a cluster beyond its columns")
                })?
                .push(column);
        }
        while clusters.last().is_some_and(Vec::is_empty) {
            clusters.pop();
        }
        if clusters.iter().any(Vec::is_empty) {
            return Err(Error::attribute(c.class_name(), "labels_", "lacks a cluster"));
        }
        Ok(Self { inputs, pooling, clusters })
    }

    /// Sums go column by column, since that is how numpy lays chosen columns out. It adds those of one
    /// row alone in another order, which may give other last bits; here a row's answer is the same.
    fn pooled(&self, values: &mut [f64], is_f32: bool) -> f64 {
        match self.pooling {
            Pooling::Mean => values.iter().sum::<f64>() / values.len() as f64,
            Pooling::Sum if is_f32 => values.iter().map(|&v| v as f32).sum::<f32>().into(),
            Pooling::Sum => values.iter().sum(),
            Pooling::Least => values.iter().copied().fold(f64::INFINITY, f64::min),
            Pooling::Most => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Pooling::Median => {
                values.sort_unstable_by(f64::total_cmp);
                let middle = values.len() / 2;
                let at = |place: usize| values.get(place).copied().unwrap_or_default();
                if values.len() % 2 == 1 {
                    at(middle)
                } else {
                    f64::midpoint(at(middle - 1), at(middle))
                }
            }
        }
    }
}

impl Transform for FeatureAgglomeration {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.clusters.len()
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        match self.clusters.get(output).map(Vec::as_slice) {
            Some(&[only]) => Some(only),
            _ => None,
        }
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let table =
            check::numeric(input, self.inputs.columns, Allow::Finite, "FeatureAgglomeration")?;
        let (rows, is_f32) = match table.data {
            Data::F64(m) => (m, false),
            Data::F32(m) => {
                let values = m.values.into_iter().map(f64::from).collect();
                (Matrix { columns: m.columns, values }, true)
            }
            _ => {
                return Err(Error::input(
                    "the rows are sparse, and `FeatureAgglomeration` takes dense ones",
                ));
            }
        };
        let mut values = Vec::with_capacity(table.rows * self.clusters.len());
        let mut own = Vec::new();
        for row in rows.values.chunks_exact(rows.columns.max(1)) {
            for cluster in &self.clusters {
                own.clear();
                own.extend(cluster.iter().filter_map(|&column| row.get(column).copied()));
                values.push(self.pooled(&mut own, is_f32));
            }
        }
        let columns = self.clusters.len();
        // counting by weights makes doubles of floats
        let data = if is_f32 && self.pooling != Pooling::Mean {
            Data::F32(Matrix { columns, values: values.into_iter().map(|v| v as f32).collect() })
        } else {
            Data::F64(Matrix { columns, values })
        };
        Ok(Table { rows: table.rows, names: None, data })
    }
}
