//! SIP→FXO: seize, wait for dial tone, dial, early media, answer.

use std::net::IpAddr;

use super::moves::{Moves, Side};
use super::{Audio, Bridge, CallEvent, CallFacts, CallTimer, Ending, Step, recall, talk};
use crate::config::PortId;
use crate::config::settings::{AnswerMode, DialMethod};
use crate::dsp::progress::ProgressTone;
use crate::fxo::line::{HangUpEvidence, LineOrder, LineProgress, LineReport, SeizeFailure};
use crate::gateway::mark::{AnsweredBy, MarkKind};
use crate::gateway::notice::NoticeCode;
use crate::gateway::plan::{longest_call, ms, seconds_or_never};
use crate::gateway::record::EndCause;
use crate::gateway::view::PortState;
use crate::media::{MediaCommand, MediaEvent};
use crate::sdp::LocalMedia;
use crate::sip::agent::SessionId;
use crate::time::Timers;

/// What a SIP caller ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Digits to dial; `None`: two-stage, the caller hears the line's dial tone and dials.
    pub number: Option<String>,
    /// The number calls for help.
    pub emergency: bool,
    /// Whether another port may serve the caller when this one rings first (glare).
    pub any_port: bool,
    /// The caller was admitted by our contact token (client mode).
    pub holds_token: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Seizing,
    AwaitingDialTone,
    Pausing,
    Dialing,
    Waiting { ringback_heard: bool },
    Talking,
}

/// A call from SIP to the line.
#[derive(Debug)]
pub struct ToLine {
    pub(super) facts: CallFacts,
    pub(super) timers: Timers<CallTimer>,
    session: SessionId,
    audio: Audio,
    order: Order,
    /// Ports that rang while they were being seized for this caller.
    tried: Vec<PortId>,
    stage: Stage,
    /// Two-stage: the line's dial tone still invites the caller to dial, and is no sign that the far end has hung up.
    inviting: bool,
    moves: Moves,
}

/// After the caller's first digit, a dial tone that still sounds gets this long to end.
const DIAL_TONE_ENDS_MS: u32 = 1000;

impl ToLine {
    /// A call whose port is chosen and whose offer, if it came, is answered in `audio`. Orders the seizure at once.
    pub fn begin(facts: CallFacts, session: SessionId, audio: Audio, order: Order, bridge: &mut Bridge<'_>) -> Self {
        bridge.line.push(LineOrder::Seize);
        let (timers, moves) = (Timers::new(), Moves::default());
        ToLine { facts, timers, session, audio, order, tried: Vec::new(), stage: Stage::Seizing, inviting: false, moves }
    }

    /// What the port is doing.
    pub(super) fn state(&self) -> PortState {
        match self.stage {
            Stage::Seizing | Stage::AwaitingDialTone | Stage::Pausing | Stage::Dialing => PortState::Dialing,
            Stage::Waiting { .. } => PortState::Waiting,
            Stage::Talking => PortState::Talking,
        }
    }

    /// What the caller ordered.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Ports that have turned this caller away by ringing; each is asked once.
    #[must_use]
    pub fn tried(&self) -> &[PortId] {
        &self.tried
    }

    /// Moves the call to another port before its line was seized, and seizes that one.
    /// The answer in SDP is made again, since each port has its own RTP port.
    pub fn move_to(&mut self, port: PortId, local: LocalMedia, offer: &[u8], bridge: &mut Bridge<'_>) {
        self.tried.push(self.facts.port);
        self.facts.port = port;
        self.audio.move_to(local);
        if !offer.is_empty() {
            // The same offer was answered before, so it is answered again.
            let _ = self.audio.answer(offer);
        }
        self.stage = Stage::Seizing;
        bridge.line.push(LineOrder::Seize);
    }

