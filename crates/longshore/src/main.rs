//! Takes a trained model to production.

mod cli;
mod client;
mod cmd;
mod examples;
mod model_dir;
mod models;
mod pooled;
mod question;
// the pages describe the whole program
#[cfg(all(
    feature = "arrow",
    feature = "cli",
    feature = "gateway",
    feature = "operator",
    feature = "tracking"
))]
#[cfg(test)]
mod reference;
mod storage;
mod termination;

use std::process::ExitCode;

use longshore_platform::names::TRY_AGAIN;

use crate::cli::Command;

fn main() -> ExitCode {
    let cli = match cli::help::parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                termination::note(first.trim_start_matches("error: "));
            }
            return cli::help::tell(&error);
        }
    };
    let outcome = match cli.command {
        Command::Try(args) => cmd::trial::run(&args),
        Command::Serve(args) => cmd::serve::run(&args),
        Command::Fetch(args) => cmd::fetch::run(&args),
        Command::Predict(args) => cmd::predict::run(&args),
        Command::Batch(args) => cmd::batch::run(&args),
        Command::Inspect(args) => cmd::inspect::run(&args),
        Command::Verify(args) => cmd::verify::run(&args),
        Command::Demo(args) => cmd::demo::run(&args),
        Command::Bench(args) => cmd::bench::run(&args),
        Command::ApiKey(args) => cmd::api_key::run(&args),
        #[cfg(feature = "gateway")]
        Command::Gateway(args) => cmd::gateway::run(&args),
        #[cfg(feature = "operator")]
        Command::Operator(args) => cmd::operator::run(&args),
        #[cfg(feature = "operator")]
        Command::Autoscaler(args) => cmd::autoscaler::run(&args),
        #[cfg(feature = "tracking")]
        Command::Tracking(args) => cmd::tracking::run(&args),
        #[cfg(feature = "cli")]
        Command::Experiments(args) => cmd::mlflow::experiments(&args),
        #[cfg(feature = "cli")]
        Command::Runs(args) => cmd::mlflow::runs(&args),
        #[cfg(feature = "cli")]
        Command::Models(args) => cmd::mlflow::models(&args),
        Command::SmokeTest(args) => cmd::smoke_test::run(&args),
        #[cfg(feature = "cli")]
        Command::Get(args) => cmd::platform::get(&args),
        #[cfg(feature = "cli")]
        Command::Describe(args) => cmd::platform::describe(&args),
        #[cfg(feature = "cli")]
        Command::Url(args) => cmd::platform::url(&args),
        #[cfg(feature = "cli")]
        Command::Logs(args) => cmd::platform::logs(&args),
        #[cfg(feature = "cli")]
        Command::Rollout(args) => cmd::platform::rollout(&args),
        #[cfg(feature = "cli")]
        Command::Apply(args) => cmd::platform::apply(&args),
        #[cfg(feature = "cli")]
        Command::Delete(args) => cmd::platform::delete(&args),
        #[cfg(feature = "cli")]
        Command::Ps(args) => cmd::ps::run(&args),
        Command::Version(args) => cmd::version::run(&args),
        #[cfg(feature = "cli")]
        Command::Completions(args) => cmd::shell::completions(&args),
        #[cfg(feature = "cli")]
        Command::Man(args) => cmd::shell::man(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cmd::complain(&error);
            code(&error)
        }
    }
}

/// The exit code of a failure, which tells whether the same command may succeed later.
fn code(error: &anyhow::Error) -> ExitCode {
    if let Some(ended) = error.downcast_ref::<cmd::batch::Ended>() {
        return ExitCode::from(ended.code());
    }
    let of_storage = error.chain().find_map(|it| it.downcast_ref::<longshore_storage::Error>());
    if of_storage.is_some_and(longshore_storage::Error::is_transient) {
        ExitCode::from(TRY_AGAIN)
    } else {
        ExitCode::FAILURE
    }
}
