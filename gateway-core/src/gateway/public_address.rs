//! As whom the gateway is seen from outside: the remote server tells with every answer (decision 0024).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::call::Step;
use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::{Gateway, port_id};
use crate::config::settings::{Mode, Settings};
use crate::sip::hop::Hop;
use crate::time::Moment;

/// A NAT that maps us anew with every request must not make us register without end: so long one address is stuck to.
const HOLDS: Duration = Duration::from_secs(30);

/// What is known of how others see us.
#[derive(Debug, Default)]
pub(super) struct PublicAddress {
    /// As whom the remote server sees us, where that is not as we are, and since when.
    seen: Option<(SocketAddr, Moment)>,
}

impl PublicAddress {
    /// As whom the remote server sees us, where that is not as we are.
    pub(super) fn seen(&self) -> Option<SocketAddr> {
        self.seen.map(|(at, _)| at)
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

    /// Nothing that was seen holds any more.
    pub(super) fn forget_public_address(&mut self) {
        if std::mem::take(&mut self.public).seen.is_some() {
            self.agent.forget_who_sees();
            self.registrations.register_again();
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
}

/// Whether a peer can have seen us there: an address of our own family that somebody can have.
fn is_plausible(at: SocketAddr, own: SocketAddr) -> bool {
    let is_host = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()),
        IpAddr::V6(ip) => !(ip.is_unspecified() || ip.is_multicast()),
    };
    is_host(at.ip()) && at.port() != 0 && at.is_ipv4() == own.is_ipv4()
}
