//! Settings that take effect: at once, or when the port they touch is idle.

use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::port::{Port, parse_hosts, parse_hours};
use super::registrations::limits;
use super::{Gateway, GatewayAddress, REALM, offers, plan, port_id, public_address};
use crate::config::PortId;
use crate::config::country::Country;
use crate::config::settings::{PortSettings, Settings};
use crate::fxo::line::{LineInput, LineState};
use crate::media::{Ear, MediaCommand};
use crate::sip::digest::Verifier;
use crate::sip::locate::Place;
use crate::time::Moment;

impl Gateway {
    /// New settings hold. Who may call, targets, users and flags change at once; what a call in progress was begun with
    /// (its line and audio rules) stays until its port is idle. No call is ended.
    pub(super) fn apply(&mut self, settings: Settings, now: Moment, out: &mut Vec<Action>) {
        self.country = plan::country(&settings.gateway.country);
        self.resize_ports(&settings.ports, now);
        if settings.gateway.sha256_digest != self.settings.gateway.sha256_digest {
            self.verifier = Verifier::new(REALM, offers(&settings), &mut self.rng);
        }
        let is_seen_as_before = public_address::is_seen_as_before(&self.settings, &settings);
        // Whoever registered with a secret that is changed now has to prove the new one.
        let before = plan::registering_users(&self.settings);
        self.settings = settings;
        self.registrar.set_limits(limits(&self.settings.gateway));
        self.tell_agent();
        let users = plan::registering_users(&self.settings).into_iter();
        let kept: Vec<String> = users.filter(|user| before.contains(user)).map(|(user, _)| user).collect();
        self.registrar.retain_users(|user| kept.iter().any(|known| known == user));
        for (index, port) in self.settings.ports.clone().into_iter().enumerate() {
            self.apply_port(port_id(index), port, out);
        }
        self.keep_names(now);
        if !is_seen_as_before {
            self.renew_public_address(now);
            self.tell_calls_where_we_are(now, out);
        }
        self.renew_accounts(now, out);
        self.renew_qualify(now);
        out.push(self.notice(Severity::Info, NoticeCode::SettingsApplied, None, &[], now));
    }

    /// What the user agent has to know of the settings.
    pub(super) fn tell_agent(&mut self) {
        self.agent.set_session_expires(plan::session_expires(&self.settings.gateway));
        self.agent.set_tcp(self.settings.gateway.takes_tcp());
    }

    pub(super) fn readdress(&mut self, address: GatewayAddress, now: Moment, out: &mut Vec<Action>) {
        self.address = address;
        self.agent.set_local(address.sip, address.tls_port);
        self.renew_public_address(now);
        self.tell_where_we_are(now, out);
    }

    fn resize_ports(&mut self, ports: &[PortSettings], now: Moment) {
        for settings in ports.iter().skip(self.ports.len()) {
            let id = port_id(self.ports.len());
            self.ports.push(Port::new(id, settings.clone(), self.country, now));
            if self.device.as_ref().is_some_and(|device| id.0 < device.ports) {
                self.line_input(id, LineInput::DeviceUp, now);
            }
        }
        for account in self.registrations.resize(&mut self.rng, ports.len()) {
            self.agent.unregister(account, now, &mut self.pending.sip);
        }
    }

    /// Drops the ports at the end that the settings know no more, once their line is proven to be released.
    ///
    /// Until then such a port keeps its machine, which repeats the release; it takes no new call.
    pub(super) fn drop_surplus_ports(&mut self, out: &mut Vec<Action>) {
        while self.ports.len() > self.settings.ports.len()
            && let Some(port) = self.ports.pop_if(|port| port.call.is_none() && is_at_rest(port))
        {
            out.push(Action::Media { port: port.id, command: MediaCommand::Listen(Ear::Closed) });
        }
    }

    fn apply_port(&mut self, id: PortId, settings: PortSettings, out: &mut Vec<Action>) {
        let country = self.country;
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        port.hosts = parse_hosts(&settings.only_from_host);
        port.hours = parse_hours(&settings.outgoing_hours);
        if port.call.is_some() {
            let line = std::mem::replace(&mut port.settings, settings.clone()).line;
            port.settings.line = line;
            port.waiting = Some((settings, country));
        } else {
            self.apply_to_idle(id, settings, country, out);
        }
    }

    /// Settings that waited for the end of a call.
    pub(super) fn apply_waiting(&mut self, id: PortId, out: &mut Vec<Action>) {
        if let Some((settings, country)) = self.ports.get_mut(id.index()).and_then(|port| port.waiting.take()) {
            self.apply_to_idle(id, settings, country, out);
        }
    }

    fn apply_to_idle(&mut self, id: PortId, settings: PortSettings, country: &'static Country, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        port.line.configure(plan::line_config(&settings, country));
        port.settings = settings;
        self.configure_channel(id, out);
    }

    /// Tells the channel of a port its rules, when they differ from what it was told.
    pub(super) fn configure_channel(&mut self, id: PortId, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let media = plan::media_config(&port.settings, self.country);
        if port.media.as_ref() != Some(&media) {
            port.media = Some(media.clone());
            out.push(Action::Media { port: id, command: MediaCommand::Configure(Box::new(media)) });
        }
    }

    /// Keeps the names fresh that the settings mention: admitted hosts, the remote server and the way to it.
    pub(super) fn keep_names(&mut self, now: Moment) {
        let server = self.server_host();
        let hosts = self.ports.iter().flat_map(|port| port.hosts.names()).chain(Some(server.as_str()).filter(|host| !host.is_empty()));
        let places = hosts.map(Place::of_host).chain(self.way_to_server()).chain(self.stun_place());
        let places = places.filter(|place| place.ip().is_none()).collect();
        self.names.keep(places, now);
        self.outages.keep(&self.known_server_hops());
    }
}

/// Whether the line of a port is proven to be on hook: nothing is left to be released.
fn is_at_rest(port: &Port) -> bool {
    match port.line.state() {
        LineState::Absent | LineState::NoBattery | LineState::Idle | LineState::Ringing | LineState::InUse | LineState::OutOfService => {
            true
        }
        LineState::Seizing | LineState::OffHook | LineState::Releasing | LineState::Guard | LineState::Fault => false,
    }
}
