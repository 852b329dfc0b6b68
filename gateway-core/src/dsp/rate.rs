//! Between the 8 kHz of a line and the rate of a sound card.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, WindowFunction};

use super::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// Taps of the filter for each sample of the slower side: flat to 3.4 kHz, and half of them is the delay (4 ms at 8 kHz).
const TAPS: usize = 64;

/// Taps where both sides have the same rate, so that nothing has to be kept away: 2 ms.
const TAPS_OF_EQUALS: usize = 32;

/// How far the rate may be bent, as a factor. Half a percent is a twelfth of a semitone: nobody hears it.
pub const MOST_BEND: f64 = 1.005;

/// The rates that are understood.
pub const CARD_RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// A sound card has a rate that nothing can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate of {0} Hz")]
pub struct BadRate(pub u32);

/// Makes frames of what one channel of a card recorded, at the card's own pace.
pub struct ToLine {
    /// `None`: the card runs at the line's rate.
    resampler: Option<Async<f32>>,
    waiting: Vec<f32>,
}

impl ToLine {
    /// For a card that records `card_hz` samples a second.
    ///
    /// # Errors
    /// [`BadRate`] for a rate outside [`CARD_RATES_HZ`].
    pub fn new(card_hz: u32) -> Result<Self, BadRate> {
        let resampler = if card_hz == SAMPLE_RATE_HZ { None } else { Some(resampler(card_hz, SAMPLE_RATE_HZ, FixedAsync::Output)?) };
        Ok(ToLine { resampler, waiting: Vec::new() })
    }

    /// Samples that were recorded, full scale being 1.
    pub fn push(&mut self, samples: impl IntoIterator<Item = f32>) {
        self.waiting.extend(samples);
    }

    /// The next 20 ms, when there are as many.
    pub fn frame(&mut self) -> Option<Frame> {
        let mut made = [0.0; FRAME_SAMPLES];
        let used = match &mut self.resampler {
            None if self.waiting.len() < FRAME_SAMPLES => return None,
            None => {
                made.copy_from_slice(&self.waiting[..FRAME_SAMPLES]);
                FRAME_SAMPLES
            }
            Some(resampler) => {
                let needed = resampler.input_frames_next();
                if self.waiting.len() < needed {
                    return None;
                }
                run(resampler, &self.waiting[..needed], &mut made);
                needed
            }
        };
        self.waiting.drain(..used);
        Some(Frame(made.map(to_i16)))
    }
}

/// Makes samples for one channel of a card of the frames for a line, a little faster or slower as it is told.
pub struct FromLine {
    resampler: Async<f32>,
    made: Vec<f32>,
}

impl FromLine {
    /// For a card that plays `card_hz` samples a second.
    ///
    /// # Errors
    /// [`BadRate`] for a rate outside [`CARD_RATES_HZ`].
    pub fn new(card_hz: u32) -> Result<Self, BadRate> {
        let resampler = resampler(SAMPLE_RATE_HZ, card_hz, FixedAsync::Input)?;
        let made = vec![0.0; resampler.output_frames_max()];
        Ok(FromLine { resampler, made })
    }

    /// The samples of 20 ms, full scale being 1; `bend` above 1 makes more of them, and is kept within [`MOST_BEND`].
    pub fn samples(&mut self, frame: &Frame, bend: f64) -> &[f32] {
        let bend = bend.clamp(1.0 / MOST_BEND, MOST_BEND);
        if let Some(adjustable) = self.resampler.as_adjustable() {
            // It refuses nothing within the bounds that it was made with.
            let _ = adjustable.set_resample_ratio_relative(bend, true);
        }
        let count = run(&mut self.resampler, &frame.0.map(to_f32), &mut self.made);
        &self.made[..count]
    }
}

fn resampler(from_hz: u32, to_hz: u32, fixed: FixedAsync) -> Result<Async<f32>, BadRate> {
    let card_hz = if from_hz == SAMPLE_RATE_HZ { to_hz } else { from_hz };
    if !CARD_RATES_HZ.contains(&card_hz) {
        return Err(BadRate(card_hz));
    }
    // The taps are counted in samples of the input: as many more as those come faster.
    let taps = if from_hz == to_hz { TAPS_OF_EQUALS } else { TAPS * usize::try_from(from_hz.div_ceil(SAMPLE_RATE_HZ)).unwrap_or(1) };
    // Half way down at the highest frequency of the slower side: what passes above it is mirrored to just below, where a line
    // carries nothing (ITU-T G.712 ends at 3.4 kHz).
    let parameters = SincInterpolationParameters::new(taps, WindowFunction::Blackman2).f_cutoff(0.99);
    let ratio = f64::from(to_hz) / f64::from(from_hz);
    Async::new_sinc(ratio, MOST_BEND * 1.000_1, &parameters, FRAME_SAMPLES, 1, fixed).map_err(|_| BadRate(card_hz))
}

/// Resamples `input` into `output` and answers how many samples that made.
fn run(resampler: &mut Async<f32>, input: &[f32], output: &mut [f32]) -> usize {
    let space = output.len();
    let (Ok(input), Ok(mut output)) = (SequentialSlice::new(input, 1, input.len()), SequentialSlice::new_mut(output, 1, space)) else {
        return 0;
    };
    // It refuses nothing but buffers that are too short, and these are as long as it asked for.
    resampler.process_into_buffer(&input, &mut output, None).map_or(0, |(_, made)| made)
}

fn to_f32(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

/// The nearest sample; too loud ones are cut off at full scale.
fn to_i16(sample: f32) -> i16 {
    let scaled = (sample * 32_768.0).round().clamp(f32::from(i16::MIN), f32::from(i16::MAX));
    #[allow(clippy::cast_possible_truncation, reason = "it was clamped; what is no number becomes 0")]
    {
        scaled as i16
    }
}

impl std::fmt::Debug for ToLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToLine").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FromLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FromLine").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
