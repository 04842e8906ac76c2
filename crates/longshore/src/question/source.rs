//! Where a question comes from: a file, a bundled example, or what the server says of its model.

use std::fs;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use longshore_kserve::{v1, v2};

use super::Question;
use crate::{
    cli::QuestionArgs,
    client::{self, Reply, Target},
    examples,
};

/// A request body that was given, if one was.
pub(crate) fn given(args: &QuestionArgs) -> Result<Option<Bytes>> {
    if let Some(file) = &args.body {
        let body =
            fs::read(file).with_context(|| format!("failed to read `{}`", file.display()))?;
        return Ok(Some(body.into()));
    }
    let Some(name) = &args.example else { return Ok(None) };
    let bare = name.strip_prefix(examples::SCHEME).unwrap_or(name);
    let example = examples::find(&format!("{}{bare}", examples::SCHEME))?;
    Ok(Some(Bytes::from_static(example.request)))
}

impl Question {
    /// From the given rows, else made up.
    pub(crate) fn about(inputs: &[v2::TensorInfo], given: Option<&Bytes>) -> Result<Self> {
        match given {
            Some(body) => Self::from_instances(body, inputs),
            None => Self::made_up(inputs),
        }
    }
}

/// The models that a server says it has, by V1's list or V2's repository index.
pub(crate) async fn models(target: &Target) -> Result<Vec<String>> {
    let reply = get(target, "/v1/models").await?;
    if let Ok(list) = serde_json::from_slice::<v1::Models>(&reply.body) {
        return Ok(list.models);
    }
    match index(target).await {
        Ok(entries) => Ok(entries.into_iter().map(|entry| entry.name).collect()),
        Err(_) => bail!("`{}` does not tell its models: name one with `--model`", target.url("")),
    }
}

/// The models of a server with their states, by V2's repository index.
pub(crate) async fn index(target: &Target) -> Result<Vec<v2::IndexEntry>> {
    let path = "/v2/repository/index";
    let body = Some(Bytes::from_static(b"{}"));
    let reply = client::ask(target, client::request(target, path, body)?).await?;
    if !reply.status.is_success() {
        bail!("`{}` answered {}", target.url(path), reply.status);
    }
    serde_json::from_slice(&reply.body)
        .with_context(|| format!("`{}` did not answer an index of models", target.url(path)))
}

/// What the server says of a model.
pub(crate) async fn metadata(target: &Target, model: &str) -> Result<v2::Model> {
    let path = format!("/v2/models/{model}");
    let reply = get(target, &path).await?;
    if !reply.status.is_success() {
        bail!("`{}` answered {}", target.url(&path), reply.status);
    }
    serde_json::from_slice(&reply.body)
        .with_context(|| format!("`{}` did not answer a model's metadata", target.url(&path)))
}

async fn get(target: &Target, path: &str) -> Result<Reply> {
    Ok(client::ask(target, client::request(target, path, None)?).await?)
}
