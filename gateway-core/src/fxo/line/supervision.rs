//! What ends an answered call: clues of several sources, and how much each is worth.
//!
//! | clue | worth |
//! |---|---|
//! | a loop interruption as long as the setting says | 1 |
//! | one of half that length | 1/2 |
//! | a polarity reversal that says "released", where it is set to end calls | 1 |
//! | the same where it is not | 3/10 |
//! | busy or congestion tone | what the detector is sure of, 0 to 1; with a number of cycles set, at most 9/10 before that number |
//! | dial tone | what the detector is sure of, 0 to 1 |
//! | no battery for a second, or no device | 1 |
//!
//! Of each source the best clue of the last eight seconds counts. At 1 the far end is gone: one sure clue is enough, and clues that are
//! not sure alone may be so together. A loop or a tone that is turned off is worth nothing. Silence and missing RTP are judged by the
//! call, which hears both sides.

use std::collections::VecDeque;
use std::time::Duration;

use super::{HangUpEvidence, LineConfig};
use crate::dsp::progress::{HeardTone, ProgressTone};
use crate::time::Moment;

/// Clues that are further apart have nothing to do with each other.
const TOGETHER_WITHIN: Duration = Duration::from_secs(8);

/// A reversal where none is expected may be one that means something all the same.
const UNASKED_REVERSAL: f32 = 0.3;

/// Before the number of cycles that is set, a tone is never sure alone.
const BEFORE_CYCLES: f32 = 0.9;

/// The last clues on a seized line.
#[derive(Clone, Debug, Default)]
pub(super) struct Supervision {
    clues: VecDeque<Clue>,
}

#[derive(Clone, Debug)]
struct Clue {
    evidence: HangUpEvidence,
    worth: f32,
    at: Moment,
}

/// Loop, polarity, tone of the exchange.
const SOURCES: usize = 3;

/// Clues that are remembered; of more within eight seconds the oldest are forgotten.
const MOST_CLUES: usize = 32;

impl Supervision {
    /// Takes a clue and what it is worth; answers with the evidence when the far end is gone.
    pub(super) fn weigh(&mut self, evidence: HangUpEvidence, worth: f32, now: Moment) -> Option<HangUpEvidence> {
        if worth <= 0.0 {
            return None;
        }
        if source_of(&evidence).is_none() {
            return Some(evidence);
        }
        self.clues.retain(|clue| now - clue.at < TOGETHER_WITHIN);
        if self.clues.len() == MOST_CLUES {
            self.clues.pop_front();
        }
        self.clues.push_back(Clue { evidence, worth, at: now });
        let best_of = |source| {
            let of_source = self.clues.iter().filter(move |clue| source_of(&clue.evidence) == Some(source));
            of_source.max_by(|one, other| one.worth.total_cmp(&other.worth))
        };
        let clues = || (0..SOURCES).filter_map(best_of);
        if let Some(sure) = clues().find(|clue| clue.worth >= 1.0) {
            return Some(sure.evidence.clone());
        }
        let sum: f32 = clues().map(|clue| clue.worth).sum();
        (sum >= 1.0).then(|| HangUpEvidence::Together { clues: clues().map(|clue| clue.evidence.clone()).collect() })
    }
}

/// What is sure alone, whatever else was seen, has no place among the sources.
fn source_of(evidence: &HangUpEvidence) -> Option<usize> {
    match evidence {
        HangUpEvidence::LoopInterruption { .. } => Some(0),
        HangUpEvidence::PolarityReversal => Some(1),
        HangUpEvidence::DisconnectTone(_) | HangUpEvidence::DialTone(_) => Some(2),
        HangUpEvidence::BatteryLost | HangUpEvidence::DeviceGone | HangUpEvidence::Together { .. } => None,
    }
}

impl LineConfig {
    /// What a loop interruption is worth.
    pub(super) fn worth_of_interruption(&self, duration: Duration) -> f32 {
        match self.loop_interruption {
            Some(shortest) if duration >= shortest => 1.0,
            Some(shortest) if duration >= shortest / 2 => 0.5,
            Some(_) | None => 0.0,
        }
    }

