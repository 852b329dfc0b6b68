//! Where peers reach this gateway. A computer changes its network without telling anybody: it is looked up again now and then.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::gateway::GatewayAddress;
use crate::shell::sockets::{reachable_ip, routed_ip};
use crate::time::Moment;

/// How often the system is asked. A peer that calls the old address meanwhile finds nobody, and asking sends nothing.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// After the word that a network came or went, more of it follows: addresses, then routes.
const SETTLES: Duration = Duration::from_millis(300);

/// The address that the brain was last told, and when to look again.
pub(super) struct Whereabouts {
    told: GatewayAddress,
    due: Moment,
    /// There was no network at the last look.
    cut_off: bool,
    routed: Box<dyn Fn(IpAddr) -> Option<IpAddr> + Send>,
}

impl Whereabouts {
    /// The brain was told `told`.
    pub(super) fn new(told: GatewayAddress, now: Moment) -> Self {
        Whereabouts { told, due: now + LOOK_EVERY, cut_off: false, routed: Box::new(routed_ip) }
    }

    /// When to look again.
    pub(super) fn due(&self) -> Moment {
        self.due
    }

    /// The system said that a network came or went.
    pub(super) fn look_soon(&mut self, now: Moment) {
        self.due = self.due.min(now + SETTLES);
    }

    /// The address of a gateway whose SIP socket is bound to `bound`, when it is not what the brain was told, or is reached again
    /// after there was no network: whoever gave us up meanwhile has to hear of us.
    ///
    /// Without any network there is no better address than the last one: most often the same comes back.
    pub(super) fn look(&mut self, bound: SocketAddr, tls_port: u16, now: Moment) -> Option<GatewayAddress> {
        self.due = now + LOOK_EVERY;
        let routed = (self.routed)(bound.ip());
        let is_back = std::mem::replace(&mut self.cut_off, routed.is_none()) && routed.is_some();
        let last = Some(self.told.rtp_ip).filter(|ip| ip.is_ipv4() == bound.is_ipv4());
        let ip = routed.or(last).unwrap_or_else(|| reachable_ip(bound.ip()));
        let found = GatewayAddress { sip: SocketAddr::new(ip, bound.port()), tls_port, rtp_ip: ip };
        (found != self.told || is_back).then(|| {
            self.told = found;
            found
        })
    }
}

#[cfg(test)]
impl Whereabouts {
    /// Asks `routed` in place of the system, and is due at once.
    pub(super) fn ask(&mut self, routed: impl Fn(IpAddr) -> Option<IpAddr> + Send + 'static) {
        self.routed = Box::new(routed);
        self.due = Moment::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_comes_back_is_told_again_because_peers_gave_it_up_meanwhile() {
        let bound: SocketAddr = "0.0.0.0:5060".parse().unwrap();
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let told = GatewayAddress { sip: SocketAddr::new(here, 5060), tls_port: 5061, rtp_ip: here };
        let mut whereabouts = Whereabouts::new(told, Moment::ZERO);
        let mut found = |routed: Option<IpAddr>| {
            whereabouts.ask(move |_| routed);
            whereabouts.look(bound, 5061, Moment::ZERO).map(|address| address.rtp_ip)
        };
        assert_eq!(found(Some(here)), None);
        assert_eq!([found(None), found(None)], [None, None], "there is no better address than the last one");
        assert_eq!([found(Some(here)), found(Some(here))], [Some(here), None]);
        assert_eq!([found(None), found(Some(there)), found(Some(there))], [None, Some(there), None]);
    }
}
