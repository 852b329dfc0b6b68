//! Who answers: peers that are asked now and then (OPTIONS, RFC 3261 §11), when each is asked again, and what came of it.
//!
//! A pure table. What is asked also keeps the way through a NAT open.

use std::collections::BTreeMap;
use std::time::Duration;

use super::view::Reach;
use crate::rng::Rng;
use crate::sip::agent::{Probe, ProbeId};
use crate::sip::hop::Hop;
use crate::time::Moment;

/// Peers in the table; what is beyond is not asked, and counts as unknown.
const MOST_PEERS: usize = 1024;

/// Questions under way at once; more wait for [`CROWDED`].
const AT_ONCE: usize = 32;

/// How long a question waits for room.
const CROWDED: Duration = Duration::from_millis(500);

/// How long an answer is waited for: over UDP the question was sent four times by then (RFC 3261 §17.1.2.2).
const PATIENCE: Duration = Duration::from_secs(6);

/// When somebody who did not answer is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// Questions in a row without an answer that make a peer unreachable.
const MISSES: u32 = 3;

/// A peer is asked for the first time within this time after [`FIRST_AFTER`], or within the interval where that is shorter.
const FIRST_WITHIN: Duration = Duration::from_secs(10);

/// Whoever just registered is left in peace for this time.
const FIRST_AFTER: Duration = Duration::from_secs(1);

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    /// The remote server.
    Server,
    /// One of its places, which was out of service.
    Place(Hop),
    /// A place where a user registered.
    Contact {
        /// The user.
        user: String,
        /// The Contact URI.
        uri: String,
    },
}

/// A peer that is not any more what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It answers no more.
    Lost,
    /// It answers again.
    Back,
}

#[derive(Clone, Debug)]
struct Watched {
    place: Probe,
    reach: Reach,
    rtt: Option<Duration>,
    /// Questions in a row that nobody answered.
    missed: u32,
    /// When it is asked next.
    due: Moment,
    /// The question under way, and since when.
    asked: Option<(ProbeId, Moment)>,
}

/// The table of peers.
#[derive(Clone, Debug, Default)]
pub(super) struct Roll {
    /// `None`: nobody is asked.
    interval: Option<Duration>,
    peers: BTreeMap<Peer, Watched>,
    last: u64,
}

impl Roll {
    /// A table that asks at this interval, and numbers its questions from here on.
    pub(super) fn every(interval: Duration, last: u64) -> Self {
        Roll { interval: Some(interval), peers: BTreeMap::new(), last }
    }

    /// Asks everybody anew at this interval from now on; `None`: nobody. What is known is forgotten when nobody is asked any more.
    pub(super) fn set_interval(&mut self, interval: Option<Duration>, now: Moment, rng: &mut Rng) {
        if self.interval == interval {
            return;
        }
        self.interval = interval;
        for watched in self.peers.values_mut() {
            if interval.is_none() {
                (watched.reach, watched.rtt, watched.missed, watched.asked) = (Reach::Unknown, None, 0, None);
            }
        }
        self.spread(now, rng);
    }

    /// Plans the next question to each peer anew, so that not all of them come at once.
    pub(super) fn spread(&mut self, now: Moment, rng: &mut Rng) {
        let Some(interval) = self.interval else { return };
        for watched in self.peers.values_mut() {
            watched.due = first(interval, now, rng);
        }
    }

    /// A peer is to be asked at this place. One that registers again where it was lost is asked soon.
    pub(super) fn watch(&mut self, peer: Peer, place: Probe, now: Moment, rng: &mut Rng) {
        if let Some(watched) = self.peers.get_mut(&peer) {
            if watched.place != place {
                (watched.reach, watched.rtt, watched.missed, watched.asked) = (Reach::Unknown, None, 0, None);
                watched.place = place;
                watched.due = now + FIRST_AFTER;
            } else if watched.reach == Reach::Unreachable {
                watched.due = watched.due.min(now + FIRST_AFTER);
            }
            return;
        }
        if self.peers.len() < MOST_PEERS {
            // No dice are thrown where nobody is asked.
            let due = self.interval.map_or(now, |interval| first(interval, now, rng));
            self.peers.insert(peer, Watched { place, reach: Reach::Unknown, rtt: None, missed: 0, due, asked: None });
        }
    }

