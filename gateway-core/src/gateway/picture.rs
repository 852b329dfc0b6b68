//! The live picture, drawn from the machines.

use super::Gateway;
use super::port::Port;
use super::view::{ContactView, Load, PortState, PortView, RegistrationView, Snapshot};
use crate::config::PortId;
use crate::config::settings::Mode;
use crate::fxo::line::LineState;
use crate::sip::agent::RegistrationState;
use crate::time::Moment;

impl Gateway {
    /// Everything a person can see now.
    #[must_use]
    pub fn snapshot(&self, now: Moment) -> Snapshot {
        Snapshot {
            now_ms: now.as_millis(),
            mode: self.settings.gateway.mode,
            sip_address: self.address.sip.to_string(),
            public_address: self.public.shown().filter(|at| *at != self.address.sip).map(|at| at.to_string()),
            remote_server: self.settings.gateway.remote_server.clone(),
            device: self.device.clone(),
            ports: self.ports.iter().map(|port| self.port_view(port, now)).collect(),
        }
    }

    /// Each port with its state, its line and the name of its call: what somebody needs who looks often.
    pub fn port_states(&self) -> impl Iterator<Item = (PortId, PortState, LineState, Option<&str>)> {
        self.ports.iter().map(|port| {
            let call = port.call.as_ref().map(|call| call.facts().id.as_str());
            (port.id, port.shown.0, port.line.state(), call)
        })
    }

    /// How full the tables are.
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            sessions: self.agent.open_sessions(),
            transactions: self.agent.open_transactions(),
            owned_sessions: self.sessions.len(),
            names: self.names.len(),
        }
    }

    /// Notes state changes, so that "since when" is true.
    pub(super) fn refresh_view(&mut self, now: Moment) {
        for port in &mut self.ports {
            let state = port.state();
            if port.shown.0 != state {
                port.shown = (state, now);
            }
        }
    }

    fn port_view(&self, port: &Port, now: Moment) -> PortView {
        PortView {
            port: port.id,
            name: port.settings.name.clone(),
            state: port.shown.0,
            since_ms: port.shown.1.as_millis(),
            line: port.line.state(),
            call: port.call.as_ref().map(super::call::Call::view),
            registration: self.registration_view(port, now),
            last: port.last.clone(),
            meter: port.meter,
            millivolts: port.millivolts,
            microamps: port.microamps,
        }
    }

    fn registration_view(&self, port: &Port, now: Moment) -> RegistrationView {
        match self.settings.gateway.mode {
            Mode::SipTrunk => RegistrationView::None { peer: self.server_reach() },
            Mode::SipServer => {
                let user = self.user_of(port.id);
                let contact = |binding: &crate::sip::registrar::Binding| ContactView {
                    uri: binding.uri.clone(),
                    expires_ms: binding.expires_at.as_millis(),
                    peer: self.contact_reach(user, binding),
                };
                RegistrationView::Server { contacts: self.registrar.contacts(user, now).iter().map(contact).collect() }
            }
            Mode::SipClient => match self.registrations.state_of(port.id, self.settings.gateway.single_user) {
                None | Some((RegistrationState::Unregistered, _)) => RegistrationView::None { peer: None },
                Some((RegistrationState::Trying, _)) => RegistrationView::Trying,
                Some((RegistrationState::Registered { expires, rtt }, since)) => RegistrationView::Registered {
                    expires_ms: (*since + *expires).as_millis(),
                    rtt_ms: u32::try_from(rtt.as_millis()).unwrap_or(u32::MAX),
                },
                Some((RegistrationState::Failed { status, reason, retry }, since)) => {
                    RegistrationView::Failed { status: *status, reason: reason.clone(), retry_ms: (*since + *retry).as_millis() }
                }
            },
        }
    }
}
