//! The alerting signal: two high tones that ask a subscriber who talks to be silent and to take the caller ID of a second call.
//!
//! Telcordia GR-30 calls it CAS, ETSI EN 300 659-2 DT-AS. Speech never has both tones alone, steady and for the right time; but what
//! is believed of it stops a conversation for a moment, so that all of this is asked for.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use crate::dsp::Frame;
use crate::dsp::filter::Biquad;
use crate::dsp::goertzel::{Goertzel, HannWindow, Phasor, phasors};
use crate::dsp::level::power_of_dbm0;

/// The two tones in Hz.
pub const ALERTING_HZ: [f32; 2] = [2130.0, 2750.0];

/// How long an exchange sends them, in ms: 75 to 85.
pub const ALERTING_MS: u64 = 80;

/// Samples from one look to the next: 5 ms.
const HOP: usize = 40;
const HOP_MS: u32 = 5;

/// Samples in a window: a Hann window of 20 ms hears 100 Hz to either side.
const WINDOW: usize = 160;

/// What is measured as the length of the signal: 75 to 85 ms, and what noise adds and takes away.
const LENGTH_MS: RangeInclusive<u32> = 65..=95;

/// Looks that are remembered: more than the longest signal has, with its edges.
const LOOKS: usize = 32;

/// Each tone is as loud as this at least: −32 dBm are to be heard (GR-30), and −40 dBV, which is −37.8 dBm, in the United Kingdom
/// (BT SIN 227).
const LEAST_DBM0: f32 = -41.0;

/// Neither is this much (7 dB) above the other: 6 dB are to be borne.
const MOST_TWIST: f32 = 5.0;

/// The part of all energy above the voice's loudest formants that the tones must have.
const PURITY: f32 = 0.7;

/// Below this, in Hz, the echo of whoever talks into the other side is loudest, and nothing of the signal is.
const HIGH_PASS_HZ: f32 = 1700.0;

/// A look may be off by so much, in Hz, and the mean over the signal by as much as this: exchanges are exact to 0.5 %. The
/// 1.1 % of BT SIN 227 would take seventeen times in forty hours of music for a second caller.
const LOOK_HZ: f32 = 45.0;
const MEAN_HZ: f32 = 22.0;

/// The signal begins and ends where it has a quarter of its power (−6 dB): so its length is true whatever its level.
const EDGE: f32 = 0.25;

/// Inside of its edges, which take up to two looks, its level stays within this factor (3 dB).
const STEADY: f32 = 2.0;
const EDGE_LOOKS: usize = 3;

/// Recognises the alerting signal in the audio of one line.
#[derive(Clone, Debug)]
pub struct AlertingReceiver {
    high_pass: [Biquad; 2],
    window: HannWindow<WINDOW>,
    samples: [f32; WINDOW],
    filters: [Goertzel; 2],
    phasors: [Phasor; 2],
    /// Of the signal that sounds, oldest first.
    looks: VecDeque<Look>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    power: f32,
    offsets_hz: [f32; 2],
}

impl AlertingReceiver {
    /// A receiver that has heard nothing yet.
    #[must_use]
    pub fn new() -> Self {
        AlertingReceiver {
            high_pass: high_pass(),
            window: HannWindow::new(),
            samples: [0.0; WINDOW],
            filters: ALERTING_HZ.map(Goertzel::new),
            phasors: [Phasor::default(); 2],
            looks: VecDeque::with_capacity(LOOKS),
        }
    }

    /// Takes the next frame; true when an alerting signal ended in it, or 15 ms before it.
    pub fn process(&mut self, frame: &Frame) -> bool {
        let mut has_ended = false;
        for hop in frame.0.chunks_exact(HOP) {
            self.samples.copy_within(HOP.., 0);
            for (slot, &sample) in self.samples[WINDOW - HOP..].iter_mut().zip(hop) {
                *slot = self.high_pass.iter_mut().fold(f32::from(sample), |sample, filter| filter.next(sample));
            }
            has_ended |= self.look();
        }
        has_ended
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        self.high_pass = high_pass();
        self.samples = [0.0; WINDOW];
        self.phasors = [Phasor::default(); 2];
        self.looks.clear();
    }

