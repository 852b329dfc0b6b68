//! The calling side before the final answer (RFC 3261 §13.2, §9.1).

use std::time::Duration;

use super::established::Established;
use super::reliable::Fork;
use super::{Act, Session, State, Timer, Watch};
use crate::sip::dialog::Dialog;
use crate::sip::header::reason;
use crate::sip::hop::Hop;
use crate::sip::io::{Invite, SessionId, SipEvent};
use crate::sip::message::{Method, Request, Response, phrase};
use crate::sip::transaction::{ClientId, ServerId, T1};
use crate::time::{Moment, Timers};

/// Who rings without a word for this long is dead: the Timer C of proxies (RFC 3261 §16.6), for callers that set no limit.
const SILENCE: Duration = Duration::from_secs(181);

/// A place that has not said a word for this long is left for the next one of its server: the INVITE was sent four times by then.
const PATIENCE: Duration = Duration::from_secs(4);

/// Called sides of one INVITE whose tags are kept.
const MOST_RINGING: usize = 16;

/// The most Contacts of a redirection that are read.
const MOST_CONTACTS: usize = 10;

/// How far our INVITE came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing heard. A CANCEL would have to wait (§9.1); the status is what the gateway will be told then.
    Calling { given_up: Option<u16> },
    /// A provisional response came.
    Proceeding,
    /// CANCEL is sent.
    Cancelling { status: u16 },
}

/// An INVITE of ours that waits for its final answer.
#[derive(Clone, Debug)]
pub(super) struct Inviting {
    transaction: Option<ClientId>,
    limited: bool,
    stage: Stage,
    /// Early dialogs with those who want their provisional responses acknowledged.
    pub(super) forks: Vec<Fork>,
    /// The Q.850 cause of giving up.
    cause: Option<u8>,
    /// The tags of those who ring.
    ringing: Vec<String>,
}

impl Inviting {
    /// Whether one of the called sides rings under this tag, and the call is still wanted.
    pub(super) fn rings_with(&self, tag: &str) -> bool {
        self.stage == Stage::Proceeding && self.ringing.iter().any(|known| known == tag)
    }

    fn note_ringing(&mut self, response: &Response) {
        let tag = response.to().ok().and_then(|to| to.tag().map(str::to_owned));
        if let Some(tag) = tag.filter(|tag| response.status() > 100 && self.ringing.len() < MOST_RINGING && !self.ringing.contains(tag)) {
            self.ringing.push(tag);
        }
    }
}

impl Session {
    /// The session of an INVITE that is about to be sent.
    pub(crate) fn inviting(
        id: SessionId,
        invite: &Invite,
        key: (String, String),
        retry_after_s: u32,
        mut watch: Watch,
        now: Moment,
    ) -> Self {
        watch.note_description(&invite.body);
        let mut timers = Timers::new();
        timers.set(Timer::Ring, now + invite.ring_timeout.unwrap_or(SILENCE));
        if !invite.others.is_empty() {
            timers.set(Timer::Silence, now + PATIENCE);
        }
        let stage = Stage::Calling { given_up: None };
        Session {
            id,
            state: State::Inviting(Inviting {
                transaction: None,
                limited: invite.ring_timeout.is_some(),
                stage,
                forks: Vec::new(),
                cause: None,
                ringing: Vec::new(),
            }),
            timers,
            call_id: key.0,
            local_tag: key.1,
            credentials: invite.credentials.clone(),
            retry_after_s,
            watch,
        }
    }

    /// The INVITE is on its way (for the first time, or again with credentials).
    pub(crate) fn sent(&mut self, transaction: ClientId) {
        if let State::Inviting(inviting) = &mut self.state {
            inviting.transaction = Some(transaction);
            inviting.stage = Stage::Calling { given_up: None };
            inviting.forks.clear();
            inviting.ringing.clear();
        }
    }

    /// Whether a challenged INVITE should be sent again: not when nobody wants the call any more.
    pub(crate) fn still_wanted(&self) -> bool {
        match &self.state {
            State::Inviting(inviting) => matches!(inviting.stage, Stage::Calling { given_up: None } | Stage::Proceeding),
            State::Established(_) => true,
            State::Invited(_) | State::Over => false,
        }
    }

    /// Whether this client transaction is the INVITE that waits for its final answer.
    pub(crate) fn asks_in(&self, transaction: ClientId) -> bool {
        matches!(&self.state, State::Inviting(inviting) if inviting.transaction == Some(transaction))
    }

    /// The interval and the least one to ask for, in seconds, after a 422 to our INVITE (RFC 4028 §7.3); `None`: it is a refusal.
    pub(crate) fn ask_longer(&mut self, response: &Response) -> Option<(u32, u32)> {
        if self.still_wanted() { self.watch.lengthen(response) } else { None }
    }

