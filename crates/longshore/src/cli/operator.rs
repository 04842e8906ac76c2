use std::net::{IpAddr, SocketAddr};

use clap::{Args, ValueEnum};

use super::{LogArgs, ScalingArgs, value};

/// `longshore operator`.
#[derive(Args, Debug)]
pub(crate) struct OperatorArgs {
    /// Namespace whose InferenceServices are kept; repeatable; without it, all
    #[arg(long, env = "LONGSHORE_NAMESPACE", value_name = "NAMESPACE", value_delimiter = ',')]
    pub(crate) namespace: Vec<String>,

    /// Keep only InferenceServices with the annotation `longshore.dev/class: NAME`, beside another
    /// controller; without it, those without that annotation
    #[arg(long, env = "LONGSHORE_CLASS", value_name = "NAME")]
    pub(crate) class: Option<String>,

    /// The Lease by which one of several operators leads; without it, this one always does
    #[arg(long, env = "LONGSHORE_LEASE", value_name = "NAMESPACE/NAME")]
    pub(crate) lease: Option<String>,

    /// The name by which this operator is told from others; without it, the host's
    #[arg(long, env = "LONGSHORE_IDENTITY", value_name = "NAME")]
    pub(crate) identity: Option<String>,

    /// The image of this program, for the init containers that fetch models
    #[arg(long, env = "LONGSHORE_IMAGE", value_name = "IMAGE")]
    pub(crate) image: String,

    /// Environment of every container that fetches models, as a JSON object of texts; what a manifest
    /// sets stands
    #[arg(long, env = "LONGSHORE_STORAGE_ENV", value_name = "JSON", hide_env_values = true)]
    pub(crate) storage_env: Option<String>,

    /// The mode of InferenceServices that say none
    #[arg(
        long,
        env = "LONGSHORE_DEFAULT_DEPLOYMENT_MODE",
        value_name = "MODE",
        default_value = "knative"
    )]
    pub(crate) default_deployment_mode: Mode,

    /// Show each component in the mode Knative as a Knative Service too, for tools that read from it how
    /// a component scales; nothing reads what is written there. Refused where Knative is installed
    #[arg(long, env = "LONGSHORE_KNATIVE_PROJECTION")]
    pub(crate) knative_projection: bool,

    /// Warm pools.
    #[command(flatten)]
    pub(crate) pool: PoolArgs,

    /// Hosts.
    #[command(flatten)]
    pub(crate) hosts: HostArgs,

    /// Gateways.
    #[command(flatten)]
    pub(crate) gateways: GatewaysArgs,

    /// The autoscaler.
    #[command(flatten)]
    pub(crate) scaling: ScalingArgs,

    /// Address to listen on for probes and metrics
    #[arg(
        long,
        env = "LONGSHORE_HOST",
        default_value = "0.0.0.0",
        value_parser = value::host,
        help_heading = "Where it listens"
    )]
    pub(crate) host: IpAddr,

    /// Port of `/health/live`, `/health/ready` and `/metrics`
    #[arg(long, env = "LONGSHORE_PORT", default_value_t = 8080, help_heading = "Where it listens")]
    pub(crate) port: u16,

    /// The log.
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// The warm pools of namespaces.
#[derive(Args, Debug)]
#[command(next_help_heading = "Warm pools")]
pub(crate) struct PoolArgs {
    /// Whether models that sleep are answered from a warm pool of their namespace, where they may be
    #[arg(
        long,
        env = "LONGSHORE_WARM_POOL",
        value_name = "ON",
        default_value = "on",
        value_parser = ["on", "off"]
    )]
    pub(crate) warm_pool: String,

    /// Memory of each replica of a warm pool; half of it is for models
    #[arg(long, env = "LONGSHORE_POOL_MEMORY", value_name = "QUANTITY", default_value = "512Mi")]
    pub(crate) pool_memory: String,

    /// Size of the volume for fetched models of each replica of a warm pool
    #[arg(long, env = "LONGSHORE_POOL_CACHE", value_name = "QUANTITY", default_value = "2Gi")]
    pub(crate) pool_cache: String,

    /// What each replica of a warm pool has beside its memory, as a JSON object of `requests` and `limits`
    #[arg(
        long,
        env = "LONGSHORE_POOL_RESOURCES",
        value_name = "JSON",
        default_value = r#"{"requests":{"cpu":"100m"},"limits":{"cpu":"2"}}"#
    )]
    pub(crate) pool_resources: String,

    /// Replicas of each warm pool
    #[arg(
        long,
        env = "LONGSHORE_POOL_REPLICAS",
        value_name = "COUNT",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) pool_replicas: u32,

    /// Who may ask warm pools, as the JSON list that is the `ingress` of a NetworkPolicy; without it none
    /// is made, and a pool loads what any pod of the cluster asks it for
    #[arg(long, env = "LONGSHORE_POOL_INGRESS", value_name = "JSON")]
    pub(crate) pool_ingress: Option<String>,
}

