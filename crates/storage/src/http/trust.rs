use std::{fs, path::PathBuf};

use ureq::tls::{Certificate, PemItem, parse_pem};

use crate::Environment;

/// Where systems keep the certificates of authorities, in one PEM file.
const SYSTEM: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Which servers are believed to be who they say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// Files of authorities that a user names. Without one: the system's, else those built in.
    pub(crate) bundles: Vec<PathBuf>,
    /// Whether any certificate will do.
    pub(crate) insecure: bool,
}

impl Trust {
    /// Trusts the authorities that the first set variable names, and those in `SSL_CERT_FILE`.
    pub(crate) fn of(environment: &Environment, variables: &[&str]) -> Self {
        let named = variables.iter().find_map(|name| environment.get(name));
        let system = environment.get("SSL_CERT_FILE");
        let bundles = named.into_iter().chain(system).map(PathBuf::from).collect();
        Self { bundles, insecure: false }
    }

    /// The same with what KServe's Secrets for S3 say: a ConfigMap's bundle of authorities, which is
    /// mounted, and whether certificates are looked at.
    pub(crate) fn with_kserve(mut self, environment: &Environment) -> Self {
        let mounted = environment
            .get("CA_BUNDLE_CONFIGMAP_NAME")
            .and_then(|_| environment.get("CA_BUNDLE_VOLUME_MOUNT_POINT"));
        self.bundles.extend(mounted.map(|folder| PathBuf::from(folder).join("cabundle.crt")));
        let verified = environment.get("S3_VERIFY_SSL");
        self.insecure =
            verified.is_some_and(|value| value == "0" || value.eq_ignore_ascii_case("false"));
        self
    }

    /// The authorities to trust; `None` are those built into the program.
    ///
    /// # Errors
    /// A sentence about a named file that cannot be used.
    pub(crate) fn certificates(&self) -> Result<Option<Vec<Certificate<'static>>>, String> {
        let mut all = Vec::new();
        for path in &self.bundles {
            let pem = fs::read(path).map_err(|error| {
                format!("the file of certificates `{}` cannot be read: {error}", path.display())
            })?;
            let found = authorities(&pem);
            if found.is_empty() {
                return Err(format!("`{}` holds no certificate in PEM form", path.display()));
            }
            all.extend(found);
        }
        let system = SYSTEM.iter().filter_map(|path| fs::read(path).ok());
        all.extend(
            system
                .map(|pem| authorities(&pem))
                .find(|found| !found.is_empty())
                .into_iter()
                .flatten(),
        );
        Ok(if all.is_empty() { None } else { Some(all) })
    }
}

fn authorities(pem: &[u8]) -> Vec<Certificate<'static>> {
    parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect()
}

/// The words for a handshake that failed.
pub(crate) fn explain(reason: &str) -> String {
    if reason.contains("certificate") {
        format!(
            "its certificate is not accepted ({reason}); name the PEM file of its authority in `SSL_CERT_FILE`"
        )
    } else {
        reason.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Trust;
    use crate::Environment;

    #[test]
    fn kserves_variables_name_a_bundle_and_switch_the_check_off() {
        let trust = |pairs: &'static [(&str, &str)]| {
            let environment = Environment::new(move |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
            });
            Trust::of(&environment, &["AWS_CA_BUNDLE"]).with_kserve(&environment)
        };
        let mounted = trust(&[
            ("CA_BUNDLE_CONFIGMAP_NAME", "global-ca-bundle"),
            ("CA_BUNDLE_VOLUME_MOUNT_POINT", "/etc/ssl/custom-certs"),
            ("S3_VERIFY_SSL", "1"),
        ]);
        assert_eq!(
            mounted.bundles,
            ["/etc/ssl/custom-certs/cabundle.crt"].map(std::path::PathBuf::from)
        );
        assert!(!mounted.insecure);
        assert!(trust(&[("S3_VERIFY_SSL", "0")]).insecure);
        assert!(trust(&[("S3_VERIFY_SSL", "False")]).insecure);
    }

    #[test]
    fn a_named_file_without_certificates_is_not_passed_over() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let trust = Trust { bundles: vec![file.path().into()], insecure: false };
        assert!(trust.certificates().unwrap_err().contains("no certificate"));
        let trust = Trust { bundles: vec!["/no/such/file".into()], insecure: false };
        assert!(trust.certificates().unwrap_err().contains("/no/such/file"));
    }
}
