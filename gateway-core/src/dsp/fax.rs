//! Fax machines, modems and tones of those who are kept waiting, from a seed: what a detector of tones meets on real lines.

use std::f64::consts::TAU;

use super::level::amplitude_of_dbm0;
use super::{Frame, SAMPLE_RATE_HZ};
use crate::rng::Rng;

/// What is heard of a call among machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// The calling tone, 1100 Hz for 0.5 s each 3.5 s (ITU-T T.30).
    Calling,
    /// The answer tone, 2100 Hz for 3.3 s (ITU-T T.30, V.25).
    Answering,
    /// The answer tone of V.8: 2100 Hz with 20 % of amplitude modulation by 15 Hz, its phase reversed each 450 ms.
    ModulatedAnswering,
    /// V.21 channel 2, 300 bit/s at 1650 (1) and 1850 Hz (0): a second of HDLC flags, then random octets (ITU-T T.30).
    Flags,
    /// Like ITU-T V.27 ter: 1600 symbols a second of 8 phases on 1800 Hz; the pulses are simpler than there.
    EightPhases,
    /// Like ITU-T V.29: 2400 symbols a second of 16 points on 1700 Hz; the pulses are simpler than there.
    SixteenPoints,
    /// The tone of a recording, 1400 Hz for 425 ms each 15 s (ITU-T E.180, supplement 2).
    Recording,
    /// Call waiting, 440 Hz for 300 ms each 10 s (North America).
    CallWaiting,
}

/// All scenes.
pub const SCENES: [Scene; 8] = [
    Scene::Calling,
    Scene::Answering,
    Scene::ModulatedAnswering,
    Scene::Flags,
    Scene::EightPhases,
    Scene::SixteenPoints,
    Scene::Recording,
    Scene::CallWaiting,
];

/// Machines on a line, one scene after the other, for ever.
#[derive(Clone, Debug)]
pub struct Fax {
    rng: Rng,
    peak: f64,
    scene: Scene,
    /// Samples since the scene began, and how many it has.
    elapsed: u32,
    samples: u32,
    /// Of the carrier, in turns.
    phase: f64,
    modem: Modem,
}

/// The symbol that is being sent and the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Modem {
    /// How much of the symbol is out, 0..1.
    part: f64,
    symbol: (f64, f64),
    last: (f64, f64),
    /// The angle of the last point, in eighths of a turn.
    angle: u32,
    /// Bits sent.
    bits: u32,
}

/// The flag of HDLC, from its lowest bit.
const FLAG: u32 = 0b0111_1110;

impl Fax {
    /// A line whose machines follow from `rng`; what sounds has `level_dbm0`.
    #[must_use]
    pub fn new(rng: Rng, level_dbm0: f32) -> Self {
        let peak = f64::from(amplitude_of_dbm0(level_dbm0));
        let mut fax = Fax { rng, peak, scene: Scene::Calling, elapsed: 0, samples: 0, phase: 0.0, modem: Modem::default() };
        fax.begin_scene();
        fax
    }

    /// The line with one scene, again and again.
    #[must_use]
    pub fn of_scene(scene: Scene, rng: Rng, level_dbm0: f32) -> Self {
        let mut fax = Fax::new(rng, level_dbm0);
        fax.scene = scene;
        fax.samples = u32::MAX;
        fax
    }

