//! Marks in the registry behind `models:/`: where its versions are served.

use std::time::Duration;

use longshore_mlflow::ModelUri;

use super::Storage;
use crate::{Error, Location, mlflow_server::Marked};

impl Storage {
    /// Says in the registry that a version is served at a place, by a [`Mark`](crate::Mark) that holds for at most `lease`
    /// and at least half of it. Asks once for the version, and writes only what it does not say yet.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Denied`] when the registry lets us read only.
    pub fn mark(
        &self,
        model: &ModelUri,
        version: &str,
        place: &str,
        url: &str,
        lease: Duration,
    ) -> Result<(), Error> {
        let server = self.clients.mlflow_server(&Location::Model(model.clone()))?;
        server.mark(Marked { name: model.name(), version }, place, url, lease)
    }

    /// Takes the mark of a place from a version.
    ///
    /// # Errors
    /// [`Error`].
    pub fn unmark(&self, model: &ModelUri, version: &str, place: &str) -> Result<(), Error> {
        let server = self.clients.mlflow_server(&Location::Model(model.clone()))?;
        server.unmark(Marked { name: model.name(), version }, place)
    }

    /// Lets the mark of a place hold for `left` only, unless another replica of it sets the mark anew.
    ///
    /// # Errors
    /// [`Error`].
    pub fn fade(
        &self,
        model: &ModelUri,
        version: &str,
        place: &str,
        left: Duration,
    ) -> Result<(), Error> {
        let server = self.clients.mlflow_server(&Location::Model(model.clone()))?;
        server.fade(Marked { name: model.name(), version }, place, left)
    }
}
