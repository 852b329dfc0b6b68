//! The clock: the one place where real time becomes a [`Moment`].

#[cfg(windows)]
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[cfg(windows)]
use suspend_time::SuspendUnawareInstant;

use crate::time::Moment;

/// Real time since the gateway started, and the wall clock for people.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    anchor: Instant,
    started_epoch_ms: u64,
}

impl Clock {
    /// A clock whose [`Moment::ZERO`] is now.
    #[must_use]
    pub fn start() -> Self {
        Clock { anchor: Instant::now(), started_epoch_ms: wall_clock_ms() }
    }

    /// The time since the start.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::ZERO + self.anchor.elapsed()
    }

    /// The instant at which `moment` is due, for sleeping until then.
    #[must_use]
    pub fn instant(&self, moment: Moment) -> Instant {
        let wanted = self.anchor.checked_add(moment.since(Moment::ZERO));
        // A moment too far away to be an instant is as good as a day from now: whoever sleeps looks again.
        wanted.unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400))
    }

    /// When the gateway started, in ms since 1970 (UTC).
    #[must_use]
    pub fn started_epoch_ms(&self) -> u64 {
        self.started_epoch_ms
    }

    /// The wall clock at `moment`, in ms since 1970 (UTC).
    ///
    /// It is counted back from the wall clock of now, so that a computer that slept or had its clock set still tells the
    /// right time of recent moments.
    #[must_use]
    pub fn epoch_ms(&self, moment: Moment) -> u64 {
        let (now, wall) = (self.now().as_millis(), wall_clock_ms());
        let then = moment.as_millis();
        if then > now { wall.saturating_add(then - now) } else { wall.saturating_sub(now - then) }
    }
}

/// A clock that stands while the computer sleeps. `now`, which is an [`Instant`], does so by itself on Linux (`CLOCK_MONOTONIC`) and on
/// macOS (`CLOCK_UPTIME_RAW`).
#[cfg(not(windows))]
pub(super) fn awake_clock(now: Moment) -> Duration {
    now.since(Moment::ZERO)
}

/// A clock that stands while the computer sleeps. An [`Instant`] goes on here, so it is another one
/// (`QueryUnbiasedInterruptTimePrecise`).
#[cfg(windows)]
pub(super) fn awake_clock(_now: Moment) -> Duration {
    static BEGAN: LazyLock<SuspendUnawareInstant> = LazyLock::new(SuspendUnawareInstant::now);
    BEGAN.elapsed()
}

/// A clock that goes on while the computer sleeps, as [`Instant`] does not (`CLOCK_BOOTTIME`, clock_gettime(2)).
#[cfg(target_os = "linux")]
pub(super) fn slept_clock(_now: Moment) -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A clock that goes on while the computer sleeps: here `now` itself, an [`Instant`] (`QueryPerformanceCounter`).
#[cfg(windows)]
pub(super) fn slept_clock(now: Moment) -> Duration {
    now.since(Moment::ZERO)
}

/// A clock that goes on while the computer sleeps: here the wall clock, which a person may set besides.
#[cfg(not(any(target_os = "linux", windows)))]
pub(super) fn slept_clock(_now: Moment) -> Duration {
    Duration::from_millis(wall_clock_ms())
}

/// The wall clock in ms since 1970 (UTC); 0 when it is set before 1970.
pub(super) fn wall_clock_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_its_instant_are_the_same_point_in_time() {
        let clock = Clock::start();
        let due = clock.instant(Moment::from_millis(250));
        assert_eq!(due.duration_since(clock.anchor), Duration::from_millis(250));
        assert!(clock.now() < Moment::from_secs(60));
    }

    #[test]
    fn a_moment_beyond_all_time_can_be_slept_for() {
        let clock = Clock::start();
        assert!(clock.instant(Moment::from_nanos(u64::MAX)) > Instant::now());
    }

    #[test]
    fn the_wall_clock_of_the_start_is_the_start() {
        let clock = Clock::start();
        assert!(clock.epoch_ms(Moment::ZERO).abs_diff(clock.started_epoch_ms()) < 2_000);
        let later = clock.epoch_ms(Moment::from_secs(3600));
        assert!(later.abs_diff(clock.started_epoch_ms() + 3_600_000) < 2_000);
    }
}
