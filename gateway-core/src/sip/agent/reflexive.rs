//! As whom peers see this user agent. Behind a NAT that is not where it is: its server-reflexive address (RFC 8445 §4), which it
//! puts into Contact, and the gateway into SDP, for those who cannot reach the other one.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::{AgentOutput, SessionId, SipEvent, UserAgent};
use crate::sip::hop::{Hop, Transport};
use crate::sip::message::{Response, Via};
use crate::sip::transaction::ClientId;

/// Peers of which it is kept how they see us: the places of one server.
const MOST_PEERS: usize = 32;

/// As whom we are seen, and by whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Reflexive {
    by_peer: BTreeMap<IpAddr, SocketAddr>,
    outside: Option<SocketAddr>,
}

impl Reflexive {
    fn of(&self, peer: IpAddr) -> Option<SocketAddr> {
        let peer = peer.to_canonical();
        self.by_peer.get(&peer).copied().or_else(|| self.outside.filter(|_| is_outside(peer)))
    }
}

impl UserAgent {
    /// The peer at this host sees us so; `None`: as we are. Holds for Contact from now on, and for answered sessions with their next
    /// message. A peer too many is seen by as we are.
    pub fn set_seen_by(&mut self, peer: IpAddr, at: Option<SocketAddr>) {
        let peer = peer.to_canonical();
        match at {
            Some(at) if self.reflexive.by_peer.len() < MOST_PEERS || self.reflexive.by_peer.contains_key(&peer) => {
                self.reflexive.by_peer.insert(peer, at);
            }
            Some(_) => {}
            None => {
                self.reflexive.by_peer.remove(&peer);
            }
        }
        self.relocate_sessions();
    }

    /// Everybody outside of the local networks sees us so, but those of whom it is known better.
    pub fn set_seen_outside(&mut self, at: Option<SocketAddr>) {
        self.reflexive.outside = at;
        self.relocate_sessions();
    }

    /// What peers saw does not hold any more: the network is another.
    pub fn forget_who_sees(&mut self) {
        self.reflexive = Reflexive::default();
        self.relocate_sessions();
    }

    /// The host that audio for this peer is told to go to, where it is not our own.
    #[must_use]
    pub fn ip_seen_by(&self, peer: IpAddr) -> Option<IpAddr> {
        self.reflexive.of(peer).map(|at| at.ip())
    }

    /// Where the peer behind this hop reaches us. Only datagrams come back the way that ours went out: connections are made anew, to
    /// the port that we listen on.
    pub(super) fn local_for(&self, hop: Hop) -> SocketAddr {
        let local = self.local(hop.transport);
        match (self.reflexive.of(hop.ip()), hop.transport) {
            (Some(seen), Transport::Udp) => seen,
            (Some(seen), Transport::Tcp | Transport::Tls) => SocketAddr::new(seen.ip(), local.port()),
            (None, _) => local,
        }
    }

    /// Whether the peer of an answered session was told another Contact than holds now; asked once.
    pub fn take_moved(&mut self, session: SessionId) -> bool {
        self.moved.remove(&session)
    }

    pub(super) fn relocate_sessions(&mut self) {
        let mut sessions = std::mem::take(&mut self.sessions);
        for (id, session) in &mut sessions {
            if session.relocate(|hop| self.local_for(hop)) {
                self.moved.insert(*id);
            }
        }
        self.moved.retain(|id| sessions.contains_key(id));
        self.sessions = sessions;
    }

    /// Tells as whom the peer saw a request of ours (RFC 3261 §18.2.1, RFC 3581 §4), when that is news. Only the word of whoever was
    /// asked counts.
    pub(super) fn note_reflexive(&self, id: ClientId, source: Hop, response: &Response, out: &mut Vec<AgentOutput>) {
        let asked = self.transactions.request_of(id).map(|(_, to)| to.ip().to_canonical());
        if source.transport != Transport::Udp || asked != Some(source.ip().to_canonical()) {
            return;
        }
        let via = response.headers().list("Via").next().and_then(|text| Via::parse(text).ok());
        let Some(seen) = via.and_then(|via| Some(SocketAddr::new(via.received?.to_canonical(), via.rport.flatten()?))) else { return };
        if seen != self.local_for(source) {
            out.push(AgentOutput::Event(SipEvent::SeenAs { by: source, at: seen }));
        }
    }
}

/// Whether a host is none of the private networks (RFC 1918, RFC 6598, RFC 4193) nor on this link or computer.
#[must_use]
pub fn is_outside(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || shared)
        }
        IpAddr::V6(ip) => {
            !(ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_local_hosts_are_not_outside() {
        for inside in ["10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "fd00::1", "fe80::1", "::1"] {
            assert!(!is_outside(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["203.0.113.7", "100.128.0.1", "172.32.0.1", "2001:db8::1", "::ffff:203.0.113.7"] {
            assert!(is_outside(outside.parse().unwrap()), "{outside}");
        }
    }
}
