//! The detector of a country's tones: bursts and gaps against the patterns of the plan.

mod belief;

use super::burst::{Burst, Quality};
use super::cadence::{History, Pattern, Segment, Segmenter, longest_fit_ms};
use super::data_tone::DataTones;
use super::ear::{Ear, HOP, HOP_MS, Sound};
use super::{HeardTone, ProgressTone, TonePlan};
use crate::dsp::Frame;
use crate::dsp::level::dbm0_of_power;

/// Hears which supervisory tone of a country's plan sounds on one line.
///
/// - Dial tone is told once it has sounded for 400 ms, when it is the first tone since the start (or [`reset`](Self::reset)) and
///   begins within 5 s; later, and after [`dialed`](Self::dialed), only when it has sounded longer than any burst of a tone with
///   the same frequency: in Brazil all tones have 425 Hz, and a ringback burst of 1 s must not pass for dial tone.
/// - Busy and congestion are told when the second burst is over, and again for each further cycle.
/// - Ringback is told in its first gap, as soon as that is longer than other tones have, and again for each further cycle.
/// - A tone that may end a call is told once more as soon as it is sure ([`HeardTone::confidence`] is 1). How sure it is grows with
///   what was heard of the cadence, the faster the more it sounds like an oscillator.
/// - The special information tone (950, 1400, 1800 Hz) is told once, during its third part.
#[derive(Clone, Debug)]
pub struct ProgressDetector {
    ear: Ear,
    /// The tones of the ear that are parts of the special information tone, three for each.
    special_tones: Vec<usize>,
    candidates: Vec<Candidate>,
    segmenter: Segmenter,
    history: History,
    /// The tone of the bursts in `history`.
    tone: Option<usize>,
    gap: Gap,
    burst: Burst,
    /// Of the last burst that is over: how far from its nominal frequency it was, in Hz, and its power.
    last_burst: Option<(f32, f32)>,
    /// Whether the burst that goes on or comes next is heard from its beginning.
    is_onset_known: bool,
    measured: Measured,
    special: SpecialInformation,
    data_tones: DataTones,
    /// Until when a tone that begins may be told as dial tone early; `None`: no longer.
    early_dial_ms: Option<u32>,
    now_ms: u32,
}

/// A tone of the plan.
#[derive(Clone, Debug)]
struct Candidate {
    name: ProgressTone,
    /// Index into the tones of the ear.
    tone: usize,
    /// Its parts beat against each other.
    beats: bool,
    cadence: Cadence,
    /// Cycles told of the run that goes on.
    told: u32,
    /// It was told that the run is sure.
    told_sure: bool,
}

#[derive(Clone, Debug)]
enum Cadence {
    /// Told after this time; the second one when it may not be told early.
    Continuous {
        early_ms: u32,
        sure_ms: u32,
    },
    Pattern(Pattern),
}

/// The candidate that explains best what was heard.
#[derive(Clone, Copy, Debug)]
struct Leading {
    /// Index into the candidates.
    candidate: usize,
    cycles: u32,
    confidence: f32,
}

/// How quiet the gap that goes on is.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    /// Power of the burst before it.
    level: f32,
    /// How far that burst was what an exchange plays.
    after: Quality,
    /// Since then there was no tone for a moment: a tone that is faint against the burst is none of its rests.
    is_broken: bool,
    looks: u32,
    loud_looks: u32,
    /// Louder than the noise of a usable line would be.
    noisy_looks: u32,
}

/// What was measured while the tone was on.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    power: f32,
    frequency_hz: f32,
    /// The loudest that the burst was that goes on or is just over: half of it (in amplitude) is its edge.
    peak: f32,
}

/// Continuous tones are believed after this time, when nothing argues against it.
const EARLY_DIAL_MS: u32 = 400;

/// A dial tone that is told early must begin within this time.
const EARLY_DIAL_WINDOW_MS: u32 = 5000;

