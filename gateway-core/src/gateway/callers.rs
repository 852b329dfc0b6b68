//! Who may talk to the gateway over SIP, and what a SIP caller gets.

use std::net::SocketAddr;

use super::call::{Audio, Call, CallFacts, Order, ToLine};
use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::record::CallDirection;
use super::router::{self, Candidate, Denial, Wanted};
use super::sources::Patience;
use super::{Gateway, Orders, bridge, port_id};
use crate::config::PortId;
use crate::config::settings::Mode;
use crate::rng::Rng;
use crate::sdp::{LocalMedia, SdpError};
use crate::sip::agent::{Refusal, RequestId, SessionId};
use crate::sip::digest::{Credentials, Verdict};
use crate::sip::message::{Message, Method, Request};
use crate::sip::uri::Uri;
use crate::sip::wire;
use crate::time::Moment;

/// Packet time we ask for.
const PTIME_MS: u16 = 20;

/// The payload type we offer for telephone-event.
const TELEPHONE_EVENT: u8 = 101;

/// A SIP caller whose right to call is settled.
struct Caller {
    wanted: Wanted,
    /// Digits to dial; `None`: two-stage.
    number: Option<String>,
}

impl Gateway {
    pub(super) fn datagram(&mut self, source: SocketAddr, bytes: &[u8], now: Moment, out: &mut Vec<Action>) {
        let ip = router::plain_ip(source.ip());
        if self.sources.is_banned(ip, now) {
            return;
        }
        match wire::read(bytes) {
            Ok(Message::Request(request)) => {
                if self.admits_request(source, &request, now, out) {
                    self.agent.handle_message(source, Message::Request(request), now, &mut self.pending.sip);
                }
            }
            Ok(message @ Message::Response(_)) => self.agent.handle_message(source, message, now, &mut self.pending.sip),
            Err(error) => {
                if self.sources.is_news(ip, NoticeCode::MalformedSip, now) {
                    let args = [("source", source.to_string()), ("problem", error.defect.to_string())];
                    out.push(self.notice(Severity::Warning, NoticeCode::MalformedSip, None, &args, now));
                }
                let admitted = !self.settings.gateway.stealth || self.is_admitted_somewhere(source, None);
                if let Some(response) = error.reply.filter(|_| admitted) {
                    out.push(Action::Send { to: source, bytes: wire::write(&Message::Response(*response)) });
                }
            }
        }
    }

    /// "Only from host" before anything else is looked at. Sources that no port admits get silence (stealth) or 403.
    fn admits_request(&mut self, source: SocketAddr, request: &Request, now: Moment, out: &mut Vec<Action>) -> bool {
        if let Some(session) = self.agent.session_of(&Message::Request(request.clone())) {
            // A peer that we called ourselves may end its call, whatever the list says: the line must not stay seized.
            let owner = self.sessions.get(&session).copied();
            if owner.is_none_or(|(port, peer)| peer == source.ip() || self.admits(port, source, Some(request))) {
                return true;
            }
        } else if self.is_admitted_somewhere(source, Some(request)) {
            return true;
        }
        let ip = router::plain_ip(source.ip());
        if self.sources.is_news(ip, NoticeCode::SourceDropped, now) {
            let args = [("source", source.ip().to_string())];
            out.push(self.notice(Severity::Warning, NoticeCode::SourceDropped, None, &args, now));
        }
        if !self.settings.gateway.stealth && *request.method() != Method::Ack {
            let mut response = request.respond(403);
            response.headers_mut().set("Reason", "Q.850;cause=21");
            out.push(Action::Send { to: source, bytes: wire::write(&Message::Response(response)) });
        }
        false
    }

    fn is_admitted_somewhere(&self, source: SocketAddr, request: Option<&Request>) -> bool {
        self.ports.iter().any(|port| self.admits(port.id, source, request))
    }

    /// Whether a port admits a source: its "only from host", and in client mode the registered server or our contact token.
    fn admits(&self, id: PortId, source: SocketAddr, request: Option<&Request>) -> bool {
        let Some(port) = self.ports.get(id.index()) else { return false };
        let ip = router::plain_ip(source.ip());
        let listed = port.hosts.admits(ip, &|host| self.names.known(host));
        match self.settings.gateway.mode {
            Mode::SipServer | Mode::SipTrunk => listed,
            Mode::SipClient => {
                let token =
                    request.and_then(|request| Uri::parse(request.uri()).ok()?.user).and_then(|user| self.registrations.account_of(&user));
                listed && (token.is_some() || self.is_remote_server(ip))
            }
        }
    }

