//! TLS and API keys, as the command line says.

use anyhow::{Context, Result};
use longshore_daemon::{
    RELOAD_EVERY,
    server::{
        Transport,
        auth::ApiKeys,
        tls::{ClientCertificate, Files, Tls},
    },
};
use longshore_serve::Config;

use crate::cli::{ClientAuth, SecurityArgs};

/// What failed when no thread follows the files.
const THREAD: &str = "failed to start a thread";

/// Puts TLS and keys into `config`, and follows their files.
pub(super) fn secure(args: &SecurityArgs, config: &mut Config) -> Result<()> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::open(&Files {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: args.tls_client_ca.clone(),
            client: match args.tls_client_auth {
                ClientAuth::Required => ClientCertificate::Required,
                ClientAuth::Optional => ClientCertificate::Optional,
            },
        })?),
        _ => None,
    };
    let keys = args.api_keys.clone().map(ApiKeys::open).transpose()?;
    if let Some(tls) = &tls {
        tls.register(&mut config.registry);
        tls.follow(RELOAD_EVERY).context(THREAD)?;
    }
    if let Some(keys) = &keys {
        keys.register(&mut config.registry);
        keys.follow(RELOAD_EVERY).context(THREAD)?;
    }
    config.transport = tls.map_or(Transport::Plain, Transport::Tls);
    config.keys = keys;
    config.metrics_without_key = args.metrics_without_key;
    Ok(())
}
