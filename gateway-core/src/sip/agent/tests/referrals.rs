//! REFER and Replaces against a peer that says exactly what the story wants (RFC 3515, RFC 3891, RFC 4488).

use super::scripted::{ends, talking};
use super::*;

fn refer(ok: &Response, branch: &str, number: u32, lines: &[(&str, &str)]) -> Request {
    let mut refer = inside(ok, Method::Refer, branch, number);
    for (name, value) in lines {
        refer.headers_mut().push(name, *value);
    }
    refer
}

const TO_ANA: (&str, &str) = ("Refer-To", "<sip:ana@192.0.2.8>");

/// `Event`, `Subscription-State` and body of every NOTIFY so far.
fn notified(stage: &Stage) -> Vec<(String, String, String)> {
    let line = |request: &Request, name: &str| request.headers().get(name).unwrap_or_default().to_owned();
    let text = |request: &Request| String::from_utf8(request.body().to_vec()).unwrap().trim().to_owned();
    let notifies = stage.requests(&Method::Notify);
    notifies.iter().map(|(_, request)| (line(request, "Event"), line(request, "Subscription-State"), text(request))).collect()
}

fn hear_notify(stage: &mut Stage, status: u16) {
    let notify = stage.last_request(&Method::Notify);
    stage.hear(respond(&notify, status, "far"));
}

fn references(stage: &Stage) -> usize {
    stage.events.iter().filter(|event| matches!(event, SipEvent::Referred { .. })).count()
}

#[test]
fn a_reference_is_accepted_and_its_progress_told_until_it_ends() {
    let (mut stage, session, ok) = talking();
    stage.hear(refer(&ok, "f1", 2, &[TO_ANA]));
    assert!(matches!(stage.events.last(), Some(SipEvent::Referred { referral, .. }) if referral.target == "sip:ana@192.0.2.8"));
    assert!(stage.statuses(&Method::Refer).is_empty(), "the gateway decides");
    stage.order(|agent, now, out| agent.answer_refer(session, Ok(()), now, out));
    assert_eq!(stage.statuses(&Method::Refer), [202]);
    hear_notify(&mut stage, 200);
    for status in [180, 180, 183, 180] {
        stage.order(|agent, now, out| agent.tell_of_referral(session, status, "Ringing", now, out));
    }
    stage.order(|agent, now, out| agent.tell_of_referral(session, 200, "OK", now, out));
    stage.order(|agent, now, out| agent.tell_of_referral(session, 200, "OK", now, out));
    let words = |state: &str, text: &str| ("refer".to_owned(), state.to_owned(), text.to_owned());
    let active = "active;expires=180";
    let expected = [
        words(active, "SIP/2.0 100 Trying"),
        words(active, "SIP/2.0 180 Ringing"),
        words(active, "SIP/2.0 183 Ringing"),
        words("terminated;reason=noresource", "SIP/2.0 200 OK"),
    ];
    assert_eq!(notified(&stage), expected);
    let first = stage.requests(&Method::Notify)[0].1.clone();
    assert_eq!(first.headers().get("Content-Type"), Some("message/sipfrag;version=2.0"));
    assert!(ends(&stage).is_empty());
}

#[test]
fn a_second_reference_waits_for_the_end_of_the_first_and_its_events_have_an_id() {
    let (mut stage, session, ok) = talking();
    stage.hear(refer(&ok, "f1", 2, &[TO_ANA]));
    stage.order(|agent, now, out| agent.answer_refer(session, Ok(()), now, out));
    stage.hear(refer(&ok, "f2", 3, &[TO_ANA]));
    assert_eq!(stage.statuses(&Method::Refer), [202, 491]);
    stage.order(|agent, now, out| agent.tell_of_referral(session, 486, "Busy Here", now, out));
    stage.hear(refer(&ok, "f3", 4, &[TO_ANA]));
    stage.order(|agent, now, out| agent.answer_refer(session, Ok(()), now, out));
    assert_eq!(notified(&stage).last().unwrap().0, "refer;id=4");
    assert_eq!(references(&stage), 2);
}

#[test]
fn a_reference_that_is_refused_leaves_no_subscription() {
    let (mut stage, session, ok) = talking();
    stage.hear(refer(&ok, "f1", 2, &[TO_ANA]));
    stage.order(|agent, now, out| agent.answer_refer(session, Err(403), now, out));
    stage.order(|agent, now, out| agent.tell_of_referral(session, 200, "OK", now, out));
    stage.hear(refer(&ok, "f2", 3, &[]));
    stage.hear(refer(&ok, "f3", 4, &[TO_ANA, TO_ANA]));
    stage.hear(refer(&ok, "f4", 5, &[("Refer-To", "<sip:ana@192.0.2.8;method=BYE>")]));
    assert_eq!(stage.statuses(&Method::Refer), [403, 400, 400, 400]);
    assert!(notified(&stage).is_empty());
    assert_eq!(references(&stage), 1);
}

