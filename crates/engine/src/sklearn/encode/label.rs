use super::categories::{self, Categories};
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, read::Cursor, sklearn::fields,
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

const ONE_COLUMN: Inputs = Inputs { columns: Some(1), names: None, documents: false, uses: None };

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
        if fields::text(c, "y_type_").is_some_and(|kind| kind.starts_with("multilabel")) {
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
}

fn only_transform(method: Method) -> Result<(), Error> {
    if method == Method::Transform {
        return Ok(());
    }
    Err(Error::NoSuchMethod { asked: method.to_string(), available: vec![Method::Transform] })
}

fn one_column(input: &Table) -> Result<(), Error> {
    if input.columns() == 1 {
        return Ok(());
    }
    Err(Error::input(format!("one label a row is expected, not {}", input.columns())))
}

impl Predictor for LabelEncoder {
    fn inputs(&self) -> Inputs {
        ONE_COLUMN
    }

    fn methods(&self) -> &[Method] {
        &[Method::Transform]
    }

    fn run(&self, method: Method, input: &Table) -> Result<Output, Error> {
        only_transform(method)?;
        one_column(input)?;
        let code = |row| match self.classes.find(categories::value(&input.data, row, 0)) {
            Some(code) => Ok(code as i64),
            None => Err(categories::unknown("LabelEncoder", &ONE_COLUMN, input, row, 0)),
        };
        let codes = (0..input.rows).map(code).collect::<Result<_, _>>()?;
        Ok(Output::flat(OutputData::I64(codes)))
    }
}

impl Predictor for LabelBinarizer {
    fn inputs(&self) -> Inputs {
        ONE_COLUMN
    }

    fn methods(&self) -> &[Method] {
        &[Method::Transform]
    }

    fn run(&self, method: Method, input: &Table) -> Result<Output, Error> {
        only_transform(method)?;
        one_column(input)?;
        // two classes share one column, which is positive for the second
        let (columns, first) =
            if self.classes.len() <= 2 { (1, 1) } else { (self.classes.len(), 0) };
        let mut values = vec![self.negative; input.rows * columns];
        for (row, out) in values.chunks_exact_mut(columns.max(1)).enumerate() {
            // an unknown label is no class at all
            let found = self.classes.find(categories::value(&input.data, row, 0));
            let place = found.and_then(|code| code.checked_sub(first));
            if let Some(cell) = place.and_then(|place| out.get_mut(place)) {
                *cell = self.positive;
            }
        }
        Ok(Output::matrix(input.rows, columns, OutputData::I64(values)))
    }
}
