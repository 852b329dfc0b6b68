//! Peers are asked whether they are there: registered telephones in server mode, the remote server in the others.

use std::time::Duration;

use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::reach::{Peer, Turn};
use super::router::Wanted;
use super::view::{PeerView, Reach};
use super::{Gateway, plan};
use crate::config::settings::Mode;
use crate::sip::agent::{Probe, ProbeId};
use crate::sip::registrar::Binding;
use crate::time::{Moment, earliest};

/// The status of a server that is out of service (RFC 3261 §21.5.4).
pub(super) const OUT_OF_SERVICE: u16 = 503;

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
        let overdue = [self.reach.overdue(now), self.outages.roll().overdue(now)].concat();
        for probe in overdue {
            self.agent.drop_probe(probe);
            self.probed(probe, None, now, out);
        }
        for (probe, place) in self.reach.questions(now) {
            if !self.agent.probe(probe, &place, now, &mut self.pending.sip) {
                self.reach.put_off(probe, now);
            }
        }
        for (probe, place) in self.outages.roll().questions(now) {
            if !self.agent.probe(probe, &place, now, &mut self.pending.sip) {
                self.outages.roll().put_off(probe, now);
            }
        }
    }

    /// When somebody has to be asked.
    pub(super) fn qualify_due(&self) -> Option<Moment> {
        if self.takes_no_calls() { None } else { earliest(self.reach.deadline(), self.outages.deadline()) }
    }

    /// A peer answered with this status, or did not.
    pub(super) fn probed(&mut self, probe: ProbeId, status: Option<u16>, now: Moment, out: &mut Vec<Action>) {
        // Who says that it is out of service is there, and yet of no use.
        let serves = status.is_some_and(|status| status != OUT_OF_SERVICE);
        if let Some(hop) = self.outages.told(probe, serves, now) {
            return self.back_in_service(hop, now, out);
        }
        let Some((peer, turn)) = self.reach.told(probe, status.is_some(), now) else { return };
        let is_server = peer == Peer::Server;
        let notice = match peer {
            // These are of the other table.
            Peer::Place(_) => return,
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
        if let (true, Some(hop)) = (is_server && turn == Turn::Lost, self.registrations.server())
            && self.out_of_service(hop, now, out)
        {
            self.renew_accounts(now, out);
        }
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

    /// Where the remote server is asked: where our accounts are registered, else at the first of its places.
    fn server_place(&self) -> Option<Probe> {
        let destination = self.registrations.server().or_else(|| self.known_server_hops().first().copied())?;
        Some(self.question(destination)).filter(|_| self.settings.gateway.mode != Mode::SipServer)
    }
}

fn contact(user: &str, binding: &Binding) -> Peer {
    Peer::Contact { user: user.to_owned(), uri: binding.uri.clone() }
}

fn peer_view((reach, rtt): (Reach, Option<Duration>)) -> PeerView {
    PeerView { reach, rtt_ms: rtt.map(|rtt| u32::try_from(rtt.as_millis()).unwrap_or(u32::MAX)) }
}
