//! `longshore predict`: the server's own `/invocations`, without a socket.

use std::{
    fs,
    io::{Read, stdin},
    path::Path,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use hyper::{Request, header};
use longshore_serve::{Config, Server};
use serde_json::Value;

use crate::{cli::PredictArgs, models, storage};

/// Prints `{"predictions": …}`.
pub(crate) fn run(args: &PredictArgs) -> Result<()> {
    let body = read(&args.input)?;
    let content_type = if is_json(&body) { "application/json" } else { "text/csv" };
    let method = args.method.as_deref().map(models::method).transpose()?;
    let (model, _kept) = storage::bring(models::Named::parse(&args.model)?, &args.storage)?;
    let server = Server::offline(Config {
        models: vec![model.serve(method)],
        model_limits: models::limits(args.reading),
        ..Config::default()
    })?;
    let request = Request::post("/invocations")
        .header(header::CONTENT_TYPE, content_type)
        .body(Bytes::from(body))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reply = runtime.block_on(server.handle(request));
    let text = String::from_utf8_lossy(reply.body());
    if !reply.status().is_success() {
        bail!("{}", message(&text));
    }
    super::print(&text);
    Ok(())
}

fn read(input: &Path) -> Result<Vec<u8>> {
    if input == Path::new("-") {
        let mut body = Vec::new();
        stdin().read_to_end(&mut body).context("failed to read standard input")?;
        return Ok(body);
    }
    fs::read(input).with_context(|| format!("failed to read `{}`", input.display()))
}

/// JSON starts with a brace or a bracket, which no header of a CSV file does.
fn is_json(body: &[u8]) -> bool {
    body.trim_ascii_start().first().is_some_and(|first| b"{[".contains(first))
}

fn message(reply: &str) -> String {
    let parsed = serde_json::from_str::<Value>(reply).ok();
    let text = parsed.as_ref().and_then(|value| value["message"].as_str());
    text.unwrap_or(reply).to_owned()
}
