//! Where this user agent is, how it watches its sessions, and whether anything keeps it busy.

use std::net::SocketAddr;

use super::UserAgent;
use super::ask::Purpose;
use crate::sip::hop::Transport;
use crate::sip::session_timer::SHORTEST_S;

impl UserAgent {
    /// Peers reach us elsewhere from now on: Via and Contact of everything that begins after this call.
    pub fn set_local(&mut self, local: SocketAddr, tls_port: u16) {
        self.config.local = local;
        self.config.tls_port = tls_port;
    }

    /// Where peers reach us over a transport.
    pub(super) fn local(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Udp | Transport::Tcp => self.config.local,
            Transport::Tls => SocketAddr::new(self.config.local.ip(), self.config.tls_port),
        }
    }

    /// Session timers (RFC 4028) of sessions that begin after this call: the interval to ask for, at least 90 s. `None`, as at the
    /// start: the agent knows nothing of them.
    pub fn set_session_expires(&mut self, seconds: Option<u32>) {
        self.session_expires_s = seconds.map(|seconds| seconds.max(SHORTEST_S));
    }

    /// Whether session timers are on.
    #[must_use]
    pub fn has_session_timers(&self) -> bool {
        self.session_expires_s.is_some()
    }

    /// How many sessions are open. Transactions that only wait for repetitions do not count.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Transactions that still have something to do, in both directions. Those that only absorb repetitions do not count, nor do
    /// questions whether somebody is there, which never end.
    #[must_use]
    pub fn open_transactions(&self) -> usize {
        let probes = self.owners.values().filter(|owner| matches!(owner.purpose, Purpose::Probe(_))).count();
        (self.transactions.len() - self.transactions.spent()).saturating_sub(probes)
    }
}
