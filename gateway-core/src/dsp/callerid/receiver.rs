//! Listens for every kind of caller ID at once, as an exchange may send any of them, before or after the first ring.

use super::CallerId;
use super::dtmf::{CategoryDigit, DtmfCallerIdReceiver};
use super::fsk::FskReceiver;
use crate::dsp::dtmf::{DtmfEvent, DtmfReceiver};
use crate::dsp::{FRAME_MS, Frame};
use crate::time::Moment;

/// Recognises the caller ID of one line, whichever way it comes; what parses first is told.
#[derive(Clone, Debug)]
pub struct CallerIdReceiver {
    fsk: FskReceiver,
    digits: DtmfReceiver,
    dtmf: DtmfCallerIdReceiver,
    events: Vec<DtmfEvent>,
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
            now: Moment::ZERO,
            quiet_until: Moment::ZERO,
        }
    }

    /// Takes the next frame; adds the caller ID to `out` when it is complete.
    pub fn process(&mut self, frame: &Frame, out: &mut Vec<CallerId>) {
        let told_before = out.len();
        self.now = Moment::from_millis(self.now.as_millis() + FRAME_MS);
        self.fsk.process(frame, out);
        self.events.clear();
        self.digits.process(frame, &mut self.events);
        for event in &self.events {
            match *event {
                DtmfEvent::Begin { digit, .. } => out.extend(self.dtmf.digit(digit, self.now)),
                DtmfEvent::End { .. } => {}
            }
        }
        if self.digits.sounding().is_none() {
            out.extend(self.dtmf.handle_timeout(self.now));
        }
        if out.len() > told_before {
            out.truncate(told_before + usize::from(self.now >= self.quiet_until));
            self.quiet_until = Moment::from_millis(self.now.as_millis() + Self::QUIET_MS);
        }
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
        self.quiet_until = Moment::ZERO;
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
}
