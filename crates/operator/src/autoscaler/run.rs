use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use jiff::Timestamp;
use longshore_platform::LoadReport;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    Metrics, Target, Targets,
    delay::TICK_SECONDS,
    load::{Loads, Second},
    metrics::Decided,
    revision::{Reason, Replicas, Revision, Verdict},
    words::explain,
};
use crate::{Error, cluster::Key};

/// How long a gateway may take to report.
const PATIENCE: Duration = Duration::from_millis(500);

/// Longest time for which missed seconds are filled with the figures of the next report.
const LONGEST_PAUSE: u64 = 10;

/// Writes that are under way at most.
const WRITES: usize = 32;

/// How long a write is taken to hold although no watch shows it.
const WRITTEN: Duration = Duration::from_secs(5);

/// What the autoscaler sees of the platform, and what it does there.
pub trait Platform: Send + Sync + 'static {
    /// The ports for peers of all gateways that take requests.
    fn gateways(&self) -> Vec<SocketAddr>;

    /// What a gateway reports; nothing when it does not answer.
    fn report(&self, gateway: SocketAddr) -> impl Future<Output = Option<LoadReport>> + Send;

    /// The replicas of a revision; nothing when it has no Deployment.
    fn replicas(&self, service: &Key, revision: &str) -> Option<Replicas>;

    /// Gives a revision another number of replicas, or another reason for those that it has, unless
    /// their number has changed.
    fn scale(&self, change: Change) -> impl Future<Output = Result<(), Error>> + Send;

    /// Tells people what was done.
    fn tell(&self, news: News) -> impl Future<Output = ()> + Send;
}

/// Another number of replicas, or another reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The revision.
    pub revision: Key,
    /// Replicas that it is to have now.
    pub from: i32,
    /// Replicas that it is to have then.
    pub to: i32,
    /// Why, in words.
    pub reason: String,
}

/// What people who look at an InferenceService may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The InferenceService.
    pub service: Key,
    /// Its UID.
    pub uid: String,
    /// Its revision.
    pub revision: String,
    /// What happened, in one word.
    pub reason: &'static str,
    /// What happened, in words.
    pub message: String,
    /// True when somebody should do something.
    pub is_warning: bool,
}

/// What the autoscaler remembers of a revision, and what it has written of it.
struct Kept {
    revision: Revision,
    decided: Option<(Instant, Decided)>,
    /// The number before and after the last write, and when it was.
    written: Option<(i32, i32, Instant)>,
    told: Option<Reason>,
    seen: Replicas,
}

/// Asks gateways for their load each second and keeps the replicas of `targets` by it, until it is
/// dropped. Only one may run in a cluster at a time.
pub async fn run<P: Platform>(platform: Arc<P>, targets: Targets, metrics: Metrics) -> Infallible {
    let mut autoscaler = Autoscaler {
        platform,
        targets,
        metrics,
        loads: Loads::default(),
        kept: BTreeMap::new(),
        last: None,
        writes: JoinSet::new(),
        writing: BTreeSet::new(),
        permits: Arc::new(Semaphore::new(WRITES)),
    };
    let start = Instant::now();
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let tick = ticks.tick().await;
        // ticks are whole seconds after the start
        let second = (tick.duration_since(start) + Duration::from_millis(1)).as_secs();
        autoscaler.look(second).await;
    }
}

struct Autoscaler<P> {
    platform: Arc<P>,
    targets: Targets,
    metrics: Metrics,
    loads: Loads,
    kept: BTreeMap<Key, Kept>,
    last: Option<u64>,
    writes: JoinSet<(Key, Result<(), Error>)>,
    writing: BTreeSet<Key>,
    permits: Arc<Semaphore>,
}

impl<P: Platform> Autoscaler<P> {
    /// One second: asks, decides, writes.
    async fn look(&mut self, second: u64) {
        let load = self.ask(second).await;
        self.finish_writes();
        let first = match self.last {
            Some(last) if second.saturating_sub(last) <= LONGEST_PAUSE => last + 1,
            _ => second,
        };
        self.last = Some(second);
        let mut present = BTreeSet::new();
        for (service, targets) in self.targets.all() {
            for target in targets.iter() {
                let Some(replicas) = self.platform.replicas(&service, &target.revision) else {
                    continue;
                };
                let key = Key::new(&*service.namespace, &*target.revision);
                present.insert(key.clone());
                self.keep(first..=second, &load, &service, target, replicas, key);
            }
        }
        self.kept.retain(|key, _| present.contains(key));
        let decided = self
            .kept
            .iter()
            .filter_map(|(key, kept)| kept.decided.map(|(_, decided)| (key.clone(), decided)));
        self.metrics.set(decided.collect());
    }

    async fn ask(&mut self, second: u64) -> Second {
        let answers = self.platform.gateways().into_iter().map(async |gateway| {
            let report = timeout(PATIENCE, self.platform.report(gateway)).await;
            (gateway, report.ok().flatten())
        });
        let answers = join_all(answers).await;
        self.loads.take(second, answers)
    }

