//! The local calendar of this computer, as the brain is told it.

use std::time::Duration;

use jiff::Zoned;
use jiff::civil::date;
use tokio::sync::mpsc;

use crate::config::PortId;
use crate::gateway::io::Event;
use crate::gateway::local_time::LocalTime;

use super::store::{Store, StoreError};

/// How often the brain is told: a clock that is set, and the two days a year that are longer or shorter, are noticed by then.
pub(crate) const TELL_EVERY: Duration = Duration::from_secs(60);

/// The local time now.
#[must_use]
pub(crate) fn local_time() -> LocalTime {
    local_time_of(&Zoned::now())
}

fn local_time_of(now: &Zoned) -> LocalTime {
    let days = now.date().since(date(1970, 1, 1)).map_or(0, |span| span.get_days());
    let (hour, minute, second) = (now.hour().unsigned_abs(), now.minute().unsigned_abs(), now.second().unsigned_abs());
    let seconds = u64::from(hour) * 3600 + u64::from(minute) * 60 + u64::from(second);
    LocalTime { day: days, of_day: Duration::from_secs(seconds) + Duration::from_nanos(now.subsec_nanosecond().unsigned_abs().into()) }
}

/// Tells a brain that starts now the local time, and what the call records say that each port has used of this day.
///
/// # Errors
/// See [`StoreError`].
pub(crate) async fn tell_first(store: &Store, brain: &mpsc::Sender<Event>) -> Result<(), StoreError> {
    let now = Zoned::now();
    let time = local_time_of(&now);
    let midnight = now.start_of_day().map_or(0, |midnight| u64::try_from(midnight.timestamp().as_millisecond()).unwrap_or(0));
    let spent = store.outgoing_since(midnight).await?.into_iter();
    let spent = spent.map(|(port, spent): (PortId, Duration)| Event::Spent { port, day: time.day, spent });
    // A fresh queue has room for a word on each port.
    std::iter::once(Event::LocalTime(time)).chain(spent).for_each(|news| drop(brain.try_send(news)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn days_are_counted_in_the_local_calendar() {
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        let late = date(1970, 1, 2).at(23, 30, 15, 500_000_000).to_zoned(zone.clone()).unwrap();
        let of_day = Duration::from_millis(((23 * 60 + 30) * 60 + 15) * 1000 + 500);
        assert_eq!(local_time_of(&late), LocalTime { day: 1, of_day });
        let today = date(2026, 11, 27).at(0, 0, 0, 0).to_zoned(zone).unwrap();
        assert_eq!(local_time_of(&today), LocalTime { day: 20_784, of_day: Duration::ZERO });
    }
}
