//! The time of day where the lines are. The brain reads no clock: it is told, and counts on from there.

use std::time::Duration;

use crate::time::Moment;

/// A day has so many milliseconds, but for two days a year in some countries; the clock is told again every minute.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A point of the local calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Days since 1970-01-01 in the local calendar.
    pub day: i32,
    /// Time since local midnight.
    pub of_day: Duration,
}

/// The local calendar as it was last told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calendar {
    told: Option<(Moment, LocalTime)>,
}

impl Calendar {
    /// Takes what is told now.
    pub(super) fn tell(&mut self, time: LocalTime, now: Moment) {
        self.told = Some((now, time));
    }

    /// The local time now; `None` before it was told for the first time.
    pub(super) fn at(&self, now: Moment) -> Option<LocalTime> {
        let (told, time) = self.told?;
        let mut local = LocalTime { of_day: time.of_day + now.since(told), ..time };
        while local.of_day >= DAY {
            local = LocalTime { day: local.day.saturating_add(1), of_day: local.of_day - DAY };
        }
        Some(local)
    }

    /// The next local midnight.
    pub(super) fn midnight_after(&self, now: Moment) -> Option<Moment> {
        Some(now + (DAY - self.at(now)?.of_day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_counts_on_from_what_it_was_told() {
        let mut calendar = Calendar::default();
        assert_eq!((calendar.at(Moment::ZERO), calendar.midnight_after(Moment::ZERO)), (None, None));
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        calendar.tell(LocalTime { day: 20_000, of_day: hours(22) }, Moment::from_secs(10));
        let later = Moment::from_secs(10) + hours(1);
        assert_eq!(calendar.at(later), Some(LocalTime { day: 20_000, of_day: hours(23) }));
        assert_eq!(calendar.midnight_after(later), Some(Moment::from_secs(10) + hours(2)));
        assert_eq!(calendar.at(later + hours(50)), Some(LocalTime { day: 20_003, of_day: hours(1) }));
        calendar.tell(LocalTime { day: 7, of_day: hours(0) }, later);
        assert_eq!(calendar.at(later).map(|time| time.day), Some(7));
    }
}
