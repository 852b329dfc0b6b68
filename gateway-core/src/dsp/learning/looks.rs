//! Which frequencies stand out, every 10 ms over a Hann window of 50 ms.

use crate::dsp::goertzel::{Goertzel, HannWindow, phasors};
use crate::dsp::level::power_of_dbm0;

/// Samples from one look to the next.
pub(super) const HOP: usize = 80;

/// The same in ms.
pub(super) const HOP_MS: u32 = 10;

/// Samples in a window: its spectrum has a line every 20 Hz.
pub(super) const WINDOW: usize = 400;

/// Distance of the lines in Hz.
pub(super) const LINE_HZ: f32 = 8000.0 / WINDOW as f32;

/// The lines that are looked at: 200 to 2400 Hz, where the supervisory tones of ITU-T E.180 Supplement 2 lie.
const FIRST_LINE: usize = 10;
const LINES: usize = 111;

/// A Hann window spreads a frequency over so many lines to either side.
const LOBE: usize = 2;

/// Softer than this is quiet.
const LEAST_DBM0: f32 = -42.0;

/// The part of all energy that the frequencies of a tone have.
const PURITY: f32 = 0.7;

/// A second frequency has at least this part of the energy of the first (−12 dB).
pub(super) const LEAST_SHARE: f32 = 0.063;

/// What stands out in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Look {
    /// The strongest line and the strongest one beside it, where there is one; `None`: nothing stands out.
    pub(super) lines: Option<(usize, Option<usize>)>,
    /// Mean square of everything in the window.
    pub(super) power: f32,
}

impl Look {
    /// Whether the same stands out in both, in whichever order.
    pub(super) fn is_like(&self, other: &Look) -> bool {
        let near = |a: usize, b: usize| a.abs_diff(b) <= 1;
        match (self.lines, other.lines) {
            (Some((a, None)), Some((b, None))) => near(a, b),
            (Some((a, Some(b))), Some((c, Some(d)))) => (near(a, c) && near(b, d)) || (near(a, d) && near(b, c)),
            // The weaker one of two may be hidden for a moment.
            (Some((a, None)), Some((b, Some(c)))) | (Some((b, Some(c))), Some((a, None))) => near(a, b) || near(a, c),
            (None, None) => true,
            _ => false,
        }
    }
}

/// The frequency of a line in Hz.
pub(super) fn hz_of(line: usize) -> f32 {
    (FIRST_LINE + line) as f32 * LINE_HZ
}

/// The looks at a recording; the middle of the first window is 25 ms from its beginning.
pub(super) fn look_at(samples: &[i16]) -> Vec<Look> {
    let window = HannWindow::<WINDOW>::new();
    let filters: [Goertzel; LINES] = std::array::from_fn(|line| Goertzel::new(hz_of(line)));
    let mut block = [0.0; WINDOW];
    let mut looks = Vec::with_capacity(samples.len() / HOP);
    for piece in samples.windows(WINDOW).step_by(HOP) {
        let linear: [f32; WINDOW] = std::array::from_fn(|n| f32::from(piece[n]));
        let power = window.apply(&linear, &mut block);
        if power < power_of_dbm0(LEAST_DBM0) {
            looks.push(Look { lines: None, power });
            continue;
        }
        let spectrum = phasors(&filters, &block).map(|phasor| window.line_power(phasor));
        looks.push(Look { lines: standing_out(&spectrum, power), power });
    }
    looks
}

/// The one or two lines that have nearly all of this power.
fn standing_out(spectrum: &[f32; LINES], power: f32) -> Option<(usize, Option<usize>)> {
    let (first, first_power) = strongest(spectrum, None)?;
    let (second, second_power) = strongest(spectrum, Some(first))?;
    let has_second = second_power >= LEAST_SHARE * first_power;
    let explained = first_power + if has_second { second_power } else { 0.0 };
    (explained >= PURITY * power).then_some((first, has_second.then_some(second)))
}

/// The strongest line that is not beside `other`, with the power that its lobe has.
fn strongest(spectrum: &[f32; LINES], other: Option<usize>) -> Option<(usize, f32)> {
    let is_free = |line: usize| other.is_none_or(|other| line.abs_diff(other) > LOBE);
    let (line, _) = spectrum.iter().enumerate().filter(|(line, _)| is_free(*line)).max_by(|a, b| a.1.total_cmp(b.1))?;
    let lobe = line.saturating_sub(LOBE)..(line + LOBE + 1).min(LINES);
    Some((line, lobe.filter(|&line| is_free(line)).map(|line| spectrum[line]).sum()))
}
