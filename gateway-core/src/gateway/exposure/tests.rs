//! The test against the unmodified brain, without sockets.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::config::lint::LintCode;
use crate::config::settings::{GatewaySettings, PortSettings};
use crate::gateway::io::{Action, Event};
use crate::gateway::record::EndCause;
use crate::gateway::{Gateway, GatewayAddress};
use crate::time::Moment;

fn strangers() -> [SocketAddr; STRANGERS] {
    std::array::from_fn(|n| (Ipv4Addr::from_bits(0xc633_6401 + u32::try_from(n).unwrap()), 5060).into())
}

/// What the test finds of a gateway with these settings; a line test's worth of silence after each round.
fn examine(settings: &Settings) -> ExposureReport {
    let sip: SocketAddr = ([192, 0, 2, 1], 5060).into();
    let mut gateway = Gateway::new(settings.clone(), GatewayAddress { sip, tls_port: 5061, rtp_ip: sip.ip() }, Rng::from_seed(1));
    let mut test = ExposureTest::new(settings.clone(), sip, strangers(), Rng::from_seed(2));
    let mut now = Moment::from_secs(10);
    while let Some(mut shots) = test.next_round() {
        while !shots.is_empty() {
            let shot = shots.remove(0);
            let mut out = Vec::new();
            let source = test.strangers[shot.from];
            if shot.to == sip && gateway.lets_in(source.into(), now, &mut out) {
                gateway.handle(Event::Message { source: source.into(), bytes: shot.bytes }, now, &mut out);
            }
            for action in out {
                // Refused numbers are in the history of calls, whoever asks for them; nothing else is.
                let touched = match &action {
                    Action::Record(record) => record.cause != EndCause::NumberBlocked,
                    other => matches!(other, Action::Line { .. }),
                };
                assert!(!touched, "{action:?}");
                if let Action::Send { to, bytes } = action {
                    let stranger = strangers().iter().position(|stranger| *stranger == to.address).unwrap();
                    shots.extend(test.heard(stranger, sip, &bytes));
                }
            }
        }
        now = now + Duration::from_millis(700);
    }
    test.report(true)
}

fn server(secret: &str) -> Settings {
    let port = |n: u32| PortSettings { user: format!("line{n}"), secret: Secret(format!("{secret}{n}")), ..PortSettings::default() };
    let gateway = GatewaySettings { bind_address: "0.0.0.0".to_owned(), ..GatewaySettings::default() };
    Settings { gateway, ports: vec![port(1), port(2)] }
}

fn open(report: &ExposureReport) -> Vec<ExposureCheck> {
    report.checks.iter().filter(|result| result.outcome == ExposureOutcome::Open).map(|result| result.check).collect()
}

fn not_tried(report: &ExposureReport) -> Vec<ExposureCheck> {
    report.checks.iter().filter(|result| result.outcome == ExposureOutcome::NotTried).map(|result| result.check).collect()
}

#[test]
fn an_untouched_gateway_gets_the_best_grade() {
    let report = examine(&Settings { gateway: GatewaySettings::default(), ports: vec![PortSettings::default(); 2] });
    assert_eq!((report.grade, report.reach), (ExposureGrade::A, ExposureReach::ThisComputer), "{report:?}");
}

#[test]
fn a_server_with_good_secrets_holds_in_everything_and_tells_strangers_that_it_is_there() {
    let report = examine(&server("mX9w-Tr4v-Qz7k-"));
    assert_eq!((open(&report), not_tried(&report)), (vec![ExposureCheck::StrangerAsks], vec![]));
    assert_eq!((report.grade, report.reach), (ExposureGrade::B, ExposureReach::AllNetworks), "{report:?}");
}

#[test]
fn a_server_that_names_its_hosts_is_silent_and_gets_the_best_grade() {
    let mut settings = server("mX9w-Tr4v-Qz7k-");
    settings.ports.iter_mut().for_each(|port| port.only_from_host = "192.0.2.0/24".to_owned());
    let report = examine(&settings);
    assert_eq!((report.grade, open(&report)), (ExposureGrade::A, vec![]), "{report:?}");
}

#[test]
fn a_secret_that_guessers_try_first_is_found() {
    let mut settings = server("mX9w-Tr4v-Qz7k-");
    settings.ports[1].secret = Secret("line2".to_owned());
    let report = examine(&settings);
    assert!(open(&report).contains(&ExposureCheck::GuessedSecret), "{report:?}");
    assert_eq!(report.grade, ExposureGrade::F);
    assert_eq!((report.advice[0].code, report.advice[0].path.as_str()), (LintCode::WeakSecretReachable, "ports[1].secret"));
}

#[test]
fn an_open_trunk_gets_the_worst_grade_with_the_reasons_and_no_line_is_touched() {
    let mut settings = server("");
    settings.gateway.mode = Mode::SipTrunk;
    settings.gateway.remote_server = "192.0.2.77".to_owned();
    settings.gateway.stealth = false;
    settings.gateway.dial_international = true;
    let report = examine(&settings);
    assert_eq!(report.grade, ExposureGrade::F);
    let found =
        [ExposureCheck::StrangerAsks, ExposureCheck::StrangerCalls, ExposureCheck::StrangerCallsAbroad, ExposureCheck::ForgedCaller];
    assert_eq!(open(&report), found, "premium-rate numbers are still closed");
    let advised: BTreeSet<_> = report.advice.iter().map(|advice| advice.code).collect();
    let wanted = [LintCode::OpenToAnyone, LintCode::CostlyPrefixesOpen, LintCode::BudgetOff, LintCode::StealthOff];
    assert_eq!(advised, wanted.into());
}

#[test]
fn the_same_on_this_computer_only_weighs_less() {
    let mut settings = server("");
    settings.gateway.mode = Mode::SipTrunk;
    settings.gateway.bind_address = "127.0.0.1".to_owned();
    let report = examine(&settings);
    assert!(open(&report).contains(&ExposureCheck::StrangerCalls));
    assert_eq!(report.grade, ExposureGrade::B, "{report:?}");
}

#[test]
fn a_gateway_that_answers_its_program_no_more_and_sound_that_comes_back_are_findings() {
    let sip: SocketAddr = ([192, 0, 2, 1], 5060).into();
    let mut test = ExposureTest::new(server("mX9w-Tr4v-Qz7k-"), sip, strangers(), Rng::from_seed(2));
    test.next_round();
    test.heard(0, ([192, 0, 2, 1], 16384).into(), &[0x80; 12]);
    assert_eq!(open(&test.report(false)), [ExposureCheck::Malformed, ExposureCheck::StrangerSound]);
}
