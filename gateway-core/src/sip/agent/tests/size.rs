//! Requests that are too large for a datagram (RFC 3261 §18.1.1).

use super::*;
use crate::sip::hop::Transport;

fn stream() -> Hop {
    Hop::new(Transport::Tcp, peer().address)
}

fn calling(description: usize, open: bool) -> (Stage, SessionId) {
    let mut stage = Stage::new();
    let mut session = None;
    stage.agent.set_tcp(open);
    let invite = Invite { body: vec![b'x'; description], ..an_invite() };
    stage.order(|agent, now, out| session = Some(agent.invite(invite, now, out)));
    (stage, session.unwrap())
}

/// Where the INVITEs went and what their Via says, in order.
fn invites(stage: &Stage) -> Vec<(u64, Hop, String)> {
    let requests = stage.sent.iter().filter_map(|(at, to, message)| match message {
        Message::Request(request) if *request.method() == Method::Invite => {
            let via = request.headers().get("Via").unwrap().split(' ').next().unwrap().to_owned();
            Some((at.as_millis(), *to, via))
        }
        _ => None,
    });
    requests.collect()
}

#[test]
fn what_is_large_goes_over_a_connection_and_what_is_small_does_not() {
    for (description, open, to, via) in [
        (1300, true, stream(), "SIP/2.0/TCP"),
        (200, true, peer(), "SIP/2.0/UDP"),
        // Where nobody would find us over TCP, a large datagram is the lesser evil.
        (1300, false, peer(), "SIP/2.0/UDP"),
    ] {
        let (stage, _) = calling(description, open);
        assert_eq!(invites(&stage), [(0, to, via.to_owned())], "{description} {open}");
    }
}

#[test]
fn over_a_connection_nothing_is_repeated_and_the_answer_is_found() {
    let (mut stage, session) = calling(1300, true);
    stage.wait_until(3000);
    assert_eq!(invites(&stage).len(), 1);
    let invite = stage.last_request(&Method::Invite);
    stage.hear(respond(&invite, 200, "far"));
    assert!(matches!(stage.events.last(), Some(SipEvent::Answered { session: answered, .. }) if *answered == session));
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    assert_eq!(stage.sent.last().unwrap().1, peer(), "what is small goes where the peer's Contact leads");
}

#[test]
fn where_no_connection_is_to_be_had_a_datagram_takes_it_and_the_next_one_at_once() {
    let (mut stage, session) = calling(1300, true);
    stage.wait_until(100);
    stage.order(|agent, now, out| agent.cut_off(stream(), now, out));
    stage.wait_until(700);
    let sent = invites(&stage);
    let datagram = |at_ms| (at_ms, peer(), "SIP/2.0/UDP".to_owned());
    assert_eq!(sent[1..], [datagram(100), datagram(600)], "with the repetitions of UDP");
    assert!(stage.events.is_empty(), "nobody was refused: {:?}", stage.events);
    let invite = stage.last_request(&Method::Invite);
    stage.hear(respond(&invite, 200, "far"));
    assert!(matches!(stage.events.last(), Some(SipEvent::Answered { session: answered, .. }) if *answered == session));
    let large = Invite { body: vec![b'x'; 1300], ..an_invite() };
    stage.order(|agent, now, out| {
        agent.invite(large, now, out);
    });
    assert_eq!(invites(&stage).last(), Some(&datagram(700)));
}

#[test]
fn a_call_that_was_heard_over_its_connection_is_not_sent_twice() {
    let (mut stage, session) = calling(1300, true);
    let invite = stage.last_request(&Method::Invite);
    stage.hear(respond(&invite, 180, "far"));
    stage.order(|agent, now, out| agent.cut_off(stream(), now, out));
    assert_eq!(invites(&stage).len(), 1);
    assert!(matches!(stage.events.last(), Some(SipEvent::Refused { session: refused, status: 503, .. }) if *refused == session));
}

#[test]
fn a_cancel_follows_its_invite() {
    let (mut stage, session) = calling(1300, true);
    let invite = stage.last_request(&Method::Invite);
    stage.hear(respond(&invite, 100, ""));
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    let (_, to, _) = stage.sent.last().unwrap();
    assert_eq!(*to, stream());
    assert_eq!(stage.last_request(&Method::Cancel).headers().get("Via"), invite.headers().get("Via"));
}
