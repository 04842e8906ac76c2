//! `longshore demo`: the bundled models, served and asked.

use std::{
    fmt::Write,
    io::{IsTerminal, stdout},
    net::{IpAddr, SocketAddr},
    thread,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use longshore_daemon::terminal::{Ink, has_colours};
use longshore_serve::{Config, Error, Server};

use super::{curl, print};
use crate::{
    cli::DemoArgs,
    client::{self, Access, Target},
    examples::{self, Example},
    models::Local,
};

/// Most characters of a body on a line: with what stands before it, 80.
const WIDTH: usize = 68;

/// Serves the examples, asks each, and stays up in a terminal.
pub(crate) fn run(args: &DemoArgs) -> Result<()> {
    let start = Instant::now();
    let is_watched = stdout().is_terminal();
    let page = Page { colours: has_colours(&stdout()), stays: is_watched && !args.once };
    print("Longshore serves the bundled models: one process, no Python.\n");
    let server = bind(args.host, args.port)?;
    let address = super::serve::reachable(server.address());
    let millis = start.elapsed().as_secs_f64() * 1e3;
    print(&if page.stays {
        let at = Ink::Cyan.on(page.colours, &format!("http://{address}/"));
        format!("{} models loaded after {millis:.1} ms: open {at}\n", examples::ALL.len())
    } else {
        format!("{} models loaded after {millis:.1} ms\n", examples::ALL.len())
    });
    let drain = server.drain();
    let asking = thread::spawn(move || {
        let outcome = ask_all(address, page);
        if page.stays && outcome.is_ok() {
            print(&Ink::Dim.on(page.colours, "Ctrl-C ends the demo."));
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

/// How the answers are printed.
#[derive(Clone, Copy)]
struct Page {
    colours: bool,
    /// Whether the server stays: its addresses are worth a line only then.
    stays: bool,
}

/// Binds the wanted port, or a free one when that is taken.
fn bind(host: IpAddr, port: u16) -> Result<Server> {
    let config = |port| -> Result<Config> {
        let models = examples::ALL.iter().map(|example| {
            let source = example.source();
            Local { name: example.name.into(), source }.serve(None)
        });
        Ok(Config { host, port, models: models.collect(), ..Config::default() })
    };
    match Server::bind(config(port)?) {
        Err(Error::Server(longshore_daemon::Error::Listen { .. })) if port != 0 => {
            print(&format!("port {port} is in use: taking a free one\n"));
            Ok(Server::bind(config(0)?)?)
        }
        outcome => Ok(outcome?),
    }
}

fn ask_all(address: SocketAddr, page: Page) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for example in examples::ALL {
        runtime
            .block_on(ask(address, example, page))
            .with_context(|| format!("`{}` did not answer", example.name))?;
    }
    print(&next_steps(address, page));
    Ok(())
}

async fn ask(address: SocketAddr, example: &Example, page: Page) -> Result<()> {
    let path = format!("/v1/models/{}:predict", example.name);
    let start = Instant::now();
    let target = Target::parse(&address.to_string(), &Access::default())?;
    let body = Bytes::from_static(example.request);
    let reply = client::ask(&target, client::request(&target, &path, Some(body))?).await?;
    let elapsed = start.elapsed();
    let (status, answer) = (reply.status, String::from_utf8_lossy(&reply.body).into_owned());
    ensure!(status.is_success(), "{status}: {answer}");
    print(&format!(
        "{}\n  at       http://{address}{path}\n  asked    {}\n  answered {}\n  within   {} µs\n",
        Ink::Bold.on(page.colours, example.name),
        compact(example.request),
        Ink::Green.on(page.colours, &compact(answer.as_bytes())),
        elapsed.as_micros(),
    ));
    Ok(())
}

/// A body on one line, cut where it grows long.
fn compact(body: &[u8]) -> String {
    let text = one_line(body);
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn next_steps(address: SocketAddr, page: Page) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "longshore".into());
    let mut text = String::from("Try next:\n");
    if page.stays {
        let wine = examples::ALL.iter().find(|example| example.name == "wine");
        let body = wine.map(|example| one_line(example.request)).unwrap_or_default();
        let url = format!("http://{address}/v1/models/wine:predict");
        text.push_str(&curl::post(&url, &[], &body, 2));
        text.push('\n');
    }
    for (command, what) in [
        ("inspect example://wine", "what a model takes and gives"),
        ("try example://wine", "a model and its page"),
        ("serve NAME=PATH", "a model of your own"),
    ] {
        let _ = writeln!(text, "  {program} {command:<24}{}", Ink::Dim.on(page.colours, what));
    }
    text
}

fn one_line(body: &[u8]) -> String {
    String::from_utf8_lossy(body).split_whitespace().collect::<Vec<_>>().join(" ")
}
