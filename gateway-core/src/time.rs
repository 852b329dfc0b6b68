//! Virtual time: a [`Moment`] is passed in, never read, and every machine keeps its deadlines in a [`Timers`] table.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since the gateway (or the simulated world) started.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Moment(u64);

impl Moment {
    /// The start of the gateway.
    pub const ZERO: Moment = Moment(0);

    /// A moment `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Moment(nanos)
    }

    /// A moment `millis` milliseconds after the start.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Moment(millis * 1_000_000)
    }

    /// A moment `seconds` seconds after the start.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Moment(seconds * 1_000_000_000)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, rhs: Duration) -> Moment {
        let nanos = u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX);
        Moment(self.0.saturating_add(nanos))
    }
}

impl Sub<Moment> for Moment {
    type Output = Duration;

    fn sub(self, rhs: Moment) -> Duration {
        self.since(rhs)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1_000_000_000, self.as_millis() % 1000)
    }
}

/// The deadlines of one machine, one at most for each kind `K` of timer.
///
/// Timers are an enum and a table: a machine sets and clears them by name and asks for the earliest.
#[derive(Clone, Debug)]
pub struct Timers<K> {
    due: BTreeMap<K, Moment>,
}

impl<K: Ord + Copy> Default for Timers<K> {
    fn default() -> Self {
        Timers { due: BTreeMap::new() }
    }
}

impl<K: Ord + Copy> Timers<K> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts timer `kind`, or moves it when it runs already.
    pub fn set(&mut self, kind: K, at: Moment) {
        self.due.insert(kind, at);
    }

    /// Stops timer `kind`. Stopping a timer that does not run is fine.
    pub fn clear(&mut self, kind: K) {
        self.due.remove(&kind);
    }

    /// Stops every timer.
    pub fn clear_all(&mut self) {
        self.due.clear();
    }

    /// When timer `kind` is due, if it runs.
    #[must_use]
    pub fn get(&self, kind: K) -> Option<Moment> {
        self.due.get(&kind).copied()
    }

    /// When the earliest timer is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.due.values().min().copied()
    }

    /// Takes out the earliest timer that is due at `now`; call it until it answers `None`.
    pub fn expired(&mut self, now: Moment) -> Option<K> {
        let (&kind, _) = self.due.iter().filter(|(_, at)| **at <= now).min_by_key(|(kind, at)| (**at, **kind))?;
        self.due.remove(&kind);
        Some(kind)
    }
}

/// The earlier of two optional deadlines.
#[must_use]
pub fn earliest(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_expire_earliest_first_and_only_when_due() {
        let mut timers = Timers::new();
        timers.set('b', Moment::from_millis(20));
        timers.set('a', Moment::from_millis(30));
        timers.set('c', Moment::from_millis(500));
        assert_eq!(timers.deadline(), Some(Moment::from_millis(20)));
        let now = Moment::from_millis(30);
        assert_eq!(timers.expired(now), Some('b'));
        assert_eq!(timers.expired(now), Some('a'));
        assert_eq!(timers.expired(now), None);
        assert_eq!(timers.get('c'), Some(Moment::from_millis(500)));
    }

    #[test]
    fn moments_never_run_backwards() {
        assert_eq!(Moment::from_millis(5) - Moment::from_millis(9), Duration::ZERO);
        assert_eq!(Moment::from_secs(1) + Duration::MAX, Moment::from_nanos(u64::MAX));
    }
}