    /// The SIP session of the caller.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    pub(super) fn handle(&mut self, event: CallEvent, bridge: &mut Bridge<'_>) -> Step {
        if self.stage == Stage::Talking {
            self.watch_invitation(&event, bridge);
            return self.talk(event, bridge);
        }
        match event {
            CallEvent::Line(report) => self.line(report, bridge),
            CallEvent::Media(event) => self.media(&event, bridge),
            CallEvent::Cancelled { .. } => Step::End(Ending::new(EndCause::SipCancelled).with_status(487)),
            CallEvent::SessionEnded(_) => Step::End(Ending::new(EndCause::SipLost)),
            CallEvent::End(cause) => self.give_up(cause, bridge),
            CallEvent::Offer(body) => talk::offer(&body, self.session, &mut self.audio, bridge),
            CallEvent::Referred(_) => {
                bridge.answer_refer(self.session, Err(491));
                Step::Continue
            }
            CallEvent::Replaced(replacement) => {
                replacement.refuse(481, bridge);
                Step::Continue
            }
            CallEvent::Acknowledged(_)
            | CallEvent::Reanswered(_)
            | CallEvent::Info { .. }
            | CallEvent::LegProgress { .. }
            | CallEvent::LegAnswered { .. }
            | CallEvent::LegRefused { .. }
            | CallEvent::LegRedirected { .. }
            | CallEvent::Measured { .. }
            | CallEvent::Targets(_) => Step::Continue,
        }
    }

    fn talk(&mut self, event: CallEvent, bridge: &mut Bridge<'_>) -> Step {
        let side = Side { session: &mut self.session, audio: &mut self.audio, timers: &mut self.timers };
        self.moves.talk(event, side, bridge)
    }

    pub(super) fn timeout(&mut self, timer: CallTimer, bridge: &mut Bridge<'_>) -> Step {
        match timer {
            CallTimer::DialTone if self.stage == Stage::Talking => {
                // After a hook flash dial tone is an invitation again.
                if self.timers.get(CallTimer::Recall).is_none() {
                    recall::judge_again(bridge);
                }
                Step::Continue
            }
            CallTimer::DialTone => self.give_up(EndCause::NoDialTone, bridge),
            CallTimer::DialPause => self.dial(bridge),
            CallTimer::AnswerLimit => self.answered(AnsweredBy::TimeLimit, bridge),
            CallTimer::NoAnswer => self.give_up(EndCause::NoAnswer, bridge),
            CallTimer::Longest => self.talk(CallEvent::End(EndCause::LongestCall), bridge),
            CallTimer::Handover => self.moves.handed_over(bridge),
            CallTimer::Recall => {
                let side = Side { session: &mut self.session, audio: &mut self.audio, timers: &mut self.timers };
                self.moves.recall_due(side, bridge)
            }
            CallTimer::CollectAnswer | CallTimer::CollectOpen | CallTimer::Dismissed | CallTimer::Stage => Step::Continue,
        }
    }

    fn line(&mut self, report: LineReport, bridge: &mut Bridge<'_>) -> Step {
        match report {
            LineReport::Seized => self.seized(bridge),
            LineReport::SeizeFailed(SeizeFailure::Glare) => Step::Glare,
            LineReport::SeizeFailed(SeizeFailure::InUse | SeizeFailure::NotIdle) => self.refused(486, 17, EndCause::SeizeFailed, bridge),
            LineReport::SeizeFailed(SeizeFailure::Dead | SeizeFailure::Timeout) => self.refused(503, 27, EndCause::SeizeFailed, bridge),
            LineReport::Dialed => self.dialed(bridge),
            LineReport::Progress(progress) => self.progress(&progress, bridge),
            LineReport::HungUp(evidence) => {
                let gone = evidence == HangUpEvidence::DeviceGone;
                let step = self.give_up(if gone { EndCause::DeviceGone } else { EndCause::LineHungUp }, bridge);
                match step {
                    Step::End(ending) => Step::End(Ending { evidence: Some(evidence), ..ending }),
                    Step::Continue | Step::Want(_) | Step::Glare => step,
                }
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

    fn seized(&mut self, bridge: &mut Bridge<'_>) -> Step {
        if self.order.number.is_none() {
            self.inviting = true;
            self.attach(bridge);
            return self.answered(AnsweredBy::Seizure, bridge);
        }
        if bridge.settings.wait_dial_tone {
            self.stage = Stage::AwaitingDialTone;
            self.timers.set(CallTimer::DialTone, bridge.now + ms(bridge.settings.dial_tone_wait_ms));
        } else {
            self.stage = Stage::Pausing;
            self.timers.set(CallTimer::DialPause, bridge.now + ms(bridge.settings.dial_pause_ms));
        }
        Step::Continue
    }

    /// Two-stage: the first digit, or another tone than dial tone, ends the invitation; from then on dial tone is evidence.
    fn watch_invitation(&mut self, event: &CallEvent, bridge: &mut Bridge<'_>) {
        let dials = match event {
            CallEvent::Media(event) => matches!(event, MediaEvent::NetDigit(_)),
            CallEvent::Line(report) => {
                matches!(report, LineReport::Progress(LineProgress::Tone(heard)) if heard.tone != ProgressTone::Dial)
            }
            CallEvent::Info { .. } => true,
            CallEvent::Cancelled { .. }
            | CallEvent::Acknowledged(_)
            | CallEvent::Offer(_)
            | CallEvent::Reanswered(_)
            | CallEvent::SessionEnded(_)
            | CallEvent::Referred(_)
            | CallEvent::Replaced(_)
            | CallEvent::LegProgress { .. }
            | CallEvent::LegAnswered { .. }
            | CallEvent::LegRefused { .. }
            | CallEvent::LegRedirected { .. }
            | CallEvent::Measured { .. }
            | CallEvent::Targets(_)
            | CallEvent::End(_) => false,
        };
        if self.inviting && dials {
            self.inviting = false;
            self.timers.set(CallTimer::DialTone, bridge.now + ms(DIAL_TONE_ENDS_MS));
        }
    }

    fn dial(&mut self, bridge: &mut Bridge<'_>) -> Step {
        self.timers.clear_all();
        self.stage = Stage::Dialing;
        let digits = self.order.number.clone().unwrap_or_default();
        match bridge.settings.dial_method {
            DialMethod::Dtmf => bridge.media.push(MediaCommand::Dial(digits)),
            DialMethod::Pulse => bridge.line.push(LineOrder::DialPulse(digits)),
        }
        // A channel or a box that never says that it has dialled must not hold the line: the answer timer starts here.
        self.timers.set(CallTimer::NoAnswer, bridge.now + seconds_or_never(bridge.settings.no_answer_s).unwrap_or(ms(60_000)));
        Step::Continue
    }

    fn dialed(&mut self, bridge: &mut Bridge<'_>) -> Step {
        if self.stage != Stage::Dialing {
            return Step::Continue;
        }
        self.stage = Stage::Waiting { ringback_heard: false };
        bridge.provisional(self.session, 183, self.audio.last_answer());
        self.attach(bridge);
        match bridge.settings.answer_mode {
            AnswerMode::AfterDialing => return self.answered(AnsweredBy::Dialing, bridge),
            AnswerMode::FirstOf => {
                self.timers
                    .set(CallTimer::AnswerLimit, bridge.now + seconds_or_never(bridge.settings.answer_limit_s).unwrap_or(ms(20_000)));
            }
            AnswerMode::PolarityReversal | AnswerMode::Voice => {}
        }
        Step::Continue
    }

    fn progress(&mut self, progress: &LineProgress, bridge: &mut Bridge<'_>) -> Step {
        let by_reversal = matches!(bridge.settings.answer_mode, AnswerMode::PolarityReversal | AnswerMode::FirstOf);
        match (progress, self.stage) {
            (LineProgress::PolarityReversal, Stage::Waiting { .. }) if by_reversal => self.answered(AnsweredBy::PolarityReversal, bridge),
            (LineProgress::PolarityReversal, _) => Step::Continue,
            (LineProgress::Tone(heard), stage) => self.tone(heard.tone, stage, bridge),
        }
    }

    fn tone(&mut self, tone: ProgressTone, stage: Stage, bridge: &mut Bridge<'_>) -> Step {
        let by_ear = matches!(bridge.settings.answer_mode, AnswerMode::Voice | AnswerMode::FirstOf);
        match (tone, stage) {
            (ProgressTone::FaxAnswering | ProgressTone::ModemAnswering, Stage::Waiting { .. }) if by_ear => {
                self.answered(AnsweredBy::AnswerTone, bridge)
            }
            (ProgressTone::Dial, Stage::AwaitingDialTone) => self.dial(bridge),
            (ProgressTone::Ringback, Stage::Waiting { .. }) => {
                self.stage = Stage::Waiting { ringback_heard: true };
                Step::Continue
            }
            (ProgressTone::Busy, Stage::AwaitingDialTone | Stage::Waiting { .. }) => self.give_up(EndCause::Busy, bridge),
            (ProgressTone::Congestion, Stage::AwaitingDialTone | Stage::Waiting { .. }) => self.give_up(EndCause::Congestion, bridge),
            (ProgressTone::SpecialInformation, Stage::Waiting { .. }) => self.give_up(EndCause::Unobtainable, bridge),
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
        let by_voice = matches!(bridge.settings.answer_mode, AnswerMode::Voice | AnswerMode::FirstOf);
        match (event, self.stage) {
            (MediaEvent::Dialed, Stage::Dialing) => self.dialed(bridge),
            (MediaEvent::Voice, Stage::Waiting { ringback_heard: true }) if by_voice => self.answered(AnsweredBy::Voice, bridge),
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

    fn attach(&mut self, bridge: &mut Bridge<'_>) {
        bridge.attach(self.session, &self.audio);
    }

    fn answered(&mut self, by: AnsweredBy, bridge: &mut Bridge<'_>) -> Step {
        self.timers.clear_all();
        self.stage = Stage::Talking;
        self.facts.answered = Some(bridge.now);
        let body = self.audio.last_answer().unwrap_or_else(|| self.audio.offer());
        bridge.marks.push(MarkKind::Answered { by });
        bridge.answer(self.session, body);
        bridge.tell_move(self.session, &mut self.audio);
        if !self.inviting {
            bridge.line.push(LineOrder::Supervise);
        }
        self.timers.set(CallTimer::Longest, bridge.now + longest_call(bridge.settings));
        bridge.notices.push((NoticeCode::CallAnswered, vec![("from", self.facts.from.clone()), ("to", self.facts.to.clone())]));
        Step::Continue
    }

    /// The gateway is at another address now: a peer that we talk with is told, another one with the answer.
    pub(super) fn relocate(&mut self, ip: IpAddr, bridge: &mut Bridge<'_>) {
        self.audio.relocate(ip, bridge.ip_seen_by(self.session));
        self.moves.relocate(ip);
        if self.stage == Stage::Talking {
            bridge.tell_move(self.session, &mut self.audio);
        }
    }

    /// Ends the call before its answer, with the row of the table "What a SIP caller gets".
    fn give_up(&mut self, cause: EndCause, bridge: &mut Bridge<'_>) -> Step {
        if self.stage == Stage::Talking {
            return self.talk(CallEvent::End(cause), bridge);
        }
        let (status, q850) = match cause {
            EndCause::Busy | EndCause::Glare => (486, 17),
            EndCause::Congestion => (503, 34),
            EndCause::Unobtainable => (503, 1),
            EndCause::NoDialTone => (503, 38),
            EndCause::NoAnswer => (480, 19),
            EndCause::Operator => (480, 31),
            EndCause::Stopped | EndCause::Asleep => (503, 41),
            EndCause::DeviceGone
            | EndCause::SeizeFailed
            | EndCause::LineHungUp
            | EndCause::SipHungUp
            | EndCause::SipCancelled
            | EndCause::SipLost
            | EndCause::SessionExpired
            | EndCause::CallerGaveUp
            | EndCause::TargetRefused
            | EndCause::TransferFailed
            | EndCause::Transferred
            | EndCause::NoTarget
            | EndCause::NoCommonCodec
            | EndCause::CollectRefused
            | EndCause::NumberBlocked
            | EndCause::NoRtp
            | EndCause::Silence
            | EndCause::LongestCall
            | EndCause::BudgetSpent
            | EndCause::TestOver => (503, 27),
        };
        if cause == EndCause::NoDialTone {
            bridge.notices.push((NoticeCode::NoDialTone, Vec::new()));
        }
        self.refused(status, q850, cause, bridge)
    }

    fn refused(&mut self, status: u16, q850: u8, cause: EndCause, bridge: &mut Bridge<'_>) -> Step {
        bridge.refuse(self.session, status, Some(q850), None);
        Step::End(Ending::new(cause).with_status(status))
    }
}
