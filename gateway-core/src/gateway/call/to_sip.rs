//! FXO→SIP: caller ID, the targets, the first answer, seizure. The line stays on hook until somebody answers.

use std::net::IpAddr;

use super::leg::Leg;
use super::moves::{Moves, Replacement, Side};
use super::redirects::Redirects;
use super::{Audio, Bridge, CallEvent, CallFacts, CallTimer, Ending, Step, talk};
use crate::config::settings::OnRefusal;
use crate::dsp::callerid::CallerId;
use crate::dsp::progress::ProgressTone;
use crate::fxo::line::{HangUpEvidence, LineOrder, LineProgress, LineReport};
use crate::gateway::mark::{AnsweredBy, MarkKind};
use crate::gateway::notice::NoticeCode;
use crate::gateway::plan::{longest_call, ms};
use crate::gateway::record::EndCause;
use crate::gateway::view::PortState;
use crate::media::{Ear, MediaCommand};
use crate::sdp::SdpError;
use crate::sip::agent::{Invite, SessionId};
use crate::time::Timers;

/// Targets a port has: the first, and one to fall back on.
const TARGETS: usize = 2;

/// After the line is closed again in a double answer, the exchange gets this long to show that it dropped a collect call:
/// dial tone, and the time to be sure of it.
const COLLECT_SETTLE_MS: u32 = 1000;

/// How long a line is held that is answered only to be released: a shorter closure of the loop is no answer to an exchange,
/// and the line would ring on.
const DISMISS_MS: u32 = 1000;

/// The category digit of a collect call (Brazil).
const COLLECT_CATEGORY: char = '8';

#[derive(Clone, Debug)]
enum Stage {
    /// Ringing; caller ID is awaited.
    AwaitingCaller,
    /// The gateway works out where target `0` or `1` is.
    Locating(usize),
    /// Legs ring; `target` tells which target they belong to.
    Calling { legs: Vec<Leg>, target: usize },
    /// A leg was answered; the line is being seized.
    Answering(SessionId),
    /// Double answer against collect calls: answered once, opened, and closed again.
    Screening(SessionId),
    /// Both ends talk.
    Talking(SessionId),
    /// Nobody took it; the line rings on.
    Unanswered(Ending),
    /// Nobody took it; the line is answered and released so that the caller hears it.
    Dismissing(Ending),
}

/// A call from the line to SIP.
#[derive(Debug)]
pub struct ToSip {
    pub(super) facts: CallFacts,
    pub(super) timers: Timers<CallTimer>,
    /// Who calls, once known.
    caller: Option<CallerId>,
    audio: Audio,
    stage: Stage,
    /// The last refusal of a leg, for the record.
    refusal_status: Option<u16>,
    redirects: Redirects,
    moves: Moves,
}

impl ToSip {
    /// A call from a line that has just rung; caller ID is still to come.
    #[must_use]
    pub fn begin(facts: CallFacts, audio: Audio) -> Self {
        ToSip {
            facts,
            timers: Timers::new(),
            caller: None,
            audio,
            stage: Stage::AwaitingCaller,
            refusal_status: None,
            redirects: Redirects::default(),
            moves: Moves::default(),
        }
    }

    /// Who calls, once known.
    #[must_use]
    pub fn caller(&self) -> Option<&CallerId> {
        self.caller.as_ref()
    }

    /// What the port is doing.
    pub(super) fn state(&self) -> PortState {
        match self.stage {
            Stage::AwaitingCaller | Stage::Unanswered(_) => PortState::Ringing,
            Stage::Locating(_) | Stage::Calling { .. } | Stage::Answering(_) | Stage::Screening(_) => PortState::Calling,
            Stage::Talking(_) => PortState::Talking,
            Stage::Dismissing(_) => PortState::Ending,
        }
    }