    /// What a polarity reversal is worth that says "released".
    pub(super) fn worth_of_reversal(&self) -> f32 {
        if self.end_on_polarity_reversal { 1.0 } else { UNASKED_REVERSAL }
    }

    /// The evidence that a tone is, and what it is worth; `None`: no exchange plays it to tell that the far end is gone.
    pub(super) fn judge_tone(&self, heard: HeardTone) -> Option<(HangUpEvidence, f32)> {
        match heard.tone {
            ProgressTone::Busy | ProgressTone::Congestion => {
                let worth = match self.disconnect_tone_cycles? {
                    0 => heard.confidence,
                    cycles if heard.cycles >= cycles => 1.0,
                    _ => heard.confidence.min(BEFORE_CYCLES),
                };
                Some((HangUpEvidence::DisconnectTone(heard), worth))
            }
            ProgressTone::Dial => {
                let worth = if self.end_on_dial_tone { heard.confidence } else { 0.0 };
                Some((HangUpEvidence::DialTone(heard), worth))
            }
            ProgressTone::Ringback
            | ProgressTone::SpecialInformation
            | ProgressTone::CallWaiting
            | ProgressTone::FaxCalling
            | ProgressTone::FaxAnswering
            | ProgressTone::ModemAnswering => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(confidence: f32) -> HangUpEvidence {
        HangUpEvidence::DisconnectTone(HeardTone {
            tone: ProgressTone::Busy,
            frequency_hz: 425.0,
            level_dbm0: -20.0,
            cycles: 1,
            confidence,
        })
    }

    fn cut(duration_ms: u32) -> HangUpEvidence {
        HangUpEvidence::LoopInterruption { duration_ms }
    }

    #[test]
    fn one_sure_clue_is_enough() {
        let mut supervision = Supervision::default();
        assert_eq!(supervision.weigh(cut(60), 0.5, Moment::ZERO), None);
        assert_eq!(supervision.weigh(cut(120), 1.0, Moment::from_millis(1)), Some(cut(120)));
    }

    #[test]
    fn clues_of_several_sources_add_up_and_those_of_one_do_not() {
        let mut supervision = Supervision::default();
        assert_eq!(supervision.weigh(busy(0.5), 0.5, Moment::ZERO), None);
        assert_eq!(supervision.weigh(busy(0.6), 0.6, Moment::from_millis(500)), None);
        assert_eq!(supervision.weigh(HangUpEvidence::PolarityReversal, 0.3, Moment::from_millis(700)), None);
        let together = supervision.weigh(cut(60), 0.5, Moment::from_millis(900));
        assert_eq!(together, Some(HangUpEvidence::Together { clues: vec![cut(60), HangUpEvidence::PolarityReversal, busy(0.6)] }));
    }

    #[test]
    fn the_best_clue_of_a_source_counts_while_it_is_fresh_and_then_the_next_best() {
        let mut supervision = Supervision::default();
        assert_eq!(supervision.weigh(busy(0.9), 0.9, Moment::ZERO), None);
        assert_eq!(supervision.weigh(busy(0.8), 0.8, Moment::from_millis(7900)), None);
        let together = supervision.weigh(HangUpEvidence::PolarityReversal, 0.3, Moment::from_millis(8100));
        assert_eq!(together, Some(HangUpEvidence::Together { clues: vec![HangUpEvidence::PolarityReversal, busy(0.8)] }));
    }

    #[test]
    fn old_clues_and_worthless_ones_do_not_count() {
        let mut supervision = Supervision::default();
        assert_eq!(supervision.weigh(cut(60), 0.5, Moment::ZERO), None);
        assert_eq!(supervision.weigh(busy(0.0), 0.0, Moment::ZERO), None);
        assert_eq!(supervision.weigh(busy(0.5), 0.5, Moment::from_millis(8000)), None);
        assert_eq!(supervision.weigh(HangUpEvidence::BatteryLost, 1.0, Moment::from_millis(8001)), Some(HangUpEvidence::BatteryLost));
    }
}
