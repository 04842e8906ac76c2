//! `longshore bench`: load on a server, and how it bore it.

mod histogram;
mod load;
mod plan;
mod report;
mod tally;

use std::{
    io::{Write, stderr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use longshore_daemon::Drain;

use self::{load::Load, report::Report, tally::Tally};
use crate::cli::BenchArgs;

/// Runs the load until its end, or until TERM or Ctrl-C, and reports.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(args))?;
    // a name that is still being looked up must not hold the report back
    runtime.shutdown_background();
    super::print(&if args.json { report.json() } else { report.table() });
    if report.ok() == 0 {
        bail!("no request was answered");
    }
    match args.max_failures {
        Some(most) if report.failed() > most => {
            bail!("{} of the requests failed, more than `--max-failures {most}`", report.failed())
        }
        _ => Ok(()),
    }
}

async fn measure(args: &BenchArgs) -> Result<Report> {
    let shots = plan::shots(args).await?;
    let tally = Arc::new(Mutex::new(Tally::new(Instant::now())));
    let load = Load::new(args, shots, Arc::clone(&tally));
    let stopped = Drain::signal()?;
    tokio::select! {
        () = load.run() => {}
        _ = stopped => {}
        () = progress(args.progress, &tally) => {}
    }
    let tally = std::mem::replace(&mut *tally::lock(&tally), Tally::new(Instant::now()));
    Ok(Report::new(args, tally))
}

/// Writes a line of JSON on standard error each second, for ever.
async fn progress(wanted: bool, tally: &Mutex<Tally>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.tick().await;
    loop {
        tick.tick().await;
        if wanted {
            let line = tally::lock(tally).second();
            let _ = writeln!(stderr().lock(), "{line}");
        }
    }
}
