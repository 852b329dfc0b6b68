use super::*;
use crate::config::settings::{GatewaySettings, PortSettings, Secret};

/// Little work, so that many seals can be tried.
const QUICK: u8 = 4;

fn pass(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

fn settings() -> Settings {
    let port =
        |user: &str, secret: &str| PortSettings { user: user.to_owned(), secret: Secret(secret.to_owned()), ..PortSettings::default() };
    Settings { gateway: GatewaySettings::default(), ports: vec![port("line1", "x7kq-93ms-p2rt"), port("line2", "m4wz-61hb-v8cy")] }
}

fn profile_with(sealed: &str) -> Unopened {
    profile::read(&profile::export(&settings(), SecretsPolicy::Sealed(sealed))).unwrap()
}

fn code(result: Result<Imported, Vec<Problem>>) -> ProblemCode {
    let problems = result.unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].code
}

#[test]
fn what_is_sealed_is_opened_again_with_the_passphrase_and_no_other() {
    let text = export(&settings(), Some(&pass("correct horse"))).unwrap();
    assert!(!text.contains("x7kq") && !text.contains("m4wz"), "{text}");
    let unopened = profile::read(&text).unwrap();
    assert_eq!(unopened.imported.secrets_missing, ["ports[0].secret", "ports[1].secret"]);
    let opened = open(unopened.clone(), Some(&pass("correct horse"))).unwrap();
    assert_eq!((opened.settings, opened.secrets_missing), (settings(), Vec::new()));
    assert_eq!(code(open(unopened.clone(), Some(&pass("correct horsf")))), ProblemCode::WrongPassphrase);
    assert_eq!(code(open(unopened, None)), ProblemCode::PassphraseNeeded);
    assert_eq!(code(profile::import(&text)), ProblemCode::PassphraseNeeded);
}

#[test]
fn a_profile_without_a_seal_asks_for_nothing() {
    let text = export(&settings(), None).unwrap();
    assert_eq!(text, profile::export(&settings(), SecretsPolicy::LeftOut));
    assert!(open(profile::read(&text).unwrap(), None).is_ok());
}

/// A hostile file asks for 2^30 rounds: it is refused before any of them is done.
#[test]
fn a_seal_that_would_take_minutes_is_refused_at_once() {
    let plain = seal("{}", &pass("a"), QUICK).unwrap();
    let reader = ArmoredReader::new(plain.as_bytes());
    let mut bytes = Vec::new();
    { reader }.read_to_end(&mut bytes).unwrap();
    let header = String::from_utf8_lossy(&bytes[..100]).into_owned();
    let stanza = header.lines().nth(1).unwrap();
    let costly = stanza.replace(" 4", " 30");
    let at = bytes.windows(stanza.len()).position(|window| window == stanza.as_bytes()).unwrap();
    let mut hostile = bytes[..at].to_vec();
    hostile.extend_from_slice(costly.as_bytes());
    hostile.extend_from_slice(&bytes[at + stanza.len()..]);
    let mut armoured = Vec::new();
    let mut writer = ArmoredWriter::wrap_output(&mut armoured, Format::AsciiArmor).unwrap();
    writer.write_all(&hostile).unwrap();
    writer.finish().unwrap();
    let problems = open(profile_with(&String::from_utf8(armoured).unwrap()), Some(&pass("a"))).unwrap_err();
    assert_eq!(problems[0].code, ProblemCode::SealTooCostly);
    assert_eq!((problems[0].args["found"].as_str(), problems[0].args["maximum"].as_str()), ("30", "18"));
}

/// Changes each character of a seal in turn: it is refused with a code each time, and never opened to something else.
#[test]
fn no_change_of_a_seal_goes_unnoticed() {
    let passphrase = pass("a");
    let sealed = seal(&Secrets::of(&settings()).to_json(), &passphrase, QUICK).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for at in 0..sealed.len() {
        let mut bytes = sealed.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        match profile::read(&profile::export(&settings(), SecretsPolicy::Sealed(&changed))) {
            Err(problems) => assert_eq!(problems[0].code, ProblemCode::SealDamaged),
            // What follows the last line of the armour, or pads it, may change without changing what is inside.
            Ok(unopened) => match open(unopened, Some(&passphrase)) {
                Ok(opened) => assert_eq!(opened.settings, settings(), "at {at}"),
                Err(problems) => {
                    seen.insert(problems[0].code);
                }
            },
        }
    }
    let expected = [ProblemCode::WrongPassphrase, ProblemCode::SealDamaged, ProblemCode::SealTooCostly];
    assert!(seen.iter().all(|code| expected.contains(code)), "{seen:?}");
    // Whether a changed key looks like a wrong passphrase depends on the dice that made it.
    assert!(seen.contains(&ProblemCode::SealDamaged), "{seen:?}");
}

#[test]
fn a_seal_that_is_cut_short_is_damaged() {
    let sealed = seal(&Secrets::of(&settings()).to_json(), &pass("a"), QUICK).unwrap();
    for length in [40, 100, sealed.len() / 2, sealed.len() - 40] {
        assert_eq!(code(open(profile_with(&sealed[..length]), Some(&pass("a")))), ProblemCode::SealDamaged, "{length}");
    }
}

#[test]
fn what_is_inside_must_be_secrets_of_these_settings() {
    let passphrase = pass("a");
    for (inside, expected) in [
        ("", ProblemCode::SealWithoutSecrets),
        ("[1]", ProblemCode::SealWithoutSecrets),
        (r#"{"ports[7].secret":"a"}"#, ProblemCode::UnknownSecret),
        (r#"{"ports[0].user":"a"}"#, ProblemCode::UnknownSecret),
        (r#"{"ports[0].secret":7}"#, ProblemCode::WrongType),
    ] {
        let sealed = seal(inside, &passphrase, QUICK).unwrap();
        assert_eq!(code(open(profile_with(&sealed), Some(&passphrase))), expected, "{inside}");
    }
    let mut sealed = Vec::new();
    let mut recipient = age::scrypt::Recipient::new(SecretString::from("a".to_owned()));
    recipient.set_work_factor(QUICK);
    let encryptor = Encryptor::with_recipients(iter::once(&recipient as _)).unwrap();
    let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor).unwrap()).unwrap();
    writer.write_all(&[0xff, 0xfe, 0x00]).unwrap();
    writer.finish().unwrap().finish().unwrap();
    let sealed = String::from_utf8(sealed).unwrap();
    assert_eq!(code(open(profile_with(&sealed), Some(&passphrase))), ProblemCode::SealWithoutSecrets);
}

/// A file that age sealed to a key instead of a passphrase is none that a passphrase opens.
#[test]
fn a_seal_for_a_key_is_not_one_for_a_passphrase() {
    let key = age::x25519::Identity::generate();
    let sealed = age::encrypt_and_armor(&key.to_public(), b"{}").unwrap();
    assert_eq!(code(open(profile_with(&sealed), Some(&pass("a")))), ProblemCode::SealDamaged);
}

#[test]
fn a_secret_both_sealed_and_in_the_clear_is_refused() {
    let passphrase = pass("a");
    let sealed = seal(&Secrets::of(&settings()).to_json(), &passphrase, QUICK).unwrap();
    let text = profile::export(&settings(), SecretsPolicy::Sealed(&sealed));
    let text = text.replacen(r#""user": "line1""#, r#""user": "line1", "secret": "by-hand-77""#, 1);
    assert_eq!(code(open(profile::read(&text).unwrap(), Some(&passphrase))), ProblemCode::SecretTwice);
}
