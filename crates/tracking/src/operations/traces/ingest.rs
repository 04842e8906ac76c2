//! Spans that programs send by OpenTelemetry's protocol: `POST /v1/traces`.

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::{
    Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName},
    http::request::Parts,
};
use longshore_mlflow::rest::Method;
use serde_json::json;

use super::{link, spans};
use crate::{
    Error,
    allow::allow_at,
    clock::now,
    operation::{Access, Context, Level, Need, Object, Touched},
    otlp::{self, Any, Broken, Span, Wrong},
    reply::{self, Reply},
    routes::{Asked, Route},
    state::State,
};

/// The header that names the experiment of traces that are new.
const EXPERIMENT: HeaderName = HeaderName::from_static("x-mlflow-experiment-id");

/// The header that names a run that the traces are of.
const RUN: HeaderName = HeaderName::from_static("x-mlflow-run-id");

/// Programs whose name is kept at the root of their traces.
const KNOWN_PROGRAMS: [&str; 5] =
    ["claude-code", "codex_cli_rs", "codex_vscode", "gemini-cli", "qwen-code"];

/// The attribute of a program's name.
const PROGRAM: &str = "service.name";

/// Where spans are sent.
pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        methods: &[Method::Post],
        access: Access::Write,
        path: "/v1/traces",
        answer: |state, asked| Box::pin(ingest(state, asked)),
    }]
}

/// The form of a body.
#[derive(Clone, Copy)]
enum Form {
    Protobuf,
    Json,
}

async fn ingest(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let Some(experiment) = header(&asked.head, &EXPERIMENT) else {
        return Ok(refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!([{
                "type": "missing", "loc": ["header", EXPERIMENT.as_str()], "msg": "Field required",
                "input": null,
            }]),
        ));
    };
    allow_at(&asked.caller, &Need::of(Level::Edit, Object::Experiment(experiment)))?;
    let experiment = experiment.to_owned();
    let run = header(&asked.head, &RUN).filter(|it| !it.is_empty()).map(ToOwned::to_owned);
    let named = header(&asked.head, &CONTENT_TYPE).unwrap_or_default();
    let form = match named.split(';').next().unwrap_or_default().trim() {
        "application/x-protobuf" => Form::Protobuf,
        "application/json" => Form::Json,
        _ => {
            return Ok(bad(&format!(
                "Invalid Content-Type: {named}. Expected: application/x-protobuf or application/json"
            )));
        }
    };
    let encoding = header(&asked.head, &CONTENT_ENCODING).unwrap_or_default().to_lowercase();
    let limit = state.body;
    let Ok(body) = Limited::new(asked.body, limit).collect().await else {
        return Ok(too_large(limit));
    };
    let body = body.to_bytes();
    let read = move || read(&body, form, &encoding, limit);
    let spans = match tokio::task::spawn_blocking(read).await {
        Ok(Ok(spans)) => spans,
        Ok(Err(response)) => return Ok(*response),
        Err(_) => return Err(Error::Unavailable),
    };
    if !spans.is_empty() {
        let (shared, caller) = (state.clone(), asked.caller);
        let work = move |on: &mut dyn crate::store::Connection| {
            let context =
                Context { caller: &caller, settings: &shared.settings, now: now(), namesake: None };
            let roots = spans::keep(on, &context, &experiment, &spans)?;
            match &run {
                Some(run) => link::link_known(on, &context, &roots, run),
                None => Ok(()),
            }
        };
        // a trace that is linked to a run is no part of what is told of it
        state.store.write_what(Touched::NoRun, work).await?;
    }
    Ok(reply::whole(StatusCode::OK, "application/x-protobuf", ""))
}

/// The spans of a body, in MLflow's words.
fn read(
    body: &[u8],
    form: Form,
    encoding: &str,
    limit: usize,
) -> Result<Vec<Span>, Box<Response<Reply>>> {
    let unpacked = match encoding {
        "" => None,
        encoding => Some(match otlp::decoded(body, encoding, limit) {
            Some(Ok(body)) => body,
            Some(Err(Broken::Size)) => return Err(Box::new(too_large(limit))),
            Some(Err(Broken::Packing)) => {
                return Err(Box::new(bad(&format!("Failed to decompress {encoding} payload"))));
            }
            None => {
                return Err(Box::new(bad(&format!("Unsupported Content-Encoding: {encoding}"))));
            }
        }),
    };
    let body = unpacked.as_deref().unwrap_or(body);
    let spans = match form {
        Form::Protobuf => otlp::of_protobuf(body),
        Form::Json => otlp::of_json(body),
    };
    let mut spans = spans.map_err(|wrong| {
        Box::new(match wrong {
            Wrong::Nothing => bad("Invalid OpenTelemetry format - no spans found"),
            Wrong::Form => bad("Invalid OpenTelemetry format"),
            Wrong::Span => refusal(
                StatusCode::UNPROCESSABLE_ENTITY,
                &"Cannot convert OpenTelemetry span to MLflow span".into(),
            ),
        })
    })?;
    for span in &mut spans {
        name_program(span);
        otlp::translate(span);
    }
    Ok(spans)
}

/// Keeps the name of a known program at the root of its trace.
fn name_program(span: &mut Span) {
    let named = span.resource.iter().find(|(key, _)| key == PROGRAM);
    let name = named.and_then(|(_, value)| value.text()).map(ToOwned::to_owned);
    let name = name.filter(|it| KNOWN_PROGRAMS.contains(&it.as_str()));
    if let (None, Some(name)) = (span.parent_id(), name) {
        span.attributes.set(PROGRAM, Any::Text(name).dump());
    }
}

fn header<'h>(head: &'h Parts, name: &HeaderName) -> Option<&'h str> {
    head.headers.get(name)?.to_str().ok()
}

fn bad(words: &str) -> Response<Reply> {
    refusal(StatusCode::BAD_REQUEST, &words.into())
}

fn too_large(limit: usize) -> Response<Reply> {
    let words = format!(
        "the spans are larger than {limit} bytes, packed or unpacked; send fewer at a time"
    );
    refusal(StatusCode::PAYLOAD_TOO_LARGE, &words.into())
}

/// A refusal in the form that this address has in MLflow, which is another than everywhere else.
fn refusal(status: StatusCode, detail: &serde_json::Value) -> Response<Reply> {
    reply::whole(status, "application/json", json!({"detail": detail}).to_string())
}
