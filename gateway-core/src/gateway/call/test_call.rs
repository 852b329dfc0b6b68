//! A test call: the line is seized, its dial tone listened to, a number dialled where one is given, and what is heard is told
//! as marks. Nobody on SIP takes part.

use std::time::Duration;

use super::{Bridge, CallEvent, CallFacts, CallTimer, Ending, Step};
use crate::config::settings::DialMethod;
use crate::dsp::progress::ProgressTone;
use crate::fxo::line::{HangUpEvidence, LineOrder, LineProgress, LineReport, SeizeFailure};
use crate::gateway::mark::{AnsweredBy, MarkKind};
use crate::gateway::plan::ms;
use crate::gateway::record::EndCause;
use crate::gateway::view::PortState;
use crate::media::{MediaCommand, MediaEvent};
use crate::time::Timers;

/// A test ends by itself after this time, whatever it hears: a line must not stay seized for a technician who was called away.
const LONGEST: Duration = Duration::from_secs(60);

/// Ringback that is not heard again for this long is over: somebody has answered, and says nothing. No country's pause is as long.
const RINGBACK_OVER: Duration = Duration::from_secs(8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Seizing,
    AwaitingDialTone,
    Dialing,
    Listening { ringback_heard: bool },
    Answered,
}

/// A test call on a line.
#[derive(Debug)]
pub struct TestCall {
    pub(super) facts: CallFacts,
    pub(super) timers: Timers<CallTimer>,
    /// Digits to dial; `None`: the test is over when dial tone was heard.
    number: Option<String>,
    stage: Stage,
}

impl TestCall {
    /// A test that begins now. Orders the seizure at once.
    pub fn begin(facts: CallFacts, number: Option<String>, bridge: &mut Bridge<'_>) -> Self {
        bridge.line.push(LineOrder::Seize);
        let mut timers = Timers::new();
        timers.set(CallTimer::Longest, bridge.now + LONGEST);
        TestCall { facts, timers, number, stage: Stage::Seizing }
    }

    /// What the port is doing.
    pub(super) fn state(&self) -> PortState {
        match self.stage {
            Stage::Seizing | Stage::AwaitingDialTone | Stage::Dialing => PortState::Dialing,
            Stage::Listening { .. } => PortState::Waiting,
            Stage::Answered => PortState::Talking,
        }
    }

    pub(super) fn handle(&mut self, event: CallEvent, bridge: &mut Bridge<'_>) -> Step {
        match event {
            CallEvent::Line(report) => self.line(report, bridge),
            CallEvent::Media(event) => self.media(&event, bridge),
            CallEvent::End(cause) => end(cause),
            CallEvent::Cancelled { .. }
            | CallEvent::Acknowledged(_)
            | CallEvent::Offer(_)
            | CallEvent::Reanswered(_)
            | CallEvent::Info { .. }
            | CallEvent::SessionEnded(_)
            | CallEvent::Referred(_)
            | CallEvent::Replaced(_)
            | CallEvent::LegProgress { .. }
            | CallEvent::LegAnswered { .. }
            | CallEvent::LegRefused { .. }
            | CallEvent::LegRedirected { .. }
            | CallEvent::Measured { .. }
            | CallEvent::Targets(_) => Step::Continue,
        }
    }

    pub(super) fn timeout(&mut self, timer: CallTimer, bridge: &mut Bridge<'_>) -> Step {
        match timer {
            CallTimer::DialTone => end(EndCause::NoDialTone),
            CallTimer::Longest => end(EndCause::TestOver),
            CallTimer::AnswerLimit => self.answered(AnsweredBy::RingbackOver, bridge),
            CallTimer::DialPause
            | CallTimer::NoAnswer
            | CallTimer::CollectAnswer
            | CallTimer::CollectOpen
            | CallTimer::Dismissed
            | CallTimer::Handover
            | CallTimer::Recall
            | CallTimer::Stage => Step::Continue,
        }
    }

