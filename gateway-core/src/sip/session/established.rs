//! A session with a dialog (RFC 3261 §12.2, §13.3.1.4, §14, §15; RFC 3311; RFC 6086).

use std::time::Duration;

use super::referral::References;
use super::{Act, SDP, Session, State, Timer};
use crate::sip::dialog::Dialog;
use crate::sip::header::reason;
use crate::sip::hop::Hop;
use crate::sip::io::{SessionEnd, SipEvent};
use crate::sip::message::{Method, Request, Response};
use crate::sip::transaction::{ServerId, T1, T2};
use crate::time::Moment;

/// What stands open between the peer's INVITE or UPDATE and us.
#[derive(Clone, Debug)]
enum Exchange {
    /// Nothing.
    Idle,
    /// A re-INVITE or UPDATE waits for the gateway's answer.
    Offered { transaction: ServerId, request: Box<Request> },
    /// Our 2xx waits for its ACK.
    Unacknowledged { transaction: ServerId, response: Box<Response>, number: u32, interval: Duration },
}

/// The dialog, and what goes on in it.
#[derive(Clone, Debug)]
pub(super) struct Established {
    pub(super) dialog: Dialog,
    exchange: Exchange,
    /// The session was acknowledged once: BYE may go out at any time.
    confirmed: bool,
    /// Somebody hung up here; BYE waits for the ACK. Holds the cause.
    pub(super) leaving: Option<Option<u8>>,
    pub(super) references: References,
}

impl Established {
    pub(super) fn new(dialog: Dialog) -> Self {
        Established { dialog, exchange: Exchange::Idle, confirmed: true, leaving: None, references: References::default() }
    }

    pub(super) fn cut_off(&mut self, hop: Hop) {
        self.dialog.cut_off(hop);
    }

    pub(super) fn remote_tag(&self) -> &str {
        &self.dialog.remote_tag
    }

    /// Whether no offer and no answer of the peer is under way, and nobody hangs up.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.exchange, Exchange::Idle) && self.confirmed && self.leaving.is_none()
    }

    pub(super) fn waits_in(&self, transaction: ServerId) -> bool {
        matches!(&self.exchange, Exchange::Offered { transaction: offered, .. } if *offered == transaction)
    }
}

/// Answers and their ACK.
impl Session {
    /// Sends the 2xx to the INVITE that opened the session.
    pub(super) fn send_answer(&mut self, transaction: ServerId, response: Response, number: u32, now: Moment, out: &mut Vec<Act>) {
        if let State::Established(established) = &mut self.state {
            established.confirmed = false;
        }
        self.expect_ack(transaction, response, number, now, out);
    }

    fn expect_ack(&mut self, transaction: ServerId, response: Response, number: u32, now: Moment, out: &mut Vec<Act>) {
        let State::Established(established) = &mut self.state else { return };
        out.push(Act::Answer { transaction, response: response.clone() });
        established.exchange = Exchange::Unacknowledged { transaction, response: Box::new(response), number, interval: T1 };
        self.timers.set(Timer::Answer, now + T1);
        self.timers.set(Timer::Ack, now + 64 * T1);
    }

    pub(super) fn repeat_answer(&mut self, mut established: Established, now: Moment, out: &mut Vec<Act>) {
        if let Exchange::Unacknowledged { transaction, response, interval, .. } = &mut established.exchange {
            out.push(Act::Answer { transaction: *transaction, response: response.as_ref().clone() });
            *interval = (2 * *interval).min(T2);
            self.timers.set(Timer::Answer, now + *interval);
        }
        self.state = State::Established(established);
    }

    pub(super) fn never_acknowledged(&mut self, mut established: Established, out: &mut Vec<Act>) {
        let cause = established.leaving.flatten();
        Session::bye(&mut established.dialog, cause, out);
        if established.leaving.is_none() {
            out.push(Act::Tell(SipEvent::Ended { session: self.id, end: SessionEnd::NoAck }));
        }
        self.end(out);
    }

