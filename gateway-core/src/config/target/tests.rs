use super::*;
use crate::rng::Rng;

const SERVER: &str = "pbx.example:5070";

fn uri(target: &str) -> Result<String, TargetFault> {
    resolve_target(target, SERVER).map(|resolved| resolved.uri)
}

#[test]
fn a_blank_target_calls_unknown_at_the_remote_server() {
    assert_eq!(uri("").as_deref(), Ok("sip:unknown@pbx.example:5070"));
    assert_eq!(uri("   ").as_deref(), Ok("sip:unknown@pbx.example:5070"));
    assert_eq!(resolve_target("", ""), Err(TargetFault::ServerMissing));
}

#[test]
fn each_form_of_a_target_gives_its_exact_uri() {
    for (typed, called) in [
        ("200", "sip:200@pbx.example:5070"),
        ("+551133334444", "sip:+551133334444@pbx.example:5070"),
        ("*72#", "sip:*72%23@pbx.example:5070"),
        ("200@192.0.2.1", "sip:200@192.0.2.1"),
        ("200@Other.Example:5080", "sip:200@other.example:5080"),
        ("200@[2001:db8::1]:5080", "sip:200@[2001:db8::1]:5080"),
        ("200@2001:db8::1", "sip:200@[2001:db8::1]"),
        ("sip:200@a.example", "sip:200@a.example"),
        ("SIPS:200@a.example:5061;transport=tcp;lr", "sips:200@a.example:5061;transport=tcp;lr"),
        ("sip:a.example", "sip:a.example"),
        ("sip:%2a1@a.example", "sip:%2a1@a.example"),
        (" 200 ", "sip:200@pbx.example:5070"),
    ] {
        assert_eq!(uri(typed).as_deref(), Ok(called), "{typed}");
    }
}

#[test]
fn each_mistake_in_a_target_has_its_own_name() {
    for (typed, fault) in [
        ("@pbx.example", TargetFault::UserMissing),
        ("sip:@pbx.example", TargetFault::UserMissing),
        ("two words", TargetFault::BadUser),
        ("joão", TargetFault::BadUser),
        ("200%", TargetFault::BadUser),
        ("200%2", TargetFault::BadUser),
        ("200%zz", TargetFault::BadUser),
        ("200\r\nVia: x", TargetFault::BadScheme),
        ("a@b@pbx.example", TargetFault::BadUser),
        ("<sip:200@pbx.example>", TargetFault::BadScheme),
        ("tel:+551133334444", TargetFault::BadScheme),
        ("http://pbx.example", TargetFault::BadScheme),
        ("pbx.example:5060", TargetFault::BadScheme),
        ("sip:200:1234@pbx.example", TargetFault::PasswordInUri),
        ("sip:200#@pbx.example", TargetFault::BadUser),
        ("sip:200@pbx.example?Subject=x", TargetFault::BadParameters),
        ("sip:200@pbx.example;", TargetFault::BadParameters),
        ("sip:200@pbx.example;a=b=c", TargetFault::BadParameters),
        ("sip:200@pbx.example;x= y", TargetFault::BadParameters),
        ("sip:200", TargetFault::Host(HostFault::NotAnAddress)),
        ("sip:", TargetFault::Host(HostFault::Missing)),
        ("200@", TargetFault::Host(HostFault::Missing)),
        ("200@pbx.example:99999", TargetFault::Host(HostFault::BadPort)),
        ("200@pbx example", TargetFault::Host(HostFault::BadCharacter)),
    ] {
        assert_eq!(uri(typed), Err(fault), "{typed}");
    }
    assert_eq!(uri(&"1".repeat(256)), Err(TargetFault::TooLong));
}

#[test]
fn what_the_caller_needs_to_find_the_server_is_told_apart() {
    let resolved = resolve_target("sips:200@[2001:db8::1]:5061", "").unwrap();
    assert_eq!((resolved.user.as_str(), resolved.host.as_str(), resolved.port, resolved.secure), ("200", "2001:db8::1", Some(5061), true));
    let resolved = resolve_target("200", "2001:db8::2").unwrap();
    assert_eq!((resolved.uri.as_str(), resolved.host.as_str(), resolved.port), ("sip:200@[2001:db8::2]", "2001:db8::2", None));
}

#[test]
fn the_window_sees_a_placeholder_until_a_contact_registered() {
    let shown = exact_uri("200", Mode::SipServer, "").unwrap();
    assert_eq!(shown, ExactUri { uri: "sip:200@*".to_owned(), blank: false, host_from_contact: true });
    let shown = exact_uri("", Mode::SipServer, "ignored.example").unwrap();
    assert_eq!(shown, ExactUri { uri: "sip:unknown@*".to_owned(), blank: true, host_from_contact: true });
    let shown = exact_uri("", Mode::SipClient, "pbx.example").unwrap();
    assert_eq!(shown, ExactUri { uri: "sip:unknown@pbx.example".to_owned(), blank: true, host_from_contact: false });
    assert_eq!(exact_uri("200", Mode::SipTrunk, " "), Err(TargetFault::ServerMissing));
    assert_eq!(exact_uri("200@a.example", Mode::SipServer, "").unwrap().uri, "sip:200@a.example");
}

#[test]
fn no_input_makes_a_target_panic_and_an_exact_uri_reads_as_itself() {
    let mut rng = Rng::from_seed(0x7A46);
    let parts =
        ["sip:", "sips:", "200", "@", "pbx.example", ":", "5060", ";lr", "=", "%41", "%", "?", "[::1]", "#", "é", " ", "\0", "*", "/"];
    for _ in 0..20_000 {
        let text: String = (0..rng.below(7)).map(|_| parts[usize::try_from(rng.below(19)).unwrap()]).collect();
        if let Ok(first) = uri(&text) {
            assert_eq!(uri(&first).as_deref(), Ok(first.as_str()), "{text}");
            assert!(first.chars().all(|c| c.is_ascii_graphic()), "{first}");
        }
    }
}
