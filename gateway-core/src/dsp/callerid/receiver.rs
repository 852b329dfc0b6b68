//! Listens for every kind of caller ID at once, as an exchange may send any of them, before or after the first ring.

use super::CallerId;
use super::burst::{BurstContent, BurstFault, BurstReading, CallerIdBurst, ratio_db, to_a_tenth};
use super::dtmf::{CategoryDigit, DigitString, DtmfCallerIdReceiver};
use super::fsk::FskReceiver;
use super::sine_fit::{self, Purity};
use crate::dsp::dtmf::{DtmfEvent, DtmfReceiver, frequencies_of};
use crate::dsp::filter::Biquad;
use crate::dsp::level::dbm0_of_power;
use crate::dsp::{FRAME_MS, FRAME_SAMPLES, Frame};
use crate::time::Moment;

/// Recognises the caller ID of one line, whichever way it comes; what parses first is told.
#[derive(Clone, Debug)]
pub struct CallerIdReceiver {
    fsk: FskReceiver,
    digits: DtmfReceiver,
    dtmf: DtmfCallerIdReceiver,
    events: Vec<DtmfEvent>,
    tones: DigitTones,
    /// What ended with the newest frame.
    bursts: Vec<CallerIdBurst>,
    /// Counts frames, so that it needs no clock.
    now: Moment,
    quiet_until: Moment,
}

impl CallerIdReceiver {
    /// After a caller ID nothing more is told for this time: exchanges repeat it, or send it both ways.
    const QUIET_MS: u64 = 3000;

    /// A receiver that has heard nothing yet.
    #[must_use]
    pub fn new(category_digit: CategoryDigit) -> Self {
        CallerIdReceiver {
            fsk: FskReceiver::new(),
            digits: DtmfReceiver::new(),
            dtmf: DtmfCallerIdReceiver::new(category_digit),
            events: Vec::with_capacity(8),
            tones: DigitTones::default(),
            bursts: Vec::with_capacity(8),
            now: Moment::ZERO,
            quiet_until: Moment::ZERO,
        }
    }

    /// Takes the next frame; adds the caller ID to `out` when it is complete.
    pub fn process(&mut self, frame: &Frame, out: &mut Vec<CallerId>) {
        let told_before = out.len();
        self.now = Moment::from_millis(self.now.as_millis() + FRAME_MS);
        self.bursts.clear();
        self.fsk.process(frame, &mut self.bursts);
        self.events.clear();
        self.digits.process(frame, &mut self.events);
        self.tones.remember(frame);
        for event in &self.events {
            match *event {
                DtmfEvent::Begin { digit, .. } => {
                    self.tones.measure(digit);
                    let over = self.dtmf.digit(digit, self.now);
                    self.bursts.extend(over.map(|over| self.tones.burst(over)));
                }
                DtmfEvent::End { .. } => {}
            }
        }
        if self.digits.sounding().is_none() {
            let over = self.dtmf.handle_timeout(self.now);
            self.bursts.extend(over.map(|over| self.tones.burst(over)));
        }
        out.extend(self.bursts.iter().filter_map(CallerIdBurst::caller).cloned());
        if out.len() > told_before {
            out.truncate(told_before + usize::from(self.now >= self.quiet_until));
            self.quiet_until = Moment::from_millis(self.now.as_millis() + Self::QUIET_MS);
        }
    }

    /// Every attempt to tell who calls that ended with the newest frame: also what was not understood, and repetitions.
    #[must_use]
    pub fn bursts(&self) -> &[CallerIdBurst] {
        &self.bursts
    }

    /// Whether something is on its way: who waits for caller ID may wait a little longer.
    #[must_use]
    pub fn is_receiving(&self) -> bool {
        self.fsk.is_receiving() || self.dtmf.deadline().is_some()
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        self.fsk.reset();
        self.digits.reset();
        self.dtmf.reset();
        self.tones = DigitTones::default();
        self.bursts.clear();
        self.quiet_until = Moment::ZERO;
    }
}