#[test]
fn whoever_wants_no_word_gets_none() {
    let (mut stage, session, ok) = talking();
    stage.hear(refer(&ok, "f1", 2, &[TO_ANA, ("Refer-Sub", "false"), ("Require", "norefersub")]));
    stage.order(|agent, now, out| agent.answer_refer(session, Ok(()), now, out));
    assert_eq!((stage.last_response().status(), stage.last_response().headers().get("Refer-Sub")), (202, Some("false")));
    stage.order(|agent, now, out| agent.tell_of_referral(session, 200, "OK", now, out));
    assert!(notified(&stage).is_empty());
}

#[test]
fn a_notify_that_is_refused_or_unanswered_ends_the_subscription_and_not_the_call() {
    for refused in [true, false] {
        let (mut stage, session, ok) = talking();
        stage.hear(refer(&ok, "f1", 2, &[TO_ANA]));
        stage.order(|agent, now, out| agent.answer_refer(session, Ok(()), now, out));
        if refused {
            hear_notify(&mut stage, 481);
        } else {
            stage.wait_until(33_000);
        }
        let before = notified(&stage).len();
        stage.order(|agent, now, out| agent.tell_of_referral(session, 200, "OK", now, out));
        assert_eq!(notified(&stage).len(), before);
        assert!(ends(&stage).is_empty(), "refused: {refused}");
    }
}

#[test]
fn a_refer_outside_a_call_is_refused() {
    let mut stage = Stage::new();
    let mut outside = request(Method::Refer, "f1", 1);
    outside.headers_mut().push(TO_ANA.0, TO_ANA.1);
    stage.hear(outside);
    assert_eq!(stage.statuses(&Method::Refer), [481]);
    assert_eq!(references(&stage), 0);
}

/// What the agent says to an INVITE that asks for the place of `call-1`, whose tags are `to` and `from`.
fn replaced(stage: &Stage, to: &str, from: &str, more: &str) -> Result<Option<SessionId>, u16> {
    let mut invite = request(Method::Invite, "x1", 1);
    invite.headers_mut().push("Replaces", format!("call-1;to-tag={to};from-tag={from}{more}"));
    stage.agent.replaced_by(&invite)
}

#[test]
fn an_answered_dialog_is_given_up_to_who_names_it_exactly() {
    let (stage, session, ok) = talking();
    let ours = ok.to().unwrap().tag().unwrap().to_owned();
    assert_eq!(replaced(&stage, &ours, "far", ""), Ok(Some(session)));
    assert_eq!(replaced(&stage, &ours, "far", ";early-only"), Err(486));
    assert_eq!(replaced(&stage, &ours, "other", ""), Err(481));
    assert_eq!(replaced(&stage, "far", &ours, ""), Err(481));
    assert_eq!(stage.agent.replaced_by(&request(Method::Invite, "x1", 1)), Ok(None));
    let mut broken = request(Method::Invite, "x1", 1);
    broken.headers_mut().push("Replaces", "call-1");
    assert_eq!(stage.agent.replaced_by(&broken), Err(400));
}

#[test]
fn an_early_dialog_is_given_up_only_when_it_is_our_call() {
    let mut stage = Stage::new();
    stage.hear(request(Method::Invite, "i1", 1));
    let session = stage.invite_event();
    stage.order(|agent, now, out| agent.provisional(session, 180, None, now, out));
    let ours = stage.last_response().to().unwrap().tag().unwrap().to_owned();
    assert_eq!(replaced(&stage, &ours, "far", ""), Err(481));

    let mut ringing = Stage::new();
    let mut called = None;
    ringing.order(|agent, now, out| called = Some(agent.invite(an_invite(), now, out)));
    let invite = ringing.last_request(&Method::Invite);
    let mut pickup = request(Method::Invite, "x1", 1);
    let ours = invite.from().unwrap().tag().unwrap().to_owned();
    pickup.headers_mut().push("Replaces", format!("{};to-tag={ours};from-tag=b;early-only", invite.call_id().unwrap()));
    assert_eq!(ringing.agent.replaced_by(&pickup), Err(481), "nobody rings under this tag yet");
    ringing.hear(respond(&invite, 180, "b"));
    assert_eq!(ringing.agent.replaced_by(&pickup), Ok(called));
}
