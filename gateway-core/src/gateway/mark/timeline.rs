//! The marks of one call, bounded: how it began and how it ended are kept, of a long middle only the count.

use std::collections::VecDeque;

use super::{Mark, MarkKind};
use crate::dsp::callerid::CallerIdBurst;

/// Marks from the beginning of a call that are kept.
const FIRST: usize = 96;

/// Marks from its end that are kept.
const LAST: usize = 32;

/// The most marks that a record can hold; one more stands for those left out.
pub const MOST_MARKS: usize = FIRST + LAST + 1;

/// What happened to one call, oldest first.
///
/// The first 96 marks stay. Of those after them the last 32 stay, and one mark tells how many were left out between. A tone
/// that goes on, cycle after cycle, is one mark that counts its cycles.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    first: Vec<Mark>,
    last: VecDeque<Mark>,
    left_out: u32,
}

impl Timeline {
    /// A timeline that begins with these marks.
    #[must_use]
    pub fn beginning_with(marks: impl IntoIterator<Item = Mark>) -> Self {
        let mut timeline = Timeline::default();
        for mark in marks {
            timeline.add(mark);
        }
        timeline
    }

    /// Adds a mark that is not older than the ones before.
    pub fn add(&mut self, mark: Mark) {
        let newest = self.last.back_mut().or_else(|| self.first.last_mut());
        if let Some(Mark { what: MarkKind::Tone(known), .. }) = newest
            && let MarkKind::Tone(heard) = &mark.what
            && known.tone == heard.tone
            && known.cycles < heard.cycles
        {
            known.clone_from(heard);
            return;
        }
        if self.first.len() < FIRST {
            self.first.push(mark);
            return;
        }
        if self.last.len() >= LAST {
            self.last.pop_front();
            self.left_out = self.left_out.saturating_add(1);
        }
        self.last.push_back(mark);
    }

    /// When somebody was asked for who waited, and what the exchange sent of him: the last one, until a hook flash took him.
    #[must_use]
    pub fn waiting(&self) -> Option<(u64, &CallerIdBurst)> {
        // Behind marks that were left out, a flash may be among them.
        let first = if self.left_out == 0 { &self.first[..] } else { &[] };
        let newest_first = self.last.iter().rev().chain(first.iter().rev());
        let since_flash = newest_first.take_while(|mark| mark.what != MarkKind::Flash);
        let mut asked = since_flash.filter_map(|mark| match &mark.what {
            MarkKind::WaitingCaller { burst: Some(burst) } => Some((mark.at_ms, &**burst)),
            _ => None,
        });
        asked.next()
    }

    /// The marks, oldest first.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks = self.first.clone();
        if let Some(next) = self.last.front().filter(|_| self.left_out > 0) {
            marks.push(Mark { what: MarkKind::LeftOut { count: self.left_out }, ..next.clone() });
        }
        marks.extend(self.last.iter().cloned());
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PortId;
    use crate::dsp::callerid::{BurstContent, BurstFault, BurstReading};
    use crate::dsp::progress::{HeardTone, ProgressTone};

    fn mark(at_ms: u64, what: MarkKind) -> Mark {
        Mark { at_ms, port: PortId(0), what }
    }

    fn tone(tone: ProgressTone, cycles: u32) -> MarkKind {
        MarkKind::Tone(HeardTone { tone, frequency_hz: 425.0, level_dbm0: -15.0, cycles, confidence: 1.0 })
    }

    #[test]
    fn the_beginning_and_the_end_of_a_long_call_are_kept() {
        let digits = (0..1000).map(|n| mark(n, MarkKind::DigitHeard { digit: '5' }));
        let marks = Timeline::beginning_with(digits).marks();
        assert_eq!(marks.len(), MOST_MARKS);
        assert_eq!((marks[0].at_ms, marks[95].at_ms), (0, 95));
        assert_eq!(marks[96], mark(968, MarkKind::LeftOut { count: 872 }));
        assert_eq!((marks[97].at_ms, marks[128].at_ms), (968, 999));
    }

    #[test]
    fn nothing_is_left_out_of_a_call_that_has_room() {
        let digits = (0..128).map(|n| mark(n, MarkKind::DigitHeard { digit: '5' }));
        let marks = Timeline::beginning_with(digits).marks();
        assert_eq!(marks.iter().map(|mark| mark.at_ms).collect::<Vec<_>>(), (0..128).collect::<Vec<_>>());
    }

    #[test]
    fn a_tone_that_goes_on_is_one_mark_from_its_beginning() {
        let ringback = (1..9).map(|n| mark(u64::from(n) * 5000, tone(ProgressTone::Ringback, n)));
        let busy = [mark(50_000, tone(ProgressTone::Busy, 2)), mark(60_000, tone(ProgressTone::Busy, 1))];
        let marks = Timeline::beginning_with(ringback.chain(busy)).marks();
        let told = [
            mark(5000, tone(ProgressTone::Ringback, 8)),
            mark(50_000, tone(ProgressTone::Busy, 2)),
            mark(60_000, tone(ProgressTone::Busy, 1)),
        ];
        assert_eq!(marks, told);
    }

    #[test]
    fn who_waits_is_known_until_a_flash_takes_him() {
        let content = BurstContent::Dtmf { digits: String::new() };
        let reading = BurstReading::NotUnderstood { fault: BurstFault::Checksum };
        let burst = CallerIdBurst { level_dbm0: -20.0, snr_db: None, content, reading };
        let asked = |at_ms| mark(at_ms, MarkKind::WaitingCaller { burst: Some(Box::new(burst.clone())) });
        let nothing_came = mark(6, MarkKind::WaitingCaller { burst: None });
        let mut timeline = Timeline::beginning_with([asked(5), nothing_came]);
        assert_eq!(timeline.waiting(), Some((5, &burst)));
        timeline.add(mark(7, MarkKind::Flash));
        assert_eq!(timeline.waiting(), None);
        timeline.add(asked(8));
        (9..500).for_each(|n| timeline.add(mark(n, MarkKind::DigitHeard { digit: '5' })));
        assert_eq!(timeline.waiting(), None, "what was left out is forgotten");
    }
}
