//! FXO→SIP: what a ringing line does.

use gateway_core::config::settings::{CallerNumberFormat, IdentityHeader, OnRefusal, PortSettings, Settings};
use gateway_core::dsp::callerid::{CallerIdSource, Presentation};
use gateway_core::fxo::simulator::act::{CallerIdSending, ExchangeEvent, HangUpHow, IncomingCall, LineAct};
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::{CallDirection, EndCause};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::party::Habits;
use gateway_core::sip::message::Method;

use super::cast::*;

fn on_port(settings: Settings, change: impl FnOnce(&mut PortSettings)) -> Settings {
    with(settings, |settings| change(&mut settings.ports[0]))
}

#[test]
fn the_phone_rings_with_the_callers_number_answers_talks_and_hangs_up() {
    let mut world = server_with_phone(Habits { hangs_up_after: Some(s(10)), ..Habits::default() });
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Ringing, s(3)), "{:?}", world.port(0));
    assert!(world.run_until_port(0, PortState::Calling, s(5)), "{:?}", world.port(0));
    assert!(world.exchange_off_hook().is_empty(), "the line stays on hook until somebody answers");
    assert!(world.run_until_port(0, PortState::Talking, s(5)), "{:?}", world.port(0));
    assert_eq!(world.exchange_off_hook().len(), 1);
    assert!(world.run_until_port(0, PortState::Idle, s(20)), "{:?}", world.port(0));
    let leg = world.parties[0].legs().next().unwrap();
    assert!(leg.from.contains("1133334444"), "{}", leg.from);
    assert!(leg.uri.starts_with("sip:p1@127.0.0.1:20000"), "{}", leg.uri);
    let record = only_record(&world);
    assert_eq!((record.direction, record.cause), (CallDirection::FxoToSip, EndCause::SipHungUp));
    assert_eq!(record.from, "1133334444");
    end_well(&mut world);
}

/// The INVITE that a caller with this identity leads to: From, P-Asserted-Identity, Privacy; and how long it took, in ms.
fn identity(call: IncomingCall) -> (String, Option<String>, Option<String>, u64) {
    let mut world = server_with_phone(lets_it_ring());
    let began = world.now();
    world.act(0, LineAct::Ring(call));
    assert!(world.run_until_port(0, PortState::Calling, s(8)), "{:?}", world.port(0));
    let took = world.now().since(began).as_millis().try_into().unwrap();
    let invite = invite_to(&world, 0);
    let header = |name: &str| invite.headers().get(name).map(str::to_owned);
    let told = (header("From").unwrap(), header("P-Asserted-Identity"), header("Privacy"), took);
    end_well(&mut world);
    told
}

#[test]
fn caller_id_after_the_first_ring_is_waited_for() {
    for source in [CallerIdSource::Dtmf, CallerIdSource::Bell202, CallerIdSource::V23, CallerIdSource::Device] {
        let caller_id = Some(CallerIdSending::AfterRing { source });
        let (from, asserted, privacy, took) =
            identity(IncomingCall { from: Some("1133334444".to_owned()), caller_id, ..IncomingCall::default() });
        assert!(from.contains("<sip:1133334444@127.0.0.1"), "{from}");
        assert!(asserted.unwrap().contains("sip:1133334444@"));
        assert_eq!(privacy, None);
        assert!((1000..3100).contains(&took), "{took}");
    }
}

#[test]
fn caller_id_before_the_first_ring_calls_at_the_first_ring() {
    let caller_id = Some(CallerIdSending::BeforeRing { source: CallerIdSource::V23 });
    let call = IncomingCall { from: Some("1133334444".to_owned()), name: Some("Ana".to_owned()), caller_id, ..IncomingCall::default() };
    let (from, ..) = identity(call);
    assert!(from.contains("1133334444") && from.contains("Ana"), "{from}");
}

#[test]
fn a_caller_who_withholds_his_number_is_anonymous() {
    let call = IncomingCall { from: Some("1133334444".to_owned()), presentation: Presentation::Private, ..IncomingCall::default() };
    let (from, asserted, privacy, _) = identity(call);
    assert!(from.contains("sip:anonymous@anonymous.invalid") && !from.contains("1133334444"), "{from}");
    assert_eq!((asserted, privacy.as_deref()), (None, Some("id")));
}

