//! The user agent (RFC 3261 §6): transactions, dialogs, INVITE sessions and our own registrations behind one surface.
//!
//! The gateway feeds it messages and orders; it answers with datagrams to send and [`SipEvent`]s.

use std::collections::{BTreeMap, BTreeSet};

use super::header::Replaces;
use super::hop::Hop;
pub use super::io::{
    Account, AccountId, AgentConfig, AgentOutput, Invite, Probe, ProbeId, Refusal, RegistrationState, RequestId, SessionEnd, SessionId,
    SipEvent,
};
use super::message::{Message, NameAddr, Request, Response};
use super::registration::Registrations;
use super::session::Session;
use super::transaction::{ClientId, Lapse, ServerId, Transactions};
use crate::rng::Rng;
use crate::time::{Moment, earliest};

use acks::Acks;
use ask::Owner;
use reflexive::Reflexive;
use size::Streams;

mod acks;
mod act;
mod address;
mod ask;
mod elsewhere;
mod keep;
mod probe;
mod receive;
pub mod reflexive;
mod refresh;
mod replies;
mod size;

#[cfg(test)]
mod tests;

/// Sessions that live at once; a further INVITE gets 503.
pub const MOST_SESSIONS: usize = 256;

/// The machine behind the surface: every transaction, dialog, session and registration of ours.
///
/// Time comes in as [`Moment`]s, dice as an [`Rng`]; datagrams and events go out through `out`, in order.
#[derive(Clone, Debug)]
pub struct UserAgent {
    config: AgentConfig,
    rng: Rng,
    transactions: Transactions,
    /// Who asked, for each client transaction.
    owners: BTreeMap<ClientId, Owner>,
    acks: Acks,
    sessions: BTreeMap<SessionId, Session>,
    /// Sessions by Call-ID and our tag.
    dialogs: BTreeMap<(String, String), SessionId>,
    /// INVITEs of sessions that have somewhere else to go.
    ways: BTreeMap<SessionId, Invite>,
    registrations: Registrations,
    last_session: u64,
    /// The interval of session timers to ask for, in seconds; `None`: they are off.
    session_expires_s: Option<u32>,
    streams: Streams,
    reflexive: Reflexive,
    /// Answered sessions whose peers were told a Contact that does not hold any more.
    moved: BTreeSet<SessionId>,
}

impl UserAgent {
    /// A user agent with nothing to do.
    #[must_use]
    pub fn new(config: AgentConfig, rng: Rng) -> Self {
        UserAgent {
            config,
            rng,
            transactions: Transactions::default(),
            owners: BTreeMap::new(),
            acks: Acks::default(),
            sessions: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            ways: BTreeMap::new(),
            registrations: Registrations::default(),
            last_session: 0,
            session_expires_s: None,
            streams: Streams::default(),
            reflexive: Reflexive::default(),
            moved: BTreeSet::new(),
        }
    }

    /// Takes a message that came from `source`.
    pub fn handle_message(&mut self, source: Hop, message: Message, now: Moment, out: &mut Vec<AgentOutput>) {
        match message {
            Message::Request(request) => self.receive_request(source, request, now, out),
            Message::Response(response) => self.receive_response(source, &response, now, out),
        }
    }

    /// The session that a message belongs to: a request inside its dialog, a CANCEL of its INVITE, a response to its requests.
    #[must_use]
    pub fn session_of(&self, message: &Message) -> Option<SessionId> {
        match message {
            Message::Request(request) => self.session_of_request(request),
            Message::Response(response) => self.owners.get(&self.transactions.client_of(response)?)?.session(),
        }
    }

    /// A connection ended, or could not be had: requests of ours that wait for an answer over it are refused at once, with 503, and
    /// dialogs that came by it look for another way.
    pub fn cut_off(&mut self, hop: Hop, now: Moment, out: &mut Vec<AgentOutput>) {
        self.sessions.values_mut().for_each(|session| session.cut_off(hop));
        if self.transactions.switch_back(hop, now, out) {
            self.streams.note_refused(hop.address, now);
        }
        for id in self.transactions.cut_off(hop) {
            self.unanswered(id, 503, now, out);
            self.transactions.end_client(id);
            self.client_over(id);
        }
    }

    /// The Call-ID of a session that is not over.
    #[must_use]
    pub fn call_id_of(&self, session: SessionId) -> Option<&str> {
        self.sessions.get(&session).map(Session::call_id)
    }

    /// The Call-ID of one of our registrations.
    #[must_use]
    pub fn call_id_of_account(&self, account: AccountId) -> Option<&str> {
        self.registrations.call_id_of(account)
    }

    /// When [`UserAgent::handle_timeout`] wants to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let sessions = self.sessions.values().filter_map(Session::deadline).min();
        earliest(self.transactions.deadline(), earliest(sessions, self.registrations.deadline()))
    }

    /// Works off everything that is due.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<AgentOutput>) {
        let mut lapses = Vec::new();
        self.transactions.handle_timeout(now, out, &mut lapses);
        for lapse in lapses {
            match lapse {
                Lapse::Unanswered(id) => self.unanswered(id, 408, now, out),
                Lapse::Over(id) => self.client_over(id),
            }
        }
        let due: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| session.deadline().is_some_and(|at| at <= now)).map(|(id, _)| *id).collect();
        for id in due {
            self.in_session(id, now, out, |session, acts| session.handle_timeout(now, acts));
        }
        self.keep(now, out, |registrations, rng, acts| registrations.handle_timeout(now, rng, acts));
    }

    /// Whether no transaction, dialog or session is alive. Registrations that only wait do not count.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.transactions.len() == 0 && self.sessions.is_empty() && self.owners.is_empty() && self.acks.is_empty()
    }
}

