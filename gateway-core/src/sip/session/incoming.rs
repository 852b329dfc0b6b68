//! The called side before its final answer (RFC 3261 §13.3).

use std::time::Duration;

use super::established::Established;
use super::reliable::Reliable;
use super::{Act, SDP, Session, State, Timer, Watch, give_reason};
use crate::sip::dialog::Dialog;
use crate::sip::header::reason;
use crate::sip::hop::Hop;
use crate::sip::io::{Refusal, SessionId, SipEvent};
use crate::sip::message::{Method, Request, Response};
use crate::sip::options;
use crate::sip::transaction::ServerId;
use crate::time::{Moment, Timers};

/// A caller that hears nothing for three minutes gives up (§13.3.1.1): progress is told again this often.
const PROGRESS_EVERY: Duration = Duration::from_secs(60);

/// What makes an incoming session.
pub(crate) struct Incoming<'a> {
    /// Its number.
    pub(crate) id: SessionId,
    /// The transaction of the INVITE.
    pub(crate) transaction: ServerId,
    /// The INVITE.
    pub(crate) request: &'a Request,
    /// Where it came from.
    pub(crate) source: Hop,
    /// The tag we give.
    pub(crate) local_tag: String,
    /// Our `Contact`.
    pub(crate) contact: String,
    /// What an overtaking offer is told to wait, 0–10 s.
    pub(crate) retry_after_s: u32,
    /// The number of the first provisional response that has to arrive.
    pub(crate) first_rseq: u32,
    /// How its life is watched.
    pub(crate) watch: Watch,
}

/// An INVITE that waits for its final answer.
#[derive(Clone, Debug)]
pub(super) struct Invited {
    transaction: ServerId,
    pub(super) request: Request,
    pub(super) dialog: Dialog,
    progress: Option<Response>,
    pub(super) reliable: Reliable,
}

impl Invited {
    pub(super) fn remote_tag(&self) -> &str {
        &self.dialog.remote_tag
    }

    pub(super) fn transaction(&self) -> ServerId {
        self.transaction
    }

    pub(super) fn contact(&self) -> &str {
        self.dialog.contact()
    }

    pub(super) fn cut_off(&mut self, hop: Hop) {
        self.dialog.cut_off(hop);
    }
}

impl Session {
    /// A new INVITE came. `None`: its From or Call-ID is broken.
    pub(crate) fn invited(new: Incoming<'_>) -> Option<Self> {
        let dialog = Dialog::of_request(new.request, new.source, &new.local_tag, &new.contact)?;
        let call_id = dialog.call_id.clone();
        let reliable = Reliable::new(new.request, new.first_rseq);
        let invited = Invited { transaction: new.transaction, request: new.request.clone(), dialog, progress: None, reliable };
        Some(Session {
            id: new.id,
            state: State::Invited(invited),
            timers: Timers::new(),
            call_id,
            local_tag: new.local_tag,
            credentials: None,
            retry_after_s: new.retry_after_s,
            watch: new.watch,
        })
    }

    /// Sends a provisional response, 100–199; anything else, and in any other state, is ignored.
    pub(crate) fn provisional(&mut self, status: u16, body: Option<Vec<u8>>, now: Moment, out: &mut Vec<Act>) {
        let State::Invited(invited) = &self.state else { return };
        if !(100..200).contains(&status) {
            return;
        }
        let body = body.unwrap_or_default();
        let mut response = self.response(&invited.request, status);
        if status == 100 {
            out.push(Act::Answer { transaction: invited.transaction, response });
            return;
        }
        open_dialog(&mut response, invited);
        if let State::Invited(invited) = &mut self.state {
            // What is told again later has no news in it, and may be lost.
            invited.progress = Some(response.clone());
            self.timers.set(Timer::Progress, now + PROGRESS_EVERY);
        }
        if !self.tell_reliably(&response, &body, now, out)
            && let State::Invited(invited) = &mut self.state
            && invited.reliable.may_be_lost()
        {
            response.set_body(SDP, body);
            invited.progress = Some(response.clone());
            out.push(Act::Answer { transaction: invited.transaction, response });
        }
    }

    pub(super) fn repeat_progress(&mut self, invited: Invited, now: Moment, out: &mut Vec<Act>) {
        let transaction = invited.transaction;
        let (progress, may_be_lost) = (invited.progress.clone(), invited.reliable.may_be_lost());
        self.state = State::Invited(invited);
        let Some(response) = progress else { return };
        self.timers.set(Timer::Progress, now + PROGRESS_EVERY);
        if may_be_lost {
            out.push(Act::Answer { transaction, response });
        } else {
            self.tell_reliably(&response, &[], now, out);
        }
    }

