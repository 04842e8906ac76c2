//! Takes a trained model to production.

mod cli;
mod client;
mod cmd;
mod examples;
mod model_dir;
mod models;
mod question;
#[cfg(test)]
mod reference;
mod storage;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => cmd::serve::run(&args),
        Command::Predict(args) => cmd::predict::run(&args),
        Command::Inspect(args) => cmd::inspect::run(&args),
        Command::Demo(args) => cmd::demo::run(&args),
        Command::Bench(args) => cmd::bench::run(&args),
        Command::ApiKey(args) => cmd::api_key::run(&args),
        Command::SmokeTest(args) => cmd::smoke_test::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cmd::complain(&error);
            ExitCode::FAILURE
        }
    }
}
