use longshore_engine::Method;

use crate::{contract::Contract, failure::Failure};

/// Adds the output that is asked for by its name: a method of the model.
pub(in crate::protocol) fn add(
    name: &str,
    contract: &Contract,
    methods: &mut Vec<Method>,
) -> Result<(), Failure> {
    let method = contract.find(name).ok_or_else(|| {
        let known = contract.known();
        Failure::invalid(format!("there is no output `{name}`; the model has {known}"))
    })?;
    if methods.contains(&method) {
        return Err(Failure::invalid(format!("the output `{name}` is asked for twice")));
    }
    methods.push(method);
    Ok(())
}
