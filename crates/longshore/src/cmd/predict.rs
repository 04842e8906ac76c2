//! `longshore predict`: the server's own `/invocations`, without a socket, for input of any length.

mod answers;
mod blocks;
mod csv;
mod input;
mod lines;

use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use hyper::{Request, header};
use longshore_serve::{Config, Limits, Server};
use serde_json::Value;

pub(super) use self::blocks::retold;
use self::{answers::Answers, blocks::Block, input::Input};
use crate::{cli::PredictArgs, models, storage};

/// Prints `{"predictions": …}`, each block of rows as soon as it is answered.
pub(crate) fn run(args: &PredictArgs) -> Result<()> {
    let input = Input::open(&args.input)?;
    let method = args.method.as_deref().map(models::method).transpose()?;
    let (model, _kept) = storage::bring(models::Named::parse(&args.model)?, &args.storage)?;
    let server = Server::offline(Config {
        models: vec![model.serve(method)],
        model_limits: models::limits(args.reading),
        // blocks are bounded where they are made, and nobody else asks
        limits: Limits {
            body_bytes: usize::MAX,
            buffered_bytes: usize::MAX,
            rows: usize::MAX,
            request_timeout: Duration::MAX,
            ..Limits::default()
        },
        ..Config::default()
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let name = input.name().to_owned();
    let mut blocks = input.blocks(args.max_body_bytes)?;
    let mut answers = Answers::new(std::io::stdout().lock());
    while let Some(block) = blocks.next()? {
        let first = block.first;
        let reply = runtime.block_on(server.handle(request(block)?));
        if !reply.status().is_success() {
            let message = message(&String::from_utf8_lossy(reply.body()));
            bail!("`{name}`: {}", retold(&message, first));
        }
        if !answers.write(reply.body())? {
            return Ok(());
        }
    }
    answers.finish()
}

fn request(block: Block) -> Result<Request<Bytes>> {
    let builder = Request::post("/invocations").header(header::CONTENT_TYPE, block.content_type);
    Ok(builder.body(Bytes::from(block.body))?)
}

fn message(reply: &str) -> String {
    let parsed = serde_json::from_str::<Value>(reply).ok();
    let text = parsed.as_ref().and_then(|value| value["message"].as_str());
    text.unwrap_or(reply).to_owned()
}
