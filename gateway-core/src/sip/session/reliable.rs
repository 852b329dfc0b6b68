//! Provisional responses that do not get lost (RFC 3262): ours are repeated until their PRACK, and the peer's get theirs.

use std::collections::VecDeque;
use std::time::Duration;

use super::incoming::Invited;
use super::outgoing::Inviting;
use super::{Act, SDP, Session, State, Timer};
use crate::sip::dialog::Dialog;
use crate::sip::header::rack::{RAck, rseq_of};
use crate::sip::hop::Hop;
use crate::sip::io::{SessionEnd, SipEvent};
use crate::sip::message::{CSeq, Method, Request, Response};
use crate::sip::options::RELIABLE;
use crate::sip::transaction::{ServerId, T1};
use crate::time::Moment;

/// Provisional responses that wait for the PRACK of the one before; a further one takes the place of the last.
const MOST_WAITING: usize = 4;

/// Forks whose provisional responses are acknowledged.
const MOST_FORKS: usize = 16;

/// Provisional responses of one fork that are acknowledged. CSeq numbers of other forks are counted from beyond this.
pub(crate) const MOST_PRACKS: u32 = 100;

/// Which of our provisional responses have to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    None,
    /// The caller can do it: those with a description.
    Described,
    /// The caller requires it.
    All,
}

/// A provisional response that waits for its PRACK.
#[derive(Clone, Debug)]
struct Outstanding {
    rseq: u32,
    response: Response,
    interval: Duration,
}

/// What has to arrive at a caller before our final answer.
#[derive(Clone, Debug)]
pub(super) struct Reliable {
    which: Which,
    /// The INVITE had no offer.
    offers_late: bool,
    next: u32,
    outstanding: Option<Outstanding>,
    waiting: VecDeque<(Response, Vec<u8>)>,
    /// Our answer in SDP has arrived: no further response to the INVITE repeats it (RFC 3261 §13.2.1).
    answered: bool,
    /// The call is answered, and the 2xx waits for the PRACK.
    answer: Option<Vec<u8>>,
    /// An offer in a PRACK or UPDATE that waits for the gateway's answer.
    offer: Option<(ServerId, Request)>,
}

impl Reliable {
    /// `first`: the number of the first response, drawn at random (RFC 3262 §3).
    pub(super) fn new(invite: &Request, first: u32) -> Self {
        let which = if invite.headers().lists("Require", RELIABLE) {
            Which::All
        } else if invite.headers().lists("Supported", RELIABLE) {
            Which::Described
        } else {
            Which::None
        };
        let next = first.clamp(1, u32::MAX / 2);
        let offers_late = invite.body().is_empty();
        Reliable { which, offers_late, next, outstanding: None, waiting: VecDeque::new(), answered: false, answer: None, offer: None }
    }

    fn has_to_arrive(&self, body: &[u8]) -> bool {
        match self.which {
            Which::None => false,
            // A reliable response to an INVITE without offer would have to bring ours, and its PRACK the answer.
            Which::Described | Which::All if self.offers_late => false,
            Which::Described => !body.is_empty() && !self.answered,
            Which::All => true,
        }
    }

    /// Whether progress may be told without reliability.
    pub(super) fn may_be_lost(&self) -> bool {
        self.which != Which::All
    }

    /// Keeps the answer back while a PRACK is missing; gives it back when it may go out now.
    pub(super) fn hold(&mut self, body: Vec<u8>) -> Option<Vec<u8>> {
        if self.outstanding.is_none() {
            return Some(if self.answered { Vec::new() } else { body });
        }
        self.answer = Some(body);
        None
    }
}

