//! The page that makes users, for administrators who have a browser only.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::{BodyExt, Limited};
use hyper::{
    Response, StatusCode,
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue},
};
use longshore_mlflow::rest::{ErrorCode, Method};

use super::gate::{Gate, may};
use crate::{
    Caller, Error, Users,
    allow::denied,
    operation::Access,
    query::pairs,
    reply::{self, Reply},
    routes::{Asked, Route},
    state::State,
    store::Connection,
    users::people,
};

/// Most bytes of the form.
const FORM: usize = 64 << 10;

/// Where the form goes.
const CREATE: &str = "2.0/mlflow/users/create-ui";

/// The routes of the page.
pub(super) fn routes() -> Vec<Route> {
    let page = Route {
        methods: &[Method::Get],
        access: Access::Read,
        path: "/signup",
        answer: |state, asked| Box::pin(page(state, asked)),
    };
    let create = Route {
        methods: &[Method::Post],
        access: Access::Write,
        path: CREATE,
        answer: |state, asked| Box::pin(create(state, asked)),
    };
    vec![page, create]
}

/// The users, when the caller may make one.
async fn allowed(state: &State, caller: &Caller) -> Result<Users, Error> {
    let users = state.users.clone().ok_or_else(denied)?;
    let who = caller.clone();
    let check = move |on: &mut dyn Connection| may(on, &who, &Gate::Managers);
    if users.store().read(check).await? { Ok(users) } else { Err(denied()) }
}

/// What a form of a caller has to hold: no page of others can know it.
fn token(users: &Users, caller: &Caller) -> String {
    let name = caller.user.as_deref().unwrap_or_default();
    URL_SAFE_NO_PAD.encode(users.secret("signup", name))
}

async fn page(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let users = allowed(&state, &asked.caller).await?;
    let text = include_str!("signup.html")
        .replace("{token}", &token(&users, &asked.caller))
        .replace("{action}", &format!("ajax-api/{CREATE}"));
    Ok(html(text))
}

fn html(text: String) -> Response<Reply> {
    let mut response = reply::whole(StatusCode::OK, "text/html; charset=utf-8", text);
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    );
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

async fn create(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let users = allowed(&state, &asked.caller).await?;
    let refused = |words: &str| Error::refused(ErrorCode::BadRequest, words);
    let kind = asked.head.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let is_form = kind.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        let words = "Invalid content type. Must be application/x-www-form-urlencoded";
        return Err(refused(words));
    }
    let body = Limited::new(asked.body, FORM).collect().await;
    let body = body.map_err(|_| refused("the form cannot be read"))?.to_bytes();
    // what is no form holds no field
    let fields = pairs(&String::from_utf8_lossy(&body)).unwrap_or_default();
    let field =
        |name: &str| fields.iter().find(|(found, _)| found == name).map(|(_, text)| text.clone());
    match field("csrf_token") {
        None => return Err(refused("The CSRF token is missing.")),
        Some(sent) if sent != token(&users, &asked.caller) => {
            return Err(refused("The CSRF token is invalid."));
        }
        Some(_) => {}
    }
    let name = field("username").unwrap_or_default();
    let password = field("password").unwrap_or_default();
    people::check(&name, &password)?;
    let hash = users.hash(password).await?;
    let shown = escaped(&name);
    let add = move |on: &mut dyn Connection| people::add(on, &name, &hash, false).map(drop);
    users.store().write(add).await?;
    Ok(html(format!(
        "<!doctype html><title>Signed up</title><p>Successfully signed up user: {shown}\n"
    )))
}

/// A text that cannot be markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