/// How an InferenceService is deployed that does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Hosts `NAME.NAMESPACE.DOMAIN`, and Knative's conditions.
    #[value(alias = "Knative", alias = "Serverless", alias = "serverless")]
    Knative,
    /// Hosts by the template.
    #[value(alias = "Standard", alias = "RawDeployment", alias = "rawdeployment")]
    Standard,
}

/// The hosts by which InferenceServices are asked.
#[derive(Args, Debug)]
#[command(next_help_heading = "Hosts")]
pub(crate) struct HostArgs {
    /// The domain of all hosts
    #[arg(
        long,
        env = "LONGSHORE_INGRESS_DOMAIN",
        value_name = "DOMAIN",
        default_value = "example.com"
    )]
    pub(crate) ingress_domain: String,

    /// The host of an InferenceService of the mode Standard
    #[arg(
        long,
        env = "LONGSHORE_DOMAIN_TEMPLATE",
        value_name = "TEMPLATE",
        default_value = "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}"
    )]
    pub(crate) domain_template: String,

    /// Tell InferenceServices apart by paths of one host, such as `/serving/{{ .Namespace }}/{{ .Name }}`
    #[arg(long, env = "LONGSHORE_PATH_TEMPLATE", value_name = "TEMPLATE")]
    pub(crate) path_template: Option<String>,

    /// The scheme of URLs, `http` or `https`
    #[arg(long, env = "LONGSHORE_URL_SCHEME", value_name = "SCHEME", default_value = "http", value_parser = ["http", "https"])]
    pub(crate) url_scheme: String,

    /// The domain of names within the cluster
    #[arg(
        long,
        env = "LONGSHORE_CLUSTER_DOMAIN",
        value_name = "DOMAIN",
        default_value = "cluster.local"
    )]
    pub(crate) cluster_domain: String,
}

/// The gateways that route requests.
#[derive(Args, Debug)]
#[command(next_help_heading = "Gateways")]
pub(crate) struct GatewaysArgs {
    /// The name of the gateways' Service within the cluster
    #[arg(
        long = "gateway-host",
        env = "LONGSHORE_GATEWAY_HOST",
        value_name = "HOST",
        default_value = "longshore-gateway.longshore-system.svc.cluster.local"
    )]
    pub(crate) service: String,

    /// The headless Service that lists the gateways, which are asked what they route and how busy it is
    #[arg(long = "gateway-peers", env = "LONGSHORE_GATEWAY_PEERS", value_name = "NAMESPACE/NAME")]
    pub(crate) peers: Option<String>,

    /// A gateway that no Service lists: address and port for its peers; repeatable
    #[arg(
        long = "gateway-peer",
        env = "LONGSHORE_GATEWAY_PEER",
        value_name = "ADDRESS:PORT",
        value_delimiter = ','
    )]
    pub(crate) fixed: Vec<SocketAddr>,
}
