//! What a SIP caller gets: a port and a number, or the row of the table that says why not.

use std::net::{IpAddr, SocketAddr};

use super::belonging::tell_whose_request;
use super::call::{Audio, Call, CallFacts, Order, ToLine};
use super::io::Action;
use super::mark::{MarkKind, Timeline};
use super::notice::{NoticeCode, Severity};
use super::port::Port;
use super::record::CallDirection;
use super::router::{self, Candidate, Denial, Wanted};
use super::{Gateway, Orders, bridge, port_id};
use crate::config::PortId;
use crate::config::dialling::{self, Dialling};
use crate::config::settings::{Mode, PortSettings};
use crate::rng::Rng;
use crate::sdp::{LocalMedia, OwnKeys, SdpError};
use crate::sip::agent::{Refusal, RequestId, SessionId};
use crate::sip::hop::Hop;
use crate::sip::message::{Method, Request};
use crate::sip::options;
use crate::sip::uri::Uri;
use crate::time::Moment;

/// Packet time we ask for.
const PTIME_MS: u16 = 20;

/// The payload type we offer for telephone-event.
const TELEPHONE_EVENT: u8 = 101;

/// An INVITE that waits for its answer.
#[derive(Clone, Copy)]
pub(super) struct Invitation<'a> {
    /// Its session.
    pub(super) session: SessionId,
    /// Where it came from.
    pub(super) source: Hop,
    /// The request.
    pub(super) request: &'a Request,
}

/// A caller's URI is kept up to this length in records and on the card; SIP allows a message full of it.
pub(super) const MOST_PARTY_CHARS: usize = 256;

/// A SIP caller whose right to call is settled.
pub(super) struct Caller {
    pub(super) wanted: Wanted,
    /// The number asked for, as SIP carries it; `None`: two-stage.
    pub(super) number: Option<String>,
}

/// Where a caller goes.
struct Route {
    port: PortId,
    number: Option<String>,
    emergency: bool,
}

impl Gateway {
    /// A new INVITE: credentials, port, number, codec; then the line is seized.
    pub(super) fn invited(&mut self, invitation: Invitation<'_>, now: Moment, out: &mut Vec<Action>) {
        let Invitation { session, source, request } = invitation;
        if self.takes_no_calls() {
            return self.refuse(session, Refusal { status: 503, cause: Some(41), ..Refusal::default() }, now);
        }
        let caller = match self.settings.gateway.mode {
            Mode::SipServer => match self.authenticate(source, request, now, out) {
                Ok(user) => Caller { wanted: self.ports_of(&user), number: Some(request_user(request)) },
                Err(refusal) => return self.refuse(session, refusal, now),
            },
            Mode::SipClient => self.client_mode_caller(request),
            Mode::SipTrunk => Caller { wanted: Wanted::Any, number: Some(request_user(request)) },
        };
        let holds_token = self.holds_token(request);
        match self.agent.replaced_by(request) {
            Ok(None) => {}
            Ok(Some(old)) => {
                if let Err(denial) = self.take_over(old, invitation, &caller, now, out) {
                    self.deny(invitation, &caller, denial, now, out);
                }
                return;
            }
            Err(status) => return self.refuse(session, Refusal { status, ..Refusal::default() }, now),
        }
        let routed = self.route(source.ip(), holds_token, &caller, now);
        match routed.and_then(|route| self.answer_in_sdp(route.port, source.ip(), request.body()).map(|audio| (route, audio))) {
            Ok((Route { port, number, emergency }, audio)) => {
                let order = Order { number, emergency, any_port: caller.wanted == Wanted::Any, holds_token };
                self.begin_to_line(port, invitation, audio, order, now, out);
            }
            Err(denial) => self.deny(invitation, &caller, denial, now, out),
        }
    }

    /// The port that takes a caller, the digits that its line gets (none for a caller who dials himself), and whether they call for
    /// help.
    fn route(&self, source: IpAddr, holds_token: bool, caller: &Caller, now: Moment) -> Result<Route, Denial> {
        let candidates: Vec<_> = self.ports.iter().map(|port| self.candidate(port.id, source, holds_token, now)).collect();
        let dialling = caller.number.as_deref().map(|asked| dialling::decide(asked, &self.settings.gateway));
        let emergency = matches!(dialling, Some(Dialling::Allowed { emergency: true, .. }));
        let chosen = router::choose_port(&candidates, caller.wanted, emergency);
        if let Err(denial @ (Denial::HostNotAdmitted | Denial::Disabled)) = chosen {
            return Err(denial);
        }
        let number = match dialling {
            None => None,
            Some(Dialling::Allowed { dialled, .. }) => Some(dialled),
            Some(Dialling::Denied { why, rule, .. }) => return Err(Denial::NumberBlocked { why, rule }),
            Some(Dialling::NoNumber) => return Err(Denial::NumberMissing),
        };
        chosen.map(|port| Route { port, number, emergency })
    }

