//! The races of RFC 5407 that a user agent meets, each by its section: what crosses, what is said, and what is left of the session.

use super::scripted::{ends, talking};
use super::*;

const SDP: &[u8] = b"v=0\r\n";

/// What a race leaves behind.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    /// Final answers to the request that raced.
    answers: Vec<u16>,
    /// BYEs that we sent, each once.
    byes: usize,
    /// Whether the session can still be ended by us.
    alive: bool,
    /// How it was told to be over.
    ends: Vec<SessionEnd>,
}

fn left(stage: &Stage, session: SessionId, method: &Method) -> Left {
    let answers = stage.statuses(method).into_iter().filter(|status| *status >= 200).collect();
    let mut byes: Vec<u32> = stage.requests(&Method::Bye).iter().map(|(_, bye)| bye.cseq().unwrap().number).collect();
    byes.dedup();
    Left { answers, byes: byes.len(), alive: stage.agent.farewell(session).is_some(), ends: ends(stage) }
}

/// We have answered, and the ACK has not come: the moratorium of the callee.
fn answered() -> (Stage, SessionId, Request, Response) {
    let mut stage = Stage::new();
    let mut invite = request(Method::Invite, "i1", 1);
    invite.set_body("application/sdp", SDP.to_vec());
    stage.hear(invite.clone());
    let session = stage.invite_event();
    stage.order(|agent, now, out| agent.answer(session, SDP.to_vec(), now, out));
    let ok = stage.last_response();
    (stage, session, invite, ok)
}

fn bye_of_peer() -> SessionEnd {
    SessionEnd::Bye { reason: None, cause: None }
}

fn of_peer_in(invite: &Request, method: Method, number: u32) -> Request {
    let mut request = request(method, &format!("far{number}"), number);
    request.headers_mut().set("From", format!("{};tag=b", invite.headers().get("To").unwrap()));
    request.headers_mut().set("To", invite.headers().get("From").unwrap().to_owned());
    request.headers_mut().set("Call-ID", invite.call_id().unwrap().to_owned());
    request
}

#[test]
fn the_moratorium_of_the_callee_is_survived_whatever_comes_3_1() {
    let over = |answers: &[u16]| Left { answers: answers.to_vec(), byes: 0, alive: false, ends: vec![bye_of_peer()] };
    let goes_on = |answers: &[u16]| Left { answers: answers.to_vec(), byes: 0, alive: true, ends: vec![] };
    let table: [(&str, Method, &str, u32, Left); 5] = [
        // The retransmission says nothing new: our 2xx goes out again by its own timer.
        ("3.1.1 INVITE again", Method::Invite, "i1", 1, goes_on(&[200])),
        ("3.1.2 CANCEL", Method::Cancel, "i1", 1, goes_on(&[200])),
        ("3.1.3 BYE of the early dialog", Method::Bye, "b1", 2, over(&[200])),
        ("3.1.4 and 3.1.5 re-INVITE", Method::Invite, "r1", 2, goes_on(&[200, 491])),
        ("3.1.6 BYE, and the ACK is lost", Method::Bye, "b1", 3, over(&[200])),
    ];
    for (section, method, branch, number, expected) in table {
        let (mut stage, session, invite, ok) = answered();
        stage.hear(match section {
            "3.1.1 INVITE again" => invite,
            "3.1.2 CANCEL" => request(method.clone(), branch, number),
            _ => inside(&ok, method.clone(), branch, number),
        });
        assert_eq!(left(&stage, session, &method), expected, "{section}");
        // The ACK that was on its way ends the moratorium, or means nothing any more.
        stage.hear(inside(&ok, Method::Ack, "a1", 1));
        let said = stage.sent.len();
        stage.wait_until(20_000);
        let repeated = stage.sent[said..].iter().filter(|(_, _, message)| matches!(message, Message::Response(r) if r.is_success()));
        assert_eq!(repeated.count(), 0, "{section}");
        assert_eq!(stage.agent.farewell(session).is_some(), expected.alive, "{section}");
    }
}

