use crate::{Cell, ColumnPlace, Error, Inputs, Labels, Method, Output, Predictor, Table};

/// A whole model. Its parts know columns by position only, so this puts names into their errors. The classes are those
/// of its file.
#[derive(Debug)]
pub(crate) struct Named(Box<dyn Predictor>, Option<Labels>);

impl Named {
    pub(crate) fn new(model: Box<dyn Predictor>, classes: Option<Labels>) -> Self {
        Self(model, classes)
    }

    /// The name of the model's column `at`, or its position when there is none.
    fn place(&self, input: &Table, at: usize) -> ColumnPlace {
        let inputs = self.0.inputs();
        if inputs.documents {
            return ColumnPlace::Only;
        }
        // a model of dicts has the columns in the order of the request
        let known = inputs.names.as_ref().filter(|_| !inputs.dicts);
        let known = known.and_then(|names| names.get(at));
        let sent = input.names.as_ref().and_then(|names| names.get(at));
        let name = match (known, sent) {
            // sent in another order: the position is the model's
            (Some(known), _) if input.names.iter().any(|names| names.contains(known)) => known,
            // sent under the caller's own name for it
            (_, Some(sent)) => sent,
            (Some(known), None) => known,
            (None, None) => return ColumnPlace::At(at),
        };
        ColumnPlace::Named(name.clone())
    }
}

impl Predictor for Named {
    fn inputs(&self) -> Inputs {
        self.0.inputs()
    }

    fn methods(&self) -> &[Method] {
        self.0.methods()
    }

    fn transformed(&self, columns: usize) -> Option<usize> {
        self.0.transformed(columns)
    }

    fn categories(&self, column: usize) -> Option<Vec<Cell>> {
        self.0.categories(column)
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.0.typical(column)
    }

    fn classes(&self) -> Option<&Labels> {
        self.1.as_ref().or_else(|| self.0.classes())
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.0.facts()
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let answer = self.0.compute(method, input);
        answer.map_err(|error| error.map_column(|at| self.place(input, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::Named;
    use crate::{Data, Error, Inputs, Matrix, Method, Output, Predictor, Table};

    /// A model that refuses the second column of the fourth row.
    #[derive(Debug)]
    struct Refuses(Inputs);

    impl Predictor for Refuses {
        fn inputs(&self) -> Inputs {
            self.0.clone()
        }
        fn methods(&self) -> &[Method] {
            &[Method::Predict]
        }
        fn compute(&self, _: Method, _: &Table) -> Result<Output, Error> {
            Err(Error::value(3, 1, "is wrong"))
        }
    }

    fn message(known: Option<[&str; 2]>, sent: Option<[&str; 2]>) -> String {
        let names = |names: [&str; 2]| names.iter().map(|&name| name.into()).collect();
        let inputs = Inputs { names: known.map(names), ..Inputs::default() };
        let data = Data::F64(Matrix { columns: 2, values: vec![0.0; 2] });
        let table = Table { rows: 1, names: sent.map(names), data };
        let model = Named::new(Box::new(Refuses(inputs)), None);
        model.run(Method::Predict, &table).unwrap_err().to_string()
    }

    #[test]
    fn a_column_is_called_what_the_caller_calls_it() {
        assert_eq!(message(None, None), "row 3, column 1 is wrong");
        assert_eq!(message(Some(["a", "b"]), None), "row 3, column `b` is wrong");
        assert_eq!(message(None, Some(["x", "y"])), "row 3, column `y` is wrong");
        assert_eq!(
            message(Some(["a", "b_(cm)"]), Some(["a", "b (cm)"])),
            "row 3, column `b (cm)` is wrong"
        );
    }

    #[test]
    fn columns_in_another_order_keep_the_model_s_positions() {
        assert_eq!(message(Some(["a", "b"]), Some(["b", "a"])), "row 3, column `b` is wrong");
    }
}
