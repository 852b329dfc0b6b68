//! Calls against a peer that says exactly what the story wants.

use super::*;
use crate::config::settings::Secret;
use crate::sip::digest::{Algorithm, Credentials, Verdict, Verifier};

fn called() -> (Stage, SessionId) {
    let mut stage = Stage::new();
    let mut invite = request(Method::Invite, "i1", 1);
    invite.set_body("application/sdp", b"v=0\r\n".to_vec());
    stage.hear(invite);
    let session = stage.invite_event();
    (stage, session)
}

pub(super) fn talking() -> (Stage, SessionId, Response) {
    let (mut stage, session) = called();
    stage.order(|agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out));
    let ok = stage.last_response();
    stage.hear(inside(&ok, Method::Ack, "a1", 1));
    (stage, session, ok)
}

fn calling(invite: Invite) -> (Stage, SessionId, Request) {
    let mut stage = Stage::new();
    let mut session = None;
    stage.order(|agent, now, out| session = Some(agent.invite(invite, now, out)));
    let request = stage.last_request(&Method::Invite);
    (stage, session.unwrap(), request)
}

pub(super) fn refused(stage: &Stage) -> Vec<u16> {
    let statuses = stage.events.iter().filter_map(|event| match event {
        SipEvent::Refused { status, .. } => Some(*status),
        _ => None,
    });
    statuses.collect()
}

pub(super) fn ends(stage: &Stage) -> Vec<SessionEnd> {
    let ends = stage.events.iter().filter_map(|event| match event {
        SipEvent::Ended { end, .. } => Some(end.clone()),
        _ => None,
    });
    ends.collect()
}

#[test]
fn a_call_is_answered_acknowledged_and_ended_by_the_caller() {
    let (mut stage, session, ok) = talking();
    assert_eq!((ok.status(), ok.body()), (200, b"v=0\r\n".as_slice()));
    assert_eq!(ok.headers().get("Contact"), Some("<sip:100@198.51.100.1:5060>"));
    assert_eq!(ok.headers().get("Server"), Some("Loopstart"));
    assert!(matches!(stage.events[1], SipEvent::Acknowledged { session: s, .. } if s == session));
    let mut bye = inside(&ok, Method::Bye, "b1", 2);
    bye.headers_mut().push("Reason", "Q.850;cause=16");
    assert_eq!(stage.agent.session_of(&Message::Request(bye.clone())), Some(session));
    stage.hear(bye.clone());
    stage.hear(bye);
    assert_eq!(stage.statuses(&Method::Bye), [200, 200]);
    assert_eq!(ends(&stage), [SessionEnd::Bye { reason: Some("Q.850;cause=16".into()), cause: Some(16) }]);
    stage.wait_until(40_000);
    assert!(stage.agent.is_quiet());
    assert_eq!(stage.events.len(), 3);
}

#[test]
fn trying_comes_after_200_ms_and_ringing_is_told_again_every_minute() {
    let (mut stage, session) = called();
    stage.wait_until(1000);
    assert_eq!(stage.statuses(&Method::Invite), [100]);
    assert_eq!(stage.sent[0].0, Moment::from_millis(200));
    assert_eq!(stage.last_response().to().unwrap().tag(), None);
    stage.order(|agent, now, out| agent.provisional(session, 180, None, now, out));
    stage.wait_until(122_000);
    let ringing: Vec<_> = stage.sent[1..].iter().map(|(at, _, _)| at.as_millis()).collect();
    assert_eq!(ringing, [1000, 61_000, 121_000]);
    assert_eq!(stage.statuses(&Method::Invite), [100, 180, 180, 180]);
    assert!(stage.last_response().to().unwrap().tag().is_some());
}

