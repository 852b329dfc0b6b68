//! A line test: the line is measured at rest, seized, listened to, measured with a signal of ours and given back, check by check.
//! Nobody on SIP takes part, and no number is dialled: one digit breaks dial tone.

use std::time::Duration;

use super::{Bridge, CallEvent, CallFacts, CallTimer, Ending, Step};
use crate::config::settings::DialMethod;
use crate::dsp::progress::{HeardTone, ProgressTone};
use crate::fxo::line::{HangUpEvidence, LineOrder, LineProgress, LineReport, SeizeFailure};
use crate::gateway::line_test::{CheckResult, LineCheck, LineTestReport, Verdict};
use crate::gateway::record::EndCause;
use crate::gateway::view::PortState;
use crate::media::{MediaCommand, MediaEvent, SoundResult, SoundTest};
use crate::time::{Moment, Timers};

/// A test ends by itself after this time, whatever is still to be measured. The stages together take less: this is the bound that
/// holds when one of them is wrong.
const LONGEST: Duration = Duration::from_secs(90);

/// How long a device may take to answer a measurement.
const MEASUREMENT: Duration = Duration::from_millis(1500);

/// Fresh off hook, the loop current settles.
const SETTLING: Duration = Duration::from_millis(600);

/// How long dial tone is awaited: longer than any call does, so that a late one is told as late.
const DIAL_TONE: Duration = Duration::from_secs(10);

/// How long the break of dial tone may take to be decided: the digit, two seconds of listening, and the way there and back.
const BREAK: Duration = Duration::from_secs(6);

/// How long a measurement of sound may take; the longest takes 1.4 s.
const SOUND: Duration = Duration::from_secs(4);

/// How long the proof of the release may take: the line repeats it and resets the port in that time, then raises the alarm.
const RELEASE: Duration = Duration::from_secs(8);

/// An exchange takes up to 0.8 s to believe that a loop is open; the line is measured when it has.
const CLEARING: Duration = Duration::from_secs(1);

/// The digit that breaks dial tone. It stands alone: no number is complete with it, and it begins no number for emergencies.
const DIGIT: &str = "5";

/// Where the test is. All but the first and the last two find the line off hook, or on its way there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// On hook: its voltage is awaited.
    Resting,
    Seizing {
        since: Moment,
    },
    /// Off hook: the loop current settles.
    Settling,
    /// Off hook: its current is awaited.
    Feeding,
    AwaitingDialTone,
    /// The digit is on its way.
    Breaking {
        dialed: bool,
        /// Dial tone was gone after so many ms, or was not.
        broken: Option<Option<u32>>,
    },
    Noise,
    Echo,
    Releasing {
        since: Moment,
    },
    /// On hook: the exchange gets time to notice.
    Clearing,
    /// On hook: voltage and current are awaited.
    Restored,
}

/// A test of a line.
#[derive(Debug)]
pub struct LineTest {
    pub(super) facts: CallFacts,
    pub(super) timers: Timers<CallTimer>,
    stage: Stage,
    /// Name of the port and model of its device, for the report.
    names: [String; 2],
    /// The frequencies of the country's dial tone, in Hz.
    dial_hz: Vec<f32>,
    seized: Option<Moment>,
    tone: Option<(HeardTone, Moment)>,
    results: Vec<CheckResult>,
}

impl LineTest {
    /// A test that begins now, on a line that is on hook. `names`: of the port, and of the model of its device.
    pub fn begin(facts: CallFacts, names: [String; 2], dial_hz: Vec<f32>, bridge: &mut Bridge<'_>) -> Self {
        bridge.line.push(LineOrder::Measure);
        let mut timers = Timers::new();
        timers.set(CallTimer::Longest, bridge.now + LONGEST);
        timers.set(CallTimer::Stage, bridge.now + MEASUREMENT);
        let results = Vec::with_capacity(LineCheck::ALL.len());
        let (stage, seized, tone) = (Stage::Resting, None, None);
        LineTest { facts, timers, stage, names, dial_hz, seized, tone, results }
    }

    /// What the port is doing.
    pub(super) fn state(&self) -> PortState {
        PortState::Dialing
    }

    /// What was found so far; with an end, in all.
    #[must_use]
    pub fn report(&self, end: Option<(EndCause, Moment)>) -> LineTestReport {
        let [name, device] = self.names.clone();
        LineTestReport {
            id: self.facts.id.clone(),
            port: self.facts.port,
            name,
            device,
            started_ms: self.facts.started.as_millis(),
            ended_ms: end.map(|(_, at)| at.as_millis()),
            underway: if end.is_none() { self.underway() } else { None },
            results: self.results.clone(),
            verdict: end.map(|_| LineTestReport::judge(&self.results)),
            end: end.map(|(cause, _)| cause),
        }
    }

