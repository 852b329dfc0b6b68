//! What is heard on the line: digits, supervisory tones, voices, caller ID.

use super::echo::Echo;
use super::to_net::Findings;
use super::{Ear, MediaConfig, MediaEvent, MediaOutput};
use crate::dsp::Frame;
use crate::dsp::dtmf::{DtmfEvent, DtmfReceiver};
use crate::time::Moment;

/// Digits that can begin and end within one frame.
const DIGITS_A_FRAME: usize = 8;

/// The detectors on the line of one port.
#[derive(Clone, Debug)]
pub(super) struct LineEar {
    listens_to: Ear,
    digits: Digits,
}

/// Digits of the line, without the echo of ours.
#[derive(Clone, Debug)]
struct Digits {
    receiver: DtmfReceiver,
    heard: Vec<DtmfEvent>,
    /// The digit that sounds now is an echo.
    echoing: bool,
    suspicious: bool,
}

impl LineEar {
    pub(super) fn new(_config: &MediaConfig) -> Self {
        LineEar { listens_to: Ear::Closed, digits: Digits::new() }
    }

    pub(super) fn configure(&mut self, _config: &MediaConfig) {}

    pub(super) fn listen(&mut self, ear: Ear) {
        self.listens_to = ear;
        self.digits.reset();
    }

    pub(super) fn listens_to(&self) -> Ear {
        self.listens_to
    }

    /// Takes the newest frame and its level.
    pub(super) fn hear(&mut self, frame: &Frame, _level_dbm0: f32, echo: &Echo, now: Moment, out: &mut Vec<MediaOutput>) {
        match self.listens_to {
            Ear::Closed => {}
            Ear::OnHook => {}
            Ear::OffHook => self.digits.hear(frame, echo, now, out),
        }
    }

    /// What the newest frame means for the way to the network.
    pub(super) fn findings(&self) -> Findings<'_> {
        Findings { digits: &self.digits.heard, suspicious: self.digits.suspicious }
    }
}

impl Digits {
    fn new() -> Self {
        Digits { receiver: DtmfReceiver::new(), heard: Vec::with_capacity(DIGITS_A_FRAME), echoing: false, suspicious: false }
    }

    fn reset(&mut self) {
        self.receiver.reset();
        self.heard.clear();
        self.echoing = false;
        self.suspicious = false;
    }

    fn hear(&mut self, frame: &Frame, echo: &Echo, now: Moment, out: &mut Vec<MediaOutput>) {
        self.heard.clear();
        self.receiver.process(frame, &mut self.heard);
        let echoing = &mut self.echoing;
        self.heard.retain(|event| match *event {
            DtmfEvent::Begin { digit, .. } => {
                *echoing = echo.explains_digit(digit, now);
                if !*echoing {
                    out.push(MediaOutput::Event(MediaEvent::LineDigit(digit)));
                }
                !*echoing
            }
            DtmfEvent::End { .. } => !std::mem::take(echoing),
        });
        self.suspicious = self.receiver.suspects() && !echo.has_digit_going_out();
    }
}
