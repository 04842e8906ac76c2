use longshore_engine::Method;

use crate::{contract::Contract, failure::Failure};

/// What KServe's servers call the only output that they have.
pub(in crate::protocol) const FIRST: &str = "output-0";

/// Adds the output that is asked for by its name: a method of the model. True when the name is
/// [`FIRST`], which stands for the method that answers when a request names none.
pub(in crate::protocol) fn add(
    name: &str,
    contract: &Contract,
    methods: &mut Vec<Method>,
) -> Result<bool, Failure> {
    let is_first = name == FIRST;
    let method = if is_first { Some(contract.default) } else { contract.find(name) };
    let method = method.ok_or_else(|| {
        let known = contract.known();
        Failure::invalid(format!("there is no output `{name}`; the model has {known}"))
    })?;
    if methods.contains(&method) {
        return Err(Failure::invalid(format!("the output `{name}` is asked for twice")));
    }
    methods.push(method);
    Ok(is_first)
}