/// Incoming sessions.
impl UserAgent {
    /// Sends a provisional response: 100, 180, 183 (with SDP). Ignored after the final answer.
    pub fn provisional(&mut self, session: SessionId, status: u16, body: Option<Vec<u8>>, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.provisional(status, body, now, acts));
    }

    /// Accepts with 200 and SDP, repeated until the ACK. Without one in 64·T1: BYE, and [`SessionEnd::NoAck`].
    pub fn answer(&mut self, session: SessionId, body: Vec<u8>, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.answer(body, now, acts));
    }

    /// Refuses, and ends the session; no event follows.
    pub fn refuse(&mut self, session: SessionId, refusal: Refusal, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.refuse(&refusal, acts));
    }

    /// Answers the [`SipEvent::Offer`] that waits: 200 with SDP, or that status. Ignored when none waits.
    pub fn answer_offer(&mut self, session: SessionId, answer: Result<Vec<u8>, u16>, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.answer_offer(answer, now, acts));
    }
}

/// References (RFC 3515) and replacements (RFC 3891).
impl UserAgent {
    /// Asks the peer of a confirmed session to go on with somebody else; ignored in any other.
    pub fn refer(&mut self, session: SessionId, to: &str, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.refer(to, acts));
    }

    /// Answers the [`SipEvent::Referred`] that waits: 202 and a NOTIFY of `100 Trying`, or that status. Ignored when none waits.
    pub fn answer_refer(&mut self, session: SessionId, answer: Result<(), u16>, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.answer_refer(answer, acts));
    }

    /// Tells who referred the call how far it is: a provisional status, or the final one. Ignored when no REFER is followed.
    pub fn tell_of_referral(&mut self, session: SessionId, status: u16, reason: &str, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.tell_of_referral(status, reason, acts));
    }

    /// The session whose place an INVITE asks for with Replaces; `None`: it asks for none.
    ///
    /// # Errors
    /// The status to refuse it with (RFC 3891 §3): 400 for a broken header, 481 for a dialog that is not ours to give, 486 for one
    /// that is answered where only an early one is wanted.
    pub fn replaced_by(&self, invite: &Request) -> Result<Option<SessionId>, u16> {
        let Some(replaces) = Replaces::of(invite.headers()).map_err(|_| 400_u16)? else { return Ok(None) };
        let id = *self.dialogs.get(&(replaces.call_id.clone(), replaces.to_tag.clone())).ok_or(481_u16)?;
        let session = self.sessions.get(&id).ok_or(481_u16)?;
        session.may_be_replaced(&replaces).map(|()| Some(id))
    }
}

/// Outgoing sessions, and both kinds.
impl UserAgent {
    /// Calls. When there is no room for one more session the refusal (503) comes out at once.
    pub fn invite(&mut self, invite: Invite, now: Moment, out: &mut Vec<AgentOutput>) -> SessionId {
        self.start_invite(&invite, now, out)
    }

    /// Sends INFO inside a confirmed session; ignored in any other.
    pub fn info(&mut self, session: SessionId, content_type: &str, body: Vec<u8>, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.info(content_type, body, acts));
    }

    /// What [`UserAgent::hang_up`] would say now, as a method or a status; nothing in a session that is over.
    #[must_use]
    pub fn farewell(&self, session: SessionId) -> Option<&'static str> {
        self.sessions.get(&session).and_then(Session::farewell)
    }

    /// Ends a session in whatever way its state asks for: 480, CANCEL or BYE, with a Q.850 cause. Doing it twice is harmless.
    ///
    /// Only an unanswered call of ours tells something after this: [`SipEvent::Refused`].
    pub fn hang_up(&mut self, session: SessionId, cause: Option<u8>, now: Moment, out: &mut Vec<AgentOutput>) {
        self.in_session(session, now, out, |session, acts| session.hang_up(cause, now, acts));
    }
}

/// Requests outside sessions, and our registrations.
impl UserAgent {
    /// Answers a [`SipEvent::Request`]. A To tag is added where it is missing.
    pub fn respond(&mut self, id: RequestId, response: Response, now: Moment, out: &mut Vec<AgentOutput>) {
        self.reply(ServerId(id.0), response, now, out);
    }

    /// Starts a registration and keeps it alive, or changes one that is there.
    pub fn register(&mut self, account: AccountId, params: Account, now: Moment, out: &mut Vec<AgentOutput>) {
        let contact = self.contact(&params.contact_user, params.registrar);
        self.keep(now, out, |registrations, rng, acts| registrations.register(account, params, contact, now, rng, acts));
    }

    /// Takes a registration back. [`RegistrationState::Unregistered`] is told when that is done, or nobody answered.
    pub fn unregister(&mut self, account: AccountId, now: Moment, out: &mut Vec<AgentOutput>) {
        self.keep(now, out, |registrations, rng, acts| registrations.unregister(account, now, rng, acts));
    }

    /// Registers again now: after a change of network, or when somebody asks for it.
    pub fn refresh(&mut self, account: AccountId, now: Moment, out: &mut Vec<AgentOutput>) {
        self.keep(now, out, |registrations, rng, acts| registrations.refresh(account, now, rng, acts));
    }
}

/// A response with a To tag, where it needs one and has none.
fn with_tag(mut response: Response, tag: &str) -> Response {
    if response.status() > 100
        && let Ok(mut to) = response.to()
        && NameAddr::tag(&to).is_none()
    {
        to.set_tag(tag);
        response.headers_mut().set("To", to.to_string());
    }
    response
}
