//! Digits heard on the line: begin and end of each, once.
//!
//! Every 5 ms a Hann window of 16 ms is looked at. The turn of the phase from one window to the next tells the true frequency
//! of each tone, which decides between ±1.5 % (a digit) and ±3.5 % (none) far sharper than a filter of that length could.
//!
//! A digit in noise and a voice both have energy beside two tones. What tells them apart is that the tones of a digit stand still:
//! their frequencies, measured anew every 5 ms, differ by what the noise makes of them and no more, and lie near the nominal
//! ones. So the less pure the two tones are, the nearer they have to be.

use super::{HIGH_GROUP_HZ, KEYPAD, LOW_GROUP_HZ};
use crate::dsp::filter::Biquad;
use crate::dsp::goertzel::{Goertzel, HannWindow, Phasor, phasors};
use crate::dsp::level::{dbm0_of_power, power_of_dbm0};
use crate::dsp::{Frame, SAMPLE_RATE_HZ};

/// A digit begins or ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DtmfEvent {
    /// It is sure now that this digit sounds.
    Begin {
        /// The digit.
        digit: char,
        /// Level of both tones together in dBm0.
        level_dbm0: f32,
        /// How long it has been sounding already, in ms (5 ms steps).
        since_ms: u32,
    },
    /// The digit that began last has ended.
    End {
        /// The digit.
        digit: char,
        /// How long it sounded, in ms (5 ms steps).
        duration_ms: u32,
        /// How long it has been over already, in ms.
        since_ms: u32,
    },
}

/// Samples in a window: 16 ms.
const WINDOW: usize = 128;

/// Samples from one window to the next: 5 ms, so that four make a frame.
const HOP: usize = 40;

const HOP_MS: u32 = 5;

/// Windows with the same digit, after the first, until it is sure: a digit of 40 ms has at least five good windows.
const HITS: u8 = 4;

/// Windows without the digit until it is over: 25 ms, so that a gap of 15 ms does not split it and one of 35 ms does.
const MISSES: u32 = 5;

/// Each tone must be this loud (ITU-T Q.24 knows limits from −24 to −39 dBm, and −55 dBm must be rejected).
const LEAST_TONE_DBM0: f32 = -44.0;

/// The low tone may be so much louder than the high one (8 dB, and a margin for noise).
const NORMAL_TWIST_DB: f32 = 9.5;

/// The high tone may be so much louder than the low one: 4 dB, and what an echo 10 dB below adds when it weakens the low tone and
/// strengthens the high one (Q.24 demands both).
const REVERSE_TWIST_DB: f32 = 6.2;

/// Between the ±1.5 % that must be accepted (1.8 % for NTT) and the ±3 to 3.5 % that must be rejected.
const FREQUENCY_TOLERANCE: f32 = 0.023;

/// The same where the low tone is 8 dB louder than the high one, as it often is in a voice; between 4 and 8 dB it shrinks to this.
const TWISTED_FREQUENCY_TOLERANCE: f32 = 0.018;

/// The same for tones that are not pure.
const NOISY_FREQUENCY_TOLERANCE: f32 = 0.015;

/// The low tone may be so much louder than the high one where they are not pure: voices lose towards high frequencies.
const NOISY_TWIST_DB: f32 = 5.5;

/// Both tones together must have this part of all energy to count as pure: speech has its energy in more places.
const PURITY: f32 = 0.85;

/// Less than this is no digit: noise 5 dB below the tones.
const LEAST_PURITY: f32 = 0.72;

/// The frequencies of one tone in the windows of a digit lie within so many Hz, in noise 6 dB below nearly always; a voice glides.
const SPREAD_HZ: f32 = 10.5;

/// A tone may change by this factor of power in 5 ms while a digit is being recognised.
const STEADINESS: f32 = 1.9;

/// Second harmonics must be this factor below their tones: a voice has strong ones, a digit none.
const HARMONIC: f32 = 16.0;

/// A digit goes on while both tones keep this part of the power that they began with (−10 dB).
const HOLD: f32 = 0.1;

