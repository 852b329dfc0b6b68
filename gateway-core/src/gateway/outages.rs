//! Places of the remote server that are out of service (RFC 3263 §4.3): passed over until they answer again.

use std::time::Duration;

use super::reach::{Peer, Roll, Turn};
use super::view::Reach;
use crate::sip::agent::{Probe, ProbeId};
use crate::sip::hop::Hop;
use crate::time::Moment;

/// How often a place that is out of service is asked whether it is back.
const INTERVAL: Duration = Duration::from_secs(30);

/// Questions of this table are numbered from here on, so that no two tables have the same.
const FIRST_QUESTION: u64 = 1 << 63;

/// The table of places that are out of service.
#[derive(Clone, Debug)]
pub(super) struct Outages {
    roll: Roll,
}

impl Default for Outages {
    fn default() -> Self {
        Outages { roll: Roll::every(INTERVAL, FIRST_QUESTION) }
    }
}

impl Outages {
    /// A place did not answer, or said that it is out of service: it will be asked, by `question`, until it is back. True: it is news.
    pub(super) fn note(&mut self, question: Probe, now: Moment) -> bool {
        let hop = question.destination;
        let news = self.is_in_service(hop);
        if news {
            self.roll.watch_lost(Peer::Place(hop), question, now);
        }
        news
    }

    /// Whether nothing is known against a place.
    #[must_use]
    pub(super) fn is_in_service(&self, hop: Hop) -> bool {
        self.roll.of(&Peer::Place(hop)).0 != Reach::Unreachable
    }

    /// The places in the order in which they are tried: those that are out of service come last.
    #[must_use]
    pub(super) fn in_order(&self, mut hops: Vec<Hop>) -> Vec<Hop> {
        hops.sort_by_key(|hop| !self.is_in_service(*hop));
        hops
    }

    /// Keeps only what is known against these places.
    pub(super) fn keep(&mut self, hops: &[Hop]) {
        self.roll.retain(|peer| matches!(peer, Peer::Place(hop) if hops.contains(hop)));
    }

    /// What came of a question; the place, when it is back.
    pub(super) fn told(&mut self, probe: ProbeId, answered: bool, now: Moment) -> Option<Hop> {
        let Some((Peer::Place(hop), Turn::Back)) = self.roll.told(probe, answered, now) else { return None };
        self.roll.retain(|peer| *peer != Peer::Place(hop));
        Some(hop)
    }

    /// The questions to ask, and those that have been waited for long enough.
    pub(super) fn roll(&mut self) -> &mut Roll {
        &mut self.roll
    }

    /// When there is something to ask.
    #[must_use]
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.roll.deadline()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(address: &str) -> Probe {
        Probe { destination: address.parse().unwrap(), request_uri: "sip:voip.example".to_owned(), route: Vec::new() }
    }

    #[test]
    fn a_place_that_is_out_of_service_comes_last_until_it_answers() {
        let mut outages = Outages::default();
        let now = Moment::from_secs(1);
        let hops: Vec<Hop> = ["192.0.2.1:5060", "192.0.2.2:5060"].iter().map(|address| address.parse().unwrap()).collect();
        assert!(outages.note(question("192.0.2.1:5060"), now));
        assert!(!outages.note(question("192.0.2.1:5060"), now), "it is known");
        assert_eq!(outages.in_order(hops.clone()), [hops[1], hops[0]]);
        let due = outages.deadline().unwrap();
        assert_eq!(due, now + INTERVAL);
        let asked = outages.roll().questions(due);
        let [(probe, _)] = asked.as_slice() else { panic!("one question: {asked:?}") };
        assert_eq!(outages.told(*probe, false, due), None);
        let again = outages.deadline().unwrap();
        let asked = outages.roll().questions(again);
        assert_eq!(outages.told(asked[0].0, true, again), Some(hops[0]));
        assert_eq!(outages.in_order(hops.clone()), hops);
        assert_eq!(outages.deadline(), None);
    }

    #[test]
    fn what_is_known_against_a_place_goes_with_it() {
        let mut outages = Outages::default();
        let now = Moment::from_secs(1);
        outages.note(question("192.0.2.1:5060"), now);
        outages.keep(&[]);
        assert!(outages.is_in_service("192.0.2.1:5060".parse().unwrap()));
    }
}
