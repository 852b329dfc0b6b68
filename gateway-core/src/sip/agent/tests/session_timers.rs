//! Session timers (RFC 4028) against a peer that says exactly what the story wants, in both roles.

use super::scripted::{ends, refused};
use super::*;

const SDP: &[u8] = b"v=0\r\n";

fn watched() -> Stage {
    let mut stage = Stage::new();
    stage.agent.set_session_expires(Some(1800));
    stage
}

fn with_headers(mut request: Request, headers: &[(&str, &str)]) -> Request {
    headers.iter().for_each(|(name, value)| request.headers_mut().push(name, *value));
    request
}

/// The peer calls with these headers and is answered.
fn called(headers: &[(&str, &str)]) -> (Stage, SessionId, Response) {
    let mut stage = watched();
    stage.hear(with_headers(request(Method::Invite, "i1", 1), headers));
    let session = stage.invite_event();
    stage.order(|agent, now, out| agent.answer(session, SDP.to_vec(), now, out));
    let ok = stage.last_response();
    stage.hear(inside(&ok, Method::Ack, "a1", 1));
    (stage, session, ok)
}

/// We call, and the 2xx has these headers.
fn calling(headers: &[(&str, &str)]) -> (Stage, SessionId) {
    let mut stage = watched();
    let mut session = None;
    stage.order(|agent, now, out| session = Some(agent.invite(an_invite(), now, out)));
    let mut ok = respond(&stage.last_request(&Method::Invite), 200, "b");
    headers.iter().for_each(|(name, value)| ok.headers_mut().push(name, *value));
    ok.set_body("application/sdp", SDP.to_vec());
    stage.hear(ok);
    (stage, session.unwrap())
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).map(str::to_owned)
}

const KNOWS: (&str, &str) = ("Supported", "timer");
const UPDATES: (&str, &str) = ("Allow", "INVITE, ACK, BYE, UPDATE");

#[test]
fn our_invite_asks_for_a_timer_and_says_that_we_know_it() {
    let (stage, _) = calling(&[]);
    let invite = stage.last_request(&Method::Invite);
    assert_eq!(invite.headers().get("Session-Expires"), Some("1800"));
    assert_eq!(invite.headers().get("Min-SE"), None);
    assert!(invite.headers().lists("Supported", "timer"));
}

#[test]
fn without_timers_nothing_is_said_of_them_and_what_requires_them_is_refused() {
    let mut stage = Stage::new();
    stage.order(|agent, now, out| {
        agent.invite(an_invite(), now, out);
    });
    let invite = stage.last_request(&Method::Invite);
    assert_eq!((invite.headers().get("Session-Expires"), invite.headers().lists("Supported", "timer")), (None, false));
    stage.hear(with_headers(request(Method::Invite, "i1", 1), &[("Require", "timer"), ("Session-Expires", "10")]));
    assert_eq!(stage.statuses(&Method::Invite), [420]);
}

