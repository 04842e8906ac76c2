use longshore_kserve::{annotations::DeploymentMode, status::FailureReason, template::Names};

use super::{Owner, Refusal, Service, Settings, Surroundings};

/// What every step of a plan has to know.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub service: &'c Service<'c>,
    pub around: &'c Surroundings<'c>,
    pub settings: &'c Settings,
    pub mode: DeploymentMode,
}

impl<'c> Context<'c> {
    pub(super) fn owner(&self) -> Owner {
        let Service { name, namespace, uid, .. } = *self.service;
        Owner { name: name.to_owned(), namespace: namespace.to_owned(), uid: uid.to_owned() }
    }

    /// What placeholders stand for.
    pub(super) fn names(&self) -> Names<'c> {
        let Service { name, namespace, labels, annotations, .. } = *self.service;
        Names { name, namespace, domain: None, labels, annotations }
    }
}

/// A manifest that cannot be served.
pub(super) fn refuse(message: impl Into<String>) -> Refusal {
    Refusal { reason: FailureReason::InvalidPredictorSpec, message: message.into() }
}
