//! Which request goes to which URL.

use anyhow::{Context, Result, bail};
use bytes::Bytes;

use super::load::Shot;
use crate::{
    cli::{BenchArgs, QuestionArgs},
    client::{self, Access, Target},
    question::{Question, source},
};

/// The protocol that a path speaks.
#[derive(Debug, PartialEq, Eq)]
enum Protocol<'a> {
    /// KServe V1, with the model.
    V1(&'a str),
    /// Open Inference Protocol, with the model.
    V2(&'a str),
    /// MLflow's scoring protocol.
    Invocations,
    /// A server without a path: its model is asked by V1.
    Server,
    /// Any other page.
    Page,
}

/// A request for each URL. Models are asked what they take where nothing else says it.
pub(super) async fn shots(args: &BenchArgs) -> Result<Vec<Shot>> {
    let access = Access::of(&args.question)?;
    let given = source::given(&args.question)?;
    let mut shots = Vec::new();
    for url in &args.urls {
        let mut target = Target::parse(url, &access)?;
        let body = body(&mut target, &args.question, given.as_ref())
            .await
            .with_context(|| format!("there is no request for `{url}`"))?;
        let request = client::request(&target, &target.path, body)?;
        shots.push(Shot { target, request });
    }
    Ok(shots)
}

/// The body for a URL; `None` asks for a page. Completes the path of `target`.
async fn body(
    target: &mut Target,
    args: &QuestionArgs,
    given: Option<&Bytes>,
) -> Result<Option<Bytes>> {
    let path = target.path.clone();
    let protocol = protocol(&path);
    // a file is sent as it is; a bundled example is rows, which each protocol writes in its own way
    if args.body.is_some() && protocol != Protocol::Server {
        return Ok(given.cloned());
    }
    let question = async |model: &str| {
        let metadata = source::metadata(target, model).await?;
        Question::about(&metadata.inputs, given)
    };
    match protocol {
        Protocol::Page => Ok(given.cloned()),
        Protocol::V1(model) => Ok(Some(question(model).await?.v1)),
        Protocol::V2(model) => Ok(question(model).await?.v2),
        Protocol::Invocations => {
            let model = match in_query(&path) {
                Some(model) => model.to_owned(),
                None => self::model(target, args).await?,
            };
            let body = question(&model).await?.invocations;
            if !path.contains('?') {
                target.path = format!("{path}?model={model}");
            }
            Ok(Some(body))
        }
        Protocol::Server => {
            let model = self::model(target, args).await?;
            let body = match given {
                Some(body) => body.clone(),
                None => question(&model).await?.v1,
            };
            target.path = format!("/v1/models/{model}:predict");
            Ok(Some(body))
        }
    }
}

/// The model that is named, or the only one.
async fn model(target: &Target, args: &QuestionArgs) -> Result<String> {
    if let Some(name) = &args.model {
        return Ok(name.clone());
    }
    let models = source::models(target).await?;
    match &models[..] {
        [only] => Ok(only.clone()),
        [] => bail!("the server has no model"),
        _ => bail!("the server has several models, name one with `--model`: {}", models.join(", ")),
    }
}

/// The model in `/invocations?model=NAME`.
fn in_query(path: &str) -> Option<&str> {
    path.split_once('?')?.1.split('&').find_map(|pair| pair.strip_prefix("model="))
}

fn protocol(path: &str) -> Protocol<'_> {
    let bare = path.split('?').next().unwrap_or(path);
    let v1 = |path| Some(str::strip_prefix(path, "/v1/models/")?.strip_suffix(":predict"));
    let v2 = |path| Some(str::strip_prefix(path, "/v2/models/")?.strip_suffix("/infer"));
    match bare {
        "/" => Protocol::Server,
        "/invocations" => Protocol::Invocations,
        path => match (v1(path).flatten(), v2(path).flatten()) {
            (Some(model), _) => Protocol::V1(model),
            (_, Some(rest)) => Protocol::V2(rest.split('/').next().unwrap_or(rest)),
            _ => Protocol::Page,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_protocol_and_its_model() {
        for (path, expected) in [
            ("/", Protocol::Server),
            ("/v1/models/a.b:predict", Protocol::V1("a.b")),
            ("/v2/models/a/infer", Protocol::V2("a")),
            ("/v2/models/a/versions/2/infer", Protocol::V2("a")),
            ("/invocations?model=a", Protocol::Invocations),
            ("/v1/models/a", Protocol::Page),
            ("/health/ready", Protocol::Page),
        ] {
            assert_eq!(protocol(path), expected, "{path}");
        }
        assert_eq!(in_query("/invocations?x=1&model=a"), Some("a"));
        assert_eq!(in_query("/invocations?xmodel=a"), None);
    }
}
