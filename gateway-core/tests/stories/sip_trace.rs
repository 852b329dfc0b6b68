//! What is kept of SIP messages: every one, with its port, its call, and why nobody listened to it.

use std::net::SocketAddr;

use gateway_core::config::PortId;
use gateway_core::gateway::sip_trace::{SipDirection, SipDrop, SipMessage, SipTraceQuery};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;

use super::cast::*;

fn messages(world: &World) -> Vec<SipMessage> {
    world.sip.answer(SipTraceQuery::default()).decoded().messages
}

/// The messages of a call as a ladder: `<` came, `>` went.
fn ladder(messages: &[SipMessage], call: &str) -> Vec<String> {
    let rung = |message: &SipMessage| {
        let way = if message.direction == SipDirection::In { '<' } else { '>' };
        format!("{way} {}", message.title())
    };
    messages.iter().filter(|message| message.call.as_deref() == Some(call)).map(rung).collect()
}

#[test]
fn a_call_from_sip_is_told_from_its_challenge_to_the_answer_of_its_bye() {
    let mut world = server_with_phone(Habits { hangs_up_after: Some(s(5)), ..Habits::default() });
    call(&mut world, "100");
    assert!(world.run_until(s(30), |world| !world.records.is_empty()));
    world.run_for(s(1));
    let all = messages(&world);
    let record = only_record(&world);
    let expected = [
        "< INVITE",
        "> 401 Unauthorized",
        "< ACK",
        "< INVITE",
        "> 100 Trying",
        "> 183 Session Progress",
        "< PRACK",
        "> 200 OK",
        "> 200 OK",
        "< ACK",
        "< BYE",
        "> 200 OK",
    ];
    assert_eq!(ladder(&all, &record.id), expected);
    assert!(all.iter().filter(|message| message.call.is_some()).all(|message| message.port == Some(PortId(0))));
    let registered: Vec<_> = all.iter().filter(|message| message.method == "REGISTER").collect();
    assert!(registered.len() >= 4 && registered.iter().all(|message| (message.port, message.call.as_ref()) == (Some(PortId(0)), None)));
    end_well(&mut world);
}

#[test]
fn all_legs_of_a_ringing_line_belong_to_its_call() {
    let mut world = server_with_phone(lets_it_ring());
    let second = world.add_party(Habits { answers_after: Some(s(3)), ..Habits::default() });
    world.register(second, "p1", "secret1");
    answer_a_ring(&mut world);
    let id = world.port(0).call.unwrap().id;
    let all = messages(&world);
    let of_call: Vec<_> = all.iter().filter(|message| message.call.as_deref() == Some(id.as_str())).collect();
    let mut peers: Vec<_> = of_call.iter().map(|message| message.peer.clone()).collect();
    peers.sort();
    peers.dedup();
    assert_eq!(peers.len(), 2, "{peers:?}");
    for title in ["INVITE", "180 Ringing", "CANCEL", "487 Request Terminated", "ACK"] {
        assert!(of_call.iter().any(|message| message.title() == title), "{title}: {of_call:#?}");
    }
    assert!(all.iter().filter(|message| message.method == "INVITE").all(|message| message.call.is_some()));
    end_well(&mut world);
}

#[test]
fn a_call_that_glare_moves_goes_with_its_messages_to_the_other_port() {
    let mut world = trunk_with(trunk(), Habits::default());
    world.act(0, ring("1133334444"));
    world.call(0, "103", None);
    assert!(world.run_until_port(1, PortState::Talking, s(8)), "{:?}", world.port(1));
    let id = world.port(1).call.unwrap().id;
    let all = messages(&world);
    assert!(ladder(&all, &id).contains(&"< INVITE".to_owned()), "{all:#?}");
    assert!(all.iter().filter(|message| message.call.as_deref() == Some(id.as_str())).all(|message| message.port == Some(PortId(1))));
    end_well(&mut world);
}

#[test]
fn a_refused_call_belongs_to_its_port_and_to_no_call() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    call(&mut world, "101");
    world.run_for(s(1));
    assert_refused(&world, 0, 486, Some(17));
    let all = messages(&world);
    let busy = all.iter().find(|message| message.status == Some(486)).unwrap();
    let refused: Vec<_> = all.iter().filter(|message| message.call_id == busy.call_id).collect();
    assert!(refused.len() >= 5 && refused.iter().all(|message| (message.port, message.call.as_ref()) == (Some(PortId(0)), None)));
    world.command(gateway_core::gateway::io::Command::HangUp { port: PortId(0) });
    end_well(&mut world);
}

#[test]
fn our_registrations_belong_to_their_ports_for_ever_and_that_of_a_single_user_to_none() {
    let mut world = client_with(client(), Habits::default());
    world.run_for(s(7200));
    let registered = |world: &World, port: Option<PortId>| {
        messages(world).iter().filter(|message| message.method == "REGISTER" && message.port == port).count()
    };
    assert!(registered(&world, Some(PortId(0))) > 20 && registered(&world, Some(PortId(1))) > 20);
    assert_eq!(registered(&world, None), 0);
    let world = client_with(single(client()), Habits::default());
    assert!(registered(&world, None) >= 4);
    assert_eq!((registered(&world, Some(PortId(0))), registered(&world, Some(PortId(1)))), (0, 0));
}

#[test]
fn what_nobody_listens_to_is_kept_with_the_reason() {
    let settings = with(server(), |settings| settings.ports.iter_mut().for_each(|port| port.only_from_host = "127.0.0.0/8".to_owned()));
    let mut world = World::new(settings, 1);
    world.add_party(Habits::default());
    let stranger: SocketAddr = ([198, 51, 100, 7], 5060).into();
    let options = "OPTIONS sip:gw SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:gw>\r\n\
                   Call-ID: scan\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n";
    for bytes in [options.as_bytes(), b"nonsense\r\n\r\n", b"\r\n\r\n"] {
        world.inject(stranger, bytes);
        world.run_for(ms(100));
    }
    for _ in 0..40 {
        world.call(0, "100", Some(credentials("p1", "wrong")));
        world.run_for(s(2));
    }
    let all = messages(&world);
    let of_stranger: Vec<_> = all.iter().filter(|message| message.peer == stranger.to_string()).collect();
    let why: Vec<_> = of_stranger.iter().map(|message| message.dropped.clone().unwrap()).collect();
    assert_eq!(why, [SipDrop::SourceUnknown, SipDrop::Malformed { defect: "not SIP".to_owned() }]);
    assert_eq!((of_stranger[0].title().as_str(), of_stranger[1].title().as_str()), ("OPTIONS", ""));
    let last = all.last().unwrap();
    assert_eq!((last.title().as_str(), &last.dropped), ("INVITE", &Some(SipDrop::SourceBanned)));
    assert!(all.iter().any(|message| message.repeats.is_some()), "an INVITE that is met with silence is sent again");
    end_in_silence(&mut world);
}

#[test]
fn no_credential_is_in_what_is_kept() {
    let mut world = server_with_phone(Habits { hangs_up_after: Some(s(1)), ..Habits::default() });
    call(&mut world, "100");
    world.run_for(s(20));
    let all = messages(&world);
    let proofs: Vec<_> = all.iter().filter_map(|message| Some(message.text.split_once("response=\"")?.1.split_once('"')?.0)).collect();
    assert!(proofs.len() >= 2 && proofs.iter().all(|proof| proof.len() == 32 && proof.bytes().all(|byte| byte == b'*')), "{proofs:?}");
    end_well(&mut world);
}
