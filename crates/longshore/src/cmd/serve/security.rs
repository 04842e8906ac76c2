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
use prometheus_client::registry::Registry;

use crate::cli::{ClientAuth, SecurityArgs};

/// What failed when no thread follows the files.
const THREAD: &str = "failed to start a thread";

/// What connections speak and which keys let requests in; their files are followed, and `registry` shows both.
pub(in crate::cmd) fn secure(
    args: &SecurityArgs,
    registry: &mut Registry,
) -> Result<(Transport, Option<ApiKeys>)> {
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
        tls.register(registry);
        tls.follow(RELOAD_EVERY).context(THREAD)?;
    }
    if let Some(keys) = &keys {
        keys.register(registry);
        keys.follow(RELOAD_EVERY).context(THREAD)?;
    }
    Ok((tls.map_or(Transport::Plain, Transport::Tls), keys))
}
