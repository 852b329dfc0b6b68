//! Provisional responses that do not get lost (RFC 3262), in both roles.

use super::scripted::{ends, refused};
use super::*;

const SDP: &[u8] = b"v=0\r\n";

/// The peer calls with these headers, with an offer or without.
fn called(headers: &[(&str, &str)], offer: &[u8]) -> (Stage, SessionId) {
    let mut stage = Stage::new();
    let mut invite = request(Method::Invite, "i1", 1);
    headers.iter().for_each(|(name, value)| invite.headers_mut().push(name, *value));
    invite.set_body("application/sdp", offer.to_vec());
    stage.hear(invite);
    let session = stage.invite_event();
    (stage, session)
}

fn tells(stage: &mut Stage, session: SessionId, status: u16, body: Option<&[u8]>) {
    stage.order(|agent, now, out| agent.provisional(session, status, body.map(<[u8]>::to_vec), now, out));
}

fn rseq(response: &Response) -> Option<u32> {
    assert_eq!(response.headers().get("RSeq").is_some(), response.headers().lists("Require", "100rel"));
    response.headers().get("RSeq").map(|text| text.parse().unwrap())
}

fn prack(response: &Response, number: u32, rseq: u32) -> Request {
    let mut prack = inside(response, Method::Prack, &format!("p{number}"), number);
    prack.headers_mut().push("RAck", format!("{rseq} 1 INVITE"));
    prack
}

const CAN: &[(&str, &str)] = &[("Supported", "100rel")];
const MUST: &[(&str, &str)] = &[("Require", "100rel")];

#[test]
fn progress_with_a_description_is_repeated_until_its_prack_and_the_answer_waits_for_it() {
    let (mut stage, session) = called(CAN, SDP);
    tells(&mut stage, session, 180, None);
    assert_eq!(rseq(&stage.last_response()), None);
    tells(&mut stage, session, 183, Some(SDP));
    let early = stage.last_response();
    let number = rseq(&early).unwrap();
    assert!((1..u32::MAX / 2).contains(&number));
    stage.wait_until(3400);
    let sent: Vec<_> = stage.sent.iter().map(|(at, _, _)| at.as_millis()).collect();
    assert_eq!(sent, [0, 0, 500, 1500]);
    stage.order(|agent, now, out| agent.answer(session, SDP.to_vec(), now, out));
    assert!(!stage.statuses(&Method::Invite).contains(&200));
    stage.hear(prack(&early, 2, number));
    assert_eq!(stage.statuses(&Method::Prack), [200]);
    let ok = stage.last_response();
    // The answer has arrived, and is not given twice (RFC 3261 §13.2.1).
    assert_eq!((ok.status(), ok.body()), (200, b"".as_slice()));
    stage.hear(inside(&ok, Method::Ack, "a1", 1));
    let before = stage.sent.len();
    stage.wait_until(30_000);
    assert_eq!(stage.sent.len(), before);
}

#[test]
fn a_prack_that_fits_nothing_is_refused() {
    let (mut stage, session) = called(CAN, SDP);
    tells(&mut stage, session, 183, Some(SDP));
    let early = stage.last_response();
    let number = rseq(&early).unwrap();
    stage.hear(prack(&early, 2, number + 1));
    let mut of_another = prack(&early, 3, number);
    of_another.headers_mut().set("RAck", format!("{number} 2 INVITE"));
    stage.hear(of_another);
    stage.hear(inside(&early, Method::Prack, "p4", 4));
    assert_eq!(stage.statuses(&Method::Prack), [481, 481, 481]);
    stage.hear(prack(&early, 5, number));
    stage.hear(prack(&early, 6, number));
    assert_eq!(stage.statuses(&Method::Prack), [481, 481, 481, 200, 481]);
}

#[test]
fn whoever_requires_it_gets_everything_reliably_one_after_the_other() {
    let (mut stage, session) = called(MUST, SDP);
    tells(&mut stage, session, 180, None);
    let first = stage.last_response();
    tells(&mut stage, session, 183, Some(SDP));
    assert_eq!(stage.last_response().status(), 180, "the next waits for the PRACK");
    let number = rseq(&first).unwrap();
    stage.hear(prack(&first, 2, number));
    let second = stage.last_response();
    assert_eq!((second.status(), rseq(&second), second.body()), (183, Some(number + 1), SDP));
    stage.hear(prack(&second, 3, number + 1));
    stage.wait_until(61_000);
    assert_eq!(rseq(&stage.last_response()), Some(number + 2), "progress is told again every minute");
}

