use super::*;
use crate::config::settings::{LineSettings, Secret};
use crate::config::transport::{RemoteTransport, TlsTrust};

/// Two ports in server mode with nothing to complain about.
fn sound() -> Settings {
    let port = |user: &str, secret: &str| PortSettings {
        user: user.to_owned(),
        secret: Secret(secret.to_owned()),
        target: "200".to_owned(),
        ..PortSettings::default()
    };
    Settings { gateway: GatewaySettings::default(), ports: vec![port("line1", "x7kq-93ms-p2rt"), port("line2", "m4tz-18vb-c6hy")] }
}

fn in_mode(mode: Mode) -> Settings {
    let mut settings = sound();
    settings.gateway.mode = mode;
    settings.gateway.remote_server = "pbx.example".to_owned();
    settings.ports.iter_mut().for_each(|port| port.only_from_host = "192.0.2.1".to_owned());
    settings
}

fn told(settings: &Settings) -> Vec<(String, Severity, ProblemCode)> {
    check(settings, None).into_iter().map(|problem| (problem.path, problem.severity, problem.code)).collect()
}

fn error(path: &str, code: ProblemCode) -> (String, Severity, ProblemCode) {
    (path.to_owned(), Severity::Error, code)
}

fn confirm(path: &str, code: ProblemCode) -> (String, Severity, ProblemCode) {
    (path.to_owned(), Severity::Confirm, code)
}

#[test]
fn sound_settings_have_no_problem_in_any_mode() {
    for mode in [Mode::SipServer, Mode::SipClient, Mode::SipTrunk] {
        assert_eq!(check(&in_mode(mode), Some(2)), [], "{mode:?}");
    }
}

#[test]
fn all_problems_are_told_at_once_and_in_the_order_of_the_pages() {
    let mut settings = sound();
    settings.gateway.sip_port = 0;
    settings.gateway.rtp_port_first = 16385;
    settings.gateway.codecs.clear();
    settings.gateway.country = "ZZ".to_owned();
    settings.ports[0].line.guard_ms = 1;
    settings.ports[0].target = "two words".to_owned();
    settings.ports[1].user = "line1".to_owned();
    settings.ports[1].only_from_host = "pbx:5060, 1.2.3".to_owned();
    settings.ports[1].line.rtp_timeout_s = 4;
    assert_eq!(
        told(&settings),
        [
            error("gateway.sip_port", ProblemCode::BelowMinimum),
            error("gateway.rtp_port_first", ProblemCode::RtpPortOdd),
            error("gateway.codecs", ProblemCode::EmptyList),
            error("gateway.country", ProblemCode::UnknownCountry),
            error("ports[0].target", ProblemCode::BadTarget),
            error("ports[0].line.guard_ms", ProblemCode::BelowMinimum),
            error("ports[1].user", ProblemCode::DuplicateUser),
            error("ports[1].only_from_host", ProblemCode::BadHost),
            error("ports[1].only_from_host", ProblemCode::BadHost),
            error("ports[1].line.rtp_timeout_s", ProblemCode::BelowMinimum),
        ]
    );
    assert!(forbids(&check(&settings, None)));
}

#[test]
fn every_number_is_held_to_the_range_of_its_row() {
    for field in fields::FIELDS {
        let fields::Kind::Integer { min, max, zero_is_off, .. } = field.kind else { continue };
        let codes = |number: i64| -> Vec<ProblemCode> {
            value::check_value(field, "x", &serde_json::json!(number)).into_iter().map(|problem| problem.code).collect()
        };
        assert_eq!(codes(i64::from(min)), []);
        assert_eq!(codes(i64::from(max)), []);
        assert_eq!(codes(i64::from(max) + 1), [ProblemCode::AboveMaximum], "{}", field.path);
        assert_eq!(codes(-1), [ProblemCode::BelowMinimum], "{}", field.path);
        let zero: &[ProblemCode] = if zero_is_off || min == 0 { &[] } else { &[ProblemCode::BelowMinimum] };
        assert_eq!(codes(0), zero, "{}", field.path);
    }
}

#[test]
fn no_line_stays_seized_without_a_bound() {
    let mut settings = sound();
    let line = &mut settings.ports[1].line;
    (line.rtp_timeout_s, line.silence_timeout_s, line.longest_call_s) = (0, 0, 0);
    assert_eq!(told(&settings), [error("ports[1].line.longest_call_s", ProblemCode::NoBoundOnSeizedLine)]);
    let one_bound: [fn(&mut LineSettings); 3] =
        [|line| line.rtp_timeout_s = 30, |line| line.silence_timeout_s = 60, |line| line.longest_call_s = 3600];
    for bound in one_bound {
        let mut bounded = settings.clone();
        bound(&mut bounded.ports[1].line);
        assert_eq!(told(&bounded), []);
    }
}