    fn line(&mut self, report: LineReport, bridge: &mut Bridge<'_>) -> Step {
        match report {
            LineReport::Seized => {
                self.stage = Stage::AwaitingDialTone;
                self.timers.set(CallTimer::DialTone, bridge.now + ms(bridge.settings.dial_tone_wait_ms));
                Step::Continue
            }
            LineReport::SeizeFailed(SeizeFailure::Glare) => end(EndCause::Glare),
            LineReport::SeizeFailed(SeizeFailure::Dead | SeizeFailure::InUse | SeizeFailure::NotIdle | SeizeFailure::Timeout) => {
                end(EndCause::SeizeFailed)
            }
            LineReport::Dialed => self.dialed(),
            LineReport::Progress(LineProgress::Tone(heard)) => self.tone(heard.tone, bridge),
            LineReport::Progress(LineProgress::PolarityReversal) => match self.stage {
                Stage::Listening { .. } => self.answered(AnsweredBy::PolarityReversal, bridge),
                Stage::Seizing | Stage::AwaitingDialTone | Stage::Dialing | Stage::Answered => Step::Continue,
            },
            LineReport::HungUp(evidence) => {
                let gone = evidence == HangUpEvidence::DeviceGone;
                let cause = if gone { EndCause::DeviceGone } else { EndCause::LineHungUp };
                Step::End(Ending { evidence: Some(evidence), ..Ending::new(cause) })
            }
            LineReport::Ringing
            | LineReport::Caller(_)
            | LineReport::RingingEnded
            | LineReport::Released
            | LineReport::Available
            | LineReport::StuckOffHook
            | LineReport::State(_) => Step::Continue,
        }
    }

    fn tone(&mut self, tone: ProgressTone, bridge: &mut Bridge<'_>) -> Step {
        match (tone, self.stage) {
            (ProgressTone::Dial, Stage::AwaitingDialTone) => self.dial(bridge),
            (ProgressTone::Ringback, Stage::Listening { .. }) => {
                self.stage = Stage::Listening { ringback_heard: true };
                self.timers.set(CallTimer::AnswerLimit, bridge.now + RINGBACK_OVER);
                Step::Continue
            }
            (ProgressTone::Busy, Stage::AwaitingDialTone | Stage::Listening { .. }) => end(EndCause::Busy),
            (ProgressTone::Congestion, Stage::AwaitingDialTone | Stage::Listening { .. }) => end(EndCause::Congestion),
            (ProgressTone::SpecialInformation, Stage::Listening { .. }) => end(EndCause::Unobtainable),
            (
                ProgressTone::Dial
                | ProgressTone::Ringback
                | ProgressTone::Busy
                | ProgressTone::Congestion
                | ProgressTone::SpecialInformation
                | ProgressTone::CallWaiting
                | ProgressTone::FaxCalling
                | ProgressTone::FaxAnswering
                | ProgressTone::ModemAnswering,
                _,
            ) => Step::Continue,
        }
    }

    fn media(&mut self, event: &MediaEvent, bridge: &mut Bridge<'_>) -> Step {
        match (event, self.stage) {
            (MediaEvent::Dialed, Stage::Dialing) => self.dialed(),
            (MediaEvent::Voice, Stage::Listening { ringback_heard: true }) => self.answered(AnsweredBy::Voice, bridge),
            (
                MediaEvent::Dialed
                | MediaEvent::Voice
                | MediaEvent::Tone(_)
                | MediaEvent::CallerIdBurst(_)
                | MediaEvent::WaitingCaller(_)
                | MediaEvent::CallerId(_)
                | MediaEvent::LineDigit(_)
                | MediaEvent::NetDigit(_)
                | MediaEvent::Flash
                | MediaEvent::RtpStarted { .. }
                | MediaEvent::RtpMissing { .. }
                | MediaEvent::RtpLost { .. }
                | MediaEvent::Silence { .. }
                | MediaEvent::SoundTested(_)
                | MediaEvent::Meter(_)
                | MediaEvent::Analysis(_),
                _,
            ) => Step::Continue,
        }
    }

    fn dial(&mut self, bridge: &mut Bridge<'_>) -> Step {
        self.timers.clear(CallTimer::DialTone);
        let Some(digits) = self.number.clone() else { return end(EndCause::TestOver) };
        self.stage = Stage::Dialing;
        match bridge.settings.dial_method {
            DialMethod::Dtmf => bridge.media.push(MediaCommand::Dial(digits)),
            DialMethod::Pulse => bridge.line.push(LineOrder::DialPulse(digits)),
        }
        Step::Continue
    }

    fn dialed(&mut self) -> Step {
        if self.stage == Stage::Dialing {
            self.stage = Stage::Listening { ringback_heard: false };
        }
        Step::Continue
    }

    /// From now on the line's own evidence ends the test.
    fn answered(&mut self, by: AnsweredBy, bridge: &mut Bridge<'_>) -> Step {
        self.stage = Stage::Answered;
        self.timers.clear(CallTimer::AnswerLimit);
        self.facts.answered = Some(bridge.now);
        bridge.marks.push(MarkKind::Answered { by });
        bridge.line.push(LineOrder::Supervise);
        Step::Continue
    }
}

fn end(cause: EndCause) -> Step {
    Step::End(Ending::new(cause))
}
