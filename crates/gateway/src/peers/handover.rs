//! What a gateway has to know before it gives slots that another one gave until now: which of them are
//! still used. It asks all others, each time the gateways change, until no such request goes on.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    thread::{self, JoinHandle},
    time::Duration,
};

use futures_util::future::join_all;
use hyper::HeaderMap;
use serde::{Deserialize, Serialize};
use tokio::{
    runtime::Builder,
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use super::client::get;
use crate::{
    Error, Table,
    gateways::Gateways,
    revision::{Giver, Uses},
};

/// The path of what a gateway uses, followed by `/` and the giver whose slots are left out.
pub(super) const PATH: &str = "/uses";

/// How long slots are not given while others do not answer, or know of other gateways.
const MOST: Duration = Duration::from_secs(1);

/// How often the others are asked.
const LOOK: Duration = Duration::from_millis(50);

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a gateway answers.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    /// The gateways among which it draws who gives slots, in order.
    gateways: Vec<SocketAddr>,
    /// What its requests use, by `NAMESPACE/REVISION`.
    uses: BTreeMap<String, Uses>,
}

/// What a gateway says of another one.
enum Said {
    Report(Report),
    /// It is gone, or gives its slots as it likes: there is nothing to wait for.
    Nothing,
    /// It is late.
    NotYet,
}

impl Report {
    /// What this gateway answers. Nobody is given a slot by another one than those named in it afterwards.
    pub(super) fn of(table: &Table, giver: Giver) -> Self {
        let gateways = drawn_from(&table.gateways());
        Self { gateways, uses: table.uses(giver) }
    }
}

/// The thread that asks, until it is stopped.
pub(super) struct Handover {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Handover {
    /// # Errors
    /// [`Error::Thread`].
    pub(super) fn start(table: Table) -> Result<Self, Error> {
        let failed = |source| Error::Thread { source };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    never = run(&table) => match never {},
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("handover".into()).spawn(run).map_err(failed)?;
        Ok(Self { stop, thread })
    }

    /// # Errors
    /// [`Error::Thread`] when it has panicked.
    pub(super) fn stop(self) -> Result<(), Error> {
        // one that has ended does not listen
        let _ = self.stop.send(());
        let panicked =
            |_| Error::Thread { source: io::Error::other("the thread of handovers has panicked") };
        self.thread.join().map_err(panicked)
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Handover")
    }
}

async fn run(table: &Table) -> std::convert::Infallible {
    loop {
        table.moved().await;
        let mut begun = Instant::now();
        loop {
            let gateways = table.gateways();
            let is_known = ask(table, &gateways).await;
            if is_known || begun.elapsed() >= MOST {
                table.settle(&gateways);
            }
            if table.is_settled() {
                break;
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                () = table.moved() => begun = Instant::now(),
            }
        }
    }
}

/// Asks all others once. True when it is known what all of them use, and all draw from the same gateways.
async fn ask(table: &Table, gateways: &Gateways) -> bool {
    let path = format!("{PATH}/{}", table.giver());
    let asked = gateways.peers().map(|peer| {
        let path = &path;
        async move { (peer, report(peer, path).await) }
    });
    let own = drawn_from(gateways);
    let mut is_known = true;
    for (peer, said) in join_all(asked).await {
        match said {
            Said::Report(Report { gateways, uses }) => {
                is_known &= gateways == own;
                table.set_foreign(peer, uses);
            }
            Said::Nothing => table.set_foreign(peer, BTreeMap::new()),
            Said::NotYet => is_known = false,
        }
    }
    is_known
}

async fn report(peer: SocketAddr, path: &str) -> Said {
    match timeout(PATIENCE, get(peer, path, HeaderMap::new())).await {
        Ok(Ok((_, body))) => serde_json::from_slice(&body).map_or(Said::Nothing, Said::Report),
        Ok(Err(_)) => Said::Nothing,
        Err(_) => Said::NotYet,
    }
}

fn drawn_from(gateways: &Gateways) -> Vec<SocketAddr> {
    let mut drawn: Vec<_> = gateways.stay().collect();
    drawn.sort_unstable();
    drawn
}
