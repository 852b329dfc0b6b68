//! Where RTP goes to and from whom it is taken.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::sdp::Agreed;
use crate::time::Moment;

/// Another port of the agreed host is followed only when the one in use has been quiet for this long.
const QUIET: Duration = Duration::from_millis(500);

/// The peer of one call: the agreed host, and the ports it really uses.
///
/// Symmetric RTP (RFC 4961): packets go back to the port they come from, which gets them through a NAT in front of the
/// peer. A host other than the agreed one is never listened to, so that nobody else can divert or feed the call.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    rtp: Path,
    rtcp: Path,
}

#[derive(Clone, Debug)]
struct Path {
    agreed: SocketAddr,
    /// The port heard from, and when last.
    latched: Option<(u16, Moment)>,
}

impl Peer {
    pub(super) fn new(agreed: &Agreed) -> Self {
        Peer { rtp: Path::new(agreed.remote), rtcp: Path::new(agreed.remote_rtcp) }
    }

    /// Whether this is still the peer after a new offer and answer.
    pub(super) fn is(&self, agreed: &Agreed) -> bool {
        self.rtp.agreed == agreed.remote && self.rtcp.agreed == agreed.remote_rtcp
    }

    /// Where RTP is sent to; `None` when the peer gave no usable address.
    pub(super) fn rtp_to(&self) -> Option<SocketAddr> {
        self.rtp.to()
    }

    /// Where RTCP is sent to; `None` when the peer gave no usable address.
    pub(super) fn rtcp_to(&self) -> Option<SocketAddr> {
        self.rtcp.to()
    }

    /// Whether an RTP packet from `source` is taken; it is then known to be a well-formed one.
    pub(super) fn admits_rtp(&mut self, source: SocketAddr, now: Moment) -> bool {
        self.rtp.admits(source, now)
    }

    /// Whether an RTCP packet from `source` is taken; it is then known to be a well-formed one.
    pub(super) fn admits_rtcp(&mut self, source: SocketAddr, now: Moment) -> bool {
        self.rtcp.admits(source, now)
    }
}

impl Path {
    fn new(agreed: SocketAddr) -> Self {
        Path { agreed, latched: None }
    }

    fn to(&self) -> Option<SocketAddr> {
        let port = self.latched.map_or(self.agreed.port(), |(port, _)| port);
        (port != 0 && !self.agreed.ip().is_unspecified()).then_some(SocketAddr::new(self.agreed.ip(), port))
    }

    fn admits(&mut self, source: SocketAddr, now: Moment) -> bool {
        if !same_host(source.ip(), self.agreed.ip()) {
            return false;
        }
        let other_port_in_use = self.latched.is_some_and(|(port, last)| port != source.port() && now - last < QUIET);
        if !other_port_in_use {
            self.latched = Some((source.port(), now));
        }
        !other_port_in_use
    }
}

/// A dual-stack socket shows IPv4 sources as mapped IPv6 addresses.
fn same_host(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical() == b.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::{Codec, Direction};

    fn peer(remote: &str) -> Peer {
        let remote: SocketAddr = remote.parse().unwrap();
        Peer::new(&Agreed {
            remote,
            remote_rtcp: SocketAddr::new(remote.ip(), remote.port() + 1),
            codec: Codec::Pcma,
            payload_type: 8,
            telephone_event: Some(101),
            ptime_ms: 20,
            direction: Direction::Sendrecv,
        })
    }

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn packets_go_to_the_agreed_port_until_the_peer_shows_another() {
        let mut peer = peer("192.0.2.1:4000");
        assert_eq!(peer.rtp_to(), Some(at("192.0.2.1:4000")));
        assert!(peer.admits_rtp(at("192.0.2.1:61000"), Moment::ZERO));
        assert_eq!(peer.rtp_to(), Some(at("192.0.2.1:61000")));
        assert_eq!(peer.rtcp_to(), Some(at("192.0.2.1:4001")));
    }

    #[test]
    fn another_host_is_never_listened_to() {
        let mut peer = peer("192.0.2.1:4000");
        assert!(!peer.admits_rtp(at("192.0.2.2:4000"), Moment::ZERO));
        assert!(!peer.admits_rtcp(at("192.0.2.2:4001"), Moment::ZERO));
        assert_eq!(peer.rtp_to(), Some(at("192.0.2.1:4000")));
        assert!(peer.admits_rtp(at("[::ffff:192.0.2.1]:4000"), Moment::ZERO), "the same host on a dual-stack socket");
    }

    #[test]
    fn a_second_port_is_followed_only_when_the_first_is_quiet() {
        let mut peer = peer("192.0.2.1:4000");
        assert!(peer.admits_rtp(at("192.0.2.1:4000"), Moment::ZERO));
        assert!(!peer.admits_rtp(at("192.0.2.1:5000"), Moment::from_millis(499)));
        assert!(peer.admits_rtp(at("192.0.2.1:5000"), Moment::from_millis(500)));
        assert_eq!(peer.rtp_to(), Some(at("192.0.2.1:5000")));
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_is_none() {
        assert_eq!(peer("0.0.0.0:4000").rtp_to(), None);
        assert_eq!(peer("192.0.2.1:0").rtp_to(), None);
    }
}