    /// Takes the load of these seconds, decides when it is time, and writes what is decided.
    fn keep(
        &mut self,
        seconds: std::ops::RangeInclusive<u64>,
        load: &Second,
        service: &Key,
        target: &Target,
        seen: Replicas,
        key: Key,
    ) {
        let now = Duration::from_secs(*seconds.end());
        let kept = self.kept.entry(key.clone()).or_insert_with(|| Kept {
            revision: Revision::new(target, seen, now),
            decided: None,
            written: None,
            told: None,
            seen,
        });
        let figures = load.of(&key);
        let replicas = kept.replicas(seen);
        for second in seconds {
            let second = Duration::from_secs(second);
            kept.revision.record(second, figures, load.is_known, replicas);
        }
        let is_due = kept.decided.is_none_or(|(at, _)| {
            at.elapsed() + Duration::from_millis(500) >= Duration::from_secs(TICK_SECONDS)
        });
        let woke = kept.seen.wanted == 0 && seen.wanted > 0;
        kept.seen = seen;
        if !is_due && figures.held == 0 && !woke {
            return;
        }
        let at_least = target.settings.schedule.at_least(Timestamp::now());
        let verdict = kept.revision.decide(now, target, replicas, load, at_least);
        kept.decided = Some((Instant::now(), Decided { verdict, replicas }));
        let reason = explain(&verdict, &target.settings);
        if let Some(news) = kept.news(service, target, replicas, &verdict, woke, &reason) {
            let platform = self.platform.clone();
            // an Event that is lost is not worth a wait
            tokio::spawn(async move { platform.tell(news).await });
        }
        let is_new = verdict.replicas != replicas.wanted || kept.is_news(&verdict, replicas);
        if self.writing.contains(&key) {
            return;
        }
        if verdict.decision.is_some() {
            kept.told = Some(verdict.reason);
        }
        if !is_new {
            return;
        }
        let change =
            Change { revision: key.clone(), from: replicas.wanted, to: verdict.replicas, reason };
        self.write(key, change);
    }

    fn write(&mut self, key: Key, change: Change) {
        if change.from != change.to {
            let Change { revision, from, to, reason } = &change;
            tracing::info!(%revision, from, to, reason, "scale");
        }
        if let Some(kept) = self.kept.get_mut(&key) {
            kept.written = Some((change.from, change.to, Instant::now()));
        }
        self.writing.insert(key.clone());
        let (platform, permits) = (self.platform.clone(), self.permits.clone());
        self.writes.spawn(async move {
            let _permit = permits.acquire_owned().await;
            (key, platform.scale(change).await)
        });
    }

    fn finish_writes(&mut self) {
        while let Some(done) = self.writes.try_join_next() {
            let Ok((key, result)) = done else { continue };
            self.writing.remove(&key);
            if let Err(error) = result {
                tracing::warn!(revision = %key, %error, "a revision was not scaled; trying again");
                if let Some(kept) = self.kept.get_mut(&key) {
                    (kept.written, kept.told) = (None, None);
                }
            }
        }
    }
}

impl Kept {
    /// The replicas that a revision has: what was written just now holds before a watch shows it.
    fn replicas(&mut self, seen: Replicas) -> Replicas {
        match self.written {
            Some((from, to, at)) if seen.wanted == from && at.elapsed() < WRITTEN => {
                Replicas { wanted: to, ..seen }
            }
            _ => {
                self.written = None;
                seen
            }
        }
    }

    /// True when a reason is worth a write although the number stays: the first one, and when a limit is
    /// reached or left. Others come and go without one, as there may be thousands of revisions.
    fn is_news(&self, verdict: &Verdict, replicas: Replicas) -> bool {
        let is_first = self.told.is_none() && !replicas.is_explained;
        let was_limited = self.told == Some(Reason::AtMost);
        let is_limited = verdict.reason == Reason::AtMost;
        verdict.decision.is_some() && (is_first || was_limited != is_limited)
    }

    /// What people may want to know of a decision.
    fn news(
        &self,
        service: &Key,
        target: &Target,
        replicas: Replicas,
        verdict: &Verdict,
        woke: bool,
        words: &str,
    ) -> Option<News> {
        let revision = &target.revision;
        let (reason, message) = if woke {
            ("Woken", format!("a request woke revision `{revision}`"))
        } else if verdict.replicas == 0 && replicas.wanted > 0 {
            ("ScaledToZero", format!("revision `{revision}` sleeps: nobody asks for it"))
        } else if verdict.reason == Reason::AtMost && self.told != Some(Reason::AtMost) {
            ("ScaleLimited", format!("revision `{revision}` has {words}"))
        } else {
            return None;
        };
        Some(News {
            service: service.clone(),
            uid: target.uid.clone(),
            revision: revision.clone(),
            reason,
            message,
            is_warning: reason == "ScaleLimited",
        })
    }
}

#[cfg(test)]
mod tests;
