//! Requests of others (RFC 3261 §8.2, §9.2, §12.2.2).

use super::{AgentOutput, MOST_SESSIONS, RequestId, SessionId, SipEvent, UserAgent, with_tag};
use crate::sip::hop::Hop;
use crate::sip::message::{Method, NameAddr, Request, Uri};
use crate::sip::options;
use crate::sip::session::{Incoming, Session};
use crate::sip::transaction::{Arrival, ServerId};
use crate::time::Moment;

/// What a caller is told to wait when there is no room for its call.
const BUSY_RETRY_AFTER_S: u32 = 5;

impl UserAgent {
    pub(super) fn receive_request(&mut self, source: Hop, mut request: Request, now: Moment, out: &mut Vec<AgentOutput>) {
        // Without a Via that can be read there is no transaction, and nobody to answer.
        if request.note_source(source.address).is_err() {
            return;
        }
        let of_session = self.session_of_request(&request).is_some();
        match self.transactions.receive_request(source, &request, of_session, now, out) {
            Arrival::New(id) => self.new_request(id, source, &request, now, out),
            Arrival::Absorbed => {}
            Arrival::Ack => {
                if let Some(session) = self.session_in_dialog(&request) {
                    self.in_session(session, now, out, |session, acts| session.acknowledged(&request, acts));
                }
            }
            Arrival::Merged => self.reply_stateless(source, request.respond(482), out),
            Arrival::Full => {
                let mut response = request.respond(503);
                response.headers_mut().push("Retry-After", BUSY_RETRY_AFTER_S.to_string());
                self.reply_stateless(source, response, out);
            }
        }
    }

    fn new_request(&mut self, id: ServerId, source: Hop, request: &Request, now: Moment, out: &mut Vec<AgentOutput>) {
        if *request.method() == Method::Cancel {
            self.cancel(id, request, now, out);
            return;
        }
        if self.transactions.is_our_own(request) {
            self.reply(id, request.respond(482), now, out);
            return;
        }
        let inside_dialog = request.to().is_ok_and(|to| to.tag().is_some()) && *request.method() != Method::Register;
        let session = if inside_dialog { self.session_in_dialog(request) } else { None };
        if inside_dialog && session.is_none() {
            // Both hang up at once: the peer's BYE is as good as ours (RFC 5407 §3.2.1).
            let both_leave = *request.method() == Method::Bye && self.transactions.is_leaving(request);
            self.reply(id, request.respond(if both_leave { 200 } else { 481 }), now, out);
            return;
        }
        if let Some(refusal) = options::refusal(request, inside_dialog, self.has_session_timers()) {
            self.reply(id, refusal, now, out);
            return;
        }
        match (session, request.method()) {
            (Some(session), _) => {
                self.in_session(session, now, out, |session, acts| session.receive(id, request, source, now, acts));
            }
            (None, Method::Invite) => self.invited(id, source, request, now, out),
            (None, _) => {
                let request = Box::new(request.clone());
                out.push(AgentOutput::Event(SipEvent::Request { id: RequestId(id.0), source, request }));
            }
        }
    }

    fn invited(&mut self, transaction: ServerId, source: Hop, request: &Request, now: Moment, out: &mut Vec<AgentOutput>) {
        if self.sessions.len() >= MOST_SESSIONS {
            let mut response = request.respond(503);
            response.headers_mut().push("Retry-After", BUSY_RETRY_AFTER_S.to_string());
            self.reply(transaction, response, now, out);
            return;
        }
        let user = Uri::parse(request.uri()).ok().and_then(|uri| uri.user).unwrap_or_default();
        let new = Incoming {
            id: self.next_session(),
            transaction,
            request,
            source,
            local_tag: self.rng.hex(16),
            contact: self.contact(&user, source),
            retry_after_s: self.short_wait_s(),
            first_rseq: 1 + self.rng.next_u32() / 4,
            watch: self.watch(false),
        };
        let id = new.id;
        let Some(session) = Session::invited(new) else {
            self.reply(transaction, request.respond(400), now, out);
            return;
        };
        self.dialogs.insert(session.key(), id);
        self.sessions.insert(id, session);
        let request = Box::new(request.clone());
        out.push(AgentOutput::Event(SipEvent::Invite { session: id, source, request }));
    }

    /// CANCEL: 200 when its INVITE is known, whatever that does to the INVITE; else 481 (§9.2).
    fn cancel(&mut self, id: ServerId, cancel: &Request, now: Moment, out: &mut Vec<AgentOutput>) {
        let Some(invite) = self.transactions.cancelled_by(cancel) else {
            self.reply(id, cancel.respond(481), now, out);
            return;
        };
        let session = self.session_waiting_in(invite);
        let tag = session.and_then(|session| self.sessions.get(&session)).map(|session| session.key().1);
        let response = match tag {
            Some(tag) => with_tag(cancel.respond(200), &tag),
            None => cancel.respond(200),
        };
        self.reply(id, response, now, out);
        if let Some(session) = session {
            self.in_session(session, now, out, |session, acts| session.cancelled(cancel, acts));
        }
    }

    fn session_waiting_in(&self, invite: ServerId) -> Option<SessionId> {
        self.sessions.iter().find(|(_, session)| session.waits_in(invite)).map(|(id, _)| *id)
    }

    /// The session whose dialog a request names with Call-ID and both tags.
    fn session_in_dialog(&self, request: &Request) -> Option<SessionId> {
        let local_tag = request.to().ok()?.tag()?.to_owned();
        let id = *self.dialogs.get(&(request.call_id().ok()?.to_owned(), local_tag))?;
        let from = request.from().ok()?;
        self.sessions.get(&id)?.is_with(NameAddr::tag(&from)).then_some(id)
    }

    pub(super) fn session_of_request(&self, request: &Request) -> Option<SessionId> {
        match request.method() {
            Method::Cancel => self.session_waiting_in(self.transactions.cancelled_by(request)?),
            _ => self.session_in_dialog(request),
        }
    }
}
