use super::*;
use crate::shell::store::tests::Scratch;

fn settings() -> GatewaySettings {
    GatewaySettings { sip_tls: true, sip_tls_port: 0, ..GatewaySettings::default() }
}

fn prepare(settings: &GatewaySettings, folder: &Path, open: &[&Arc<Tls>]) -> Result<Arc<Tls>, BindError> {
    Tls::prepare(TlsSettings::of(settings, [127, 0, 0, 1].into()), folder, open)
}

fn scratch(name: &str) -> Scratch {
    let scratch = Scratch::new(&format!("tls-{name}"));
    std::fs::create_dir_all(&scratch.0).unwrap();
    scratch
}

#[test]
fn the_gateway_makes_itself_one_certificate_and_keeps_it_to_itself() {
    let scratch = scratch("own");
    let first = prepare(&settings(), &scratch.0, &[]).unwrap();
    let again = prepare(&settings(), &scratch.0, &[]).unwrap();
    assert_eq!(first.fingerprint, again.fingerprint);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&scratch.0.join("sip-tls.pem").metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn what_did_not_change_is_kept_and_the_socket_outlives_what_did() {
    let scratch = scratch("kept");
    let before = prepare(&settings(), &scratch.0, &[]).unwrap();
    assert!(Arc::ptr_eq(&prepare(&settings(), &scratch.0, &[&before]).unwrap(), &before));
    let pinned = GatewaySettings { tls_trust: TlsTrust::Fingerprint, tls_fingerprint: before.fingerprint.to_string(), ..settings() };
    let after = prepare(&pinned, &scratch.0, &[&before]).unwrap();
    assert!(!Arc::ptr_eq(&after, &before) && Arc::ptr_eq(&after.listener, &before.listener));
}

#[test]
fn files_that_are_not_there_or_hold_something_else_are_told_with_their_setting() {
    let scratch = scratch("files");
    prepare(&settings(), &scratch.0, &[]).unwrap();
    let (good, text) = (scratch.0.join("sip-tls.pem"), scratch.0.join("words.txt"));
    std::fs::write(&text, "no certificate").unwrap();
    let (good, text) = (good.display().to_string(), text.display().to_string());
    let other = self::scratch("other");
    prepare(&settings(), &other.0, &[]).unwrap();
    let stranger = other.0.join("sip-tls.pem").display().to_string();
    let setting = |certificate: &str, key: &str, authority: &str| {
        let trust = if authority.is_empty() { TlsTrust::System } else { TlsTrust::Authority };
        let (tls_certificate, tls_key, tls_authority) = (certificate.to_owned(), key.to_owned(), authority.to_owned());
        let wanted = GatewaySettings { tls_certificate, tls_key, tls_authority, tls_trust: trust, ..settings() };
        prepare(&wanted, &scratch.0, &[]).err().map(|error| error.setting().to_owned())
    };
    assert_eq!(setting(&good, &good, &good), None);
    assert_eq!(setting("/nowhere.pem", &good, "").as_deref(), Some("gateway.tls_certificate"));
    assert_eq!(setting(&text, &good, "").as_deref(), Some("gateway.tls_certificate"));
    assert_eq!(setting(&good, &text, "").as_deref(), Some("gateway.tls_key"));
    assert_eq!(setting(&good, &stranger, "").as_deref(), Some("gateway.tls_certificate"), "the key of another certificate");
    assert_eq!(setting("", "", &text).as_deref(), Some("gateway.tls_authority"));
}