/// Recognises DTMF digits in the audio of one line; each digit is told exactly once.
#[derive(Clone, Debug)]
pub struct DtmfReceiver {
    hum_filter: Biquad,
    samples: [f32; WINDOW],
    window: HannWindow<WINDOW>,
    filters: [Goertzel; 8],
    phasors: [Phasor; 8],
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Quiet,
    /// Two tones that may become a digit.
    Suspect(Suspicion),
    /// A digit is sounding.
    Sounding(Sounding),
}

#[derive(Clone, Copy, Debug)]
struct Suspicion {
    key: (usize, usize),
    /// Windows that agreed with the one before.
    hits: u8,
    /// What was found in the last windows, the newest last.
    pairs: [Pair; HITS as usize],
}

#[derive(Clone, Copy, Debug)]
struct Sounding {
    key: (usize, usize),
    /// Power of the low and high tone when it was sure.
    power: (f32, f32),
    /// Windows since its onset.
    age: u32,
    misses: u32,
    /// Another digit that follows without a gap.
    next: Option<Suspicion>,
}

/// Two tones in the newest window that fit together.
#[derive(Clone, Copy, Debug)]
struct Pair {
    key: (usize, usize),
    offset_hz: (f32, f32),
    power: (f32, f32),
    /// The part of all energy that both tones have together.
    purity: f32,
    /// By how much the low tone is louder than the high one.
    twist_db: f32,
}