    /// A new INVITE: credentials, port, number, codec; then the line is seized.
    pub(super) fn invited(&mut self, session: SessionId, source: SocketAddr, request: &Request, now: Moment, out: &mut Vec<Action>) {
        if self.stopping {
            return self.refuse(session, Refusal { status: 503, cause: Some(41), ..Refusal::default() }, now);
        }
        let caller = match self.settings.gateway.mode {
            Mode::SipServer => match self.authenticate_caller(session, source, request, now, out) {
                Some(wanted) => Caller { wanted, number: Some(request_user(request)) },
                None => return,
            },
            Mode::SipClient => self.client_mode_caller(request),
            Mode::SipTrunk => Caller { wanted: Wanted::Any, number: Some(request_user(request)) },
        };
        let number = caller.number.map(|user| router::dialled_digits(&user));
        let routed = self.route(source, request, caller.wanted, number.as_deref());
        match routed.and_then(|id| self.answer_in_sdp(id, request.body()).map(|(audio, answer)| (id, audio, answer))) {
            Ok((id, audio, answer)) => {
                let order = Order { number, any_port: caller.wanted == Wanted::Any };
                self.begin_to_line(id, session, source, request, audio, answer, order, now, out);
            }
            Err(denial) => self.deny(session, source, caller.wanted, denial, now, out),
        }
    }

    fn route(&self, source: SocketAddr, request: &Request, wanted: Wanted, number: Option<&str>) -> Result<PortId, Denial> {
        let candidates: Vec<_> = self.ports.iter().map(|port| self.candidate(port.id, source, Some(request))).collect();
        let chosen = router::choose_port(&candidates, wanted);
        if let Err(denial @ (Denial::HostNotAdmitted | Denial::Disabled)) = chosen {
            return Err(denial);
        }
        if let Some(number) = number {
            router::check_number(number, &self.settings.gateway.blocked_prefixes)?;
        }
        chosen
    }

    fn candidate(&self, id: PortId, source: SocketAddr, request: Option<&Request>) -> Candidate {
        let port = &self.ports[id.index()];
        Candidate {
            port: id,
            line: port.line.state(),
            busy: port.call.is_some(),
            enabled: port.settings.sip_to_fxo,
            admitted: self.admits(id, source, request),
            last_used: port.last_used,
        }
    }