    /// Takes one look; true when it finds that the signal is over.
    fn look(&mut self) -> bool {
        match self.heard() {
            Some(look) => {
                if self.looks.len() == LOOKS {
                    self.looks.pop_front();
                }
                self.looks.push_back(look);
                false
            }
            None => {
                let was_signal = is_signal(self.looks.make_contiguous());
                self.looks.clear();
                was_signal
            }
        }
    }

    /// Both tones and nothing else.
    fn heard(&mut self) -> Option<Look> {
        let mut block = [0.0; WINDOW];
        let power = self.window.apply(&self.samples, &mut block);
        let earlier = std::mem::replace(&mut self.phasors, phasors(&self.filters, &block));
        let heard = |tone: usize| {
            let phasor = self.phasors[tone];
            let offset_hz = self.filters[tone].offset_hz(earlier[tone], phasor, HOP);
            (self.window.sine_power(phasor, offset_hz), offset_hz)
        };
        let ((low, low_hz), (high, high_hz)) = (heard(0), heard(1));
        let is_loud = low.min(high) >= power_of_dbm0(LEAST_DBM0) && low.max(high) <= MOST_TWIST * low.min(high);
        let is_alone = low + high >= PURITY * power;
        let is_near = low_hz.abs() <= LOOK_HZ && high_hz.abs() <= LOOK_HZ;
        (is_loud && is_alone && is_near).then_some(Look { power: low + high, offsets_hz: [low_hz, high_hz] })
    }
}

impl Default for AlertingReceiver {
    fn default() -> Self {
        AlertingReceiver::new()
    }
}

/// The qualities are those of a Butterworth filter of the fourth order.
fn high_pass() -> [Biquad; 2] {
    [0.54, 1.31].map(|q| Biquad::high_pass(HIGH_PASS_HZ, q))
}

