//! Bursts and gaps of a tone, and the pattern that they follow.

use super::burst::Quality;
use super::ear::HOP_MS;

/// What has just been over: a burst of a tone, or a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The tone of a burst; `None`: a gap.
    pub(super) tone: Option<usize>,
    pub(super) duration_ms: u32,
}

/// Makes segments of looks, letting pass interruptions shorter than [`Segmenter::CONFIRM_LOOKS`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Segmenter {
    current: Option<usize>,
    /// Looks since the current segment began, those of `pending` not counted.
    looks: u32,
    pending: Option<usize>,
    pending_looks: u32,
}

impl Segmenter {
    /// A change counts when it has lasted 30 ms.
    const CONFIRM_LOOKS: u32 = 3;

    /// Takes one look; returns the segment that it ends.
    pub(super) fn look(&mut self, tone: Option<usize>) -> Option<Segment> {
        if tone == self.current {
            self.looks += 1 + self.pending_looks;
            self.pending_looks = 0;
            return None;
        }
        if self.pending_looks > 0 && tone != self.pending {
            // Neither the old nor the expected new: what was pending belongs to the old one.
            self.looks += self.pending_looks;
            self.pending_looks = 0;
        }
        self.pending = tone;
        self.pending_looks += 1;
        if self.pending_looks < Self::CONFIRM_LOOKS {
            return None;
        }
        let over = Segment { tone: self.current, duration_ms: self.looks * HOP_MS };
        *self = Segmenter { current: tone, looks: self.pending_looks, pending: None, pending_looks: 0 };
        Some(over)
    }

    /// The segment that is going on, and how long already.
    pub(super) fn current(&self) -> Segment {
        Segment { tone: self.current, duration_ms: self.looks * HOP_MS }
    }
}

/// Segments that a pattern is compared with.
const HISTORY: usize = 8;

/// The last bursts and gaps of one tone in ms, alternating, the newest last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct History {
    durations_ms: [u32; HISTORY],
    /// How far each was what an exchange plays, from 0 to 1.
    qualities: [Quality; HISTORY],
    length: usize,
    ends_with_burst: bool,
}

impl History {
    pub(super) fn push(&mut self, is_burst: bool, duration_ms: u32, quality: Quality) {
        if self.length > 0 && is_burst == self.ends_with_burst {
            self.length = 0;
        }
        if self.length == HISTORY {
            self.durations_ms.rotate_left(1);
            self.qualities.rotate_left(1);
            self.length -= 1;
        }
        self.durations_ms[self.length] = duration_ms;
        self.qualities[self.length] = quality;
        self.length += 1;
        self.ends_with_burst = is_burst;
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Whether each was a burst, and its duration in ms.
    pub(super) fn oldest_first(&self) -> impl Iterator<Item = (bool, u32)> {
        let bursts = (0..self.length).map(|n| (self.length - 1 - n).is_multiple_of(2) == self.ends_with_burst);
        bursts.zip(self.durations_ms[..self.length].iter().copied())
    }

    /// Durations in ms with their qualities.
    fn newest_first(&self) -> impl Iterator<Item = (u32, Quality)> {
        let durations_ms = self.durations_ms[..self.length].iter().rev().copied();
        durations_ms.zip(self.qualities[..self.length].iter().rev().copied())
    }
}

/// Follows one pattern of bursts and gaps through the history, from wherever in it the tone began.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// Bursts at even, gaps at odd places.
    durations_ms: Vec<u32>,
    /// The parts of the tone beat against each other.
    beats: bool,
    /// The place that comes next.
    place: usize,
    /// Segments in a row that fit, up to the newest.
    run: u32,
    /// Sum of the relative deviations of the run.
    deviation: f32,
    /// What the segments of the run are worth together.
    evidence: f32,
}