#[test]
fn the_number_of_a_caller_stands_in_the_header_of_the_settings_and_in_no_other() {
    use IdentityHeader::{PAsserted, PPreferred, RemotePartyId};
    let headers = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"];
    for (told, header, at) in
        [(true, PAsserted, Some(0)), (true, PPreferred, Some(1)), (true, RemotePartyId, Some(2)), (false, PPreferred, None)]
    {
        let settings = with(server(), |settings| {
            (settings.gateway.asserted_identity, settings.gateway.identity_header) = (told, header);
        });
        let mut world = phone_with(settings, lets_it_ring());
        world.act(0, ring("1133334444"));
        assert!(world.run_until_port(0, PortState::Calling, s(8)), "{:?}", world.port(0));
        let invite = invite_to(&world, 0);
        for (number, name) in headers.into_iter().enumerate() {
            let found = invite.headers().get(name);
            assert_eq!(found.is_some(), at == Some(number), "{header:?} {name}");
            assert!(found.is_none_or(|value| value.contains("sip:1133334444@")), "{found:?}");
        }
        let screened = invite.headers().get("Remote-Party-ID").is_none_or(|value| value.ends_with(";party=calling;privacy=off;screen=no"));
        assert!(screened);
        end_well(&mut world);
    }
}

#[test]
fn the_number_of_a_caller_is_written_in_the_format_of_the_settings() {
    let settings = with(server(), |settings| {
        settings.gateway.caller_number_format = CallerNumberFormat::E164;
        settings.gateway.area_code = "11".to_owned();
    });
    let mut world = phone_with(settings, lets_it_ring());
    world.act(0, ring("33334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(8)), "{:?}", world.port(0));
    let invite = invite_to(&world, 0);
    let headers = invite.headers();
    for name in ["From", "P-Asserted-Identity"] {
        assert!(headers.get(name).is_some_and(|value| value.contains("sip:+551133334444@")), "{name}: {:?}", headers.get(name));
    }
    assert_eq!(world.port(0).call.as_ref().unwrap().from, "33334444", "what the line sent is what is shown");
    end_well(&mut world);
}

#[test]
fn without_caller_id_the_phone_is_called_two_seconds_after_the_first_ring() {
    let (from, asserted, privacy, took) = identity(IncomingCall { caller_id: Some(CallerIdSending::Never), ..IncomingCall::default() });
    assert!(from.contains("anonymous"), "{from}");
    assert_eq!((asserted, privacy), (None, None));
    assert!((2900..3200).contains(&took), "1 s of ringing and 2 s of waiting: {took}");
}

#[test]
fn a_burst_that_is_too_short_is_no_ring() {
    let mut world = server_with_phone(Habits::default());
    let call = IncomingCall { cadence_ms: Some(vec![60, 3000]), caller_id: Some(CallerIdSending::Never), ..IncomingCall::default() };
    world.act(0, LineAct::Ring(call));
    world.run_for(s(30));
    assert_eq!(invites_sent(&world, world.parties[0].address), 0);
    world.act(0, LineAct::StopRinging);
    assert!(world.records.is_empty());
    end_well(&mut world);
}

#[test]
fn the_caller_gives_up_and_the_phone_stops_ringing() {
    let mut world = server_with_phone(lets_it_ring());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(8)));
    world.act(0, LineAct::StopRinging);
    // The country's off-time of 4 s and 1.5 s.
    assert!(world.run_until_port(0, PortState::Idle, s(6)), "{:?}", world.port(0));
    assert!(world.run_until(s(1), |world| world.parties[0].legs().next().unwrap().cancelled));
    let record = only_record(&world);
    assert_eq!((record.cause, record.answered_ms), (EndCause::CallerGaveUp, None));
    end_well(&mut world);
}

#[test]
fn a_phone_that_answers_when_the_caller_has_just_gone_is_hung_up() {
    let mut world = server_with_phone(Habits { answers_after: Some(ms(5600)), ..Habits::default() });
    world.act(0, ring("1133334444"));
    world.run_for(ms(2500));
    world.act(0, LineAct::StopRinging);
    world.run_for(s(12));
    assert_eq!(world.port(0).state, PortState::Idle);
    assert!(world.parties[0].legs().all(|leg| leg.ended));
    end_well(&mut world);
}

