//! Tells the gateways where this replica is, as soon as it answers: Kubernetes' list of addresses comes
//! a second later.

use std::{
    collections::HashSet,
    fs, io,
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use longshore_daemon::Drain;
use longshore_platform::{Announcement, names};
use ureq::Agent;

use crate::Models;

/// Pauses before each round after the first, in which the gateways that have not taken the announcement
/// are asked again, and new ones too. By the end Kubernetes lists the address itself.
const PAUSES: &[Duration] = &[
    Duration::from_millis(15),
    Duration::from_millis(30),
    Duration::from_millis(60),
    Duration::from_millis(120),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(3),
];

/// How long the first attempt to connect may take; each further one has twice as long. The packets of a
/// new pod may be dropped until its network knows it, and the system sends them again only after a second.
const CONNECT: Duration = Duration::from_millis(50);

/// Attempts to connect in one round.
const CONNECTS: u32 = 5;

/// How long a gateway may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How often the end of the server is looked for while models are awaited.
const LOOK: Duration = Duration::from_secs(1);

/// Announces a replica to gateways.
#[derive(Clone, Debug)]
pub struct Announcer {
    /// `HOST:PORT`; each address that the host's name has is a gateway.
    gateways: String,
    announcement: Announcement,
    /// The token of the pod's ServiceAccount; Kubernetes writes it anew from time to time.
    token_file: PathBuf,
}

impl Announcer {
    /// An announcer for the gateways at `gateways`, `HOST` or `HOST:PORT`; the port of a gateway for
    /// announcements is 9092. Nothing is asked or read yet.
    pub fn new(gateways: &str, announcement: Announcement, token_file: PathBuf) -> Self {
        let has_port = gateways.rsplit_once(':').is_some_and(|(host, port)| {
            port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
        });
        let gateways = if has_port {
            gateways.to_owned()
        } else {
            format!("{gateways}:{}", names::ANNOUNCE_PORT)
        };
        Self { gateways, announcement, token_file }
    }

    /// Starts a thread that announces the replica once every model answers. It ends by itself, also when
    /// nothing came of it: who is not announced is found through Kubernetes.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(self, models: Models, drain: Drain) -> io::Result<()> {
        let work = move || self.run(&models, &drain);
        thread::Builder::new().name("announce".into()).spawn(work).map(drop)
    }

    fn run(&self, models: &Models, drain: &Drain) {
        // looked up while the models load, so that the first round need not wait for it
        let early = self.addresses();
        while !models.await_ready(LOOK) && !drain.has_begun() {}
        if drain.has_begun() {
            return;
        }
        let agent: Agent = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            // the gateways are in the cluster, and no proxy may see the token
            .proxy(None)
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        let mut told = HashSet::new();
        let mut failure = self.round(&agent, early, &mut told);
        for pause in PAUSES {
            thread::sleep(*pause);
            if drain.has_begun() {
                return;
            }
            failure = self.round(&agent, self.addresses(), &mut told);
        }
        if let Some(reason) = failure {
            tracing::warn!(
                reason,
                "the replica could not be announced at {}; it gets requests once Kubernetes lists it",
                self.gateways
            );
        }
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let found = self.gateways.to_socket_addrs();
        found.map(Iterator::collect).map_err(|error| format!("`{}`: {error}", self.gateways))
    }

    /// Tells every gateway that does not know it yet. Gives a reason when one was not told.
    fn round(
        &self,
        agent: &Agent,
        addresses: Result<Vec<SocketAddr>, String>,
        told: &mut HashSet<SocketAddr>,
    ) -> Option<String> {
        let addresses = match addresses {
            Ok(addresses) => addresses.into_iter().filter(|address| !told.contains(address)),
            Err(reason) => return Some(reason),
        };
        let token = match fs::read_to_string(&self.token_file) {
            Ok(token) => Arc::new(token.trim().to_owned()),
            Err(error) => return Some(format!("`{}`: {error}", self.token_file.display())),
        };
        // a thread each: a gateway that hangs must not keep the others from learning of it
        let answers: Vec<_> = thread::scope(|scope| {
            let asking: Vec<_> = addresses
                .map(|address| {
                    let token = token.clone();
                    (address, scope.spawn(move || self.tell(agent, address, &token)))
                })
                .collect();
            let answers = asking.into_iter().map(|(address, thread)| {
                let failed = || Err("the thread that asks it has failed".to_owned());
                (address, thread.join().unwrap_or_else(|_| failed()))
            });
            answers.collect()
        });
        let mut failure = None;
        for (address, answer) in answers {
            match answer {
                Ok(()) => {
                    tracing::debug!(gateway = %address, "announced");
                    told.insert(address);
                }
                Err(reason) => {
                    tracing::debug!(gateway = %address, reason, "not announced");
                    failure = Some(format!("{address}: {reason}"));
                }
            }
        }
        failure
    }

    fn tell(&self, agent: &Agent, address: SocketAddr, token: &str) -> Result<(), String> {
        let body = serde_json::to_vec(&self.announcement).map_err(|error| error.to_string())?;
        let ask = |patience| {
            agent
                .post(format!("http://{address}{}", names::ANNOUNCE_PATH))
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .config()
                .timeout_connect(Some(patience))
                .build()
                .send(&body[..])
        };
        let mut reply = ask(CONNECT);
        for attempt in 1..CONNECTS {
            if !matches!(reply, Err(ureq::Error::Timeout(ureq::Timeout::Connect))) {
                break;
            }
            reply = ask(CONNECT * 2_u32.pow(attempt));
        }
        let mut reply = reply.map_err(|error| error.to_string())?;
        if reply.status().is_success() {
            return Ok(());
        }
        let text = reply.body_mut().with_config().limit(4 << 10).lossy_utf8(true).read_to_string();
        let text = text.unwrap_or_default();
        let text: String = text.chars().filter(|char| !char.is_control()).take(200).collect();
        Err(format!("it answered {}: {text}", reply.status().as_u16()))
    }
}

#[cfg(test)]
mod tests {
    use super::Announcer;
    use longshore_platform::Announcement;

    #[test]
    fn a_host_without_a_port_is_asked_at_the_port_for_peers() {
        let gateways = |text: &str| {
            let announcement = Announcement { revision: "a".into(), address: [10, 0, 0, 1].into() };
            Announcer::new(text, announcement, "token".into()).gateways
        };
        assert_eq!(gateways("peers.system.svc"), "peers.system.svc:9092");
        assert_eq!(gateways("peers.system.svc:80"), "peers.system.svc:80");
        assert_eq!(gateways("[::1]"), "[::1]:9092");
        assert_eq!(gateways("[::1]:80"), "[::1]:80");
    }
}
