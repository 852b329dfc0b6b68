//! REFER and Replaces: the line stays, its SIP side goes on elsewhere.

use gateway_core::config::settings::Settings;
use gateway_core::fxo::simulator::act::{HangUpHow, LineAct};
use gateway_core::gateway::mark::MarkKind;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::agent::{Invite, SessionId};
use gateway_core::sip::message::{Headers, Message, Method, Request};
use gateway_core::sip::wire;

use super::cast::*;

/// The dialog between the gateway and a party, as the gateway's newest messages to it show: Call-ID, our address, the party's.
fn dialog(world: &World, party: usize) -> (String, String, String) {
    let to = world.parties[party].address;
    let kept = |headers: &Headers, name: &str| headers.get(name).unwrap().to_owned();
    let named = |headers: &Headers, ours: &str, theirs: &str| (kept(headers, "Call-ID"), kept(headers, ours), kept(headers, theirs));
    let answered = world.tap.responses(to, &Method::Invite).filter(|response| response.is_success()).last();
    if let Some(response) = answered {
        return named(response.headers(), "To", "From");
    }
    let ack = world.tap.requests(to, &Method::Ack).last().expect("a call of ours was answered");
    named(ack.headers(), "From", "To")
}

/// The party refers its call.
fn refer(world: &mut World, party: usize, number: u32, to: &str, more: &[(&str, &str)]) {
    let (call_id, ours, theirs) = dialog(world, party);
    let address = world.parties[party].address;
    let mut refer = Request::new(Method::Refer, &format!("sip:gateway@{}", world.address));
    let headers = refer.headers_mut();
    headers.push("Via", format!("SIP/2.0/UDP {address};branch=z9hG4bKrefer{party}{number}"));
    headers.push("Max-Forwards", "70");
    headers.push("From", theirs);
    headers.push("To", ours);
    headers.push("Call-ID", call_id);
    headers.push("CSeq", format!("{number} REFER"));
    headers.push("Contact", format!("<sip:party@{address}>"));
    headers.push("Refer-To", to);
    for (name, value) in more {
        headers.push(name, *value);
    }
    world.inject(address, &wire::write(&Message::Request(refer)));
}

fn refer_statuses(world: &World, party: usize) -> Vec<u16> {
    world.tap.responses(world.parties[party].address, &Method::Refer).map(|response| response.status()).collect()
}

/// What a party was told of its references.
fn told(world: &World, party: usize) -> Vec<String> {
    world.parties[party].legs().flat_map(|leg| leg.told.clone()).collect()
}

fn marked(world: &World, what: impl Fn(&MarkKind) -> bool) -> bool {
    only_record(world).timeline.iter().any(|mark| what(&mark.what))
}

/// Two phones, registered as `p1` and `p2`; the ports of both admit either.
fn two_phones(second: Habits) -> World {
    let mut world = server_with_phone(Habits::default());
    let other = world.add_party(second);
    world.register(other, "p2", "secret2");
    world
}

/// A trunk whose peer is the first party; everything at its address is known.
fn trunk_of_two(second: Habits) -> World {
    let mut world = trunk_with(trunk(), Habits::default());
    world.add_party(second);
    world
}

fn hang_up_line(world: &mut World) {
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
    assert!(world.run_until_port(0, PortState::Idle, s(30)), "{:?}", world.port(0));
}

