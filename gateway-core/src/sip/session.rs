//! One INVITE session (RFC 3261 §13–§15), in either direction, from the INVITE to the BYE.
//!
//! ```text
//!  incoming   Invited ──answer──────────▶ Established (2xx repeated until ACK) ──BYE──▶ over
//!                └─refuse / CANCEL─▶ over
//!  outgoing   Inviting ──2xx, ACK sent──▶ Established ──BYE──▶ over
//!                └─refusal / CANCEL─▶ over
//! ```
//! The machine owns no transaction: it asks for them with [`Act`]s, which the user agent carries out.

use super::dialog::Dialog;
use super::digest::Credentials;
use super::header::{Replaces, reason};
use super::hop::Hop;
use super::io::{Refusal, SessionId, SipEvent};
use super::message::{Headers, Method, Request, Response};
use super::transaction::{ClientId, ServerId};
use crate::time::{Moment, Timers};

use established::Established;
use incoming::Invited;
use outgoing::Inviting;

pub(crate) use incoming::Incoming;
pub(crate) use outgoing::acknowledge;
pub(crate) use refresh::{Watch, introduce};
pub(crate) use reliable::MOST_PRACKS;

mod established;
mod incoming;
mod outgoing;
mod referral;
mod refresh;
mod reliable;

/// The only body that INVITE sessions carry.
pub(crate) const SDP: &str = "application/sdp";

/// The Q.850 cause of giving up a call that nobody answers: no answer from user.
const NO_ANSWER: u8 = 19;

/// Timers of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Sends our 2xx again (§13.3.1.4).
    Answer,
    /// Gives up waiting for the ACK.
    Ack,
    /// Sends the last provisional response again, once a minute (§13.3.1.1).
    Progress,
    /// Nobody answered our INVITE for as long as the caller wants to wait.
    Ring,
    /// Not a word came about our INVITE, and there is somewhere else to go.
    Silence,
    /// Nobody answered our CANCEL's INVITE (§9.1).
    Cancel,
    /// Sends a provisional response again that has to arrive (RFC 3262 §3).
    Reliable,
    /// Gives up waiting for its PRACK.
    Prack,
    /// Our turn to refresh the session (RFC 4028 §10).
    Refresh,
    /// The session was not refreshed (RFC 4028 §10).
    Expiry,
}

/// What a session wants done.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Send a request inside the session's dialog; Via is still missing.
    Ask {
        /// The request.
        request: Request,
        /// Where to.
        to: Hop,
    },
    /// Send a refresh: a re-INVITE or UPDATE; Via is still missing.
    Refresh {
        /// The request.
        request: Request,
        /// Where to.
        to: Hop,
    },
    /// Send a NOTIFY; Via is still missing.
    Notify {
        /// The request.
        request: Request,
        /// Where to.
        to: Hop,
    },
    /// Send a request whose answer changes nothing: the BYE, a PRACK.
    Leave {
        /// The request.
        request: Request,
        /// Where to.
        to: Hop,
    },
    /// Cancel our INVITE, with a Q.850 cause.
    Cancel(ClientId, Option<u8>),
    /// Forget our INVITE: nothing will come for it.
    Forget(ClientId),
    /// Acknowledge a 2xx, and every repetition of it.
    Acknowledge {
        /// Our INVITE.
        invite: ClientId,
        /// Whose 2xx.
        remote_tag: String,
        /// The ACK; Via is still missing.
        ack: Request,
        /// Where to.
        to: Hop,
    },
    /// Answer a request.
    Answer {
        /// Which.
        transaction: ServerId,
        /// With what.
        response: Response,
    },
    /// The place where our INVITE went has not said a word: ask elsewhere.
    LeaveSilent,
    /// Tell the gateway.
    Tell(SipEvent),
    /// The session is over.
    Over,
}

#[derive(Clone, Debug)]
enum State {
    Invited(Invited),
    Inviting(Inviting),
    Established(Established),
    Over,
}

/// The machine.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    id: SessionId,
    state: State,
    timers: Timers<Timer>,
    call_id: String,
    local_tag: String,
    credentials: Option<Credentials>,
    /// Drawn once: what an overtaking offer is told to wait (§14.2), 0–10 s.
    retry_after_s: u32,
    watch: Watch,
}

impl Session {
    /// What its requests and responses have in common: Call-ID and our tag.
    pub(crate) fn key(&self) -> (String, String) {
        (self.call_id.clone(), self.local_tag.clone())
    }

    pub(crate) fn call_id(&self) -> &str {
        &self.call_id
    }

