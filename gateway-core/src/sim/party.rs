//! A SIP peer of the simulated world: a phone, a PBX, a provider or a trunk peer, after its habits.

use std::net::SocketAddr;
use std::time::Duration;

use crate::rng::Rng;
use crate::sdp::{self, Codec, LocalMedia};
use crate::sip::agent::{
    Account, AccountId, AgentConfig, AgentOutput, Invite, Refusal, RegistrationState, SessionEnd, SessionId, SipEvent, UserAgent,
};
use crate::sip::digest::{Algorithm, Credentials, Verdict, Verifier};
use crate::sip::message::{Method, Request};
use crate::sip::registrar::{Limits, Registrar};
use crate::sip::uri::Uri;
use crate::sip::wire;
use crate::time::{Moment, Timers, earliest};

/// What a peer does when it is called, and in its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Answers after this time; `None`: lets it ring.
    pub answers_after: Option<Duration>,
    /// Refuses with this status instead.
    pub refuses_with: Option<u16>,
    /// Hangs up this long after the answer; `None`: waits for the other side.
    pub hangs_up_after: Option<Duration>,
    /// Sends RTP while in a call.
    pub sends_rtp: bool,
    /// Codecs it knows.
    pub codecs: Vec<Codec>,
}

impl Default for Habits {
    fn default() -> Self {
        Habits {
            answers_after: Some(Duration::from_secs(2)),
            refuses_with: None,
            hangs_up_after: None,
            sends_rtp: true,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
        }
    }
}

/// How one call of a peer went, as the peer saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leg {
    /// Request-URI that was called, in either direction.
    pub uri: String,
    /// `From` of a call that came in.
    pub from: String,
    /// Provisional statuses seen or sent.
    pub progress: Vec<u16>,
    /// Answered.
    pub answered: bool,
    /// Final refusal seen.
    pub refused: Option<u16>,
    /// Over.
    pub ended: bool,
    /// The peer's `Reason` of a BYE.
    pub bye_reason: Option<String>,
    /// CANCEL came.
    pub cancelled: bool,
    /// `Retry-After`, `Reason` and other facts are looked up on the wire by the tests that need them.
    pub started: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PartyTimer {
    Answer(SessionId),
    HangUp(SessionId),
}

/// A registrar inside the peer: a provider or a PBX.
#[derive(Debug)]
struct Office {
    verifier: Verifier,
    registrar: Registrar,
    accounts: Vec<Credentials>,
}

/// A SIP peer.
#[derive(Debug)]
pub struct Party {
    /// Where it is.
    pub address: SocketAddr,
    /// What it does.
    pub habits: Habits,
    agent: UserAgent,
    office: Option<Office>,
    timers: Timers<PartyTimer>,
    legs: Vec<(SessionId, Leg)>,
    /// How its own registration at the gateway stands.
    pub registration: Option<RegistrationState>,
    outbox: Vec<AgentOutput>,
}

impl Party {
    /// A peer at an address.
    #[must_use]
    pub fn new(address: SocketAddr, habits: Habits, rng: Rng) -> Self {
        let config = AgentConfig { local: address, product: "Party".to_owned() };
        Party {
            address,
            habits,
            agent: UserAgent::new(config, rng),
            office: None,
            timers: Timers::new(),
            legs: Vec::new(),
            registration: None,
            outbox: Vec::new(),
        }
    }

    /// Makes the peer a registrar for these accounts: REGISTER and INVITE are challenged.
    pub fn open_office(&mut self, accounts: Vec<Credentials>, limits: Limits, rng: &mut Rng) {
        let verifier = Verifier::new("office", &[Algorithm::Md5], rng);
        self.office = Some(Office { verifier, registrar: Registrar::new(limits), accounts });
    }

    /// Contacts registered at the peer's office for a user.
    #[must_use]
    pub fn contacts(&self, user: &str, now: Moment) -> Vec<String> {
        self.office.as_ref().map_or_else(Vec::new, |office| office.registrar.contacts(user, now).iter().map(|b| b.uri.clone()).collect())
    }

    /// Forgets every registration, as a registrar that crashed does.
    pub fn crash_office(&mut self) {
        if let Some(office) = &mut self.office {
            office.registrar.retain_users(|_| false);
        }
    }

    /// Registers at the gateway.
    pub fn register(&mut self, registrar: SocketAddr, credentials: Credentials, expires: Duration, now: Moment) {
        let account =
            Account { registrar, domain: registrar.ip().to_string(), contact_user: credentials.user.clone(), credentials, expires };
        self.agent.register(AccountId(0), account, now, &mut self.outbox);
    }