#[test]
fn users_and_secrets_are_needed_where_the_mode_reads_them() {
    for mode in [Mode::SipServer, Mode::SipClient] {
        let mut settings = in_mode(mode);
        settings.ports[0].user.clear();
        settings.ports[1].secret = Secret::default();
        assert_eq!(
            told(&settings),
            [error("ports[0].user", ProblemCode::UserMissing), error("ports[1].secret", ProblemCode::SecretMissing)]
        );
        settings.ports[0].sip_to_fxo = false;
        settings.ports[0].fxo_to_sip = false;
        assert_eq!(told(&settings), [error("ports[1].secret", ProblemCode::SecretMissing)], "a port out of use needs none");
        settings.gateway.single_user = true;
        assert_eq!(told(&settings), [error("gateway.user", ProblemCode::UserMissing), error("gateway.secret", ProblemCode::SecretMissing)]);
    }
    let mut trunk = in_mode(Mode::SipTrunk);
    trunk.ports.iter_mut().for_each(|port| port.user.clear());
    assert_eq!(told(&trunk), []);
}

#[test]
fn one_user_names_one_port_here_and_may_name_two_at_a_remote_server() {
    let mut settings = in_mode(Mode::SipServer);
    settings.ports[1].user = "line1".to_owned();
    let problems = check(&settings, None);
    assert_eq!((problems[0].severity, problems[0].args["port"].as_str()), (Severity::Error, "1"));
    settings.gateway.mode = Mode::SipClient;
    assert_eq!(told(&settings), [confirm("ports[1].user", ProblemCode::DuplicateUser)]);
    settings.gateway.mode = Mode::SipTrunk;
    assert_eq!(told(&settings), []);
}

#[test]
fn client_and_trunk_mode_need_a_remote_server() {
    for mode in [Mode::SipClient, Mode::SipTrunk] {
        let mut settings = in_mode(mode);
        settings.gateway.remote_server = " ".to_owned();
        assert_eq!(told(&settings), [error("gateway.remote_server", ProblemCode::RemoteServerMissing)]);
        settings.gateway.remote_server = "0.0.0.0".to_owned();
        assert_eq!(told(&settings), [error("gateway.remote_server", ProblemCode::BadRemoteServer)]);
    }
}

#[test]
fn sip_and_rtp_ports_keep_apart_and_below_65536() {
    let mut settings = sound();
    settings.gateway.rtp_port_first = 5058;
    settings.gateway.sip_port = 5061;
    assert_eq!(told(&settings), [error("gateway.sip_port", ProblemCode::SipPortAmongRtpPorts)], "RTCP of port 2 is 5061");
    settings.gateway.sip_port = 5062;
    assert_eq!(told(&settings), []);
    settings.gateway.rtp_port_first = 65534;
    assert_eq!(told(&settings), [error("gateway.rtp_port_first", ProblemCode::RtpPortsBeyondRange)]);
    settings.ports.truncate(1);
    assert_eq!(told(&settings), []);
}

#[test]
fn the_address_to_listen_on_is_an_address_of_a_computer() {
    for (address, good) in [
        ("0.0.0.0", true),
        ("::", true),
        ("192.0.2.1", true),
        ("::1", true),
        ("", false),
        ("localhost", false),
        ("eth0", true),
        ("Ethernet 2", true),
        ("192.168.1", false),
        ("224.0.0.1", false),
        ("255.255.255.255", false),
        ("[::1]", false),
    ] {
        let mut settings = sound();
        settings.gateway.bind_address = address.to_owned();
        assert_eq!(told(&settings).is_empty(), good, "{address}");
    }
}

#[test]
fn a_blank_target_is_confirmed_with_the_uri_it_calls() {
    let mut settings = in_mode(Mode::SipClient);
    settings.ports[1].target.clear();
    let problems = check(&settings, None);
    assert_eq!(told(&settings), [confirm("ports[1].target", ProblemCode::TargetBlank)]);
    assert_eq!(problems[0].args["uri"], "sip:unknown@pbx.example");
    assert!(!forbids(&problems));
    settings.ports[1].fxo_to_sip = false;
    assert_eq!(told(&settings), [], "a ring that is ignored calls nobody");
}

#[test]
fn a_port_open_to_anyone_is_confirmed_in_trunk_mode() {
    for open in ["", "0.0.0.0/0"] {
        let mut settings = in_mode(Mode::SipTrunk);
        settings.ports[0].only_from_host = open.to_owned();
        assert_eq!(told(&settings), [confirm("ports[0].only_from_host", ProblemCode::AnyoneMayCall)]);
        settings.ports[0].sip_to_fxo = false;
        assert_eq!(told(&settings), []);
    }
}

#[test]
fn a_weak_secret_is_confirmed_where_it_guards_our_door() {
    let mut settings = in_mode(Mode::SipServer);
    settings.ports[0].secret = Secret("1234".to_owned());
    assert_eq!(told(&settings), [confirm("ports[0].secret", ProblemCode::SecretWeak)]);
    settings.gateway.mode = Mode::SipClient;
    assert_eq!(told(&settings), []);
}