impl Pattern {
    /// `None` when the tone is continuous.
    pub(super) fn new(cadence_ms: &[u32]) -> Option<Self> {
        let even = cadence_ms.len() / 2 * 2;
        let durations_ms = cadence_ms[..even].to_vec();
        let sounds = !durations_ms.is_empty() && durations_ms.iter().all(|&ms| ms > 0);
        sounds.then_some(Pattern { durations_ms, beats: false, place: 0, run: 0, deviation: 0.0, evidence: 0.0 })
    }

    /// From now on the tone is taken to be one whose parts beat against each other.
    pub(super) fn let_beat(&mut self) {
        self.beats = true;
    }

    /// Takes the newest segment of `history`.
    pub(super) fn step(&mut self, history: &History) {
        let Some((duration_ms, quality)) = history.newest_first().next() else { return self.clear() };
        let expected_ms = self.durations_ms[self.place];
        let is_burst_expected = self.place.is_multiple_of(2);
        if self.run > 0 && is_burst_expected == history.ends_with_burst && fits(duration_ms, expected_ms) {
            self.run += 1;
            self.deviation += deviation(duration_ms, expected_ms);
            self.evidence += worth(is_burst_expected, duration_ms, quality.of(self.beats));
            self.place = (self.place + 1) % self.durations_ms.len();
        } else {
            self.align(history);
        }
    }

    pub(super) fn clear(&mut self) {
        self.place = 0;
        self.run = 0;
        self.deviation = 0.0;
        self.evidence = 0.0;
    }

    /// Finds the place in the pattern that explains most of the newest segments.
    fn align(&mut self, history: &History) {
        self.clear();
        let length = self.durations_ms.len();
        for last in (0..length).filter(|place| place.is_multiple_of(2) == history.ends_with_burst) {
            let places = (0..HISTORY).map(|back| (last + HISTORY * length - back) % length);
            let matching = places.zip(history.newest_first()).take_while(|&(place, (ms, _))| fits(ms, self.durations_ms[place]));
            let (mut run, mut sum, mut evidence) = (0, 0.0, 0.0);
            for (place, (ms, quality)) in matching {
                run += 1;
                sum += deviation(ms, self.durations_ms[place]);
                evidence += worth(place.is_multiple_of(2), ms, quality.of(self.beats));
            }
            if run > self.run {
                (self.run, self.deviation, self.evidence, self.place) = (run, sum, evidence, (last + 1) % length);
            }
        }
    }

    pub(super) fn run(&self) -> u32 {
        self.run
    }

    /// Bursts and gaps in ms, alternating, beginning with a burst.
    pub(super) fn durations_ms(&self) -> &[u32] {
        &self.durations_ms
    }