    pub(super) fn candidate(&self, id: PortId, source: IpAddr, holds_token: bool, now: Moment) -> Candidate {
        let port = &self.ports[id.index()];
        Candidate {
            port: id,
            line: port.line.state(),
            busy: port.call.is_some(),
            enabled: port.settings.sip_to_fxo && id.index() < self.settings.ports.len(),
            admitted: self.admits(id, source, holds_token),
            allowance: self.allowance(id, now),
            last_used: port.last_used,
        }
    }

    /// The media of a session that is about to begin on a port.
    pub(super) fn new_audio(&mut self, id: PortId) -> Audio {
        Audio::new(self.local_media(id), &mut self.rng)
    }

    /// The same, which answers the offer of a peer, if it made one.
    pub(super) fn answer_in_sdp(&mut self, id: PortId, peer: IpAddr, offer: &[u8]) -> Result<Audio, Denial> {
        let mut audio = self.new_audio(id);
        audio.face(self.agent.ip_seen_by(peer));
        if offer.is_empty() {
            return Ok(audio);
        }
        match audio.answer(offer) {
            Ok(_) => Ok(audio),
            Err(SdpError::NoCommonCodec | SdpError::NoAudio | SdpError::NoAddress) => Err(Denial::NoCommonCodec),
            Err(SdpError::NotSecured) => Err(Denial::NotSecured),
            Err(SdpError::Malformed) => Err(Denial::MalformedOffer),
        }
    }

    fn begin_to_line(&mut self, id: PortId, invitation: Invitation<'_>, audio: Audio, order: Order, now: Moment, out: &mut Vec<Action>) {
        let Invitation { session, source, request } = invitation;
        let from = request.from().map(|from| from.uri.chars().take(MOST_PARTY_CHARS).collect()).unwrap_or_default();
        let to = order.number.clone().unwrap_or_default();
        let facts = facts(&mut self.rng, id, CallDirection::SipToFxo, from, to, now);
        self.agent.provisional(session, 100, None, now, &mut self.pending.sip);
        let came = MarkKind::SipIn { message: "INVITE".to_owned(), peer: facts.from.clone() };
        let args = [("from", facts.from.clone()), ("to", facts.to.clone())];
        out.push(self.notice(Severity::Info, NoticeCode::CallStarted, Some(id), &args, now));
        let port = &mut self.ports[id.index()];
        port.offer = request.body().to_vec();
        let settings = port.settings.line.clone();
        let mut bridge = bridge(&mut self.agent, &mut self.pending.sip, &self.sessions, &settings, now);
        bridge.opened.push((session, source.ip()));
        port.call = Some(Call::ToLine(ToLine::begin(facts, session, audio, order, &mut bridge)));
        let orders = Orders::of(bridge);
        self.mark(id, came, now, out);
        self.carry_out(id, orders, now, out);
    }

    /// Glare: the line rang while it was being seized. The caller gets the next free port, or 486.
    pub(super) fn move_call(&mut self, id: PortId, now: Moment, out: &mut Vec<Action>) {
        out.push(self.notice(Severity::Warning, NoticeCode::Glare, Some(id), &[], now));
        let peer = self.sessions.values().find(|(owner, _)| *owner == id).map(|(_, peer)| *peer);
        let next = match (peer, &self.ports[id.index()].call) {
            (Some(ip), Some(Call::ToLine(call))) if call.order().any_port => {
                let others = self.ports.iter().filter(|port| port.id != id && !call.tried().contains(&port.id));
                let candidate = |port: &Port| self.candidate(port.id, ip, call.order().holds_token, now);
                let candidates: Vec<_> = others.map(candidate).collect();
                router::choose_port(&candidates, Wanted::Any, call.order().emergency).ok()
            }
            (_, Some(_) | None) => None,
        };
        let Some(next) = next else {
            return self.call_event(id, super::call::CallEvent::End(super::record::EndCause::Glare), now, out);
        };
        let local = self.local_media(next);
        let Some(Call::ToLine(mut call)) = self.ports[id.index()].call.take() else { return };
        let offer = std::mem::take(&mut self.ports[id.index()].offer);
        self.apply_waiting(id, out);
        let port = &mut self.ports[next.index()];
        let settings = port.settings.line.clone();
        let mut bridge = bridge(&mut self.agent, &mut self.pending.sip, &self.sessions, &settings, now);
        bridge.opened.extend(peer.map(|ip| (call.session(), ip)));
        call.move_to(next, local, &offer, &mut bridge);
        let orders = Orders::of(bridge);
        port.offer = offer;
        port.call = Some(Call::ToLine(call));
        self.carry_out(next, orders, now, out);
    }

