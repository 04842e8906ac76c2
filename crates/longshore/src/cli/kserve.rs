use clap::Args;

/// The flags that KServe's own servers take: its runtimes and people's manifests put them into
/// containers.
#[derive(Args, Debug)]
#[command(next_help_heading = "KServe compatibility")]
pub(crate) struct KserveArgs {
    /// Name of the model in `--model_dir`
    #[arg(long = "model_name", alias = "model-name", value_name = "NAME")]
    pub(crate) model_name: Option<String>,

    #[arg(long = "workers", hide = true)]
    workers: Option<String>,

    #[arg(long = "nthread", hide = true)]
    nthread: Option<String>,

    #[arg(long = "max_threads", hide = true)]
    max_threads: Option<String>,

    #[arg(long = "max_asyncio_workers", hide = true)]
    max_asyncio_workers: Option<String>,

    #[arg(long = "enable_grpc", hide = true)]
    enable_grpc: Option<String>,

    #[arg(long = "grpc_max_send_message_length", hide = true)]
    grpc_max_send_message_length: Option<String>,

    #[arg(long = "grpc_max_receive_message_length", hide = true)]
    grpc_max_receive_message_length: Option<String>,

    #[arg(long = "enable_docs_url", hide = true)]
    enable_docs_url: Option<String>,

    #[arg(long = "enable_latency_logging", hide = true)]
    enable_latency_logging: Option<String>,

    #[arg(long = "configure_logging", hide = true)]
    configure_logging: Option<String>,

    #[arg(long = "log_config_file", hide = true)]
    log_config_file: Option<String>,

    #[arg(long = "access_log_format", hide = true)]
    access_log_format: Option<String>,

    #[arg(long = "framework", hide = true)]
    framework: Option<String>,
}

impl KserveArgs {
    /// The flags that were given and change nothing here, each with what stands in its place.
    pub(crate) fn without_effect(&self) -> Vec<(&'static str, &'static str)> {
        const CORES: &str = "one process uses every core; `--threads` says how many";
        const BODY: &str = "`--max-body-bytes` limits messages";
        const LOG: &str = "`--log` and `--log-format` say what is logged";
        let flags = [
            ("--workers", &self.workers, CORES),
            ("--nthread", &self.nthread, CORES),
            ("--max_threads", &self.max_threads, CORES),
            ("--max_asyncio_workers", &self.max_asyncio_workers, CORES),
            ("--enable_grpc", &self.enable_grpc, "gRPC is on every port"),
            ("--grpc_max_send_message_length", &self.grpc_max_send_message_length, BODY),
            ("--grpc_max_receive_message_length", &self.grpc_max_receive_message_length, BODY),
            (
                "--enable_docs_url",
                &self.enable_docs_url,
                "`/docs` is there unless `--no-ui` is given",
            ),
            ("--enable_latency_logging", &self.enable_latency_logging, LOG),
            ("--configure_logging", &self.configure_logging, LOG),
            ("--log_config_file", &self.log_config_file, LOG),
            ("--access_log_format", &self.access_log_format, LOG),
            ("--framework", &self.framework, "a model's own file says what it is"),
        ];
        let given = flags.into_iter().filter(|(_, value, _)| value.is_some());
        given.map(|(flag, _, instead)| (flag, instead)).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::{Cli, Command, ServeArgs};

    fn serve(arguments: &[&str]) -> Box<ServeArgs> {
        let all = ["longshore", "serve"].into_iter().chain(arguments.iter().copied());
        match Cli::try_parse_from(all).unwrap().command {
            Command::Serve(args) => args,
            other => panic!("{other:?} is not `serve`"),
        }
    }

    #[test]
    fn what_a_manifest_says_after_its_runtime_counts() {
        let args = serve(&[
            "--model_name=iris",
            "--model_dir=/mnt/models",
            "--http_port=8080",
            "--model_name",
            "sklearn",
            "--http_port",
            "5000",
        ]);
        assert_eq!(args.kserve.model_name.as_deref(), Some("sklearn"));
        assert_eq!(args.port, 5000);
        assert_eq!(args.many.model_dir, ["/mnt/models"]);
    }

    #[test]
    fn flags_of_other_servers_are_named_with_what_stands_for_them() {
        let args = serve(&["--model_dir=/mnt/models", "--workers=2", "--enable_grpc=false"]);
        let named = args.kserve.without_effect();
        assert_eq!(named.len(), 2);
        assert_eq!(named[1], ("--enable_grpc", "gRPC is on every port"));
    }
}