    /// Which of them comes next, or goes on.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    pub(super) fn mean_deviation(&self) -> f32 {
        self.deviation / self.run.max(1) as f32
    }

    /// Whether two full patterns have been heard: then another one that fits as well will go on fitting.
    pub(super) fn is_settled(&self) -> bool {
        self.run >= 2 * self.durations_ms.len() as u32
    }

    /// Cycles heard so far, while a gap of `gap_ms` is going on (`None`: a burst). A single short cycle is believed when a further
    /// burst has followed it; a long gap is believed before its end, when it is longer than `longest_rival_gap_ms`.
    pub(super) fn cycles(&self, gap_ms: Option<u32>, longest_rival_gap_ms: u32) -> u32 {
        let length = self.durations_ms.len() as u32;
        let expected_gap_ms = if self.place.is_multiple_of(2) { 0 } else { self.durations_ms[self.place] };
        let is_long_gap = gap_ms.is_some_and(|gap_ms| {
            expected_gap_ms >= LONG_GAP_MS
                && gap_ms >= (2 * longest_rival_gap_ms).clamp(LEAST_LONG_GAP_MS, expected_gap_ms / 4 * 3)
                && gap_ms <= longest_fit_ms(expected_gap_ms)
        });
        if is_long_gap {
            return (self.run + 1) / length;
        }
        let has_long_gap = self.durations_ms.iter().skip(1).step_by(2).any(|&ms| ms >= LONG_GAP_MS);
        if self.run < BELIEVED_RUN && !has_long_gap { 0 } else { self.run / length }
    }

    /// How sure the run makes it that this tone is played, from 0 to 1, with what goes on now: a burst or gap that has lasted so long,
    /// with its quality so far. One burst alone proves nothing, so it takes two.
    pub(super) fn confidence(&self, is_burst: bool, lasted_ms: u32, quality: Quality) -> f32 {
        let expected_ms = self.durations_ms[self.place];
        let goes_on = self.run > 0 && is_burst == self.place.is_multiple_of(2) && lasted_ms <= longest_fit_ms(expected_ms);
        let (lasting, counts) = (lasted_ms.min(expected_ms), lasted_ms >= LEAST_LASTING_MS);
        let bursts = if self.place.is_multiple_of(2) { self.run / 2 } else { self.run.div_ceil(2) };
        let bursts = bursts + u32::from(goes_on && is_burst && counts);
        if bursts < 2 {
            return 0.0;
        }
        let now = if goes_on && counts { worth(is_burst, lasting, quality.of(self.beats)) } else { 0.0 };
        (self.evidence + now).min(1.0)
    }

    /// Whether what goes on now, a burst or a gap that has lasted so long, can be what comes next.
    pub(super) fn bears(&self, is_burst: bool, lasted_ms: u32) -> bool {
        let is_next = is_burst == self.place.is_multiple_of(2);
        self.run == 0 || !is_next || lasted_ms <= longest_fit_ms(self.durations_ms[self.place])
    }

    /// Whether the same bursts and gaps follow one another in both.
    pub(super) fn is_like(&self, other: &Pattern) -> bool {
        self.durations_ms == other.durations_ms
    }

    /// The longest burst of the pattern in ms.
    pub(super) fn longest_burst_ms(&self) -> u32 {
        self.durations_ms.iter().step_by(2).copied().max().unwrap_or(0)
    }

    /// The longest gap that still fits somewhere in the pattern, in ms.
    pub(super) fn longest_gap_ms(&self) -> u32 {
        longest_fit_ms(self.durations_ms.iter().skip(1).step_by(2).copied().max().unwrap_or(0))
    }

    /// The longest gap of the pattern that is not one of ringing, in ms; 0 when there is none.
    pub(super) fn longest_short_gap_ms(&self) -> u32 {
        self.durations_ms.iter().skip(1).step_by(2).copied().filter(|&ms| ms < LONG_GAP_MS).max().unwrap_or(0)
    }
}

/// What a burst or gap that fits is worth: the longer it is, the less it is chance that it has the right length. Bursts say more than
/// gaps, because they have a frequency as well. A tone of 250 ms on and off is sure with its fourth burst, one of 500 ms after its second.
fn worth(is_burst: bool, duration_ms: u32, quality: f32) -> f32 {
    let worth = if is_burst { duration_ms as f32 / 1800.0 + 0.08 } else { duration_ms as f32 / 2400.0 };
    worth * quality
}

/// What goes on counts from here on.
const LEAST_LASTING_MS: u32 = 100;

/// Two bursts and the gap between them: a single burst proves no cadence.
const BELIEVED_RUN: u32 = 3;

/// From here on a gap is one of ringing.
const LONG_GAP_MS: u32 = 1500;

/// A gap of ringing is believed at the earliest after this time.
const LEAST_LONG_GAP_MS: u32 = 500;

/// Durations may deviate by 20 %, and by two looks.
fn tolerance_ms(expected_ms: u32) -> u32 {
    expected_ms / 5 + 20
}

/// The longest duration that passes for `expected_ms`.
pub(super) fn longest_fit_ms(expected_ms: u32) -> u32 {
    expected_ms.saturating_add(tolerance_ms(expected_ms))
}