    fn answer_in_sdp(&mut self, id: PortId, offer: &[u8]) -> Result<(Audio, Option<Vec<u8>>), Denial> {
        let local = self.local_media(id);
        let mut audio = Audio::new(local, &mut self.rng);
        if offer.is_empty() {
            return Ok((audio, None));
        }
        match audio.answer(offer) {
            Ok(answer) => Ok((audio, Some(answer))),
            Err(SdpError::NoCommonCodec | SdpError::NoAudio | SdpError::NoAddress) => Err(Denial::NoCommonCodec),
            Err(SdpError::Malformed) => Err(Denial::MalformedOffer),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the eight facts of one beginning call; a struct would only rename them")]
    fn begin_to_line(
        &mut self,
        id: PortId,
        session: SessionId,
        source: SocketAddr,
        request: &Request,
        audio: Audio,
        answer: Option<Vec<u8>>,
        order: Order,
        now: Moment,
        out: &mut Vec<Action>,
    ) {
        let from = request.from().map(|from| from.uri).unwrap_or_default();
        let to = order.number.clone().unwrap_or_default();
        let facts = facts(&mut self.rng, id, CallDirection::SipToFxo, from, to, now);
        self.agent.provisional(session, 100, None, now, &mut self.pending.sip);
        let args = [("from", facts.from.clone()), ("to", facts.to.clone())];
        out.push(self.notice(Severity::Info, NoticeCode::CallStarted, Some(id), &args, now));
        let port = &mut self.ports[id.index()];
        port.offer = request.body().to_vec();
        let settings = port.settings.line.clone();
        let mut bridge = bridge(&mut self.agent, &mut self.pending.sip, &settings, now);
        bridge.opened.push((session, source));
        port.call = Some(Call::ToLine(ToLine::begin(facts, session, audio, answer, order, &mut bridge)));
        let orders = Orders::of(bridge);
        self.carry_out(id, orders, now, out);
    }

    /// Glare: the line rang while it was being seized. The caller gets the next free port, or 486.
    pub(super) fn move_call(&mut self, id: PortId, now: Moment, out: &mut Vec<Action>) {
        out.push(self.notice(Severity::Warning, NoticeCode::Glare, Some(id), &[], now));
        let peer = self.sessions.values().find(|(owner, _)| *owner == id).map(|(_, peer)| *peer);
        let moves = matches!(&self.ports[id.index()].call, Some(Call::ToLine(call)) if call.takes_any_port());
        let next = peer.filter(|_| moves).and_then(|ip| {
            let source = SocketAddr::new(ip, 0);
            let others = self.ports.iter().filter(|port| port.id != id);
            let candidates: Vec<_> = others.map(|port| self.candidate(port.id, source, None)).collect();
            router::choose_port(&candidates, Wanted::Any).ok()
        });
        let Some(next) = next else {
            return self.call_event(id, super::call::CallEvent::End(super::record::EndCause::Glare), now, out);
        };
        let local = self.local_media(next);
        let Some(Call::ToLine(mut call)) = self.ports[id.index()].call.take() else { return };
        let offer = std::mem::take(&mut self.ports[id.index()].offer);
        let port = &mut self.ports[next.index()];
        let settings = port.settings.line.clone();
        let mut bridge = bridge(&mut self.agent, &mut self.pending.sip, &settings, now);
        bridge.opened.extend(peer.map(|ip| (call.session(), SocketAddr::new(ip, 0))));
        call.move_to(next, local, &offer, &mut bridge);
        let orders = Orders::of(bridge);
        port.offer = offer;
        port.call = Some(Call::ToLine(call));
        self.carry_out(next, orders, now, out);
    }

    fn deny(&mut self, session: SessionId, source: SocketAddr, wanted: Wanted, denial: Denial, now: Moment, out: &mut Vec<Action>) {
        let row = denial.answer();
        let port = match wanted {
            Wanted::Port(port) => Some(port),
            Wanted::Any => None,
        };
        let setting = row.setting.map(|name| match (port, name.split_once('.')) {
            (Some(port), None) => format!("ports[{}].{name}", port.0),
            (None, None) => format!("ports[].{name}"),
            (_, Some(_)) => name.to_owned(),
        });
        if self.sources.is_news(router::plain_ip(source.ip()), row.notice, now)
            && let Action::Notice(mut notice) =
                self.notice(Severity::Warning, row.notice, port, &[("source", source.ip().to_string())], now)
        {
            notice.setting = setting;
            out.push(Action::Notice(notice));
        }
        let refusal = Refusal { status: row.status, cause: row.cause, retry_after_s: row.retry_after_s, headers: Vec::new() };
        self.refuse(session, refusal, now);
    }

    fn refuse(&mut self, session: SessionId, refusal: Refusal, now: Moment) {
        self.agent.refuse(session, refusal, now, &mut self.pending.sip);
    }

    /// Digest on every new INVITE. `None`: the caller was challenged or refused.
    fn authenticate_caller(
        &mut self,
        session: SessionId,
        source: SocketAddr,
        request: &Request,
        now: Moment,
        out: &mut Vec<Action>,
    ) -> Option<Wanted> {
        match self.authenticate(source, request, now, out) {
            Ok(user) => self.ports_of(&user),
            Err(refusal) => {
                self.refuse(session, refusal, now);
                None
            }
        }
    }

    /// Checks the credentials of a request against the port users.
    ///
    /// # Errors
    /// The refusal to send: a challenge, or 403 after the configured tries. An unknown user and a wrong secret look the same.
    pub(super) fn authenticate(
        &mut self,
        source: SocketAddr,
        request: &Request,
        now: Moment,
        out: &mut Vec<Action>,
    ) -> Result<String, Refusal> {
        let claimed = self.verifier.claimed_user(request);
        let credentials = claimed.as_deref().and_then(|user| self.credentials_of(user));
        let ip = router::plain_ip(source.ip());
        match self.verifier.check(request, source.ip(), credentials.as_ref(), now) {
            Verdict::Granted => {
                self.sources.right(ip);
                Ok(claimed.unwrap_or_default())
            }
            Verdict::Challenge { stale } => Err(self.challenge(source, stale, now)),
            Verdict::Wrong => match self.sources.wrong(ip, self.settings.gateway.auth_tries, now) {
                Patience::TryAgain => Err(self.challenge(source, false, now)),
                Patience::Refused => {
                    if self.sources.is_news(ip, NoticeCode::WrongCredentials, now) {
                        let args = [("source", source.ip().to_string())];
                        out.push(self.notice(Severity::Warning, NoticeCode::WrongCredentials, None, &args, now));
                    }
                    Err(Refusal { status: 403, cause: Some(21), ..Refusal::default() })
                }
            },
        }
    }

    fn challenge(&mut self, source: SocketAddr, stale: bool, now: Moment) -> Refusal {
        let headers = self.verifier.challenges(source.ip(), stale, now).into_iter().map(|value| ("WWW-Authenticate".to_owned(), value));
        Refusal { status: 401, headers: headers.collect(), ..Refusal::default() }
    }

    fn credentials_of(&self, user: &str) -> Option<Credentials> {
        let gateway = &self.settings.gateway;
        let (user, secret) = if gateway.single_user {
            Some((&gateway.user, &gateway.secret)).filter(|(known, _)| *known == user)
        } else {
            self.settings.ports.iter().map(|port| (&port.user, &port.secret)).find(|(known, _)| *known == user)
        }?;
        // A blank user or secret is no credential at all.
        let usable = !user.is_empty() && !secret.0.is_empty();
        usable.then(|| Credentials { user: user.clone(), secret: secret.clone() })
    }

    /// The ports that a user of server mode may use.
    pub(super) fn ports_of(&self, user: &str) -> Option<Wanted> {
        if self.settings.gateway.single_user {
            return (user == self.settings.gateway.user).then_some(Wanted::Any);
        }
        self.settings.ports.iter().position(|port| port.user == user).map(|index| Wanted::Port(port_id(index)))
    }

    /// Client mode: the port by our contact token, the number by the rules of the table.
    fn client_mode_caller(&self, request: &Request) -> Caller {
        let user = request_user(request);
        let by_token = self.registrations.account_of(&user);
        let by_user = || self.settings.ports.iter().position(|port| !port.user.is_empty() && port.user == user).map(port_id);
        let named = by_token.or_else(|| if self.settings.gateway.single_user { None } else { by_user() });
        let wanted = match named {
            Some(port) if !self.settings.gateway.single_user => Wanted::Port(port),
            Some(_) | None => Wanted::Any,
        };
        let own = |text: &str| {
            let gateway = &self.settings.gateway;
            let is_port_user = self.settings.ports.iter().any(|port| port.user == text);
            self.registrations.account_of(text).is_some() || is_port_user || (gateway.single_user && gateway.user == text)
        };
        let to_user = request.to().ok().and_then(|to| Uri::parse(&to.uri).ok()?.user);
        let number = if own(&user) { to_user.filter(|to| !own(to)) } else { Some(user) };
        Caller { wanted, number }
    }

    /// A request outside any session that is no INVITE.
    pub(super) fn requested(&mut self, id: RequestId, source: SocketAddr, request: &Request, now: Moment, out: &mut Vec<Action>) {
        let response = match (request.method(), self.settings.gateway.mode) {
            (Method::Register, Mode::SipServer) => self.registered_here(source, request, now, out),
            (Method::Register, Mode::SipClient | Mode::SipTrunk) => not_allowed(request),
            (Method::Options, _) => {
                let mut response = request.respond(200);
                response.headers_mut().set("Accept", "application/sdp");
                response.headers_mut().set("Allow", ALLOWED);
                response
            }
            (
                Method::Invite
                | Method::Ack
                | Method::Bye
                | Method::Cancel
                | Method::Info
                | Method::Prack
                | Method::Update
                | Method::Refer
                | Method::Notify
                | Method::Subscribe
                | Method::Message
                | Method::Other(_),
                _,
            ) => not_allowed(request),
        };
        self.agent.respond(id, response, now, &mut self.pending.sip);
    }

    /// What a port can do in SDP.
    pub(super) fn local_media(&mut self, id: PortId) -> LocalMedia {
        let port = self.settings.gateway.rtp_port_first.saturating_add(id.0.saturating_mul(2));
        LocalMedia {
            address: SocketAddr::new(self.address.rtp_ip, port),
            codecs: self.settings.gateway.codecs.clone(),
            telephone_event: TELEPHONE_EVENT,
            ptime_ms: PTIME_MS,
            session_id: self.rng.below(1 << 53),
            session_version: 1,
        }
    }
}

/// Methods the gateway answers to.
const ALLOWED: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE";

fn not_allowed(request: &Request) -> crate::sip::message::Response {
    let mut response = request.respond(405);
    response.headers_mut().set("Allow", ALLOWED);
    response
}

/// The facts of a call that begins now.
pub(super) fn facts(rng: &mut Rng, port: PortId, direction: CallDirection, from: String, to: String, now: Moment) -> CallFacts {
    CallFacts { id: rng.hex(32), port, direction, from, to, started: now, answered: None }
}

/// The user part of the Request-URI, or nothing.
fn request_user(request: &Request) -> String {
    Uri::parse(request.uri()).ok().and_then(|uri| uri.user).unwrap_or_default()
}
