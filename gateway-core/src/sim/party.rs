//! A SIP peer of the simulated world: a phone, a PBX, a provider or a trunk peer, after its habits.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::telephone::Telephone;
use crate::rng::Rng;
use crate::sdp::{self, Agreed, Codec, LocalMedia, OwnKeys, SdpError, SrtpUse};
use crate::sip::agent::{
    Account, AccountId, AgentConfig, AgentOutput, Invite, Refusal, RegistrationState, SessionEnd, SessionId, SipEvent, UserAgent,
};
use crate::sip::digest::{Algorithm, Credentials, Verdict, Verifier};
use crate::sip::message::{Message, Method, Request};
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
    /// The `Contact` of its refusals, for 302.
    pub forwards_to: Option<String>,
    /// Hangs up this long after the answer; `None`: waits for the other side.
    pub hangs_up_after: Option<Duration>,
    /// Sends RTP while in a call.
    pub sends_rtp: bool,
    /// There is a voice in the RTP it sends.
    pub speaks: bool,
    /// Never acknowledges anything.
    pub never_acks: bool,
    /// Answers at the very moment when CANCEL comes.
    pub answers_a_cancel: bool,
    /// Sends its INVITEs without an offer, and its SDP with the ACK.
    pub offers_late: bool,
    /// Forgets that SDP with the ACK.
    pub forgets_late_sdp: bool,
    /// Its SDP names this RTP address instead of its own: it has several addresses, or a NAT before it.
    pub announces: Option<SocketAddr>,
    /// Its RTP comes from here instead.
    pub speaks_from: Option<SocketAddr>,
    /// Whether it has SRTP.
    pub srtp: SrtpUse,
    /// Watches over its calls with session timers of this many seconds; `None`: it knows nothing of them.
    pub session_expires_s: Option<u32>,
    /// Codecs it knows.
    pub codecs: Vec<Codec>,
}

