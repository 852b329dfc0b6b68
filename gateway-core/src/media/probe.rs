//! Measuring a line by its sound: how dial tone breaks, how loud the noise is, how much comes back.

use super::{SoundResult, SoundTest};
use crate::dsp::echo_loss::{EchoLoss, EchoSignal};
use crate::dsp::goertzel::power_at;
use crate::dsp::level::{dbm0_of_power, power_of_dbm0};
use crate::dsp::{FRAME_MS, FRAME_SAMPLES, Frame};

/// Dial tone is gone when it is so much softer than it was.
const GONE_DB: f32 = 12.0;

/// Dial tone that is gone for so many frames (300 ms) does not come back: no cadence of a dial tone has a longer pause that
/// begins by chance with our digit.
const GONE_FRAMES: u32 = 15;

/// Frames until dial tone is said to go on: 2 s.
const STAYS_FRAMES: u32 = 100;

/// Frames that do not count before noise is measured: 300 ms for the echo of a digit and the click of the exchange.
const SETTLING_FRAMES: u32 = 15;

/// Frames over which noise is measured: 1 s.
const NOISE_FRAMES: u32 = 50;

/// Frames that the signal sounds before its echo counts: 400 ms, more than the way through a box and a sound card takes.
const ECHO_UNDER_WAY_FRAMES: u32 = 20;

/// Measures one thing at a time.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    test: Option<Running>,
    signal: EchoSignal,
    loss: EchoLoss,
}

/// What is being measured, and how far it is.
#[derive(Clone, Copy, Debug)]
enum Running {
    ToneBreak {
        gone_below: f32,
        frames: u32,
        /// Frames that it has been gone.
        gone: u32,
    },
    Noise {
        frames: u32,
        sum: i64,
        squares: i64,
    },
    EchoReturnLoss {
        frames: u32,
    },
}

impl Probe {
    /// All memory that it works with is taken now.
    pub(super) fn new() -> Self {
        Probe { test: None, signal: EchoSignal::new(), loss: EchoLoss::new() }
    }

    pub(super) fn start(&mut self, test: SoundTest) {
        self.loss.reset();
        self.test = Some(match test {
            SoundTest::ToneBreak { level_dbm0 } => {
                Running::ToneBreak { gone_below: power_of_dbm0(level_dbm0 - GONE_DB), frames: 0, gone: 0 }
            }
            SoundTest::Noise => Running::Noise { frames: 0, sum: 0, squares: 0 },
            SoundTest::EchoReturnLoss => Running::EchoReturnLoss { frames: 0 },
        });
    }

    pub(super) fn stop(&mut self) {
        self.test = None;
    }

    /// Takes the newest frame from the line; `dial_hz`: the frequencies of dial tone.
    pub(super) fn hear(&mut self, frame: &Frame, dial_hz: &[f32]) -> Option<SoundResult> {
        let result = match self.test.as_mut()? {
            Running::ToneBreak { gone_below, frames, gone } => {
                let power: f32 = dial_hz.iter().map(|&hz| power_at(&frame.0, hz)).sum();
                *gone = if power < *gone_below { *gone + 1 } else { 0 };
                *frames += 1;
                tone_break(*frames, *gone)
            }
            Running::Noise { frames, sum, squares } => {
                *frames += 1;
                if *frames > SETTLING_FRAMES {
                    *sum += frame.0.iter().map(|&sample| i64::from(sample)).sum::<i64>();
                    *squares += frame.0.iter().map(|&sample| i64::from(sample) * i64::from(sample)).sum::<i64>();
                }
                (*frames == SETTLING_FRAMES + NOISE_FRAMES).then(|| noise(*sum, *squares))
            }
            Running::EchoReturnLoss { frames } => {
                *frames += 1;
                let counts = *frames > ECHO_UNDER_WAY_FRAMES;
                counts.then(|| self.loss.hear(&frame.0)).flatten().map(|loss_db| SoundResult::EchoReturnLoss { loss_db })
            }
        };
        if result.is_some() {
            self.test = None;
        }
        result
    }

    /// Puts the signal in the place of what would go out on the line, while one is needed.
    pub(super) fn play(&mut self, frame: &mut Frame) {
        match self.test {
            Some(Running::EchoReturnLoss { .. }) => self.signal.fill(&mut frame.0),
            Some(Running::ToneBreak { .. } | Running::Noise { .. }) | None => {}
        }
    }
}