    fn underway(&self) -> Option<LineCheck> {
        Some(match self.stage {
            Stage::Resting => LineCheck::OnHookVoltage,
            Stage::Seizing { .. } => LineCheck::Seizure,
            Stage::Settling | Stage::Feeding => LineCheck::LoopCurrent,
            Stage::AwaitingDialTone => LineCheck::DialToneDelay,
            Stage::Breaking { .. } => LineCheck::DialToneBreak,
            Stage::Noise => LineCheck::Noise,
            Stage::Echo => LineCheck::EchoReturnLoss,
            Stage::Releasing { .. } => LineCheck::Release,
            Stage::Clearing | Stage::Restored => LineCheck::ReleasedCurrent,
        })
    }

    pub(super) fn handle(&mut self, event: CallEvent, bridge: &mut Bridge<'_>) -> Step {
        match event {
            CallEvent::Line(report) => self.line(report, bridge),
            CallEvent::Media(event) => self.media(&event, bridge),
            CallEvent::Measured { millivolts, microamps, off_hook } => self.measured(millivolts, microamps, off_hook, bridge),
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
            | CallEvent::Targets(_) => Step::Continue,
        }
    }

    pub(super) fn timeout(&mut self, timer: CallTimer, bridge: &mut Bridge<'_>) -> Step {
        match timer {
            CallTimer::Stage => self.stage_over(bridge),
            CallTimer::Longest => end(EndCause::TestOver),
            CallTimer::DialTone
            | CallTimer::DialPause
            | CallTimer::AnswerLimit
            | CallTimer::NoAnswer
            | CallTimer::CollectAnswer
            | CallTimer::CollectOpen
            | CallTimer::Dismissed
            | CallTimer::Handover
            | CallTimer::Recall => Step::Continue,
        }
    }

    /// The time of a stage is over: what it waited for did not come, or it was to pass.
    fn stage_over(&mut self, bridge: &mut Bridge<'_>) -> Step {
        match self.stage {
            Stage::Resting => {
                self.unknown(LineCheck::OnHookVoltage);
                self.seize(bridge);
            }
            // The line machine answers each seizure by itself.
            Stage::Seizing { .. } => {}
            Stage::Settling => {
                bridge.line.push(LineOrder::Measure);
                self.enter(Stage::Feeding, MEASUREMENT, bridge);
            }
            Stage::Feeding => {
                self.unknown(LineCheck::LoopCurrent);
                self.await_dial_tone(bridge);
            }
            Stage::AwaitingDialTone => {
                self.missing(LineCheck::DialToneDelay);
                self.release(bridge);
            }
            Stage::Breaking { .. } => {
                self.unknown(LineCheck::DialToneBreak);
                self.release(bridge);
            }
            Stage::Noise => {
                self.unknown(LineCheck::Noise);
                self.release(bridge);
            }
            Stage::Echo => {
                self.unknown(LineCheck::EchoReturnLoss);
                self.release(bridge);
            }
            Stage::Releasing { .. } => {
                self.missing(LineCheck::Release);
                return end(EndCause::TestOver);
            }
            Stage::Clearing => {
                bridge.line.push(LineOrder::Measure);
                self.enter(Stage::Restored, MEASUREMENT, bridge);
            }
            Stage::Restored => {
                self.unknown(LineCheck::ReleasedCurrent);
                self.unknown(LineCheck::RestoredVoltage);
                return end(EndCause::TestOver);
            }
        }
        Step::Continue
    }

