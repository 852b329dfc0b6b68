//! Digits as sound: a queue of them, sample-exact.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::frequencies_of;
use crate::dsp::tone::Oscillators;
use crate::dsp::{Frame, SAMPLE_RATE_HZ};

/// Levels of the two tones of a digit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DtmfLevels {
    /// Level of the low group in dBm0.
    pub low_dbm0: f32,
    /// Level of the high group in dBm0.
    pub high_dbm0: f32,
}

impl Default for DtmfLevels {
    /// −12 dBm0 low and −10 dBm0 high: 2 dB of pre-emphasis, because a line loses more of the high group (ETSI ES 201 235-2).
    fn default() -> Self {
        DtmfLevels { low_dbm0: -12.0, high_dbm0: -10.0 }
    }
}

/// Why digits were not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum DtmfError {
    /// A character is neither a digit nor the pause `,`.
    #[error("not a DTMF digit")]
    NotADigit,
    /// More digits than the queue holds.
    #[error("too many digits are waiting")]
    Full,
}

/// A queue of digits that come out as sound, each once, in order.
#[derive(Clone, Debug)]
pub struct DtmfGenerator {
    levels: DtmfLevels,
    queue: VecDeque<Key>,
    current: Option<Sounding>,
}

/// A digit (or pause) that waits.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// `None`: a pause.
    digit: Option<char>,
    on: On,
    off_samples: u64,
}

#[derive(Clone, Copy, Debug)]
enum On {
    Samples(u64),
    /// Until [`DtmfGenerator::release`], but at least so long.
    Held {
        at_least_samples: u64,
    },
}

#[derive(Clone, Debug)]
struct Sounding {
    key: Key,
    oscillators: Oscillators,
    /// Samples since the digit began.
    sounded: u64,
}

impl DtmfGenerator {
    /// Digits that may wait at a time.
    pub const CAPACITY: usize = 128;

    /// How long a `,` among the digits is silent.
    pub const PAUSE: Duration = Duration::from_secs(2);

    /// An idle generator with these levels.
    #[must_use]
    pub fn new(levels: DtmfLevels) -> Self {
        DtmfGenerator { levels, queue: VecDeque::with_capacity(Self::CAPACITY), current: None }
    }

    /// Queues `digits` (`0`–`9`, `*`, `#`, `A`–`D`, and `,` for a pause), each sounding for `on`, followed by silence for `off`.
    ///
    /// # Errors
    /// [`DtmfError`] when one is no digit or they do not fit; then none is queued.
    pub fn push(&mut self, digits: &str, on: Duration, off: Duration) -> Result<(), DtmfError> {
        if !digits.chars().all(|digit| digit == ',' || frequencies_of(digit).is_some()) {
            return Err(DtmfError::NotADigit);
        }
        if self.queue.len() + digits.chars().count() > Self::CAPACITY {
            return Err(DtmfError::Full);
        }
        self.queue.extend(digits.chars().map(|digit| match digit {
            ',' => Key { digit: None, on: On::Samples(samples_of(Self::PAUSE)), off_samples: 0 },
            _ => Key { digit: Some(digit.to_ascii_uppercase()), on: On::Samples(samples_of(on)), off_samples: samples_of(off) },
        }));
        Ok(())
    }

    /// Queues one digit that sounds until [`DtmfGenerator::release`], but at least for `at_least`.
    ///
    /// # Errors
    /// [`DtmfError`] when it is no digit or does not fit.
    pub fn press(&mut self, digit: char, at_least: Duration) -> Result<(), DtmfError> {
        if frequencies_of(digit).is_none() {
            return Err(DtmfError::NotADigit);
        }
        if self.queue.len() >= Self::CAPACITY {
            return Err(DtmfError::Full);
        }
        // A digit whose end got lost must not hold up this one for ever.
        self.release(Duration::ZERO);
        let on = On::Held { at_least_samples: samples_of(at_least) };
        self.queue.push_back(Key { digit: Some(digit.to_ascii_uppercase()), on, off_samples: 0 });
        Ok(())
    }

    /// Ends the pressed digit (after its shortest time), followed by silence for `off`; nothing when none is pressed.
    pub fn release(&mut self, off: Duration) {
        let keys = self.current.iter_mut().map(|current| (current.sounded, &mut current.key));
        for (sounded, key) in keys.chain(self.queue.iter_mut().map(|key| (0, key))) {
            if let On::Held { at_least_samples } = key.on {
                key.on = On::Samples(at_least_samples.max(sounded));
                key.off_samples = samples_of(off);
            }
        }
    }

