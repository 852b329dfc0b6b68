//! Settings of TLS, together.

use super::{Problem, ProblemCode};
use crate::config::settings::{GatewaySettings, PortSettings};
use crate::config::target::Target;
use crate::config::transport::{TlsTrust, Transport};

/// What TLS needs and does not have, where it is used at all.
pub(super) fn check_tls(gateway: &GatewaySettings, problems: &mut Vec<Problem>) {
    if !gateway.takes_tls() {
        return;
    }
    let mut require = |holds: bool, path: &str, code| {
        if !holds {
            problems.push(Problem::error(path, code));
        }
    };
    require(!gateway.takes_tcp() || gateway.sip_tls_port != gateway.sip_port, "gateway.sip_tls_port", ProblemCode::TlsPortTaken);
    let (certificate, key) = (!gateway.tls_certificate.is_empty(), !gateway.tls_key.is_empty());
    require(certificate || !key, "gateway.tls_certificate", ProblemCode::TlsKeyMissing);
    require(key || !certificate, "gateway.tls_key", ProblemCode::TlsKeyMissing);
    match gateway.tls_trust {
        TlsTrust::System => {}
        TlsTrust::Authority => require(!gateway.tls_authority.is_empty(), "gateway.tls_authority", ProblemCode::TlsAuthorityMissing),
        TlsTrust::Fingerprint => {
            require(!gateway.tls_fingerprint.is_empty(), "gateway.tls_fingerprint", ProblemCode::TlsFingerprintMissing);
        }
    }
}

/// Targets that name TLS while it is off.
pub(super) fn check_targets(gateway: &GatewaySettings, port: &PortSettings, place: &str, problems: &mut Vec<Problem>) {
    if gateway.takes_tls() || !port.fxo_to_sip {
        return;
    }
    for (name, text) in [("target", &port.target), ("second_target", &port.second_target)] {
        if Target::parse(text).is_ok_and(|target| target.transport() == Some(Transport::Tls)) {
            problems.push(Problem::error(format!("{place}.{name}"), ProblemCode::TargetNeedsTls));
        }
    }
}
