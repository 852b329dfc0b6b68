use std::f64::consts::TAU;

use super::*;

const HALF_SCALE: f64 = 0.5;

/// The rates that USB sound cards have.
const RATES_HZ: [u32; 5] = [8_000, 16_000, 32_000, 44_100, 48_000];

fn tone(rate_hz: u32, hz: f64, seconds: f64) -> Vec<f32> {
    let count = (f64::from(rate_hz) * seconds) as usize;
    (0..count).map(|n| (HALF_SCALE * (TAU * hz * n as f64 / f64::from(rate_hz)).sin()) as f32).collect()
}

/// The amplitude of `hz` in `samples`, after the filter has filled.
fn amplitude(samples: &[f32], rate_hz: u32, hz: f64) -> f64 {
    let settled = &samples[samples.len() / 4..];
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in settled.iter().enumerate() {
        let phase = TAU * hz * n as f64 / f64::from(rate_hz);
        re += f64::from(*sample) * phase.cos();
        im += f64::from(*sample) * phase.sin();
    }
    2.0 * re.hypot(im) / settled.len() as f64
}

fn decibels(amplitude: f64) -> f64 {
    20.0 * (amplitude / HALF_SCALE).log10()
}

/// What the line hears of a tone that a card recorded, in pieces as a card gives them.
fn heard(card_hz: u32, hz: f64) -> Vec<f32> {
    let mut to_line = ToLine::new(card_hz).unwrap();
    let mut line = Vec::new();
    for piece in tone(card_hz, hz, 2.0).chunks(213) {
        to_line.push(piece.iter().copied());
        while let Some(frame) = to_line.frame() {
            line.extend(frame.0.map(to_f32));
        }
    }
    line
}

fn played(card_hz: u32, hz: f64, bend: f64) -> Vec<f32> {
    let mut from_line = FromLine::new(card_hz).unwrap();
    let line = tone(SAMPLE_RATE_HZ, hz, 2.0);
    line.chunks_exact(FRAME_SAMPLES)
        .flat_map(|frame| from_line.samples(&Frame(std::array::from_fn(|n| to_i16(frame[n]))), bend).to_vec())
        .collect()
}

#[test]
fn the_voice_band_passes_unchanged_from_every_card_and_to_it() {
    for rate_hz in RATES_HZ {
        for hz in [300.0, 1000.0, 2000.0, 3400.0] {
            let in_db = decibels(amplitude(&heard(rate_hz, hz), SAMPLE_RATE_HZ, hz));
            let out_db = decibels(amplitude(&played(rate_hz, hz, 1.0), rate_hz, hz));
            assert!(in_db.abs() < 0.1 && out_db.abs() < 0.2, "{rate_hz} Hz, {hz} Hz: in {in_db:.2} dB, out {out_db:.2} dB");
        }
    }
}

#[test]
fn what_a_line_cannot_carry_does_not_come_back_as_something_else() {
    // 6 kHz would be heard as 2 kHz at 8 kHz.
    for rate_hz in [16_000, 32_000, 44_100, 48_000] {
        let alias_db = decibels(amplitude(&heard(rate_hz, 6000.0), SAMPLE_RATE_HZ, 2000.0));
        assert!(alias_db < -70.0, "{rate_hz} Hz: {alias_db:.1} dB");
        let image_db = decibels(amplitude(&played(rate_hz, 2000.0, 1.0), rate_hz, 6000.0));
        assert!(image_db < -70.0, "{rate_hz} Hz: {image_db:.1} dB");
    }
}

#[test]
fn a_second_of_one_side_is_a_second_of_the_other() {
    for rate_hz in RATES_HZ {
        // What the filter holds back is less than a frame.
        let line = heard(rate_hz, 500.0).len();
        assert!((15_520..=16_000).contains(&line), "{rate_hz} Hz: {line}");
        let card = played(rate_hz, 500.0, 1.0).len().abs_diff(2 * rate_hz as usize);
        assert!(card <= rate_hz as usize / 100, "{rate_hz} Hz: {card}");
    }
}

#[test]
fn bent_it_makes_more_or_less_and_bounds_hold() {
    for (bend, expected) in [(1.001, 1.001), (0.999, 0.999), (2.0, MOST_BEND), (0.0, 1.0 / MOST_BEND)] {
        let made = played(48_000, 1000.0, bend).len() as f64 / 96_000.0;
        assert!((made / expected - 1.0).abs() < 2e-4, "{bend}: {made}");
    }
    assert!(matches!(ToLine::new(4_000), Err(BadRate(_))));
    assert!(matches!(FromLine::new(0), Err(BadRate(_))));
    assert!(matches!(ToLine::new(400_000), Err(BadRate(400_000))));
}

#[test]
fn too_loud_samples_are_cut_off_and_nonsense_is_silence() {
    let mut to_line = ToLine::new(SAMPLE_RATE_HZ).unwrap();
    to_line.push([2.0, -2.0, f32::NAN, f32::INFINITY].into_iter().chain([0.0; FRAME_SAMPLES - 4]));
    let frame = to_line.frame().unwrap();
    assert_eq!(frame.0[..5], [i16::MAX, i16::MIN, 0, i16::MAX, 0]);
    assert!(to_line.frame().is_none());
}