    /// A provisional response, or a refusal, to our INVITE.
    pub(crate) fn invite_answered(&mut self, invite: &Request, response: &Response, source: Hop, now: Moment, out: &mut Vec<Act>) {
        let mut inviting = match std::mem::replace(&mut self.state, State::Over) {
            State::Inviting(inviting) => inviting,
            other @ (State::Invited(_) | State::Established(_) | State::Over) => {
                self.state = other;
                return;
            }
        };
        self.timers.clear(Timer::Silence);
        if response.is_provisional() {
            if !Session::acknowledge_provisional(&mut inviting, invite, response, source, out) {
                self.state = State::Inviting(inviting);
                return;
            }
            inviting.note_ringing(response);
            self.progress(inviting, response, now, out);
            return;
        }
        let wanted = matches!(inviting.stage, Stage::Calling { given_up: None } | Stage::Proceeding);
        let targets = if wanted { redirected_to(response) } else { Vec::new() };
        if !targets.is_empty() {
            let reason = response.reason().to_owned();
            out.push(Act::Tell(SipEvent::Redirected { session: self.id, status: response.status(), reason, targets }));
            self.end(out);
            return;
        }
        let status = match inviting.stage {
            // We gave up: a 487 is only the echo of that, and a challenge is not worth an answer any more.
            Stage::Calling { given_up: Some(status) } | Stage::Cancelling { status } if matches!(response.status(), 401 | 407 | 487) => {
                status
            }
            Stage::Calling { .. } | Stage::Proceeding | Stage::Cancelling { .. } => response.status(),
        };
        let reason = if status == response.status() { response.reason() } else { phrase(status) };
        self.refused(status, reason, reason::q850_in(response.headers()), out);
    }

    fn progress(&mut self, mut inviting: Inviting, response: &Response, now: Moment, out: &mut Vec<Act>) {
        match inviting.stage {
            Stage::Calling { given_up: Some(status) } => {
                self.state = State::Inviting(inviting);
                self.cancel(status, now, out);
                return;
            }
            Stage::Calling { given_up: None } | Stage::Proceeding => {
                inviting.stage = Stage::Proceeding;
                if !inviting.limited {
                    self.timers.set(Timer::Ring, now + SILENCE);
                }
                if response.status() > 100 {
                    let (status, body) = (response.status(), response.body().to_vec());
                    out.push(Act::Tell(SipEvent::Progress { session: self.id, status, body }));
                }
            }
            Stage::Cancelling { .. } => {}
        }
        self.state = State::Inviting(inviting);
    }

    /// The first 2xx to our INVITE: ACK it, and talk, or hang up when nobody wants the call any more (§15).
    pub(crate) fn accepted(&mut self, invite: &Request, response: &Response, source: Hop, now: Moment, out: &mut Vec<Act>) {
        let inviting = match std::mem::replace(&mut self.state, State::Over) {
            State::Inviting(inviting) => inviting,
            other @ (State::Invited(_) | State::Established(_) | State::Over) => {
                self.state = other;
                return;
            }
        };
        let (Some(mut dialog), Some(transaction)) = (Dialog::of_response(invite, response, source), inviting.transaction) else {
            self.refused(500, "", None, out);
            return;
        };
        let body = Session::continue_fork(&inviting, &mut dialog, response.body());
        out.push(acknowledge(transaction, &dialog, invite));
        match inviting.stage {
            Stage::Calling { given_up: Some(status) } | Stage::Cancelling { status } => {
                Session::bye(&mut dialog, inviting.cause, out);
                self.refused(status, phrase(status), None, out);
            }
            Stage::Calling { given_up: None } | Stage::Proceeding => {
                self.enter(State::Established(Established::new(dialog)));
                self.take_term(response, now);
                out.push(Act::Tell(SipEvent::Answered { session: self.id, body }));
            }
        }
    }

    /// Nobody answered our INVITE, or it could not be sent.
    pub(crate) fn invite_unanswered(&mut self, status: u16, out: &mut Vec<Act>) {
        if let State::Inviting(inviting) = &self.state {
            let status = match inviting.stage {
                Stage::Calling { given_up: Some(given_up) } | Stage::Cancelling { status: given_up } => given_up,
                Stage::Calling { given_up: None } | Stage::Proceeding => status,
            };
            self.refused(status, phrase(status), None, out);
        }
    }

    /// Somewhere else is asked, unless nobody wants the call any more.
    pub(super) fn hears_nothing(&mut self, inviting: Inviting, out: &mut Vec<Act>) {
        if inviting.stage == (Stage::Calling { given_up: None }) {
            out.push(Act::LeaveSilent);
        }
        self.state = State::Inviting(inviting);
    }

    /// It is known under another number from now on.
    pub(crate) fn renumber(&mut self, id: SessionId) {
        self.id = id;
    }

