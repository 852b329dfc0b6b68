//! Who may talk to the gateway over SIP: bans, "only from host", and digest. How often, [`super::entering`] decides before.

use std::net::IpAddr;

use super::belonging::tell_dropped;
use super::callers::is_used;
use super::entering::is_scanner;
use super::guard::{Offence, Patience, Standing};
use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::router::{self, Wanted};
use super::sip_trace::SipDrop;
use super::{Gateway, port_id};
use crate::config::PortId;
use crate::config::settings::Mode;
use crate::sip::agent::Refusal;
use crate::sip::digest::{Credentials, Verdict};
use crate::sip::header::reason::q850;
use crate::sip::hop::Hop;
use crate::sip::message::{Message, Method, Request};
use crate::sip::uri::Uri;
use crate::sip::wire::{self, Defect, WireError};
use crate::time::Moment;

impl Gateway {
    pub(super) fn message(&mut self, source: Hop, bytes: &[u8], now: Moment, out: &mut Vec<Action>) {
        if self.stun_answered(source, bytes, now, out) {
            return;
        }
        let ip = router::plain_ip(source.ip());
        if self.is_silenced(ip, now) {
            return tell_dropped(SipDrop::SourceBanned, out);
        }
        match wire::read(bytes) {
            Ok(Message::Request(request)) => {
                if self.admits_request(source, &request, now, out) {
                    self.agent.handle_message(source, Message::Request(request), now, &mut self.pending.sip);
                }
            }
            Ok(message @ Message::Response(_)) => self.agent.handle_message(source, message, now, &mut self.pending.sip),
            // A telephone behind a NAT keeps its way in open: that is no message, and no fault.
            Err(WireError { defect: Defect::KeepAlive, .. }) => {}
            Err(error) => {
                tell_dropped(SipDrop::Malformed { defect: error.defect.to_string() }, out);
                if self.sources.is_news(ip, NoticeCode::MalformedSip, now) {
                    let args = [("source", source.to_string()), ("problem", error.defect.to_string())];
                    out.push(self.notice(Severity::Warning, NoticeCode::MalformedSip, None, &args, now));
                }
                self.held_against(source, Offence::Malformed, now, out);
                let admitted = !self.settings.gateway.stealth || self.is_admitted_somewhere(ip, false);
                if let Some(response) = error.reply.filter(|_| admitted) {
                    out.push(Action::Send { to: source, bytes: wire::write(&Message::Response(*response)) });
                }
            }
        }
    }

    /// "Only from host" before anything else is looked at. Sources that no port admits get silence (stealth) or 403.
    fn admits_request(&mut self, source: Hop, request: &Request, now: Moment, out: &mut Vec<Action>) -> bool {
        let ip = router::plain_ip(source.ip());
        if let Some(session) = self.agent.session_of(&Message::Request(request.clone())) {
            // A peer that we called ourselves may end its call, whatever the list says: the line must not stay seized.
            let owner = self.sessions.get(&session).copied();
            let holds_token = self.holds_token(request);
            if owner.is_none_or(|(port, peer)| peer == ip || self.admits(port, ip, holds_token)) {
                return true;
            }
        } else if self.standing(ip, now) == Standing::Stranger && is_scanner(request) {
            self.held_against(source, Offence::Scanner, now, out);
            tell_dropped(SipDrop::SourceBanned, out);
            return false;
        } else if self.is_admitted_somewhere(ip, self.holds_token(request)) {
            return true;
        }
        tell_dropped(SipDrop::SourceUnknown, out);
        self.held_against(source, Offence::Probing, now, out);
        if self.sources.is_news(ip, NoticeCode::SourceDropped, now) {
            let args = [("source", source.ip().to_string())];
            out.push(self.notice(Severity::Warning, NoticeCode::SourceDropped, None, &args, now));
        }
        if !self.settings.gateway.stealth && *request.method() != Method::Ack {
            let mut response = request.respond(403);
            response.headers_mut().set("Reason", q850(21));
            out.push(Action::Send { to: source, bytes: wire::write(&Message::Response(response)) });
        }
        false
    }