#[test]
fn a_caller_that_acknowledges_nothing_is_refused_after_32_seconds() {
    let (mut stage, session) = called(CAN, SDP);
    tells(&mut stage, session, 183, Some(SDP));
    stage.order(|agent, now, out| agent.answer(session, SDP.to_vec(), now, out));
    stage.wait_until(31_999);
    assert_eq!(ends(&stage), []);
    stage.wait_until(32_000);
    assert_eq!((ends(&stage), stage.statuses(&Method::Invite).pop()), (vec![SessionEnd::NoAck], Some(504)));
    stage.hear(inside(&stage.last_response(), Method::Ack, "i1", 1));
    stage.wait_until(80_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn without_an_offer_nothing_is_told_that_would_have_to_bring_ours() {
    let (mut stage, session) = called(MUST, b"");
    tells(&mut stage, session, 183, Some(SDP));
    assert!(stage.sent.is_empty());
    stage.order(|agent, now, out| agent.answer(session, SDP.to_vec(), now, out));
    assert_eq!((stage.last_response().status(), stage.last_response().body()), (200, SDP));
    let (mut stage, session) = called(CAN, b"");
    tells(&mut stage, session, 183, None);
    assert_eq!((stage.last_response().status(), rseq(&stage.last_response())), (183, None));
}

#[test]
fn an_offer_in_the_prack_or_in_an_update_after_it_is_answered_before_the_call_is() {
    let (mut stage, session) = called(CAN, SDP);
    tells(&mut stage, session, 183, Some(SDP));
    let early = stage.last_response();
    let mut too_early = inside(&early, Method::Update, "u0", 2);
    too_early.set_body("application/sdp", b"offer".to_vec());
    stage.hear(too_early);
    assert_eq!(stage.statuses(&Method::Update), [500]);
    let mut prack = prack(&early, 3, rseq(&early).unwrap());
    prack.set_body("application/sdp", b"second".to_vec());
    let mut update = inside(&early, Method::Update, "u1", 4);
    update.set_body("application/sdp", b"third".to_vec());
    for offer in [prack, update] {
        let (method, body) = (offer.method().clone(), offer.body().to_vec());
        stage.hear(offer);
        assert!(matches!(stage.events.last(), Some(SipEvent::Offer { body: b, .. }) if *b == body));
        stage.order(|agent, now, out| agent.answer_offer(session, Ok(b"answer".to_vec()), now, out));
        let response = stage.last_response();
        assert_eq!((response.status(), response.cseq().unwrap().method, response.body()), (200, method, b"answer".as_slice()));
    }
    stage.order(|agent, now, out| agent.answer(session, SDP.to_vec(), now, out));
    assert_eq!(stage.last_response().body(), b"");
}

fn calling() -> (Stage, SessionId, Request) {
    let mut stage = Stage::new();
    let mut session = None;
    stage.order(|agent, now, out| session = Some(agent.invite(an_invite(), now, out)));
    let invite = stage.last_request(&Method::Invite);
    assert!(invite.headers().lists("Supported", "100rel"));
    assert!(invite.headers().lists("Allow", "PRACK"));
    (stage, session.unwrap(), invite)
}

fn reliably(invite: &Request, status: u16, tag: &str, rseq: u32, body: &[u8]) -> Response {
    let mut response = respond(invite, status, tag);
    response.headers_mut().push("Require", "100rel");
    response.headers_mut().push("RSeq", rseq.to_string());
    response.set_body("application/sdp", body.to_vec());
    response
}

fn pracks(stage: &Stage) -> Vec<(String, String, u32)> {
    let pracks = stage.requests(&Method::Prack).into_iter().map(|(_, prack)| {
        let tag = prack.to().unwrap().tag().unwrap().to_owned();
        (tag, prack.headers().get("RAck").unwrap().to_owned(), prack.cseq().unwrap().number)
    });
    pracks.collect()
}

#[test]
fn every_fork_gets_its_pracks_in_order_and_nothing_twice() {
    let (mut stage, _, invite) = calling();
    for (status, tag, rseq) in [(180, "one", 10), (183, "two", 70), (180, "one", 10), (183, "one", 12), (183, "one", 11), (180, "two", 69)]
    {
        stage.hear(reliably(&invite, status, tag, rseq, b""));
    }
    let expected = [("one", "10 1 INVITE", 2), ("two", "70 1 INVITE", 2), ("one", "11 1 INVITE", 3)];
    assert_eq!(pracks(&stage), expected.map(|(tag, rack, number)| (tag.to_owned(), rack.to_owned(), number)));
    let told = stage.events.iter().filter(|event| matches!(event, SipEvent::Progress { .. })).count();
    assert_eq!(told, 3, "repetitions and what overtakes are no news");
}

#[test]
fn the_answer_that_came_early_is_the_one_of_the_call_and_its_numbers_go_on() {
    let (mut stage, session, invite) = calling();
    stage.hear(reliably(&invite, 183, "one", 5, b"early"));
    stage.hear(reliably(&invite, 183, "two", 5, b"other"));
    stage.hear(respond(&invite, 200, "one"));
    assert!(matches!(stage.events.last(), Some(SipEvent::Answered { body, .. }) if body == b"early"));
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    assert_eq!(stage.last_request(&Method::Bye).cseq().unwrap().number, 3, "after the PRACK");
    // The other fork answers too late, and its numbers go on as well.
    stage.hear(respond(&invite, 200, "two"));
    let bye = stage.last_request(&Method::Bye);
    assert_eq!((bye.to().unwrap().tag(), bye.cseq().unwrap().number > 2), (Some("two"), true));
}

#[test]
fn a_prack_that_is_refused_or_lost_does_not_end_the_call() {
    for status in [Some(481), None] {
        let (mut stage, _, invite) = calling();
        stage.hear(reliably(&invite, 183, "one", 5, b"early"));
        match status {
            Some(status) => stage.hear(respond(&stage.last_request(&Method::Prack), status, "one")),
            None => stage.wait_until(33_000),
        }
        assert!(refused(&stage).is_empty());
        stage.hear(respond(&invite, 200, "one"));
        assert!(matches!(stage.events.last(), Some(SipEvent::Answered { .. })));
    }
}