impl DtmfReceiver {
    /// A receiver that has heard nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let frequency_hz = |n: usize| if n < 4 { LOW_GROUP_HZ[n] } else { HIGH_GROUP_HZ[n - 4] };
        DtmfReceiver {
            hum_filter: Biquad::high_pass(180.0, 0.707),
            samples: [0.0; WINDOW],
            window: HannWindow::new(),
            filters: std::array::from_fn(|n| Goertzel::new(frequency_hz(n))),
            phasors: [Phasor::default(); 8],
            state: State::Quiet,
        }
    }

    /// Takes the next frame; adds what is sure now to `out`.
    pub fn process(&mut self, frame: &Frame, out: &mut Vec<DtmfEvent>) {
        for hop in frame.0.chunks_exact(HOP) {
            self.samples.copy_within(HOP.., 0);
            for (slot, &sample) in self.samples[WINDOW - HOP..].iter_mut().zip(hop) {
                *slot = self.hum_filter.next(f32::from(sample));
            }
            self.look(out);
        }
    }

    /// Whether two tones sound that may turn out to be a digit: who must keep digits out of the audio holds it back meanwhile.
    #[must_use]
    pub fn suspects(&self) -> bool {
        match self.state {
            // In a voice there are two impure tones now and then, and it would be cut to pieces.
            State::Suspect(suspicion) => suspicion.hits > 0 && suspicion.is_pure(),
            State::Quiet | State::Sounding(_) => false,
        }
    }

    /// The digit that sounds now: told as begun, not yet as ended.
    #[must_use]
    pub fn sounding(&self) -> Option<char> {
        match self.state {
            State::Sounding(sounding) => Some(digit_of(sounding.key)),
            State::Quiet | State::Suspect(_) => None,
        }
    }

    /// Forgets what it heard, without telling an end.
    pub fn reset(&mut self) {
        *self = DtmfReceiver::new();
    }

    fn look(&mut self, out: &mut Vec<DtmfEvent>) {
        let mut block = [0.0; WINDOW];
        let mean_square = self.window.apply(&self.samples, &mut block);
        let earlier = self.phasors;
        if mean_square < power_of_dbm0(LEAST_TONE_DBM0) {
            self.phasors = [Phasor::default(); 8];
        } else {
            self.phasors = phasors(&self.filters, &block);
        }
        let pair = self.pair(&earlier, mean_square);
        self.state = match self.state {
            State::Quiet => self.suspect(None, pair, &block, out),
            State::Suspect(suspicion) => self.suspect(Some(suspicion), pair, &block, out),
            State::Sounding(sounding) => self.go_on(sounding, pair, &block, out),
        };
    }

    /// The two strongest tones of the newest window, when they are pure, steady, balanced and near enough to a digit.
    fn pair(&self, earlier: &[Phasor; 8], mean_square: f32) -> Option<Pair> {
        let key = (strongest(&self.phasors[..4]), strongest(&self.phasors[4..]));
        let (low, high) = (key.0, key.1 + 4);
        let offset = |n: usize| self.filters[n].offset_hz(earlier[n], self.phasors[n], HOP);
        let offset_hz = (offset(low), offset(high));
        let near = |n: usize, offset_hz: f32| offset_hz.abs() < 15.0 + 2.0 * FREQUENCY_TOLERANCE * self.filters[n].frequency_hz();
        if !near(low, offset_hz.0) || !near(high, offset_hz.1) {
            return None;
        }
        let power = (self.window.sine_power(self.phasors[low], offset_hz.0), self.window.sine_power(self.phasors[high], offset_hz.1));
        let least = power_of_dbm0(LEAST_TONE_DBM0);
        let twist_db = 10.0 * (power.0 / power.1.max(f32::MIN_POSITIVE)).log10();
        let steady = |n: usize| {
            let change = self.phasors[n].power() / earlier[n].power().max(f32::MIN_POSITIVE);
            change < STEADINESS && change > 1.0 / STEADINESS
        };
        let fits = power.0 >= least
            && power.1 >= least
            && twist_db < NORMAL_TWIST_DB
            && twist_db > -REVERSE_TWIST_DB
            && power.0 + power.1 >= LEAST_PURITY * mean_square
            && steady(low)
            && steady(high);
        let purity = (power.0 + power.1) / mean_square.max(f32::MIN_POSITIVE);
        fits.then_some(Pair { key, offset_hz, power, purity, twist_db })
    }

    fn suspect(&self, before: Option<Suspicion>, pair: Option<Pair>, block: &[f32; WINDOW], out: &mut Vec<DtmfEvent>) -> State {
        let Some(pair) = pair else { return State::Quiet };
        let suspicion = Suspicion::with(before, pair);
        if !self.is_sure(&suspicion, pair, block) {
            return State::Suspect(suspicion);
        }
        // The first window that counts lies with most of its weight behind the onset.
        let age = u32::from(HITS) + 1;
        let level_dbm0 = dbm0_of_power(pair.power.0 + pair.power.1);
        out.push(DtmfEvent::Begin { digit: digit_of(pair.key), level_dbm0, since_ms: since_center_ms(age) });
        State::Sounding(Sounding { key: pair.key, power: pair.power, age, misses: 0, next: None })
    }

    fn go_on(&self, sounding: Sounding, pair: Option<Pair>, block: &[f32; WINDOW], out: &mut Vec<DtmfEvent>) -> State {
        let held = self.holds(&sounding);
        let next = pair.filter(|pair| pair.key != sounding.key).map(|pair| Suspicion::with(sounding.next, pair));
        let misses = if held { 0 } else { sounding.misses + 1 };
        let sounding = Sounding { age: sounding.age + 1, misses, next, ..sounding };
        let replaced = pair.zip(next).filter(|(pair, next)| self.is_sure(next, *pair, block));
        if misses < MISSES && replaced.is_none() {
            return State::Sounding(sounding);
        }
        let duration_ms = sounding.age.saturating_sub(misses) * HOP_MS;
        out.push(DtmfEvent::End { digit: digit_of(sounding.key), duration_ms, since_ms: since_center_ms(misses) });
        self.suspect(sounding.next, pair, block, out)
    }

    /// Whether both tones of the digit are still there, judged by their power alone.
    fn holds(&self, sounding: &Sounding) -> bool {
        let (low, high) = sounding.key;
        let power = |n: usize| self.window.sine_power(self.phasors[n], 0.0);
        low == strongest(&self.phasors[..4])
            && high == strongest(&self.phasors[4..])
            && power(low) > HOLD * sounding.power.0
            && power(high + 4) > HOLD * sounding.power.1
    }

    fn is_sure(&self, suspicion: &Suspicion, pair: Pair, block: &[f32; WINDOW]) -> bool {
        if suspicion.hits < HITS {
            return false;
        }
        let (low_hz, high_hz) = (LOW_GROUP_HZ[pair.key.0], HIGH_GROUP_HZ[pair.key.1]);
        let low = Steadiness::of(suspicion.pairs.iter().map(|pair| pair.offset_hz.0));
        let high = Steadiness::of(suspicion.pairs.iter().map(|pair| pair.offset_hz.1));
        let is_pure = suspicion.pairs.iter().all(|pair| pair.purity >= PURITY);
        let twist_db = suspicion.pairs.iter().fold(f32::MIN, |most, pair| most.max(pair.twist_db));
        let is_balanced = twist_db < NOISY_TWIST_DB;
        let leaning = ((twist_db - 4.0) / 4.0).clamp(0.0, 1.0);
        let pure_tolerance = FREQUENCY_TOLERANCE + leaning * (TWISTED_FREQUENCY_TOLERANCE - FREQUENCY_TOLERANCE);
        let tolerance = if is_pure { pure_tolerance } else { NOISY_FREQUENCY_TOLERANCE };
        (is_pure || is_balanced)
            && low.mean_hz.abs() < tolerance * low_hz
            && high.mean_hz.abs() < tolerance * high_hz
            && low.spread_hz < SPREAD_HZ
            && high.spread_hz < SPREAD_HZ
            && !self.has_harmonics((low_hz + low.mean_hz, high_hz + high.mean_hz), pair.power, block)
    }

    /// Whether a tone has a strong second harmonic. That of a low tone is asked for only where the high tone does not hide it.
    fn has_harmonics(&self, tones_hz: (f32, f32), power: (f32, f32), block: &[f32; WINDOW]) -> bool {
        let strength = |frequency_hz: f32| self.window.sine_power(Goertzel::new(frequency_hz).of(block), 0.0);
        let hidden = (2.0 * tones_hz.0 - tones_hz.1).abs() < 150.0;
        (!hidden && HARMONIC * strength(2.0 * tones_hz.0) > power.0) || HARMONIC * strength(2.0 * tones_hz.1) > power.1
    }
}