    /// Whether a host would get any answer at all: the first question to whoever opens a connection.
    #[must_use]
    pub fn hears(&self, source: IpAddr, now: Moment) -> bool {
        let ip = router::plain_ip(source);
        // In client mode whoever holds the token of a Contact may come from anywhere: that is seen in the request.
        let may_hold_token = self.settings.gateway.mode == Mode::SipClient;
        let in_call = self.is_in_call(ip);
        in_call || !self.is_silenced(ip, now) && (!self.settings.gateway.stealth || self.is_admitted_somewhere(ip, may_hold_token))
    }

    fn is_admitted_somewhere(&self, source: IpAddr, holds_token: bool) -> bool {
        self.ports.iter().any(|port| self.admits(port.id, source, holds_token))
    }

    /// Whether a request was sent to the Contact of one of our registrations, whose user part nobody can guess.
    pub(super) fn holds_token(&self, request: &Request) -> bool {
        let user = Uri::parse(request.uri()).ok().and_then(|uri| uri.user);
        user.and_then(|user| self.registrations.account_of(&user)).is_some()
    }

    /// Whether a port admits a source: its "only from host", and in client mode the registered server or our contact token.
    pub(super) fn admits(&self, id: PortId, source: IpAddr, holds_token: bool) -> bool {
        let Some(port) = self.ports.get(id.index()) else { return false };
        let ip = router::plain_ip(source);
        let listed = port.hosts.admits(ip, &|host| self.names.known(host));
        match self.settings.gateway.mode {
            Mode::SipServer | Mode::SipTrunk => listed,
            Mode::SipClient => listed && (holds_token || self.is_remote_server(ip)),
        }
    }

    /// Checks the credentials of a request against the port users.
    ///
    /// # Errors
    /// The refusal to send: a challenge, or 403 after the configured tries. An unknown user and a wrong secret look the same.
    pub(super) fn authenticate(&mut self, source: Hop, request: &Request, now: Moment, out: &mut Vec<Action>) -> Result<String, Refusal> {
        let claimed = self.verifier.claimed_user(request);
        let credentials = claimed.as_deref().and_then(|user| self.credentials_of(user));
        let ip = router::plain_ip(source.ip());
        match self.verifier.check(request, source.ip(), credentials.as_ref(), now) {
            Verdict::Granted => {
                self.guard.conduct.right(ip, now);
                Ok(claimed.unwrap_or_default())
            }
            Verdict::Challenge { stale } => {
                self.held_against(source, Offence::Probing, now, out);
                Err(self.challenge(source, stale, now))
            }
            Verdict::Wrong => match self.guessed_wrong(ip, now, out) {
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

    fn challenge(&mut self, source: Hop, stale: bool, now: Moment) -> Refusal {
        let headers = self.verifier.challenges(source.ip(), stale, now).into_iter().map(|value| ("WWW-Authenticate".to_owned(), value));
        Refusal { status: 401, headers: headers.collect(), ..Refusal::default() }
    }

    fn credentials_of(&self, user: &str) -> Option<Credentials> {
        let gateway = &self.settings.gateway;
        let (user, secret) = if gateway.single_user {
            Some((&gateway.user, &gateway.secret)).filter(|(known, _)| *known == user)
        } else {
            self.settings.ports.iter().filter(|port| is_used(port)).map(|port| (&port.user, &port.secret)).find(|(known, _)| *known == user)
        }?;
        // A blank user or secret is no credential at all.
        let usable = !user.is_empty() && !secret.0.is_empty();
        usable.then(|| Credentials { user: user.clone(), secret: secret.clone() })
    }

    /// The ports that a user of server mode may use.
    pub(super) fn ports_of(&self, user: &str) -> Wanted {
        if self.settings.gateway.single_user {
            return Wanted::Any;
        }
        // The user has just proven its secret, so it is one of these; an unknown one would be given a port that is not there.
        Wanted::Port(self.settings.ports.iter().position(|port| is_used(port) && port.user == user).map_or(PortId(u16::MAX), port_id))
    }
}
