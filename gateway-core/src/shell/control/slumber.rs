//! Whether this computer has slept. A clock that stands while it sleeps and one that goes on drift apart by exactly that time.

use std::time::Duration;

use super::super::clock::{slept_clock, wall_clock_ms};
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

/// The two clocks as they stood when they were last compared.
pub(super) struct Slumber {
    due: Moment,
    awake: Moment,
    always: Duration,
    clock: fn() -> Duration,
}

impl Slumber {
    /// Begins to compare.
    pub(super) fn new(now: Moment) -> Self {
        Self::with_clock(now, slept_clock)
    }

    fn with_clock(now: Moment, clock: fn() -> Duration) -> Self {
        Slumber { due: now + LOOK_EVERY, awake: now, always: clock(), clock }
    }

    /// When to compare again.
    pub(super) fn due(&self) -> Moment {
        self.due
    }

    /// Compares; answers the sleep that came between this look and the last one.
    pub(super) fn look(&mut self, now: Moment) -> Option<Slept> {
        let always = (self.clock)();
        let slept = self.compare(now, always)?;
        let to_epoch_ms = wall_clock_ms();
        let ms = u64::try_from(slept.as_millis()).unwrap_or(u64::MAX);
        Some(Slept { from_epoch_ms: to_epoch_ms.saturating_sub(ms), to_epoch_ms })
    }

    fn compare(&mut self, now: Moment, always: Duration) -> Option<Duration> {
        let slept = always.saturating_sub(self.always).saturating_sub(now - self.awake);
        (self.due, self.awake, self.always) = (now + LOOK_EVERY, now, always);
        (slept >= WORTH_TELLING).then_some(slept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOOD: Duration = Duration::from_secs(1_000);

    fn begun() -> Slumber {
        Slumber::with_clock(Moment::from_secs(100), || STOOD)
    }

    #[test]
    fn a_computer_that_stays_awake_never_slept() {
        let mut slumber = begun();
        for second in 1..3600 {
            assert_eq!(slumber.compare(Moment::from_secs(100 + second), STOOD + Duration::from_secs(second)), None);
        }
    }

    #[test]
    fn a_sleep_is_as_long_as_the_clocks_drift_apart_and_is_told_once() {
        let mut slumber = begun();
        let hour = Duration::from_secs(4_080);
        assert_eq!(slumber.compare(Moment::from_secs(102), STOOD + hour + Duration::from_secs(2)), Some(hour));
        assert_eq!(slumber.compare(Moment::from_secs(104), STOOD + hour + Duration::from_secs(4)), None);
    }

    #[test]
    fn a_busy_computer_and_a_clock_that_runs_back_have_not_slept() {
        let mut slumber = begun();
        assert_eq!(slumber.compare(Moment::from_secs(400), STOOD + Duration::from_secs(301)), None);
        assert_eq!(slumber.compare(Moment::from_secs(402), Duration::ZERO), None);
    }

    #[test]
    fn the_times_of_a_sleep_are_those_of_the_wall_clock() {
        let mut slumber = Slumber::with_clock(Moment::from_secs(100), || STOOD);
        slumber.always -= Duration::from_secs(600);
        let slept = slumber.look(Moment::from_secs(100)).unwrap();
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
