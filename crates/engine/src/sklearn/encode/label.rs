use super::{categories::Categories, refuse, value::value};
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes, read::Cursor,
};

/// `LabelEncoder`: the number of each label, one label a row.
#[derive(Debug)]
pub(crate) struct LabelEncoder {
    classes: Categories,
}

/// `LabelBinarizer`: one column a label; one column in all when there are two.
#[derive(Debug)]
pub(crate) struct LabelBinarizer {
    classes: Categories,
    negative: i64,
    positive: i64,
}

fn one_column_of(classes: &Categories) -> Inputs {
    let inputs = Inputs { columns: Some(1), ..Inputs::default() };
    inputs.with_uses(|_| Some(vec![classes.column_use()]))
}

fn classes(c: Cursor<'_>) -> Result<Categories, Error> {
    Categories::read(c.require("classes_")?).ok_or_else(|| {
        Error::attribute(c.class_name(), "classes_", "holds something that is no label")
    })
}

impl LabelEncoder {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        Ok(Self { classes: classes(c)? })
    }
}

impl LabelBinarizer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        if attributes::text(c, "y_type_").is_some_and(|kind| kind.starts_with("multilabel")) {
            return Err(Error::Unsupported {
                what: "`LabelBinarizer` fitted on several labels a row".into(),
                reason: "its input is already binary".into(),
                hint: "leave it out".into(),
            });
        }
        let number = |name, default| c.attr(name).and_then(Cursor::as_i64).unwrap_or(default);
        Ok(Self {
            classes: classes(c)?,
            negative: number("neg_label", 0),
            positive: number("pos_label", 1),
        })
    }

    /// Two classes share one column, which is positive for the second.
    fn columns(&self) -> usize {
        if self.classes.len() <= 2 { 1 } else { self.classes.len() }
    }
}

fn one_column(input: &Table) -> Result<(), Error> {
    if input.columns() == 1 {
        return Ok(());
    }
    Err(Error::input(format!("one label a row is expected, not {}", input.columns())))
}

impl Predictor for LabelEncoder {
    fn inputs(&self) -> Inputs {
        one_column_of(&self.classes)
    }

    fn methods(&self) -> &[Method] {
        &[Method::Transform]
    }

    fn transformed(&self, _columns: usize) -> Option<usize> {
        Some(1)
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        one_column(input)?;
        let class = "LabelEncoder";
        let code = |row| match self.classes.find(value(&input.data, row, 0)) {
            Some(code) => Ok(code as i64),
            None => Err(refuse::kind(class, &self.classes, input, row, 0)
                .unwrap_or_else(|| refuse::unknown(class, input, row, 0))),
        };
        let codes = (0..input.rows).map(code).collect::<Result<_, _>>()?;
        Ok(Output::flat(OutputData::I64(codes)))
    }
}

impl Predictor for LabelBinarizer {
    fn inputs(&self) -> Inputs {
        one_column_of(&self.classes)
    }

    fn methods(&self) -> &[Method] {
        &[Method::Transform]
    }

    fn transformed(&self, _columns: usize) -> Option<usize> {
        Some(self.columns())
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        one_column(input)?;
        let columns = self.columns();
        let first = usize::from(columns == 1);
        let mut values = vec![self.negative; input.rows * columns];
        for (row, out) in values.chunks_exact_mut(columns.max(1)).enumerate() {
            // an unknown label is no class at all, but a missing one is refused
            let class = "LabelBinarizer";
            let label = value(&input.data, row, 0);
            let found = self.classes.find(label);
            if found.is_none() {
                if let Some(refusal) = refuse::kind(class, &self.classes, input, row, 0) {
                    return Err(refusal);
                }
                if label.is_missing() {
                    return Err(Error::value(row, 0, "is missing, where a label is expected"));
                }
            }
            let place = found.and_then(|code| code.checked_sub(first));
            if let Some(cell) = place.and_then(|place| out.get_mut(place)) {
                *cell = self.positive;
            }
        }
        Ok(Output::matrix(input.rows, columns, OutputData::I64(values)))
    }
}
