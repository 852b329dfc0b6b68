//! Two clocks that never agree, for a day: what the jitter buffer does to the sound. It is pure, so that a day takes seconds.

use std::f64::consts::TAU;
use std::time::Instant;

use gateway_core::dsp::FRAME_SAMPLES;
use gateway_core::rtp::jitter::JitterBuffer;
use gateway_core::time::Moment;

use super::table::Table;

/// Packets of a day, 20 ms each.
const PACKETS: u32 = 24 * 60 * 60 * 50;

/// The tone that is heard; a step in it is a click.
const TONE_HZ: f64 = 400.0;
const AMPLITUDE: f64 = 8_000.0;

/// The steepest that the tone itself is from one sample to the next, and a quarter more.
const STEEPEST: f64 = AMPLITUDE * TAU * TONE_HZ / 8_000.0 * 1.25;

pub fn measure(table: &mut Table) {
    for ppm in [200, -200] {
        let began = Instant::now();
        let day = Day::with(ppm);
        let must = f64::from(PACKETS) * FRAME_SAMPLES as f64 * f64::from(ppm.abs()) / 1e6;
        let figure = format!("{} clicks, {} late, {} ms concealed", day.clicks, day.late, day.concealed_ms);
        let depth = format!("{must:.0} samples too many or few; {} ms deep at most", day.deepest_ms);
        table.row(&format!("a day at {ppm:+} ppm"), figure, depth, 86_400.0 / began.elapsed().as_secs_f64());
    }
}

/// What a day did.
struct Day {
    clicks: u32,
    late: u32,
    concealed_ms: u32,
    deepest_ms: u32,
}

impl Day {
    /// A sender whose clock is so much faster than that of the line.
    fn with(ppm: i32) -> Self {
        let mut buffer = JitterBuffer::new(5);
        let mut day = Day { clicks: 0, late: 0, concealed_ms: 0, deepest_ms: 0 };
        let interval_ns = 20_000_000.0 / (1.0 + f64::from(ppm) / 1e6);
        let (mut sent, mut last) = (0_u32, 0.0_f64);
        // After the start the buffer has found its depth: what it does then is for the clocks alone.
        let settled = 250;
        for frame in 0..PACKETS {
            let now_ns = u64::from(frame) * 20_000_000;
            while f64::from(sent) * interval_ns <= now_ns as f64 {
                let arrival = Moment::from_nanos((f64::from(sent) * interval_ns) as u64);
                buffer.push(1, sent * 160, tone(sent), arrival);
                sent += 1;
            }
            let heard = buffer.pull(Moment::from_nanos(now_ns));
            for sample in heard.0.iter().map(|sample| f64::from(*sample)) {
                day.clicks += u32::from(frame > settled && (sample - last).abs() > STEEPEST);
                last = sample;
            }
            day.deepest_ms = day.deepest_ms.max(buffer.depth_ms());
        }
        let counts = buffer.counts();
        (day.late, day.concealed_ms) = (counts.late, u32::try_from(counts.concealed_samples / 8).unwrap_or(u32::MAX));
        day
    }
}

/// 20 ms of the tone, at their place in it.
fn tone(packet: u32) -> impl ExactSizeIterator<Item = i16> {
    (0..FRAME_SAMPLES).map(move |n| {
        let at = (u64::from(packet) * FRAME_SAMPLES as u64 + n as u64) % 8_000;
        (AMPLITUDE * (TAU * TONE_HZ * at as f64 / 8_000.0).sin()) as i16
    })
}