    /// Stops wanting the call; the gateway will be told `status`.
    pub(super) fn give_up(&mut self, mut inviting: Inviting, status: u16, cause: Option<u8>, now: Moment, out: &mut Vec<Act>) {
        inviting.cause = inviting.cause.or(cause);
        let stage = inviting.stage;
        match stage {
            Stage::Calling { given_up } => {
                inviting.stage = Stage::Calling { given_up: given_up.or(Some(status)) };
                self.timers.clear(Timer::Ring);
                self.state = State::Inviting(inviting);
            }
            Stage::Proceeding => {
                self.state = State::Inviting(inviting);
                self.cancel(status, now, out);
            }
            Stage::Cancelling { .. } => self.state = State::Inviting(inviting),
        }
    }

    fn cancel(&mut self, status: u16, now: Moment, out: &mut Vec<Act>) {
        if let State::Inviting(inviting) = &mut self.state {
            inviting.stage = Stage::Cancelling { status };
            out.extend(inviting.transaction.map(|transaction| Act::Cancel(transaction, inviting.cause)));
            self.timers.clear_all();
            self.timers.set(Timer::Cancel, now + 64 * T1);
        }
    }

    pub(super) fn cancel_unanswered(&mut self, inviting: &Inviting, out: &mut Vec<Act>) {
        out.extend(inviting.transaction.map(Act::Forget));
        let status = match inviting.stage {
            Stage::Cancelling { status } | Stage::Calling { given_up: Some(status) } => status,
            Stage::Calling { given_up: None } | Stage::Proceeding => 408,
        };
        self.refused(status, phrase(status), None, out);
    }

    fn refused(&mut self, status: u16, reason: &str, cause: Option<u8>, out: &mut Vec<Act>) {
        let event = SipEvent::Refused { session: self.id, status, reason: reason.to_owned(), cause };
        out.push(Act::Tell(event));
        self.end(out);
    }

    /// A request of one of the called sides inside an early dialog.
    pub(super) fn receive_inviting(&mut self, inviting: Inviting, transaction: ServerId, request: &Request, out: &mut Vec<Act>) {
        match request.method() {
            Method::Info => {
                self.reply(transaction, request, 200, out);
                out.push(self.info_event(request));
            }
            Method::Options => out.push(Act::Answer { transaction, response: self.capabilities(request) }),
            // RFC 3311 §5.2: our own offer is not answered yet.
            Method::Invite | Method::Update => self.reply(transaction, request, 491, out),
            // The called side must not send BYE before its 2xx is acknowledged (§15).
            Method::Bye
            | Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Other(_) => self.reply(transaction, request, 481, out),
        }
        self.state = State::Inviting(inviting);
    }
}

/// The ACK of a 2xx; it repeats the credentials of its INVITE (§22.1).
pub(crate) fn acknowledge(invite: ClientId, dialog: &Dialog, request: &Request) -> Act {
    let mut ack = dialog.ack(request.cseq().map(|cseq| cseq.number).unwrap_or_default());
    ack.headers_mut().copy("Authorization", request.headers());
    ack.headers_mut().copy("Proxy-Authorization", request.headers());
    Act::Acknowledge { invite, remote_tag: dialog.remote_tag.clone(), ack, to: dialog.destination() }
}

/// Where a 300, 301 or 302 sends the caller, the most wanted first (§8.1.3.4, §20.10); empty for any other response.
fn redirected_to(response: &Response) -> Vec<String> {
    if !matches!(response.status(), 300..=302) {
        return Vec::new();
    }
    let mut contacts = response.contacts().unwrap_or_default();
    contacts.retain(|contact| !contact.is_wildcard());
    contacts.truncate(MOST_CONTACTS);
    // A Contact without `q` is as wanted as can be, and the order among equals is theirs.
    contacts.sort_by_key(|contact| std::cmp::Reverse(contact.param("q").map_or(1000, per_mille)));
    contacts.into_iter().map(|contact| contact.uri).collect()
}

/// A `qvalue` in thousandths; one that is none counts as 0.
fn per_mille(q: &str) -> u32 {
    match q.split_once('.') {
        None if q == "1" => 1000,
        Some(("0", digits)) if digits.len() <= 3 => format!("{digits:0<3}").parse().unwrap_or(0),
        Some(("1", digits)) if digits.bytes().all(|digit| digit == b'0') => 1000,
        Some(_) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections_are_ordered_by_what_they_want_most() {
        let mut response = Response::new(302);
        response.headers_mut().push("Contact", "<sip:c@h>;q=0.25, <sip:a@h>;q=1.0, <sip:d@h>;q=0");
        response.headers_mut().push("Contact", "<sip:b@h>, <sip:e@h>;q=often");
        assert_eq!(redirected_to(&response), ["sip:a@h", "sip:b@h", "sip:c@h", "sip:d@h", "sip:e@h"]);
        let mut busy = Response::new(486);
        busy.headers_mut().push("Contact", "<sip:a@h>");
        assert!(redirected_to(&busy).is_empty());
    }
}
