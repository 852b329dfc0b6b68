//! A server with several places (RFC 3263 §4.3).

use super::*;

fn next() -> Hop {
    "192.0.2.8:5060".parse().unwrap()
}

fn calling() -> (Stage, SessionId) {
    let mut stage = Stage::new();
    let mut session = None;
    stage.order(|agent, now, out| session = Some(agent.invite(Invite { others: vec![next()], ..an_invite() }, now, out)));
    (stage, session.unwrap())
}

/// The INVITEs so far, each once: when and where to it was sent first.
fn invites(stage: &Stage) -> Vec<(u64, Hop, Request)> {
    let mut found: Vec<(u64, Hop, Request)> = Vec::new();
    for (at, to, message) in &stage.sent {
        if let Message::Request(request) = message
            && *request.method() == Method::Invite
            && !found.iter().any(|(_, _, known)| known.call_id() == request.call_id())
        {
            found.push((at.as_millis(), *to, request.clone()));
        }
    }
    found
}

fn went(stage: &Stage) -> Vec<(SessionId, Hop, Hop)> {
    let moves = stage.events.iter().filter_map(|event| match event {
        SipEvent::WentElsewhere { session, from, to } => Some((*session, *from, *to)),
        _ => None,
    });
    moves.collect()
}

#[test]
fn a_place_that_is_out_of_service_is_left_for_the_next_at_once() {
    let (mut stage, session) = calling();
    let invite = stage.last_request(&Method::Invite);
    stage.hear(respond(&invite, 100, ""));
    stage.hear(respond(&invite, 503, "first"));
    assert_eq!(went(&stage), [(session, peer(), next())]);
    let sent = invites(&stage);
    assert_eq!((sent.len(), sent[1].1), (2, next()));
    assert_eq!(sent[1].2.body(), sent[0].2.body());
    stage.hear(respond(&sent[1].2, 200, "second"));
    assert!(matches!(stage.events.last(), Some(SipEvent::Answered { session: answered, .. }) if *answered == session));
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    assert_eq!(stage.requests(&Method::Bye).len(), 1);
}

#[test]
fn the_last_place_has_the_last_word() {
    let (mut stage, _) = calling();
    for _ in 0..2 {
        let invite = stage.last_request(&Method::Invite);
        stage.hear(respond(&invite, 503, "x"));
    }
    assert_eq!(invites(&stage).len(), 2);
    assert!(matches!(stage.events.last(), Some(SipEvent::Refused { status: 503, .. })));
    stage.wait_until(100_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn busy_is_busy_everywhere() {
    let (mut stage, _) = calling();
    let invite = stage.last_request(&Method::Invite);
    stage.hear(respond(&invite, 486, "x"));
    assert!(went(&stage).is_empty());
    assert!(matches!(stage.events.last(), Some(SipEvent::Refused { status: 486, .. })));
}

#[test]
fn a_place_that_says_nothing_is_left_after_four_seconds() {
    let (mut stage, session) = calling();
    stage.wait_until(10_000);
    assert_eq!(went(&stage), [(session, peer(), next())]);
    assert_eq!(invites(&stage)[1].0, 4000);
    // The last place is waited for as long as RFC 3261 says.
    stage.wait_until(40_000);
    assert!(matches!(stage.events.last(), Some(SipEvent::Refused { session: refused, status: 408, .. }) if *refused == session));
    stage.wait_until(100_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn a_place_that_rings_after_all_is_cancelled_and_one_that_answers_is_hung_up() {
    for late in [180, 200] {
        let (mut stage, session) = calling();
        let first = stage.last_request(&Method::Invite);
        stage.wait_until(5000);
        let second = invites(&stage)[1].2.clone();
        stage.hear(respond(&first, late, "late"));
        stage.hear(respond(&second, 200, "second"));
        assert!(matches!(stage.events.last(), Some(SipEvent::Answered { session: answered, .. }) if *answered == session));
        let of_first = |method: &Method| stage.requests(method).iter().filter(|(_, sent)| sent.call_id() == first.call_id()).count();
        let undone = if late == 180 { of_first(&Method::Cancel) } else { of_first(&Method::Bye) };
        assert_eq!(undone, 1, "{late}");
        assert!(!stage.events.iter().any(|event| matches!(event, SipEvent::Refused { session: refused, .. } if *refused == session)));
    }
}

#[test]
fn nobody_is_asked_for_a_call_that_was_given_up() {
    let (mut stage, session) = calling();
    stage.order(|agent, now, out| agent.hang_up(session, None, now, out));
    stage.wait_until(100_000);
    assert_eq!(invites(&stage).len(), 1);
    assert!(stage.agent.is_quiet());
}

#[test]
fn a_place_that_rings_is_not_left_however_long_it_takes() {
    let (mut stage, _) = calling();
    let invite = stage.last_request(&Method::Invite);
    stage.wait_until(3000);
    stage.hear(respond(&invite, 180, "x"));
    stage.wait_until(60_000);
    assert!(went(&stage).is_empty());
}