    fn line(&mut self, report: LineReport, bridge: &mut Bridge<'_>) -> Step {
        match report {
            LineReport::Seized => {
                if let Stage::Seizing { since } = self.stage {
                    self.found(LineCheck::Seizure, ms_between(since, bridge.now));
                    self.seized = Some(bridge.now);
                    self.enter(Stage::Settling, SETTLING, bridge);
                }
            }
            // The caller was first; that says nothing about the line.
            LineReport::SeizeFailed(SeizeFailure::Glare) => return end(EndCause::Glare),
            LineReport::SeizeFailed(SeizeFailure::Dead | SeizeFailure::InUse | SeizeFailure::NotIdle | SeizeFailure::Timeout) => {
                self.missing(LineCheck::Seizure);
                return end(EndCause::SeizeFailed);
            }
            LineReport::Dialed => self.dialed(bridge),
            LineReport::Progress(LineProgress::Tone(heard)) => self.heard(heard, bridge),
            LineReport::Released => {
                if let Stage::Releasing { since } = self.stage {
                    self.found(LineCheck::Release, ms_between(since, bridge.now));
                    self.enter(Stage::Clearing, CLEARING, bridge);
                }
            }
            LineReport::StuckOffHook => {
                if let Stage::Releasing { .. } = self.stage {
                    self.missing(LineCheck::Release);
                    return end(EndCause::TestOver);
                }
            }
            LineReport::HungUp(evidence) => {
                let gone = evidence == HangUpEvidence::DeviceGone;
                let cause = if gone { EndCause::DeviceGone } else { EndCause::LineHungUp };
                return Step::End(Ending { evidence: Some(evidence), ..Ending::new(cause) });
            }
            // Exchanges turn the polarity when they take a digit, too: it is no evidence here.
            LineReport::Progress(LineProgress::PolarityReversal)
            | LineReport::Ringing
            | LineReport::Caller(_)
            | LineReport::RingingEnded
            | LineReport::Available
            | LineReport::State(_) => {}
        }
        Step::Continue
    }

    fn measured(&mut self, millivolts: i32, microamps: Option<u32>, off_hook: bool, bridge: &mut Bridge<'_>) -> Step {
        let volts = millivolts.unsigned_abs() as f32 / 1000.0;
        let milliamps = microamps.map(|microamps| microamps as f32 / 1000.0);
        match self.stage {
            Stage::Resting if !off_hook => {
                self.found(LineCheck::OnHookVoltage, volts);
                self.seize(bridge);
            }
            Stage::Feeding if off_hook => {
                self.current(LineCheck::LoopCurrent, milliamps);
                self.await_dial_tone(bridge);
            }
            Stage::Restored => {
                self.current(LineCheck::ReleasedCurrent, milliamps);
                self.found(LineCheck::RestoredVoltage, volts);
                return end(EndCause::TestOver);
            }
            Stage::Resting
            | Stage::Feeding
            | Stage::Seizing { .. }
            | Stage::Settling
            | Stage::AwaitingDialTone
            | Stage::Breaking { .. }
            | Stage::Noise
            | Stage::Echo
            | Stage::Releasing { .. }
            | Stage::Clearing => {}
        }
        Step::Continue
    }

    fn media(&mut self, event: &MediaEvent, bridge: &mut Bridge<'_>) -> Step {
        match (event, self.stage) {
            (MediaEvent::Dialed, Stage::Breaking { .. }) => self.dialed(bridge),
            (MediaEvent::SoundTested(SoundResult::ToneBroken { after_ms }), Stage::Breaking { dialed, .. }) => {
                self.stage = Stage::Breaking { dialed, broken: Some(*after_ms) };
                self.judge_break(bridge);
            }
            (MediaEvent::SoundTested(SoundResult::Noise { level_dbm0 }), Stage::Noise) => {
                self.found(LineCheck::Noise, *level_dbm0);
                bridge.media.push(MediaCommand::TestSound(SoundTest::EchoReturnLoss));
                self.enter(Stage::Echo, SOUND, bridge);
            }
            (MediaEvent::SoundTested(SoundResult::EchoReturnLoss { loss_db }), Stage::Echo) => {
                self.found(LineCheck::EchoReturnLoss, *loss_db);
                self.release(bridge);
            }
            (
                MediaEvent::Dialed
                | MediaEvent::SoundTested(_)
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
                | MediaEvent::Meter(_)
                | MediaEvent::Analysis(_),
                _,
            ) => {}
        }
        Step::Continue
    }

    fn seize(&mut self, bridge: &mut Bridge<'_>) {
        bridge.line.push(LineOrder::Seize);
        self.timers.clear(CallTimer::Stage);
        self.stage = Stage::Seizing { since: bridge.now };
    }

    /// Dial tone may have come while the current was measured.
    fn await_dial_tone(&mut self, bridge: &mut Bridge<'_>) {
        self.enter(Stage::AwaitingDialTone, DIAL_TONE, bridge);
        if let Some((heard, at)) = self.tone.take() {
            self.dial_tone(&heard, at, bridge);
        }
    }