impl Default for Habits {
    fn default() -> Self {
        Habits {
            answers_after: Some(Duration::from_secs(2)),
            refuses_with: None,
            forwards_to: None,
            hangs_up_after: None,
            sends_rtp: true,
            speaks: true,
            never_acks: false,
            answers_a_cancel: false,
            offers_late: false,
            forgets_late_sdp: false,
            announces: None,
            speaks_from: None,
            srtp: SrtpUse::Off,
            session_expires_s: None,
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
    /// What NOTIFYs told of its REFERs.
    pub told: Vec<String>,
    /// What came in by INFO.
    pub infos: Vec<String>,
    /// What SDP agreed on, once it has.
    pub agreed: Option<Agreed>,
    /// When it began. Other facts are looked up on the wire by the tests that need them.
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
    /// Answers in SDP that wait until the call is answered.
    answers: BTreeMap<SessionId, Vec<u8>>,
    /// Switched off: deaf, dumb and without memory when it comes back.
    crashed: bool,
    rng: Rng,
    /// A handset, in worlds with real sound.
    pub telephone: Option<Telephone>,
    /// How its own registration at the gateway stands.
    pub registration: Option<RegistrationState>,
    outbox: Vec<AgentOutput>,
}

impl Party {
    /// A peer at an address.
    #[must_use]
    pub fn new(address: SocketAddr, habits: Habits, mut rng: Rng) -> Self {
        Party {
            address,
            habits,
            agent: new_agent(address, &mut rng),
            answers: BTreeMap::new(),
            crashed: false,
            rng,
            office: None,
            timers: Timers::new(),
            legs: Vec::new(),
            telephone: None,
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

    /// Power is gone: it hears and says nothing, and forgets every call.
    pub fn crash(&mut self) {
        self.crashed = true;
        self.agent = new_agent(self.address, &mut self.rng);
        self.timers.clear_all();
        self.answers.clear();
        self.outbox.clear();
        self.registration = None;
        for (_, leg) in &mut self.legs {
            leg.ended = true;
        }
    }

    /// Power is back.
    pub fn revive(&mut self) {
        self.crashed = false;
    }

    /// Whether its power is gone.
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        self.crashed
    }

    /// Registers at the gateway.
    pub fn register(&mut self, registrar: SocketAddr, credentials: Credentials, expires: Duration, now: Moment) {
        let account = Account {
            registrar: registrar.into(),
            server: registrar.to_string(),
            route: Vec::new(),
            patience: None,
            domain: registrar.ip().to_string(),
            contact_user: credentials.user.clone(),
            credentials,
            expires,
        };
        self.agent.register(AccountId(0), account, now, &mut self.outbox);
    }

    /// Takes its registration back.
    pub fn unregister(&mut self, now: Moment) {
        self.agent.unregister(AccountId(0), now, &mut self.outbox);
    }

    /// Calls a URI.
    pub fn call(&mut self, destination: SocketAddr, uri: &str, credentials: Option<Credentials>, now: Moment) -> SessionId {
        let user = credentials.as_ref().map_or("party", |credentials| credentials.user.as_str()).to_owned();
        let late = self.habits.offers_late;
        let invite = Invite {
            destination: destination.into(),
            others: Vec::new(),
            request_uri: uri.to_owned(),
            from: format!("<sip:{user}@{}>", self.address),
            to: format!("<{uri}>"),
            contact_user: user,
            headers: Vec::new(),
            body: if late { Vec::new() } else { sdp::offer(&self.local_media()) },
            content_type: if late { String::new() } else { "application/sdp".to_owned() },
            credentials,
            ring_timeout: None,
        };
        self.invite(invite, now)
    }

    /// Sends an INVITE of one's own making.
    pub fn invite(&mut self, invite: Invite, now: Moment) -> SessionId {
        let uri = invite.request_uri.clone();
        self.agent.set_session_expires(self.habits.session_expires_s);
        let session = self.agent.invite(invite, now, &mut self.outbox);
        self.legs.push((session, Leg { uri, started: now, ..Leg::default() }));
        session
    }

    /// Its offer in SDP.
    #[must_use]
    pub fn offer(&self) -> Vec<u8> {
        sdp::offer(&self.local_media())
    }

    /// Sends INFO in a call.
    pub fn info(&mut self, session: SessionId, content_type: &str, body: &str, now: Moment) {
        self.agent.info(session, content_type, body.as_bytes().to_vec(), now, &mut self.outbox);
    }

    /// Refers a call to somebody else.
    pub fn refer(&mut self, session: SessionId, to: &str, now: Moment) {
        self.agent.refer(session, to, now, &mut self.outbox);
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
        let open: Vec<_> = self.open_calls().collect();
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

    /// Where it is sending RTP now.
    pub fn rtp(&self) -> impl Iterator<Item = SocketAddr> {
        let sends = self.habits.sends_rtp && !self.crashed;
        let talking = self.legs.iter().filter(move |(_, leg)| sends && leg.answered && !leg.ended);
        talking.filter_map(|(_, leg)| leg.agreed.as_ref().map(|agreed| agreed.remote))
    }

    /// Where it receives RTP.
    #[must_use]
    pub fn rtp_address(&self) -> SocketAddr {
        SocketAddr::new(self.address.ip(), 40_000 + self.address.port() % 10_000)
    }

    /// Where its RTP comes from.
    #[must_use]
    pub fn rtp_source(&self) -> SocketAddr {
        self.habits.speaks_from.unwrap_or_else(|| self.rtp_address())
    }

    /// 20 ms on its telephone, if it has one; what is to be sent.
    pub fn tick(&mut self, now: Moment) -> Vec<(SocketAddr, Vec<u8>)> {
        let sends = self.habits.sends_rtp && !self.crashed;
        let talking = self.legs.iter().find(|(_, leg)| sends && leg.answered && !leg.ended);
        let agreed = talking.and_then(|(_, leg)| leg.agreed.as_ref());
        self.telephone.as_mut().map(|telephone| telephone.tick(agreed, now)).unwrap_or_default()
    }

    /// Calls of it that are neither refused nor over, as it believes.
    pub fn open_calls(&self) -> impl Iterator<Item = SessionId> {
        self.legs.iter().filter(|(_, leg)| !leg.ended && leg.refused.is_none()).map(|(session, _)| *session)
    }

    /// Whether no SIP exchange of it is open.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.agent.open_sessions() == 0 && self.agent.open_transactions() == 0
    }

    /// A datagram came.
    pub fn receive(&mut self, source: SocketAddr, bytes: &[u8], now: Moment) {
        if self.crashed {
            return;
        }
        if self.habits.answers_a_cancel && bytes.starts_with(b"CANCEL ") {
            let ringing: Vec<_> = self.answers.keys().copied().collect();
            for session in ringing {
                self.timers.clear(PartyTimer::Answer(session));
                self.answer(session, now);
            }
        }
        self.agent.set_session_expires(self.habits.session_expires_s);
        if let Ok(message) = wire::read(bytes) {
            if self.notified(source, &message) {
                return;
            }
            self.agent.handle_message(source.into(), message, now, &mut self.outbox);
        }
    }

    /// A NOTIFY about a REFER of its own, which the user agent itself never gets. False: it is another message.
    fn notified(&mut self, source: SocketAddr, message: &Message) -> bool {
        let Message::Request(request) = message else { return false };
        if *request.method() != Method::Notify {
            return false;
        }
        let session = self.agent.session_of(message);
        if let Some(leg) = session.and_then(|session| self.leg_mut(session)) {
            leg.told.push(String::from_utf8_lossy(request.body()).trim().to_owned());
        }
        let response = request.respond(if session.is_some() { 200 } else { 481 });
        self.outbox.push(AgentOutput::Send { to: source.into(), bytes: wire::write(&Message::Response(response)) });
        true
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
                    AgentOutput::Send { bytes, .. } if self.crashed || (self.habits.never_acks && bytes.starts_with(b"ACK ")) => {}
                    AgentOutput::Send { to, bytes } => {
                        let late = self.habits.offers_late && !self.habits.forgets_late_sdp && bytes.starts_with(b"ACK ");
                        sent.push((to.address, if late { self.with_sdp(bytes) } else { bytes }));
                    }
                    AgentOutput::Event(event) => self.hear(event, now),
                }
            }
        }
        sent
    }

