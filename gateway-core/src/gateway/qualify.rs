//! Peers are asked whether they are there: registered telephones in server mode, the remote server in the others.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::reach::{Peer, Turn};
use super::router::Wanted;
use super::view::{PeerView, Reach};
use super::{Gateway, plan};
use crate::config::settings::Mode;
use crate::sip::agent::{Probe, ProbeId};
use crate::sip::hop::Hop;
use crate::sip::registrar::Binding;
use crate::time::Moment;

impl Gateway {
    /// The settings, or the address of the remote server, may be others: who is asked, and how often.
    pub(super) fn renew_qualify(&mut self, now: Moment) {
        self.reach.set_interval(plan::qualify(&self.settings.gateway), now, &mut self.rng);
        match self.server_place() {
            Some(place) => self.reach.watch(Peer::Server, place, now, &mut self.rng),
            None => self.reach.retain(|peer| *peer != Peer::Server),
        }
    }

    /// A user is registered at these places from now on.
    pub(super) fn watch_contacts(&mut self, user: &str, bindings: &[Binding], now: Moment) {
        let is_there = |uri: &str| bindings.iter().any(|binding| binding.uri == uri);
        self.reach.retain(|peer| !matches!(peer, Peer::Contact { user: of, uri } if of == user && !is_there(uri)));
        for binding in bindings {
            let place = Probe { destination: binding.source, request_uri: binding.uri.clone(), route: binding.path.clone() };
            self.reach.watch(contact(user, binding), place, now, &mut self.rng);
        }
    }

    /// Asks who is due. Nothing is asked while the gateway stops or the computer is about to sleep.
    pub(super) fn qualify(&mut self, now: Moment, out: &mut Vec<Action>) {
        if self.takes_no_calls() {
            return;
        }
        for probe in self.reach.overdue(now) {
            self.agent.drop_probe(probe);
            self.probed(probe, false, now, out);
        }
        for (probe, place) in self.reach.questions(now) {
            if !self.agent.probe(probe, &place, now, &mut self.pending.sip) {
                self.reach.put_off(probe, now);
            }
        }
    }

    /// When somebody has to be asked.
    pub(super) fn qualify_due(&self) -> Option<Moment> {
        if self.takes_no_calls() { None } else { self.reach.deadline() }
    }

    /// A peer answered, or did not.
    pub(super) fn probed(&mut self, probe: ProbeId, answered: bool, now: Moment, out: &mut Vec<Action>) {
        let Some((peer, turn)) = self.reach.told(probe, answered, now) else { return };
        let notice = match peer {
            Peer::Server => {
                let args = [("server", self.settings.gateway.remote_server.clone())];
                match turn {
                    Turn::Lost => self.notice(Severity::Alarm, NoticeCode::ServerUnreachable, None, &args, now),
                    Turn::Back => self.notice(Severity::Info, NoticeCode::ServerReachable, None, &args, now),
                }
            }
            Peer::Contact { user, uri } => {
                let port = match self.ports_of(&user) {
                    Wanted::Port(port) => Some(port),
                    Wanted::Any => None,
                };
                let args = [("user", user), ("contact", uri)];
                match turn {
                    Turn::Lost => self.notice(Severity::Warning, NoticeCode::PhoneUnreachable, port, &args, now),
                    Turn::Back => self.notice(Severity::Info, NoticeCode::PhoneReachable, port, &args, now),
                }
            }
        };
        out.push(notice);
    }

    /// Leaves out the places of a user that do not answer, unless none would be left.
    pub(super) fn without_the_lost(&self, user: &str, bindings: Vec<Binding>) -> Vec<Binding> {
        let is_lost = |binding: &Binding| self.reach.of(&contact(user, binding)).0 == Reach::Unreachable;
        if bindings.iter().all(is_lost) {
            return bindings;
        }
        bindings.into_iter().filter(|binding| !is_lost(binding)).collect()
    }

    /// How a registered place is reached.
    pub(super) fn contact_reach(&self, user: &str, binding: &Binding) -> PeerView {
        peer_view(self.reach.of(&contact(user, binding)))
    }

    /// How the remote server is reached; `None` where nobody knows.
    pub(super) fn server_reach(&self) -> Option<PeerView> {
        Some(peer_view(self.reach.of(&Peer::Server))).filter(|peer| peer.reach != Reach::Unknown)
    }

    /// Where the remote server is asked: where our accounts are registered, else at the first address of its name.
    fn server_place(&self) -> Option<Probe> {
        let gateway = &self.settings.gateway;
        let (host, port) = self.remote_server().filter(|(host, _)| gateway.mode != Mode::SipServer && !host.is_empty())?;
        let named = || host.parse::<IpAddr>().ok().or_else(|| self.names.known(&host).first().copied());
        let hop = |ip: IpAddr| Hop::new(gateway.remote_transport, SocketAddr::new(ip, port));
        let destination = self.registrations.server().or_else(|| named().map(hop))?;
        Some(Probe { destination, request_uri: format!("sip:{}", gateway.remote_server.trim()), route: Vec::new() })
    }
}

fn contact(user: &str, binding: &Binding) -> Peer {
    Peer::Contact { user: user.to_owned(), uri: binding.uri.clone() }
}

fn peer_view((reach, rtt): (Reach, Option<Duration>)) -> PeerView {
    PeerView { reach, rtt_ms: rtt.map(|rtt| u32::try_from(rtt.as_millis()).unwrap_or(u32::MAX)) }
}