    /// What answers a challenge.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.timers.deadline()
    }

    /// Whether a request with this From tag belongs here.
    pub(crate) fn is_with(&self, remote_tag: Option<&str>) -> bool {
        let remote_tag = remote_tag.unwrap_or_default();
        match &self.state {
            State::Invited(invited) => invited.remote_tag() == remote_tag,
            // Any of the forks may ask something before it answers.
            State::Inviting(_) => true,
            State::Established(established) => established.remote_tag() == remote_tag,
            State::Over => false,
        }
    }

    /// Whether another INVITE may take this session's place (RFC 3891 §3): when it is answered, or is a call of ours that rings.
    ///
    /// # Errors
    /// 481 where the dialog is another, or one that its caller still waits in; 486 where it is answered and must not be.
    pub(crate) fn may_be_replaced(&self, replaces: &Replaces) -> Result<(), u16> {
        match &self.state {
            State::Established(established) if established.remote_tag() != replaces.from_tag || established.leaving.is_some() => Err(481),
            State::Established(_) if replaces.early_only => Err(486),
            State::Established(_) => Ok(()),
            State::Inviting(inviting) if inviting.rings_with(&replaces.from_tag) => Ok(()),
            State::Inviting(_) | State::Invited(_) | State::Over => Err(481),
        }
    }

    /// Whether this server transaction is an INVITE (or UPDATE) that waits for our answer.
    pub(crate) fn waits_in(&self, transaction: ServerId) -> bool {
        match &self.state {
            State::Invited(invited) => invited.transaction() == transaction,
            State::Established(established) => established.waits_in(transaction),
            State::Inviting(_) | State::Over => false,
        }
    }

    /// A request came inside the session. ACK and CANCEL have their own ways in.
    pub(crate) fn receive(&mut self, transaction: ServerId, request: &Request, source: Hop, now: Moment, out: &mut Vec<Act>) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Invited(invited) => self.receive_invited(invited, transaction, request, now, out),
            State::Inviting(inviting) => self.receive_inviting(inviting, transaction, request, out),
            State::Established(established) => {
                self.receive_established(established, transaction, request, source, now, out);
            }
            State::Over => self.reply(transaction, request, 481, out),
        }
    }

    /// CANCEL came for the transaction that [`Session::waits_in`] named.
    pub(crate) fn cancelled(&mut self, cancel: &Request, out: &mut Vec<Act>) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Invited(invited) => self.cancel_invited(&invited, reason::q850_in(cancel.headers()), out),
            State::Established(mut established) => {
                self.withdraw_offer(&mut established, out);
                self.state = State::Established(established);
            }
            other @ (State::Inviting(_) | State::Over) => self.state = other,
        }
    }

    /// What [`Session::hang_up`] would say now.
    pub(crate) fn farewell(&self) -> Option<&'static str> {
        match &self.state {
            State::Invited(_) => Some("480"),
            State::Inviting(_) => Some("CANCEL"),
            State::Established(_) => Some("BYE"),
            State::Over => None,
        }
    }

    /// Ends the session in the way that its state asks for. Asking twice does nothing more.
    pub(crate) fn hang_up(&mut self, cause: Option<u8>, now: Moment, out: &mut Vec<Act>) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Invited(invited) => {
                let refusal = Refusal { status: 480, cause, ..Refusal::default() };
                self.refuse_invited(&invited, &refusal, out);
            }
            State::Inviting(inviting) => self.give_up(inviting, 487, cause, now, out),
            State::Established(established) => self.leave(established, cause, out),
            State::Over => {}
        }
    }

    /// Works off the timers that are due.
    pub(crate) fn handle_timeout(&mut self, now: Moment, out: &mut Vec<Act>) {
        while let Some(timer) = self.timers.expired(now) {
            match (timer, std::mem::replace(&mut self.state, State::Over)) {
                (Timer::Answer, State::Established(established)) => self.repeat_answer(established, now, out),
                (Timer::Ack, State::Established(established)) => self.never_acknowledged(established, out),
                (Timer::Progress, State::Invited(invited)) => self.repeat_progress(invited, now, out),
                (Timer::Ring, State::Inviting(inviting)) => self.give_up(inviting, 408, Some(NO_ANSWER), now, out),
                (Timer::Silence, State::Inviting(inviting)) => self.hears_nothing(inviting, out),
                (Timer::Cancel, State::Inviting(inviting)) => self.cancel_unanswered(&inviting, out),
                (Timer::Reliable, State::Invited(invited)) => self.repeat_reliable(invited, now, out),
                (Timer::Prack, State::Invited(invited)) => self.never_heard(&invited, out),
                (Timer::Refresh, State::Established(established)) => self.refresh(established, now, out),
                (Timer::Expiry, State::Established(established)) => self.expire(established, out),
                // Every change of state stops the timers of the state before.
                (
                    Timer::Answer
                    | Timer::Ack
                    | Timer::Progress
                    | Timer::Ring
                    | Timer::Silence
                    | Timer::Cancel
                    | Timer::Reliable
                    | Timer::Prack
                    | Timer::Refresh
                    | Timer::Expiry,
                    state,
                ) => self.state = state,
            }
        }
    }

    fn enter(&mut self, state: State) {
        self.timers.clear_all();
        self.state = state;
    }

    fn end(&mut self, out: &mut Vec<Act>) {
        self.enter(State::Over);
        out.push(Act::Over);
    }

    /// A response of this session: with our tag, and nothing else yet.
    fn response(&self, request: &Request, status: u16) -> Response {
        let mut response = request.respond(status);
        if let Ok(mut to) = request.to()
            && to.tag().is_none()
            && status > 100
        {
            to.set_tag(&self.local_tag);
            response.headers_mut().set("To", to.to_string());
        }
        response
    }

    /// Answers with a bare status.
    fn reply(&self, transaction: ServerId, request: &Request, status: u16, out: &mut Vec<Act>) {
        out.push(Act::Answer { transaction, response: self.response(request, status) });
    }

    /// The connection to this hop is gone.
    pub(crate) fn cut_off(&mut self, hop: Hop) {
        match &mut self.state {
            State::Invited(invited) => invited.cut_off(hop),
            State::Established(established) => established.cut_off(hop),
            State::Inviting(_) | State::Over => {}
        }
    }

    /// Sends BYE and forgets the dialog.
    fn bye(dialog: &mut Dialog, cause: Option<u8>, out: &mut Vec<Act>) {
        let mut request = dialog.request(Method::Bye);
        give_reason(request.headers_mut(), cause);
        out.push(Act::Leave { request, to: dialog.destination() });
    }
}

/// Says why, where there is a Q.850 cause (RFC 3326 §2).
pub(crate) fn give_reason(headers: &mut Headers, cause: Option<u8>) {
    for value in cause.map(reason::of_cause).unwrap_or_default() {
        headers.push("Reason", value);
    }
}