    /// An ACK with our SDP: what the user agent itself never needs.
    fn with_sdp(&self, bytes: Vec<u8>) -> Vec<u8> {
        match wire::read(&bytes) {
            Ok(Message::Request(mut ack)) => {
                ack.set_body("application/sdp", sdp::offer(&self.local_media()));
                wire::write_request(&ack)
            }
            Ok(Message::Response(_)) | Err(_) => bytes,
        }
    }

    fn hear(&mut self, event: SipEvent, now: Moment) {
        match event {
            SipEvent::Invite { session, source, request } => self.invited(session, source.address, &request, now),
            SipEvent::Request { id, source, request } => {
                let response = match (request.method(), &mut self.office) {
                    (Method::Register, Some(office)) => office.register(source.address, &request, now),
                    _ => request.respond(200),
                };
                self.agent.respond(id, response, now, &mut self.outbox);
            }
            // Toy phones ask nobody, and know one place alone.
            SipEvent::Probed { .. } | SipEvent::WentElsewhere { .. } | SipEvent::SeenAs { .. } => {}
            SipEvent::Registration { state, .. } => self.registration = Some(state),
            SipEvent::Progress { session, status, .. } => {
                if let Some(leg) = self.leg_mut(session) {
                    leg.progress.push(status);
                }
            }
            SipEvent::Answered { session, body } => {
                let agreed = sdp::accept(&self.local_media(), &body).ok();
                if let Some(leg) = self.leg_mut(session) {
                    leg.answered = true;
                    leg.agreed = agreed;
                }
                self.plan_hang_up(session, now);
            }
            SipEvent::Referred { session, .. } => self.agent.answer_refer(session, Err(603), now, &mut self.outbox),
            SipEvent::Refused { session, status, .. } | SipEvent::Redirected { session, status, .. } => {
                if let Some(leg) = self.leg_mut(session) {
                    leg.refused = Some(status);
                    leg.ended = true;
                }
            }
            SipEvent::Ended { session, end } => {
                self.timers.clear(PartyTimer::HangUp(session));
                if let Some(leg) = self.leg_mut(session) {
                    leg.ended = true;
                    if let SessionEnd::Bye { reason, .. } = end {
                        leg.bye_reason = reason;
                    }
                }
            }
            SipEvent::Cancelled { session, .. } => {
                self.answers.remove(&session);
                self.timers.clear(PartyTimer::Answer(session));
                if let Some(leg) = self.leg_mut(session) {
                    leg.cancelled = true;
                    leg.ended = true;
                }
            }
            SipEvent::Offer { session, body } => {
                let answer = sdp::answer(&self.local_media(), &body).map_err(|_| 488).map(|(answer, agreed)| {
                    if let Some(leg) = self.leg_mut(session) {
                        leg.agreed = Some(agreed);
                    }
                    answer
                });
                self.agent.answer_offer(session, answer, now, &mut self.outbox);
            }
            SipEvent::Info { session, body, .. } => {
                if let Some(leg) = self.leg_mut(session) {
                    leg.infos.push(String::from_utf8_lossy(&body).into_owned());
                }
            }
            SipEvent::Acknowledged { .. } | SipEvent::Reanswered { .. } => {}
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
            let headers = self.habits.forwards_to.iter().map(|to| ("Contact".to_owned(), to.clone())).collect();
            let refusal = Refusal { status, headers, ..Refusal::default() };
            return self.agent.refuse(session, refusal, now, &mut self.outbox);
        }
        self.agent.provisional(session, 180, None, now, &mut self.outbox);
        if let Some(delay) = self.habits.answers_after {
            self.timers.set(PartyTimer::Answer(session), now + delay);
        }
        self.consider(session, request.body(), now);
    }