#[test]
fn whoever_has_hung_up_answers_what_crosses_its_bye_3_2() {
    // §3.2.1: both hang up. §3.2.2: a re-INVITE of a call that is over.
    for (section, method, status) in [("3.2.1", Method::Bye, 200), ("3.2.2", Method::Invite, 481)] {
        let (mut stage, session, ok) = talking();
        stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
        stage.hear(inside(&ok, method.clone(), "x", 2));
        assert_eq!(stage.last_response().status(), status, "{section}");
        assert_eq!((stage.agent.farewell(session), ends(&stage)), (None, vec![]), "{section}: nothing is told of what we ended");
    }
    // A BYE for a call that never was, or whose end is long past, is still refused.
    let (mut stage, session, ok) = talking();
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    stage.hear(respond(&stage.last_request(&Method::Bye), 200, "far"));
    stage.wait_until(40_000);
    stage.hear(inside(&ok, Method::Bye, "late", 3));
    assert_eq!(stage.last_response().status(), 481);
}

#[test]
fn the_answer_to_our_offer_that_crosses_our_bye_is_acknowledged_3_2_3() {
    let mut stage = Stage::new();
    stage.agent.set_session_expires(Some(90));
    let mut session = None;
    stage.order(|agent, now, out| session = Some(agent.invite(an_invite(), now, out)));
    stage.hear(respond(&stage.last_request(&Method::Invite), 200, "b"));
    stage.wait_until(45_000);
    let offer = stage.last_request(&Method::Invite);
    stage.order(|agent, now, out| agent.hang_up(session.unwrap(), None, now, out));
    stage.hear(respond(&offer, 200, "b"));
    stage.hear(respond(&offer, 200, "b"));
    let acks = stage.requests(&Method::Ack);
    let number = offer.cseq().unwrap().number;
    assert_eq!(acks.iter().filter(|(_, ack)| ack.cseq().unwrap().number == number).count(), 2, "each 2xx gets its ACK");
    assert_eq!(stage.requests(&Method::Bye).len(), 1);
}

#[test]
fn an_ack_after_the_bye_means_nothing_3_2_4() {
    let (mut stage, session, _, ok) = answered();
    stage.hear(inside(&ok, Method::Bye, "b1", 2));
    let (said, told) = (stage.sent.len(), stage.events.len());
    stage.hear(inside(&ok, Method::Ack, "a1", 1));
    assert_eq!((stage.sent.len(), stage.events.len(), stage.agent.farewell(session)), (said, told, None));
}

#[test]
fn offers_that_cross_are_both_refused_by_491_and_the_call_goes_on_3_3() {
    // §3.3.1: re-INVITE and re-INVITE. §3.3.2: UPDATE and re-INVITE.
    for (section, method) in [("3.3.1", Method::Invite), ("3.3.2", Method::Update)] {
        let mut stage = Stage::new();
        stage.agent.set_session_expires(Some(90));
        let mut session = None;
        stage.order(|agent, now, out| session = Some(agent.invite(an_invite(), now, out)));
        let invite = stage.last_request(&Method::Invite);
        stage.hear(respond(&invite, 200, "b"));
        stage.wait_until(45_000);
        let ours = stage.last_request(&Method::Invite);
        let mut theirs = of_peer_in(&invite, method.clone(), 7);
        theirs.set_body("application/sdp", SDP.to_vec());
        stage.hear(theirs);
        stage.hear(respond(&ours, 491, "b"));
        let expected = Left { answers: vec![491], byes: 0, alive: true, ends: vec![] };
        assert_eq!(left(&stage, session.unwrap(), &method), expected, "{section}");
        // The peer asks again before we do, and is served.
        let mut again = of_peer_in(&invite, method.clone(), 8);
        again.set_body("application/sdp", SDP.to_vec());
        stage.hear(again);
        stage.order(|agent, now, out| agent.answer_offer(session.unwrap(), Ok(SDP.to_vec()), now, out));
        assert_eq!(stage.last_response().status(), 200, "{section}");
    }
}
