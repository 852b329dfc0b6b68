//! Which frequencies bursts of one tone are made of, to a Hz.

use std::f64::consts::TAU;

use super::bursts::Burst;
use super::looks::LEAST_SHARE;

/// How far around a line its frequency may be, in Hz.
const AROUND_HZ: i32 = 60;

/// Bursts that are measured: more make it no better.
const MOST_BURSTS: usize = 8;

/// Samples of a burst that are measured: half a second, in which 4 Hz are told apart.
const MOST_SAMPLES: usize = 4000;

/// The main lobe of a Hann window reaches so many lines to either side.
const LOBE_LINES: f64 = 2.2;

/// The one or two strongest frequencies in whole Hz, the lower one first.
pub(super) fn of(samples: &[i16], bursts: &[Burst]) -> Vec<u32> {
    let longest = bursts.iter().rev().take(MOST_BURSTS).filter_map(|burst| samples.get(burst.middle()));
    let pieces: Vec<&[i16]> = longest.map(|piece| &piece[..piece.len().min(MOST_SAMPLES)]).collect();
    let shortest = pieces.iter().map(|piece| piece.len()).min().unwrap_or(0);
    let Some(about) = bursts.last().filter(|_| shortest > 0) else { return Vec::new() };
    let mut measured = Measured { pieces, spectrum: Vec::new() };
    for around_hz in about.about_hz() {
        measured.look_around(around_hz.round() as i32);
    }
    measured.strongest(LOBE_LINES * 8000.0 / shortest as f64)
}

struct Measured<'a> {
    pieces: Vec<&'a [i16]>,
    /// Frequency in Hz and power, a Hz apart in each stretch.
    spectrum: Vec<(i32, f64)>,
}

impl Measured<'_> {
    fn look_around(&mut self, middle_hz: i32) {
        for hz in middle_hz - AROUND_HZ..=middle_hz + AROUND_HZ {
            if hz > 0 && self.spectrum.iter().all(|(known_hz, _)| *known_hz != hz) {
                let power = self.pieces.iter().map(|piece| power_at(piece, f64::from(hz))).sum();
                self.spectrum.push((hz, power));
            }
        }
        self.spectrum.sort_unstable_by_key(|(hz, _)| *hz);
    }

    /// The strongest frequency, and the strongest other one that is not just its slope, if it is strong enough.
    fn strongest(&self, lobe_hz: f64) -> Vec<u32> {
        let peaks = self.spectrum.windows(3).filter(|around| {
            let in_a_row = around[2].0 - around[0].0 == 2;
            in_a_row && around[1].1 > around[0].1 && around[1].1 >= around[2].1
        });
        let mut peaks: Vec<(i32, f64)> = peaks.map(|around| around[1]).collect();
        peaks.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        let Some(&(first_hz, first)) = peaks.first() else { return Vec::new() };
        let is_another =
            |&&(hz, power): &&(i32, f64)| f64::from((hz - first_hz).abs()) >= lobe_hz && power >= f64::from(LEAST_SHARE) * first;
        let second = peaks.iter().skip(1).find(is_another).map(|(hz, _)| *hz);
        let mut found: Vec<u32> = std::iter::once(first_hz).chain(second).map(i32::unsigned_abs).collect();
        found.sort_unstable();
        found
    }
}

/// The power of one frequency in a piece, under a Hann window; pieces of different lengths can be compared.
fn power_at(piece: &[i16], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    let length = piece.len() as f64;
    for (n, &sample) in piece.iter().enumerate() {
        let weight = 0.5 - 0.5 * (TAU * (n as f64 + 0.5) / length).cos();
        let (sine, cosine) = (TAU * hz * n as f64 / 8000.0).sin_cos();
        re += weight * f64::from(sample) * cosine;
        im += weight * f64::from(sample) * sine;
    }
    (re * re + im * im) / (length * length)
}