/// Ours.
impl Session {
    /// Sends a provisional response so that it arrives. False: it is one that may be lost, or must not be sent at all.
    pub(super) fn tell_reliably(&mut self, response: &Response, body: &[u8], now: Moment, out: &mut Vec<Act>) -> bool {
        let State::Invited(invited) = &mut self.state else { return false };
        let transaction = invited.transaction();
        let reliable = &mut invited.reliable;
        if !reliable.has_to_arrive(body) {
            return false;
        }
        if reliable.outstanding.is_some() {
            reliable.waiting.truncate(MOST_WAITING - 1);
            reliable.waiting.push_back((response.clone(), body.to_vec()));
            return true;
        }
        let mut response = response.clone();
        response.headers_mut().set("Require", RELIABLE);
        response.headers_mut().set("RSeq", reliable.next.to_string());
        response.set_body(SDP, if reliable.answered { Vec::new() } else { body.to_vec() });
        out.push(Act::Answer { transaction, response: response.clone() });
        reliable.outstanding = Some(Outstanding { rseq: reliable.next, response, interval: T1 });
        reliable.next += 1;
        self.timers.set(Timer::Reliable, now + T1);
        self.timers.set(Timer::Prack, now + 64 * T1);
        true
    }

    pub(super) fn repeat_reliable(&mut self, mut invited: Invited, now: Moment, out: &mut Vec<Act>) {
        let transaction = invited.transaction();
        if let Some(outstanding) = &mut invited.reliable.outstanding {
            out.push(Act::Answer { transaction, response: outstanding.response.clone() });
            outstanding.interval *= 2;
            self.timers.set(Timer::Reliable, now + outstanding.interval);
        }
        self.state = State::Invited(invited);
    }

    /// The PRACK never came (§3): the INVITE is refused, and the caller taken to be gone.
    pub(super) fn never_heard(&mut self, invited: &Invited, out: &mut Vec<Act>) {
        self.reply(invited.transaction(), &invited.request, 504, out);
        out.push(Act::Tell(SipEvent::Ended { session: self.id, end: SessionEnd::NoAck }));
        self.end(out);
    }

    /// A PRACK, or an UPDATE after our answer has arrived.
    pub(super) fn receive_early(
        &mut self,
        mut invited: Invited,
        transaction: ServerId,
        request: &Request,
        now: Moment,
        out: &mut Vec<Act>,
    ) {
        let reliable = &mut invited.reliable;
        if *request.method() == Method::Prack {
            let number = invited.request.cseq().map(|cseq| cseq.number).unwrap_or_default();
            let told = request.headers().get("RAck").and_then(|text| RAck::parse(text).ok());
            let told = told.filter(|rack| rack.cseq == CSeq { number, method: Method::Invite });
            let outstanding = reliable.outstanding.take_if(|outstanding| told.is_some_and(|rack| rack.rseq == outstanding.rseq));
            let Some(outstanding) = outstanding else {
                self.reply(transaction, request, 481, out);
                self.state = State::Invited(invited);
                return;
            };
            reliable.answered |= !outstanding.response.body().is_empty();
            self.timers.clear(Timer::Reliable);
            self.timers.clear(Timer::Prack);
        }
        // Only what follows our answer can be an offer; another one before it is answered overtakes it (RFC 3311 §5.2).
        let offers = !request.body().is_empty();
        if offers && invited.reliable.answered && invited.reliable.offer.is_none() {
            invited.reliable.offer = Some((transaction, request.clone()));
            out.push(Act::Tell(SipEvent::Offer { session: self.id, body: request.body().to_vec() }));
        } else if offers && *request.method() == Method::Update {
            out.push(Act::Answer { transaction, response: self.overtaken(request) });
        } else {
            let mut response = self.response(request, 200);
            response.headers_mut().set("Contact", invited.contact());
            out.push(Act::Answer { transaction, response });
        }
        self.state = State::Invited(invited);
        self.go_on(now, out);
    }

