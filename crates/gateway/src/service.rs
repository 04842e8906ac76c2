//! An InferenceService as it is routed now.

use std::sync::Arc;

use longshore_kserve::Component;
use longshore_platform::{Policy, Routed, Routes, Sticky, progressive::Shadow};

use crate::{
    Error, Revision, description,
    names::{Names, in_cluster},
};

/// An InferenceService, with its revisions. It is replaced as a whole when its routes change.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Where it is to answer, as [`Names::route`] writes it.
    pub(crate) routes: Vec<(String, Target)>,
    pub(crate) components: [Option<Vec<Share>>; 3],
    pub(crate) sticky: Option<Sticky>,
    pub(crate) policy: Policy,
    pub(crate) no_pool: bool,
}

/// A revision's share of the requests of a component.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub(crate) revision: Arc<Revision>,
    pub(crate) percent: u32,
    /// Which requests it gets a copy of, of those to revisions where this is not set.
    pub(crate) copies: Option<Shadow>,
}

/// What a route of a service leads to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The component that a request names, or the first that all requests pass.
    Service,
    /// One component.
    Component(Component),
    /// One revision.
    Revision(Arc<Revision>),
}

/// What a route leads to, as it is described.
enum Named<'d> {
    Service,
    Component(Component),
    Revision(&'d str),
}

impl Service {
    /// Makes it of what is described; `revision` gives a revision by its name, and is called once for
    /// each of [`Service::revisions`] when nothing is wrong.
    pub(crate) fn new(
        described: &description::Service,
        names: &Names,
        mut revision: impl FnMut(&str) -> Arc<Revision>,
    ) -> Result<Self, Error> {
        let description::Service { namespace, name, at, components, sticky, policy, no_pool } =
            described;
        let full = || format!("{namespace}/{name}");
        let mut routes = vec![(in_cluster(namespace, name), Named::Service)];
        for (component, part) in components {
            let object = longshore_kserve::address::object(name, *component, None);
            routes.push((in_cluster(namespace, &object), Named::Component(*component)));
            let sum: u64 = part.traffic.iter().map(|share| u64::from(share.percent)).sum();
            if !part.traffic.is_empty() && sum != 100 {
                return Err(Error::Shares { service: full(), component: component.name(), sum });
            }
        }
        let own = at.iter().map(|route| (route, Named::Service));
        let parts = components.iter().flat_map(|(component, part)| {
            let own = part.at.iter().map(|route| (route, Named::Component(*component)));
            own.chain(part.traffic.iter().flat_map(|share| {
                share.at.iter().map(|route| (route, Named::Revision(&share.revision)))
            }))
        });
        for (route, named) in own.chain(parts) {
            let fault = |fault| Error::Route { service: full(), route: route.clone(), fault };
            let route = names.route(namespace, route).map_err(fault)?;
            if routes.iter().all(|(other, _)| *other != route) {
                routes.push((route, named));
            }
        }
        let mut shares = |part: &description::Part| -> Vec<Share> {
            let shares = part.traffic.iter();
            shares
                .map(|it| Share {
                    revision: revision(&it.revision),
                    percent: it.percent,
                    copies: it.copies,
                })
                .collect()
        };
        let components =
            Component::ALL.map(|component| components.get(&component).map(&mut shares));
        let mut target = |named| match named {
            Named::Service => Target::Service,
            Named::Component(component) => Target::Component(component),
            Named::Revision(name) => Target::Revision(revision(name)),
        };
        let routes = routes.into_iter().map(|(route, named)| (route, target(named))).collect();
        let (namespace, name) = (namespace.clone(), name.clone());
        let (sticky, policy, no_pool) = (sticky.clone(), policy.clone(), *no_pool);
        Ok(Self { namespace, name, routes, components, sticky, policy, no_pool })
    }

    /// Its revisions, each as often as it is named.
    pub(crate) fn revisions(&self) -> impl Iterator<Item = &Arc<Revision>> {
        let shares = self.components.iter().flatten().flatten().map(|share| &share.revision);
        shares.chain(self.routes.iter().filter_map(|(_, target)| match target {
            Target::Revision(revision) => Some(revision),
            Target::Service | Target::Component(_) => None,
        }))
    }

    /// Who gets which share of the requests of a component; `None` when there is no such component.
    pub(crate) fn shares(&self, component: Component) -> Option<&[Share]> {
        self.components.get(component as usize)?.as_deref()
    }

    /// What a gateway says of it.
    pub(crate) fn describe(&self) -> Routes {
        let mut hosts: Vec<String> = self.routes.iter().map(|(route, _)| route.clone()).collect();
        hosts.sort_unstable();
        let revisions = Component::ALL.into_iter().flat_map(|component| {
            self.shares(component).unwrap_or_default().iter().map(move |share| Routed {
                component: component.name().to_owned(),
                revision: share.revision.name().to_owned(),
                percent: share.percent,
                replicas: share.revision.endpoints().len().try_into().unwrap_or(u32::MAX),
            })
        });
        Routes { hosts, revisions: revisions.collect() }
    }
}
