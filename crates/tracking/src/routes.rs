//! Which request is which operation.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use hyper::Response;
use longshore_mlflow::rest::{self, Method};

pub(crate) use crate::asked::Asked;
use crate::{
    Error,
    operate::operate,
    operation::{Access, Operation},
    reply::Reply,
    state::State,
};

/// The answer to a request.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Response<Reply>, Error>> + Send>>;

/// What answers a route. It has to check the permission of the caller itself; an [`Operation`] cannot be
/// written without saying which one it needs.
pub(crate) type Answer = fn(Arc<State>, Asked) -> Answering;

/// One address.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    /// The methods it can be asked with.
    pub(crate) methods: &'static [Method],
    /// Whether it changes anything: whoever may only look is refused then.
    pub(crate) access: Access,
    /// Its path, below `/api/` and `/ajax-api/` unless it begins with `/`. A part in braces is a field; one that ends in `*` inside of its braces takes the rest of the path.
    pub(crate) path: &'static str,
    /// What answers it.
    pub(crate) answer: Answer,
}

impl Route {
    /// The route of an operation.
    pub(crate) fn of<O: Operation>() -> Self {
        Self {
            methods: O::METHODS,
            access: O::ACCESS,
            path: O::PATH,
            answer: |state, asked| Box::pin(operate::<O>(state, asked)),
        }
    }
}

/// All addresses.
pub(crate) struct Routes {
    /// Those without fields.
    plain: HashMap<&'static str, Vec<Route>>,
    /// Those with fields.
    patterns: Vec<Route>,
}

/// What a path and a method lead to.
pub(crate) enum Found {
    /// A route, with the fields of its path as they were sent.
    Route(Route, Vec<(&'static str, String)>),
    /// The path exists, for these methods.
    OtherMethod(Vec<&'static str>),
    /// Nothing.
    Nothing,
}

impl Routes {
    /// These, below `/api/` and `/ajax-api/`.
    pub(crate) fn new(all: Vec<Route>) -> Self {
        let mut routes = Self { plain: HashMap::new(), patterns: Vec::new() };
        for route in all {
            if route.path.contains('{') {
                routes.patterns.push(route);
            } else {
                routes.plain.entry(route.path).or_default().push(route);
            }
        }
        routes
    }

    /// Finds the route of a path, as it was sent.
    pub(crate) fn find(&self, path: &str, method: &str) -> Found {
        let below = match below_api(path) {
            Some(below) if below.starts_with('/') => return Found::Nothing,
            below => below.unwrap_or(path),
        };
        let mut methods = Vec::new();
        for route in self.plain.get(below).into_iter().flatten() {
            if route.methods.iter().any(|it| it.name() == method) {
                return Found::Route(*route, Vec::new());
            }
            add(&mut methods, route);
        }
        for route in &self.patterns {
            let Some(fields) = matches(route.path, below) else { continue };
            if route.methods.iter().any(|it| it.name() == method) {
                return Found::Route(*route, fields);
            }
            add(&mut methods, route);
        }
        if methods.is_empty() { Found::Nothing } else { Found::OtherMethod(methods) }
    }
}

/// Adds the methods of a route that are not among these.
fn add(methods: &mut Vec<&'static str>, route: &Route) {
    for method in route.methods.iter().map(|it| it.name()) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
}

/// The path below `/api/` or `/ajax-api/`.
pub(crate) fn below_api(path: &str) -> Option<&str> {
    [rest::API, rest::AJAX_API].iter().find_map(|prefix| path.strip_prefix(prefix))
}

/// The fields of a path that matches a pattern.
fn matches(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut fields = Vec::new();
    let mut rest = Some(path);
    for part in pattern.split('/') {
        let left = rest?;
        let field = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = field.and_then(|name| name.strip_suffix('*')) {
            fields.push((name, left.to_owned()));
            return Some(fields);
        }
        let (segment, next) = left.split_once('/').map_or((left, None), |(a, b)| (a, Some(b)));
        match field {
            Some(_) if segment.is_empty() => return None,
            Some(name) => fields.push((name, segment.to_owned())),
            None if segment != part => return None,
            None => {}
        }
        rest = next;
    }
    rest.is_none().then_some(fields)
}