#[test]
fn when_the_target_refuses_the_second_target_is_called() {
    let settings = on_port(server(), |port| port.second_target = "reception@127.0.0.1:20002".to_owned());
    let mut world = phone_with(settings, Habits { refuses_with: Some(486), ..Habits::default() });
    world.add_party(Habits::default());
    answer_a_ring(&mut world);
    assert_eq!(invite_to(&world, 1).uri(), "sip:reception@127.0.0.1:20002");
    assert!(world.was_noticed(NoticeCode::TargetRefused));
    end_well(&mut world);
}

#[test]
fn when_every_target_refuses_the_line_rings_on_and_one_record_tells_the_status() {
    let mut world = server_with_phone(Habits { refuses_with: Some(603), ..Habits::default() });
    world.act(0, ring("1133334444"));
    world.run_for(s(20));
    assert!(world.exchange_off_hook().is_empty());
    assert_eq!(world.port(0).state, PortState::Ringing);
    world.act(0, LineAct::StopRinging);
    assert!(world.run_until_port(0, PortState::Idle, s(8)));
    let record = only_record(&world);
    assert_eq!((record.cause, record.sip_status), (EndCause::TargetRefused, Some(603)));
    end_well(&mut world);
}

#[test]
fn by_setting_a_refused_caller_is_answered_and_released() {
    let settings = on_port(server(), |port| port.line.on_refusal = OnRefusal::AnswerAndRelease);
    let mut world = phone_with(settings, Habits { refuses_with: Some(486), ..Habits::default() });
    world.act(0, ring("1133334444"));
    assert!(world.run_until(s(5), |world| !world.exchange_off_hook().is_empty()));
    assert!(world.run_until_port(0, PortState::Idle, s(5)), "{:?}", world.port(0));
    assert_eq!(only_record(&world).cause, EndCause::TargetRefused);
    end_well(&mut world);
}

fn collect(category: Option<char>) -> LineAct {
    LineAct::Ring(IncomingCall { from: Some("1133334444".to_owned()), category, ..IncomingCall::default() })
}

#[test]
fn a_collect_call_is_refused_by_a_double_answer() {
    let mut world = phone_with(on_port(server(), |port| port.line.block_collect = true), Habits::default());
    world.act(0, collect(Some('8')));
    assert!(world.run_until(s(15), |world| !world.records.is_empty()), "{:?}", world.port(0));
    assert_eq!(only_record(&world).cause, EndCause::CollectRefused);
    assert!(world.run_until(s(5), |world| world.parties[0].legs().next().unwrap().ended));
    end_well(&mut world);
}

#[test]
fn a_caller_of_unknown_category_survives_the_double_answer() {
    let mut world = phone_with(on_port(server(), |port| port.line.block_collect = true), Habits::default());
    world.act(0, collect(None));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    let hooks = world.lines.noted.iter().filter(|(_, _, event)| *event == ExchangeEvent::Hook { off_hook: true }).count();
    assert_eq!(hooks, 2);
    world.run_for(s(5));
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn the_double_answer_is_skipped_when_the_category_says_that_it_is_no_collect_call() {
    let mut world = phone_with(on_port(server(), |port| port.line.block_collect = true), Habits::default());
    world.act(0, collect(Some('1')));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    let hooks = world.lines.noted.iter().filter(|(_, _, event)| *event == ExchangeEvent::Hook { off_hook: true }).count();
    assert_eq!(hooks, 1);
    end_well(&mut world);
}

#[test]
fn a_phone_without_a_codec_in_common_does_not_lift_the_line() {
    let mut world = server_with_phone(Habits { codecs: Vec::new(), refuses_with: Some(488), ..Habits::default() });
    world.act(0, ring("1133334444"));
    world.run_for(s(10));
    assert!(world.exchange_off_hook().is_empty());
    world.act(0, LineAct::StopRinging);
    assert!(world.run_until_port(0, PortState::Idle, s(8)));
    end_well(&mut world);
}

#[test]
fn somebody_who_takes_the_call_on_a_parallel_telephone_ends_the_ringing_for_sip() {
    let mut world = server_with_phone(lets_it_ring());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(8)));
    world.act(0, LineAct::Extension { off_hook: true });
    world.run_for(s(2));
    assert!(world.parties[0].legs().next().unwrap().cancelled);
    assert_eq!(world.port(0).state, PortState::InUse);
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
    end_well(&mut world);
}