    pub(super) fn handle(&mut self, event: CallEvent, bridge: &mut Bridge<'_>) -> Step {
        if let Stage::Talking(session) = self.stage {
            let mut session = session;
            let side = Side { session: &mut session, audio: &mut self.audio, timers: &mut self.timers };
            let step = self.moves.talk(event, side, bridge);
            self.stage = Stage::Talking(session);
            return step;
        }
        match event {
            CallEvent::Line(report) => self.line(report, bridge),
            CallEvent::Targets(invites) => self.call(invites, bridge),
            CallEvent::LegAnswered { session, body } => self.leg_answered(session, &body, bridge),
            CallEvent::LegRefused { session, status, reason, .. } => self.leg_refused(session, status, reason, bridge),
            CallEvent::LegRedirected { session, status, reason, invites } => self.leg_redirected(session, status, reason, invites, bridge),
            CallEvent::SessionEnded(_) => self.answerer_left(),
            CallEvent::End(cause) => self.end(Ending::new(cause), bridge),
            CallEvent::Offer(body) => match self.answerer() {
                Some(session) => talk::offer(&body, session, &mut self.audio, bridge),
                None => Step::Continue,
            },
            CallEvent::Referred(_) => {
                // It comes back when the line is ours.
                if let Some(session) = self.answerer() {
                    bridge.answer_refer(session, Err(491));
                }
                Step::Continue
            }
            CallEvent::Replaced(replacement) => self.replaced(*replacement, bridge),
            CallEvent::Media(_)
            | CallEvent::LegProgress { .. }
            | CallEvent::Measured { .. }
            | CallEvent::Cancelled { .. }
            | CallEvent::Acknowledged(_)
            | CallEvent::Reanswered(_)
            | CallEvent::Info { .. } => Step::Continue,
        }
    }

    pub(super) fn timeout(&mut self, timer: CallTimer, bridge: &mut Bridge<'_>) -> Step {
        match (timer, self.stage.clone()) {
            (CallTimer::Longest, _) => self.end(Ending::new(EndCause::LongestCall), bridge),
            (CallTimer::Handover, _) => self.moves.handed_over(bridge),
            (CallTimer::Recall, Stage::Talking(mut session)) => {
                let side = Side { session: &mut session, audio: &mut self.audio, timers: &mut self.timers };
                self.moves.recall_due(side, bridge)
            }
            (CallTimer::CollectAnswer, Stage::Screening(_)) => {
                let open_ms = bridge.settings.collect_open_ms;
                bridge.line.push(LineOrder::Flash(ms(open_ms)));
                // What sounds after it is the exchange's answer, and begins anew.
                bridge.media.push(MediaCommand::Listen(Ear::OffHook));
                self.timers.set(CallTimer::CollectOpen, bridge.now + ms(open_ms + COLLECT_SETTLE_MS));
                Step::Continue
            }
            (CallTimer::CollectOpen, Stage::Screening(session)) => self.talk(session, bridge),
            (CallTimer::Dismissed, Stage::Dismissing(ending)) => Step::End(ending),
            (
                CallTimer::CollectAnswer
                | CallTimer::CollectOpen
                | CallTimer::Dismissed
                | CallTimer::DialTone
                | CallTimer::DialPause
                | CallTimer::AnswerLimit
                | CallTimer::Stage
                | CallTimer::Recall
                | CallTimer::NoAnswer,
                _,
            ) => Step::Continue,
        }
    }

