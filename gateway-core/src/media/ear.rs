//! What is heard on the line: digits, supervisory tones, voices, caller ID.

use super::echo::Echo;
use super::to_net::Findings;
use super::{Ear, MediaConfig, MediaEvent, MediaOutput};
use crate::dsp::Frame;
use crate::dsp::callerid::{CallerId, CallerIdReceiver};
use crate::dsp::dtmf::{DtmfEvent, DtmfReceiver};
use crate::dsp::progress::{HeardTone, ProgressDetector, ToneBelief, VoiceDetector};
use crate::time::Moment;

/// Digits or tones that can be told with one frame.
const A_FRAME: usize = 8;

/// A voice that goes on is told again after this many frames: 1 s.
const VOICE_AGAIN_FRAMES: u8 = 50;

/// The detectors on the line of one port.
#[derive(Clone, Debug)]
pub(super) struct LineEar {
    listens_to: Ear,
    digits: Digits,
    tones: ProgressDetector,
    heard_tones: Vec<HeardTone>,
    voice: Voice,
    caller_id: CallerIdReceiver,
    callers: Vec<CallerId>,
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

/// Voices on the line, without the echo of the other side's.
#[derive(Clone, Debug)]
struct Voice {
    detector: VoiceDetector,
    /// Frames until it is told again; 0 when none is heard.
    again_in_frames: u8,
}

impl LineEar {
    pub(super) fn new(config: &MediaConfig) -> Self {
        LineEar {
            listens_to: Ear::Closed,
            digits: Digits::new(),
            tones: ProgressDetector::new(&config.tones),
            heard_tones: Vec::with_capacity(A_FRAME),
            voice: Voice { detector: VoiceDetector::new(), again_in_frames: 0 },
            caller_id: CallerIdReceiver::new(config.category_digit),
            callers: Vec::with_capacity(A_FRAME),
        }
    }

    /// The country has changed: its tones, or its kind of caller ID.
    pub(super) fn retune(&mut self, config: &MediaConfig) {
        self.tones = ProgressDetector::new(&config.tones);
        self.caller_id = CallerIdReceiver::new(config.category_digit);
    }

    pub(super) fn listen(&mut self, ear: Ear) {
        self.listens_to = ear;
        self.digits.reset();
        self.tones.reset();
        self.voice.reset();
        self.caller_id.reset();
    }

    pub(super) fn listens_to(&self) -> Ear {
        self.listens_to
    }

    /// A number was dialled: what follows on the line is the answer to it.
    pub(super) fn dialed(&mut self) {
        self.tones.dialed();
    }

    /// Takes the newest frame and its level.
    pub(super) fn hear(&mut self, frame: &Frame, level_dbm0: f32, echo: &Echo, now: Moment, out: &mut Vec<MediaOutput>) {
        self.digits.heard.clear();
        match self.listens_to {
            Ear::Closed => {}
            Ear::OnHook => {
                self.caller_id.process(frame, &mut self.callers);
                let bursts = self.caller_id.bursts().iter().cloned();
                out.extend(bursts.map(|burst| MediaOutput::Event(MediaEvent::CallerIdBurst(Box::new(burst)))));
                out.extend(self.callers.drain(..).map(|caller| MediaOutput::Event(MediaEvent::CallerId(caller))));
            }
            Ear::OffHook => {
                self.digits.hear(frame, echo, now, out);
                self.hear_tones(frame, echo, now, out);
                // The echo of a voice is no voice; a voice that talks over it is louder.
                let heard = if echo.explains_level(level_dbm0) { &Frame::SILENCE } else { frame };
                let digit = self.digits.receiver.suspects() || self.digits.receiver.sounding().is_some();
                self.voice.hear(heard, digit, out);
            }
        }
    }

    /// What the tone detector believes, off hook; the echo of a tone of ours is none.
    pub(super) fn belief(&self, echo: &Echo, now: Moment) -> Option<ToneBelief> {
        (self.listens_to == Ear::OffHook).then(|| {
            let mut belief = self.tones.belief();
            belief.leading = belief.leading.filter(|leading| !echo.explains_tone(leading.tone, now));
            belief
        })
    }

    /// What the newest frame means for the way to the network.
    pub(super) fn findings(&self) -> Findings<'_> {
        Findings { digits: &self.digits.heard, suspicious: self.digits.suspicious }
    }

    fn hear_tones(&mut self, frame: &Frame, echo: &Echo, now: Moment, out: &mut Vec<MediaOutput>) {
        self.heard_tones.clear();
        self.tones.process(frame, &mut self.heard_tones);
        let tones = self.heard_tones.drain(..).filter(|heard| !echo.explains_tone(heard.tone, now));
        out.extend(tones.map(|heard| MediaOutput::Event(MediaEvent::Tone(heard))));
    }
}

impl Digits {
    fn new() -> Self {
        Digits { receiver: DtmfReceiver::new(), heard: Vec::with_capacity(A_FRAME), echoing: false, suspicious: false }
    }

    fn reset(&mut self) {
        self.receiver.reset();
        self.heard.clear();
        self.echoing = false;
        self.suspicious = false;
    }

    fn hear(&mut self, frame: &Frame, echo: &Echo, now: Moment, out: &mut Vec<MediaOutput>) {
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

impl Voice {
    fn reset(&mut self) {
        self.detector.reset();
        self.again_in_frames = 0;
    }

    fn hear(&mut self, frame: &Frame, digit: bool, out: &mut Vec<MediaOutput>) {
        if !self.detector.process(frame) || digit {
            self.again_in_frames = 0;
        } else if self.again_in_frames > 1 {
            self.again_in_frames -= 1;
        } else {
            self.again_in_frames = VOICE_AGAIN_FRAMES;
            out.push(MediaOutput::Event(MediaEvent::Voice));
        }
    }
}
