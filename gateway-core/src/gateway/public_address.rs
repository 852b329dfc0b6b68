//! As whom the gateway is seen from outside: the remote server tells with every answer, a STUN server when it is asked, and whoever
//! set the gateway up may know it (decision 0024).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::call::Step;
use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::{Gateway, port_id};
use crate::config::host::{Host, HostPort};
use crate::config::settings::{Mode, Settings};
use crate::sip::hop::{Hop, Transport};
use crate::sip::locate::Place;
use crate::sip::stun::{self, Stun};
use crate::time::Moment;

/// The port of STUN (RFC 8489 §8).
const STUN_PORT: u16 = 3478;

/// A NAT that maps us anew with every request must not make us register without end: so long one address is stuck to.
const HOLDS: Duration = Duration::from_secs(30);

/// What is known of how others see us.
#[derive(Debug, Default)]
pub(super) struct PublicAddress {
    /// As whom the remote server sees us, where that is not as we are, and since when.
    seen: Option<(SocketAddr, Moment)>,
    /// As whom everybody outside sees us.
    outside: Option<SocketAddr>,
    stun: Stun,
}

impl PublicAddress {
    /// As whom the remote server sees us, or else the outside, where that is not as we are.
    pub(super) fn seen(&self) -> Option<SocketAddr> {
        self.seen.map(|(at, _)| at).or(self.outside)
    }

    /// When a STUN server has to be asked.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.stun.deadline()
    }

    /// Whether an answer of a STUN server is awaited from there.
    pub(super) fn awaits(&self, source: Hop) -> bool {
        source.transport == Transport::Udp && self.stun.awaits(source.address)
    }
}

impl Gateway {
    /// The remote server sees us at `at`, and we have told it something else.
    pub(super) fn seen_as(&mut self, by: Hop, at: SocketAddr, now: Moment, out: &mut Vec<Action>) {
        let own = self.address.sip;
        let learns = self.settings.gateway.learn_public_address && self.settings.gateway.mode != Mode::SipServer;
        let is_fresh = self.public.seen.is_some_and(|(_, since)| now - since < HOLDS);
        if !learns || is_fresh || !is_plausible(at, own) || !self.is_remote_server(by.ip().to_canonical()) {
            return;
        }
        let is_own = at == own;
        self.agent.set_seen_by(by.ip(), (!is_own).then_some(at));
        self.public.seen = (!is_own).then_some((at, now));
        let args = [("address", at.to_string()), ("own", own.to_string())];
        out.push(self.notice(Severity::Info, NoticeCode::SeenAs, None, &args, now));
        self.tell_where_we_are(now, out);
    }

    /// Nothing that was seen holds any more: the network is another, or the settings are. What the settings say of the outside holds,
    /// and who can tell is asked.
    pub(super) fn forget_public_address(&mut self, now: Moment) {
        let before = std::mem::take(&mut self.public);
        self.agent.forget_who_sees();
        let gateway = &self.settings.gateway;
        if let Ok(ip) = gateway.public_address.parse::<IpAddr>() {
            let at = SocketAddr::new(ip, self.address.sip.port());
            self.public.outside = Some(at);
            self.agent.set_seen_outside(Some(at));
        } else if !gateway.stun_server.is_empty() {
            self.public.stun.start(now);
        }
        if before.seen() != self.public.seen() {
            self.registrations.register_again();
        }
    }

    /// Asks a STUN server, when that is due.
    pub(super) fn ask_stun(&mut self, now: Moment, out: &mut Vec<Action>) {
        let server = self.stun_server();
        let turn = self.public.stun.handle_timeout(server, &mut self.rng, now);
        turn.into_iter().for_each(|turn| self.stun_turn(turn, now, out));
    }

    /// Takes a datagram that a STUN server may have sent. False: it did not.
    pub(super) fn stun_answered(&mut self, source: Hop, bytes: &[u8], now: Moment, out: &mut Vec<Action>) -> bool {
        if !self.public.awaits(source) {
            return false;
        }
        let turn = self.public.stun.receive(source.address, bytes, now);
        let is_answer = turn.is_some();
        turn.into_iter().for_each(|turn| self.stun_turn(turn, now, out));
        is_answer
    }

    /// The name of the STUN server, which is kept resolved.
    pub(super) fn stun_place(&self) -> Option<Place> {
        let server = HostPort::parse(self.settings.gateway.stun_server.trim()).ok()?;
        matches!(server.host, Host::Name(_)).then(|| Place::of_host(&server.host.bare()))
    }

    fn stun_server(&self) -> Option<SocketAddr> {
        let server = HostPort::parse(self.settings.gateway.stun_server.trim()).ok()?;
        let host = server.host.bare();
        let known = host.parse().map_or_else(|_| self.names.known(&host), |ip: IpAddr| vec![ip]);
        let ip = known.into_iter().find(|ip| ip.is_ipv4() == self.address.sip.is_ipv4())?;
        Some(SocketAddr::new(ip, server.port.unwrap_or(STUN_PORT)))
    }

    fn stun_turn(&mut self, turn: stun::Turn, now: Moment, out: &mut Vec<Action>) {
        match turn {
            stun::Turn::Ask { server, bytes } => out.push(Action::Send { to: Hop::from(server), bytes }),
            stun::Turn::Silent(server) => {
                let args = [("server", self.settings.gateway.stun_server.clone()), ("address", server.to_string())];
                out.push(self.notice(Severity::Warning, NoticeCode::StunSilent, None, &args, now));
            }
            stun::Turn::Seen(at) => {
                let outside = Some(at).filter(|at| *at != self.address.sip && is_plausible(*at, self.address.sip));
                if outside != self.public.outside {
                    self.public.outside = outside;
                    self.agent.set_seen_outside(outside);
                    out.push(self.notice(Severity::Info, NoticeCode::SeenOutside, None, &[("address", at.to_string())], now));
                    self.tell_where_we_are(now, out);
                }
            }
        }
    }

    /// Registers again and tells the peers of calls, as far as what they were told does not hold any more.
    pub(super) fn tell_where_we_are(&mut self, now: Moment, out: &mut Vec<Action>) {
        self.registrations.register_again();
        self.renew_accounts(now, out);
        let ip = self.address.rtp_ip;
        for index in 0..self.ports.len() {
            self.with_call(port_id(index), now, out, |call, bridge| {
                call.relocate(ip, bridge);
                Step::Continue
            });
        }
    }
}

/// Whether whoever sees us with these settings is the same as before, and to be believed as before.
pub(super) fn is_seen_as_before(before: &Settings, settings: &Settings) -> bool {
    let (before, gateway) = (&before.gateway, &settings.gateway);
    before.learn_public_address == gateway.learn_public_address
        && before.mode == gateway.mode
        && before.remote_server == gateway.remote_server
        && before.outbound_proxy == gateway.outbound_proxy
        && before.public_address == gateway.public_address
        && before.stun_server == gateway.stun_server
}

/// Whether a peer can have seen us there: an address of our own family that somebody can have.
fn is_plausible(at: SocketAddr, own: SocketAddr) -> bool {
    let is_host = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()),
        IpAddr::V6(ip) => !(ip.is_unspecified() || ip.is_multicast()),
    };
    is_host(at.ip()) && at.port() != 0 && at.is_ipv4() == own.is_ipv4()
}