/// Whether these looks are one alerting signal from its beginning to its end.
fn is_signal(looks: &[Look]) -> bool {
    let peak = looks.iter().fold(0.0, |most: f32, look| most.max(look.power));
    let loud = looks.iter().skip_while(|look| look.power < EDGE * peak).take_while(|look| look.power >= EDGE * peak);
    let length = loud.clone().count();
    let length_ms = u32::try_from(length).unwrap_or(u32::MAX).saturating_mul(HOP_MS);
    if !LENGTH_MS.contains(&length_ms) {
        return false;
    }
    let inside = loud.skip(EDGE_LOOKS).take(length - 2 * EDGE_LOOKS);
    let mean_hz = |tone: usize| inside.clone().map(|look| look.offsets_hz[tone]).sum::<f32>() / (length - 2 * EDGE_LOOKS) as f32;
    inside.clone().all(|look| STEADY * look.power >= peak) && [0, 1].iter().all(|&tone| mean_hz(tone).abs() <= MEAN_HZ)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::babble::{Babble, WhiteNoise};
    use crate::dsp::fax::Fax;
    use crate::dsp::music::Music;
    use crate::dsp::tone::{ToneGenerator, ToneSpec};
    use crate::rng::Rng;

    struct Sent {
        frequencies_hz: [f32; 2],
        levels_dbm0: [f32; 2],
        ms: usize,
        noise_dbm0: f32,
    }

    const USUAL: Sent = Sent { frequencies_hz: ALERTING_HZ, levels_dbm0: [-18.0, -18.0], ms: 80, noise_dbm0: -60.0 };

    /// How often a signal at any place in the frames is told, and after how many ms since its end at most.
    fn told(sent: &Sent, begins: usize) -> (usize, usize) {
        let length = sent.ms * 8;
        let mut samples = vec![0_i16; 8000];
        for (frequency_hz, level_dbm0) in sent.frequencies_hz.iter().zip(sent.levels_dbm0) {
            let spec = ToneSpec { frequencies_hz: vec![*frequency_hz], level_dbm0, cadence_ms: vec![] };
            let mut tone = vec![0; length];
            ToneGenerator::new(&spec).fill(&mut tone);
            samples[begins..].iter_mut().zip(tone).for_each(|(sample, added)| *sample += added);
        }
        WhiteNoise::new(Rng::from_seed(begins as u64), sent.noise_dbm0).mix_into(&mut samples);
        let mut receiver = AlertingReceiver::new();
        let (mut count, mut after_ms) = (0, 0);
        for (n, piece) in samples.chunks_exact(160).enumerate() {
            if receiver.process(&Frame(piece.try_into().unwrap())) {
                count += 1;
                after_ms = (n + 1) * 20 - (begins + length) / 8;
            }
        }
        (count, after_ms)
    }

    fn always(sent: &Sent, times: usize) -> bool {
        (1600..1760).step_by(7).all(|begins| told(sent, begins).0 == times)
    }

    #[test]
    fn the_signal_is_told_once_and_soon_wherever_it_is_in_the_frames() {
        let after_ms = (1600..1760).map(|begins| {
            let (count, after_ms) = told(&USUAL, begins);
            assert_eq!(count, 1, "{begins}");
            after_ms
        });
        // The answer is to begin within 100 ms: this leaves 65 for a sound card, where the answer goes out in the same round.
        assert!(after_ms.max().unwrap() <= 35);
    }

    #[test]
    fn levels_twist_lengths_and_frequencies_of_the_standards_are_heard() {
        for levels_dbm0 in [[-10.0, -10.0], [-32.0, -32.0], [-38.0, -38.0], [-20.0, -26.0], [-26.0, -20.0]] {
            assert!(always(&Sent { levels_dbm0, ..USUAL }, 1), "{levels_dbm0:?}");
        }
        for ms in [75, 85] {
            assert!(always(&Sent { ms, ..USUAL }, 1), "{ms} ms");
        }
        for detune in [0.995, 1.005] {
            assert!(always(&Sent { frequencies_hz: ALERTING_HZ.map(|hz| hz * detune), ..USUAL }, 1), "{detune}");
        }
        assert!(always(&Sent { levels_dbm0: [-20.0, -20.0], noise_dbm0: -37.0, ..USUAL }, 1), "20 dB of signal to noise");
    }

    #[test]
    fn what_is_too_short_too_long_beside_or_one_tone_only_is_none() {
        for ms in [50, 110, 300] {
            assert!(always(&Sent { ms, ..USUAL }, 0), "{ms} ms");
        }
        for frequencies_hz in [[2030.0, 2750.0], [2130.0, 2650.0], [2070.0, 2690.0]] {
            assert!(always(&Sent { frequencies_hz, ..USUAL }, 0), "{frequencies_hz:?}");
        }
        assert!(always(&Sent { levels_dbm0: [-18.0, -60.0], ..USUAL }, 0));
        assert!(always(&Sent { levels_dbm0: [-45.0, -45.0], noise_dbm0: -70.0, ..USUAL }, 0));
    }

    #[test]
    fn minutes_of_voices_music_and_machines_hold_none() {
        let (mut babble, mut music, mut fax) =
            (Babble::new(Rng::from_seed(1), -18.0), Music::new(Rng::from_seed(2), -18.0), Fax::new(Rng::from_seed(3), -18.0));
        let mut receivers: [AlertingReceiver; 3] = std::array::from_fn(|_| AlertingReceiver::new());
        for n in 0..9000 {
            let mut frames = [Frame::SILENCE; 3];
            babble.fill(&mut frames[0].0);
            music.fill(&mut frames[1].0);
            fax.fill(&mut frames[2].0);
            let told = receivers.iter_mut().zip(&frames).position(|(receiver, frame)| receiver.process(frame));
            assert_eq!(told, None, "frame {n}");
        }
    }
}