    fn line(&mut self, report: LineReport, bridge: &mut Bridge<'_>) -> Step {
        match report {
            LineReport::Caller(caller) => {
                if let Some(number) = caller.as_ref().and_then(|caller| caller.number.clone()) {
                    self.facts.from = number;
                }
                self.caller = caller;
                self.stage = Stage::Locating(0);
                Step::Want(0)
            }
            LineReport::RingingEnded => match &self.stage {
                Stage::Unanswered(ending) => Step::End(ending.clone()),
                Stage::AwaitingCaller | Stage::Locating(_) | Stage::Calling { .. } => self.end(Ending::new(EndCause::CallerGaveUp), bridge),
                Stage::Answering(_) | Stage::Screening(_) | Stage::Talking(_) | Stage::Dismissing(_) => Step::Continue,
            },
            LineReport::Seized => self.seized(bridge),
            LineReport::SeizeFailed(_) => match &self.stage {
                Stage::Dismissing(ending) => Step::End(ending.clone()),
                Stage::AwaitingCaller
                | Stage::Locating(_)
                | Stage::Calling { .. }
                | Stage::Answering(_)
                | Stage::Screening(_)
                | Stage::Talking(_)
                | Stage::Unanswered(_) => self.end(Ending::new(EndCause::SeizeFailed), bridge),
            },
            LineReport::HungUp(evidence) => {
                let cause = match (&self.stage, &evidence) {
                    (_, HangUpEvidence::DeviceGone) => EndCause::DeviceGone,
                    (Stage::Screening(_), _) => EndCause::CollectRefused,
                    _ => EndCause::LineHungUp,
                };
                self.end(Ending { evidence: Some(evidence), ..Ending::new(cause) }, bridge)
            }
            LineReport::Progress(progress) => self.screened(progress, bridge),
            LineReport::Ringing
            | LineReport::Dialed
            | LineReport::Released
            | LineReport::Available
            | LineReport::StuckOffHook
            | LineReport::State(_) => Step::Continue,
        }
    }

    /// During a double answer nobody talks: a tone of the exchange as soon as it is told, and a reversal where the line has such, say that
    /// the exchange has dropped a collect call.
    fn screened(&mut self, progress: LineProgress, bridge: &mut Bridge<'_>) -> Step {
        if !matches!(self.stage, Stage::Screening(_)) {
            return Step::Continue;
        }
        let evidence = match progress {
            LineProgress::Tone(heard) => match heard.tone {
                ProgressTone::Dial if bridge.settings.end_on_dial_tone => HangUpEvidence::DialTone(heard),
                ProgressTone::Busy | ProgressTone::Congestion if bridge.settings.end_on_disconnect_tone => {
                    HangUpEvidence::DisconnectTone(heard)
                }
                ProgressTone::Dial
                | ProgressTone::Busy
                | ProgressTone::Congestion
                | ProgressTone::Ringback
                | ProgressTone::SpecialInformation
                | ProgressTone::CallWaiting
                | ProgressTone::FaxCalling
                | ProgressTone::FaxAnswering
                | ProgressTone::ModemAnswering => return Step::Continue,
            },
            LineProgress::PolarityReversal if bridge.settings.end_on_polarity_reversal => HangUpEvidence::PolarityReversal,
            LineProgress::PolarityReversal => return Step::Continue,
        };
        self.end(Ending { evidence: Some(evidence), ..Ending::new(EndCause::CollectRefused) }, bridge)
    }

    /// Sends the INVITEs for the target that was wanted; none: nobody can be called there.
    fn call(&mut self, invites: Vec<Invite>, bridge: &mut Bridge<'_>) -> Step {
        let Stage::Locating(target) = self.stage else { return Step::Continue };
        if invites.is_empty() {
            return self.next_target(target, bridge);
        }
        if let Some(first) = invites.first() {
            self.facts.to.clone_from(&first.request_uri);
        }
        let legs = invites.into_iter().map(|invite| self.invite(invite, bridge)).collect();
        self.stage = Stage::Calling { legs, target };
        bridge.notices.push((NoticeCode::CallStarted, vec![("from", self.facts.from.clone()), ("to", self.facts.to.clone())]));
        Step::Continue
    }

    fn invite(&mut self, invite: Invite, bridge: &mut Bridge<'_>) -> Leg {
        self.redirects.note(&invite.request_uri);
        Leg::call(invite, &mut self.audio, bridge)
    }

