//! Where RTP goes to and from whom it is taken.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::MediaPlan;
use crate::time::Moment;

/// Another port or host is followed only when the one in use has been quiet for this long.
const QUIET: Duration = Duration::from_millis(500);

/// The peer of one call: the host that SDP names or the one that its SIP comes from, and the ports it really uses.
///
/// Symmetric RTP (RFC 4961): packets go back to where they come from, which gets them through a NAT in front of the peer,
/// and to a phone whose SDP names an address that its packets do not have. Any other host is never listened to, so that
/// nobody else can divert or feed the call: whoever sends from the host of the SIP messages could have written the SDP too. A packet
/// that the peer sealed is proof by itself, wherever it comes from.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    rtp: Path,
    rtcp: Path,
}

#[derive(Clone, Debug)]
struct Path {
    agreed: SocketAddr,
    /// Where the SIP messages of the peer come from.
    signalling: Option<IpAddr>,
    /// Where packets come from, and when last.
    latched: Option<(SocketAddr, Moment)>,
}

impl Peer {
    pub(super) fn new(plan: &MediaPlan) -> Self {
        let path = |agreed| Path { agreed, signalling: plan.signalling, latched: None };
        Peer { rtp: path(plan.agreed.remote), rtcp: path(plan.agreed.remote_rtcp) }
    }

    /// Whether this is still the peer after a new offer and answer.
    pub(super) fn is(&self, plan: &MediaPlan) -> bool {
        let same = |path: &Path, agreed| path.agreed == agreed && path.signalling == plan.signalling;
        same(&self.rtp, plan.agreed.remote) && same(&self.rtcp, plan.agreed.remote_rtcp)
    }

    /// Where RTP is sent to; `None` when the peer gave no usable address.
    pub(super) fn rtp_to(&self) -> Option<SocketAddr> {
        self.rtp.to()
    }

    /// Where RTCP is sent to; `None` when the peer gave no usable address. While none has come, it follows RTP to another host.
    pub(super) fn rtcp_to(&self) -> Option<SocketAddr> {
        let rtp = self.rtp.latched.map(|(source, _)| source).filter(|source| !same_host(source.ip(), self.rtp.agreed.ip()));
        match (self.rtcp.latched, rtp) {
            (None, Some(rtp)) => self.rtcp.to().map(|_| SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1))),
            (Some(_), _) | (None, None) => self.rtcp.to(),
        }
    }

    /// Whether an RTP packet from `source` is taken, `proven` to be the peer's or not; it is known to be a well-formed one.
    pub(super) fn admits_rtp(&mut self, source: SocketAddr, proven: bool, now: Moment) -> bool {
        self.rtp.admits(source, proven, now)
    }

    /// Whether an RTCP packet from `source` is taken, `proven` to be the peer's or not; it is known to be a well-formed one.
    pub(super) fn admits_rtcp(&mut self, source: SocketAddr, proven: bool, now: Moment) -> bool {
        self.rtcp.admits(source, proven, now)
    }
}

impl Path {
    fn to(&self) -> Option<SocketAddr> {
        let to = self.latched.map_or(self.agreed, |(source, _)| source);
        (to.port() != 0 && !self.agreed.ip().is_unspecified()).then_some(to)
    }

    fn admits(&mut self, source: SocketAddr, proven: bool, now: Moment) -> bool {
        let known = proven || [Some(self.agreed.ip()), self.signalling].into_iter().flatten().any(|host| same_host(source.ip(), host));
        let other_in_use = self.latched.is_some_and(|(latched, last)| latched != source && now - last < QUIET);
        let admitted = known && !other_in_use;
        if admitted {
            self.latched = Some((source, now));
        }
        admitted
    }
}

