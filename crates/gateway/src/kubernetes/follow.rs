//! One list of objects, followed for as long as the gateway runs.

use std::{borrow::Cow, collections::HashSet, fmt, pin::pin, sync::Arc, time::Duration};

use futures_util::StreamExt;
use kube::{
    Api, Resource,
    runtime::watcher::{self, Event, watcher},
};
use serde::de::DeserializeOwned;

use super::{metrics::Counts, objects::Key};

/// How long the API server keeps a watch open. A connection that died without a word is noticed
/// after this, and the next watch goes on where the last one was.
const WATCH_SECONDS: u32 = 30;

/// The first pause after a failure; each further one is twice as long, up to the longest.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The objects of a kind in one namespace, or in all of them.
pub(super) struct Followed<K> {
    /// The API of the kind.
    pub(super) api: Api<K>,
    /// The label that objects have, or the label and its value, where not all are meant.
    pub(super) label: Option<Cow<'static, str>>,
    /// What is counted.
    pub(super) counts: Arc<Counts>,
}

impl<K> Followed<K>
where
    K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned + Send + 'static,
{
    /// Gives `apply` each object that is new or has changed, and `None` for one that is gone; calls
    /// `listed` when all that there are were given once. What is known stays while the API server
    /// does not answer.
    pub(super) async fn run(
        self,
        mut apply: impl FnMut(Key, Option<K>) + Send,
        mut listed: impl FnMut() + Send,
    ) {
        let mut config = watcher::Config::default().timeout(WATCH_SECONDS);
        if let Some(label) = self.label {
            config = config.labels(&label);
        }
        let counts = self.counts;
        let mut events = pin!(watcher(self.api, config));
        // what was given, and which of it a list that is under way has named
        let (mut given, mut named) = (HashSet::new(), HashSet::new());
        let mut pause = None;
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    counts.failed();
                    let delay = pause.map_or(PAUSE, |last: Duration| (last * 2).min(LONGEST_PAUSE));
                    if pause.replace(delay).is_none() {
                        tracing::warn!(
                            kind = %K::kind(&()),
                            %error,
                            "the Kubernetes API does not answer; what was known is routed on"
                        );
                    }
                    tokio::time::sleep(delay).await;
                    continue;
                }
            };
            // a list begins without having asked for anything
            if !matches!(event, Event::Init) && pause.take().is_some() {
                tracing::info!(kind = %K::kind(&()), "the Kubernetes API answers again");
            }
            let before = given.len();
            match event {
                Event::Init => named.clear(),
                Event::InitApply(object) => {
                    let Some(key) = Key::of(object.meta()) else { continue };
                    named.insert(key.clone());
                    given.insert(key.clone());
                    apply(key, Some(object));
                }
                Event::InitDone => {
                    for gone in given.difference(&named) {
                        apply(gone.clone(), None);
                    }
                    given = std::mem::take(&mut named);
                    listed();
                }
                Event::Apply(object) => {
                    let Some(key) = Key::of(object.meta()) else { continue };
                    given.insert(key.clone());
                    apply(key, Some(object));
                }
                Event::Delete(object) => {
                    let Some(key) = Key::of(object.meta()) else { continue };
                    given.remove(&key);
                    apply(key, None);
                }
            }
            counts.objects(before, given.len());
        }
    }
}
