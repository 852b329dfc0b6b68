//! Where this user agent is, how it watches its sessions, and whether anything keeps it busy.

use std::net::SocketAddr;

use super::ask::Purpose;
use super::{AgentOutput, SessionId, UserAgent};
use crate::sip::hop::Transport;
use crate::sip::session_timer::SHORTEST_S;
use crate::time::Moment;

impl UserAgent {
    /// Peers reach us elsewhere from now on: Via and Contact of everything that is sent after this call. Peers of answered sessions
    /// have to be told ([`UserAgent::tell_move`]).
    pub fn set_local(&mut self, local: SocketAddr, tls_port: u16) {
        self.config.local = local;
        self.config.tls_port = tls_port;
        self.relocate_sessions();
    }

    /// Where peers reach us over a transport.
    pub(super) fn local(&self, transport: Transport) -> SocketAddr {
        local(self.config.local, self.config.tls_port, transport)
    }

    /// Tells the peer of an answered session that we are where [`UserAgent::set_local`] says, and our audio where `description` does:
    /// by a re-INVITE (RFC 3261 §14.1), as soon as nothing else is under way.
    pub fn tell_move(&mut self, session: SessionId, description: Vec<u8>, now: Moment, out: &mut Vec<AgentOutput>) {
        self.relocate_sessions();
        self.in_session(session, now, out, |session, _| session.tell_move(description, now));
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

fn local(address: SocketAddr, tls_port: u16, transport: Transport) -> SocketAddr {
    match transport {
        Transport::Udp | Transport::Tcp => address,
        Transport::Tls => SocketAddr::new(address.ip(), tls_port),
    }
}