/// A dual-stack socket shows IPv4 sources as mapped IPv6 addresses.
fn same_host(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical() == b.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::{Agreed, Codec};

    /// A peer whose SIP comes from 198.51.100.7.
    fn peer(remote: &str) -> Peer {
        let agreed = Agreed::plain(remote.parse().unwrap(), Codec::Pcma);
        let signalling = Some("198.51.100.7".parse().unwrap());
        Peer::new(&MediaPlan { signalling, ..MediaPlan::new(agreed, 1, "") })
    }

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn packets_go_to_the_agreed_port_until_the_peer_shows_another() {
        let mut peer = peer("192.0.2.1:4000");
        assert_eq!(peer.rtp_to(), Some(at("192.0.2.1:4000")));
        assert!(peer.admits_rtp(at("192.0.2.1:61000"), false, Moment::ZERO));
        assert_eq!(peer.rtp_to(), Some(at("192.0.2.1:61000")));
        assert_eq!(peer.rtcp_to(), Some(at("192.0.2.1:4001")));
    }

    #[test]
    fn another_host_is_never_listened_to() {
        let mut peer = peer("192.0.2.1:4000");
        assert!(!peer.admits_rtp(at("192.0.2.2:4000"), false, Moment::ZERO));
        assert!(!peer.admits_rtcp(at("192.0.2.2:4001"), false, Moment::ZERO));
        assert_eq!(peer.rtp_to(), Some(at("192.0.2.1:4000")));
        assert!(peer.admits_rtp(at("[::ffff:192.0.2.1]:4000"), false, Moment::ZERO), "the same host on a dual-stack socket");
    }

    #[test]
    fn a_peer_that_sends_from_where_its_sip_comes_from_is_heard_and_answered_there() {
        let mut peer = peer("10.0.0.9:4000");
        assert_eq!(peer.rtp_to(), Some(at("10.0.0.9:4000")));
        assert!(peer.admits_rtp(at("198.51.100.7:61000"), false, Moment::ZERO));
        assert_eq!((peer.rtp_to(), peer.rtcp_to()), (Some(at("198.51.100.7:61000")), Some(at("198.51.100.7:61001"))));
        assert!(!peer.admits_rtp(at("10.0.0.9:4000"), false, Moment::from_millis(499)), "one source at a time");
        assert!(!peer.admits_rtp(at("203.0.113.5:4000"), false, Moment::from_secs(9)), "and nobody else, however quiet it is");
        assert!(peer.admits_rtp(at("10.0.0.9:4000"), false, Moment::from_secs(9)));
        assert!(peer.admits_rtcp(at("198.51.100.7:62001"), false, Moment::from_secs(9)));
        assert_eq!((peer.rtp_to(), peer.rtcp_to()), (Some(at("10.0.0.9:4000")), Some(at("198.51.100.7:62001"))));
    }

    #[test]
    fn a_proven_packet_is_followed_to_any_host_once_the_one_in_use_is_quiet() {
        let mut peer = peer("192.0.2.1:4000");
        assert!(peer.admits_rtp(at("203.0.113.5:4000"), true, Moment::ZERO));
        assert_eq!(peer.rtp_to(), Some(at("203.0.113.5:4000")));
        assert!(!peer.admits_rtp(at("203.0.113.6:4000"), true, Moment::from_millis(499)));
        assert!(peer.admits_rtp(at("203.0.113.6:4000"), true, Moment::from_millis(500)));
    }

    #[test]
    fn a_second_port_is_followed_only_when_the_first_is_quiet() {
        let mut peer = peer("192.0.2.1:4000");
        assert!(peer.admits_rtp(at("192.0.2.1:4000"), false, Moment::ZERO));
        assert!(!peer.admits_rtp(at("192.0.2.1:5000"), false, Moment::from_millis(499)));
        assert!(peer.admits_rtp(at("192.0.2.1:5000"), false, Moment::from_millis(500)));
        assert_eq!(peer.rtp_to(), Some(at("192.0.2.1:5000")));
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_is_none() {
        assert_eq!(peer("0.0.0.0:4000").rtp_to(), None);
        assert_eq!(peer("192.0.2.1:0").rtp_to(), None);
    }
}
