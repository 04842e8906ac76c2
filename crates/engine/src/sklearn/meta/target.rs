use super::inverse::Inverse;
use crate::{
    Error, Inputs, Method, Output, Predictor, Table, attributes,
    read::Cursor,
    sklearn::{building::Building, member::Member},
};

/// `TransformedTargetRegressor`: a regressor of a transformed target.
#[derive(Debug)]
pub(crate) struct TransformedTargetRegressor {
    member: Member,
    inverse: Inverse,
    /// The target was one-dimensional.
    flat: bool,
}

impl TransformedTargetRegressor {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let inverse = Inverse::build(c.require("transformer_")?);
        Ok(Self {
            member: Member::build(c.require("regressor_")?, "regressor_", building)?,
            inverse: inverse.map_err(|error| error.at("transformer_"))?,
            flat: attributes::number(c, "_training_dim").is_none_or(|dimensions| dimensions == 1.0),
        })
    }
}

impl Predictor for TransformedTargetRegressor {
    fn inputs(&self) -> Inputs {
        self.member.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let table = self.member.run(method, input)?.into_table()?;
        let table = self.inverse.apply(table).map_err(|error| error.at("transformer_"))?;
        let mut output = Output::from_table(table)?;
        if self.flat && output.columns == Some(1) {
            output.columns = None;
        }
        Ok(output)
    }
}
