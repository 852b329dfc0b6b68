//! Judging recorded sound.

/// The amplitude of one frequency in 8 kHz samples.
pub(crate) fn amplitude(samples: &[i16], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in (0_u32..).zip(samples) {
        let phase = std::f64::consts::TAU * hz * f64::from(n) / 8000.0;
        re += f64::from(*sample) * phase.cos();
        im += f64::from(*sample) * phase.sin();
    }
    2.0 * f64::hypot(re, im) / f64::from(u32::try_from(samples.len()).unwrap())
}

/// The amplitude of a tone of so many dBm0, where full scale is +3.14 dBm0 (ITU-T G.711).
#[allow(clippy::approx_constant, reason = "a level, not the number pi")]
pub(crate) fn amplitude_of(dbm0: f64) -> f64 {
    32767.0 * 10.0_f64.powf((dbm0 - 3.14) / 20.0)
}

/// How much louder `found` is than `wanted`, in dB.
pub(crate) fn decibels(found: f64, wanted: f64) -> f64 {
    20.0 * (found / wanted).log10()
}

/// For how many seconds the samples hold this frequency within 1.5 dB of the amplitude, looked at in pieces of 50 ms: a piece in
/// which the clocks of the two ends slip does not count.
pub(crate) fn seconds_with(samples: &[i16], hz: f64, wanted: f64) -> f64 {
    let pieces = samples.chunks_exact(400).filter(|piece| decibels(amplitude(piece, hz), wanted).abs() < 1.5).count();
    f64::from(u32::try_from(pieces).unwrap()) * 0.05
}
