//! SIP→FXO: every row of the table "What a SIP caller gets", with the status and the Reason header on the wire.

use gateway_core::config::PortId;
use gateway_core::config::settings::AnswerMode;
use gateway_core::dsp::progress::{HeardTone, ProgressTone};
use gateway_core::fxo::simulator::act::LineAct;
use gateway_core::gateway::io::Event;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::media::MediaEvent;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::agent::Invite;
use gateway_core::sip::message::Method;

use super::cast::*;

#[test]
fn a_caller_with_the_right_secret_reaches_the_number_and_hangs_up() {
    let mut world = server_with_phone(Habits { hangs_up_after: Some(s(5)), ..Habits::default() });
    let session = call(&mut world, "100");
    assert!(world.run_until_port(0, PortState::Dialing, s(1)), "{:?}", world.port(0));
    assert!(world.run_until_port(0, PortState::Talking, s(6)), "{:?} {:?}", world.port(0), world.parties[0].leg(session));
    assert_eq!(world.digits_at_exchange(0), "100");
    assert!(world.run_until(s(1), |world| world.parties[0].leg(session).unwrap().progress.contains(&183)));
    assert!(world.run_until_port(0, PortState::Idle, s(12)), "{:?}", world.port(0));
    assert_eq!(only_record(&world).cause, EndCause::SipHungUp);
    end_well(&mut world);
}

#[test]
fn an_unknown_user_and_a_wrong_secret_look_the_same_and_end_in_403() {
    let mut answers = Vec::new();
    for (user, secret) in [("p1", "wrong"), ("nobody", "secret1")] {
        let mut world = World::new(server(), 1);
        world.add_party(Habits::default());
        let mut statuses = Vec::new();
        for _ in 0..5 {
            world.call(0, "100", Some(credentials(user, secret)));
            world.run_for(s(2));
        }
        let address = world.parties[0].address;
        for response in world.tap.responses(address, &Method::Invite) {
            statuses.push((response.status(), response.headers().get("Reason").map(str::to_owned)));
        }
        assert_refused(&world, 0, 403, Some(21));
        assert!(world.was_noticed(NoticeCode::WrongCredentials));
        assert!(world.records.is_empty() && world.exchange_off_hook().is_empty());
        answers.push(statuses);
        end_well(&mut world);
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].iter().any(|(status, _)| *status == 401));
}

#[test]
fn who_goes_on_guessing_is_met_with_silence() {
    let mut world = World::new(server(), 1);
    world.add_party(Habits::default());
    for _ in 0..40 {
        world.call(0, "100", Some(credentials("p1", "wrong")));
        world.run_for(s(2));
    }
    let address = world.parties[0].address;
    let before = world.tap.datagrams().filter(|datagram| datagram.to == address).count();
    world.call(0, "100", Some(credentials("p1", "wrong")));
    world.run_for(s(5));
    assert_eq!(world.tap.datagrams().filter(|datagram| datagram.to == address).count(), before);
    end_in_silence(&mut world);
}

#[test]
fn no_number_and_letters_get_484() {
    for number in ["", "alice"] {
        let mut world = server_with_phone(Habits::default());
        let uri = if number.is_empty() { format!("sip:{}", world.address) } else { format!("sip:{number}@{}", world.address) };
        let destination = world.address;
        world.with_party(0, |party, now| party.call(destination, &uri, Some(credentials("p1", "secret1")), now));
        world.run_for(s(2));
        assert_refused(&world, 0, 484, Some(28));
        assert!(world.was_noticed(NoticeCode::NumberMissing));
        end_well(&mut world);
    }
}

#[test]
fn a_port_with_a_call_a_ringing_line_or_a_parallel_telephone_in_use_is_busy() {
    for act in [None, Some(ring("1133334444")), Some(LineAct::Extension { off_hook: true })] {
        let mut world = server_with_phone(lets_it_ring());
        match act {
            Some(act) => {
                world.act(0, act);
                world.run_for(s(3));
            }
            None => {
                talk(&mut world, "100");
            }
        }
        call(&mut world, "100");
        world.run_for(s(2));
        assert_refused(&world, 0, 486, Some(17));
        assert!(world.was_noticed(NoticeCode::PortBusy));
        end_well(&mut world);
    }
}

#[test]
fn when_all_ports_of_a_trunk_are_busy_the_caller_is_told_when_to_try_again() {
    let mut world = trunk_with(trunk(), Habits::default());
    for _ in 0..3 {
        world.call(0, "100", None);
        world.run_for(s(4));
    }
    let refusal = assert_refused(&world, 0, 503, Some(34));
    assert!(refusal.headers().get("Retry-After").unwrap().parse::<u32>().unwrap() > 0);
    end_well(&mut world);
}