#[test]
fn a_phone_sends_its_caller_on_to_a_colleague_who_is_registered() {
    let mut world = two_phones(Habits::default());
    answer_a_ring(&mut world);
    let to = format!("<sip:p2@{}>", world.address);
    refer(&mut world, 0, 1, &to, &[("Referred-By", "<sip:p1@127.0.0.1>")]);
    assert_eq!(refer_statuses(&world, 0), [202]);
    let invite = invite_to(&world, 1);
    assert_eq!(invite.headers().get("Referred-By"), Some("<sip:p1@127.0.0.1>"));
    assert!(invite.from().unwrap().uri.contains("1133334444"), "the caller on the line calls");
    assert!(world.run_until(s(6), |world| world.parties[0].legs().all(|leg| leg.ended)), "we hang up when the phone does not");
    assert_eq!(told(&world, 0), ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK"]);
    assert_eq!(world.port(0).state, PortState::Talking);
    world.run_for(s(60));
    assert_eq!(world.port(0).state, PortState::Talking, "RTP of the new peer is what is listened for");
    hang_up_line(&mut world);
    assert!(world.parties[1].legs().all(|leg| leg.ended));
    assert_eq!(only_record(&world).cause, EndCause::LineHungUp);
    assert!(marked(&world, |what| matches!(what, MarkKind::Transferred { .. })));
    end_well(&mut world);
}

#[test]
fn a_caller_to_the_line_sends_it_on_and_the_dialled_number_is_who_calls() {
    let mut world = trunk_of_two(Habits { hangs_up_after: Some(s(5)), ..Habits::default() });
    talk(&mut world, "100");
    refer(&mut world, 0, 3, "<sip:ana@127.0.0.1:20002>", &[]);
    assert!(world.run_until(s(6), |world| told(world, 0).last().is_some_and(|text| text == "SIP/2.0 200 OK")));
    assert!(invite_to(&world, 1).from().unwrap().uri.starts_with("sip:100@"));
    assert!(world.run_until_port(0, PortState::Idle, s(20)), "the colleague's BYE ends the call");
    assert_eq!(only_record(&world).cause, EndCause::SipHungUp);
    end_well(&mut world);
}

#[test]
fn whoever_refers_may_hang_up_at_once() {
    let mut world = trunk_of_two(Habits::default());
    let session = talk(&mut world, "100");
    refer(&mut world, 0, 3, "<sip:ana@127.0.0.1:20002>", &[]);
    world.with_party(0, |party, now| party.hang_up(session, now));
    world.run_for(s(10));
    assert_eq!(world.port(0).state, PortState::Talking);
    assert!(world.parties[1].legs().any(|leg| leg.answered && !leg.ended));
    hang_up_line(&mut world);
    end_well(&mut world);
}

#[test]
fn a_colleague_who_refuses_leaves_the_call_as_it_was() {
    let mut world = trunk_of_two(Habits { refuses_with: Some(486), ..Habits::default() });
    talk(&mut world, "100");
    refer(&mut world, 0, 3, "<sip:ana@127.0.0.1:20002>", &[]);
    assert!(world.run_until(s(3), |world| told(world, 0).len() == 2));
    assert_eq!(told(&world, 0), ["SIP/2.0 100 Trying", "SIP/2.0 486 Busy Here"]);
    world.run_for(s(20));
    assert_eq!(world.port(0).state, PortState::Talking);
    assert!(world.was_noticed(NoticeCode::TransferFailed));
    hang_up_line(&mut world);
    assert!(marked(&world, |what| matches!(what, MarkKind::TransferFailed { status: 486, .. })));
    end_well(&mut world);
}

#[test]
fn a_colleague_who_refuses_after_the_phone_has_left_frees_the_line_and_the_record_says_why() {
    let mut world = trunk_of_two(lets_it_ring());
    let session = talk(&mut world, "100");
    refer(&mut world, 0, 3, "<sip:ana@127.0.0.1:20002>", &[]);
    world.with_party(0, |party, now| party.hang_up(session, now));
    world.run_for(s(59));
    assert_eq!(world.port(0).state, PortState::Talking);
    assert!(world.run_until_port(0, PortState::Idle, s(40)), "{:?}", world.port(0));
    assert!(world.exchange_off_hook().is_empty());
    let record = only_record(&world);
    assert_eq!((record.cause, record.sip_status), (EndCause::TransferFailed, Some(408)));
    end_well(&mut world);
}

#[test]
fn the_line_hangs_up_while_the_colleague_rings() {
    let mut world = trunk_of_two(lets_it_ring());
    talk(&mut world, "100");
    refer(&mut world, 0, 3, "<sip:ana@127.0.0.1:20002>", &[]);
    world.run_for(s(2));
    hang_up_line(&mut world);
    world.run_for(s(2));
    assert!(world.parties[1].legs().all(|leg| leg.cancelled));
    assert!(world.parties[0].legs().all(|leg| leg.ended));
    end_well(&mut world);
}

#[test]
fn a_transfer_leads_only_to_whom_is_known() {
    let mut world = server_with_phone(Habits::default());
    let stranger = world.add_party_at(([127, 0, 0, 9], 5060).into(), Habits::default());
    talk(&mut world, "100");
    let here = format!("<sip:5551234@{}>", world.address);
    for (number, to) in [(3, "<sip:ana@127.0.0.9>"), (4, "<tel:0900>"), (5, here.as_str()), (6, "<sip:ana:secret@127.0.0.1:20000>")] {
        refer(&mut world, 0, number, to, &[]);
    }
    assert_eq!(refer_statuses(&world, 0), [403; 4]);
    assert_eq!(invites_sent(&world, world.parties[stranger].address), 0);
    assert!(told(&world, 0).is_empty());
    assert!(world.was_noticed(NoticeCode::TransferRefused));
    assert_eq!(world.port(0).state, PortState::Talking);
    hang_up_line(&mut world);
    end_well(&mut world);
}

#[test]
fn a_call_is_sent_on_five_times_and_no_more() {
    let mut world = trunk_of_two(Habits { refuses_with: Some(486), ..Habits::default() });
    talk(&mut world, "100");
    for number in 3..9 {
        refer(&mut world, 0, number, "<sip:ana@127.0.0.1:20002>", &[]);
        world.run_for(s(1));
    }
    assert_eq!(refer_statuses(&world, 0), [202, 202, 202, 202, 202, 403]);
    assert_eq!(invites_sent(&world, world.parties[1].address), 5);
    hang_up_line(&mut world);
    end_well(&mut world);
}

/// The Replaces that names the dialog between the gateway and a party, as the gateway knows it.
fn replaces(world: &World, party: usize, more: &str) -> (String, String) {
    let (call_id, ours, theirs) = dialog(world, party);
    let tag = |text: &str| text.split_once(";tag=").unwrap().1.to_owned();
    ("Replaces".to_owned(), format!("{call_id};to-tag={};from-tag={}{more}", tag(&ours), tag(&theirs)))
}

fn taking_over(world: &World, party: usize, header: (String, String), user: Option<(&str, &str)>) -> Invite {
    let (address, gateway) = (world.parties[party].address, world.address);
    Invite {
        destination: gateway.into(),
        others: Vec::new(),
        request_uri: format!("sip:gateway@{gateway}"),
        from: format!("<sip:ana@{address}>"),
        to: format!("<sip:gateway@{gateway}>"),
        contact_user: "ana".to_owned(),
        headers: vec![header],
        body: world.parties[party].offer(),
        content_type: "application/sdp".to_owned(),
        credentials: user.map(|(user, secret)| credentials(user, secret)),
        ring_timeout: None,
    }
}

fn take_over(world: &mut World, party: usize, header: (String, String), user: Option<(&str, &str)>) -> SessionId {
    let invite = taking_over(world, party, header, user);
    world.with_party(party, |party, now| party.invite(invite, now))
}

#[test]
fn a_colleague_takes_an_answered_call_over() {
    for incoming in [false, true] {
        let mut world = trunk_of_two(Habits::default());
        if incoming {
            answer_a_ring(&mut world);
        } else {
            talk(&mut world, "100");
        }
        let header = replaces(&world, 0, "");
        take_over(&mut world, 1, header, None);
        world.run_for(s(1));
        assert_eq!(finals(&world, 1).last().map(|response| response.status()), Some(200));
        assert!(world.parties[0].legs().all(|leg| leg.ended), "the old leg gets BYE");
        world.run_for(s(60));
        assert_eq!(world.port(0).state, PortState::Talking, "incoming: {incoming}");
        hang_up_line(&mut world);
        assert!(world.parties[1].legs().all(|leg| leg.ended));
        assert!(marked(&world, |what| matches!(what, MarkKind::TakenOver { .. })));
        end_well(&mut world);
    }
}

#[test]
fn a_colleague_picks_up_a_line_that_rings_at_another_phone() {
    let mut world = trunk_of_two(Habits::default());
    world.parties[0].habits.answers_after = None;
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(8)));
    world.run_for(ms(500));
    let invite = invite_to(&world, 0);
    let ours = invite.from().unwrap().tag().unwrap().to_owned();
    // The phone rings under a second tag, as behind a proxy that forks.
    let mut rings = invite.respond(180);
    rings.headers_mut().set("To", format!("{};tag=fork", invite.headers().get("To").unwrap()));
    let phone = world.parties[0].address;
    world.inject(phone, &wire::write(&Message::Response(rings)));
    let header = ("Replaces".to_owned(), format!("{};to-tag={ours};from-tag=fork;early-only", invite.call_id().unwrap()));
    take_over(&mut world, 1, header, None);
    assert!(world.run_until_port(0, PortState::Talking, s(5)), "{:?}", world.port(0));
    assert!(world.parties[0].legs().all(|leg| leg.cancelled));
    hang_up_line(&mut world);
    end_well(&mut world);
}

