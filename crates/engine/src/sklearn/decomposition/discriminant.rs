use super::Projection;
use crate::{
    Error, Inputs, Method, Output, Predictor, Table, estimator::Transform, read::Cursor,
    sklearn::linear::LinearClassifier,
};

/// `LinearDiscriminantAnalysis`: a linear classifier that also projects rows, unless its solver found
/// no projection.
#[derive(Debug)]
pub(crate) struct Discriminant {
    classifier: LinearClassifier,
    projection: Option<Projection>,
    methods: Vec<Method>,
}

impl Discriminant {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let classifier = LinearClassifier::discriminant(c)?;
        let projection = Projection::discriminants(c)?;
        let mut methods = classifier.methods().to_vec();
        methods.extend(projection.as_ref().map(|_| Method::Transform));
        Ok(Self { classifier, projection, methods })
    }
}

impl Predictor for Discriminant {
    fn inputs(&self) -> Inputs {
        self.classifier.inputs()
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn transformed(&self, columns: usize) -> Option<usize> {
        self.projection.as_ref().map(|projection| projection.outputs(columns))
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        match &self.projection {
            Some(projection) if method == Method::Transform => {
                Output::from_table(projection.transform_ref(input)?)
            }
            _ => self.classifier.compute(method, input),
        }
    }
}
