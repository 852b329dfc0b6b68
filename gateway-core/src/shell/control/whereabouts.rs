//! Where peers reach this gateway. A computer changes its network without telling anybody: it is looked up again now and then.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::gateway::GatewayAddress;
use crate::shell::udp::{reachable_ip, routed_ip};
use crate::time::Moment;

/// How often the system is asked. A peer that calls the old address meanwhile finds nobody, and asking sends nothing.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The address that the brain was last told, and when to look again.
pub(super) struct Whereabouts {
    told: GatewayAddress,
    due: Moment,
    routed: Box<dyn Fn(IpAddr) -> Option<IpAddr> + Send>,
}

impl Whereabouts {
    /// The brain was told `told`.
    pub(super) fn new(told: GatewayAddress, now: Moment) -> Self {
        Whereabouts { told, due: now + LOOK_EVERY, routed: Box::new(routed_ip) }
    }

    /// When to look again.
    pub(super) fn due(&self) -> Moment {
        self.due
    }

    /// The address of a gateway whose SIP socket is bound to `bound`, when it is not what the brain was told.
    ///
    /// Without any network there is no better address than the last one: most often the same comes back.
    pub(super) fn look(&mut self, bound: SocketAddr, now: Moment) -> Option<GatewayAddress> {
        self.due = now + LOOK_EVERY;
        let last = Some(self.told.rtp_ip).filter(|ip| ip.is_ipv4() == bound.is_ipv4());
        let ip = (self.routed)(bound.ip()).or(last).unwrap_or_else(|| reachable_ip(bound.ip()));
        let found = GatewayAddress { sip: SocketAddr::new(ip, bound.port()), rtp_ip: ip };
        (found != self.told).then(|| {
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