#[test]
fn no_problem_ever_tells_a_secret() {
    let mut settings = in_mode(Mode::SipServer);
    settings.ports[0].secret = Secret(format!("hunter2\n{}", "x".repeat(200)));
    let problems = check(&settings, None);
    assert!(problems.iter().any(|problem| problem.code == ProblemCode::ControlCharacter));
    assert!(problems.iter().any(|problem| problem.code == ProblemCode::TooLong));
    assert!(!format!("{problems:?}").contains("hunter2"));
}

#[test]
fn more_ports_than_the_devices_have_are_confirmed_and_too_many_refused() {
    let settings = sound();
    assert_eq!(
        check(&settings, Some(1))[0],
        Problem::confirm("ports", ProblemCode::PortsWithoutDevice).with("available", 1).with("found", 2)
    );
    let mut many = in_mode(Mode::SipTrunk);
    many.ports = vec![many.ports[0].clone(); 65];
    assert_eq!(told(&many), [error("ports", ProblemCode::TooManyPorts)]);
}

#[test]
fn a_limit_that_cannot_be_reached_is_confirmed() {
    let mut settings = sound();
    settings.ports[0].line.answer_mode = AnswerMode::FirstOf;
    settings.ports[0].line.answer_limit_s = 61;
    assert_eq!(told(&settings), [confirm("ports[0].line.answer_limit_s", ProblemCode::AnswerLimitBeyondNoAnswer)]);
}

#[test]
fn granted_lifetimes_are_in_order() {
    let mut settings = sound();
    settings.gateway.min_expires_s = 3601;
    assert_eq!(told(&settings), [error("gateway.min_expires_s", ProblemCode::ExpiresOrder)]);
}

#[test]
fn hours_are_spans_of_the_day() {
    let mut settings = sound();
    settings.ports[0].outgoing_hours = "08:00-12:00, 13:00-18:00".to_owned();
    assert_eq!(told(&settings), []);
    settings.ports[0].outgoing_hours = "office hours".to_owned();
    assert_eq!(told(&settings), [error("ports[0].outgoing_hours", ProblemCode::BadHours)]);
}

#[test]
fn a_dialling_rule_can_be_read_and_stands_once() {
    let mut settings = sound();
    settings.gateway.dial_rules = ["deny 00.", "deny 0900.", "allow *21*.", "", "deny 0-900", "deny 00."].map(str::to_owned).to_vec();
    assert_eq!(
        told(&settings),
        [
            error("gateway.dial_rules[3]", ProblemCode::BadDialRule),
            error("gateway.dial_rules[4]", ProblemCode::BadDialRule),
            error("gateway.dial_rules[5]", ProblemCode::RepeatedItem),
        ]
    );
}

#[test]
fn tls_says_what_it_lacks_and_only_where_it_is_used() {
    let mut settings = in_mode(Mode::SipClient);
    let gateway = &mut settings.gateway;
    gateway.tls_certificate = "/etc/gateway.pem".to_owned();
    gateway.tls_trust = TlsTrust::Authority;
    gateway.sip_tls_port = gateway.sip_port;
    assert_eq!(told(&settings), []);
    settings.gateway.remote_transport = RemoteTransport::Tls;
    let lacking = [error("gateway.tls_key", ProblemCode::TlsKeyMissing), error("gateway.tls_authority", ProblemCode::TlsAuthorityMissing)];
    assert_eq!(told(&settings), lacking, "UDP and TLS may have one port");
    settings.gateway.sip_tcp = true;
    settings.gateway.tls_trust = TlsTrust::Fingerprint;
    let lacking = [
        error("gateway.sip_tls_port", ProblemCode::TlsPortTaken),
        error("gateway.tls_key", ProblemCode::TlsKeyMissing),
        error("gateway.tls_fingerprint", ProblemCode::TlsFingerprintMissing),
    ];
    assert_eq!(told(&settings), lacking);
    settings.gateway.tls_fingerprint = "ab:cd".to_owned();
    assert!(told(&settings).contains(&error("gateway.tls_fingerprint", ProblemCode::BadFingerprint)));
}

#[test]
fn an_area_code_is_digits_without_the_trunk_prefix() {
    let mut settings = sound();
    for (code, is_bad) in [("11", false), ("", false), ("011", true), ("1a", true)] {
        code.clone_into(&mut settings.gateway.area_code);
        assert_eq!(told(&settings).contains(&error("gateway.area_code", ProblemCode::BadAreaCode)), is_bad, "{code}");
    }
}

#[test]
fn a_target_over_tls_needs_tls() {
    let mut settings = in_mode(Mode::SipTrunk);
    for target in ["sips:200@pbx.example", "sip:200@pbx.example;transport=TLS"] {
        settings.gateway.sip_tls = false;
        settings.ports[1].target = target.to_owned();
        assert_eq!(told(&settings), [error("ports[1].target", ProblemCode::TargetNeedsTls)]);
        settings.gateway.sip_tls = true;
        assert_eq!(told(&settings), []);
    }
}