    fn leg_answered(&mut self, session: SessionId, body: &[u8], bridge: &mut Bridge<'_>) -> Step {
        let Stage::Calling { legs, target } = &mut self.stage else {
            bridge.hang_up(session, Some(26));
            return Step::Continue;
        };
        let Some(at) = legs.iter().position(|leg| leg.session == session) else { return Step::Continue };
        if let Err(error) = legs.remove(at).accept(body, &mut self.audio, bridge) {
            bridge.hang_up(session, Some(65));
            let code = if error == SdpError::NotSecured { NoticeCode::NotSecured } else { NoticeCode::NoCommonCodec };
            bridge.notices.push((code, vec![("source", self.facts.to.clone())]));
            self.refusal_status = Some(488);
            let target = *target;
            return if legs.is_empty() { self.next_leg(target, bridge) } else { Step::Continue };
        }
        for leg in std::mem::take(legs) {
            bridge.hang_up(leg.session, Some(26));
        }
        self.stage = Stage::Answering(session);
        bridge.line.push(LineOrder::Seize);
        Step::Continue
    }

    fn leg_refused(&mut self, session: SessionId, status: u16, reason: String, bridge: &mut Bridge<'_>) -> Step {
        let Stage::Calling { legs, target } = &mut self.stage else { return Step::Continue };
        if legs.iter_mut().find(|leg| leg.session == session).is_some_and(|leg| leg.insist(status, &mut self.audio, bridge)) {
            return Step::Continue;
        }
        legs.retain(|leg| leg.session != session);
        let (none_left, target) = (legs.is_empty(), *target);
        self.refusal_status = Some(status);
        let to = ("target", self.facts.to.clone());
        bridge.notices.push(match status {
            401 | 407 => (NoticeCode::TrunkChallenged, vec![to]),
            _ => (NoticeCode::TargetRefused, vec![to, ("status", status.to_string()), ("reason", reason)]),
        });
        if none_left { self.next_leg(target, bridge) } else { Step::Continue }
    }

    /// A leg was sent elsewhere: the most wanted place is called now, the others when that one refuses.
    fn leg_redirected(&mut self, session: SessionId, status: u16, reason: String, invites: Vec<Invite>, bridge: &mut Bridge<'_>) -> Step {
        let Stage::Calling { legs, target } = &mut self.stage else { return Step::Continue };
        if !self.redirects.take(invites) {
            return self.leg_refused(session, status, reason, bridge);
        }
        legs.retain(|leg| leg.session != session);
        self.refusal_status = Some(status);
        let target = *target;
        self.next_leg(target, bridge)
    }

    /// Calls the next place that a leg was sent to, or the next target when there is none.
    fn next_leg(&mut self, target: usize, bridge: &mut Bridge<'_>) -> Step {
        let Some(invite) = self.redirects.next() else { return self.next_target(target, bridge) };
        self.facts.to.clone_from(&invite.request_uri);
        let leg = self.invite(invite, bridge);
        if let Stage::Calling { legs, .. } = &mut self.stage {
            legs.push(leg);
        }
        Step::Continue
    }

    fn next_target(&mut self, tried: usize, bridge: &mut Bridge<'_>) -> Step {
        if tried + 1 < TARGETS {
            self.stage = Stage::Locating(tried + 1);
            return Step::Want(tried + 1);
        }
        let cause = if self.refusal_status.is_some() { EndCause::TargetRefused } else { EndCause::NoTarget };
        let ending = Ending { sip_status: self.refusal_status, ..Ending::new(cause) };
        match bridge.settings.on_refusal {
            OnRefusal::LetRing => self.stage = Stage::Unanswered(ending),
            OnRefusal::AnswerAndRelease => {
                self.stage = Stage::Dismissing(ending);
                bridge.line.push(LineOrder::Seize);
            }
        }
        Step::Continue
    }

    fn seized(&mut self, bridge: &mut Bridge<'_>) -> Step {
        match self.stage.clone() {
            Stage::Answering(session) => {
                let category = self.caller.as_ref().and_then(|caller| caller.category);
                let may_be_collect = category.is_none_or(|category| category == COLLECT_CATEGORY);
                if bridge.settings.block_collect && may_be_collect {
                    self.stage = Stage::Screening(session);
                    self.timers.set(CallTimer::CollectAnswer, bridge.now + ms(bridge.settings.collect_answer_ms));
                    return Step::Continue;
                }
                self.talk(session, bridge)
            }
            Stage::Dismissing(_) => {
                self.timers.set(CallTimer::Dismissed, bridge.now + ms(DISMISS_MS));
                Step::Continue
            }
            Stage::AwaitingCaller
            | Stage::Locating(_)
            | Stage::Calling { .. }
            | Stage::Screening(_)
            | Stage::Talking(_)
            | Stage::Unanswered(_) => Step::Continue,
        }
    }

