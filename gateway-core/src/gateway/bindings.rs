//! Who registered here outlives the program: what is asked to be kept of it, and what is taken back at the start.

use super::Gateway;
use super::io::Action;
use super::plan;
use crate::config::transport::Transport;
use crate::sip::registrar::Binding;
use crate::time::Moment;

impl Gateway {
    /// Asks to keep what has changed of the registrar, and watches who is there.
    ///
    /// A telephone that came by a connection is reached over it alone, and connections end with the program: it is not kept.
    pub(super) fn keep_bindings(&mut self, now: Moment, out: &mut Vec<Action>) {
        for (user, mut bindings) in self.registrar.take_changed() {
            self.watch_contacts(&user, &bindings, now);
            bindings.retain(|binding| binding.source.transport == Transport::Udp);
            out.push(Action::KeepBindings { user, bindings });
        }
    }

    /// Bindings of an earlier run. Of a user that is configured no more they are asked to be forgotten.
    pub(super) fn take_bindings_back(&mut self, user: &str, bindings: Vec<Binding>, now: Moment) {
        let known = plan::registering_users(&self.settings).iter().any(|(name, _)| name == user);
        self.registrar.take_back(user, if known { bindings } else { Vec::new() }, now);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};

    use super::super::GatewayAddress;
    use super::super::io::Event;
    use super::*;
    use crate::config::settings::{GatewaySettings, PortSettings, Settings};
    use crate::rng::Rng;
    use crate::sip::hop::Hop;

    #[test]
    fn a_telephone_behind_a_connection_is_not_kept() {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let address = GatewayAddress { sip: SocketAddr::new(ip, 5060), tls_port: 5061, rtp_ip: ip };
        let port = PortSettings { user: "101".to_owned(), ..PortSettings::default() };
        let settings = Settings { gateway: GatewaySettings::default(), ports: vec![port] };
        let mut gateway = Gateway::new(settings, address, Rng::from_seed(1));
        let binding = |transport: Transport| Binding {
            uri: format!("sip:101@192.0.2.7;transport={}", transport.via()),
            source: Hop::new(transport, ([192, 0, 2, 7], 40_000).into()),
            expires_at: Moment::from_secs(60),
            call_id: "call".to_owned(),
            cseq: 1,
            q_per_mille: 1000,
            user_agent: None,
            path: Vec::new(),
            since: Moment::ZERO,
        };
        let mut out = Vec::new();
        let bindings = Transport::ALL.map(binding).to_vec();
        gateway.handle(Event::BindingsKept { user: "101".to_owned(), bindings }, Moment::from_secs(1), &mut out);
        let kept = out.iter().find_map(|action| if let Action::KeepBindings { bindings, .. } = action { Some(bindings) } else { None });
        assert_eq!(kept, Some(&vec![binding(Transport::Udp)]));
    }
}