fn forwards(to: &str) -> Habits {
    Habits { refuses_with: Some(302), forwards_to: Some(to.to_owned()), ..Habits::default() }
}

#[test]
fn a_telephone_that_forwards_to_another_user_is_followed() {
    let mut world = server_with_phone(forwards("<sip:p2@127.0.0.1:5060>"));
    let colleague = world.add_party(Habits::default());
    world.register(colleague, "p2", "secret2");
    answer_a_ring(&mut world);
    assert_eq!(world.parties[colleague].legs().filter(|leg| leg.answered).count(), 1);
    world.act(0, LineAct::HangUp { how: None });
    assert!(world.run_until(s(30), |world| !world.records.is_empty()));
    assert_eq!(only_record(&world).cause, EndCause::LineHungUp);
    end_well(&mut world);
}

#[test]
fn redirections_lead_nowhere_but_to_whom_is_known_here() {
    let elsewhere =
        "<sip:premium@192.0.2.66>;q=1, <sips:p2@127.0.0.1:5060>, <sip:0900123@127.0.0.1:5060>, <tel:+5511900>, <sip:p2@unknown.example>";
    for to in [elsewhere, "<sip:p1@127.0.0.1:5060>", "*"] {
        let mut world = server_with_phone(forwards(to));
        world.act(0, ring("1133334444"));
        world.run_for(s(20));
        assert_eq!(invites_sent(&world, world.parties[0].address), 1, "{to}");
        assert_eq!(invites_sent(&world, "192.0.2.66:5060".parse().unwrap()), 0);
        assert!(world.was_noticed(NoticeCode::TargetRefused));
        world.act(0, LineAct::StopRinging);
        assert!(world.run_until_port(0, PortState::Idle, s(8)));
        let record = only_record(&world);
        assert_eq!((record.cause, record.sip_status), (EndCause::TargetRefused, Some(302)));
        end_well(&mut world);
    }
}

#[test]
fn a_redirection_to_our_own_door_by_another_name_seizes_no_line() {
    for to in ["<sip:0900123@127.0.0.1:5060>", "<sip:0900123@127.0.0.9:5061;transport=tls>"] {
        let mut world = trunk_with(trunk(), forwards(to));
        world.move_to([127, 0, 0, 99].into());
        world.act(0, ring("1133334444"));
        world.run_for(s(10));
        assert_eq!(world.tap.datagrams().filter(|datagram| datagram.to.port() == 5060 || datagram.to.port() == 5061).count(), 0, "{to}");
        assert!(world.was_noticed(NoticeCode::TargetRefused));
        world.act(0, LineAct::StopRinging);
        assert!(world.run_until_port(0, PortState::Idle, s(8)));
        end_well(&mut world);
    }
}

#[test]
fn a_peer_that_sends_us_round_in_circles_is_followed_five_times() {
    let everywhere: Vec<String> = (1..=8).map(|n| format!("<sip:desk{n}@127.0.0.1:20000>;q=0.{}", 9 - n)).collect();
    let mut world = trunk_with(trunk(), forwards(&everywhere.join(", ")));
    world.act(0, ring("1133334444"));
    world.run_for(s(10));
    let called: Vec<String> = world.tap.requests(world.parties[0].address, &Method::Invite).map(|invite| invite.uri().to_owned()).collect();
    let expected: Vec<String> = (1..=5).map(|n| format!("sip:desk{n}@127.0.0.1:20000")).collect();
    assert_eq!(called[1..], expected);
    world.act(0, LineAct::StopRinging);
    assert!(world.run_until_port(0, PortState::Idle, s(8)));
    end_well(&mut world);
}

#[test]
fn telephones_that_were_slower_are_told_that_the_call_was_answered_elsewhere() {
    let mut world = server_with_phone(Habits::default());
    let slow = world.add_party(lets_it_ring());
    world.register(slow, "p1", "secret1");
    answer_a_ring(&mut world);
    let cancel = world.tap.requests(world.parties[slow].address, &Method::Cancel).last().expect("a CANCEL");
    let reasons: Vec<_> = cancel.headers().list("Reason").collect();
    assert_eq!(reasons, ["Q.850;cause=26", "SIP;cause=200;text=\"Call completed elsewhere\""]);
    end_well(&mut world);
}