#[test]
fn a_line_without_battery_or_without_box_gets_503() {
    for unplug in [false, true] {
        let mut world = server_with_phone(Habits::default());
        if unplug {
            world.unplug();
        } else {
            world.act(0, LineAct::CableOut);
        }
        world.run_for(s(2));
        assert_eq!(world.port(0).state, if unplug { PortState::Absent } else { PortState::NoBattery });
        call(&mut world, "100");
        world.run_for(s(2));
        assert_refused(&world, 0, 503, Some(27));
        assert!(world.was_noticed(NoticeCode::LineDead));
        end_well(&mut world);
    }
}

#[test]
fn no_dial_tone_within_the_wait_gets_503() {
    let mut world = server_with_phone(Habits::default());
    world.act(0, LineAct::DialTone { present: false });
    call(&mut world, "100");
    world.run_for(s(5));
    assert_refused(&world, 0, 503, Some(38));
    assert_eq!(world.digits_at_exchange(0), "");
    assert!(world.was_noticed(NoticeCode::NoDialTone));
    assert_eq!(only_record(&world).cause, EndCause::NoDialTone);
    end_well(&mut world);
}

/// A call to a number in answer mode "polarity reversal", in which no tone counts as an answer.
fn fails(number: &str, status: u16, q850: u8, cause: EndCause) {
    let mut world = phone_with(answering(server(), AnswerMode::PolarityReversal), Habits::default());
    call(&mut world, number);
    assert!(world.run_until(s(90), |world| !world.records.is_empty()));
    world.run_for(s(1));
    assert_refused(&world, 0, status, Some(q850));
    let record = only_record(&world);
    assert_eq!((record.cause, record.sip_status, record.answered_ms), (cause, Some(status), None));
    end_well(&mut world);
}

#[test]
fn busy_tone_before_the_answer_gets_486() {
    fails("101", 486, 17, EndCause::Busy);
}

#[test]
fn congestion_before_the_answer_gets_503() {
    fails("105", 503, 34, EndCause::Congestion);
}

#[test]
fn nobody_who_answers_gets_480() {
    fails("102", 480, 19, EndCause::NoAnswer);
}

#[test]
fn special_information_tone_before_the_answer_gets_503() {
    let mut world = phone_with(answering(server(), AnswerMode::PolarityReversal), Habits::default());
    call(&mut world, "108");
    assert!(world.run_until_port(0, PortState::Waiting, s(6)));
    let tone = HeardTone { tone: ProgressTone::SpecialInformation, frequency_hz: 950.0, level_dbm0: -15.0, cycles: 1, confidence: 1.0 };
    world.tell(Event::Media { port: PortId(0), event: MediaEvent::Tone(tone) });
    world.run_for(s(1));
    assert_refused(&world, 0, 503, Some(1));
    assert_eq!(only_record(&world).cause, EndCause::Unobtainable);
    end_well(&mut world);
}

#[test]
fn a_fax_that_answers_is_an_answer_where_answers_are_heard() {
    let tone = HeardTone { tone: ProgressTone::FaxAnswering, frequency_hz: 2100.0, level_dbm0: -15.0, cycles: 1, confidence: 1.0 };
    for (mode, answers) in [(AnswerMode::Voice, true), (AnswerMode::FirstOf, true), (AnswerMode::PolarityReversal, false)] {
        let mut world = phone_with(answering(server(), mode), Habits::default());
        call(&mut world, "108");
        world.tell(Event::Media { port: PortId(0), event: MediaEvent::Tone(tone.clone()) });
        assert!(world.run_until_port(0, PortState::Waiting, s(6)), "before the number is dialled it is no answer");
        world.tell(Event::Media { port: PortId(0), event: MediaEvent::Tone(tone.clone()) });
        world.run_for(s(1));
        assert_eq!(world.port(0).state == PortState::Talking, answers, "{mode:?}");
        end_well(&mut world);
    }
}

#[test]
fn no_codec_in_common_gets_488_before_the_line_is_touched() {
    let mut world = server_with_phone(Habits { codecs: Vec::new(), ..Habits::default() });
    call(&mut world, "100");
    world.run_for(s(2));
    assert_refused(&world, 0, 488, Some(65));
    assert_eq!(setting_of(&world, NoticeCode::NoCommonCodec).as_deref(), Some("gateway.codecs"));
    assert!(world.records.is_empty());
    end_well(&mut world);
}

