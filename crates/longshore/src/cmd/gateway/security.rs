//! TLS, API keys and tokens of a gateway, as the command line says.

use anyhow::{Context, Result};
use longshore_daemon::{
    RELOAD_EVERY,
    server::{
        auth::ApiKeys,
        tls::{ClientCertificate, Files, Tls},
    },
};
use longshore_gateway::{
    Config,
    security::{JwksSource, Security, Settings, Tokens, Wanted},
};
use longshore_platform::policy::Auth;

use crate::cli::{GatewayAuth, GatewaySecurityArgs};

/// What failed when no thread follows the files.
const THREAD: &str = "failed to start a thread";

/// Puts TLS and what is asked of clients into `config`, and follows their files.
pub(super) fn secure(args: &GatewaySecurityArgs, config: &mut Config) -> Result<()> {
    if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
        let tls = Tls::open(&Files {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: None,
            client: ClientCertificate::default(),
        })?;
        tls.register(&mut config.registry);
        tls.follow(RELOAD_EVERY).context(THREAD)?;
        config.tls = Some((args.tls_port, tls));
    }
    let keys = args.api_keys.clone().map(ApiKeys::open).transpose()?;
    if let Some(keys) = &keys {
        keys.follow(RELOAD_EVERY).context(THREAD)?;
    }
    let auth = match args.auth {
        GatewayAuth::None => Auth::None,
        GatewayAuth::ApiKey => Auth::ApiKey,
        GatewayAuth::Jwt => Auth::Jwt,
    };
    config.security = Security::new(Settings { auth, keys, tokens: tokens(args)? });
    Ok(())
}

fn tokens(args: &GatewaySecurityArgs) -> Result<Option<Tokens>> {
    let GatewaySecurityArgs { jwks, jwks_ca, jwt_issuer, jwt_audience, .. } = args;
    let (Some(jwks), Some(issuer), Some(audience)) = (jwks, jwt_issuer, jwt_audience) else {
        return Ok(None);
    };
    let source = JwksSource::at(jwks, jwks_ca.clone());
    Ok(Some(Tokens::open(&source, Wanted::new(issuer, audience))?))
}
