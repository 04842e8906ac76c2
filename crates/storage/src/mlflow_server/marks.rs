use std::time::{Duration, SystemTime, UNIX_EPOCH};

use longshore_mlflow::rest::{
    DeleteModelVersionTag, GetModelVersion, ModelVersion, SetModelVersionTag,
};

use super::MlflowServer;
use crate::{Error, Mark, mark::key, time};

/// How long a stale mark stays: somebody may want to know what has ended without a word.
const KEPT: Duration = Duration::from_hours(24);

/// What a mark is about: a version of a registered model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marked<'m> {
    pub(crate) name: &'m str,
    pub(crate) version: &'m str,
}

impl MlflowServer {
    /// Says that a version is served, for at least half of `lease` from now on. Nothing is written when that is said
    /// already, by another replica of the same place for example.
    pub(crate) fn mark(
        &self,
        at: Marked<'_>,
        place: &str,
        url: &str,
        lease: Duration,
    ) -> Result<(), Error> {
        let now = now();
        let mut mark =
            Mark { place: place.to_owned(), url: url.to_owned(), since: now, until: now + lease };
        let version = self.marked(at)?;
        let mut is_said = false;
        let mut old = Vec::new();
        for found in version.tags.iter().filter_map(|tag| Mark::read(&tag.key, &tag.value)) {
            if found.key() != mark.key() {
                old.extend(found.is_stale(now - KEPT).then(|| found.key()));
            } else if !found.is_stale(now) {
                let holds = now + lease / 2 < found.until && found.until <= mark.until;
                is_said = holds && found.url == mark.url;
                mark.since = found.since;
            }
        }
        if !is_said {
            self.write(at, &mark)?;
        }
        old.into_iter().try_for_each(|key| self.remove(at, key))
    }

    /// Takes the mark of a place from a version.
    pub(crate) fn unmark(&self, at: Marked<'_>, place: &str) -> Result<(), Error> {
        gone_is_well(self.remove(at, key(place)))
    }

    /// Lets the mark of a place end soon, unless another replica of it sets the mark anew.
    pub(crate) fn fade(&self, at: Marked<'_>, place: &str, left: Duration) -> Result<(), Error> {
        let until = now() + left;
        let Some(version) = gone_is_well(self.marked(at).map(Some))? else { return Ok(()) };
        let mut marks = version.tags.iter().filter_map(|tag| Mark::read(&tag.key, &tag.value));
        match marks.find(|mark| mark.key() == key(place) && mark.until > until) {
            Some(mark) => self.write(at, &Mark { until, ..mark }),
            None => Ok(()),
        }
    }

    fn marked(&self, at: Marked<'_>) -> Result<ModelVersion, Error> {
        let call = GetModelVersion { name: at.name.to_owned(), version: at.version.to_owned() };
        Ok(self.ask(&call, &what(at))?.model_version)
    }

    fn write(&self, at: Marked<'_>, mark: &Mark) -> Result<(), Error> {
        let call = SetModelVersionTag {
            name: at.name.to_owned(),
            version: at.version.to_owned(),
            key: mark.key(),
            value: mark.to_string(),
        };
        self.ask(&call, &format!("a tag of {}", what(at)))?;
        Ok(())
    }

    fn remove(&self, at: Marked<'_>, key: String) -> Result<(), Error> {
        let (name, version) = (at.name.to_owned(), at.version.to_owned());
        self.ask(&DeleteModelVersionTag { name, version, key }, &format!("a tag of {}", what(at)))?;
        Ok(())
    }
}

/// The moment without its part of a second, which a mark does not hold.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time::seconds(SystemTime::now()))
}

/// Nothing is left to do for a version that was deleted.
fn gone_is_well<T: Default>(done: Result<T, Error>) -> Result<T, Error> {
    match done {
        Err(Error::Missing { .. }) => Ok(T::default()),
        done => done,
    }
}

fn what(at: Marked<'_>) -> String {
    format!("version {} of model `{}`", at.version, at.name)
}
