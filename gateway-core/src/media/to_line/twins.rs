//! One press of a key that comes both as telephone-event and as INFO is one digit.

use std::time::Duration;

use crate::media::Digit;
use crate::time::Moment;

/// An INFO is sent when the key is let go, or at once; the event at once. A twin comes within this time.
const APART: Duration = Duration::from_millis(1500);

/// Presses remembered.
const REMEMBERED: usize = 8;

/// How a digit came from SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) enum Way {
    /// RFC 4733.
    Event,
    /// SIP INFO.
    Info,
}

/// The last presses, to find the twin of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Twins {
    presses: [Option<Press>; REMEMBERED],
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    digit: Digit,
    way: Way,
    at: Moment,
}

impl Twins {
    /// Whether this is a new press, and not the twin of one that came the other way.
    pub(super) fn is_new(&mut self, digit: Digit, way: Way, now: Moment) -> bool {
        let oldest_first = (0..REMEMBERED).map(|n| (self.next + n) % REMEMBERED);
        let twin = oldest_first
            .into_iter()
            .find(|&slot| self.presses[slot].is_some_and(|press| press.digit == digit && press.way != way && now - press.at < APART));
        match twin {
            Some(slot) => self.presses[slot] = None,
            None => {
                self.presses[self.next] = Some(Press { digit, way, at: now });
                self.next = (self.next + 1) % REMEMBERED;
            }
        }
        twin.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presses_that_come_both_ways_count_once_and_those_that_come_one_way_each() {
        let mut twins = Twins::default();
        let mut heard = 0;
        for n in 0..10 {
            let at = Moment::from_millis(n * 300);
            heard += u32::from(twins.is_new('5', Way::Event, at));
            heard += u32::from(twins.is_new('5', Way::Info, at + Duration::from_millis(120)));
        }
        assert_eq!(heard, 10);
        for n in 0..10 {
            heard += u32::from(twins.is_new('6', Way::Info, Moment::from_millis(5000 + n * 100)));
        }
        assert_eq!(heard, 20);
    }

    #[test]
    fn the_same_digit_much_later_the_other_way_is_a_new_press() {
        let mut twins = Twins::default();
        assert!(twins.is_new('1', Way::Event, Moment::ZERO));
        assert!(twins.is_new('1', Way::Info, Moment::from_millis(1500)));
    }
}
