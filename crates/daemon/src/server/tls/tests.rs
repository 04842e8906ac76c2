use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use super::*;

/// A certificate that its own key signed, and the key, in PEM form.
fn pair(change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    change(&mut params);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn open(&self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Tls, Error> {
        let files = Files {
            certificate: self.put("tls.crt", certificate),
            key: self.put("tls.key", key),
            client_ca: None,
            client: ClientCertificate::Required,
        };
        Tls::open(&files)
    }

    /// What is said of such files.
    fn fault(&self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> String {
        self.open(certificate, key).err().unwrap().to_string()
    }
}

#[test]
fn a_wrong_file_is_named_with_what_to_do() {
    let folder = Folder::new();
    let (certificate, key) = pair(|_| {});
    let (_, other) = pair(|_| {});
    let told = |told: String, file: &str, words: &str| {
        assert!(told.contains(file) && told.contains(words), "{told}");
    };
    told(folder.fault("", &key), "tls.crt`", "is empty");
    told(folder.fault(&certificate, ""), "tls.key`", "is empty");
    told(folder.fault("no certificate", &key), "tls.crt`", "BEGIN CERTIFICATE");
    told(folder.fault(&key, &certificate), "tls.crt`", "may be exchanged");
    told(folder.fault(&certificate, &certificate), "tls.key`", "holds no private key");
    told(folder.fault(&certificate, &other), "tls.key`", "not the key of the first certificate");
    let damaged = certificate.replacen("MII", "AII", 1);
    told(folder.fault(&damaged, &key), "tls.crt`", "damaged");
    let der = [0x30, 0x82, 1, 2];
    told(folder.fault(der, &key), "tls.crt`", "DER");
    told(folder.fault(&certificate, der), "tls.key`", "DER");
}

#[test]
fn an_encrypted_key_is_no_riddle() {
    let folder = Folder::new();
    let (certificate, _) = pair(|_| {});
    let newer =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIH0\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AB\n\nMIH0\n\
        -----END RSA PRIVATE KEY-----\n";
    for key in [newer, older] {
        let told = folder.fault(&certificate, key);
        assert!(told.contains("encrypted") && told.contains("openssl pkey"), "{told}");
    }
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    let folder = Folder::new();
    let (certificate, key) = pair(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 2));
    let told = folder.fault(&certificate, &key);
    assert!(
        told.contains("tls.crt` holds a certificate that expired") && told.contains("days ago")
    );
    let (certificate, key) = pair(|params| params.not_before = rcgen::date_time_ymd(3000, 1, 1));
    let told = folder.fault(&certificate, &key);
    assert!(told.contains("valid only in") && told.contains("clock"), "{told}");
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = Folder::new();
    let (certificate, key) = pair(|_| {});
    let certificate = folder.put("tls.crt", certificate);
    let key = folder.put("tls.key", key);
    let fault = |certificate: &Path, key: &Path, client_ca: Option<&Path>| {
        let client_ca = client_ca.map(Path::to_owned);
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        let files = Files { certificate, key, client_ca, client: ClientCertificate::Optional };
        Tls::open(&files).err().unwrap().to_string()
    };
    let (folder, missing) = (folder.0.path(), folder.0.path().join("none"));
    assert!(fault(folder, &key, None).contains("is a folder"));
    assert!(fault(&certificate, folder, None).contains("is a folder"));
    assert!(fault(&certificate, &missing, None).contains("none`"));
    assert!(fault(&certificate, &key, Some(&missing)).contains("none`"));
    assert!(
        fault(&certificate, &key, Some(&key)).contains("holds a private key and no certificate")
    );
}

#[test]
fn a_renewed_pair_is_taken_over_and_a_wrong_one_is_not() {
    let folder = Folder::new();
    let expires = |tls: &Tls| tls.0.settings.get().expires;
    let ends = |year| pair(move |params| params.not_after = rcgen::date_time_ymd(year, 1, 1));
    let (first, first_key) = ends(2100);
    let tls = folder.open(&first, &first_key).unwrap();
    let before = expires(&tls);
    assert!(before > SystemTime::now());
    // the certificate is written first, and for a moment does not fit the key
    let (second, second_key) = ends(2200);
    folder.put("tls.crt", &second);
    tls.look();
    assert_eq!((expires(&tls), tls.0.settings.counts()), (before, (0, 1)));
    folder.put("tls.key", &second_key);
    tls.look();
    assert!(expires(&tls) > before);
    assert_eq!(tls.0.settings.counts(), (1, 1));
    let (old, old_key) = ends(2001);
    folder.put("tls.crt", old);
    folder.put("tls.key", old_key);
    tls.look();
    assert!(expires(&tls) > before, "an expired certificate is not taken over");
    assert_eq!(tls.0.settings.counts(), (1, 2));
}

#[test]
fn the_chain_begins_with_the_certificate_of_the_key() {
    let folder = Folder::new();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let leaf = params.signed_by(&key, &authority).unwrap().pem();
    let (authority, key) = (authority.pem(), key.serialize_pem());
    assert!(folder.open(format!("{leaf}{authority}"), &key).is_ok());
    let told = folder.fault(format!("{authority}{leaf}"), &key);
    assert!(told.contains("before those of its authorities"), "{told}");
}
