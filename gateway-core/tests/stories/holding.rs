//! Hold and other new offers inside a call. The toy peer's user agent never offers again, so these are written by hand.

use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sip::message::{Method, Response};

use super::cast::*;

/// The peer of the call in progress offers again, with this direction, and acknowledges what comes; the answer.
fn offers_again(world: &mut World, number: u32, sdp: &str) -> Response {
    let from = world.parties[0].address;
    let opened = world.tap.responses(from, &Method::Invite).find(|response| response.status() == 200).unwrap();
    let header = |name: &str| opened.headers().get(name).unwrap().to_owned();
    let request = |method: &str, body: &str| {
        let (caller, called, call_id) = (header("From"), header("To"), header("Call-ID"));
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{method}{number}\r\nMax-Forwards: 70\r\n\
             From: {caller}\r\nTo: {called}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\nContact: <sip:{from}>\r\n{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    world.inject(from, request("INVITE", sdp).as_bytes());
    world.inject(from, request("ACK", "").as_bytes());
    let answers = world.tap.responses(from, &Method::Invite);
    answers.filter(|response| response.cseq().unwrap().number == number && response.status() >= 200).last().expect("an answer")
}

fn sdp(direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    )
}

#[test]
fn a_held_call_is_neither_without_rtp_nor_silent_and_goes_on_when_it_is_taken_back() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    let held = offers_again(&mut world, 50, &sdp("sendonly"));
    assert_eq!(held.status(), 200);
    assert!(String::from_utf8_lossy(held.body()).contains("a=recvonly"));
    world.parties[0].habits.sends_rtp = false;
    world.run_for(s(120));
    assert_eq!(world.port(0).state, PortState::Talking);
    world.parties[0].habits.sends_rtp = true;
    let taken_back = offers_again(&mut world, 51, &sdp("sendrecv"));
    assert!(String::from_utf8_lossy(taken_back.body()).contains("a=sendrecv"));
    world.run_for(s(60));
    assert_eq!(world.port(0).state, PortState::Talking);
    world.parties[0].habits.sends_rtp = false;
    assert!(world.run_until(s(40), |world| !world.records.is_empty()), "and is watched again");
    end_well(&mut world);
}

#[test]
fn an_offer_that_has_nothing_for_us_is_refused_and_the_call_goes_on_as_it_was() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    let video = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 40000 RTP/AVP 96\r\n";
    assert_eq!(offers_again(&mut world, 50, video).status(), 488);
    assert_eq!(offers_again(&mut world, 51, "this is no SDP").status(), 400);
    world.run_for(s(60));
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}