/// Samples that are kept of the line: the newest frame and the one before.
const KEPT: usize = 2 * FRAME_SAMPLES;

/// Of those a digit sounds in these for certain when it is told: 30 to 15 ms before the end of the frame. A digit is told after 36 ms,
/// and up to 15 ms of the frame come after that.
const CERTAIN: std::ops::Range<usize> = 80..200;

/// How loud and how clean the digits of a string are.
#[derive(Clone, Debug)]
struct DigitTones {
    samples: [i16; KEPT],
    measured: Purity,
    digits: u32,
}

impl Default for DigitTones {
    fn default() -> Self {
        DigitTones { samples: [0; KEPT], measured: Purity::default(), digits: 0 }
    }
}

impl DigitTones {
    fn remember(&mut self, frame: &Frame) {
        self.samples.copy_within(FRAME_SAMPLES.., 0);
        self.samples[FRAME_SAMPLES..].copy_from_slice(&frame.0);
    }

    fn measure(&mut self, digit: char) {
        let Some((low_hz, high_hz)) = frequencies_of(digit) else { return };
        // Hum and a direct current are no noise that disturbs digits; the filter has settled before the samples that count.
        let mut hum_filter = Biquad::high_pass(180.0, 0.707);
        let samples = self.samples.map(|sample| hum_filter.next(f32::from(sample)));
        if let Some(found) = sine_fit::fit(&samples[CERTAIN], &[low_hz, high_hz]) {
            self.measured.add(found);
            self.digits += 1;
        }
    }

    fn burst(&mut self, over: DigitString) -> CallerIdBurst {
        let (measured, digits) = (std::mem::take(&mut self.measured), std::mem::take(&mut self.digits));
        // What a telephone beside us dials is nobody's business: it may be a secret.
        let is_dialled = matches!(over.caller, Err(BurstFault::NoStart));
        CallerIdBurst {
            level_dbm0: to_a_tenth(dbm0_of_power((measured.sines / f64::from(digits.max(1))) as f32)),
            snr_db: (digits > 0).then(|| ratio_db(measured.sines, measured.rest)),
            content: BurstContent::Dtmf { digits: if is_dialled { String::new() } else { over.digits } },
            reading: match over.caller {
                Ok(caller) => BurstReading::Understood { caller, date_time: None },
                Err(fault) => BurstReading::NotUnderstood { fault },
            },
        }
    }
}

