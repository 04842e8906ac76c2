//! `/graphql`: the queries of MLflow's web page, by the schema of MLflow 3.17. All that a query asks of the
//! store is answered by the operations of the REST API inside of one transaction. Errors are texts in a list,
//! as MLflow tells them.

mod arguments;
mod bounds;
mod document;
mod parse;
mod plan;
mod project;
mod resolve;
mod schema;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use hyper::{Response, StatusCode};
use longshore_mlflow::rest::{ErrorCode, Method, parse_request};
use serde_json::{Map, Value, json};

pub(crate) use self::bounds::Bounds;
use self::{
    plan::{Asked, Plan, plan},
    resolve::refusal,
    schema::Asks,
};
use crate::{
    Error, artifacts,
    asked::Asked as Request,
    clock::now,
    operate,
    operation::{Access, Context},
    query::pairs,
    reply::{self, Reply},
    routes::Route,
    state::State,
};

/// The route of queries.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route {
        methods: &[Method::Post, Method::Get],
        access: Access::Read,
        path: "/graphql",
        answer: |state, request| Box::pin(respond(state, request)),
    }]
}

async fn respond(state: Arc<State>, request: Request) -> Result<Response<Reply>, Error> {
    let Request { head, body, caller, .. } = request;
    let fields = if head.method == Method::Get.name() {
        of_query(head.uri.query().unwrap_or_default())?
    } else {
        of_body(&operate::whole(&head, body, state.body).await?)?
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let query = text("query").ok_or_else(|| {
        Error::refused(ErrorCode::BadRequest, "the request holds no `query`: a text is needed")
    })?;
    let none = Map::new();
    let variables = fields.get("variables").and_then(Value::as_object).unwrap_or(&none);
    let Plan { name, names, asked } =
        match plan(query, text("operationName"), variables, state.settings.graphql) {
            Ok(plan) => plan,
            Err(words) => return Ok(told(&Value::Null, &[words])),
        };
    let asked = Arc::new(asked);
    let (shared, all, who) = (state.clone(), asked.clone(), caller.clone());
    let work = move |on: &mut dyn crate::store::Connection| {
        let context =
            Context { caller: &who, settings: &shared.settings, now: now(), namesake: None };
        all.iter().map(|one| resolve::answer(one, on, &context)).collect::<Result<Vec<_>, _>>()
    };
    let answers = state.store.read(work).await?;
    let mut data: Map<String, Value> = names.into_iter().map(|key| (key, name.into())).collect();
    let mut errors = Vec::new();
    for (one, answer) in asked.iter().zip(answers) {
        let answer = match answer {
            Some(answer) => answer,
            None => files(&state, &caller, one).await?,
        };
        let value = match answer {
            Ok(message) => project::object(one.answer, Some(&message), &one.fields),
            Err(words) => {
                errors.push(words);
                Value::Null
            }
        };
        data.insert(one.key.clone(), value);
    }
    Ok(told(&Value::Object(data), &errors))
}

/// The files of a run, which are in no store.
async fn files(
    state: &Arc<State>,
    caller: &crate::Caller,
    asked: &Asked,
) -> Result<Result<Value, String>, Error> {
    debug_assert_eq!(asked.asks, Asks::Artifacts);
    let input = Value::Object(asked.input.clone()).to_string();
    let listed = async {
        let request = parse_request(input.as_bytes(), &[])?;
        resolve::json(&artifacts::files_of_run(state, caller.clone(), request).await?)
    };
    match listed.await {
        Ok(message) => Ok(Ok(message)),
        Err(error) => refusal(error).map(Err),
    }
}

fn of_body(body: &[u8]) -> Result<Map<String, Value>, Error> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Error::refused(
            ErrorCode::BadRequest,
            "the body is no object with a `query`; a list of queries is not answered",
        )),
        Err(error) => {
            Err(Error::refused(ErrorCode::BadRequest, format!("the body is not JSON: {error}")))
        }
    }
}

fn of_query(query: &str) -> Result<Map<String, Value>, Error> {
    let mut fields = Map::new();
    for (name, text) in pairs(query)? {
        let value = match name.as_str() {
            "variables" => Value::Object(of_body(text.as_bytes())?),
            _ => text.into(),
        };
        fields.insert(name, value);
    }
    Ok(fields)
}

fn told(data: &Value, errors: &[String]) -> Response<Reply> {
    let errors = if errors.is_empty() { Value::Null } else { errors.into() };
    let text = json!({ "data": data, "errors": errors }).to_string();
    reply::whole(StatusCode::OK, "application/json", text)
}