    /// Accepts the INVITE; ignored in any other state.
    pub(crate) fn answer(&mut self, body: Vec<u8>, now: Moment, out: &mut Vec<Act>) {
        let body = match &mut self.state {
            State::Invited(invited) => {
                self.watch.note_description(&body);
                invited.reliable.hold(body)
            }
            State::Inviting(_) | State::Established(_) | State::Over => None,
        };
        let Some(body) = body else { return };
        let invited = match std::mem::replace(&mut self.state, State::Over) {
            State::Invited(invited) => invited,
            other @ (State::Inviting(_) | State::Established(_) | State::Over) => {
                self.state = other;
                return;
            }
        };
        let mut response = self.response(&invited.request, 200);
        open_dialog(&mut response, &invited);
        response.set_body(SDP, body);
        let number = invited.request.cseq().map(|cseq| cseq.number).unwrap_or_default();
        self.enter(State::Established(Established::new(invited.dialog)));
        self.grant(&invited.request, &mut response, now);
        self.send_answer(invited.transaction, response, number, now, out);
    }

    /// Refuses the INVITE; ignored in any other state.
    pub(crate) fn refuse(&mut self, refusal: &Refusal, out: &mut Vec<Act>) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Invited(invited) => self.refuse_invited(&invited, refusal, out),
            other @ (State::Inviting(_) | State::Established(_) | State::Over) => self.state = other,
        }
    }

    pub(super) fn refuse_invited(&mut self, invited: &Invited, refusal: &Refusal, out: &mut Vec<Act>) {
        let status = if (300..700).contains(&refusal.status) { refusal.status } else { 500 };
        let mut response = self.response(&invited.request, status);
        let headers = response.headers_mut();
        give_reason(headers, refusal.cause);
        if let Some(seconds) = refusal.retry_after_s {
            headers.push("Retry-After", seconds.to_string());
        }
        for (name, value) in &refusal.headers {
            headers.push(name, value.clone());
        }
        out.push(Act::Answer { transaction: invited.transaction, response });
        self.end(out);
    }

    pub(super) fn cancel_invited(&mut self, invited: &Invited, cause: Option<u8>, out: &mut Vec<Act>) {
        self.reply(invited.transaction, &invited.request, 487, out);
        out.push(Act::Tell(SipEvent::Cancelled { session: self.id, cause }));
        self.end(out);
    }

    /// A request of the caller inside the early dialog.
    pub(super) fn receive_invited(&mut self, invited: Invited, transaction: ServerId, request: &Request, now: Moment, out: &mut Vec<Act>) {
        match request.method() {
            // §15.1.2: a BYE takes the unanswered INVITE with it.
            Method::Bye => {
                self.reply(transaction, request, 200, out);
                self.cancel_invited(&invited, reason::q850_in(request.headers()), out);
                return;
            }
            Method::Info => {
                self.reply(transaction, request, 200, out);
                out.push(self.info_event(request));
            }
            Method::Options => out.push(Act::Answer { transaction, response: self.capabilities(request) }),
            Method::Prack | Method::Update => {
                self.receive_early(invited, transaction, request, now, out);
                return;
            }
            // §14.2: the offer before this one is not answered yet.
            Method::Invite => {
                let response = self.overtaken(request);
                out.push(Act::Answer { transaction, response });
            }
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Other(_) => self.reply(transaction, request, 481, out),
        }
        self.state = State::Invited(invited);
    }

    /// 500 with Retry-After, for an offer that overtakes another (§14.2).
    pub(super) fn overtaken(&self, request: &Request) -> Response {
        let mut response = self.response(request, 500);
        response.headers_mut().push("Retry-After", self.retry_after_s.to_string());
        response
    }

    /// The answer to OPTIONS.
    pub(super) fn capabilities(&self, request: &Request) -> Response {
        let mut response = self.response(request, 200);
        options::describe(response.headers_mut(), self.watch.is_on());
        response
    }

    pub(super) fn info_event(&self, request: &Request) -> Act {
        Act::Tell(SipEvent::Info {
            session: self.id,
            content_type: request.headers().get("Content-Type").unwrap_or_default().to_owned(),
            body: request.body().to_vec(),
        })
    }
}

/// What a response needs to make a dialog at the caller (§12.1.1).
pub(super) fn open_dialog(response: &mut Response, invited: &Invited) {
    let headers = response.headers_mut();
    headers.copy("Record-Route", invited.request.headers());
    headers.set("Contact", invited.dialog.contact());
}
