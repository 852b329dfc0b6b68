//! Answers to our own requests, and their absence (RFC 3261 §8.1.3, §13.2.2).

use super::ask::{Owner, Purpose};
use super::{AgentOutput, SessionId, SipEvent, UserAgent};
use crate::sip::dialog::Dialog;
use crate::sip::digest::Challenge;
use crate::sip::hop::Hop;
use crate::sip::message::{CSeq, Method, NameAddr, Response};
use crate::sip::session::{Act, MOST_PRACKS, Session, acknowledge};
use crate::sip::transaction::ClientId;
use crate::time::Moment;

impl UserAgent {
    pub(super) fn receive_response(&mut self, source: Hop, response: &Response, now: Moment, out: &mut Vec<AgentOutput>) {
        let Some(id) = self.transactions.receive_response(response, now, out) else { return };
        self.note_reflexive(id, source, response, out);
        if self.answered_challenge(id, response, now, out) || self.asked_longer(id, response, now, out) {
            return;
        }
        if self.went_elsewhere(id, response.status(), now, out) {
            return;
        }
        match self.owners.get(&id).map(|owner| owner.purpose) {
            Some(Purpose::Invite(session)) if response.is_success() => {
                self.accepted(id, session, source, response, now, out);
            }
            Some(Purpose::Invite(session)) => {
                let Some(invite) = self.transactions.request_of(id).map(|(request, _)| request.clone()) else { return };
                self.in_session(session, now, out, |session, acts| {
                    if session.asks_in(id) {
                        session.invite_answered(&invite, response, source, now, acts);
                    }
                });
            }
            Some(Purpose::Dialog(session)) if !response.is_provisional() => {
                self.in_session(session, now, out, |session, acts| session.answered(Some(response.status()), acts));
            }
            Some(Purpose::Notify(session)) if !response.is_provisional() && !response.is_success() => {
                self.in_session(session, now, out, |session, _| session.unheard());
            }
            Some(Purpose::Refresh(session)) if !response.is_provisional() => self.refresh_answered(id, session, source, response, now, out),
            Some(Purpose::Register(registration)) => {
                self.keep(now, out, |registrations, rng, acts| registrations.answered(registration, response, now, rng, acts));
            }
            Some(Purpose::Probe(probe)) if !response.is_provisional() => {
                out.push(AgentOutput::Event(SipEvent::Probed { probe, status: Some(response.status()) }));
            }
            Some(
                Purpose::Dialog(_) | Purpose::Refresh(_) | Purpose::Prack(_) | Purpose::Notify(_) | Purpose::Probe(_) | Purpose::Nothing,
            )
            | None => {}
        }
    }

    /// Sends a challenged request again with credentials, once, one CSeq number later (§22.2). False: not to be answered.
    fn answered_challenge(&mut self, id: ClientId, response: &Response, now: Moment, out: &mut Vec<AgentOutput>) -> bool {
        let Some(owner) = self.owners.get(&id).filter(|owner| !owner.tried).cloned() else { return false };
        let (Some(credentials), 401 | 407) = (&owner.credentials, response.status()) else { return false };
        let wanted = match owner.purpose {
            Purpose::Invite(session)
            | Purpose::Dialog(session)
            | Purpose::Refresh(session)
            | Purpose::Prack(session)
            | Purpose::Notify(session) => self.sessions.get(&session).is_some_and(Session::still_wanted),
            Purpose::Nothing | Purpose::Register(_) | Purpose::Probe(_) => true,
        };
        let mut challenges = Challenge::all(response);
        let Some((request, to)) = self.transactions.request_of(id).filter(|_| wanted && !challenges.is_empty()) else {
            return false;
        };
        let Ok(CSeq { number, method }) = request.cseq() else { return false };
        let mut again = request.clone();
        for challenge in &mut challenges {
            let answer = challenge.answer(credentials, &method, again.uri(), &mut self.rng);
            again.headers_mut().push(challenge.header_name(), answer);
        }
        again.headers_mut().set("CSeq", format!("{} {method}", number + 1));
        let purpose = owner.purpose;
        let Some(sent) = self.ask(Owner { tried: true, ..owner }, &again, to, now, out) else { return false };
        let session = match purpose {
            Purpose::Invite(session)
            | Purpose::Dialog(session)
            | Purpose::Refresh(session)
            | Purpose::Prack(session)
            | Purpose::Notify(session) => self.sessions.get_mut(&session),
            Purpose::Nothing | Purpose::Register(_) | Purpose::Probe(_) => None,
        };
        match (purpose, session) {
            (Purpose::Invite(_), Some(session)) => session.sent(sent),
            (Purpose::Dialog(_) | Purpose::Refresh(_) | Purpose::Prack(_) | Purpose::Notify(_), Some(session)) => session.asked_again(),
            (_, None) | (Purpose::Nothing | Purpose::Register(_) | Purpose::Probe(_), Some(_)) => {}
        }
        true
    }

