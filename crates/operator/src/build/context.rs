use longshore_kserve::{
    address::ServiceHosts,
    annotations::{DeploymentMode, KNATIVE_VISIBILITY, VISIBILITY},
    status::FailureReason,
    template::Names,
};

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

    /// The hosts by which the service is asked.
    pub(super) fn hosts(&self) -> ServiceHosts<'c> {
        let labels = self.service.labels;
        let is_local = [VISIBILITY, KNATIVE_VISIBILITY]
            .iter()
            .any(|label| labels.get(*label).is_some_and(|value| value == "cluster-local"));
        let Self { settings, mode, .. } = *self;
        ServiceHosts { hosts: &settings.hosts, mode, names: self.names(), is_local }
    }
}

/// A manifest that cannot be served.
pub(super) fn refuse(message: impl Into<String>) -> Refusal {
    Refusal { reason: FailureReason::InvalidPredictorSpec, message: message.into() }
}
