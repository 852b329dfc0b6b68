//! Our own requests: who asked, how they are sent, and how an INVITE is made.

use super::{AgentOutput, Invite, MOST_SESSIONS, ProbeId, SessionId, SipEvent, UserAgent};
use crate::sip::digest::Credentials;
use crate::sip::hop::Hop;
use crate::sip::message::{Method, NameAddr, Request, phrase};
use crate::sip::registration::RegistrationKey;
use crate::sip::session::{Session, introduce};
use crate::sip::transaction::ClientId;
use crate::sip::uri::escape_user;
use crate::time::Moment;

/// Whom the answer to a request concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The INVITE of a session.
    Invite(SessionId),
    /// A request inside the dialog of a session.
    Dialog(SessionId),
    /// A re-INVITE or UPDATE that refreshes a session.
    Refresh(SessionId),
    /// A PRACK of a session, whose answer changes nothing.
    Prack(SessionId),
    /// A NOTIFY about a REFER inside a session: what becomes of it concerns only the subscription.
    Notify(SessionId),
    /// One of our registrations.
    Register(RegistrationKey),
    /// A question whether somebody is there.
    Probe(ProbeId),
    /// Nobody: BYE and CANCEL.
    Nothing,
}

/// What we remember about a request of ours while its transaction lives.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) purpose: Purpose,
    /// What answers a challenge.
    pub(super) credentials: Option<Credentials>,
    /// It is the second try already.
    pub(super) tried: bool,
}

impl Owner {
    pub(super) fn of(purpose: Purpose) -> Self {
        Owner { purpose, credentials: None, tried: false }
    }

    /// What it did for one session it does for another from now on.
    pub(super) fn renumber(&mut self, from: SessionId, to: SessionId) {
        match &mut self.purpose {
            Purpose::Invite(session)
            | Purpose::Dialog(session)
            | Purpose::Prack(session)
            | Purpose::Refresh(session)
            | Purpose::Notify(session)
                if *session == from =>
            {
                *session = to;
            }
            _ => {}
        }
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        match self.purpose {
            Purpose::Invite(session)
            | Purpose::Dialog(session)
            | Purpose::Prack(session)
            | Purpose::Refresh(session)
            | Purpose::Notify(session) => Some(session),
            Purpose::Register(_) | Purpose::Probe(_) | Purpose::Nothing => None,
        }
    }
}

impl UserAgent {
    /// Sends a request with a new branch. `None`: there is no room for one more transaction.
    pub(super) fn ask(&mut self, owner: Owner, request: &Request, to: Hop, now: Moment, out: &mut Vec<AgentOutput>) -> Option<ClientId> {
        let mut request = self.with_via(request, to.transport);
        let Some(stream) = self.streams.instead_of(to, &request, now) else { return self.ask_as_is(owner, request, to, now, out) };
        request.set_via_transport(stream.transport);
        let id = self.ask_as_is(owner, request, stream, now, out)?;
        self.transactions.note_switched(id);
        Some(id)
    }

    /// Sends a request that has its branch already.
    pub(super) fn ask_as_is(
        &mut self,
        owner: Owner,
        request: Request,
        to: Hop,
        now: Moment,
        out: &mut Vec<AgentOutput>,
    ) -> Option<ClientId> {
        let id = self.transactions.start(request, to, now, out)?;
        self.owners.insert(id, owner);
        Some(id)
    }

    /// Our `Contact` with this user part, for the peer behind this hop.
    pub(super) fn contact(&self, user: &str, hop: Hop) -> String {
        let (local, parameter) = (self.local_for(hop), hop.transport.parameter());
        match user {
            "" => format!("<sip:{local}{parameter}>"),
            user => format!("<sip:{}@{local}{parameter}>", escape_user(user)),
        }
    }

    pub(super) fn next_session(&mut self) -> SessionId {
        self.last_session += 1;
        SessionId(self.last_session)
    }

    pub(super) fn start_invite(&mut self, invite: &Invite, now: Moment, out: &mut Vec<AgentOutput>) -> SessionId {
        let id = self.next_session();
        self.start_invite_as(id, invite, now, out);
        id
    }

    /// Sends the INVITE of a session that has its number already.
    pub(super) fn start_invite_as(&mut self, id: SessionId, invite: &Invite, now: Moment, out: &mut Vec<AgentOutput>) {
        let refused =
            |status: u16| AgentOutput::Event(SipEvent::Refused { session: id, status, reason: phrase(status).to_owned(), cause: None });
        if self.sessions.len() >= MOST_SESSIONS {
            out.push(refused(503));
            return;
        }
        let key = (self.rng.hex(32), self.rng.hex(16));
        let Some(request) = self.invite_request(invite, &key) else {
            out.push(refused(400));
            return;
        };
        let owner = Owner { credentials: invite.credentials.clone(), ..Owner::of(Purpose::Invite(id)) };
        let Some(transaction) = self.ask(owner, &request, invite.destination, now, out) else {
            out.push(refused(503));
            return;
        };
        let retry_after_s = self.short_wait_s();
        let watch = self.watch(true);
        let mut session = Session::inviting(id, invite, key.clone(), retry_after_s, watch, now);
        session.sent(transaction);
        self.sessions.insert(id, session);
        self.dialogs.insert(key, id);
        if !invite.others.is_empty() {
            self.ways.insert(id, invite.clone());
        }
    }

    /// The INVITE without Via; `None` when From or To cannot be read.
    fn invite_request(&self, invite: &Invite, (call_id, tag): &(String, String)) -> Option<Request> {
        let mut from = NameAddr::parse(&invite.from, "From").ok()?;
        from.set_tag(tag);
        let mut to = NameAddr::parse(&invite.to, "To").ok()?;
        to.params.remove("tag");
        let mut request = Request::new(Method::Invite, &invite.request_uri);
        let headers = request.headers_mut();
        headers.push("Max-Forwards", "70");
        headers.push("From", from.to_string());
        headers.push("To", to.to_string());
        headers.push("Call-ID", call_id.clone());
        headers.push("CSeq", "1 INVITE");
        headers.push("Contact", self.contact(&invite.contact_user, invite.destination));
        introduce(&mut request, self.session_expires_s);
        for (name, value) in &invite.headers {
            request.headers_mut().push(name, value.clone());
        }
        request.set_body(&invite.content_type, invite.body.clone());
        Some(request)
    }

    /// 0–10 s, as RFC 3261 §14.2 wants it.
    pub(super) fn short_wait_s(&mut self) -> u32 {
        u32::try_from(self.rng.below(11)).unwrap_or_default()
    }
}