    /// Answers the offer of a PRACK or UPDATE before our final answer.
    pub(super) fn answer_early(&mut self, answer: Result<Vec<u8>, u16>, now: Moment, out: &mut Vec<Act>) {
        let State::Invited(invited) = &mut self.state else { return };
        let Some((transaction, request)) = invited.reliable.offer.take() else { return };
        let contact = invited.contact().to_owned();
        let mut response = self.response(&request, answer.as_ref().err().copied().unwrap_or(200));
        if let Ok(body) = answer {
            response.headers_mut().set("Contact", contact);
            self.watch.note_description(&body);
            response.set_body(SDP, body);
        }
        out.push(Act::Answer { transaction, response });
        self.go_on(now, out);
    }

    /// What waited for a PRACK goes out, once the offer that came with it is answered: the answer of the call, else the next provisional
    /// response.
    fn go_on(&mut self, now: Moment, out: &mut Vec<Act>) {
        let State::Invited(invited) = &mut self.state else { return };
        if invited.reliable.outstanding.is_some() || invited.reliable.offer.is_some() {
            return;
        }
        if let Some(body) = invited.reliable.answer.take() {
            self.answer(body, now, out);
        } else if let Some((response, body)) = invited.reliable.waiting.pop_front() {
            self.tell_reliably(&response, &body, now, out);
        }
    }
}

/// The early dialog with one of the called sides.
#[derive(Clone, Debug)]
pub(super) struct Fork {
    dialog: Dialog,
    rseq: u32,
    acknowledged: u32,
    /// The answer in SDP, as it came reliably: the 2xx need not repeat it.
    answer: Vec<u8>,
}

impl Inviting {
    /// A PRACK was sent again one number later. The numbers of all forks go on: one that skips a number is taken, one that repeats it is
    /// not.
    pub(super) fn skip_number(&mut self) {
        self.forks.iter_mut().for_each(|fork| fork.dialog.skip_number());
    }
}

impl Fork {
    fn expects(&self, rseq: u32) -> bool {
        rseq == self.rseq.wrapping_add(1) && self.acknowledged < MOST_PRACKS
    }
}

/// The peer's.
impl Session {
    /// A provisional response that wants a PRACK. False: it was seen before, or comes out of order, and means nothing (§4).
    pub(super) fn acknowledge_provisional(
        inviting: &mut Inviting,
        invite: &Request,
        response: &Response,
        source: Hop,
        out: &mut Vec<Act>,
    ) -> bool {
        let Some(rseq) = rseq_of(response.headers()) else { return true };
        let Some(dialog) = Dialog::of_response(invite, response, source) else { return true };
        let known = inviting.forks.iter().position(|fork| fork.dialog.remote_tag == dialog.remote_tag);
        let at = match known {
            Some(at) if inviting.forks.get(at).is_some_and(|fork| fork.expects(rseq)) => at,
            Some(_) => return false,
            None if inviting.forks.len() < MOST_FORKS => {
                inviting.forks.push(Fork { dialog, rseq, acknowledged: 0, answer: Vec::new() });
                inviting.forks.len() - 1
            }
            None => return true,
        };
        let Some(fork) = inviting.forks.get_mut(at) else { return true };
        fork.rseq = rseq;
        fork.acknowledged += 1;
        if fork.answer.is_empty() {
            fork.answer = response.body().to_vec();
        }
        let Ok(cseq) = invite.cseq() else { return true };
        let mut prack = fork.dialog.request(Method::Prack);
        prack.headers_mut().push("RAck", RAck { rseq, cseq }.to_string());
        // Whatever comes of it, another fork may have answered meanwhile.
        out.push(Act::Leave { request: prack, to: fork.dialog.destination() });
        true
    }

    /// The dialog of a 2xx goes on where the early one was, and its answer is the one that came before, where it brings none.
    pub(super) fn continue_fork(inviting: &Inviting, dialog: &mut Dialog, body: &[u8]) -> Vec<u8> {
        let fork = inviting.forks.iter().find(|fork| fork.dialog.remote_tag == dialog.remote_tag);
        if let Some(fork) = fork {
            dialog.continue_after(&fork.dialog);
        }
        match fork {
            Some(fork) if body.is_empty() => fork.answer.clone(),
            Some(_) | None => body.to_vec(),
        }
    }
}
