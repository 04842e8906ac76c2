//! `longshore demo`: the bundled models, served and asked.

use std::{
    io::{IsTerminal, stdout},
    net::SocketAddr,
    thread,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use longshore_serve::{Config, Error, Server};

use super::print;
use crate::{
    cli::DemoArgs,
    client::{self, Access, Target},
    examples::{self, Example},
    models::Local,
};

/// Serves the examples, asks each, and stays up in a terminal.
pub(crate) fn run(args: &DemoArgs) -> Result<()> {
    let start = Instant::now();
    print("Longshore serves the bundled models: one process, no Python.\n");
    let server = bind(args.port)?;
    let address = server.address();
    print(&format!(
        "{} models loaded and listening on http://{address} after {:.1} ms\n",
        examples::ALL.len(),
        start.elapsed().as_secs_f64() * 1e3
    ));
    let stay = !args.once && stdout().is_terminal();
    let drain = server.drain();
    let asking = thread::spawn(move || {
        let outcome = ask_all(address);
        if stay && outcome.is_ok() {
            print("Ctrl-C ends the demo.");
        } else {
            drain.begin();
        }
        outcome
    });
    super::serve::serve(server)?;
    match asking.join() {
        Ok(outcome) => outcome,
        Err(_) => anyhow::bail!("asking the models failed"),
    }
}

/// Binds the wanted port, or a free one when that is taken.
fn bind(port: u16) -> Result<Server> {
    let config = |port| -> Result<Config> {
        let models = examples::ALL.iter().map(|example| {
            let source = example.source();
            Local { name: example.name.into(), source }.serve(None)
        });
        Ok(Config { port, models: models.collect(), ..Config::default() })
    };
    match Server::bind(config(port)?) {
        Err(Error::Server(longshore_daemon::Error::Listen { .. })) if port != 0 => {
            print(&format!("port {port} is in use: taking a free one\n"));
            Ok(Server::bind(config(0)?)?)
        }
        outcome => Ok(outcome?),
    }
}

fn ask_all(address: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for example in examples::ALL {
        runtime
            .block_on(ask(address, example))
            .with_context(|| format!("`{}` did not answer", example.name))?;
    }
    print(&next_steps(address));
    Ok(())
}

async fn ask(address: SocketAddr, example: &Example) -> Result<()> {
    let path = format!("/v1/models/{}:predict", example.name);
    let start = Instant::now();
    let target = Target::parse(&address.to_string(), &Access::default())?;
    let body = Bytes::from_static(example.request);
    let reply = client::ask(&target, client::request(&target, &path, Some(body))?).await?;
    let elapsed = start.elapsed();
    let (status, answer) = (reply.status, String::from_utf8_lossy(&reply.body).into_owned());
    ensure!(status.is_success(), "{status}: {answer}");
    print(&format!(
        "{}\n  POST http://{address}{path}\n  asked    {}\n  answered {} in {} µs\n",
        example.name,
        compact(example.request),
        answer.trim_end(),
        elapsed.as_micros(),
    ));
    Ok(())
}

/// A body on one line, cut where it grows long.
fn compact(body: &[u8]) -> String {
    const WIDTH: usize = 100;
    let text = one_line(body);
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn next_steps(address: SocketAddr) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "longshore".into());
    format!(
        "Also at http://{address}: /v2/models/wine · /invocations?model=wine · /metrics · /v2/health/ready\n\n\
         Try next:\n  \
         curl -s http://{address}/v1/models/wine:predict -d '{}'\n  \
         {program} inspect example://wine\n  \
         {program} serve NAME=PATH        (an MLflow folder, a joblib, pickle, skops, UBJSON or LightGBM file)\n",
        examples::ALL
            .iter()
            .find(|example| example.name == "wine")
            .map(|example| one_line(example.request))
            .unwrap_or_default(),
    )
}

fn one_line(body: &[u8]) -> String {
    String::from_utf8_lossy(body).split_whitespace().collect::<Vec<_>>().join(" ")
}
