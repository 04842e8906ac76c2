use std::{fmt, sync::Arc};

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where settings that other tools share with us come from: the environment's variables.
///
/// A value, so that a test or an embedder can give its own.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

impl Environment {
    /// The process's own variables.
    pub fn process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// Variables given by a function.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// The value of a variable, without white space around it; `None` when nothing else is in it.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Whether a variable says yes: `true`, `1`, `yes` or `on`.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| {
            ["true", "1", "yes", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
        })
    }
}

/// Shows no values: they can be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
