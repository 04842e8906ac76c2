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

    #[test]
    fn a_named_file_without_certificates_is_not_passed_over() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let trust = Trust { bundles: vec![file.path().into()], insecure: false };
        assert!(trust.certificates().unwrap_err().contains("no certificate"));
        let trust = Trust { bundles: vec!["/no/such/file".into()], insecure: false };
        assert!(trust.certificates().unwrap_err().contains("/no/such/file"));
    }
}
