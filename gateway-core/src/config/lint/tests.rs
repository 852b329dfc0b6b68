use super::*;
use crate::config::settings::{LineSettings, Secret};
use crate::config::transport::RemoteTransport;
use crate::sdp::SrtpUse;

const GOOD: &str = "x7kq-93ms-p2rt";

/// A server that other computers reach, with nothing to be advised.
fn careful() -> Settings {
    let gateway = GatewaySettings { bind_address: "192.0.2.10".to_owned(), ..GatewaySettings::default() };
    let port = |user: &str, secret: &str| PortSettings {
        user: user.to_owned(),
        secret: Secret(secret.to_owned()),
        target: "200".to_owned(),
        ..PortSettings::default()
    };
    Settings { gateway, ports: vec![port("line1", GOOD), port("line2", "m4wz-61hb-v8cy")] }
}

fn found(change: impl Fn(&mut Settings)) -> Vec<(String, Weight, LintCode)> {
    let mut settings = careful();
    change(&mut settings);
    lint(&settings).into_iter().map(|advice| (advice.path, advice.weight, advice.code)).collect()
}

fn one(path: &str, weight: Weight, code: LintCode) -> Vec<(String, Weight, LintCode)> {
    vec![(path.to_owned(), weight, code)]
}

fn trunk(settings: &mut Settings) {
    settings.gateway.mode = Mode::SipTrunk;
    settings.gateway.remote_server = "192.0.2.1".to_owned();
    for port in &mut settings.ports {
        port.only_from_host = "192.0.2.1".to_owned();
    }
}

#[test]
fn careful_settings_need_no_advice() {
    assert_eq!(found(|_| {}), []);
    assert_eq!(found(trunk), []);
}

#[test]
fn a_trunk_that_admits_anyone_is_open_to_anyone_who_reaches_it() {
    let open = |settings: &mut Settings| {
        trunk(settings);
        settings.ports[1].only_from_host = " ".to_owned();
    };
    assert_eq!(found(open), one("ports[1].only_from_host", Weight::Danger, LintCode::OpenToAnyone));
    let at_home = found(|settings| {
        open(settings);
        settings.gateway.bind_address = "127.0.0.1".to_owned();
    });
    assert!(!at_home.iter().any(|(_, _, code)| *code == LintCode::OpenToAnyone));
    assert_eq!(
        found(|settings| {
            open(settings);
            settings.ports[1].sip_to_fxo = false;
        }),
        []
    );
}

#[test]
fn secrets_are_judged_where_they_guard_our_door() {
    let secret = |text: &'static str| move |settings: &mut Settings| settings.ports[0].secret = Secret(text.to_owned());
    assert_eq!(found(secret("1234")), one("ports[0].secret", Weight::Danger, LintCode::WeakSecretReachable));
    assert_eq!(found(secret("x7kq93msp")), one("ports[0].secret", Weight::Hint, LintCode::SecretShort));
    let reused = found(|settings| settings.ports[1].secret = Secret(GOOD.to_owned()));
    assert_eq!(reused, one("ports[1].secret", Weight::Caution, LintCode::SecretReused));
    let of_a_provider = found(|settings| {
        settings.gateway.mode = Mode::SipClient;
        settings.gateway.remote_server = "pbx.example".to_owned();
        settings.ports[0].secret = Secret("1234".to_owned());
    });
    assert_eq!(of_a_provider, []);
    let single = found(|settings| {
        settings.gateway.single_user = true;
        settings.gateway.secret = Secret("1234".to_owned());
        settings.ports[0].secret = Secret("1234".to_owned());
    });
    assert_eq!(single, one("gateway.secret", Weight::Danger, LintCode::WeakSecretReachable), "the ports' own are not read");
}