/// A first burst counts when it was quiet for so long before; else its beginning was missed, and the rest of a burst of 750 ms
/// could pass for one of 250 ms.
const LEAST_QUIET_MS: u32 = 50;

/// A burst begins and ends at this part of its power (−6 dB), so that its length is true whatever its level.
const EDGE: f32 = 0.25;

/// In the gaps of a tone that is sure it is quieter than this part of its power (−10 dB).
const QUIET: f32 = 0.1;

/// From one burst to the next an oscillator keeps its frequency within this, in Hz, and its power within this factor (3 dB).
const SAME_HZ: f32 = 5.0;
const SAME_POWER: f32 = 2.0;

/// A burst of this quality may have been played by a machine.
const MACHINE: f32 = 0.8;

/// What a burst is worth that is not like the one before, and a gap that is not quiet.
const UNLIKE: f32 = 0.4;

/// A continuous tone is sure when it has lasted for so long.
const SURE_CONTINUOUS_MS: u32 = 2000;

/// The parts of the special information tone, each with neighbours that cover the ±50 Hz of ITU-T E.180.
const SPECIAL_PARTS_HZ: [[f32; 3]; 3] = [[918.0, 950.0, 982.0], [1368.0, 1400.0, 1432.0], [1768.0, 1800.0, 1832.0]];

impl ProgressDetector {
    /// A detector for the tones of one country.
    #[must_use]
    pub fn new(plan: &TonePlan) -> Self {
        let four = [
            (ProgressTone::Dial, &plan.dial),
            (ProgressTone::Busy, &plan.busy),
            (ProgressTone::Congestion, &plan.congestion),
            (ProgressTone::Ringback, &plan.ringback),
        ];
        let specs = four.into_iter().chain(plan.further.iter().map(|further| (further.tone, &further.spec)));
        let mut ear = Ear::new();
        let mut candidates = Vec::new();
        for (name, spec) in specs {
            let tone = ear.listen_for(&spec.frequencies_hz);
            let cadence = match Pattern::new(&spec.cadence_ms) {
                Some(pattern) => Cadence::Pattern(pattern),
                None if spec.cadence_ms.is_empty() => Cadence::Continuous { early_ms: EARLY_DIAL_MS, sure_ms: EARLY_DIAL_MS },
                // A cadence that is none can never be heard.
                None => continue,
            };
            let has_parts = spec.frequencies_hz.len() > 1;
            candidates.push(Candidate { name, tone, beats: has_parts, cadence, told: 0, told_sure: false });
        }
        for candidate in &mut candidates {
            candidate.beats &= ear.is_band(candidate.tone);
            if let (true, Cadence::Pattern(pattern)) = (candidate.beats, &mut candidate.cadence) {
                pattern.let_beat();
            }
        }
        drop_twins(&mut candidates);
        outlast_bursts(&mut candidates);
        let special: Vec<usize> = SPECIAL_PARTS_HZ.iter().flatten().map(|&frequency_hz| ear.listen_for(&[frequency_hz])).collect();
        ProgressDetector {
            ear,
            special_tones: special,
            candidates,
            segmenter: Segmenter::default(),
            history: History::default(),
            tone: None,
            gap: Gap::default(),
            burst: Burst::default(),
            last_burst: None,
            is_onset_known: false,
            measured: Measured::default(),
            special: SpecialInformation::default(),
            data_tones: DataTones::new(),
            early_dial_ms: Some(EARLY_DIAL_WINDOW_MS),
            now_ms: 0,
        }
    }

    /// Takes the next frame; adds what is heard to `out`.
    pub fn process(&mut self, frame: &Frame, out: &mut Vec<HeardTone>) {
        for hop in frame.0.chunks_exact(HOP) {
            let machine = self.data_tones.hear(hop);
            out.extend(machine.map(|heard| HeardTone {
                tone: heard.tone,
                frequency_hz: heard.frequency_hz,
                level_dbm0: dbm0_of_power(heard.power),
                cycles: 1,
                confidence: 1.0,
            }));
            let sound = self.ear.hear(hop);
            self.now_ms = self.now_ms.saturating_add(HOP_MS);
            self.follow(sound, out);
        }
    }

