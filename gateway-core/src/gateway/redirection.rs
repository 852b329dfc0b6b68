//! Where 3xx and REFER may lead: to the peer that sent it, the remote server, and users registered here. Nowhere else (decision 0017).

use std::net::IpAddr;

use super::Gateway;
use super::targets::{Destination, transports_of};
use crate::config::PortId;
use crate::config::settings::Mode;
use crate::sip::agent::{Invite, SessionId};
use crate::sip::hop::Transport;
use crate::sip::uri::Uri;
use crate::time::Moment;

impl Gateway {
    /// The INVITEs that follow a redirection of a session; none: it leads nowhere that is called from here.
    pub(super) fn follow(&mut self, session: SessionId, targets: &[String], now: Moment) -> Vec<Invite> {
        let Some(&(id, peer)) = self.sessions.get(&session) else { return Vec::new() };
        let destinations = targets.iter().flat_map(|target| self.led_to(id, peer, target, now)).collect();
        self.invites(id, destinations)
    }

    /// Where a URI that a peer wrote leads, as far as it is called from here.
    pub(super) fn led_to(&self, id: PortId, peer: IpAddr, target: &str, now: Moment) -> Vec<Destination> {
        let Some(uri) = Uri::parse(target).ok().filter(|uri| uri.is_sip() && uri.password.is_none()) else { return Vec::new() };
        if self.is_here(&uri) {
            return self.registered(id, &uri, now);
        }
        let ip = uri.ip().or_else(|| self.names.known(&uri.host).first().copied()).map(|ip| ip.to_canonical());
        let is_known = ip.is_some_and(|ip| ip == peer.to_canonical() || self.is_remote_server(ip));
        if !is_known && !uri.host.eq_ignore_ascii_case(&self.server_host()) {
            return Vec::new();
        }
        let host = uri.ip().map_or_else(|| uri.host.clone(), |ip| ip.to_string());
        let place = self.way_to(&host, uri.port, transports_of(target, &self.settings.gateway));
        let hops = self.outages.in_order(self.names.known_hops(&place));
        // Headers of a URI belong in no Request-URI (RFC 3261 §19.1.1).
        let request_uri = Uri { headers: None, ..uri }.to_string();
        Destination::at(&hops, request_uri, self.proxy_route()).into_iter().collect()
    }

    /// Whether a URI leads to our own door, by the address that peers reach us on, one at which they see us, or one that every
    /// computer has for itself.
    pub(super) fn is_here(&self, uri: &Uri) -> bool {
        let transport = if uri.scheme == "sips" { Transport::Tls } else { Transport::Udp };
        let port = uri.port.unwrap_or(transport.default_port());
        let is_ours = |ip: IpAddr| ip.to_canonical() == self.address.sip.ip().to_canonical() || ip.to_canonical().is_loopback();
        uri.ip().is_some_and(is_ours) && (port == self.address.sip.port() || port == self.address.tls_port)
            || uri.ip().is_some_and(|ip| self.public.is_seen_at(ip, port))
    }

    /// Another user of ours, as a telephone forwards to: its contacts, as far as the port admits them. Never a line.
    fn registered(&self, id: PortId, uri: &Uri, now: Moment) -> Vec<Destination> {
        let (Mode::SipServer, Some(user), Some(port)) = (self.settings.gateway.mode, &uri.user, self.ports.get(id.index())) else {
            return Vec::new();
        };
        let bindings = self.without_the_lost(user, self.registrar.contacts(user, now));
        let admitted =
            bindings.into_iter().filter(|binding| port.hosts.admits(binding.source.ip().to_canonical(), &|host| self.names.known(host)));
        admitted.filter_map(|binding| Destination::at(&[binding.source], binding.uri, binding.path)).collect()
    }
}