    /// Forgets all digits and falls silent at once.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.current = None;
    }

    /// Whether all digits and the silence after them are out.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.current.is_none() && self.queue.is_empty()
    }

    /// The digit that sounds now, not the silence after it.
    #[must_use]
    pub fn sounding(&self) -> Option<char> {
        self.current.as_ref().filter(|current| current.is_on()).and_then(|current| current.key.digit)
    }

    /// Overwrites `out` with the next 20 ms, silence when idle; true when it is idle after that.
    pub fn fill(&mut self, out: &mut Frame) -> bool {
        for sample in &mut out.0 {
            *sample = self.next_sample();
        }
        self.drop_finished();
        self.is_idle()
    }

    fn next_sample(&mut self) -> i16 {
        self.drop_finished();
        if self.current.is_none() {
            self.current = self.queue.pop_front().map(|key| Sounding::new(key, self.levels));
        }
        let Some(current) = &mut self.current else { return 0 };
        let sample = if current.is_on() { current.oscillators.next() } else { 0 };
        current.sounded += 1;
        sample
    }

    fn drop_finished(&mut self) {
        if self.current.as_ref().is_some_and(Sounding::is_finished) {
            self.current = None;
        }
    }
}

impl Default for DtmfGenerator {
    fn default() -> Self {
        DtmfGenerator::new(DtmfLevels::default())
    }
}

impl Sounding {
    fn new(key: Key, levels: DtmfLevels) -> Self {
        let tones = key.digit.and_then(frequencies_of);
        let parts = tones.map(|(low_hz, high_hz)| [(low_hz, levels.low_dbm0), (high_hz, levels.high_dbm0)]);
        Sounding { key, oscillators: Oscillators::of_levels(parts.into_iter().flatten()), sounded: 0 }
    }

    fn is_on(&self) -> bool {
        match self.key.on {
            On::Samples(samples) => self.sounded < samples,
            On::Held { .. } => true,
        }
    }

    fn is_finished(&self) -> bool {
        match self.key.on {
            On::Samples(samples) => self.sounded >= samples + self.key.off_samples,
            On::Held { .. } => false,
        }
    }
}

fn samples_of(duration: Duration) -> u64 {
    // A digit of an hour is a mistake of the caller, not a reason to overflow.
    let micros = duration.min(Duration::from_secs(3600)).as_micros();
    u64::try_from(micros).unwrap_or(0) * u64::from(SAMPLE_RATE_HZ) / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::FRAME_SAMPLES;
    use crate::dsp::goertzel::power_at;
    use crate::dsp::level::{dbm0_of, dbm0_of_power};

    const MS100: Duration = Duration::from_millis(100);

    fn drain(generator: &mut DtmfGenerator) -> Vec<i16> {
        let mut samples = Vec::new();
        let mut frame = Frame::SILENCE;
        for _ in 0..10_000 {
            let done = generator.fill(&mut frame);
            samples.extend_from_slice(&frame.0);
            if done {
                return samples;
            }
        }
        panic!("it never ends");
    }

    #[test]
    fn digits_come_out_with_exact_times_and_levels() {
        let mut generator = DtmfGenerator::default();
        generator.push("1d", MS100, Duration::from_millis(50)).unwrap();
        assert!(!generator.is_idle());
        let samples = drain(&mut generator);
        assert_eq!(samples.len(), 300 * 8 / FRAME_SAMPLES * FRAME_SAMPLES);
        for (from, low_hz, high_hz) in [(0, 697.0, 1209.0), (1200, 941.0, 1633.0)] {
            let on = &samples[from..from + 800];
            assert!((dbm0_of_power(power_at(on, low_hz)) + 12.0).abs() < 0.1);
            assert!((dbm0_of_power(power_at(on, high_hz)) + 10.0).abs() < 0.1);
            assert_eq!(dbm0_of(&samples[from + 800..from + 1200]), -99.0);
        }
    }

    #[test]
    fn a_comma_is_a_pause_and_nonsense_is_refused_whole() {
        let mut generator = DtmfGenerator::default();
        assert_eq!(generator.push("12x", MS100, MS100), Err(DtmfError::NotADigit));
        assert_eq!(generator.push(&"5".repeat(129), MS100, MS100), Err(DtmfError::Full));
        assert_eq!(generator.press(',', MS100), Err(DtmfError::NotADigit));
        assert!(generator.is_idle());
        generator.push("9,5", MS100, MS100).unwrap();
        assert_eq!(drain(&mut generator).len(), 2400 * 8);
    }

    #[test]
    fn a_pressed_digit_sounds_until_it_is_released_and_never_shorter_than_asked() {
        let mut generator = DtmfGenerator::default();
        let mut frame = Frame::SILENCE;
        generator.press('5', MS100).unwrap();
        for _ in 0..50 {
            assert!(!generator.fill(&mut frame));
            assert_eq!(generator.sounding(), Some('5'));
        }
        generator.release(Duration::from_millis(40));
        assert_eq!(generator.sounding(), None);
        assert_eq!(drain(&mut generator).len(), 40 * 8);
        generator.press('6', MS100).unwrap();
        generator.release(Duration::ZERO);
        assert_eq!(drain(&mut generator).len(), 100 * 8);
        generator.press('7', MS100).unwrap();
        generator.press('8', MS100).unwrap();
        generator.clear();
        assert!(generator.fill(&mut frame) && frame == Frame::SILENCE);
    }
}