    /// The number is dialled: a continuous tone must now outlast every burst of ringback to be told as dial tone.
    pub fn dialed(&mut self) {
        self.early_dial_ms = None;
    }

    /// Forgets what it heard, as after taking the line anew.
    pub fn reset(&mut self) {
        self.forget_run();
        self.segmenter = Segmenter::default();
        self.gap = Gap::default();
        self.burst = Burst::default();
        self.is_onset_known = false;
        self.measured = Measured::default();
        self.special = SpecialInformation::default();
        self.data_tones.reset();
        self.early_dial_ms = Some(EARLY_DIAL_WINDOW_MS);
        self.now_ms = 0;
    }

    fn follow(&mut self, sound: Sound, out: &mut Vec<HeardTone>) {
        let part = sound.tone.and_then(|tone| self.special_tones.iter().position(|&special| special == tone));
        let part = part.map(|n| n / SPECIAL_PARTS_HZ[0].len());
        if let Some(power) = self.special.look(part, sound.power) {
            let tone = ProgressTone::SpecialInformation;
            out.push(HeardTone { tone, frequency_hz: sound.frequency_hz, level_dbm0: dbm0_of_power(power), cycles: 1, confidence: 1.0 });
        }
        let tone = sound.tone.filter(|&tone| self.candidates.iter().any(|candidate| candidate.tone == tone));
        self.gap.is_broken |= tone.is_none();
        let tone = tone.filter(|&tone| sound.power >= EDGE * self.floor(tone));
        self.measure(tone, sound);
        if let Some(over) = self.segmenter.look(tone) {
            self.close(over);
            self.tell_patterns(out);
        }
        if tone.is_some() {
            self.burst.look(&sound);
        }
        let current = self.segmenter.current();
        if current.tone.is_none() {
            self.wait_in_gap(current, sound, out);
        } else {
            self.tell_patterns(out);
            self.tell_continuous(out);
        }
    }

    fn measure(&mut self, tone: Option<usize>, sound: Sound) {
        let measured = &mut self.measured;
        if tone.is_none() {
            return;
        }
        let goes_on = self.segmenter.current().tone == tone;
        measured.peak = if goes_on { measured.peak.max(sound.power) } else { sound.power };
        // The edges of a burst are only partly in the window.
        if sound.power >= 0.7 * measured.peak {
            measured.power = sound.power;
            measured.frequency_hz = sound.frequency_hz;
        }
    }

    /// The level that this tone is measured against: that of its burst, or of the one of which it may be a rest.
    fn floor(&self, tone: usize) -> f32 {
        let goes_on = self.segmenter.current().tone == Some(tone);
        if goes_on || (self.tone == Some(tone) && !self.gap.is_broken) { self.measured.peak } else { 0.0 }
    }

    /// A burst or gap is over: it joins the history.
    fn close(&mut self, over: Segment) {
        match over.tone {
            Some(tone) => {
                if self.tone != Some(tone) {
                    self.forget_run();
                    self.tone = Some(tone);
                }
                self.early_dial_ms = None;
                let quality = self.burst_quality();
                self.gap.level = self.burst.mean().map_or(self.measured.peak, |(_, power)| power);
                self.gap.after = quality;
                // What a voice left is nothing to compare a tone with.
                let by_machine = self.burst.quality().steady >= MACHINE;
                self.last_burst = self.burst.mean().filter(|_| by_machine);
                if self.is_onset_known {
                    self.history.push(true, over.duration_ms, quality);
                }
                self.is_onset_known = true;
            }
            None if self.tone.is_some() => {
                let loud = 2 * self.gap.loud_looks > self.gap.looks;
                self.history.push(false, over.duration_ms, self.gap.quality());
                if loud {
                    self.forget_run();
                }
            }
            None => self.is_onset_known |= over.duration_ms >= LEAST_QUIET_MS,
        }
        self.gap = Gap { level: self.gap.level, after: self.gap.after, ..Gap::default() };
        self.burst = Burst::default();
        for candidate in &mut self.candidates {
            if let Cadence::Pattern(pattern) = &mut candidate.cadence
                && Some(candidate.tone) == self.tone
            {
                let run = pattern.run();
                pattern.step(&self.history);
                if pattern.run() <= run {
                    candidate.told = 0;
                    candidate.told_sure = false;
                }
            }
        }
    }