    fn deny(&mut self, invitation: Invitation<'_>, caller: &Caller, denial: Denial, now: Moment, out: &mut Vec<Action>) {
        tell_whose_request(invitation.request, caller.wanted, out);
        if let Denial::NumberBlocked { why, rule } = denial {
            return self.deny_number(invitation, caller, (why, rule), now, out);
        }
        let Invitation { session, source, .. } = invitation;
        let row = denial.answer();
        let port = match caller.wanted {
            Wanted::Port(port) => Some(port),
            Wanted::Any => None,
        };
        let setting = row.setting.map(|name| match (port, name.split_once('.')) {
            (Some(port), None) => format!("ports[{}].{name}", port.0),
            (None, None) => format!("ports[].{name}"),
            (_, Some(_)) => name.to_owned(),
        });
        if self.sources.has_room(now)
            && let Action::Notice(mut notice) =
                self.notice(Severity::Warning, row.notice, port, &[("source", source.ip().to_string())], now)
        {
            notice.setting = setting;
            out.push(Action::Notice(notice));
        }
        let refusal = Refusal { status: row.status, cause: row.cause, retry_after_s: row.retry_after_s, headers: Vec::new() };
        self.refuse(session, refusal, now);
    }

    pub(super) fn refuse(&mut self, session: SessionId, refusal: Refusal, now: Moment) {
        self.agent.refuse(session, refusal, now, &mut self.pending.sip);
    }

    /// Client mode: the port by our contact token, the number by the rules of the table.
    fn client_mode_caller(&self, request: &Request) -> Caller {
        let user = request_user(request);
        let by_token = self.registrations.account_of(&user);
        let by_user =
            || self.settings.ports.iter().position(|port| is_used(port) && !port.user.is_empty() && port.user == user).map(port_id);
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
    pub(super) fn requested(&mut self, id: RequestId, source: Hop, request: &Request, now: Moment, out: &mut Vec<Action>) {
        let response = match (request.method(), self.settings.gateway.mode) {
            (Method::Register, Mode::SipServer) => self.registered_here(source, request, now, out),
            (Method::Register, Mode::SipClient | Mode::SipTrunk) => not_allowed(request),
            (Method::Options, _) => {
                let mut response = request.respond(200);
                options::describe(response.headers_mut(), self.agent.has_session_timers());
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
            srtp: self.settings.gateway.srtp,
            keys: OwnKeys::draw(self.settings.gateway.srtp, &mut self.rng),
            session_id: self.rng.below(1 << 53),
            session_version: 1,
        }
    }
}

fn not_allowed(request: &Request) -> crate::sip::message::Response {
    let mut response = request.respond(405);
    response.headers_mut().set("Allow", options::ALLOW);
    response
}

/// Whether a port takes part in calls at all.
pub(super) fn is_used(port: &PortSettings) -> bool {
    port.sip_to_fxo || port.fxo_to_sip
}

/// The facts of a call that begins now.
pub(super) fn facts(rng: &mut Rng, port: PortId, direction: CallDirection, from: String, to: String, now: Moment) -> CallFacts {
    CallFacts {
        id: rng.hex(32),
        port,
        direction,
        from,
        to,
        started: now,
        answered: None,
        rtp_missing_told: false,
        timeline: Timeline::default(),
    }
}

/// The user part of the Request-URI, or nothing.
fn request_user(request: &Request) -> String {
    Uri::parse(request.uri()).ok().and_then(|uri| uri.user).unwrap_or_default()
}
