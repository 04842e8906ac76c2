use longshore_engine::Method;

use crate::{failure::Failure, repository::Served};

/// Adds the output that is asked for by its name: a method of the model.
pub(in crate::protocol) fn add(
    name: &str,
    served: &Served,
    methods: &mut Vec<Method>,
) -> Result<(), Failure> {
    let method = name.parse().ok().filter(|method| served.methods().contains(method));
    let method = method.ok_or_else(|| {
        let available: Vec<_> = served.methods().iter().map(|m| format!("`{m}`")).collect();
        Failure::invalid(format!(
            "there is no output `{name}`; the model has {}",
            available.join(", ")
        ))
    })?;
    if methods.contains(&method) {
        return Err(Failure::invalid(format!("the output `{name}` is asked for twice")));
    }
    methods.push(method);
    Ok(())
}
