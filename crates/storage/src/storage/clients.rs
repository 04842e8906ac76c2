//! The clients of the kinds of storage, each made when it is first needed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    Config, Error, Location, azure::Azure, gs::Gs, hf::Hf, mlflow_server::MlflowServer, s3::S3,
    web::Web,
};

/// Clients made so far.
#[derive(Debug, Default)]
struct Made {
    s3: Option<Arc<S3>>,
    gs: Option<Arc<Gs>>,
    azure: Option<Arc<Azure>>,
    hf: Option<Arc<Hf>>,
    mlflow_server: Option<Arc<MlflowServer>>,
    web: Option<Arc<Web>>,
}

/// Makes clients, one for each kind of storage.
#[derive(Debug)]
pub(super) struct Clients {
    config: Arc<Config>,
    made: Mutex<Made>,
}

impl Clients {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self { config, made: Mutex::default() }
    }

    pub(super) fn s3(&self) -> Result<Arc<S3>, Error> {
        let slot = &mut self.made().s3;
        or_make(slot, || S3::new(&self.config))
    }

    pub(super) fn gs(&self) -> Result<Arc<Gs>, Error> {
        let slot = &mut self.made().gs;
        or_make(slot, || Gs::new(&self.config))
    }

    pub(super) fn azure(&self) -> Result<Arc<Azure>, Error> {
        let slot = &mut self.made().azure;
        or_make(slot, || Azure::new(&self.config))
    }

    pub(super) fn hf(&self) -> Result<Arc<Hf>, Error> {
        let slot = &mut self.made().hf;
        or_make(slot, || Hf::new(&self.config))
    }

    pub(super) fn mlflow_server(&self, asked: &Location) -> Result<Arc<MlflowServer>, Error> {
        let slot = &mut self.made().mlflow_server;
        let bad = |reason| Error::Location { uri: asked.to_string(), reason };
        or_make(slot, || MlflowServer::new(&self.config, bad))
    }

    pub(super) fn web(&self) -> Arc<Web> {
        self.made().web.get_or_insert_with(|| Arc::new(Web::new(&self.config))).clone()
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn or_make<T>(
    slot: &mut Option<Arc<T>>,
    make: impl FnOnce() -> Result<T, Error>,
) -> Result<Arc<T>, Error> {
    if let Some(client) = slot {
        return Ok(client.clone());
    }
    Ok(slot.insert(Arc::new(make()?)).clone())
}
