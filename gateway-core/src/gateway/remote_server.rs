//! The remote server of client and trunk mode: where it is, which of its places are in service, and who counts as it (RFC 3263).

use std::net::IpAddr;

use super::Gateway;
use super::io::Action;
use super::mark::MarkKind;
use super::names::Lookup;
use super::notice::{NoticeCode, Severity};
use super::router;
use crate::config::host::HostPort;
use crate::config::settings::Mode;
use crate::config::target::Target;
use crate::sip::agent::{Probe, SessionId};
use crate::sip::hop::{Hop, Transport};
use crate::sip::locate::Place;
use crate::time::Moment;

impl Gateway {
    /// The host of the remote server, without port and brackets; blank where there is none.
    pub(super) fn server_host(&self) -> String {
        self.typed_server().map_or_else(String::new, |server| server.host.bare())
    }

    fn typed_server(&self) -> Option<HostPort> {
        let gateway = &self.settings.gateway;
        HostPort::parse(gateway.remote_server.trim()).ok().filter(|_| gateway.mode != Mode::SipServer)
    }

    /// The proxy that everything to the remote server goes through, where the settings name one.
    fn typed_proxy(&self) -> Option<HostPort> {
        let gateway = &self.settings.gateway;
        HostPort::parse(gateway.outbound_proxy.trim()).ok().filter(|_| gateway.mode != Mode::SipServer)
    }

    /// Where requests for a host go, over one of `transports`: to the outbound proxy where there is one, else to itself.
    pub(super) fn way_to(&self, host: &str, port: Option<u16>, transports: Vec<Transport>) -> Place {
        match self.typed_proxy() {
            Some(proxy) => Place { host: proxy.host.bare(), port: proxy.port, transports: self.settings.gateway.remote_transports() },
            None => Place { host: host.to_owned(), port, transports },
        }
    }

    /// Where requests for the remote server go; `None`: there is none.
    pub(super) fn way_to_server(&self) -> Option<Place> {
        let server = self.typed_server()?;
        Some(self.way_to(&server.host.bare(), server.port, self.settings.gateway.remote_transports()))
    }

    /// The outbound proxy as `Route` names it (RFC 3261 §8.1.2); none: requests take the shortest way.
    pub(super) fn proxy_route(&self) -> Vec<String> {
        let transport = self.settings.gateway.remote_transport.fixed().unwrap_or_default();
        self.typed_proxy().map(|proxy| format!("<sip:{proxy}{};lr>", transport.parameter())).into_iter().collect()
    }

    /// The places of the remote server in the order in which they are tried.
    pub(super) fn server_hops(&mut self, place: &Place, now: Moment) -> Lookup<Hop> {
        match self.names.hops(place, now) {
            Lookup::Known(hops) => Lookup::Known(self.outages.in_order(hops)),
            Lookup::Pending => Lookup::Pending,
        }
    }

    /// As [`Gateway::server_hops`], without asking for what is not known.
    pub(super) fn known_server_hops(&self) -> Vec<Hop> {
        self.way_to_server().map_or_else(Vec::new, |place| self.outages.in_order(self.names.known_hops(&place)))
    }

    /// A place did not answer, or answered that it is out of service: others of the same server are tried first until it is back. False:
    /// there are none, or it is none of the remote server's.
    pub(super) fn out_of_service(&mut self, hop: Hop, now: Moment, out: &mut Vec<Action>) -> bool {
        let hops = self.known_server_hops();
        let next = hops.iter().find(|other| **other != hop && self.outages.is_in_service(**other)).copied();
        let (true, Some(next)) = (hops.contains(&hop), next) else { return false };
        if self.outages.note(self.question(hop), now) {
            let server = ("server", self.settings.gateway.remote_server.clone());
            let args = [server, ("place", hop.to_string()), ("next", next.to_string())];
            out.push(self.notice(Severity::Warning, NoticeCode::ServerPlaceLost, None, &args, now));
        }
        true
    }

    /// A call of ours found nobody at one place of its server and is sent to the next.
    pub(super) fn went_elsewhere(&mut self, session: SessionId, from: Hop, to: Hop, now: Moment, out: &mut Vec<Action>) {
        self.out_of_service(from, now, out);
        if let Some((id, peer)) = self.sessions.get_mut(&session) {
            *peer = router::plain_ip(to.ip());
            let id = *id;
            self.tell_whose_session(session, id, out);
            self.mark(id, MarkKind::SipOut { message: "INVITE".to_owned(), peer: to.to_string() }, now, out);
        }
    }

    /// A place is back: what was moved away from it returns, where it is wanted more.
    pub(super) fn back_in_service(&mut self, hop: Hop, now: Moment, out: &mut Vec<Action>) {
        let args = [("server", self.settings.gateway.remote_server.clone()), ("place", hop.to_string())];
        out.push(self.notice(Severity::Info, NoticeCode::ServerPlaceBack, None, &args, now));
        self.renew_accounts(now, out);
        self.renew_qualify(now);
    }

    /// What the remote server is asked at one of its places, to see whether it is there.
    pub(super) fn question(&self, destination: Hop) -> Probe {
        let request_uri = format!("sip:{}", self.settings.gateway.remote_server.trim());
        Probe { destination, request_uri, route: self.proxy_route() }
    }

    /// The DNS server that the settings name, `address[:port]`; blank: whom this computer asks.
    #[must_use]
    pub fn dns_server(&self) -> &str {
        &self.settings.gateway.dns_server
    }

    /// The name whose certificate a neighbour has to show: what the settings call it (RFC 5922 §4), else its address.
    #[must_use]
    pub fn server_name(&self, ip: IpAddr) -> String {
        let plain = ip.to_canonical();
        if let Some(proxy) = self.typed_proxy().filter(|_| self.known_server_hops().iter().any(|hop| hop.ip().to_canonical() == plain)) {
            return proxy.host.bare();
        }
        if self.is_remote_server(plain) {
            return self.server_host();
        }
        let targets = self.settings.ports.iter().flat_map(|port| [&port.target, &port.second_target]);
        let mut hosts = targets.filter_map(|target| Target::parse(target).ok()?.host);
        let is_there = |typed: &HostPort| {
            let place = Place { host: typed.host.bare(), port: typed.port, transports: vec![Transport::Tls] };
            self.names.known_hops(&place).iter().any(|hop| hop.ip().to_canonical() == plain)
        };
        hosts.find(is_there).map_or_else(|| plain.to_string(), |typed| typed.host.bare())
    }

    /// Whether an address is one of the remote server's, or of the proxy before it.
    pub(super) fn is_remote_server(&self, ip: IpAddr) -> bool {
        let host = self.server_host();
        let literal = host.parse::<IpAddr>().ok();
        literal.is_some_and(|literal| literal.to_canonical() == ip)
            || self.names.known(&host).iter().any(|known| known.to_canonical() == ip)
            || self.known_server_hops().iter().any(|hop| hop.ip().to_canonical() == ip)
    }
}