impl Default for CallerIdReceiver {
    fn default() -> Self {
        CallerIdReceiver::new(CategoryDigit::default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dsp::babble::WhiteNoise;
    use crate::dsp::callerid::fsk::{FskShape, FskStandard, FskTransmitter};
    use crate::dsp::callerid::mdmf::CallData;
    use crate::dsp::callerid::{CallerIdSource, Presentation, dtmf};
    use crate::dsp::dtmf::DtmfGenerator;
    use crate::rng::Rng;

    fn caller(source: CallerIdSource) -> CallerId {
        let category = (source == CallerIdSource::Dtmf).then_some('1');
        CallerId { number: Some("1133334444".into()), name: None, presentation: Presentation::Allowed, category, source }
    }

    /// The frames of a burst, with some silence around it and noise over all.
    fn burst(source: CallerIdSource) -> Vec<Frame> {
        let mut frames = vec![Frame::SILENCE; 10];
        let mut frame = Frame::SILENCE;
        match source {
            CallerIdSource::Dtmf | CallerIdSource::Device => {
                let mut generator = DtmfGenerator::default();
                let (on, off) = (Duration::from_millis(70), Duration::from_millis(70));
                generator.push(&dtmf::to_digits(&caller(source)), on, off).unwrap();
                while !generator.fill(&mut frame) {
                    frames.push(frame);
                }
            }
            CallerIdSource::Bell202 | CallerIdSource::V23 => {
                let standard = if source == CallerIdSource::V23 { FskStandard::V23 } else { FskStandard::Bell202 };
                let message = CallData::of_caller_id(&caller(source)).to_mdmf();
                let mut transmitter = FskTransmitter::new(FskShape::of(standard), &message);
                while !transmitter.fill(&mut frame) {
                    frames.push(frame);
                }
            }
        }
        frames.push(frame);
        frames.extend([Frame::SILENCE; 40]);
        let mut noise = WhiteNoise::new(Rng::from_seed(2), -45.0);
        frames.iter_mut().for_each(|frame| noise.mix_into(&mut frame.0));
        frames
    }

    #[test]
    fn each_kind_is_told_once_with_its_source() {
        for source in [CallerIdSource::Dtmf, CallerIdSource::Bell202, CallerIdSource::V23] {
            let (mut receiver, mut out) = (CallerIdReceiver::default(), Vec::new());
            for frame in burst(source) {
                receiver.process(&frame, &mut out);
            }
            assert_eq!(out, [caller(source)]);
            assert!(!receiver.is_receiving());
        }
    }

    #[test]
    fn a_repetition_is_not_told_but_the_next_call_is() {
        let (mut receiver, mut out) = (CallerIdReceiver::default(), Vec::new());
        for frame in burst(CallerIdSource::Bell202).iter().chain(&burst(CallerIdSource::Dtmf)) {
            receiver.process(frame, &mut out);
        }
        assert_eq!(out, [caller(CallerIdSource::Bell202)]);
        for _ in 0..200 {
            receiver.process(&Frame::SILENCE, &mut out);
        }
        for frame in burst(CallerIdSource::V23) {
            receiver.process(&frame, &mut out);
        }
        assert_eq!(out, [caller(CallerIdSource::Bell202), caller(CallerIdSource::V23)]);
    }

    #[test]
    fn digits_are_told_as_a_burst_with_level_and_noise() {
        let (on, off) = (Duration::from_millis(70), Duration::from_millis(70));
        let heard = |digits: &str, noise_dbm0: f32| {
            let (mut receiver, mut out, mut told) = (CallerIdReceiver::default(), Vec::new(), Vec::new());
            let mut generator = DtmfGenerator::default();
            generator.push(digits, on, off).unwrap();
            let mut noise = WhiteNoise::new(Rng::from_seed(9), noise_dbm0);
            for _ in 0..200 {
                let mut frame = Frame::SILENCE;
                generator.fill(&mut frame);
                noise.mix_into(&mut frame.0);
                receiver.process(&frame, &mut out);
                told.extend_from_slice(receiver.bursts());
            }
            assert_eq!(told.len(), 1, "{digits}: {told:?}");
            (told.remove(0), out.len())
        };
        let level_dbm0 = heard("A1133334444C", -70.0).0.level_dbm0;
        for snr_db in [15.0, 20.0, 30.0] {
            let (burst, callers) = heard("A1133334444C", level_dbm0 - snr_db);
            assert_eq!((callers, burst.content), (1, BurstContent::Dtmf { digits: "A1133334444C".into() }));
            assert!((burst.level_dbm0 - level_dbm0).abs() < 0.5, "{}", burst.level_dbm0);
            assert!((burst.snr_db.unwrap() - snr_db).abs() < 1.5, "{:?}", burst.snr_db);
        }
        let (burst, callers) = heard("33334444", -60.0);
        assert_eq!((callers, burst.reading), (0, BurstReading::NotUnderstood { fault: BurstFault::NoStart }));
    }

    #[test]
    fn a_repetition_is_a_burst_of_its_own() {
        let (mut receiver, mut out, mut told) = (CallerIdReceiver::default(), Vec::new(), Vec::new());
        for frame in burst(CallerIdSource::Bell202).iter().chain(&burst(CallerIdSource::Dtmf)) {
            receiver.process(frame, &mut out);
            told.extend(receiver.bursts().iter().filter_map(CallerIdBurst::caller).map(|caller| caller.source));
        }
        assert_eq!((told, out.len()), (vec![CallerIdSource::Bell202, CallerIdSource::Dtmf], 1));
    }
}