    /// How much the burst that goes on, or is just over, is what an exchange plays.
    fn burst_quality(&self) -> Quality {
        let quality = self.burst.quality();
        let is_same = match (self.last_burst, self.burst.mean()) {
            (Some((last_hz, last_power)), Some((offset_hz, power))) => {
                let change = power / last_power.max(f32::MIN_POSITIVE);
                (offset_hz - last_hz).abs() <= SAME_HZ && (1.0 / SAME_POWER..=SAME_POWER).contains(&change)
            }
            _ => true,
        };
        if is_same { quality } else { Quality { steady: quality.steady * UNLIKE, ..quality } }
    }

    fn wait_in_gap(&mut self, current: Segment, sound: Sound, out: &mut Vec<HeardTone>) {
        self.gap.looks += 1;
        if sound.power >= EDGE * self.gap.level {
            self.gap.loud_looks += 1;
        }
        if sound.power >= QUIET * self.gap.level {
            self.gap.noisy_looks += 1;
        }
        if self.tone.is_none() {
            return;
        }
        self.tell_patterns(out);
        let patterns = self.candidates.iter().filter(|candidate| Some(candidate.tone) == self.tone);
        let longest_ms = patterns.filter_map(Candidate::pattern).map(Pattern::longest_gap_ms).max().unwrap_or(0);
        if current.duration_ms > longest_ms {
            self.forget_run();
        }
    }

    /// Tells the pattern that explains more of the history than every other one, for each cycle once, and once when it is sure.
    fn tell_patterns(&mut self, out: &mut Vec<HeardTone>) {
        let Some(Leading { candidate: best, cycles, confidence }) = self.leading_pattern() else { return };
        let measured = self.measured;
        let candidate = &mut self.candidates[best];
        let is_sure = confidence >= 1.0 && !candidate.told_sure && may_end_calls(candidate.name);
        if cycles > candidate.told || is_sure {
            let (name, tone, told) = (candidate.name, candidate.tone, cycles.max(candidate.told).max(1));
            out.push(HeardTone { confidence, ..measured.heard(name, told) });
            // Another form of the same tone may turn out to be the nearer one: what was told is told.
            for form in self.candidates.iter_mut().filter(|form| form.name == name && form.tone == tone) {
                form.told = form.told.max(told);
                form.told_sure |= is_sure;
            }
        }
    }

    /// The pattern that explains more of the history than every other one.
    fn leading_pattern(&self) -> Option<Leading> {
        let current = self.segmenter.current();
        let quality = if current.tone.is_some() { self.burst_quality() } else { self.gap.quality() };
        let quiet = 2 * self.gap.loud_looks <= self.gap.looks;
        let gap_ms = (current.tone.is_none() && quiet).then_some(current.duration_ms);
        // Only a tone that explains what was heard so far can have a gap of its own here.
        let rivals = self.candidates.iter().filter(|candidate| Some(candidate.tone) == self.tone).filter_map(Candidate::pattern);
        let longest_short_gap_ms = rivals.filter(|rival| rival.run() > 0).map(Pattern::longest_short_gap_ms).max().unwrap_or(0);
        let best = self.best_pattern()?;
        let candidate = &self.candidates[best];
        let pattern = candidate.pattern()?;
        let cycles = pattern.cycles(gap_ms, longest_short_gap_ms);
        // A burst of another tone is no part of this one's cadence, though it is not over yet.
        let is_foreign = current.tone.is_some_and(|tone| tone != candidate.tone);
        let confidence = if is_foreign { 0.0 } else { pattern.confidence(current.tone.is_some(), current.duration_ms, quality) };
        Some(Leading { candidate: best, cycles, confidence })
    }

