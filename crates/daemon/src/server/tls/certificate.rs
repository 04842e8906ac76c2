//! PEM files: certificates and private keys, and what may be wrong with them.

use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use x509_cert::{Certificate, der::Decode};

use crate::{Error, reload::Content};

/// The first byte of DER, which certificates and keys are in when they are not in PEM form.
const DER: u8 = 0x30;

/// The certificates of a file, in its order; there is at least one.
pub(super) fn certificates(file: &Content) -> Result<Vec<CertificateDer<'static>>, Error> {
    check_form(file, "certificates")?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file.bytes).collect();
    let found = read.map_err(|error| {
        Error::file(&file.path, format!("holds a certificate that is damaged: {error}"))
    })?;
    if found.is_empty() {
        let fault = match private_key(file) {
            Ok(_) => "holds a private key and no certificate; the two files may be exchanged",
            Err(_) => "holds no certificate: `-----BEGIN CERTIFICATE-----` is missing",
        };
        return Err(Error::file(&file.path, fault));
    }
    Ok(found)
}

/// The private key of a file.
pub(super) fn private_key(file: &Content) -> Result<PrivateKeyDer<'static>, Error> {
    check_form(file, "a private key")?;
    if is_encrypted(&file.bytes) {
        let fault = "holds an encrypted key, for which the server has no password; write it without one, by \
             `openssl pkey -in KEY -out NEW`, and let only the server read it";
        return Err(Error::file(&file.path, fault));
    }
    PrivateKeyDer::from_pem_slice(&file.bytes).map_err(|_| {
        let fault =
            "holds no private key: `-----BEGIN PRIVATE KEY-----` or its like is missing or damaged";
        Error::file(&file.path, fault)
    })
}

fn check_form(file: &Content, what: &str) -> Result<(), Error> {
    match file.bytes.first() {
        None => {
            Err(Error::file(&file.path, format!("is empty; it has to hold {what} in PEM form")))
        }
        Some(&DER) => {
            let fault = format!(
                "is in DER form; it has to hold {what} in PEM form, which `openssl x509 -inform der` and \
                 `openssl pkey -inform der` write, or `openssl pkcs12 -nodes` for a `.p12` file"
            );
            Err(Error::file(&file.path, fault))
        }
        Some(_) => Ok(()),
    }
}

/// Encrypted by PKCS #8, or in OpenSSL's older way, which has a header of its own (RFC 1421 §4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        || text.lines().any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED"))
}

/// When a certificate begins to be valid, and when it expires.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Option<(SystemTime, SystemTime)> {
    let read = Certificate::from_der(certificate.as_ref()).ok()?;
    let validity = read.tbs_certificate().validity();
    let time = |since_1970: Duration| SystemTime::UNIX_EPOCH + since_1970;
    Some((
        time(validity.not_before.to_unix_duration()),
        time(validity.not_after.to_unix_duration()),
    ))
}
