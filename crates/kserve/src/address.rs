//! Names of objects, and the hosts that a service is asked by.

use crate::{Component, annotations::DeploymentMode, template::Names};

/// How hosts are made, as KServe's ConfigMap has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// The domain of all hosts.
    pub domain: String,
    /// The host of the mode `Standard`, such as `{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}`.
    pub template: String,
    /// Where services are told apart by paths: such as `/serving/{{ .Namespace }}/{{ .Name }}`.
    pub path_template: Option<String>,
    /// `http` or `https`.
    pub scheme: String,
    /// The domain of the cluster's own names.
    pub cluster_domain: String,
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            domain: "example.com".into(),
            template: "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}".into(),
            path_template: None,
            scheme: "http".into(),
            cluster_domain: "cluster.local".into(),
        }
    }
}

/// The name of a component's objects; `variant` is the predictor's own name.
pub fn object(service: &str, component: Component, variant: Option<&str>) -> String {
    match variant {
        Some(variant) => format!("{service}-{variant}-{}", component.name()),
        None => format!("{service}-{}", component.name()),
    }
}

/// The hosts of one service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceHosts<'h> {
    /// How hosts are made.
    pub hosts: &'h Hosts,
    /// How it is deployed.
    pub mode: DeploymentMode,
    /// What it is called; `domain` is not read.
    pub names: Names<'h>,
    /// True when it is not asked from outside.
    pub is_local: bool,
}

impl ServiceHosts<'_> {
    /// The host by which the object `name` of the service is asked.
    ///
    /// # Errors
    /// When the template does not give a host.
    pub fn host(&self, name: &str) -> Result<String, String> {
        let Names { namespace, .. } = self.names;
        let Hosts { domain, template, .. } = self.hosts;
        if self.is_local {
            return Ok(self.in_cluster(name));
        }
        let host = match self.mode {
            DeploymentMode::Knative => format!("{name}.{namespace}.{domain}"),
            DeploymentMode::Standard => {
                Names { name, domain: Some(domain), ..self.names }.fill(template)?
            }
        };
        check(&host).map(|()| host)
    }

    /// The name by which the object `name` of the service is asked in the cluster.
    pub fn in_cluster(&self, name: &str) -> String {
        format!("{name}.{}.svc.{}", self.names.namespace, self.hosts.cluster_domain)
    }

    /// The URL of the service itself.
    ///
    /// # Errors
    /// When a template does not give a host or a path.
    pub fn url(&self) -> Result<String, String> {
        let Hosts { scheme, domain, path_template, .. } = self.hosts;
        match path_template {
            Some(path) if !self.is_local => {
                let path = Names { domain: Some(domain), ..self.names }.fill(path)?;
                Ok(format!("{scheme}://{domain}/{}", path.trim_start_matches('/')))
            }
            _ => Ok(format!("{}://{}", self.scheme(), self.host(self.names.name)?)),
        }
    }

    /// The scheme by which it is asked; within the cluster there is no other than `http`.
    fn scheme(&self) -> &str {
        if self.is_local { "http" } else { &self.hosts.scheme }
    }

    /// The URL of one of its components' objects.
    ///
    /// # Errors
    /// As [`ServiceHosts::host`].
    pub fn component_url(&self, object: &str) -> Result<String, String> {
        Ok(format!("{}://{}", self.scheme(), self.host(object)?))
    }
}

/// A host has labels of at most 63 characters, and 253 in all (RFC 1035).
fn check(host: &str) -> Result<(), String> {
    let is_label = |label: &str| {
        let inner =
            label.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
        !label.is_empty()
            && label.len() <= 63
            && inner
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match host.split('.').find(|label| !is_label(label)) {
        Some(label) if label.len() > 63 => Err(format!(
            "the host `{host}` has the part `{label}` of {} characters and may have 63; give the service or its namespace a shorter name",
            label.len()
        )),
        Some(_) => Err(format!("`{host}` is no host; see the domain and its template")),
        None if host.len() > 253 => Err(format!("the host `{host}` is longer than 253 characters")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Hosts, ServiceHosts, object};
    use crate::{
        Component,
        annotations::{Annotations, DeploymentMode},
        template::Names,
    };

    fn with<T>(
        hosts: &Hosts,
        mode: DeploymentMode,
        is_local: bool,
        name: &str,
        ask: impl FnOnce(ServiceHosts<'_>) -> T,
    ) -> T {
        let none = Annotations::new();
        let names =
            Names { name, namespace: "ml", domain: None, labels: &none, annotations: &none };
        ask(ServiceHosts { hosts, mode, names, is_local })
    }

    #[test]
    fn objects_are_called_as_kserve_calls_them() {
        assert_eq!(object("iris", Component::Predictor, None), "iris-predictor");
        assert_eq!(object("iris", Component::Predictor, Some("v2")), "iris-v2-predictor");
        assert_eq!(object("iris", Component::Transformer, None), "iris-transformer");
    }

    #[test]
    fn urls_are_those_of_the_mode() {
        use DeploymentMode::{Knative, Standard};
        let hosts = Hosts::default();
        let url = |mode, is_local| with(&hosts, mode, is_local, "iris", |it| it.url().unwrap());
        assert_eq!(url(Knative, false), "http://iris.ml.example.com");
        assert_eq!(url(Standard, false), "http://iris-ml.example.com");
        assert_eq!(url(Standard, true), "http://iris.ml.svc.cluster.local");
        let by_path = Hosts {
            path_template: Some("/serving/{{ .Namespace }}/{{ .Name }}".into()),
            scheme: "https".into(),
            ..Hosts::default()
        };
        let url = |mode, is_local| with(&by_path, mode, is_local, "iris", |it| it.url().unwrap());
        assert_eq!(url(Knative, false), "https://example.com/serving/ml/iris");
        assert_eq!(url(Knative, true), "http://iris.ml.svc.cluster.local");
        let component =
            with(&hosts, Knative, false, "iris", |it| it.component_url("iris-predictor"));
        assert_eq!(component.unwrap(), "http://iris-predictor.ml.example.com");
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        let long = "a".repeat(62);
        let refused =
            with(&Hosts::default(), DeploymentMode::Standard, false, &long, |it| it.url());
        assert!(refused.unwrap_err().contains("65 characters and may have 63"));
        let wrong = Hosts { template: "{{ .Name }}_x".into(), ..Hosts::default() };
        let refused = with(&wrong, DeploymentMode::Standard, false, "iris", |it| it.url());
        assert!(refused.unwrap_err().contains("is no host"));
    }
}