#[test]
fn an_unacknowledged_answer_is_repeated_for_32_seconds_and_then_the_call_is_ended() {
    let (mut stage, session) = called();
    stage.order(|agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out));
    stage.wait_until(31_999);
    let sent: Vec<_> = stage.sent.iter().map(|(at, _, _)| at.as_millis()).collect();
    assert_eq!(sent, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(stage.events.len(), 1);
    stage.wait_until(32_000);
    assert_eq!(ends(&stage), [SessionEnd::NoAck]);
    let bye = stage.last_request(&Method::Bye);
    stage.hear(respond(&bye, 200, "far"));
    stage.wait_until(40_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let (mut stage, session) = called();
    stage.order(|agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out));
    let ok = stage.last_response();
    stage.order(|agent, now, out| agent.hang_up(session, Some(16), now, out));
    stage.order(|agent, now, out| agent.hang_up(session, Some(17), now, out));
    assert_eq!(stage.requests(&Method::Bye).len(), 0);
    stage.hear(inside(&ok, Method::Ack, "a1", 1));
    assert_eq!(stage.last_request(&Method::Bye).headers().get("Reason"), Some("Q.850;cause=16"));
    assert_eq!(stage.events.len(), 1);
}

#[test]
fn cancel_in_time_is_answered_and_refuses_the_invite() {
    let (mut stage, session) = called();
    let cancel = request(Method::Cancel, "i1", 1);
    assert_eq!(stage.agent.session_of(&Message::Request(cancel.clone())), Some(session));
    stage.hear(cancel);
    assert_eq!(stage.statuses(&Method::Cancel), [200]);
    assert_eq!(stage.statuses(&Method::Invite), [487]);
    assert!(matches!(stage.events[1], SipEvent::Cancelled { session: s, .. } if s == session));
    stage.order(|agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out));
    assert_eq!(stage.statuses(&Method::Invite), [487]);
    stage.wait_until(70_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn cancel_after_the_answer_changes_nothing() {
    let (mut stage, _, ok) = talking();
    stage.hear(request(Method::Cancel, "i1", 1));
    assert_eq!(stage.statuses(&Method::Cancel), [200]);
    assert_eq!(ends(&stage), []);
    stage.hear(inside(&ok, Method::Bye, "b1", 2));
    assert_eq!(stage.statuses(&Method::Bye), [200]);
}

#[test]
fn a_bye_before_the_answer_takes_the_invite_with_it() {
    let (mut stage, session) = called();
    stage.order(|agent, now, out| agent.provisional(session, 180, None, now, out));
    let ringing = stage.last_response();
    stage.hear(inside(&ringing, Method::Bye, "b1", 2));
    assert_eq!(stage.statuses(&Method::Bye), [200]);
    assert_eq!(stage.statuses(&Method::Invite), [180, 487]);
    assert!(matches!(stage.events[1], SipEvent::Cancelled { .. }));
}

#[test]
fn a_refusal_says_why_and_is_repeated_until_its_ack() {
    let (mut stage, session) = called();
    let refusal = Refusal {
        status: 503,
        cause: Some(34),
        retry_after_s: Some(30),
        headers: vec![("Warning".into(), "399 loopstart \"full\"".into())],
    };
    stage.order(|agent, now, out| agent.refuse(session, refusal, now, out));
    stage.wait_until(600);
    let response = stage.last_response();
    assert_eq!(stage.statuses(&Method::Invite), [503, 503]);
    assert_eq!(response.headers().get("Reason"), Some("Q.850;cause=34"));
    assert_eq!(response.headers().get("Retry-After"), Some("30"));
    assert!(response.headers().get("Warning").is_some());
    stage.hear(inside(&response, Method::Ack, "i1", 1));
    stage.wait_until(10_000);
    assert_eq!(stage.statuses(&Method::Invite), [503, 503]);
    assert!(stage.agent.is_quiet());
}

#[test]
fn an_offer_in_the_call_is_answered_once_and_its_ack_awaited() {
    let (mut stage, session, ok) = talking();
    let mut offer = inside(&ok, Method::Invite, "r1", 2);
    offer.set_body("application/sdp", b"offer".to_vec());
    stage.hear(offer);
    assert!(matches!(stage.events.last(), Some(SipEvent::Offer { body, .. }) if body == b"offer"));
    let mut second = inside(&ok, Method::Invite, "r2", 3);
    second.set_body("application/sdp", b"offer".to_vec());
    stage.hear(second);
    assert_eq!(stage.last_response().status(), 500);
    assert!(stage.last_response().headers().get("Retry-After").is_some());
    stage.order(|agent, now, out| agent.answer_offer(session, Ok(b"answer".to_vec()), now, out));
    assert_eq!((stage.last_response().status(), stage.last_response().body()), (200, b"answer".as_slice()));
    stage.hear(inside(&ok, Method::Invite, "r3", 4));
    assert_eq!(stage.last_response().status(), 491);
    stage.hear(inside(&ok, Method::Ack, "a2", 2));
    let before = stage.sent.len();
    stage.wait_until(5000);
    let late = stage.sent[before..].iter().filter(|(_, _, message)| matches!(message, Message::Response(r) if r.is_success()));
    assert_eq!(late.count(), 0);
    stage.order(|agent, now, out| agent.answer_offer(session, Err(488), now, out));
    assert!(!stage.statuses(&Method::Invite).contains(&488));
}

#[test]
fn an_offer_that_is_refused_leaves_the_call_as_it_was() {
    let (mut stage, session, ok) = talking();
    let mut update = inside(&ok, Method::Update, "u1", 2);
    update.set_body("application/sdp", b"offer".to_vec());
    stage.hear(update);
    stage.order(|agent, now, out| agent.answer_offer(session, Err(488), now, out));
    assert_eq!(stage.statuses(&Method::Update), [488]);
    let mut moved = inside(&ok, Method::Update, "u2", 3);
    moved.headers_mut().set("Contact", "<sip:caller@192.0.2.99:5080>");
    stage.hear(moved);
    assert_eq!(stage.statuses(&Method::Update), [488, 200]);
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    assert_eq!(stage.last_request(&Method::Bye).uri(), "sip:caller@192.0.2.99:5080");
    assert_eq!(stage.sent.last().unwrap().1, address("192.0.2.99:5080"));
}

#[test]
fn bye_ends_an_offer_that_waits_and_cancel_withdraws_one() {
    let (mut stage, _, ok) = talking();
    stage.hear(inside(&ok, Method::Invite, "r1", 2));
    stage.hear(inside(&ok, Method::Cancel, "r1", 2));
    assert_eq!(stage.statuses(&Method::Invite), [200, 487]);
    stage.hear(inside(&ok, Method::Invite, "r2", 3));
    stage.hear(inside(&ok, Method::Bye, "b1", 4));
    assert_eq!(stage.statuses(&Method::Invite), [200, 487, 487]);
    assert_eq!(ends(&stage).len(), 1);
}

#[test]
fn info_and_options_inside_the_call_are_answered_here() {
    let (mut stage, _, ok) = talking();
    let mut info = inside(&ok, Method::Info, "n1", 2);
    info.set_body("application/dtmf-relay", b"Signal=5\r\n".to_vec());
    stage.hear(info.clone());
    stage.hear(info);
    assert_eq!(stage.statuses(&Method::Info), [200, 200]);
    let told = stage
        .events
        .iter()
        .filter(|event| matches!(event, SipEvent::Info { content_type, .. } if content_type == "application/dtmf-relay"));
    assert_eq!(told.count(), 1);
    stage.hear(inside(&ok, Method::Options, "o1", 3));
    assert!(stage.last_response().headers().lists("Allow", "UPDATE"));
    stage.hear(inside(&ok, Method::Info, "n2", 2));
    assert_eq!(stage.last_response().status(), 500);
}

#[test]
fn our_call_is_answered_acknowledged_and_ended_by_us() {
    let (mut stage, session, invite) = calling(an_invite());
    assert_eq!(invite.headers().get("Contact"), Some("<sip:port1@198.51.100.1:5060>"));
    assert_eq!(invite.headers().iter().next().map(|(name, _)| name), Some("Via"));
    stage.hear(respond(&invite, 100, ""));
    stage.hear(respond(&invite, 180, "b"));
    assert!(matches!(stage.events[..], [SipEvent::Progress { status: 180, .. }]));
    let mut ok = respond(&invite, 200, "b");
    ok.set_body("application/sdp", b"answer".to_vec());
    stage.hear(ok.clone());
    stage.hear(ok);
    let acks = stage.requests(&Method::Ack);
    assert_eq!(acks.len(), 2);
    assert_eq!(acks[0].1, acks[1].1);
    assert_ne!(acks[0].1.top_via(), invite.top_via());
    assert_eq!(acks[0].1.headers().get("CSeq"), Some("1 ACK"));
    assert_eq!(stage.events.iter().filter(|event| matches!(event, SipEvent::Answered { .. })).count(), 1);
    stage.order(|agent, now, out| agent.info(session, "application/dtmf-relay", b"Signal=1\r\n".to_vec(), now, out));
    let info = stage.last_request(&Method::Info);
    stage.hear(respond(&info, 200, "b"));
    stage.order(|agent, now, out| agent.hang_up(session, Some(16), now, out));
    stage.order(|agent, now, out| agent.hang_up(session, Some(16), now, out));
    let bye = stage.last_request(&Method::Bye);
    assert_eq!(stage.requests(&Method::Bye).len(), 1);
    assert_eq!(bye.headers().get("CSeq"), Some("3 BYE"));
    stage.hear(respond(&bye, 200, "b"));
    stage.wait_until(40_000);
    assert!(stage.agent.is_quiet());
    assert_eq!(ends(&stage), []);
}

#[test]
fn a_second_fork_that_answers_is_acknowledged_and_sent_away() {
    let (mut stage, _, invite) = calling(an_invite());
    stage.hear(respond(&invite, 180, "one"));
    stage.hear(respond(&invite, 183, "two"));
    stage.hear(respond(&invite, 200, "one"));
    stage.hear(respond(&invite, 200, "two"));
    stage.hear(respond(&invite, 200, "two"));
    let tag = |request: &Request| request.to().unwrap().tag().map(str::to_owned);
    let acks: Vec<_> = stage.requests(&Method::Ack).iter().map(|(_, ack)| tag(ack)).collect();
    assert_eq!(acks, [Some("one".to_owned()), Some("two".to_owned()), Some("two".to_owned())]);
    let byes: Vec<_> = stage.requests(&Method::Bye).iter().map(|(_, bye)| tag(bye)).collect();
    assert_eq!(byes, [Some("two".to_owned())]);
    assert_eq!(stage.events.iter().filter(|event| matches!(event, SipEvent::Answered { .. })).count(), 1);
}

#[test]
fn hanging_up_waits_for_a_provisional_response_before_the_cancel() {
    let (mut stage, session, invite) = calling(an_invite());
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    assert_eq!(stage.requests(&Method::Cancel).len(), 0);
    stage.wait_until(600);
    assert_eq!(stage.requests(&Method::Invite).len(), 2);
    stage.hear(respond(&invite, 100, ""));
    let cancel = stage.last_request(&Method::Cancel);
    assert_eq!(cancel.top_via(), invite.top_via());
    assert_eq!(cancel.headers().get("CSeq"), Some("1 CANCEL"));
    stage.hear(respond(&cancel, 200, "b"));
    stage.hear(respond(&invite, 487, "b"));
    assert_eq!(refused(&stage), [487]);
    assert_eq!(stage.requests(&Method::Ack).len(), 1);
    stage.wait_until(40_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let (mut stage, session, invite) = calling(an_invite());
    stage.hear(respond(&invite, 180, "b"));
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    let cancel = stage.last_request(&Method::Cancel);
    stage.hear(respond(&invite, 200, "b"));
    stage.hear(respond(&cancel, 200, "b"));
    assert_eq!((stage.requests(&Method::Ack).len(), stage.requests(&Method::Bye).len()), (1, 1));
    assert_eq!(refused(&stage), [487]);
    stage.hear(respond(&invite, 200, "b"));
    assert_eq!((stage.requests(&Method::Ack).len(), stage.requests(&Method::Bye).len()), (2, 1));
    let bye = stage.last_request(&Method::Bye);
    stage.hear(respond(&bye, 200, "b"));
    stage.wait_until(40_000);
    assert!(stage.agent.is_quiet());
    assert_eq!(stage.events.len(), 2);
}

#[test]
fn nobody_answers_within_the_ring_time() {
    let (mut stage, _, invite) = calling(Invite { ring_timeout: Some(Duration::from_secs(20)), ..an_invite() });
    stage.hear(respond(&invite, 180, "b"));
    stage.wait_until(19_999);
    assert_eq!(stage.requests(&Method::Cancel).len(), 0);
    stage.wait_until(20_000);
    assert_eq!(stage.requests(&Method::Cancel).len(), 1);
    assert!(refused(&stage).is_empty());
    stage.wait_until(52_000);
    assert_eq!(refused(&stage), [408]);
    assert!(stage.agent.is_quiet());
}

#[test]
fn an_invite_into_the_void_ends_after_32_seconds() {
    let (mut stage, session, _) = calling(an_invite());
    stage.wait_until(31_999);
    assert!(refused(&stage).is_empty());
    stage.wait_until(32_000);
    assert_eq!(refused(&stage), [408]);
    assert!(stage.agent.is_quiet());
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    assert_eq!(stage.events.len(), 1);
}

#[test]
fn a_refused_call_of_ours_is_acknowledged_and_told() {
    let (mut stage, _, invite) = calling(an_invite());
    stage.hear(respond(&invite, 486, "b"));
    stage.hear(respond(&invite, 486, "b"));
    assert_eq!(refused(&stage), [486]);
    let acks = stage.requests(&Method::Ack);
    assert_eq!(acks.len(), 2);
    assert_eq!(acks[0].1.top_via(), invite.top_via());
    stage.wait_until(33_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn a_challenge_is_answered_once_on_the_same_call_id() {
    let credentials = Credentials { user: "port1".into(), secret: Secret("s3cret".into()) };
    let (mut stage, session, first) = calling(Invite { credentials: Some(credentials.clone()), ..an_invite() });
    let mut verifier = Verifier::new("pbx", &[Algorithm::Md5], &mut Rng::from_seed(3));
    let challenged = |request: &Request, verifier: &mut Verifier, now| {
        let mut response = respond(request, 401, "x");
        for challenge in verifier.challenges(local().ip(), false, now) {
            response.headers_mut().push("WWW-Authenticate", challenge);
        }
        response
    };
    let response = challenged(&first, &mut verifier, stage.now);
    stage.hear(response);
    let second = stage.last_request(&Method::Invite);
    assert_eq!(second.call_id(), first.call_id());
    assert_eq!(second.from().unwrap().tag(), first.from().unwrap().tag());
    assert_eq!(second.headers().get("CSeq"), Some("2 INVITE"));
    assert_ne!(second.top_via(), first.top_via());
    assert_eq!(second.body(), first.body());
    assert!(matches!(verifier.check(&second, local().ip(), Some(&credentials), stage.now), Verdict::Granted));
    stage.hear(respond(&second, 200, "b"));
    let ack = stage.last_request(&Method::Ack);
    assert_eq!(ack.headers().get("CSeq"), Some("2 ACK"));
    assert_eq!(ack.headers().get("Authorization"), second.headers().get("Authorization"));
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    let bye = stage.last_request(&Method::Bye);
    assert_eq!(bye.headers().get("CSeq"), Some("3 BYE"));
    let response = challenged(&bye, &mut verifier, stage.now);
    stage.hear(response);
    let bye = stage.last_request(&Method::Bye);
    assert_eq!(bye.headers().get("CSeq"), Some("4 BYE"));
    assert!(matches!(verifier.check(&bye, local().ip(), Some(&credentials), stage.now), Verdict::Granted));
}

#[test]
fn a_second_challenge_is_a_refusal() {
    let credentials = Credentials { user: "port1".into(), secret: Secret("wrong".into()) };
    let (mut stage, _, first) = calling(Invite { credentials: Some(credentials), ..an_invite() });
    for invite in [first.clone(), first] {
        let invite = stage.requests(&Method::Invite).pop().map_or(invite, |(_, invite)| invite);
        let mut response = respond(&invite, 407, "x");
        response.headers_mut().push("Proxy-Authenticate", "Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"");
        stage.hear(response);
    }
    assert_eq!(refused(&stage), [407]);
    assert_eq!(stage.requests(&Method::Invite).len(), 2);
    stage.wait_until(40_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn a_call_that_nobody_wants_any_more_is_not_sent_again_with_credentials() {
    let credentials = Credentials { user: "port1".into(), secret: Secret("s".into()) };
    let (mut stage, session, first) = calling(Invite { credentials: Some(credentials), ..an_invite() });
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    let mut response = respond(&first, 401, "x");
    response.headers_mut().push("WWW-Authenticate", "Digest realm=\"pbx\", nonce=\"n\"");
    stage.hear(response);
    assert_eq!(refused(&stage), [487]);
    assert_eq!(stage.requests(&Method::Invite).len(), 1);
}

#[test]
fn a_peer_that_forgot_the_call_ends_it() {
    for (status, byes) in [(Some(481), 0), (Some(408), 1), (None, 1)] {
        let (mut stage, session, invite) = calling(an_invite());
        stage.hear(respond(&invite, 200, "b"));
        stage.order(|agent, now, out| agent.info(session, "application/dtmf", b"1".to_vec(), now, out));
        let info = stage.last_request(&Method::Info);
        match status {
            Some(status) => stage.hear(respond(&info, status, "b")),
            None => stage.wait_until(32_000),
        }
        assert_eq!(ends(&stage), [SessionEnd::Gone]);
        assert_eq!(stage.requests(&Method::Bye).iter().filter(|(at, _)| *at == stage.now.as_millis()).count(), byes);
        stage.wait_until(70_000);
        assert!(stage.agent.is_quiet());
    }
}

#[test]
fn a_silent_ring_without_limit_is_given_up_after_three_minutes() {
    let (mut stage, _, invite) = calling(an_invite());
    stage.hear(respond(&invite, 180, "b"));
    stage.wait_until(100_000);
    stage.hear(respond(&invite, 180, "b"));
    stage.wait_until(280_999);
    assert_eq!(stage.requests(&Method::Cancel).len(), 0);
    stage.wait_until(281_000);
    assert_eq!(stage.requests(&Method::Cancel).len(), 1);
}

#[test]
fn routes_are_followed_inside_the_call() {
    let mut stage = Stage::new();
    let mut invite = request(Method::Invite, "i1", 1);
    invite.headers_mut().push("Record-Route", "<sip:203.0.113.1:5070;lr>, <sip:203.0.113.2;lr>");
    stage.hear(invite);
    let session = stage.invite_event();
    stage.order(|agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out));
    let ok = stage.last_response();
    assert_eq!(ok.headers().list("Record-Route").count(), 2);
    stage.hear(inside(&ok, Method::Ack, "a1", 1));
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    let bye = stage.last_request(&Method::Bye);
    assert_eq!(bye.headers().list("Route").collect::<Vec<_>>(), ["<sip:203.0.113.1:5070;lr>", "<sip:203.0.113.2;lr>"]);
    assert_eq!(stage.sent.last().unwrap().1, address("203.0.113.1:5070"));
}