    /// The candidate whose run is longer than all others', and that what goes on now may still belong to; of equal runs the nearer
    /// one. Two that mean different things are told apart
    /// only when both are settled, and a call waiting tone gives way: it is heard while people talk, and ringback is not.
    fn best_pattern(&self) -> Option<usize> {
        let following = self.candidates.iter().enumerate().filter(|(_, candidate)| Some(candidate.tone) == self.tone);
        let current = self.segmenter.current();
        let runs = following
            .filter_map(|(n, candidate)| candidate.pattern().map(|pattern| (n, candidate.name, pattern)))
            .filter(|(_, _, pattern)| pattern.bears(current.tone.is_some(), current.duration_ms));
        let longest = runs.clone().map(|(_, _, pattern)| pattern.run()).max().filter(|&run| run > 0)?;
        let leading = runs.filter(|(_, _, pattern)| pattern.run() == longest);
        let waits = |name: ProgressTone| name == ProgressTone::CallWaiting;
        let only_waiting = leading.clone().all(|(_, name, _)| waits(name));
        let mut rivals = leading.filter(|(_, name, _)| only_waiting || !waits(*name));
        let first = rivals.next()?;
        let best = rivals.try_fold(first, |best, next| {
            let may_choose = best.1 == next.1 || (best.2.is_settled() && next.2.is_settled());
            let nearer = if next.2.mean_deviation() < best.2.mean_deviation() { next } else { best };
            may_choose.then_some(nearer)
        });
        best.map(|(n, _, _)| n)
    }

    fn tell_continuous(&mut self, out: &mut Vec<HeardTone>) {
        let Some(Leading { candidate: leading, cycles, confidence }) = self.leading_continuous() else { return };
        let Candidate { name, tone, told, told_sure, .. } = self.candidates[leading];
        // Which form leads may change while it sounds: what was told is told.
        let forms = self.candidates.iter_mut().filter(|form| form.tone == tone && form.pattern().is_none());
        if cycles == 0 {
            forms.for_each(|form| (form.told, form.told_sure) = (0, false));
            return;
        }
        let is_sure = confidence >= 1.0 && !told_sure;
        if told == 0 || is_sure {
            forms.filter(|form| form.name == name).for_each(|form| (form.told, form.told_sure) = (1, told_sure || is_sure));
            out.push(HeardTone { confidence, ..self.measured.heard(name, 1) });
        }
    }

    /// The continuous tone that sounds; its cycles are 0 until it has lasted long enough to be believed.
    fn leading_continuous(&self) -> Option<Leading> {
        let current = self.segmenter.current();
        let began_ms = self.now_ms.saturating_sub(current.duration_ms);
        let early = self.early_dial_ms.is_some_and(|until_ms| began_ms <= until_ms);
        let sounding = |candidate: &Candidate| Some(candidate.tone) == current.tone && candidate.pattern().is_none();
        let burst = self.burst.quality();
        let candidates = self.candidates.iter().enumerate().filter(|(_, candidate)| sounding(candidate));
        // Two continuous tones of one frequency differ in whether they beat; of those that do not, the first name is the one.
        let (n, candidate) = candidates.reduce(|best, next| if burst.of(next.1.beats) > burst.of(best.1.beats) { next } else { best })?;
        let Cadence::Continuous { early_ms, sure_ms } = candidate.cadence else { return None };
        let cycles = u32::from(current.duration_ms >= if early { early_ms } else { sure_ms });
        let quality = burst.of(candidate.beats);
        let confidence = (quality * current.duration_ms as f32 / SURE_CONTINUOUS_MS as f32).min(1.0);
        Some(Leading { candidate: n, cycles, confidence })
    }

