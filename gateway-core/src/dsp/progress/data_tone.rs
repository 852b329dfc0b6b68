//! The tones with which machines greet each other: a fax that calls (CNG, ITU-T T.30), a fax that answers (CED, T.30; ANS, V.25), a
//! modem that answers (ANS with phase reversals, V.25; ANSam, V.8; 2225 Hz of Bell 103).

use super::ProgressTone;
use super::ear::HOP_MS;
use crate::dsp::goertzel::{Goertzel, HannWindow, Phasor, phasors};
use crate::dsp::level::power_of_dbm0;

/// Samples in a window: 20 ms, short enough to see one reversal of phase in 450 ms.
const WINDOW: usize = 160;

/// Samples from one look to the next, as for all ears of this module.
const HOP: usize = super::ear::HOP;

/// Tones below this are not heard (T.30: receivers hear them down to −43 dBm).
const LEAST_DBM0: f32 = -43.0;

/// The part of all energy that is the tone's.
const PURITY: f32 = 0.8;

/// The three frequencies with how far they may be off, in Hz: CNG ±38 (T.30), ANS ±15 (V.25), with a margin.
const TONES_HZ: [(f32, f32); 3] = [(1100.0, 42.0), (2100.0, 20.0), (2225.0, 20.0)];

const CALLING: usize = 0;
const ANSWERING: usize = 1;

/// A burst of CNG lasts 500 ms ± 15 %, with the edges of the window.
const CALLING_MS: std::ops::RangeInclusive<u32> = 400..=600;

/// An answer tone is told after this time: by then two reversals of phase would have come, each 450 ms (V.25, V.8).
const ANSWER_SURE_MS: u32 = 1000;

/// Looks without the tone that do not end it: a reversal spoils those whose window it is in.
const MOST_MISSES: u32 = 4;

/// A phase that is further off than this, in radians, has been reversed.
const REVERSED: f32 = 2.2;

/// The part of the latest offset in the smoothed one, for looks 10 ms apart.
const SMOOTHING: f32 = 0.1;

/// Looks that a run needs before its phase can be foretold.
const SETTLED_LOOKS: u32 = 6;

/// Listens for the tones of machines.
#[derive(Clone, Debug)]
pub(super) struct DataTones {
    window: HannWindow<WINDOW>,
    samples: [f32; WINDOW],
    filters: [Goertzel; 3],
    phasors: [Phasor; 3],
    run: Option<Run>,
}

/// A tone that sounds.
#[derive(Clone, Copy, Debug)]
struct Run {
    tone: usize,
    looks: u32,
    misses: u32,
    offset_hz: f32,
    /// The last look at it that was good, for the phase of the next.
    good: Phasor,
    reversals: u32,
    /// Mean square of everything in the last good window.
    power: f32,
    told: bool,
}

/// What is told of such a tone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DataTone {
    pub(super) tone: ProgressTone,
    pub(super) frequency_hz: f32,
    pub(super) power: f32,
}

impl DataTones {
    pub(super) fn new() -> Self {
        DataTones {
            window: HannWindow::new(),
            samples: [0.0; WINDOW],
            filters: TONES_HZ.map(|(frequency_hz, _)| Goertzel::new(frequency_hz)),
            phasors: [Phasor::default(); 3],
            run: None,
        }
    }

    /// Takes the next 10 ms; tells each tone once.
    pub(super) fn hear(&mut self, hop: &[i16]) -> Option<DataTone> {
        self.samples.copy_within(HOP.., 0);
        for (slot, &sample) in self.samples[WINDOW - HOP..].iter_mut().zip(hop) {
            *slot = f32::from(sample);
        }
        let mut block = [0.0; WINDOW];
        let power = self.window.apply(&self.samples, &mut block);
        let earlier = self.phasors;
        let loud = power >= power_of_dbm0(LEAST_DBM0);
        self.phasors = if loud { phasors(&self.filters, &block) } else { [Phasor::default(); 3] };
        let heard = if loud { self.tone(&earlier, power) } else { None };
        self.follow(heard, power)
    }

    /// Forgets what it heard.
    pub(super) fn reset(&mut self) {
        self.run = None;
        self.phasors = [Phasor::default(); 3];
    }

    /// The tone that makes up most of the window, and how far it is off.
    fn tone(&self, earlier: &[Phasor; 3], power: f32) -> Option<(usize, f32)> {
        (0..TONES_HZ.len()).find_map(|n| {
            let offset_hz = self.filters[n].offset_hz(earlier[n], self.phasors[n], HOP);
            let is_near = offset_hz.abs() <= TONES_HZ[n].1;
            (is_near && self.window.sine_power(self.phasors[n], offset_hz) >= PURITY * power).then_some((n, offset_hz))
        })
    }

    fn follow(&mut self, heard: Option<(usize, f32)>, power: f32) -> Option<DataTone> {
        match (self.run, heard) {
            (Some(run), Some((tone, offset_hz))) if run.tone == tone => {
                let run = self.goes_on(run, offset_hz, power);
                self.run = Some(run);
                self.tell_answer(run)
            }
            (Some(run), None) if run.misses < MOST_MISSES => {
                self.run = Some(Run { looks: run.looks + 1, misses: run.misses + 1, ..run });
                None
            }
            (ended, heard) => {
                self.run = heard.map(|(tone, offset_hz)| Run {
                    tone,
                    looks: 1,
                    misses: 0,
                    offset_hz,
                    good: self.phasors[tone],
                    reversals: 0,
                    power,
                    told: false,
                });
                ended.and_then(tell_calling)
            }
        }
    }

