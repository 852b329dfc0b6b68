//! Whether this computer has slept. A clock that stands while it sleeps and one that goes on drift apart by exactly that time.

use std::time::Duration;

use super::super::clock::{awake_clock, slept_clock, wall_clock_ms};
use crate::time::Moment;

/// How often the clocks are compared.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A shorter sleep is nothing to tell: clocks that are read one after the other differ by themselves, and no call is lost.
const WORTH_TELLING: Duration = Duration::from_secs(10);

/// A sleep that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slept {
    /// When it began, in ms since 1970 (UTC).
    pub(super) from_epoch_ms: u64,
    /// When it ended, in ms since 1970 (UTC).
    pub(super) to_epoch_ms: u64,
}

/// A clock that stands while the computer sleeps, and one that goes on; both are told what the gateway's own clock says.
#[derive(Clone, Copy)]
struct Clocks {
    awake: fn(Moment) -> Duration,
    always: fn(Moment) -> Duration,
}

/// The two clocks as they stood when they were last compared.
pub(super) struct Slumber {
    due: Moment,
    awake: Duration,
    always: Duration,
    clocks: Clocks,
}

impl Slumber {
    /// Begins to compare.
    pub(super) fn new(now: Moment) -> Self {
        Self::with_clocks(now, Clocks { awake: awake_clock, always: slept_clock })
    }

    fn with_clocks(now: Moment, clocks: Clocks) -> Self {
        Slumber { due: now + LOOK_EVERY, awake: (clocks.awake)(now), always: (clocks.always)(now), clocks }
    }

    /// When to compare again.
    pub(super) fn due(&self) -> Moment {
        self.due
    }

    /// Compares; answers the sleep that came between this look and the last one.
    pub(super) fn look(&mut self, now: Moment) -> Option<Slept> {
        let slept = self.compare(now, (self.clocks.awake)(now), (self.clocks.always)(now))?;
        let to_epoch_ms = wall_clock_ms();
        let ms = u64::try_from(slept.as_millis()).unwrap_or(u64::MAX);
        Some(Slept { from_epoch_ms: to_epoch_ms.saturating_sub(ms), to_epoch_ms })
    }

    fn compare(&mut self, now: Moment, awake: Duration, always: Duration) -> Option<Duration> {
        let slept = always.saturating_sub(self.always).saturating_sub(awake.saturating_sub(self.awake));
        (self.due, self.awake, self.always) = (now + LOOK_EVERY, awake, always);
        (slept >= WORTH_TELLING).then_some(slept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOOD: Duration = Duration::from_secs(1_000);

    /// `now` stands while this computer sleeps.
    const STANDS: Clocks = Clocks { awake: |now| now.since(Moment::ZERO), always: |_| STOOD };

    /// `now` goes on while this computer sleeps, and a clock of its own stands.
    const GOES_ON: Clocks = Clocks { awake: |_| STOOD, always: |now| now.since(Moment::ZERO) };

    fn begun() -> Slumber {
        Slumber::with_clocks(at(100), STANDS)
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_secs(seconds)
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_computer_that_stays_awake_never_slept() {
        let mut slumber = begun();
        for second in 1..3600 {
            assert_eq!(slumber.compare(at(100 + second), secs(100 + second), STOOD + secs(second)), None);
        }
    }

    #[test]
    fn a_sleep_is_as_long_as_the_clocks_drift_apart_and_is_told_once() {
        let mut slumber = begun();
        let hour = secs(4_080);
        assert_eq!(slumber.compare(at(102), secs(102), STOOD + hour + secs(2)), Some(hour));
        assert_eq!(slumber.compare(at(104), secs(104), STOOD + hour + secs(4)), None);
    }

    #[test]
    fn a_sleep_is_seen_also_where_the_clock_of_the_gateway_goes_on() {
        let mut slumber = Slumber::with_clocks(at(100), GOES_ON);
        let slept = slumber.look(at(4_180)).unwrap();
        assert_eq!(slept.to_epoch_ms - slept.from_epoch_ms, 4_080_000);
        assert_eq!(slumber.look(at(4_182)), None);
        assert!(slumber.due() > at(4_182));
    }

    #[test]
    fn a_busy_computer_and_a_clock_that_runs_back_have_not_slept() {
        let mut slumber = begun();
        assert_eq!(slumber.compare(at(400), secs(400), STOOD + secs(301)), None);
        assert_eq!(slumber.compare(at(402), secs(402), Duration::ZERO), None);
        assert_eq!(slumber.compare(at(404), Duration::ZERO, secs(2)), None);
    }

    #[test]
    fn the_times_of_a_sleep_are_those_of_the_wall_clock() {
        let mut slumber = begun();
        slumber.always -= secs(600);
        let slept = slumber.look(at(100)).unwrap();
        assert_eq!(slept.to_epoch_ms - slept.from_epoch_ms, 600_000);
        assert!(slept.to_epoch_ms.abs_diff(wall_clock_ms()) < 5_000);
    }

    #[test]
    fn the_real_clocks_agree_while_this_test_is_awake() {
        let clock = crate::shell::clock::Clock::start();
        let mut slumber = Slumber::new(clock.now());
        assert_eq!(slumber.look(clock.now()), None);
    }
}
