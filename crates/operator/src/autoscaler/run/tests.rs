use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use longshore_platform::{Load, LoadReport};
use tokio::time::{Instant, sleep};

use super::{Change, Metrics, News, Platform, Replicas, Target, Targets, run};
use crate::{Error, autoscaler::Settings, cluster::Key};

/// These wanted and ready replicas.
const fn has(wanted: i32, ready: i32) -> Replicas {
    Replicas { wanted, ready, is_explained: false }
}

/// A cluster whose replicas are ready as soon as they are asked for, and one gateway.
struct Fake {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    replicas: HashMap<String, Replicas>,
    load: Load,
    changed_at: Duration,
    is_silent: bool,
    refuses: bool,
    changes: Vec<Change>,
    news: Vec<News>,
}

impl Fake {
    fn new(replicas: Replicas) -> Arc<Self> {
        let replicas = [("r".to_owned(), replicas)].into();
        let state = State { replicas, ..State::default() };
        Arc::new(Self { start: Instant::now(), state: Mutex::new(state) })
    }

    /// From now on there are so many requests at a time.
    fn load(&self, in_flight: u32, held: u32) {
        let mut state = self.state.lock().unwrap();
        let now = self.start.elapsed();
        let passed = now.saturating_sub(state.changed_at).as_secs_f64();
        state.changed_at = now;
        state.load.busy_seconds += passed * f64::from(state.load.in_flight);
        state.load.requests += u64::from(in_flight.saturating_sub(state.load.in_flight));
        (state.load.in_flight, state.load.held) = (in_flight, held);
    }

    fn wanted(&self) -> i32 {
        self.state.lock().unwrap().replicas["r"].wanted
    }
}

impl Platform for Fake {
    fn gateways(&self) -> Vec<SocketAddr> {
        vec![SocketAddr::from(([10, 0, 0, 1], 9091))]
    }

    async fn report(&self, _gateway: SocketAddr) -> Option<LoadReport> {
        let state = self.state.lock().unwrap();
        let now = self.start.elapsed();
        let mut load = state.load;
        let passed = now.saturating_sub(state.changed_at).as_secs_f64();
        load.busy_seconds += passed * f64::from(load.in_flight);
        let report = LoadReport {
            instance: "one".to_owned(),
            seconds: 100.0 + now.as_secs_f64(),
            revisions: [("ml/r".to_owned(), load)].into(),
        };
        (!state.is_silent).then_some(report)
    }

    fn replicas(&self, _service: &Key, revision: &str) -> Option<Replicas> {
        self.state.lock().unwrap().replicas.get(revision).copied()
    }

    async fn scale(&self, change: Change) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap();
        if state.refuses {
            return Err(Error::Trace("refused".into()));
        }
        assert_eq!(state.replicas[&change.revision.name].wanted, change.from);
        let replicas = has(change.to, change.to);
        state.replicas.insert(change.revision.name.clone(), replicas);
        state.changes.push(change);
        Ok(())
    }

    async fn tell(&self, news: News) {
        self.state.lock().unwrap().news.push(news);
    }
}

fn targets(settings: Settings) -> Targets {
    let targets = Targets::default();
    let target = Target {
        revision: "r".into(),
        uid: "1".into(),
        settings,
        is_reachable: true,
        has_been_ready: true,
    };
    targets.set(Key::new("ml", "iris"), vec![target]);
    targets
}

async fn seconds(count: u64) {
    // a little after the autoscaler's own second
    sleep(Duration::from_millis(count * 1000 + 10)).await;
}

