use longshore_engine::Method;
use longshore_mlflow::{ColumnType, Param};
use serde_json::{Map, Value};

use super::object;
use crate::{contract::Contract, failure::Failure};

/// Reads the parameters of a request: `method` is the method that answers, unless the signature
/// declares a parameter of that name. Others are ignored, as in MLflow; native models use none.
pub(super) fn read(text: &str, contract: &Contract) -> Result<Option<Method>, Failure> {
    let sent = object(text)?;
    check(&sent, &contract.params)?;
    if contract.params.iter().any(|param| param.name == METHOD) {
        return Ok(None);
    }
    match sent.get(METHOD) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => contract.method(name).map(Some),
        Some(_) => Err(Failure::invalid("`method` in `params` is not the name of a method")),
    }
}

const METHOD: &str = "method";

/// Checks parameters against those that the signature declares.
fn check(sent: &Map<String, Value>, declared: &[Param]) -> Result<(), Failure> {
    for param in declared {
        let Some(value) = sent.get(&param.name) else { continue };
        let fits = match (param.list, value) {
            (true, Value::Array(items)) => items.iter().all(|item| fits(param.kind, item)),
            (true, Value::Null) => param.default.is_null(),
            (true, _) => false,
            (false, value) => {
                fits(param.kind, value) || (value.is_null() && param.default.is_null())
            }
        };
        if !fits {
            let list = if param.list { "a list of " } else { "" };
            return Err(Failure::unfit(format!(
                "the parameter `{}` is not {list}`{}`",
                param.name,
                param.kind.name()
            )));
        }
    }
    Ok(())
}

fn fits(kind: ColumnType, value: &Value) -> bool {
    match kind {
        ColumnType::Boolean => value.is_boolean(),
        ColumnType::Integer => value.as_i64().is_some_and(|value| i32::try_from(value).is_ok()),
        ColumnType::Long => value.is_i64(),
        ColumnType::Float | ColumnType::Double => value.is_number(),
        ColumnType::String | ColumnType::Binary | ColumnType::Datetime => value.is_string(),
        ColumnType::Nested => true,
    }
}

#[cfg(test)]
mod tests {
    use longshore_mlflow::Signature;

    use super::*;

    #[test]
    fn declared_parameters_keep_their_type() {
        let declared = r#"[
            {"name":"k","type":"integer","default":3,"shape":null},
            {"name":"t","type":"double","default":0.5},
            {"name":"stop","type":"string","default":["a"],"shape":[-1]}
        ]"#;
        let declared = Signature::parse(None, None, Some(declared)).unwrap().params;
        for good in [r#"{"k":4,"t":1,"stop":["x"],"other":{}}"#, "{}"] {
            assert_eq!(check(&object(good).unwrap(), &declared), Ok(()), "{good}");
        }
        for bad in [
            r#"{"k":4.5}"#,
            r#"{"k":3000000000}"#,
            r#"{"t":"x"}"#,
            r#"{"stop":"x"}"#,
            r#"{"stop":[1]}"#,
        ] {
            assert!(check(&object(bad).unwrap(), &declared).is_err(), "{bad}");
        }
        assert!(object("[1]").is_err());
    }
}
