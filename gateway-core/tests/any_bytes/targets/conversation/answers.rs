//! How the gateway answered what was sent to it by hand: no request more than once for good, and no ACK at all (RFC 3261 §17.2).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use gateway_core::sim::World;
use gateway_core::sip::message::{Headers, Message, Method};
use gateway_core::sip::wire::{self, Defect};

use super::PARTY;

/// What tells a transaction from others: the topmost Via, Call-ID, From and CSeq, as responses repeat them.
type Key = [String; 5];

/// Requests that came, by what their responses are known by, and how many final responses they may have.
#[derive(Debug, Default)]
pub struct Answers(BTreeMap<Key, usize>);

impl Answers {
    /// Something is about to reach the gateway.
    pub fn came(&mut self, bytes: &[u8]) {
        let (headers, answers) = match wire::read(bytes) {
            Ok(Message::Request(request)) => (Some(request.headers().clone()), usize::from(*request.method() != Method::Ack)),
            Ok(Message::Response(_)) => (None, 0),
            Err(error) => (error.reply.map(|reply| reply.headers().clone()), 1),
        };
        if let Some(key) = headers.as_ref().and_then(key) {
            *self.0.entry(key).or_default() += answers;
        }
    }

    /// Requests with too many final responses, and what the gateway sent and nobody can read.
    pub fn wrong(&self, world: &World) -> Vec<String> {
        let (mut finals, mut wrong): (BTreeMap<Key, BTreeSet<u16>>, Vec<String>) = (BTreeMap::new(), Vec::new());
        for datagram in world.tap.datagrams() {
            let response = match wire::read(&datagram.bytes) {
                Ok(Message::Response(response)) => response,
                Ok(Message::Request(_)) => continue,
                // A refusal repeats what could not be read.
                Err(_) if datagram.bytes.starts_with(b"SIP/2.0 4") || datagram.bytes.starts_with(b"SIP/2.0 5") => continue,
                // A peer is called by the Contact that it gave, sound or not.
                Err(error) if error.defect == Defect::RequestUri => continue,
                Err(error) => {
                    wrong.push(format!("{error} in what the gateway sent: {}", String::from_utf8_lossy(&datagram.bytes)));
                    continue;
                }
            };
            if let Some(key) = key(response.headers()).filter(|_| response.status() >= 200) {
                finals.entry(key).or_default().insert(response.status());
            }
        }
        let too_many = finals.into_iter().filter(|(key, statuses)| self.0.get(key).is_some_and(|most| statuses.len() > *most));
        wrong.extend(too_many.map(|(key, statuses)| format!("{key:?} was answered with {statuses:?}")));
        wrong
    }
}

/// `None` for what cannot be known, and for what names a party itself as its sender: it has requests of its own.
fn key(headers: &Headers) -> Option<Key> {
    let (via, cseq) = (headers.top_via().ok()?, headers.cseq().ok()?);
    let sent_by = format!("{}:{}", via.host, via.port.unwrap_or(5060));
    let own = sent_by == SocketAddr::from(PARTY).to_string();
    let key = [via.branch?, sent_by, headers.call_id().ok()?.to_owned(), headers.address("From").ok()?.to_string(), cseq.to_string()];
    (!own).then_some(key)
}