fn fits(duration_ms: u32, expected_ms: u32) -> bool {
    duration_ms.abs_diff(expected_ms) <= tolerance_ms(expected_ms)
}

fn deviation(duration_ms: u32, expected_ms: u32) -> f32 {
    duration_ms.abs_diff(expected_ms) as f32 / expected_ms as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_of(pattern: &mut Pattern, history: &mut History, segments: &[(bool, u32)]) -> Vec<u32> {
        segments
            .iter()
            .map(|&(is_burst, ms)| {
                history.push(is_burst, ms, Quality { steady: 1.0, beating: 1.0 });
                pattern.step(history);
                pattern.run()
            })
            .collect()
    }

    #[test]
    fn a_segment_counts_when_it_has_lasted() {
        let mut segmenter = Segmenter::default();
        let looks = "..........ttttttttt.ttttt..ttttt.......u";
        let over: Vec<Segment> = looks
            .chars()
            .filter_map(|look| {
                segmenter.look(match look {
                    't' => Some(1),
                    'u' => Some(2),
                    _ => None,
                })
            })
            .collect();
        assert_eq!(over, [Segment { tone: None, duration_ms: 100 }, Segment { tone: Some(1), duration_ms: 220 }]);
        assert_eq!(segmenter.current(), Segment { tone: None, duration_ms: 70 });
    }

    #[test]
    fn the_long_burst_tells_congestion_from_busy() {
        let (mut busy, mut congestion) = (Pattern::new(&[250, 250]).unwrap(), Pattern::new(&[250, 250, 750, 250]).unwrap());
        let (mut one, mut other) = (History::default(), History::default());
        let heard = [(true, 250), (false, 250), (true, 240), (false, 260), (true, 250)];
        assert_eq!(run_of(&mut busy, &mut one, &heard), [1, 2, 3, 4, 5]);
        assert_eq!(run_of(&mut congestion, &mut other, &heard), [1, 2, 2, 3, 2]);
        let (mut one, mut other) = (History::default(), History::default());
        busy.clear();
        congestion.clear();
        let heard = [(true, 120), (false, 250), (true, 750), (false, 250), (true, 250), (false, 250), (true, 760)];
        assert_eq!(run_of(&mut busy, &mut one, &heard), [0, 1, 0, 1, 2, 3, 0]);
        assert_eq!(run_of(&mut congestion, &mut other, &heard), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn continuous_and_nonsensical_cadences_have_no_pattern() {
        assert!(Pattern::new(&[]).is_none() && Pattern::new(&[500]).is_none() && Pattern::new(&[500, 0]).is_none());
        assert!(Pattern::new(&[500, 500, 100]).is_some());
    }

    #[test]
    fn a_ringing_gap_is_believed_early_and_a_short_cycle_after_two_bursts() {
        let (mut ringing, mut history) = (Pattern::new(&[1000, 4000]).unwrap(), History::default());
        run_of(&mut ringing, &mut history, &[(true, 1000)]);
        assert_eq!((ringing.cycles(Some(400), 250), ringing.cycles(Some(500), 250)), (0, 1));
        assert_eq!((ringing.cycles(Some(4700), 250), ringing.cycles(Some(5000), 250)), (1, 0));
        run_of(&mut ringing, &mut history, &[(false, 4000), (true, 1000)]);
        assert_eq!((ringing.cycles(Some(100), 250), ringing.cycles(Some(600), 250)), (1, 2));
        let (mut busy, mut history) = (Pattern::new(&[500, 500]).unwrap(), History::default());
        run_of(&mut busy, &mut history, &[(true, 500), (false, 500)]);
        assert_eq!(busy.cycles(None, 0), 0);
        run_of(&mut busy, &mut history, &[(true, 500)]);
        assert_eq!(busy.cycles(Some(0), 0), 1);
    }
}