    /// Takes its registration back.
    pub fn unregister(&mut self, now: Moment) {
        self.agent.unregister(AccountId(0), now, &mut self.outbox);
    }

    /// Calls a URI.
    pub fn call(&mut self, destination: SocketAddr, uri: &str, credentials: Option<Credentials>, now: Moment) -> SessionId {
        let user = credentials.as_ref().map_or("party", |credentials| credentials.user.as_str()).to_owned();
        let invite = Invite {
            destination,
            request_uri: uri.to_owned(),
            from: format!("<sip:{user}@{}>", self.address),
            to: format!("<{uri}>"),
            contact_user: user,
            headers: Vec::new(),
            body: sdp::offer(&self.local_media()),
            content_type: "application/sdp".to_owned(),
            credentials,
            ring_timeout: None,
        };
        let session = self.agent.invite(invite, now, &mut self.outbox);
        self.legs.push((session, Leg { uri: uri.to_owned(), started: now, ..Leg::default() }));
        session
    }

    /// Cancels or hangs up a call.
    pub fn hang_up(&mut self, session: SessionId, now: Moment) {
        self.agent.hang_up(session, None, now, &mut self.outbox);
        if let Some(leg) = self.leg_mut(session) {
            leg.ended = leg.answered;
        }
    }

    /// Hangs up everything.
    pub fn hang_up_all(&mut self, now: Moment) {
        let open: Vec<_> = self.legs.iter().filter(|(_, leg)| !leg.ended && leg.refused.is_none()).map(|(session, _)| *session).collect();
        for session in open {
            self.hang_up(session, now);
        }
    }

