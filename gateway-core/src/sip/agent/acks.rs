//! The ACKs we sent for 2xx: every repetition of a 2xx gets the same one again (RFC 3261 §13.2.2.4).

use std::collections::BTreeMap;

use super::AgentOutput;
use crate::sip::hop::Hop;
use crate::sip::transaction::ClientId;

/// Forks of one INVITE that may answer 2xx; a further one is ignored and gives up by itself.
const MOST_FORKS: usize = 16;

#[derive(Clone, Debug)]
struct Ack {
    remote_tag: String,
    to: Hop,
    bytes: Vec<u8>,
}

/// ACKs by INVITE, kept for as long as its transaction is.
#[derive(Clone, Debug, Default)]
pub(super) struct Acks(BTreeMap<ClientId, Vec<Ack>>);

impl Acks {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sends the ACK for this fork's 2xx again; false when there is none yet.
    pub(super) fn repeat(&self, invite: ClientId, remote_tag: &str, out: &mut Vec<AgentOutput>) -> bool {
        let sent = self.0.get(&invite).and_then(|acks| acks.iter().find(|ack| ack.remote_tag == remote_tag));
        out.extend(sent.map(|ack| AgentOutput::Send { to: ack.to, bytes: ack.bytes.clone() }));
        sent.is_some()
    }

    /// Whether one more fork may answer.
    pub(super) fn has_room(&self, invite: ClientId) -> bool {
        self.0.get(&invite).is_none_or(|acks| acks.len() < MOST_FORKS)
    }

    /// Keeps the ACK that was just sent.
    pub(super) fn keep(&mut self, invite: ClientId, remote_tag: String, to: Hop, bytes: Vec<u8>) {
        self.0.entry(invite).or_default().push(Ack { remote_tag, to, bytes });
    }

    /// The INVITE's transaction is over.
    pub(super) fn forget(&mut self, invite: ClientId) {
        self.0.remove(&invite);
    }
}