    /// An ACK came. One for another INVITE of this session, or a repetition, changes nothing.
    pub(crate) fn acknowledged(&mut self, ack: &Request, out: &mut Vec<Act>) {
        let State::Established(established) = &mut self.state else { return };
        let expected = match &established.exchange {
            Exchange::Unacknowledged { number, .. } => *number,
            Exchange::Idle | Exchange::Offered { .. } => return,
        };
        if ack.cseq().map(|cseq| cseq.number) != Ok(expected) {
            return;
        }
        established.exchange = Exchange::Idle;
        established.confirmed = true;
        self.timers.clear(Timer::Answer);
        self.timers.clear(Timer::Ack);
        match established.leaving {
            Some(cause) => {
                Session::bye(&mut established.dialog, cause, out);
                self.end(out);
            }
            None => {
                out.push(Act::Tell(SipEvent::Acknowledged { session: self.id, body: ack.body().to_vec() }));
                self.tell_move_of_before();
            }
        }
    }
}

/// Requests of the peer.
impl Session {
    pub(super) fn receive_established(
        &mut self,
        mut established: Established,
        transaction: ServerId,
        request: &Request,
        source: Hop,
        now: Moment,
        out: &mut Vec<Act>,
    ) {
        if let Err(status) = established.dialog.admit(request, source) {
            self.reply(transaction, request, status, out);
            self.state = State::Established(established);
            return;
        }
        let leaving = established.leaving.is_some();
        match request.method() {
            Method::Bye => {
                self.left_by_peer(&mut established, transaction, request, out);
                return;
            }
            Method::Info => {
                self.reply(transaction, request, 200, out);
                if !leaving {
                    out.push(self.info_event(request));
                }
            }
            Method::Options => out.push(Act::Answer { transaction, response: self.capabilities(request) }),
            // Our BYE is only waiting for its turn.
            Method::Invite | Method::Update if leaving => self.reply(transaction, request, 481, out),
            Method::Invite | Method::Update => self.offered(&mut established, transaction, request, now, out),
            // Nothing is outstanding: our answer waits for the last PRACK.
            Method::Prack => self.reply(transaction, request, 481, out),
            Method::Refer => self.referred(&mut established, transaction, request, out),
            Method::Ack | Method::Cancel | Method::Register | Method::Notify | Method::Subscribe | Method::Message | Method::Other(_) => {
                self.reply(transaction, request, 405, out)
            }
        }
        self.state = State::Established(established);
    }

    fn left_by_peer(&mut self, established: &mut Established, transaction: ServerId, request: &Request, out: &mut Vec<Act>) {
        self.reply(transaction, request, 200, out);
        self.withdraw_offer(established, out);
        self.withdraw_referral(established, out);
        if established.leaving.is_none() {
            let reason = request.headers().get("Reason").map(str::to_owned);
            let cause = reason::q850_in(request.headers());
            out.push(Act::Tell(SipEvent::Ended { session: self.id, end: SessionEnd::Bye { reason, cause } }));
        }
        self.end(out);
    }

    fn offered(&mut self, established: &mut Established, transaction: ServerId, request: &Request, now: Moment, out: &mut Vec<Act>) {
        let offers = *request.method() == Method::Invite || !request.body().is_empty();
        if offers && self.watch.is_offering() {
            // Both sides offer at once (§14.2): ours is not answered yet.
            self.reply(transaction, request, 491, out);
            return;
        }
        match &established.exchange {
            Exchange::Offered { .. } => {
                out.push(Act::Answer { transaction, response: self.overtaken(request) });
                return;
            }
            // The offer before this one is not settled until its ACK is here (RFC 5407 §3.1).
            Exchange::Unacknowledged { .. } => {
                self.reply(transaction, request, 491, out);
                return;
            }
            Exchange::Idle => {}
        }
        established.dialog.refresh_target(request.contacts().ok());
        if !offers {
            // RFC 3311 §5.2: no offer in it, so no answer either; it only moves the target.
            let mut response = self.response(request, 200);
            response.headers_mut().set("Contact", established.dialog.contact());
            self.grant(request, &mut response, now);
            out.push(Act::Answer { transaction, response });
            return;
        }
        established.exchange = Exchange::Offered { transaction, request: Box::new(request.clone()) };
        out.push(Act::Tell(SipEvent::Offer { session: self.id, body: request.body().to_vec() }));
    }

