//! A cluster, and what its API server refuses in words of what was asked.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, Client, Config,
    api::{ApiResource, DynamicObject, ListParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use longshore_kserve::annotations::INFERENCE_SERVICE;

use super::service::Service;
use crate::{cli::ClusterArgs, cmd::near::nearest};

/// How long the API server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Objects asked for at a time.
const PAGE: u32 = 500;

/// A cluster and a namespace of it.
pub(super) struct Cluster {
    pub(super) client: Client,
    pub(super) namespace: String,
    /// How the API server is called in errors.
    pub(super) server: String,
}

impl Cluster {
    /// Reads the kubeconfig; nothing is asked yet.
    pub(super) async fn connect(args: &ClusterArgs) -> Result<Self> {
        let options = KubeConfigOptions { context: args.context.clone(), ..Default::default() };
        let config = match &args.kubeconfig {
            Some(file) => {
                let kubeconfig = Kubeconfig::read_from(file)
                    .with_context(|| format!("failed to read `{}`", file.display()))?;
                Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(Into::into)
            }
            None if args.context.is_some() => {
                Config::from_kubeconfig(&options).await.map_err(Into::into)
            }
            None => Config::infer().await.map_err(anyhow::Error::from),
        };
        let mut config = config.context(
            "no cluster is known: give `--kubeconfig FILE` or `--context NAME`, or set `KUBECONFIG`",
        )?;
        config.connect_timeout = Some(CONNECT);
        let namespace = args.namespace.clone().unwrap_or(config.default_namespace.clone());
        let server = config.cluster_url.to_string();
        let client = Client::try_from(config)
            .with_context(|| format!("the kubeconfig does not lead to `{server}`"))?;
        Ok(Self { client, namespace, server })
    }

    /// The InferenceServices of the namespace.
    pub(super) fn services(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &inference_service())
    }

    /// All InferenceServices of the namespace, or of all namespaces.
    pub(super) async fn list(&self, everywhere: bool) -> Result<Vec<Service>> {
        let api = if everywhere {
            Api::all_with(self.client.clone(), &inference_service())
        } else {
            self.services()
        };
        let found = pages(&api, ListParams::default()).await;
        let found = found.map_err(|error| self.refused(error, "list InferenceServices"))?;
        Ok(found.into_iter().map(Service::new).collect())
    }

    /// The InferenceService of this name.
    pub(super) async fn service(&self, name: &str) -> Result<Service> {
        let error = match self.services().get(name).await {
            Ok(object) => return Ok(Service::new(object)),
            Err(error) => error,
        };
        // without the kind, its list is not found either
        let is_unknown = matches!(&error, kube::Error::Api(status) if status.is_not_found());
        if is_unknown {
            let others = self.list(false).await?;
            let names: Vec<_> = others.iter().map(Service::name).collect();
            return Err(anyhow!(unknown(name, &self.namespace, &names)));
        }
        Err(self.refused(error, &format!("read the InferenceService `{name}`")))
    }

    /// The Deployments of the revisions of a service, or of all services here.
    pub(super) async fn deployments(
        &self,
        service: Option<&str>,
        everywhere: bool,
    ) -> Result<Vec<Deployment>> {
        let api: Api<Deployment> = if everywhere {
            Api::all(self.client.clone())
        } else {
            Api::namespaced(self.client.clone(), &self.namespace)
        };
        let found = pages(&api, ListParams::default().labels(&selector(service))).await;
        found.map_err(|error| self.refused(error, "list Deployments"))
    }

    /// The pods of a service.
    pub(super) async fn pods(&self, service: &str) -> Result<Vec<Pod>> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let found = pages(&api, ListParams::default().labels(&selector(Some(service)))).await;
        found.map_err(|error| self.refused(error, "list pods"))
    }

    /// Why the API server did not do what was asked.
    pub(super) fn refused(&self, error: kube::Error, what: &str) -> anyhow::Error {
        let namespace = &self.namespace;
        match &error {
            kube::Error::Api(status) => match status.code {
                401 => anyhow!(
                    "`{}` does not know who asks: sign in anew, or choose another context",
                    self.server
                ),
                403 => anyhow!(
                    "may not {what} in the namespace `{namespace}`: {}; ask for a Role that allows it, or choose another namespace with `-n`",
                    status.message
                ),
                404 if status.details.as_ref().is_none_or(|details| details.name.is_empty()) => {
                    anyhow!(
                        "the cluster does not know the kind: could not {what}; install the chart `longshore`, which brings KServe's kinds"
                    )
                }
                _ => anyhow!("could not {what}: {}", status.message),
            },
            kube::Error::HyperError(_) | kube::Error::Service(_) => {
                let server = &self.server;
                anyhow::Error::from(error).context(format!(
                    "no API server answers at `{server}`: does the cluster run, and can this machine reach it?"
                ))
            }
            _ => anyhow::Error::from(error).context(format!("could not {what}")),
        }
    }
}

/// The kind `InferenceService`.
pub(super) fn inference_service() -> ApiResource {
    ApiResource {
        group: longshore_kserve::GROUP.into(),
        version: "v1beta1".into(),
        api_version: format!("{}/v1beta1", longshore_kserve::GROUP),
        kind: "InferenceService".into(),
        plural: "inferenceservices".into(),
    }
}

/// Selects what belongs to a service, or to any.
fn selector(service: Option<&str>) -> String {
    match service {
        Some(service) => format!("{INFERENCE_SERVICE}={service}"),
        None => INFERENCE_SERVICE.to_owned(),
    }
}

/// All objects of a list, page by page.
async fn pages<K>(api: &Api<K>, params: ListParams) -> kube::Result<Vec<K>>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let mut params = params.limit(PAGE);
    let mut all = Vec::new();
    loop {
        let page = api.list(&params).await?;
        all.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(all),
        }
    }
}

/// Says that there is no service of this name, and which one may be meant.
fn unknown(name: &str, namespace: &str, known: &[&str]) -> String {
    let hint = match nearest(name, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => "it has none; `longshore get -A` lists all".to_owned(),
        None => "`longshore get` lists them, `-n` chooses another namespace".to_owned(),
    };
    format!("there is no InferenceService `{name}` in the namespace `{namespace}`: {hint}")
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn the_nearest_name_is_told() {
        let known = ["iris", "wine-quality", "fraud"];
        assert_eq!(
            unknown("irs", "ml", &known),
            "there is no InferenceService `irs` in the namespace `ml`: did you mean `iris`?"
        );
        assert!(unknown("zebra", "ml", &known).ends_with("another namespace"));
        assert!(unknown("iris", "ml", &[]).contains("it has none"));
    }
}
