//! Sounds that tests send and look for in recordings. 8 kHz, one channel.

use std::path::Path;

const RATE: u32 = 8000;

/// 0 dBm0 lies 3.14 dB below a sine at full scale (G.711, A-law).
#[allow(clippy::approx_constant, reason = "the number of the recommendation, not that of the circle")]
const FULL_SCALE_DBM0: f64 = 3.14;

/// Where a burst is looked for: windows of 20 ms, every 5 ms.
const WINDOW: usize = 160;
const STEP: usize = 40;

/// Samples.
#[derive(Clone, Debug, Default)]
pub struct Sound(pub Vec<i16>);

/// A tone found in a recording.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    pub hz: f64,
    pub start_ms: u32,
    pub length_ms: u32,
    pub level_dbm0: f64,
}

/// The frequencies of [`Sound::marker`]: far from dial, ringback, busy and DTMF tones.
pub const MARKER_HZ: [f64; 4] = [600.0, 1800.0, 1100.0, 2400.0];

/// The level of each burst of a marker.
pub const MARKER_DBM0: f64 = -10.0;

/// The length of each burst of a marker, and from one to the next.
pub const MARKER_ON_MS: u32 = 160;
pub const MARKER_PERIOD_MS: u32 = 600;

impl Sound {
    pub fn silence(ms: u32) -> Self {
        Sound(vec![0; samples(ms)])
    }

    pub fn tone(hz: f64, level_dbm0: f64, ms: u32) -> Self {
        let peak = 32768.0 * 10_f64.powf((level_dbm0 - FULL_SCALE_DBM0) / 20.0);
        let sample = |n: usize| peak * (std::f64::consts::TAU * hz * n as f64 / f64::from(RATE)).sin();
        Sound((0..samples(ms)).map(|n| sample(n).round() as i16).collect())
    }

    /// Short tones, one after the other with long pauses, all of them so many times. An echo of one falls into the pause
    /// after it.
    pub fn marker(times: usize) -> Self {
        let round = MARKER_HZ.iter().map(|hz| Sound::tone(*hz, MARKER_DBM0, MARKER_ON_MS));
        let round: Vec<Sound> = round.flat_map(|tone| [tone, Sound::silence(MARKER_PERIOD_MS - MARKER_ON_MS)]).collect();
        round.iter().cycle().take(round.len() * times).cloned().collect()
    }

    /// Digits as a telephone sends them in its audio (ITU-T Q.23), 100 ms each with pauses of 100 ms.
    pub fn digits(digits: &str) -> Self {
        let sound = |digit: char| {
            let at = "123A456B789C*0#D".find(digit).unwrap();
            let mut both = Sound::tone([697.0, 770.0, 852.0, 941.0][at / 4], -9.0, 100);
            let high = Sound::tone([1209.0, 1336.0, 1477.0, 1633.0][at % 4], -7.0, 100);
            both.0.iter_mut().zip(high.0).for_each(|(low, high)| *low += high);
            both
        };
        digits.chars().flat_map(|digit| [sound(digit), Sound::silence(100)]).collect()
    }

    pub fn write(&self, path: &Path) {
        let spec = hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut writer = hound::WavWriter::create(path, spec).unwrap();
        self.0.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
        writer.finalize().unwrap();
    }

    pub fn read(path: &Path) -> Self {
        let reader = hound::WavReader::open(path).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().channels), (RATE, 1));
        Sound(reader.into_samples().map(Result::unwrap).collect())
    }

    pub fn length_ms(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap() / (RATE / 1000)
    }

    /// The bursts of these frequencies that are louder than `floor_dbm0`, in the order of time.
    pub fn bursts(&self, frequencies: &[f64], floor_dbm0: f64) -> Vec<Burst> {
        let mut found: Vec<(usize, Vec<f64>, f64)> = Vec::new();
        let mut open = false;
        for (step, window) in self.0.windows(WINDOW).step_by(STEP).enumerate() {
            let levels = frequencies.iter().map(|hz| (*hz, level_dbm0(window, *hz)));
            let loudest = levels.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, level)| *level > floor_dbm0);
            match (loudest, found.last_mut()) {
                (Some((hz, level)), Some((_, levels, same))) if open && *same == hz => levels.push(level),
                (Some((hz, level)), _) => found.push((step, vec![level], hz)),
                (None, _) => {}
            }
            open = loudest.is_some();
        }
        let step_ms = u32::try_from(STEP).unwrap() * 1000 / RATE;
        let burst = |(step, mut levels, hz): (usize, Vec<f64>, f64)| {
            let length_ms = u32::try_from(levels.len()).unwrap() * step_ms;
            levels.sort_by(f64::total_cmp);
            Burst { hz, start_ms: u32::try_from(step).unwrap() * step_ms, length_ms, level_dbm0: levels[levels.len() * 3 / 4] }
        };
        // What is shorter than a window is the edge of something else.
        found.into_iter().map(burst).filter(|burst| burst.length_ms >= 20).collect()
    }
}

impl FromIterator<Sound> for Sound {
    fn from_iter<T: IntoIterator<Item = Sound>>(sounds: T) -> Self {
        Sound(sounds.into_iter().flat_map(|sound| sound.0).collect())
    }
}

fn samples(ms: u32) -> usize {
    (ms * RATE / 1000) as usize
}

/// The level of one frequency in a window, weighted by a raised cosine.
fn level_dbm0(window: &[i16], hz: f64) -> f64 {
    let size = window.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in window.iter().enumerate() {
        let weight = 1.0 - (std::f64::consts::TAU * (n as f64 + 0.5) / size).cos();
        let angle = std::f64::consts::TAU * hz * n as f64 / f64::from(RATE);
        re += f64::from(*sample) * weight * angle.cos();
        im += f64::from(*sample) * weight * angle.sin();
    }
    let peak = 2.0 * re.hypot(im) / size;
    20.0 * (peak.max(1e-3) / 32768.0).log10() + FULL_SCALE_DBM0
}