    fn forget_run(&mut self) {
        self.tone = None;
        self.history.clear();
        self.last_burst = None;
        for candidate in &mut self.candidates {
            if let Cadence::Pattern(pattern) = &mut candidate.cadence {
                pattern.clear();
                candidate.told = 0;
                candidate.told_sure = false;
            }
        }
    }
}

impl Gap {
    /// How much this is the pause of a tone: a few looks at its ends have the edges of bursts in their windows.
    fn quality(&self) -> Quality {
        Quality::of_gap(if 10 * self.noisy_looks <= 3 * self.looks { 1.0 } else { UNLIKE }, self.after)
    }
}

impl Candidate {
    fn pattern(&self) -> Option<&Pattern> {
        match &self.cadence {
            Cadence::Pattern(pattern) => Some(pattern),
            Cadence::Continuous { .. } => None,
        }
    }
}

impl Measured {
    fn heard(&self, tone: ProgressTone, cycles: u32) -> HeardTone {
        HeardTone { tone, frequency_hz: self.frequency_hz, level_dbm0: dbm0_of_power(self.power), cycles, confidence: 0.0 }
    }
}

/// Whether somebody waits to hear that this tone is sure.
fn may_end_calls(tone: ProgressTone) -> bool {
    matches!(tone, ProgressTone::Dial | ProgressTone::Busy | ProgressTone::Congestion)
}

/// Leaves out what sounds like another one: a country may have one tone for busy and congestion, and the first name is the one.
fn drop_twins(candidates: &mut Vec<Candidate>) {
    let is_twin = |one: &Candidate, other: &Candidate| {
        let same = one.pattern().zip(other.pattern()).is_some_and(|(one, other)| one.is_like(other));
        one.tone == other.tone && one.beats == other.beats && same
    };
    for candidate in std::mem::take(candidates) {
        if !candidates.iter().any(|kept| is_twin(kept, &candidate)) {
            candidates.push(candidate);
        }
    }
}

/// Makes continuous tones wait until no burst of the same tone could last so long.
fn outlast_bursts(candidates: &mut [Candidate]) {
    for n in 0..candidates.len() {
        let rivals = candidates.iter().filter(|rival| rival.tone == candidates[n].tone);
        let longest_ms = rivals.filter_map(Candidate::pattern).map(Pattern::longest_burst_ms).max();
        if let (Cadence::Continuous { sure_ms, .. }, Some(longest_ms)) = (&mut candidates[n].cadence, longest_ms) {
            *sure_ms = longest_fit_ms(longest_ms).max(EARLY_DIAL_MS) + 50;
        }
    }
}

/// Follows the three rising parts of the special information tone.
#[derive(Clone, Copy, Debug, Default)]
struct SpecialInformation {
    segmenter: Segmenter,
    /// Parts that were heard, in order and with the right length.
    parts: usize,
    told: bool,
}

impl SpecialInformation {
    /// Each part lasts 276, 330 or 380 ms.
    const PART_MS: std::ops::RangeInclusive<u32> = 200..=450;

    /// Parts follow one another with gaps of at most this.
    const GAP_MS: u32 = 60;

    /// Takes one look; returns the power when the tone is sure.
    fn look(&mut self, part: Option<usize>, power: f32) -> Option<f32> {
        if let Some(over) = self.segmenter.look(part) {
            match over.tone {
                Some(part) if part == self.parts && Self::PART_MS.contains(&over.duration_ms) => self.parts += 1,
                None if over.duration_ms <= Self::GAP_MS => {}
                Some(_) | None => self.parts = 0,
            }
            self.told = false;
        }
        let current = self.segmenter.current();
        let sure = self.parts == 2 && current.tone == Some(2) && current.duration_ms >= *Self::PART_MS.start();
        if sure && !self.told {
            self.told = true;
            return Some(power);
        }
        None
    }
}

#[cfg(test)]
mod tests;
