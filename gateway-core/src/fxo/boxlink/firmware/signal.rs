//! Flashes and pulse digits: where the contact is, and until when.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Moment;

/// The pause after a pulse digit, so that the exchange tells it from the next.
const INTERDIGIT: Duration = Duration::from_millis(800);

/// Most digits in one order.
const MAX_DIGITS: usize = 64;

/// A train of contact positions.
#[derive(Debug)]
pub(super) struct Signal {
    closed: bool,
    until: Moment,
    /// What follows: position and for how long.
    rest: VecDeque<(bool, Duration)>,
}

impl Signal {
    /// Open for `ms`.
    pub(super) fn flash(ms: u16, now: Moment) -> Signal {
        Signal::train([(false, Duration::from_millis(u64::from(ms)))].into(), now)
    }

    /// Decadic digits: as many openings as the digit, ten for 0. `None` when the arguments make no pulses.
    pub(super) fn pulses(make_pct: u8, pps: u8, digits: &str, now: Moment) -> Option<Signal> {
        if !(10..=90).contains(&make_pct) || !(5..=20).contains(&pps) || digits.len() > MAX_DIGITS {
            return None;
        }
        let period = Duration::from_secs(1) / u32::from(pps);
        let make = period * u32::from(make_pct) / 100;
        let mut train = VecDeque::new();
        for digit in digits.chars() {
            let pulses = match digit.to_digit(10)? {
                0 => 10,
                digit => digit,
            };
            for _ in 0..pulses {
                train.extend([(false, period - make), (true, make)]);
            }
            train.push_back((true, INTERDIGIT));
        }
        Some(Signal::train(train, now))
    }

    fn train(rest: VecDeque<(bool, Duration)>, now: Moment) -> Signal {
        Signal { closed: true, until: now, rest }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn deadline(&self) -> Moment {
        self.until
    }

    /// Moves the contact as far as it is due; true when the train is over and the contact closed.
    pub(super) fn advance(&mut self, now: Moment, mut moved: impl FnMut(bool)) -> bool {
        while self.until <= now {
            let (closed, duration) = match self.rest.pop_front() {
                Some(next) => next,
                None => {
                    if !self.closed {
                        self.closed = true;
                        moved(true);
                    }
                    return true;
                }
            };
            if self.closed != closed {
                self.closed = closed;
                moved(closed);
            }
            self.until = self.until + duration;
        }
        false
    }
}