    fn goes_on(&self, run: Run, offset_hz: f32, power: f32) -> Run {
        let now = self.phasors[run.tone];
        let hops = run.misses + 1;
        // Where nothing was reversed, the phase has gone on by so many turns since the last good look.
        let cycles = (TONES_HZ[run.tone].0 + run.offset_hz) * (hops as usize * HOP) as f32 / crate::dsp::SAMPLE_RATE_HZ as f32;
        let expected = std::f32::consts::TAU * cycles.fract();
        let off = (now.phase_since(run.good) - expected).rem_euclid(std::f32::consts::TAU);
        let off = off.min(std::f32::consts::TAU - off);
        let reversed = run.misses > 0 && run.looks > SETTLED_LOOKS && off > REVERSED;
        Run {
            looks: run.looks + 1,
            misses: 0,
            // A look that a reversal has just left still measures it.
            offset_hz: if run.misses > 0 { run.offset_hz } else { run.offset_hz + SMOOTHING * (offset_hz - run.offset_hz) },
            good: now,
            reversals: run.reversals + u32::from(reversed),
            power,
            ..run
        }
    }

    fn tell_answer(&mut self, run: Run) -> Option<DataTone> {
        if run.tone == CALLING || run.told || run.looks * HOP_MS < ANSWER_SURE_MS {
            return None;
        }
        self.run = Some(Run { told: true, ..run });
        let is_fax = run.tone == ANSWERING && run.reversals == 0;
        Some(run.told_as(if is_fax { ProgressTone::FaxAnswering } else { ProgressTone::ModemAnswering }))
    }
}

/// A calling fax is known by the length of its burst, so it is told when that is over.
fn tell_calling(run: Run) -> Option<DataTone> {
    let lasted_ms = (run.looks - run.misses) * HOP_MS;
    (run.tone == CALLING && CALLING_MS.contains(&lasted_ms)).then(|| run.told_as(ProgressTone::FaxCalling))
}

impl Run {
    fn told_as(&self, tone: ProgressTone) -> DataTone {
        DataTone { tone, frequency_hz: TONES_HZ[self.tone].0 + self.offset_hz, power: self.power }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::babble::{Babble, WhiteNoise};
    use crate::dsp::tone::{ToneGenerator, ToneSpec};
    use crate::rng::Rng;

    fn told(samples: &[i16]) -> Vec<ProgressTone> {
        let mut ear = DataTones::new();
        samples.chunks_exact(HOP).filter_map(|hop| ear.hear(hop)).map(|heard| heard.tone).collect()
    }

    fn sounded(frequency_hz: f32, cadence_ms: &[u32], ms: usize, level_dbm0: f32) -> Vec<i16> {
        let mut samples = vec![0; 8 * ms];
        ToneGenerator::new(&ToneSpec { frequencies_hz: vec![frequency_hz], level_dbm0, cadence_ms: cadence_ms.to_vec() })
            .fill(&mut samples);
        WhiteNoise::new(Rng::from_seed(3), level_dbm0 - 20.0).mix_into(&mut samples);
        samples
    }

    /// 2100 Hz whose phase turns around each 450 ms, and whose level swings by a fifth with 15 Hz where it is V.8's.
    fn reversing(modulated: bool) -> Vec<i16> {
        (0..8 * 3300)
            .map(|n| {
                let t = f64::from(n) / 8000.0;
                let sign = if (n / 3600) % 2 == 0 { 1.0 } else { -1.0 };
                let swing = if modulated { 1.0 + 0.2 * (std::f64::consts::TAU * 15.0 * t).sin() } else { 1.0 };
                (5000.0 * sign * swing * (std::f64::consts::TAU * 2100.0 * t).sin()) as i16
            })
            .collect()
    }

    #[test]
    fn machines_are_told_by_their_tones() {
        for level_dbm0 in [-6.0, -20.0, -38.0] {
            assert_eq!(told(&sounded(1100.0, &[500, 3000], 8000, level_dbm0)), [ProgressTone::FaxCalling; 3]);
            assert_eq!(told(&sounded(1130.0, &[500, 3000], 3000, level_dbm0)), [ProgressTone::FaxCalling]);
            assert_eq!(told(&sounded(2100.0, &[], 3300, level_dbm0)), [ProgressTone::FaxAnswering]);
            assert_eq!(told(&sounded(2225.0, &[], 2000, level_dbm0)), [ProgressTone::ModemAnswering]);
        }
        assert_eq!(told(&reversing(false)), [ProgressTone::ModemAnswering]);
        assert_eq!(told(&reversing(true)), [ProgressTone::ModemAnswering]);
    }

    #[test]
    fn other_tones_and_speech_are_no_machines() {
        for (frequency_hz, cadence_ms) in [(1100.0, vec![200, 200]), (1100.0, vec![]), (2100.0, vec![500, 500]), (1000.0, vec![500, 500])] {
            assert_eq!(told(&sounded(frequency_hz, &cadence_ms, 6000, -15.0)), [], "{frequency_hz} {cadence_ms:?}");
        }
        let mut samples = vec![0; 8 * 60_000];
        Babble::new(Rng::from_seed(4), -15.0).fill(&mut samples);
        assert_eq!(told(&samples), []);
    }
}