#[test]
fn expensive_numbers_that_are_open_are_named_until_a_rule_denies_them() {
    let open = |settings: &mut Settings| (settings.gateway.dial_international, settings.gateway.dial_premium) = (true, true);
    let bounded = |settings: &mut Settings| {
        open(settings);
        settings.ports.iter_mut().for_each(|port| port.outgoing_budget_min = 30);
    };
    let both = found(bounded);
    let paths: Vec<&str> = both.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(paths, ["gateway.dial_international", "gateway.dial_premium"]);
    let boundless = found(open).into_iter().find(|(_, _, code)| *code == LintCode::BudgetOff);
    assert_eq!(boundless, Some(("ports[0].outgoing_budget_min".to_owned(), Weight::Caution, LintCode::BudgetOff)));
    let mut settings = careful();
    bounded(&mut settings);
    settings.gateway.dial_rules = vec!["deny 00.".to_owned(), "deny 09001.".to_owned(), "allow 0900.".to_owned()];
    let advice = lint(&settings);
    assert_eq!((advice.len(), advice[0].args["prefixes"].as_str()), (1, "0900"), "a rule for a part of them is not enough");
    let nobody_dials = found(|settings| {
        open(settings);
        settings.ports.iter_mut().for_each(|port| port.sip_to_fxo = false);
    });
    assert_eq!(nobody_dials, []);
}

#[test]
fn a_gateway_for_this_computer_alone_says_so() {
    let alone = |settings: &mut Settings| settings.gateway.bind_address = "::1".to_owned();
    assert_eq!(found(alone), one("gateway.bind_address", Weight::Hint, LintCode::OnlyThisComputer));
    let hosts = |hosts: &'static str| {
        found(move |settings| {
            alone(settings);
            settings.ports[0].only_from_host = hosts.to_owned();
        })
    };
    assert_eq!(hosts("192.0.2.7, 192.0.2.8")[0], ("ports[0].only_from_host".to_owned(), Weight::Caution, LintCode::HostsOutOfReach));
    for within_reach in ["127.0.0.1, 192.0.2.7", "pbx.example", "127.0.0.0/8"] {
        assert_eq!(hosts(within_reach).len(), 1, "{within_reach}");
    }
}

#[test]
fn each_bound_that_is_off_is_named() {
    type Change = fn(&mut LineSettings);
    let rows: [(Change, &str, Weight, LintCode); 3] = [
        (|line| line.rtp_timeout_s = 0, "rtp_timeout_s", Weight::Caution, LintCode::RtpTimeoutOff),
        (|line| line.silence_timeout_s = 0, "silence_timeout_s", Weight::Caution, LintCode::SilenceTimeoutOff),
        (|line| line.longest_call_s = 0, "longest_call_s", Weight::Hint, LintCode::LongestCallOff),
    ];
    for (change, field, weight, code) in rows {
        assert_eq!(found(|settings| change(&mut settings.ports[1].line)), one(&format!("ports[1].line.{field}"), weight, code));
    }
    let deaf = found(|settings| {
        let line = &mut settings.ports[0].line;
        (line.end_on_loop_interruption, line.end_on_disconnect_tone, line.end_on_dial_tone) = (false, false, false);
    });
    assert_eq!(deaf, one("ports[0].line.end_on_disconnect_tone", Weight::Danger, LintCode::LineNeverEndsCall));
}

#[test]
fn keys_of_sealed_audio_that_anybody_can_read_are_told() {
    let advice = one("gateway.srtp", Weight::Caution, LintCode::SrtpKeysReadable);
    assert_eq!(found(|settings| settings.gateway.srtp = SrtpUse::Mandatory), advice);
    let over_tls = |settings: &mut Settings| {
        settings.gateway.srtp = SrtpUse::Preferred;
        settings.gateway.sip_tls = true;
        settings.gateway.remote_transport = RemoteTransport::Tls;
    };
    assert_eq!(found(over_tls), []);
}

#[test]
fn the_rest_each_by_itself_and_the_heaviest_first() {
    assert_eq!(found(|settings| settings.gateway.stealth = false), one("gateway.stealth", Weight::Caution, LintCode::StealthOff));
    assert_eq!(found(|settings| settings.ports[0].target.clear()), one("ports[0].target", Weight::Caution, LintCode::TargetBlank));
    let unused = found(|settings| (settings.ports[1].sip_to_fxo, settings.ports[1].fxo_to_sip) = (false, false));
    assert_eq!(unused, one("ports[1].sip_to_fxo", Weight::Hint, LintCode::PortUnused));
    let many = found(|settings| {
        settings.gateway.stealth = false;
        settings.ports[0].line.longest_call_s = 0;
        settings.ports[1].secret = Secret("1234".to_owned());
    });
    assert_eq!(many.iter().map(|(_, weight, _)| *weight).collect::<Vec<_>>(), [Weight::Danger, Weight::Caution, Weight::Hint]);
}