impl Default for DtmfReceiver {
    fn default() -> Self {
        DtmfReceiver::new()
    }
}

impl Suspicion {
    fn is_pure(&self) -> bool {
        self.pairs.last().is_some_and(|pair| pair.purity >= PURITY)
    }

    /// What is known after one more window: a further hit, or a new beginning when it is another digit.
    fn with(before: Option<Suspicion>, pair: Pair) -> Self {
        let same = before.filter(|before| before.key == pair.key);
        let mut suspicion = same.unwrap_or(Suspicion { key: pair.key, hits: 0, pairs: [pair; HITS as usize] });
        suspicion.pairs.rotate_left(1);
        if let Some(last) = suspicion.pairs.last_mut() {
            *last = pair;
        }
        suspicion.hits = suspicion.hits.saturating_add(1);
        suspicion
    }
}

/// Where the frequency of one tone lay in some windows, as offsets from the nominal one.
#[derive(Clone, Copy, Debug)]
struct Steadiness {
    mean_hz: f32,
    spread_hz: f32,
}

impl Steadiness {
    fn of(offsets_hz: impl Iterator<Item = f32>) -> Self {
        let (mut sum, mut count, mut least, mut most) = (0.0, 0.0_f32, f32::MAX, f32::MIN);
        for offset_hz in offsets_hz {
            sum += offset_hz;
            count += 1.0;
            least = least.min(offset_hz);
            most = most.max(offset_hz);
        }
        Steadiness { mean_hz: sum / count.max(1.0), spread_hz: most - least }
    }
}

fn digit_of((low, high): (usize, usize)) -> char {
    KEYPAD[low][high]
}

fn strongest(phasors: &[Phasor]) -> usize {
    let mut best = 0;
    for (n, phasor) in phasors.iter().enumerate() {
        if phasor.power() > phasors[best].power() {
            best = n;
        }
    }
    best
}

/// The time from the middle of a window `windows` ago to now, in ms.
fn since_center_ms(windows: u32) -> u32 {
    windows * HOP_MS + WINDOW as u32 * 500 / SAMPLE_RATE_HZ
}

#[cfg(test)]
mod tests;
