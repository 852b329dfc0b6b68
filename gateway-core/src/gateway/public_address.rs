//! As whom the gateway is seen from outside: the remote server tells with every answer, a STUN server when it is asked, and whoever
//! set the gateway up may know it (decision 0024).

use std::collections::BTreeMap;
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

/// Places of the remote server of which it is kept how they see us; whoever was heard longest ago is forgotten.
const MOST_PLACES: usize = 16;

/// What is known of how others see us.
#[derive(Debug, Default)]
pub(super) struct PublicAddress {
    /// As whom each place of the remote server sees us, and since when.
    seen: BTreeMap<IpAddr, (SocketAddr, Moment)>,
    /// As whom everybody outside sees us, and since when.
    outside: Option<(SocketAddr, Moment)>,
    stun: Stun,
}

impl PublicAddress {
    /// As whom others see us: the remote server, or else the outside.
    pub(super) fn shown(&self) -> Option<SocketAddr> {
        let latest = self.seen.values().max_by_key(|(_, since)| *since);
        latest.or(self.outside.as_ref()).map(|(at, _)| *at)
    }

    /// Whether an address is one at which somebody sees us.
    pub(super) fn is_seen_at(&self, ip: IpAddr, port: u16) -> bool {
        let all = self.seen.values().chain(self.outside.as_ref());
        all.map(|(at, _)| *at).any(|at| at.ip() == ip.to_canonical() && at.port() == port)
    }

    /// When a STUN server has to be asked.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.stun.deadline()
    }

    /// Whether a datagram from there may be the answer of a STUN server that is awaited. Of what comes in its name only a little is
    /// looked at.
    pub(super) fn lets_in(&mut self, source: Hop) -> bool {
        source.transport == Transport::Udp && self.stun.lets_in(source.address)
    }
}

impl Gateway {
    /// The remote server sees us at `at`, and we have told it something else.
    pub(super) fn seen_as(&mut self, by: Hop, at: SocketAddr, now: Moment, out: &mut Vec<Action>) {
        let own = self.address.sip;
        let learns = self.settings.gateway.learn_public_address && self.settings.gateway.mode != Mode::SipServer;
        let place = by.ip().to_canonical();
        let is_fresh = self.public.seen.get(&place).is_some_and(|(_, since)| now - *since < HOLDS);
        if !learns || is_fresh || !is_plausible(at, own) || !self.is_remote_server(place) {
            return;
        }
        let seen = &mut self.public.seen;
        if seen.len() >= MOST_PLACES
            && !seen.contains_key(&place)
            && let Some(oldest) = seen.iter().min_by_key(|(_, (_, since))| *since).map(|(place, _)| *place)
        {
            seen.remove(&oldest);
            self.agent.set_seen_by(oldest, None);
        }
        // Our own address is an answer like any other: it stands against what is said of the outside.
        seen.insert(place, (at, now));
        self.agent.set_seen_by(place, Some(at));
        let args = [("address", at.to_string()), ("own", own.to_string())];
        out.push(self.notice(Severity::Info, NoticeCode::SeenAs, None, &args, now));
        self.tell_where_we_are(now, out);
    }

    /// Nothing that was seen holds any more: the network is another, or the settings are. What the settings say of the outside holds,
    /// and who can tell is asked.
    pub(super) fn renew_public_address(&mut self, now: Moment) {
        let before = std::mem::take(&mut self.public);
        self.agent.forget_who_sees();
        let (gateway, own) = (&self.settings.gateway, self.address.sip);
        if let Ok(ip) = gateway.public_address.parse::<IpAddr>() {
            let at = SocketAddr::new(ip, own.port());
            self.public.outside = Some((at, now)).filter(|_| is_plausible(at, own));
            self.agent.set_seen_outside(self.public.outside.map(|(at, _)| at));
        } else if !gateway.stun_server.is_empty() {
            self.public.stun.start(now);
        }
        if before.shown() != self.public.shown() {
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
        if source.transport != Transport::Udp || !stun::is_stun(bytes) {
            return false;
        }
        let is_of_server = self.stun_server() == Some(source.address);
        let turn = self.public.stun.receive(source.address, bytes, now);
        // The second answer to a question that was asked twice is no message of SIP either.
        let is_answer = turn.is_some() || is_of_server;
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
            stun::Turn::Silent => {
                let args = [("server", self.settings.gateway.stun_server.clone())];
                out.push(self.notice(Severity::Warning, NoticeCode::StunSilent, None, &args, now));
            }
            stun::Turn::Seen(at) => {
                let (before, own) = (self.public.outside, self.address.sip);
                let is_fresh = before.is_some_and(|(_, since)| now - since < HOLDS);
                if before.map(|(at, _)| at) != Some(at) && !is_fresh && is_plausible(at, own) {
                    self.public.outside = Some((at, now));
                    self.agent.set_seen_outside(Some(at));
                    out.push(self.notice(Severity::Info, NoticeCode::SeenOutside, None, &[("address", at.to_string())], now));
                    self.tell_where_we_are(now, out);
                }
            }
        }
    }

    /// Registers again, and tells the peers of calls.
    pub(super) fn tell_where_we_are(&mut self, now: Moment, out: &mut Vec<Action>) {
        self.registrations.register_again();
        self.renew_accounts(now, out);
        self.tell_calls_where_we_are(now, out);
    }

    /// Tells the peers of calls what does not hold any more of what they were told.
    pub(super) fn tell_calls_where_we_are(&mut self, now: Moment, out: &mut Vec<Action>) {
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
