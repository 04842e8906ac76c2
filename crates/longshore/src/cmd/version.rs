//! `longshore version`.

use anyhow::Result;
use serde_json::json;

use crate::cli::VersionArgs;

/// The commit of a release; a build for development is of no commit that can be told.
const COMMIT: Option<&str> = option_env!("LONGSHORE_COMMIT");

/// What the compiler built for.
const TARGET: &str = env!("LONGSHORE_TARGET");

/// Prints which program this is.
pub(crate) fn run(args: &VersionArgs) -> Result<()> {
    let (version, features) = (env!("CARGO_PKG_VERSION"), features());
    super::print(&if args.json {
        serde_json::to_string_pretty(&json!({
            "version": version, "commit": COMMIT, "features": features, "target": TARGET,
        }))?
    } else {
        format!(
            "longshore {version}\ncommit    {}\nfeatures  {}\ntarget    {TARGET}",
            COMMIT.unwrap_or("unknown (not a release build)"),
            if features.is_empty() { "none".to_owned() } else { features.join(", ") },
        )
    });
    Ok(())
}

/// The cargo features that are in.
fn features() -> Vec<&'static str> {
    let all = [
        ("arrow", cfg!(feature = "arrow")),
        ("cli", cfg!(feature = "cli")),
        ("gateway", cfg!(feature = "gateway")),
        ("operator", cfg!(feature = "operator")),
        ("tracking", cfg!(feature = "tracking")),
    ];
    all.into_iter().filter(|(_, is_in)| *is_in).map(|(name, _)| name).collect()
}