    /// A peer that is known not to answer is to be asked until it does.
    pub(super) fn watch_lost(&mut self, peer: Peer, place: Probe, now: Moment) {
        if self.peers.len() < MOST_PEERS {
            let due = now + self.interval.unwrap_or_default();
            self.peers.insert(peer, Watched { place, reach: Reach::Unreachable, rtt: None, missed: MISSES, due, asked: None });
        }
    }

    /// Keeps only the peers that `keep` wants.
    pub(super) fn retain(&mut self, keep: impl Fn(&Peer) -> bool) {
        self.peers.retain(|peer, _| keep(peer));
    }

    /// How a peer is reached, and in what time it answered last.
    #[must_use]
    pub(super) fn of(&self, peer: &Peer) -> (Reach, Option<Duration>) {
        self.peers.get(peer).map_or((Reach::Unknown, None), |watched| (watched.reach, watched.rtt))
    }

    /// When somebody has to be asked, or has been waited for long enough.
    #[must_use]
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.interval?;
        self.peers.values().map(|watched| watched.asked.map_or(watched.due, |(_, at)| at + PATIENCE)).min()
    }

    /// The questions to ask now.
    pub(super) fn questions(&mut self, now: Moment) -> Vec<(ProbeId, Probe)> {
        if self.interval.is_none() {
            return Vec::new();
        }
        let mut under_way = self.peers.values().filter(|watched| watched.asked.is_some()).count();
        let mut questions = Vec::new();
        for watched in self.peers.values_mut().filter(|watched| watched.asked.is_none() && watched.due <= now) {
            if under_way >= AT_ONCE {
                watched.due = now + CROWDED;
                continue;
            }
            under_way += 1;
            self.last += 1;
            watched.asked = Some((ProbeId(self.last), now));
            questions.push((ProbeId(self.last), watched.place.clone()));
        }
        questions
    }

    /// There was no room for a question: it is asked a little later, and nobody is blamed.
    pub(super) fn put_off(&mut self, probe: ProbeId, now: Moment) {
        if let Some((_, watched, _)) = self.find(probe) {
            watched.asked = None;
            watched.due = now + CROWDED;
        }
    }

    /// The questions that have been waited for long enough.
    #[must_use]
    pub(super) fn overdue(&self, now: Moment) -> Vec<ProbeId> {
        let overdue = |(probe, at): (ProbeId, Moment)| (at + PATIENCE <= now).then_some(probe);
        self.peers.values().filter_map(|watched| watched.asked.and_then(overdue)).collect()
    }

    /// What came of a question; the peer, when it is another one by that than it was.
    pub(super) fn told(&mut self, probe: ProbeId, answered: bool, now: Moment) -> Option<(Peer, Turn)> {
        let interval = self.interval?;
        let (peer, watched, asked) = self.find(probe)?;
        watched.asked = None;
        let before = watched.reach;
        if answered {
            (watched.reach, watched.rtt, watched.missed) = (Reach::Reachable, Some(now - asked), 0);
            watched.due = asked + interval;
            return (before == Reach::Unreachable).then_some((peer, Turn::Back));
        }
        watched.missed = watched.missed.saturating_add(1);
        if watched.missed < MISSES {
            watched.due = now + AGAIN.min(interval);
            return None;
        }
        watched.due = now + interval;
        (watched.reach, watched.rtt) = (Reach::Unreachable, None);
        (before != Reach::Unreachable).then_some((peer, Turn::Lost))
    }

    fn find(&mut self, probe: ProbeId) -> Option<(Peer, &mut Watched, Moment)> {
        self.peers.iter_mut().find_map(|(peer, watched)| match watched.asked {
            Some((known, at)) if known == probe => Some((peer.clone(), watched, at)),
            Some(_) | None => None,
        })
    }
}

/// When somebody is asked for the first time.
fn first(interval: Duration, now: Moment, rng: &mut Rng) -> Moment {
    let within_ms = u64::try_from(interval.min(FIRST_WITHIN).as_millis()).unwrap_or(u64::MAX);
    now + FIRST_AFTER + Duration::from_millis(rng.below(within_ms))
}

#[cfg(test)]
mod tests;