    /// Its calls, oldest first.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter().map(|(_, leg)| leg)
    }

    /// One of its calls.
    #[must_use]
    pub fn leg(&self, session: SessionId) -> Option<&Leg> {
        self.legs.iter().find(|(id, _)| *id == session).map(|(_, leg)| leg)
    }

    /// Whether it is sending RTP in some call now.
    #[must_use]
    pub fn is_talking(&self) -> bool {
        self.habits.sends_rtp && self.legs.iter().any(|(_, leg)| leg.answered && !leg.ended)
    }

    /// Whether no SIP exchange of it is open.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.agent.is_quiet()
    }

    /// A datagram came.
    pub fn receive(&mut self, source: SocketAddr, bytes: &[u8], now: Moment) {
        if let Ok(message) = wire::read(bytes) {
            self.agent.handle_message(source, message, now, &mut self.outbox);
        }
    }

    /// When [`Party::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let office = self.office.as_ref().and_then(|office| office.registrar.deadline());
        earliest(office, earliest(self.agent.deadline(), self.timers.deadline()))
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.agent.handle_timeout(now, &mut self.outbox);
        if let Some(office) = &mut self.office {
            office.registrar.handle_timeout(now);
        }
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                PartyTimer::Answer(session) => self.answer(session, now),
                PartyTimer::HangUp(session) => self.hang_up(session, now),
            }
        }
    }

    /// What it sends, after everything it heard.
    pub fn take_datagrams(&mut self, now: Moment) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut sent = Vec::new();
        while !self.outbox.is_empty() {
            for output in std::mem::take(&mut self.outbox) {
                match output {
                    AgentOutput::Send { to, bytes } => sent.push((to, bytes)),
                    AgentOutput::Event(event) => self.hear(event, now),
                }
            }
        }
        sent
    }

    fn hear(&mut self, event: SipEvent, now: Moment) {
        match event {
            SipEvent::Invite { session, source, request } => self.invited(session, source, &request, now),
            SipEvent::Request { id, source, request } => {
                let response = match (request.method(), &mut self.office) {
                    (Method::Register, Some(office)) => office.register(source, &request, now),
                    _ => request.respond(200),
                };
                self.agent.respond(id, response, now, &mut self.outbox);
            }
            SipEvent::Registration { state, .. } => self.registration = Some(state),
            SipEvent::Progress { session, status, .. } => {
                if let Some(leg) = self.leg_mut(session) {
                    leg.progress.push(status);
                }
            }
            SipEvent::Answered { session, .. } => {
                if let Some(leg) = self.leg_mut(session) {
                    leg.answered = true;
                }
                self.plan_hang_up(session, now);
            }
            SipEvent::Refused { session, status, .. } => {
                if let Some(leg) = self.leg_mut(session) {
                    leg.refused = Some(status);
                    leg.ended = true;
                }
            }
            SipEvent::Ended { session, end } => {
                self.timers.clear(PartyTimer::HangUp(session));
                if let Some(leg) = self.leg_mut(session) {
                    leg.ended = true;
                    if let SessionEnd::Bye { reason } = end {
                        leg.bye_reason = reason;
                    }
                }
            }
            SipEvent::Cancelled { session } => {
                self.timers.clear(PartyTimer::Answer(session));
                if let Some(leg) = self.leg_mut(session) {
                    leg.cancelled = true;
                    leg.ended = true;
                }
            }
            SipEvent::Offer { session, body } => {
                let answer = sdp::answer(&self.local_media(), &body).map(|(answer, _)| answer).map_err(|_| 488);
                self.agent.answer_offer(session, answer, now, &mut self.outbox);
            }
            SipEvent::Acknowledged { .. } | SipEvent::Info { .. } => {}
        }
    }

    fn invited(&mut self, session: SessionId, source: SocketAddr, request: &Request, now: Moment) {
        if let Some(refusal) = self.office.as_mut().and_then(|office| office.check(source, request, now)) {
            return self.agent.refuse(session, refusal, now, &mut self.outbox);
        }
        let from = request.from().map(|from| from.to_string()).unwrap_or_default();
        let leg = Leg { uri: request.uri().to_owned(), from, started: now, ..Leg::default() };
        self.legs.push((session, leg));
        if let Some(status) = self.habits.refuses_with {
            let refusal = Refusal { status, ..Refusal::default() };
            return self.agent.refuse(session, refusal, now, &mut self.outbox);
        }
        self.agent.provisional(session, 180, None, now, &mut self.outbox);
        if let Some(delay) = self.habits.answers_after {
            self.timers.set(PartyTimer::Answer(session), now + delay);
        }
        self.pending_offer(session, request.body());
    }

    /// The offer is answered when the call is; a peer of the toy world keeps only its own description.
    fn pending_offer(&mut self, session: SessionId, offer: &[u8]) {
        let agreed = sdp::answer(&self.local_media(), offer).is_ok();
        if !agreed {
            self.timers.clear(PartyTimer::Answer(session));
        }
    }

    fn answer(&mut self, session: SessionId, now: Moment) {
        let body = sdp::offer(&self.local_media());
        self.agent.answer(session, body, now, &mut self.outbox);
        if let Some(leg) = self.leg_mut(session) {
            leg.answered = true;
        }
        self.plan_hang_up(session, now);
    }

    fn plan_hang_up(&mut self, session: SessionId, now: Moment) {
        if let Some(after) = self.habits.hangs_up_after {
            self.timers.set(PartyTimer::HangUp(session), now + after);
        }
    }

    fn leg_mut(&mut self, session: SessionId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|(id, _)| *id == session).map(|(_, leg)| leg)
    }

    fn local_media(&self) -> LocalMedia {
        let address = SocketAddr::new(self.address.ip(), 40_000);
        let codecs = self.habits.codecs.clone();
        LocalMedia { address, codecs, telephone_event: 101, ptime_ms: 20, session_id: 1, session_version: 1 }
    }
}

impl Office {
    fn register(&mut self, source: SocketAddr, request: &Request, now: Moment) -> crate::sip::message::Response {
        match self.check(source, request, now) {
            None => {
                let user = request.to().ok().and_then(|to| Uri::parse(&to.uri).ok()?.user).unwrap_or_default();
                self.registrar.register(request, &user, source, now)
            }
            Some(refusal) => {
                let mut response = request.respond(refusal.status);
                for (name, value) in refusal.headers {
                    response.headers_mut().push(&name, value);
                }
                response
            }
        }
    }

    /// `None`: the credentials are right.
    fn check(&mut self, source: SocketAddr, request: &Request, now: Moment) -> Option<Refusal> {
        let claimed = self.verifier.claimed_user(request).unwrap_or_default();
        let credentials = self.accounts.iter().find(|account| account.user == claimed).cloned();
        let stale = match self.verifier.check(request, source.ip(), credentials.as_ref(), now) {
            Verdict::Granted => return None,
            Verdict::Wrong => return Some(Refusal { status: 403, ..Refusal::default() }),
            Verdict::Challenge { stale } => stale,
        };
        let headers = self.verifier.challenges(source.ip(), stale, now).into_iter().map(|value| ("WWW-Authenticate".to_owned(), value));
        Some(Refusal { status: 401, headers: headers.collect(), ..Refusal::default() })
    }
}