#[test]
fn only_whoever_may_call_the_port_takes_its_call_over() {
    let mut world = two_phones(Habits::default());
    talk(&mut world, "100");
    let unknown = ("Replaces".to_owned(), "nobody@nowhere;to-tag=1;from-tag=2".to_owned());
    let header = replaces(&world, 0, "");
    let early = replaces(&world, 0, ";early-only");
    for (header, user, status) in [
        (header.clone(), ("p2", "secret2"), 403),
        (unknown, ("p2", "secret2"), 481),
        (early, ("p1", "secret1"), 486),
        (header, ("p1", "secret1"), 200),
    ] {
        take_over(&mut world, 1, header, Some(user));
        world.run_for(s(1));
        assert_eq!(finals(&world, 1).last().map(|response| response.status()), Some(status));
        assert_eq!(world.port(0).state, PortState::Talking);
    }
    hang_up_line(&mut world);
    end_well(&mut world);
}

#[test]
fn an_attended_transfer_carries_replaces_to_the_colleague() {
    let mut world = trunk_of_two(Habits::default());
    talk(&mut world, "100");
    let to = "<sip:ana@127.0.0.1:20002?Replaces=77%40phone%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>";
    refer(&mut world, 0, 3, to, &[("Refer-Sub", "false")]);
    let invite = invite_to(&world, 1);
    assert_eq!(invite.headers().get("Replaces"), Some("77@phone;to-tag=1;from-tag=2"));
    assert_eq!(invite.headers().get("Require"), Some("replaces"));
    world.run_for(s(10));
    assert!(told(&world, 0).is_empty());
    hang_up_line(&mut world);
    end_well(&mut world);
}

