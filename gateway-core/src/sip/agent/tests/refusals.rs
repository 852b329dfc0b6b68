//! Requests that are refused, merged, repeated, or come in too great a number.

use super::*;

fn status_of(change: impl FnOnce(&mut Request), method: Method) -> Option<u16> {
    let mut stage = Stage::new();
    let mut request = request(method, "x1", 1);
    change(&mut request);
    stage.hear(request);
    stage.sent.first().map(|_| stage.last_response().status())
}

#[test]
fn requests_that_cannot_be_served_are_refused_by_their_kind() {
    let to_nowhere = |request: &mut Request| request.headers_mut().set("To", "<sip:100@198.51.100.1>;tag=unknown");
    for method in [Method::Bye, Method::Info, Method::Update, Method::Invite, Method::Options, Method::Refer] {
        assert_eq!(status_of(to_nowhere, method), Some(481));
    }
    let as_it_is = |_: &mut Request| {};
    for method in [Method::Bye, Method::Info, Method::Update, Method::Prack, Method::Refer, Method::Cancel] {
        assert_eq!(status_of(as_it_is, method), Some(481));
    }
    for method in [Method::Subscribe, Method::Notify, Method::Message] {
        assert_eq!(status_of(as_it_is, method), Some(405));
    }
    assert_eq!(status_of(as_it_is, Method::Other("PUBLISH".into())), Some(501));
    assert_eq!(status_of(|request| request.headers_mut().push("Require", "foo"), Method::Invite), Some(420));
    assert_eq!(status_of(to_nowhere, Method::Ack), None);
    assert_eq!(status_of(as_it_is, Method::Ack), None);
}

