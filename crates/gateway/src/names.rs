//! Names at which services answer, in one form, so that they can be compared.

use std::borrow::Cow;

/// The longest name of a host (RFC 1035 §2.3.4).
const LONGEST: usize = 253;

/// Brings hosts and routes into one form: lower case, no port, no dot at the end. A name in the
/// cluster has the form `NAME.NAMESPACE.svc`.
#[derive(Debug)]
pub(crate) struct Names {
    /// The end of the cluster's own names, such as `.svc.cluster.local`.
    cluster_suffix: String,
}

impl Names {
    pub(super) fn new(cluster_domain: &str) -> Self {
        let domain = cluster_domain.trim_matches('.').to_ascii_lowercase();
        Self { cluster_suffix: format!(".svc.{domain}") }
    }

    /// A host, as a request names it: with a port, or in another case. `None` when it is no host.
    pub(crate) fn host<'h>(&self, host: &'h str) -> Option<Cow<'h, str>> {
        let host = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) if !host.ends_with(']') => return None,
            _ => host,
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
        if host.is_empty() || host.len() > LONGEST || !host.bytes().all(is_part) {
            return None;
        }
        let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        };
        let Some(name) = host.strip_suffix(self.cluster_suffix.as_str()) else {
            return Some(host);
        };
        Some(Cow::Owned(format!("{name}.svc")))
    }

    /// A route of a service in `namespace`: a host, or a host and a path without a slash at its end.
    ///
    /// # Errors
    /// What is wrong with it and how to mend it.
    pub(crate) fn route(&self, namespace: &str, route: &str) -> Result<String, &'static str> {
        let bare = route.split_once("://").map_or(route, |(_, rest)| rest);
        let (host, path) = bare.find('/').map_or((bare, ""), |at| bare.split_at(at));
        let path = path.trim_end_matches('/');
        if path.contains(['?', '#']) || path.contains("//") {
            return Err(
                "a path has no query, and something between two slashes; write `HOST/PATH`",
            );
        }
        let host = self.host(host).ok_or("it has no host; write `HOST` or `HOST/PATH`")?;
        if let Some(name) = host.strip_suffix(".svc")
            && name.rsplit_once('.').is_none_or(|(_, owner)| owner != namespace)
        {
            return Err("it is the name of a Service in another namespace; name one of its own");
        }
        Ok(format!("{host}{path}"))
    }
}

/// The name of an object in the cluster.
pub(crate) fn in_cluster(namespace: &str, object: &str) -> String {
    format!("{object}.{namespace}.svc")
}

#[cfg(test)]
mod tests {
    use super::Names;

    fn host(host: &str) -> Option<String> {
        Names::new("cluster.local").host(host).map(std::borrow::Cow::into_owned)
    }

    #[test]
    fn a_host_has_one_form() {
        for written in [
            "iris.ml.example.com",
            "IRIS.ml.Example.com",
            "iris.ml.example.com:80",
            "iris.ml.example.com.",
        ] {
            assert_eq!(host(written).as_deref(), Some("iris.ml.example.com"), "{written}");
        }
        for written in
            ["iris.ml.svc", "iris.ml.svc.cluster.local", "iris.ml.svc.cluster.local.:8080"]
        {
            assert_eq!(host(written).as_deref(), Some("iris.ml.svc"), "{written}");
        }
        assert_eq!(host("[::1]:80").as_deref(), Some("[::1]"));
        assert_eq!(host("[::1]").as_deref(), Some("[::1]"));
    }

    #[test]
    fn what_is_no_host_is_none() {
        for wrong in ["", ":80", "a b", "a:b", "a/b", "é", "a\u{0}b", &"a".repeat(254), "user@host"]
        {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_route_is_a_host_and_perhaps_a_path() {
        let names = Names::new("cluster.local");
        let route = |route| names.route("ml", route);
        assert_eq!(route("http://Iris.ml.example.com"), Ok("iris.ml.example.com".into()));
        assert_eq!(
            route("example.com:8443/serving/ml/iris/"),
            Ok("example.com/serving/ml/iris".into())
        );
        assert_eq!(route("http://iris.ml.svc.cluster.local/"), Ok("iris.ml.svc".into()));
        assert!(
            route("http://iris.other.svc.cluster.local").unwrap_err().contains("another namespace")
        );
        assert!(route("/serving/iris").unwrap_err().contains("no host"));
        assert!(route("example.com/a?b").unwrap_err().contains("no query"));
    }
}
