//! Session timers (RFC 4028) as far as they concern transactions: refreshes of sessions, and INVITEs that ask for too short a life.

use std::time::Duration;

use super::ask::{Owner, Purpose};
use super::{AgentOutput, SessionId, UserAgent};
use crate::sip::dialog::Dialog;
use crate::sip::hop::Hop;
use crate::sip::message::{CSeq, Method, NameAddr, Request, Response};
use crate::sip::session::{Act, Watch, acknowledge};
use crate::sip::session_timer;
use crate::sip::transaction::ClientId;
use crate::time::Moment;

impl UserAgent {
    /// How the life of a new session is watched. Whoever called waits longer after two offers have met (RFC 3261 §14.1).
    pub(super) fn watch(&mut self, is_caller: bool) -> Watch {
        let (first, span) = if is_caller { (2100, 191) } else { (100, 191) };
        Watch::new(self.session_expires_s, Duration::from_millis(first + 10 * self.rng.below(span)))
    }

    pub(super) fn refresh_session(&mut self, id: SessionId, request: Request, to: Hop, now: Moment, out: &mut Vec<AgentOutput>) {
        if self.ask_for(id, Purpose::Refresh(id), request, to, now, out).is_none() {
            self.in_session(id, now, out, |session, _| session.refresh_failed(None, now));
        }
    }

    /// A final answer to a refresh.
    pub(super) fn refresh_answered(
        &mut self,
        id: ClientId,
        session: SessionId,
        source: Hop,
        response: &Response,
        now: Moment,
        out: &mut Vec<AgentOutput>,
    ) {
        let Ok(to) = response.to() else { return };
        if response.is_success() && self.acks.repeat(id, NameAddr::tag(&to).unwrap_or_default(), out) {
            return;
        }
        let Some(request) = self.transactions.request_of(id).map(|(request, _)| request.clone()) else { return };
        match response.status() {
            status @ (408 | 481) => self.in_session(session, now, out, |session, acts| session.answered(Some(status), acts)),
            _ if self.sessions.contains_key(&session) => {
                self.in_session(session, now, out, |session, acts| session.refresh_answered(id, &request, response, now, acts));
            }
            // Our BYE crossed the answer, which waits for its ACK all the same (RFC 5407 §3.2.3).
            200..=299 if *request.method() == Method::Invite && self.acks.has_room(id) => {
                let ack: Option<Act> = Dialog::of_response(&request, response, source).map(|dialog| acknowledge(id, &dialog, &request));
                self.carry_out(session, ack.into_iter().collect(), now, out);
            }
            _ => {}
        }
    }

    /// Sends an INVITE again that asked for too short a life (422), one CSeq number later (RFC 4028 §7.3). False: it is a refusal.
    pub(super) fn asked_longer(&mut self, id: ClientId, response: &Response, now: Moment, out: &mut Vec<AgentOutput>) -> bool {
        let (422, Some(owner)) = (response.status(), self.owners.get(&id).cloned()) else { return false };
        let Purpose::Invite(session) = owner.purpose else { return false };
        let Some((request, to)) = self.transactions.request_of(id).map(|(request, to)| (request.clone(), to)) else { return false };
        let Ok(CSeq { number, method }) = request.cseq() else { return false };
        let asking = self.sessions.get_mut(&session).filter(|session| session.asks_in(id));
        let Some((seconds, least)) = asking.and_then(|session| session.ask_longer(response)) else { return false };
        let mut again = request;
        session_timer::ask(&mut again, seconds, least, None);
        again.headers_mut().set("CSeq", format!("{} {method}", number + 1));
        // Whoever challenges answers to a nonce of its own: a new request is challenged anew.
        again.headers_mut().remove("Authorization");
        again.headers_mut().remove("Proxy-Authorization");
        let Some(sent) = self.ask(Owner { tried: false, ..owner }, &again, to, now, out) else { return false };
        if let Some(session) = self.sessions.get_mut(&session) {
            session.sent(sent);
        }
        true
    }

    /// A session is over: its refreshes that are only promised an answer wait for it no longer.
    pub(super) fn forget_refreshes(&mut self, session: SessionId) {
        let of_session = self.owners.iter().filter(|(_, owner)| owner.purpose == Purpose::Refresh(session)).map(|(id, _)| *id);
        for id in of_session.filter(|id| self.transactions.is_only_promised(*id)).collect::<Vec<_>>() {
            self.transactions.end_client(id);
            self.client_over(id);
        }
    }
}