#[test]
fn a_caller_that_refreshes_no_more_is_hung_up_on_32_s_before_the_end_of_the_interval() {
    let (mut stage, _, ok) = called(&[KNOWS, ("Session-Expires", "600")]);
    assert_eq!(header(&ok, "Session-Expires").as_deref(), Some("600;refresher=uac"));
    assert_eq!(header(&ok, "Require").as_deref(), Some("timer"));
    stage.wait_until(567_999);
    assert_eq!((ends(&stage), stage.requests(&Method::Bye).len()), (vec![], 0));
    stage.wait_until(568_000);
    assert_eq!(ends(&stage), [SessionEnd::Expired]);
    assert_eq!(stage.last_request(&Method::Bye).headers().get("Reason"), Some("Q.850;cause=102"));
    stage.wait_until(640_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn every_refresh_of_the_caller_begins_a_new_interval() {
    let (mut stage, _, ok) = called(&[KNOWS, ("Session-Expires", "90;refresher=uac")]);
    for (turn, second) in [45, 90, 135].into_iter().enumerate() {
        stage.wait_until(second * 1000);
        let number = u32::try_from(turn).unwrap() + 2;
        let update = inside(&ok, Method::Update, &format!("u{turn}"), number);
        stage.hear(with_headers(update, &[KNOWS, ("Session-Expires", "90;refresher=uac")]));
        let answer = stage.last_response();
        assert_eq!(header(&answer, "Session-Expires").as_deref(), Some("90;refresher=uac"));
    }
    // A hold refreshes too, and its caller goes on refreshing though it forgets to say so.
    stage.wait_until(180_000);
    let mut hold = with_headers(inside(&ok, Method::Invite, "h", 9), &[KNOWS]);
    hold.set_body("application/sdp", SDP.to_vec());
    stage.hear(hold);
    let session = stage.invite_event();
    stage.order(|agent, now, out| agent.answer_offer(session, Ok(SDP.to_vec()), now, out));
    assert_eq!(header(&stage.last_response(), "Session-Expires").as_deref(), Some("1800;refresher=uac"));
    stage.hear(inside(&ok, Method::Ack, "ha", 9));
    stage.wait_until(1_947_999);
    assert_eq!(ends(&stage), []);
    stage.wait_until(1_948_000);
    assert_eq!(ends(&stage), [SessionEnd::Expired]);
}

#[test]
fn too_short_an_interval_is_answered_422_also_inside_the_call() {
    let mut stage = watched();
    stage.hear(with_headers(request(Method::Invite, "i1", 1), &[KNOWS, ("Session-Expires", "60")]));
    assert_eq!((stage.last_response().status(), header(&stage.last_response(), "Min-SE").as_deref()), (422, Some("90")));
    assert!(stage.events.is_empty());
    let (mut stage, _, ok) = called(&[KNOWS, ("Session-Expires", "90")]);
    stage.hear(with_headers(inside(&ok, Method::Update, "u1", 2), &[KNOWS, ("Session-Expires", "10")]));
    assert_eq!(stage.last_response().status(), 422);
}

#[test]
fn our_invite_is_sent_again_with_the_interval_that_a_422_wants() {
    let mut stage = watched();
    let mut session = None;
    stage.order(|agent, now, out| session = Some(agent.invite(an_invite(), now, out)));
    let first = stage.last_request(&Method::Invite);
    let too_short = |request: &Request, least: &str| {
        let mut response = respond(request, 422, "x");
        response.headers_mut().push("Min-SE", least);
        response
    };
    stage.hear(too_short(&first, "3600"));
    let second = stage.last_request(&Method::Invite);
    assert_eq!((second.headers().get("Session-Expires"), second.headers().get("Min-SE")), (Some("3600"), Some("3600")));
    assert_eq!((second.call_id(), second.cseq().unwrap().number), (first.call_id(), 2));
    assert_eq!((second.to().unwrap().tag(), second.body()), (None, first.body()));
    // The same wish again leads nowhere, and neither does one that lasts for months.
    stage.hear(too_short(&second, "3600"));
    assert_eq!(refused(&stage), [422]);
    let mut stage = watched();
    stage.order(|agent, now, out| session = Some(agent.invite(an_invite(), now, out)));
    stage.hear(too_short(&stage.last_request(&Method::Invite), "4294967295"));
    assert_eq!((refused(&stage), stage.requests(&Method::Invite).len()), (vec![422], 1));
}

#[test]
fn wishes_for_longer_intervals_are_followed_three_times() {
    let mut stage = watched();
    stage.order(|agent, now, out| {
        agent.invite(an_invite(), now, out);
    });
    for least in ["2000", "3000", "4000", "5000"] {
        let mut response = respond(&stage.last_request(&Method::Invite), 422, "x");
        response.headers_mut().push("Min-SE", least);
        stage.hear(response);
    }
    assert_eq!((refused(&stage), stage.requests(&Method::Invite).len()), (vec![422], 4));
}

#[test]
fn we_refresh_by_update_where_the_peer_takes_it() {
    let (mut stage, _) = calling(&[UPDATES, ("Session-Expires", "600;refresher=uac")]);
    stage.wait_until(299_999);
    assert_eq!(stage.requests(&Method::Update).len(), 0);
    stage.wait_until(300_000);
    let update = stage.last_request(&Method::Update);
    assert_eq!(update.headers().get("Session-Expires"), Some("600;refresher=uac"));
    assert!(update.headers().lists("Supported", "timer"));
    assert!(update.body().is_empty());
    let mut ok = respond(&update, 200, "b");
    // The peer takes the work over.
    ok.headers_mut().push("Session-Expires", "600;refresher=uas");
    stage.hear(ok);
    stage.wait_until(867_999);
    assert_eq!((stage.requests(&Method::Update).len(), ends(&stage)), (1, vec![]));
    stage.wait_until(868_000);
    assert_eq!(ends(&stage), [SessionEnd::Expired]);
}

#[test]
fn a_peer_that_takes_no_update_is_asked_by_the_same_offer_again() {
    for allow in ["INVITE, ACK, BYE", "INVITE, ACK, BYE, UPDATE"] {
        let (mut stage, session) = calling(&[("Allow", allow), ("Session-Expires", "600;refresher=uac")]);
        stage.wait_until(300_000);
        if allow.contains("UPDATE") {
            stage.hear(respond(&stage.last_request(&Method::Update), 405, "b"));
            stage.wait_until(300_000);
        }
        let invite = stage.last_request(&Method::Invite);
        assert_eq!((invite.to().unwrap().tag(), invite.body()), (Some("b"), SDP));
        let mut ok = respond(&invite, 200, "b");
        ok.headers_mut().push("Session-Expires", "600;refresher=uac");
        ok.set_body("application/sdp", b"again".to_vec());
        stage.hear(ok.clone());
        stage.hear(ok);
        let acks = stage.requests(&Method::Ack);
        assert_eq!(
            acks.iter().filter(|(at, ack)| *at == 300_000 && ack.cseq().unwrap().number == invite.cseq().unwrap().number).count(),
            2
        );
        let again = stage
            .events
            .iter()
            .filter(|event| matches!(event, SipEvent::Reanswered { session: s, body } if *s == session && body == b"again"));
        assert_eq!(again.count(), 1);
        stage.wait_until(600_000);
        assert_eq!(stage.requests(&Method::Invite).iter().filter(|(at, _)| *at == 600_000).count(), 1);
    }
}

#[test]
fn a_peer_that_knows_no_timers_is_watched_by_us_alone() {
    let (mut stage, session, ok) = called(&[UPDATES]);
    assert_eq!((header(&ok, "Session-Expires"), header(&ok, "Require")), (None, None));
    stage.wait_until(900_000);
    stage.hear(respond(&stage.last_request(&Method::Update), 488, "far"));
    // Refused, but not unknown: it lives.
    stage.wait_until(1_800_000);
    assert_eq!((ends(&stage), stage.requests(&Method::Update).len()), (vec![], 2));
    stage.wait_until(1_832_000);
    assert_eq!(ends(&stage), [SessionEnd::Gone], "nobody answered");
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    stage.wait_until(1_900_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn a_refresh_that_the_peer_knows_nothing_of_ends_the_call() {
    let (mut stage, _) = calling(&[UPDATES]);
    stage.wait_until(900_000);
    stage.hear(respond(&stage.last_request(&Method::Update), 481, "b"));
    assert_eq!((ends(&stage), stage.requests(&Method::Bye).len()), (vec![SessionEnd::Gone], 0));
}

#[test]
fn a_refused_refresh_is_tried_again_until_the_session_is_over() {
    let (mut stage, _) = calling(&[UPDATES, ("Session-Expires", "90;refresher=uac")]);
    let answer = |stage: &mut Stage| {
        let mut busy = respond(&stage.last_request(&Method::Update), 503, "b");
        busy.headers_mut().push("Retry-After", "7");
        stage.hear(busy);
    };
    stage.wait_until(45_000);
    answer(&mut stage);
    stage.wait_until(52_000);
    answer(&mut stage);
    assert_eq!(stage.requests(&Method::Update).len(), 2);
    stage.wait_until(60_000);
    assert_eq!(ends(&stage), [SessionEnd::Expired]);
}

#[test]
fn two_offers_that_meet_are_both_refused_and_ours_is_repeated_later() {
    let (mut stage, _) = calling(&[("Session-Expires", "600;refresher=uac")]);
    stage.wait_until(300_000);
    let ours = stage.last_request(&Method::Invite);
    let mut theirs = request(Method::Invite, "g", 7);
    theirs.headers_mut().set("From", ours.headers().get("To").unwrap().to_owned());
    theirs.headers_mut().set("To", ours.headers().get("From").unwrap().to_owned());
    theirs.headers_mut().set("Call-ID", ours.call_id().unwrap().to_owned());
    stage.hear(theirs);
    assert_eq!(stage.last_response().status(), 491);
    stage.hear(respond(&ours, 491, "b"));
    // Each with its retransmissions: the call itself, the offer that met the other, and the one after 2.1 to 4 s, as the call is ours.
    let invites = |stage: &Stage| stage.requests(&Method::Invite).iter().map(|(_, invite)| invite.cseq().unwrap().number).max();
    stage.wait_until(302_099);
    assert_eq!(invites(&stage), Some(2));
    stage.wait_until(304_000);
    assert_eq!(invites(&stage), Some(3));
}

#[test]
fn hanging_up_leaves_no_refresh_behind() {
    let (mut stage, session) = calling(&[("Session-Expires", "600;refresher=uac")]);
    stage.wait_until(300_000);
    let invite = stage.last_request(&Method::Invite);
    stage.hear(respond(&invite, 100, ""));
    stage.order(|agent, now, out| agent.hang_up(session, Some(16), now, out));
    stage.hear(respond(&stage.last_request(&Method::Bye), 200, "b"));
    stage.wait_until(340_000);
    assert!(stage.agent.is_quiet());
    // Without a word before it, the answer that crosses the BYE is acknowledged, and nothing more is said.
    let (mut stage, session) = calling(&[("Session-Expires", "600;refresher=uac")]);
    stage.wait_until(300_000);
    let invite = stage.last_request(&Method::Invite);
    stage.order(|agent, now, out| agent.hang_up(session, Some(16), now, out));
    stage.hear(respond(&invite, 200, "b"));
    assert_eq!((stage.requests(&Method::Ack).len(), stage.requests(&Method::Bye).len()), (2, 1));
}
