//! `longshore url`.

use std::io::IsTerminal;

use anyhow::{Result, bail};
use hyper::http;
use longshore_kserve::v2::Model;

use super::{cluster::Cluster, service::Service};
use crate::{cli::UrlArgs, cmd, question::Question};

/// Prints the URL, and how to ask it when that is wanted or a person looks.
pub(super) async fn run(cluster: &Cluster, args: &UrlArgs) -> Result<()> {
    let service = cluster.service(&args.name).await?;
    let Some(url) = service.url() else {
        let why = service.trouble().unwrap_or_else(|| "its status names none".into());
        bail!("`{}` has no URL: {why}", args.name);
    };
    if !args.curl {
        cmd::print(url);
    }
    if args.curl || std::io::stdout().is_terminal() {
        let question = question(cluster, &service).await;
        let (v1, v2) = match &question {
            Some(question) => (text(&question.v1), question.v2.as_ref().map(|body| text(body))),
            None => (V1_ROW.to_owned(), None),
        };
        let v2 = v2.unwrap_or_else(|| V2_ROW.to_owned());
        cmd::print(&command(url, service.name(), service.protocol(), &v1, &v2));
    }
    Ok(())
}

/// A row of four numbers, for models that cannot be asked what they take.
const V1_ROW: &str = r#"{"instances": [[5.1, 3.5, 1.4, 0.2]]}"#;

/// The same for V2.
const V2_ROW: &str = r#"{"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}]}"#;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A command that asks for a prediction.
fn command(url: &str, name: &str, protocol: &str, v1: &str, v2: &str) -> String {
    // a single quote in a single-quoted word of a shell
    let quoted = |body: &str| format!("'{}'", body.replace('\'', r"'\''"));
    let post = |path: &str, body: &str| {
        format!("curl -H 'Content-Type: application/json' {url}/{path} \\\n  -d {}", quoted(body))
    };
    match protocol {
        "v2" => post(&format!("v2/models/{name}/infer"), v2),
        "grpc-v2" => {
            let is_tls = url.starts_with("https:");
            let host = url.split_once("://").map_or(url, |(_, host)| host);
            let (flag, port) = if is_tls { ("", ":443") } else { ("-plaintext ", ":80") };
            format!(
                "grpcurl {flag}-authority {host} \\\n  -d '{{\"model_name\": \"{name}\"}}' {host}{port} inference.GRPCInferenceService/ModelReady"
            )
        }
        _ => post(&format!("v1/models/{name}:predict"), v1),
    }
}

/// A question that fits the model, by what one of its replicas says that it takes; none when it cannot
/// be asked: no replica runs, or who asks may not use the API server's way to pods.
async fn question(cluster: &Cluster, service: &Service) -> Option<Question> {
    let pods = cluster.pods(service.name()).await.ok()?;
    let ready = pods.iter().find(|pod| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
        conditions
            .is_some_and(|all| all.iter().any(|it| it.type_ == "Ready" && it.status == "True"))
    })?;
    let pod = ready.metadata.name.as_deref()?;
    let (namespace, name) = (&cluster.namespace, service.name());
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}:8080/proxy/v2/models/{name}");
    let request = http::Request::get(path).body(Vec::new()).ok()?;
    let metadata: Model = cluster.client.request(request).await.ok()?;
    Question::made_up(&metadata.inputs).ok()
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn the_command_is_of_the_models_protocol() {
        let of = |protocol| command("http://iris.ml.example.com", "iris", protocol, "{'1'}", "{2}");
        assert!(of("v1").starts_with("curl"), "{}", of("v1"));
        assert!(of("v1").contains("http://iris.ml.example.com/v1/models/iris:predict"));
        assert!(of("v1").ends_with(r"-d '{'\''1'\''}'"), "{}", of("v1"));
        assert!(of("v2").contains("/v2/models/iris/infer") && of("v2").ends_with("-d '{2}'"));
        assert!(
            of("grpc-v2").contains("iris.ml.example.com:80 inference.GRPC"),
            "{}",
            of("grpc-v2")
        );
    }
}