#[test]
fn an_offer_that_is_no_sdp_gets_400_and_a_notice() {
    let mut world = trunk_with(trunk(), Habits::default());
    let destination = world.address;
    world.with_party(0, |party, now| {
        let invite = Invite {
            destination: destination.into(),
            others: Vec::new(),
            request_uri: format!("sip:100@{destination}"),
            from: "<sip:a@127.0.0.1>".to_owned(),
            to: format!("<sip:100@{destination}>"),
            contact_user: "a".to_owned(),
            headers: Vec::new(),
            body: b"v=1\r\nnonsense".to_vec(),
            content_type: "application/sdp".to_owned(),
            credentials: None,
            ring_timeout: None,
        };
        party.invite(invite, now)
    });
    world.run_for(s(2));
    assert_refused(&world, 0, 400, Some(95));
    assert!(world.was_noticed(NoticeCode::MalformedSdp));
    end_well(&mut world);
}

#[test]
fn cancel_at_any_step_gets_487_and_the_line_is_released_at_once() {
    for after_ms in [5, 30, 500, 1200, 1800, 4000] {
        let mut world = phone_with(answering(server(), AnswerMode::PolarityReversal), Habits::default());
        let session = call(&mut world, "102");
        world.run_for(ms(after_ms));
        world.with_party(0, |party, now| party.hang_up(session, now));
        world.run_for(ms(100));
        assert!(world.exchange_off_hook().is_empty(), "after {after_ms} ms");
        assert_refused(&world, 0, 487, None);
        assert_eq!(only_record(&world).cause, EndCause::SipCancelled);
        end_well(&mut world);
    }
}

#[test]
fn a_peer_that_never_acknowledges_is_hung_up_on() {
    let mut world = server_with_phone(Habits { never_acks: true, ..Habits::default() });
    talk(&mut world, "100");
    assert!(world.run_until(s(40), |world| !world.records.is_empty()));
    assert_eq!(only_record(&world).cause, EndCause::SipLost);
    world.parties[0].habits.never_acks = false;
    end_well(&mut world);
}

#[test]
fn an_invite_without_an_offer_is_served_and_the_ack_brings_the_answer() {
    let mut world = server_with_phone(Habits { offers_late: true, ..Habits::default() });
    talk(&mut world, "100");
    assert!(world.lines.is_attached(PortId(0)));
    world.run_for(s(60));
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn a_late_offer_that_is_never_answered_does_not_hold_the_line() {
    let mut world = server_with_phone(Habits { offers_late: true, forgets_late_sdp: true, ..Habits::default() });
    call(&mut world, "100");
    assert!(world.run_until(s(10), |world| !world.records.is_empty()));
    assert_eq!(only_record(&world).cause, EndCause::NoCommonCodec);
    end_well(&mut world);
}

#[test]
fn a_malformed_message_leaves_one_notice_and_disturbs_nobody() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    let address = world.parties[0].address;
    for _ in 0..50 {
        world.inject(address, b"INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: what is this\r\n\r\n");
        world.inject(address, &[0xff, 0, 1, 2, 3]);
    }
    world.run_for(s(1));
    assert_eq!(world.notices.iter().filter(|notice| notice.code == NoticeCode::MalformedSip).count(), 1);
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn a_caller_who_cancels_while_our_answer_waits_for_his_prack_frees_the_line() {
    let mut world = World::new(with(trunk(), |settings| settings.ports.truncate(1)), 1);
    world.add_party(Habits::default());
    let from = world.parties[0].address;
    let request = |method: &str, more: &str, body: &str| {
        format!(
            "{method} sip:100@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKlost\r\nMax-Forwards: 70\r\n\
             From: <sip:desk@{from}>;tag=1\r\nTo: <sip:100@127.0.0.1:5060>\r\nCall-ID: lost\r\nCSeq: 1 {method}\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
    let more = format!("Contact: <sip:desk@{from}>\r\nSupported: 100rel\r\nContent-Type: application/sdp\r\n");
    world.inject(from, request("INVITE", &more, sdp).as_bytes());
    assert!(world.run_until_port(0, PortState::Talking, s(10)), "{:?}", world.port(0));
    assert!(world.tap.responses(from, &Method::Invite).all(|response| response.status() < 200), "the answer waits");
    world.inject(from, request("CANCEL", "", "").as_bytes());
    world.run_for(s(3));
    assert_eq!(world.records.iter().map(|record| record.cause).collect::<Vec<_>>(), [EndCause::SipCancelled]);
    assert_eq!(world.port(0).state, PortState::Idle);
    end_well(&mut world);
}