#[test]
fn registrations_and_options_go_to_the_gateway_and_are_answered_once() {
    let mut stage = Stage::new();
    for method in [Method::Register, Method::Options] {
        let request = request(method.clone(), method.as_str(), 1);
        stage.hear(request.clone());
        stage.hear(request.clone());
        let id = match stage.events.last() {
            Some(SipEvent::Request { id, .. }) => *id,
            other => panic!("{other:?}"),
        };
        stage.order(|agent, now, out| agent.respond(id, request.respond(200), now, out));
        stage.order(|agent, now, out| agent.respond(id, request.respond(403), now, out));
        stage.hear(request);
        assert_eq!(stage.statuses(&method), [200, 200]);
        assert!(stage.last_response().to().unwrap().tag().is_some());
    }
    assert_eq!(stage.events.len(), 2);
    stage.wait_until(40_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn answers_go_where_the_request_came_from_whatever_its_via_says() {
    let mut stage = Stage::new();
    let mut options = request(Method::Message, "x", 1);
    options.headers_mut().set("Via", "SIP/2.0/UDP 10.1.2.3:5090;branch=z9hG4bKx;rport;received=203.0.113.66");
    stage.hear(options);
    assert_eq!(stage.sent[0].1, peer());
    let via = stage.last_response().top_via().unwrap();
    assert_eq!((via.received, via.rport), (Some(peer().ip()), Some(Some(peer().address.port()))));
}

#[test]
fn a_request_that_comes_over_two_paths_is_taken_once() {
    let mut stage = Stage::new();
    stage.hear(request(Method::Invite, "path1", 1));
    stage.hear(request(Method::Invite, "path2", 1));
    assert_eq!(stage.statuses(&Method::Invite), [482]);
    assert_eq!(stage.events.len(), 1);
}

#[test]
fn our_own_invite_that_comes_back_is_a_loop() {
    let mut stage = Stage::new();
    stage.order(|agent, now, out| {
        agent.invite(an_invite(), now, out);
    });
    let invite = stage.last_request(&Method::Invite);
    stage.hear(invite.clone());
    assert_eq!(stage.statuses(&Method::Invite), [482]);
    assert!(stage.events.is_empty());
}

#[test]
fn a_wrong_tag_finds_no_call() {
    let mut stage = Stage::new();
    stage.hear(request(Method::Invite, "i1", 1));
    let session = stage.invite_event();
    stage.order(|agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out));
    let ok = stage.last_response();
    let mut bye = inside(&ok, Method::Bye, "b1", 2);
    bye.headers_mut().set("From", "<sip:caller@192.0.2.7>;tag=stranger");
    stage.hear(bye);
    assert_eq!(stage.statuses(&Method::Bye), [481]);
}

#[test]
fn calls_over_the_bound_are_told_to_come_later() {
    let mut stage = Stage::new();
    for n in 0..300 {
        let mut invite = request(Method::Invite, &format!("i{n}"), 1);
        invite.headers_mut().set("Call-ID", format!("call-{n}"));
        stage.hear(invite);
    }
    assert_eq!(stage.events.len(), MOST_SESSIONS);
    assert_eq!(stage.statuses(&Method::Invite), vec![503; 300 - MOST_SESSIONS]);
    assert!(stage.last_response().headers().get("Retry-After").is_some());
    stage.order(|agent, now, out| {
        agent.invite(an_invite(), now, out);
    });
    assert!(matches!(stage.events.last(), Some(SipEvent::Refused { status: 503, .. })));
}

#[test]
fn a_flood_of_answered_requests_makes_room_for_itself_and_never_grows() {
    let mut stage = Stage::new();
    for n in 0..5000 {
        stage.hear(request(Method::Message, &format!("m{n}"), n));
    }
    assert_eq!(stage.statuses(&Method::Message).len(), 5000);
    assert!(stage.agent.transactions.len() <= 1024);
    stage.wait_until(32_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn a_flood_of_unanswered_requests_is_refused_but_calls_still_end_and_our_own_requests_go_out() {
    let mut stage = Stage::new();
    stage.hear(request(Method::Invite, "i1", 1));
    let session = stage.invite_event();
    stage.order(|agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out));
    let ok = stage.last_response();
    stage.hear(inside(&ok, Method::Ack, "a1", 1));
    for n in 2..1002 {
        stage.hear(request(Method::Options, &format!("m{n}"), n));
    }
    assert_eq!(stage.events.len(), 2 + 767);
    assert_eq!(stage.statuses(&Method::Options), vec![503; 233]);
    stage.hear(inside(&ok, Method::Bye, "b1", 2));
    assert_eq!(stage.statuses(&Method::Bye), [200]);
    stage.order(|agent, now, out| {
        agent.invite(an_invite(), now, out);
    });
    assert_eq!(stage.requests(&Method::Invite).len(), 1);
    stage.wait_until(70_000);
    assert!(stage.agent.is_quiet());
}

#[test]
fn any_mutilated_message_is_survived() {
    let mut rng = Rng::from_seed(11);
    let mut stage = Stage::new();
    stage.order(|agent, now, out| {
        agent.invite(an_invite(), now, out);
    });
    let ours = stage.last_request(&Method::Invite);
    stage.hear(request(Method::Invite, "i1", 1));
    let session = stage.invite_event();
    stage.order(|agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out));
    let ok = stage.last_response();
    let seeds: Vec<Vec<u8>> = [
        Message::from(request(Method::Invite, "i9", 1)),
        inside(&ok, Method::Invite, "i10", 2).into(),
        inside(&ok, Method::Ack, "i11", 1).into(),
        inside(&ok, Method::Info, "i12", 3).into(),
        respond(&ours, 183, "b").into(),
        respond(&ours, 401, "b").into(),
        respond(&ours, 200, "b").into(),
    ]
    .iter()
    .map(wire::write)
    .collect();
    for _ in 0..20_000 {
        let mut bytes = seeds[usize::try_from(rng.below(seeds.len() as u64)).unwrap()].clone();
        for _ in 0..=rng.below(4) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            match rng.below(3) {
                0 => bytes[at] = u8::try_from(rng.below(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b";,<>\":@ \r\n09a"[usize::try_from(rng.below(13)).unwrap()]),
            }
        }
        if let Ok(message) = wire::read(&bytes) {
            stage.order(|agent, now, out| agent.handle_message(peer(), message, now, out));
        }
        stage.events.clear();
        stage.sent.clear();
        let next = stage.now.as_millis() + rng.below(20);
        stage.wait_until(next);
        assert!(stage.agent.transactions.len() <= 1024);
        assert!(stage.agent.sessions.len() <= MOST_SESSIONS);
    }
}
