//! Our own certificate: the one of the settings, or one that the gateway made for itself.

use std::io;
use std::path::Path;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{certificates, unusable};
use crate::config::fingerprint::Fingerprint;
use crate::shell::private_file;
use crate::shell::sockets::BindError;

/// Where the certificate that the gateway made for itself is kept, with its key.
const FILE: &str = "sip-tls.pem";

/// The name in it. Peers know it by its fingerprint: it says nothing of who we are.
const NAME: &str = "loopstart";

/// A certificate, those between it and its authority, and its key.
pub(super) struct OwnCertificate {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// Where it was read from.
    pub(super) file: String,
}

impl OwnCertificate {
    /// That of the settings; where they name none, that of the data folder, which is made when it is missing.
    pub(super) fn load(certificate: &str, key: &str, folder: &Path) -> Result<Self, BindError> {
        const SETTING: &str = "gateway.tls_certificate";
        if !certificate.is_empty() {
            return Self::read(certificate, key, "gateway.tls_key");
        }
        let path = folder.join(FILE);
        let file = path.display().to_string();
        if !path.exists() {
            let made = make().map_err(|error| unusable(&file, SETTING, &error))?;
            match private_file::publish(&path, made.as_bytes()) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(unusable(&file, SETTING, &error)),
                _ => {}
            }
        }
        Self::read(&file, &file, SETTING)
    }

    fn read(certificate: &str, key: &str, setting_of_key: &str) -> Result<Self, BindError> {
        let chain = certificates(certificate, "gateway.tls_certificate")?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, setting_of_key, &error))?;
        Ok(OwnCertificate { chain, key, file: certificate.to_owned() })
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.chain.first().map_or(&[][..], |certificate| certificate))
    }
}

/// A certificate and its key as PEM. It is valid for as long as a box may stand in a cupboard: nobody renews it.
fn make() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([NAME.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    let certificate = params.self_signed(&key)?;
    Ok(certificate.pem() + &key.serialize_pem())
}