#[test]
fn sealed_audio_is_agreed_anew_with_the_colleague() {
    use gateway_core::sdp::SrtpUse;
    let settings: Settings = with(trunk(), |settings| settings.gateway.srtp = SrtpUse::Preferred);
    let mut world = trunk_with(settings, Habits::default());
    world.add_party(Habits { srtp: SrtpUse::Mandatory, ..Habits::default() });
    talk(&mut world, "100");
    refer(&mut world, 0, 3, "<sip:ana@127.0.0.1:20002>", &[]);
    assert!(world.run_until(s(8), |world| told(world, 0).last().is_some_and(|text| text == "SIP/2.0 200 OK")), "{:?}", told(&world, 0));
    assert!(world.parties[1].legs().any(|leg| leg.agreed.as_ref().is_some_and(|agreed| agreed.srtp.is_some())));
    hang_up_line(&mut world);
    end_well(&mut world);
}

#[test]
fn what_a_peer_says_in_a_session_that_its_call_has_left_reaches_no_line() {
    let mut world = trunk_of_two(Habits::default());
    let session = talk(&mut world, "100");
    let digit = |world: &mut World| {
        world.with_party(0, |party, now| party.info(session, "application/dtmf-relay", "Signal=5\r\nDuration=100\r\n", now));
        world.run_for(ms(300));
    };
    digit(&mut world);
    refer(&mut world, 0, 3, "<sip:ana@127.0.0.1:20002>", &[]);
    assert!(world.run_until(s(6), |world| told(world, 0).last().is_some_and(|text| text == "SIP/2.0 200 OK")));
    digit(&mut world);
    world.with_party(0, |party, now| party.hang_up(session, now));
    world.run_for(s(5));
    assert_eq!(world.port(0).state, PortState::Talking, "its BYE ends nothing but its session");
    hang_up_line(&mut world);
    let digits = only_record(&world).timeline.iter().filter(|mark| matches!(mark.what, MarkKind::DigitSent { .. })).count();
    assert_eq!(digits, 1, "only the one from before");
    end_well(&mut world);
}

#[test]
fn a_call_is_taken_over_five_times_and_no_more() {
    let mut world = trunk_of_two(Habits::default());
    talk(&mut world, "100");
    for turn in 0..6 {
        let (holder, taker) = (turn % 2, 1 - turn % 2);
        let header = replaces(&world, holder, "");
        take_over(&mut world, taker, header, None);
        world.run_for(s(1));
        let expected = if turn < 5 { 200 } else { 403 };
        assert_eq!(finals(&world, taker).last().map(|response| response.status()), Some(expected), "turn {turn}");
        assert_eq!(world.port(0).state, PortState::Talking);
    }
    hang_up_line(&mut world);
    end_well(&mut world);
}