    /// Ends an offer that nobody will answer any more with 487 (§9.2, §15.1.2).
    pub(super) fn withdraw_offer(&self, established: &mut Established, out: &mut Vec<Act>) {
        match std::mem::replace(&mut established.exchange, Exchange::Idle) {
            Exchange::Offered { transaction, request } => self.reply(transaction, &request, 487, out),
            other @ (Exchange::Idle | Exchange::Unacknowledged { .. }) => established.exchange = other,
        }
    }

    /// Answers the offer that waits, with an SDP answer or a refusal; ignored when none waits.
    pub(crate) fn answer_offer(&mut self, answer: Result<Vec<u8>, u16>, now: Moment, out: &mut Vec<Act>) {
        let State::Established(established) = &mut self.state else {
            self.answer_early(answer, now, out);
            return;
        };
        let (transaction, request) = match std::mem::replace(&mut established.exchange, Exchange::Idle) {
            Exchange::Offered { transaction, request } => (transaction, request),
            other @ (Exchange::Idle | Exchange::Unacknowledged { .. }) => {
                established.exchange = other;
                return;
            }
        };
        let contact = established.dialog.contact().to_owned();
        let body = match answer {
            Ok(body) => body,
            Err(status) => {
                let status = if (300..700).contains(&status) { status } else { 488 };
                self.reply(transaction, &request, status, out);
                return;
            }
        };
        let mut response = self.response(&request, 200);
        response.headers_mut().copy("Record-Route", request.headers());
        response.headers_mut().set("Contact", contact);
        self.watch.note_description(&body);
        self.grant(&request, &mut response, now);
        response.set_body(SDP, body);
        if *request.method() == Method::Invite {
            let number = request.cseq().map(|cseq| cseq.number).unwrap_or_default();
            self.expect_ack(transaction, response, number, now, out);
        } else {
            out.push(Act::Answer { transaction, response });
        }
    }
}

/// Requests of ours.
impl Session {
    /// Sends INFO; ignored outside a confirmed session.
    pub(crate) fn info(&mut self, content_type: &str, body: Vec<u8>, out: &mut Vec<Act>) {
        let State::Established(established) = &mut self.state else { return };
        if established.leaving.is_some() {
            return;
        }
        let mut request = established.dialog.request(Method::Info);
        request.set_body(content_type, body);
        out.push(Act::Ask { request, to: established.dialog.destination() });
    }

    /// A request of ours was sent again with credentials, one CSeq number later.
    pub(crate) fn asked_again(&mut self) {
        match &mut self.state {
            State::Established(established) => established.dialog.skip_number(),
            State::Inviting(inviting) => inviting.skip_number(),
            State::Invited(_) | State::Over => {}
        }
    }

    /// A final answer to a request of ours inside the dialog; `None`: nobody answered.
    pub(crate) fn answered(&mut self, status: Option<u16>, out: &mut Vec<Act>) {
        // RFC 3261 §12.2.1.2: these two say that the peer knows nothing of the call.
        let silent = match status {
            None | Some(408) => true,
            Some(481) => false,
            Some(_) => return,
        };
        let mut established = match std::mem::replace(&mut self.state, State::Over) {
            State::Established(established) => established,
            other @ (State::Invited(_) | State::Inviting(_) | State::Over) => {
                self.state = other;
                return;
            }
        };
        self.withdraw_offer(&mut established, out);
        self.withdraw_referral(&mut established, out);
        if silent {
            Session::bye(&mut established.dialog, None, out);
        }
        if established.leaving.is_none() {
            out.push(Act::Tell(SipEvent::Ended { session: self.id, end: SessionEnd::Gone }));
        }
        self.end(out);
    }

    /// Hangs up: BYE now, or after the ACK that is still missing (§15).
    pub(super) fn leave(&mut self, mut established: Established, cause: Option<u8>, out: &mut Vec<Act>) {
        if established.confirmed {
            self.withdraw_offer(&mut established, out);
            self.withdraw_referral(&mut established, out);
            Session::bye(&mut established.dialog, cause, out);
            self.end(out);
        } else {
            established.leaving.get_or_insert(cause);
            self.state = State::Established(established);
        }
    }
}