    /// Nobody answered a request of ours: 408 is its answer, or 503 where it could not be delivered (RFC 3261 §8.1.3.1).
    pub(super) fn unanswered(&mut self, id: ClientId, status: u16, now: Moment, out: &mut Vec<AgentOutput>) {
        if self.went_elsewhere(id, status, now, out) {
            return;
        }
        match self.owners.get(&id).map(|owner| owner.purpose) {
            Some(Purpose::Invite(session)) => self.in_session(session, now, out, |session, acts| {
                if session.asks_in(id) {
                    session.invite_unanswered(status, acts);
                }
            }),
            Some(Purpose::Dialog(session)) => {
                // A call outlives the connection that its signalling went over: only silence tells of a peer that is gone.
                let answer = Some(status).filter(|status| *status != 408);
                self.in_session(session, now, out, |session, acts| session.answered(answer, acts));
            }
            Some(Purpose::Refresh(session)) => self.in_session(session, now, out, |session, acts| match status {
                408 => session.answered(None, acts),
                _ => session.refresh_failed(None, now),
            }),
            Some(Purpose::Register(registration)) => {
                self.keep(now, out, |registrations, rng, acts| registrations.unanswered(registration, status, now, rng, acts));
            }
            Some(Purpose::Notify(session)) => self.in_session(session, now, out, |session, _| session.unheard()),
            Some(Purpose::Probe(probe)) => out.push(AgentOutput::Event(SipEvent::Probed { probe, status: None })),
            Some(Purpose::Prack(_) | Purpose::Nothing) | None => {}
        }
    }

    /// A client transaction is over.
    pub(super) fn client_over(&mut self, id: ClientId) {
        self.owners.remove(&id);
        self.acks.forget(id);
    }

    /// A 2xx to our INVITE: the first one is the session's, a repetition gets its ACK again, and any other comes from a
    /// fork that nobody talks to: ACK and BYE (§13.2.2.4).
    fn accepted(&mut self, id: ClientId, session: SessionId, source: Hop, response: &Response, now: Moment, out: &mut Vec<AgentOutput>) {
        let Ok(to) = response.to() else { return };
        if self.acks.repeat(id, NameAddr::tag(&to).unwrap_or_default(), out) {
            return;
        }
        let Some(request) = self.transactions.request_of(id).map(|(request, _)| request.clone()) else { return };
        if self.sessions.get(&session).is_some_and(|session| session.asks_in(id)) {
            self.in_session(session, now, out, |session, acts| session.accepted(&request, response, source, now, acts));
        } else if self.acks.has_room(id)
            && let Some(mut dialog) = Dialog::of_response(&request, response, source)
        {
            let ack = acknowledge(id, &dialog, &request);
            dialog.skip_numbers(MOST_PRACKS);
            let bye = dialog.request(Method::Bye);
            let to = dialog.destination();
            self.carry_out(session, vec![ack, Act::Leave { request: bye, to }], now, out);
        }
    }
}