#[tokio::test(start_paused = true)]
async fn it_goes_up_and_down_and_to_sleep() {
    let fake = Fake::new(has(1, 1));
    let settings = Settings { total: 5.0, max_scale: 10, ..Settings::default() };
    let metrics = Metrics::default();
    let running = tokio::spawn(run(fake.clone(), targets(settings), metrics.clone()));
    seconds(2).await;
    fake.load(21, 0);
    seconds(61).await;
    assert_eq!(fake.wanted(), 6, "21 / 3.5");
    fake.load(200, 0);
    seconds(10).await;
    assert_eq!(fake.wanted(), 10);
    fake.load(0, 0);
    seconds(200).await;
    assert_eq!(fake.wanted(), 0);
    let mut registry = prometheus_client::registry::Registry::default();
    metrics.register(&mut registry);
    let text = longshore_daemon::metrics::render(
        &registry,
        longshore_daemon::metrics::Format::OpenMetrics,
    );
    let line = "longshore_autoscaler_replicas{namespace=\"ml\",revision=\"r\"} 0";
    assert!(text.unwrap().contains(line));
    let state = fake.state.lock().unwrap();
    let reasons: Vec<_> = state.news.iter().map(|news| news.reason).collect();
    assert_eq!(reasons, ["ScaleLimited", "ScaledToZero"]);
    assert!(state.changes.len() < 20, "{:?}", state.changes);
    assert!(state.changes.iter().all(|change| !change.reason.is_empty()));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_are_answered_for_at_once() {
    let fake = Fake::new(has(0, 0));
    let settings = Settings { total: 5.0, ..Settings::default() };
    let running = tokio::spawn(run(fake.clone(), targets(settings), Metrics::default()));
    seconds(31).await;
    fake.load(35, 35);
    seconds(2).await;
    assert_eq!(fake.wanted(), 0, "waking is the gateway's");
    fake.state.lock().unwrap().replicas.insert("r".into(), has(1, 0));
    seconds(2).await;
    assert_eq!(fake.wanted(), 10, "35 / 3.5");
    let state = fake.state.lock().unwrap();
    assert!(state.news.iter().any(|news| news.reason == "Woken"), "{:?}", state.news);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_silent_gateway_puts_nothing_to_sleep() {
    let fake = Fake::new(has(3, 3));
    let running = tokio::spawn(run(fake.clone(), targets(Settings::default()), Metrics::default()));
    seconds(5).await;
    fake.state.lock().unwrap().is_silent = true;
    seconds(600).await;
    assert_eq!(fake.wanted(), 3);
    fake.state.lock().unwrap().is_silent = false;
    seconds(200).await;
    assert_eq!(fake.wanted(), 0);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_tried_again() {
    let fake = Fake::new(has(1, 1));
    fake.state.lock().unwrap().refuses = true;
    let settings = Settings { min_scale: 2, ..Settings::default() };
    let targets = targets(settings);
    let running = tokio::spawn(run(fake.clone(), targets.clone(), Metrics::default()));
    seconds(20).await;
    assert_eq!(fake.wanted(), 1);
    fake.state.lock().unwrap().refuses = false;
    seconds(4).await;
    assert_eq!(fake.wanted(), 2);
    // what is no target any more is left alone
    targets.set(Key::new("ml", "iris"), Vec::new());
    fake.state.lock().unwrap().replicas.insert("r".into(), has(0, 0));
    seconds(10).await;
    assert_eq!(fake.wanted(), 0);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_reason_is_written_once_and_not_again_by_the_next_leader() {
    let fake = Fake::new(has(1, 1));
    let settings = Settings { min_scale: 1, ..Settings::default() };
    let running = tokio::spawn(run(fake.clone(), targets(settings.clone()), Metrics::default()));
    fake.load(3, 0);
    seconds(100).await;
    running.abort();
    let before = std::mem::take(&mut fake.state.lock().unwrap().changes);
    assert_eq!(before.len(), 1, "{before:?}");
    assert_eq!((before[0].from, before[0].to), (1, 1));
    let replicas = Replicas { is_explained: true, ..has(1, 1) };
    fake.state.lock().unwrap().replicas.insert("r".into(), replicas);
    let running = tokio::spawn(run(fake.clone(), targets(settings), Metrics::default()));
    seconds(30).await;
    fake.state.lock().unwrap().is_silent = true;
    seconds(30).await;
    assert_eq!(fake.state.lock().unwrap().changes, []);
    running.abort();
}
