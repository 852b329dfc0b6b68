//! Requests that are too large for a datagram go over a connection (RFC 3261 §18.1.1).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::UserAgent;
use crate::sip::hop::{Hop, Transport};
use crate::sip::message::Request;
use crate::sip::wire;
use crate::time::Moment;

/// The largest request that goes over UDP where the MTU of the path is not known, in bytes.
const LARGEST: usize = 1300;

/// A neighbour that took no connection is not asked for one again before this time is over.
const REFUSED_FOR: Duration = Duration::from_secs(600);

/// Neighbours of which it is kept that they took none; the one that was asked first goes.
const MOST_REFUSED: usize = 64;

/// With whom we may open connections for what is large.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    /// Answers over a connection, and requests of the peer that follow, find us.
    open: bool,
    refused: BTreeMap<SocketAddr, Moment>,
}

impl Streams {
    /// The hop that takes a request instead of this one; `None`: this one does.
    pub(super) fn instead_of(&self, to: Hop, request: &Request, now: Moment) -> Option<Hop> {
        let is_refused = self.refused.get(&to.address).is_some_and(|since| now < *since + REFUSED_FOR);
        if to.transport != Transport::Udp || !self.open || is_refused {
            return None;
        }
        (wire::write_request(request).len() > LARGEST).then(|| Hop::new(Transport::Tcp, to.address))
    }

    /// This neighbour took no connection.
    pub(super) fn note_refused(&mut self, address: SocketAddr, now: Moment) {
        self.refused.insert(address, now);
        if self.refused.len() > MOST_REFUSED
            && let Some(first) = self.refused.iter().min_by_key(|(_, since)| **since).map(|(address, _)| *address)
        {
            self.refused.remove(&first);
        }
    }
}

impl UserAgent {
    /// Whether peers find us over TCP, too: then what is too large for a datagram goes over a connection, and only where none can be
    /// had as a datagram after all.
    pub fn set_tcp(&mut self, open: bool) {
        self.streams.open = open;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_refusals_are_kept_and_none_for_ever() {
        let mut streams = Streams { open: true, ..Streams::default() };
        let address = |number: u16| SocketAddr::from(([192, 0, 2, 1], number));
        for number in 1..=100 {
            streams.note_refused(address(number), Moment::from_secs(u64::from(number)));
        }
        assert_eq!(streams.refused.len(), MOST_REFUSED);
        let mut request = Request::new(crate::sip::message::Method::Info, "sip:a@b");
        request.set_body("text/plain", vec![b'x'; LARGEST]);
        let asked = |number, at_s| streams.instead_of(address(number).into(), &request, Moment::from_secs(at_s)).is_some();
        assert!(asked(1, 101) && !asked(100, 101) && asked(100, 701));
    }
}
