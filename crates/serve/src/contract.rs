//! What a request may ask of a model, whatever protocol it comes by.

use std::sync::Arc;

use longshore_engine::{Method, OutputData};
use longshore_kserve::v2::Datatype;
use longshore_mlflow::Param;

use crate::{
    failure::Failure,
    names::{near, quoted},
    schema::Schema,
};

/// What one version of a model takes and answers.
#[derive(Debug)]
pub(crate) struct Contract {
    pub(crate) name: Arc<str>,
    pub(crate) version: Arc<str>,
    /// Its columns.
    pub(crate) schema: Schema,
    /// What it can answer.
    pub(crate) methods: Vec<Method>,
    /// The method that answers when a request names none.
    pub(crate) default: Method,
    /// The parameters that a request may carry.
    pub(crate) params: Vec<Param>,
}

impl Contract {
    /// The method of this name.
    pub(crate) fn method(&self, name: &str) -> Result<Method, Failure> {
        self.find(name).ok_or_else(|| {
            let (asked, model, known) = (quoted(name), &self.name, self.known());
            let meant = near(name, self.methods.iter().map(|method| method.name()));
            let meant = meant.map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default();
            Failure::invalid(format!(
                "there is no method {asked}{meant}; the model `{model}` has {known}"
            ))
        })
    }

    /// The method of this name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<Method> {
        name.parse().ok().filter(|method| self.methods.contains(method))
    }

    /// Its methods, for a message.
    pub(crate) fn known(&self) -> String {
        let names: Vec<_> = self.methods.iter().map(|method| format!("`{method}`")).collect();
        names.join(", ")
    }
}

/// The datatype of an answer's values.
pub(crate) fn datatype(data: &OutputData) -> Datatype {
    match data {
        OutputData::F64(_) => Datatype::Fp64,
        OutputData::F32(_) => Datatype::Fp32,
        OutputData::I64(_) => Datatype::Int64,
        OutputData::I32(_) => Datatype::Int32,
        OutputData::Bool(_) => Datatype::Bool,
        OutputData::Text(_) => Datatype::Bytes,
    }
}