    /// Overwrites `out` with the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            *sample = self.next_sample().round() as i16;
        }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = Frame::SILENCE;
        self.fill(&mut frame.0);
        frame
    }

    fn begin_scene(&mut self) {
        self.scene = SCENES[usize::try_from(self.rng.below(SCENES.len() as u64)).unwrap_or(0)];
        let (least_s, more_s) = match self.scene {
            Scene::Calling => (7, 14),
            Scene::Answering | Scene::ModulatedAnswering => (4, 1),
            Scene::Flags => (2, 4),
            Scene::EightPhases | Scene::SixteenPoints => (4, 12),
            Scene::Recording | Scene::CallWaiting => (20, 20),
        };
        self.samples = SAMPLE_RATE_HZ * u32::try_from(least_s + self.rng.below(more_s)).unwrap_or(1);
        self.elapsed = 0;
        self.modem = Modem::default();
    }

    fn next_sample(&mut self) -> f64 {
        if self.elapsed >= self.samples {
            self.begin_scene();
        }
        let at_ms = f64::from(self.elapsed) * 1000.0 / f64::from(SAMPLE_RATE_HZ);
        self.elapsed += 1;
        match self.scene {
            Scene::Calling => self.beep(1100.0, at_ms, 500.0, 3500.0),
            Scene::Answering => self.beep(2100.0, at_ms, 3300.0, 4000.0),
            Scene::ModulatedAnswering => {
                let reversed = (at_ms / 450.0) as u32 % 2 == 1;
                let swell = (1.0 + 0.2 * (TAU * 0.015 * at_ms).sin()) * if reversed { -1.0 } else { 1.0 };
                swell * self.beep(2100.0, at_ms, 3300.0, 4000.0)
            }
            Scene::Flags => self.shifted(),
            Scene::EightPhases => self.modulated(1800.0, 1600.0),
            Scene::SixteenPoints => self.modulated(1700.0, 2400.0),
            Scene::Recording => self.beep(1400.0, at_ms, 425.0, 15_000.0),
            Scene::CallWaiting => self.beep(440.0, at_ms, 300.0, 10_000.0),
        }
    }

    /// A tone for the first `on_ms` of each `every_ms`.
    fn beep(&mut self, frequency_hz: f64, at_ms: f64, on_ms: f64, every_ms: f64) -> f64 {
        self.turn(frequency_hz);
        if at_ms % every_ms < on_ms { self.peak * (TAU * self.phase).sin() } else { 0.0 }
    }

    fn turn(&mut self, frequency_hz: f64) {
        self.phase = (self.phase + frequency_hz / f64::from(SAMPLE_RATE_HZ)).fract();
    }

    /// Bits by frequency shift.
    fn shifted(&mut self) -> f64 {
        self.modem.part += 300.0 / f64::from(SAMPLE_RATE_HZ);
        if self.modem.part >= 1.0 {
            self.modem.part -= 1.0;
            self.modem.bits += 1;
            let in_flags = self.modem.bits < 300 || (self.modem.bits / 8).is_multiple_of(32);
            let bit = if in_flags { FLAG >> (self.modem.bits % 8) & 1 == 1 } else { self.rng.chance(500) };
            self.modem.symbol.0 = f64::from(u8::from(bit));
        }
        self.turn(if self.modem.symbol.0 > 0.5 { 1650.0 } else { 1850.0 });
        self.peak * (TAU * self.phase).sin()
    }

    /// Points of a plane on a carrier; one goes over into the next along a raised cosine.
    fn modulated(&mut self, carrier_hz: f64, symbols_a_second: f64) -> f64 {
        self.modem.part += symbols_a_second / f64::from(SAMPLE_RATE_HZ);
        if self.modem.part >= 1.0 {
            self.modem.part -= 1.0;
            self.modem.last = self.modem.symbol;
            self.modem.symbol = self.next_point();
        }
        let share = 0.5 - 0.5 * (TAU / 2.0 * self.modem.part).cos();
        let between = |last: f64, next: f64| last + share * (next - last);
        let point = (between(self.modem.last.0, self.modem.symbol.0), between(self.modem.last.1, self.modem.symbol.1));
        self.turn(carrier_hz);
        let (sine, cosine) = (TAU * self.phase).sin_cos();
        // The way between two points is shorter than a circle: what that loses of the power is put back.
        1.25 * self.peak * (point.0 * cosine - point.1 * sine)
    }

    /// The next point: by a random turn from the last, with a random amplitude where the modem has sixteen.
    fn next_point(&mut self) -> (f64, f64) {
        self.modem.angle = (self.modem.angle + self.rng.next_u32() % 8) % 8;
        let amplitude = match (self.scene, self.modem.angle % 2, self.rng.chance(500)) {
            // The radii of V.29 over their root mean square of 13.5.
            (Scene::SixteenPoints, 0, false) => 3.0 / 13.5_f64.sqrt(),
            (Scene::SixteenPoints, 0, true) => 5.0 / 13.5_f64.sqrt(),
            (Scene::SixteenPoints, _, false) => (2.0_f64 / 13.5).sqrt(),
            (Scene::SixteenPoints, _, true) => (18.0_f64 / 13.5).sqrt(),
            _ => 1.0,
        };
        let (sine, cosine) = (TAU * f64::from(self.modem.angle) / 8.0).sin_cos();
        (amplitude * cosine, amplitude * sine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::goertzel::power_at;
    use crate::dsp::level::{dbm0_of, dbm0_of_power};

    fn of_scene(scene: Scene, seconds: usize) -> Vec<i16> {
        let mut samples = vec![0; seconds * 8000];
        Fax::of_scene(scene, Rng::from_seed(3), -15.0).fill(&mut samples);
        samples
    }

    #[test]
    fn every_scene_is_as_loud_as_asked() {
        for scene in SCENES {
            let samples = of_scene(scene, 2);
            let loud: Vec<i16> = samples.chunks_exact(160).filter(|frame| dbm0_of(frame) > -30.0).flatten().copied().collect();
            assert!((dbm0_of(&loud) + 15.0).abs() < 0.8, "{scene:?}: {}", dbm0_of(&loud));
        }
    }

    #[test]
    fn tones_have_their_frequencies_and_cadences() {
        let tones = [(Scene::Calling, 1100.0, 500), (Scene::Recording, 1400.0, 425), (Scene::CallWaiting, 440.0, 300)];
        for (scene, frequency_hz, on_ms) in tones {
            let samples = of_scene(scene, 2);
            assert!((dbm0_of_power(power_at(&samples[..on_ms * 8], frequency_hz)) + 15.0).abs() < 0.1, "{scene:?}");
            assert_eq!(dbm0_of(&samples[on_ms * 8..]), -99.0, "{scene:?}");
        }
        assert!((dbm0_of_power(power_at(&of_scene(Scene::Answering, 1), 2100.0)) + 15.0).abs() < 0.1);
        let modulated = of_scene(Scene::ModulatedAnswering, 3);
        // The phase is reversed after 450 ms, so that the two halves of 900 ms cancel each other.
        assert!(dbm0_of_power(power_at(&modulated[..3200], 2100.0)) > -16.0);
        assert!(dbm0_of_power(power_at(&modulated[..7200], 2100.0)) < -30.0);
    }

    #[test]
    fn modems_fill_their_band() {
        for (scene, inside, outside) in [
            (Scene::EightPhases, 1000..2600, 3500..4000),
            (Scene::SixteenPoints, 700..2700, 3900..4000),
            (Scene::Flags, 1600..1900, 2400..3000),
        ] {
            let samples = of_scene(scene, 4);
            let power = |band: std::ops::Range<usize>| {
                let lines = band.clone().step_by(50);
                let count = lines.clone().count() as f32;
                let sum: f32 = lines.map(|hz| samples.chunks_exact(160).map(|block| power_at(block, hz as f32)).sum::<f32>()).sum();
                10.0 * (sum / count).log10()
            };
            assert!(power(inside) > power(outside) + 12.0, "{scene:?}");
        }
    }

    #[test]
    fn scenes_change_and_follow_from_the_seed() {
        let (mut a, mut b) = (Fax::new(Rng::from_seed(1), -15.0), Fax::new(Rng::from_seed(1), -15.0));
        let mut seen = Vec::new();
        for _ in 0..50 * 600 {
            assert_eq!(a.next_frame(), b.next_frame());
            if !seen.contains(&a.scene) {
                seen.push(a.scene);
            }
        }
        assert_eq!(seen.len(), SCENES.len(), "{seen:?}");
    }
}
