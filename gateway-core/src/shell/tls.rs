//! TLS for SIP (RFC 3261 §26.3.1, RFC 5922): our own certificate, whom we trust, and what went wrong.

mod known;
mod own;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use self::known::Known;
use self::own::OwnCertificate;
use super::sockets::BindError;
use crate::config::fingerprint::Fingerprint;
use crate::config::settings::GatewaySettings;
use crate::config::transport::TlsTrust;
use crate::sip::hop::TlsFault;

/// What SIP over TLS needs: a socket, a certificate, and somebody to trust.
pub struct Tls {
    /// The settings that it was made of.
    made_of: TlsSettings,
    /// Where connections are taken.
    pub(super) listener: Arc<TcpListener>,
    /// Where it is bound.
    pub address: SocketAddr,
    /// Of our own certificate: who calls us may know us by it.
    pub fingerprint: Fingerprint,
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("address", &self.address).field("made_of", &self.made_of).finish_non_exhaustive()
    }
}

/// The settings that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSettings {
    address: SocketAddr,
    certificate: String,
    key: String,
    trust: TlsTrust,
    authority: String,
    fingerprint: String,
}

impl TlsSettings {
    pub(super) fn of(settings: &GatewaySettings, ip: IpAddr) -> Self {
        TlsSettings {
            address: SocketAddr::new(ip, settings.sip_tls_port),
            certificate: settings.tls_certificate.clone(),
            key: settings.tls_key.clone(),
            trust: settings.tls_trust,
            authority: settings.tls_authority.clone(),
            fingerprint: settings.tls_fingerprint.clone(),
        }
    }
}

impl Tls {
    /// Reads the certificates and takes the socket, those of `open` where they are the same. `folder` is where a certificate that the
    /// gateway makes for itself is kept.
    ///
    /// # Errors
    /// A file that cannot be used, or a socket that cannot be had.
    pub(super) fn prepare(wanted: TlsSettings, folder: &Path, open: &[&Arc<Tls>]) -> Result<Arc<Tls>, BindError> {
        if let Some(same) = open.iter().find(|tls| tls.made_of == wanted) {
            return Ok(Arc::clone(same));
        }
        let own = OwnCertificate::load(&wanted.certificate, &wanted.key, folder)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let connector = TlsConnector::from(Arc::new(caller(&wanted, &own, &provider)?));
        let fingerprint = own.fingerprint();
        let acceptor = TlsAcceptor::from(Arc::new(called(own, provider)?));
        let listener = match open.iter().find(|tls| tls.made_of.address == wanted.address) {
            Some(before) => Arc::clone(&before.listener),
            None => Arc::new(super::sockets::listen(wanted.address, "gateway.sip_tls_port")?),
        };
        let address = listener.local_addr().unwrap_or(wanted.address);
        Ok(Arc::new(Tls { made_of: wanted, listener, address, fingerprint, acceptor, connector }))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    pub(super) fn connector(&self) -> TlsConnector {
        self.connector.clone()
    }
}

/// The name whose certificate a server has to show: a domain or an address.
pub(super) fn server_name(name: &str) -> io::Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// What a failed handshake says about the other side; nothing when the failure is none of TLS.
pub(super) fn fault(error: &io::Error) -> Option<TlsFault> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(wrong) => match wrong {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
            CertificateError::UnknownIssuer => TlsFault::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::WrongName,
            CertificateError::ApplicationVerificationFailure => TlsFault::WrongFingerprint,
            _ => TlsFault::BadCertificate,
        },
        Error::AlertReceived(_) => TlsFault::Refused,
        _ => TlsFault::NoHandshake,
    })
}

/// How we call others.
fn caller(wanted: &TlsSettings, own: &OwnCertificate, provider: &Arc<CryptoProvider>) -> Result<ClientConfig, BindError> {
    let failed = |error: &Error| unusable(&wanted.certificate, "gateway.tls_certificate", error);
    let begun = ClientConfig::builder_with_provider(Arc::clone(provider)).with_safe_default_protocol_versions();
    let begun = begun.map_err(|error| failed(&error))?;
    let trusting = match wanted.trust {
        TlsTrust::System => begun.with_root_certificates(roots_of_the_system()),
        TlsTrust::Authority | TlsTrust::Fingerprint => {
            begun.dangerous().with_custom_certificate_verifier(Arc::new(known(wanted, provider)?))
        }
    };
    // A certificate that nobody but us vouches for says nothing to a server that asks for one.
    if wanted.certificate.is_empty() {
        return Ok(trusting.with_no_client_auth());
    }
    trusting.with_client_auth_cert(own.chain.clone(), own.key.clone_key()).map_err(|error| failed(&error))
}

/// Whom we know by the file of an authority or by a fingerprint.
fn known(wanted: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Known, BindError> {
    let provider = Arc::clone(provider);
    if wanted.trust == TlsTrust::Fingerprint {
        let pinned = Fingerprint::parse(&wanted.fingerprint);
        let pinned = pinned.ok_or_else(|| unusable("", "gateway.tls_fingerprint", &"no fingerprint"))?;
        return Ok(Known { certificates: vec![pinned], others: None, provider });
    }
    const SETTING: &str = "gateway.tls_authority";
    let failed = |error: &dyn std::fmt::Display| unusable(&wanted.authority, SETTING, error);
    let (mut roots, mut known) = (RootCertStore::empty(), Vec::new());
    for certificate in certificates(&wanted.authority, SETTING)? {
        known.push(Fingerprint::of(&certificate));
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    let others = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    Ok(Known { certificates: known, others: Some(others.map_err(|error| failed(&error))?), provider })
}

/// How others call us.
fn called(own: OwnCertificate, provider: Arc<CryptoProvider>) -> Result<ServerConfig, BindError> {
    let file = own.file.clone();
    let begun = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = begun.and_then(|begun| begun.with_no_client_auth().with_single_cert(own.chain, own.key));
    config.map_err(|error| unusable(&file, "gateway.tls_certificate", &error))
}

/// A computer without any authority trusts nobody: every server is refused, and the reason said then.
fn roots_of_the_system() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, unread) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(taken, unread, errors = found.errors.len(), "certificates of the authorities that this computer trusts");
    roots
}

/// The certificates of a PEM file, one at least.
fn certificates(file: &str, setting: &str) -> Result<Vec<CertificateDer<'static>>, BindError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.map_err(|error| unusable(file, setting, &error))?;
    if read.is_empty() {
        return Err(unusable(file, setting, &"no certificate"));
    }
    Ok(read)
}

fn unusable(file: &str, setting: &str, detail: &dyn std::fmt::Display) -> BindError {
    BindError::CertificateUnusable { file: file.to_owned(), setting: setting.to_owned(), detail: detail.to_string() }
}

#[cfg(test)]
mod tests;