fn tone_break(frames: u32, gone: u32) -> Option<SoundResult> {
    let after_ms = u32::try_from(u64::from(frames.saturating_sub(gone)) * FRAME_MS).ok();
    if gone >= GONE_FRAMES {
        Some(SoundResult::ToneBroken { after_ms })
    } else if gone == 0 && frames >= STAYS_FRAMES {
        Some(SoundResult::ToneBroken { after_ms: None })
    } else {
        None
    }
}

/// A constant voltage is no noise: cards have some of their own.
fn noise(sum: i64, squares: i64) -> SoundResult {
    let samples = NOISE_FRAMES as f64 * FRAME_SAMPLES as f64;
    let mean = sum as f64 / samples;
    let power = squares as f64 / samples - mean * mean;
    SoundResult::Noise { level_dbm0: dbm0_of_power(power as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::babble::WhiteNoise;
    use crate::dsp::tone::{ToneGenerator, ToneSpec};
    use crate::rng::Rng;

    /// What is measured on a line whose frames are these, and after how many of them.
    fn test(test: SoundTest, mut line: impl FnMut(u32, &mut Frame)) -> (u32, SoundResult) {
        let mut probe = Probe::new();
        probe.start(test);
        for n in 0..500 {
            let mut frame = Frame::SILENCE;
            probe.play(&mut frame);
            line(n, &mut frame);
            if let Some(result) = probe.hear(&frame, &[350.0, 440.0]) {
                assert_eq!(probe.hear(&frame, &[350.0, 440.0]), None, "told once");
                return (n + 1, result);
            }
        }
        panic!("{test:?} is never over");
    }

    fn dial_tone() -> ToneGenerator {
        ToneGenerator::new(&ToneSpec { frequencies_hz: vec![350.0, 440.0], level_dbm0: -20.0, cadence_ms: vec![] })
    }

    #[test]
    fn dial_tone_that_breaks_tells_when() {
        let mut tone = dial_tone();
        let mut noise = WhiteNoise::new(Rng::from_seed(1), -45.0);
        let broken = test(SoundTest::ToneBreak { level_dbm0: -20.0 }, |n, frame| {
            if n < 7 {
                tone.fill(&mut frame.0);
            }
            noise.mix_into(&mut frame.0);
        });
        assert_eq!(broken, (22, SoundResult::ToneBroken { after_ms: Some(140) }));
    }

    #[test]
    fn dial_tone_that_stutters_or_stays_is_not_broken() {
        let mut tone = dial_tone();
        let stays = test(SoundTest::ToneBreak { level_dbm0: -20.0 }, |n, frame| {
            if n % 20 >= 10 {
                tone.fill(&mut frame.0);
            }
        });
        assert_eq!(stays.1, SoundResult::ToneBroken { after_ms: None });
        assert!((100..115).contains(&stays.0), "{stays:?}");
    }

    #[test]
    fn noise_reads_as_it_is_without_the_echo_before_it_and_without_an_offset() {
        for level_dbm0 in [-65.0, -50.0, -38.0] {
            let mut noise = WhiteNoise::new(Rng::from_seed(3), level_dbm0);
            let (frames, result) = test(SoundTest::Noise, |n, frame| {
                frame.0.fill(if n < 10 { 9000 } else { 40 });
                noise.mix_into(&mut frame.0);
            });
            let SoundResult::Noise { level_dbm0: read } = result else { panic!("{result:?}") };
            assert!(frames == 65 && (read - level_dbm0).abs() < 0.5, "{level_dbm0} read as {read}");
        }
    }

    #[test]
    fn the_signal_sounds_only_while_the_echo_is_measured() {
        let mut heard = Frame::SILENCE;
        let (frames, result) = test(SoundTest::EchoReturnLoss, |_, frame| {
            // Two frames of delay need no more than the time that does not count.
            std::mem::swap(frame, &mut heard);
            frame.0.iter_mut().for_each(|sample| *sample /= 4);
        });
        let SoundResult::EchoReturnLoss { loss_db } = result else { panic!("{result:?}") };
        assert!(frames == 70 && (loss_db - 12.04).abs() < 0.3, "{loss_db}");
        for quiet in [SoundTest::Noise, SoundTest::ToneBreak { level_dbm0: -20.0 }] {
            let mut probe = Probe::new();
            probe.start(quiet);
            let mut frame = Frame::SILENCE;
            probe.play(&mut frame);
            assert_eq!(frame, Frame::SILENCE);
        }
        let mut probe = Probe::new();
        probe.start(SoundTest::EchoReturnLoss);
        probe.stop();
        let mut frame = Frame::SILENCE;
        probe.play(&mut frame);
        assert_eq!((frame, probe.hear(&frame, &[])), (Frame::SILENCE, None));
    }
}