    fn heard(&mut self, heard: HeardTone, bridge: &mut Bridge<'_>) {
        // A device that only names a tone gives nothing to measure; our own ear comes a moment later.
        if heard.frequency_hz <= 0.0 {
            return;
        }
        match (heard.tone, self.stage) {
            (ProgressTone::Dial, Stage::Settling | Stage::Feeding) => self.tone = Some((heard, bridge.now)),
            (ProgressTone::Dial, Stage::AwaitingDialTone) => self.dial_tone(&heard, bridge.now, bridge),
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
            ) => {}
        }
    }

    fn dial_tone(&mut self, heard: &HeardTone, at: Moment, bridge: &mut Bridge<'_>) {
        self.found(LineCheck::DialToneDelay, ms_between(self.seized.unwrap_or(at), at));
        self.found(LineCheck::DialToneFrequency, heard.frequency_hz);
        self.found(LineCheck::DialToneLevel, heard.level_dbm0);
        self.enter(Stage::Breaking { dialed: false, broken: None }, BREAK, bridge);
        let listen = SoundTest::ToneBreak { level_dbm0: heard.level_dbm0 };
        match bridge.settings.dial_method {
            DialMethod::Dtmf => {
                bridge.media.push(MediaCommand::TestSound(listen));
                bridge.media.push(MediaCommand::Dial(DIGIT.to_owned()));
            }
            // The device times the pulses, and the loop is silent in each: the break counts from their end.
            DialMethod::Pulse => {
                self.tone = Some((heard.clone(), at));
                bridge.line.push(LineOrder::DialPulse(DIGIT.to_owned()));
            }
        }
    }

    fn dialed(&mut self, bridge: &mut Bridge<'_>) {
        let Stage::Breaking { broken, .. } = self.stage else { return };
        self.stage = Stage::Breaking { dialed: true, broken };
        if let Some((heard, _)) = self.tone.take() {
            bridge.media.push(MediaCommand::TestSound(SoundTest::ToneBreak { level_dbm0: heard.level_dbm0 }));
        }
        self.judge_break(bridge);
    }

    /// Once the digit is out and dial tone is decided: on, unless dial tone still sounds, over which nothing can be measured.
    fn judge_break(&mut self, bridge: &mut Bridge<'_>) {
        let Stage::Breaking { dialed: true, broken: Some(broken) } = self.stage else { return };
        match broken {
            Some(after_ms) => {
                self.found(LineCheck::DialToneBreak, after_ms as f32);
                bridge.media.push(MediaCommand::TestSound(SoundTest::Noise));
                self.enter(Stage::Noise, SOUND, bridge);
            }
            None => {
                self.missing(LineCheck::DialToneBreak);
                self.release(bridge);
            }
        }
    }

    fn release(&mut self, bridge: &mut Bridge<'_>) {
        bridge.media.push(MediaCommand::Quiet);
        bridge.line.push(LineOrder::Release);
        self.enter(Stage::Releasing { since: bridge.now }, RELEASE, bridge);
    }

    fn enter(&mut self, stage: Stage, at_most: Duration, bridge: &Bridge<'_>) {
        self.stage = stage;
        self.timers.set(CallTimer::Stage, bridge.now + at_most);
    }

    /// A value was measured.
    fn found(&mut self, check: LineCheck, value: f32) {
        let limits = check.limits(self.nominal_hz(value));
        let verdict = limits.judge(value);
        self.results.push(CheckResult { check, value: Some(value), unit: check.unit(), limits, verdict });
    }

    /// What must come did not come.
    fn missing(&mut self, check: LineCheck) {
        self.without_value(check, Verdict::Fail);
    }

    /// Loop current in mA, as far as the device measures it.
    fn current(&mut self, check: LineCheck, milliamps: Option<f32>) {
        match milliamps {
            Some(milliamps) => self.found(check, milliamps),
            None => self.unknown(check),
        }
    }

    /// The device did not tell.
    fn unknown(&mut self, check: LineCheck) {
        self.without_value(check, Verdict::NotMeasured);
    }

    fn without_value(&mut self, check: LineCheck, verdict: Verdict) {
        let limits = check.limits(self.nominal_hz(0.0));
        self.results.push(CheckResult { check, value: None, unit: check.unit(), limits, verdict });
    }

    /// The part of the country's dial tone that is nearest.
    fn nominal_hz(&self, heard_hz: f32) -> f32 {
        let nearest = self.dial_hz.iter().copied().min_by(|a, b| (a - heard_hz).abs().total_cmp(&(b - heard_hz).abs()));
        nearest.unwrap_or(0.0)
    }
}

fn ms_between(from: Moment, to: Moment) -> f32 {
    (to - from).as_millis() as f32
}

fn end(cause: EndCause) -> Step {
    Step::End(Ending::new(cause))
}