    fn talk(&mut self, session: SessionId, bridge: &mut Bridge<'_>) -> Step {
        self.stage = Stage::Talking(session);
        bridge.line.push(LineOrder::Supervise);
        self.facts.answered = Some(bridge.now);
        bridge.marks.push(MarkKind::Answered { by: AnsweredBy::Target });
        bridge.attach(session, &self.audio);
        bridge.tell_move(session, &mut self.audio);
        self.timers.set(CallTimer::Longest, bridge.now + longest_call(bridge.settings));
        bridge.notices.push((NoticeCode::CallAnswered, vec![("from", self.facts.from.clone()), ("to", self.facts.to.clone())]));
        Step::Continue
    }

    /// The gateway is at another address now: a peer that we talk with is told, another one when we do.
    pub(super) fn relocate(&mut self, ip: IpAddr, bridge: &mut Bridge<'_>) {
        let seen = self.answerer().and_then(|session| bridge.ip_seen_by(session));
        self.audio.relocate(ip, seen);
        self.moves.relocate(ip);
        if let Stage::Talking(session) = self.stage {
            bridge.tell_move(session, &mut self.audio);
        }
    }

    /// Somebody answers in the place of a leg that rings, or of the one that has just answered.
    fn replaced(&mut self, replacement: Replacement, bridge: &mut Bridge<'_>) -> Step {
        let left = match &mut self.stage {
            Stage::Calling { legs, .. } => std::mem::take(legs).into_iter().map(|leg| leg.session).collect(),
            Stage::Answering(session) | Stage::Screening(session) => vec![*session],
            Stage::AwaitingCaller | Stage::Locating(_) | Stage::Talking(_) | Stage::Unanswered(_) | Stage::Dismissing(_) => {
                replacement.refuse(481, bridge);
                return Step::Continue;
            }
        };
        let (session, audio) = replacement.accept(bridge);
        self.audio = audio;
        for old in left {
            bridge.hang_up(old, Some(26));
        }
        match self.stage {
            Stage::Screening(_) => self.stage = Stage::Screening(session),
            Stage::Answering(_) => self.stage = Stage::Answering(session),
            Stage::AwaitingCaller
            | Stage::Locating(_)
            | Stage::Calling { .. }
            | Stage::Talking(_)
            | Stage::Unanswered(_)
            | Stage::Dismissing(_) => {
                self.stage = Stage::Answering(session);
                bridge.line.push(LineOrder::Seize);
            }
        }
        Step::Continue
    }

    /// The session of whoever has answered.
    pub(crate) fn answerer(&self) -> Option<SessionId> {
        match self.stage {
            Stage::Answering(session) | Stage::Screening(session) | Stage::Talking(session) => Some(session),
            Stage::AwaitingCaller | Stage::Locating(_) | Stage::Calling { .. } | Stage::Unanswered(_) | Stage::Dismissing(_) => None,
        }
    }

    /// Whoever answered hung up before the line was ours.
    fn answerer_left(&mut self) -> Step {
        match self.answerer() {
            Some(_) => Step::End(Ending::new(EndCause::SipHungUp)),
            None => Step::Continue,
        }
    }

    /// Ends the call in any stage: every leg is cancelled or hung up.
    fn end(&mut self, ending: Ending, bridge: &mut Bridge<'_>) -> Step {
        if let Stage::Calling { legs, .. } = &mut self.stage {
            for leg in std::mem::take(legs) {
                bridge.hang_up(leg.session, Some(16));
            }
        }
        self.moves.end(bridge);
        if let Some(session) = self.answerer() {
            bridge.hang_up(session, Some(16));
        }
        Step::End(ending)
    }
}