    /// Makes the answer in SDP, which is told when the call is answered; without a codec in common nobody answers, and sound that is
    /// not sealed as it should be is refused.
    fn consider(&mut self, session: SessionId, offer: &[u8], now: Moment) {
        match sdp::answer(&self.local_media(), offer) {
            Ok((answer, agreed)) => {
                self.answers.insert(session, answer);
                if let Some(leg) = self.leg_mut(session) {
                    leg.agreed = Some(agreed);
                }
            }
            Err(SdpError::NotSecured) => {
                self.timers.clear(PartyTimer::Answer(session));
                let refusal = Refusal { status: 488, ..Refusal::default() };
                self.agent.refuse(session, refusal, now, &mut self.outbox);
            }
            Err(_) => self.timers.clear(PartyTimer::Answer(session)),
        }
    }

    fn answer(&mut self, session: SessionId, now: Moment) {
        let Some(body) = self.answers.remove(&session) else { return };
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
        let address = self.habits.announces.unwrap_or_else(|| self.rtp_address());
        let codecs = self.habits.codecs.clone();
        let srtp = self.habits.srtp;
        // Dice of its own: whoever has no keys rolls none.
        let keys = OwnKeys::draw(srtp, &mut Rng::from_seed(u64::from(address.port())));
        LocalMedia { codecs, srtp, keys, ..LocalMedia::plain(address) }
    }
}

fn new_agent(address: SocketAddr, rng: &mut Rng) -> UserAgent {
    UserAgent::new(AgentConfig { local: address, tls_port: 5061, product: "Party".to_owned() }, rng.fork())
}

impl Office {
    fn register(&mut self, source: SocketAddr, request: &Request, now: Moment) -> crate::sip::message::Response {
        match self.check(source, request, now) {
            None => {
                let user = request.to().ok().and_then(|to| Uri::parse(&to.uri).ok()?.user).unwrap_or_default();
                self.registrar.register(request, &user, source.into(), now)
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
