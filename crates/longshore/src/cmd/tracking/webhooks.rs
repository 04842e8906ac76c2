use anyhow::{Context, Result};
use longshore_tracking::webhooks::{Fernet, Settings};

use crate::cli::WebhookArgs;

/// Which webhooks there may be, and how they are called.
pub(super) fn settings(args: &WebhookArgs) -> Result<Settings> {
    if args.webhook_allow_private_ips {
        tracing::warn!("webhooks may call machines inside of this network");
    }
    let schemes = args.webhook_schemes.iter().map(|it| it.trim().to_ascii_lowercase());
    let key = args.webhook_secret_key.as_deref().filter(|key| !key.is_empty());
    let key = key.map(Fernet::parse).transpose();
    Ok(Settings {
        schemes: schemes.filter(|it| !it.is_empty()).collect(),
        allow_private: args.webhook_allow_private_ips,
        key: key.context("`MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY` is not usable")?,
        timeout: args.webhook_timeout,
        retries: args.webhook_retries,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::settings;
    use crate::cli::{Cli, Command};

    fn of(flags: &[&str]) -> Result<longshore_tracking::webhooks::Settings, String> {
        let words = ["longshore", "tracking"].into_iter().chain(flags.iter().copied());
        match Cli::try_parse_from(words).expect("flags").command {
            Command::Tracking(args) => {
                settings(&args.webhooks).map_err(|error| format!("{error:#}"))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn webhooks_are_public_and_encrypted_unless_it_is_said() {
        let usual = of(&[]).expect("settings");
        assert_eq!((usual.schemes.join(","), usual.allow_private), ("https".to_owned(), false));
        assert_eq!((usual.timeout.as_secs(), usual.retries, usual.key.is_some()), (30, 3, false));
        let key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
        let own = of(&[
            "--webhook-schemes=HTTP, https",
            "--webhook-allow-private-ips",
            "--webhook-timeout=5",
            "--webhook-retries=0",
            "--webhook-secret-key",
            key,
        ])
        .expect("settings");
        assert_eq!((own.schemes.join(","), own.allow_private), ("http,https".to_owned(), true));
        assert_eq!((own.timeout.as_secs(), own.retries, own.key.is_some()), (5, 0, true));
    }

    #[test]
    fn a_key_that_seals_nothing_is_refused_and_not_repeated() {
        let told = of(&["--webhook-secret-key", "hunter2"]).expect_err("no key");
        assert!(told.contains("32 bytes") && !told.contains("hunter2"), "{told}");
    }
}
