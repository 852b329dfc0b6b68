//! Where marks are made: beside the few doors through which everything passes that lines, channels and peers say or are told.

use std::collections::VecDeque;
use std::time::Duration;

use super::Gateway;
use super::call::CallEvent;
use super::io::Action;
use super::mark::{AudioQuality, Mark, MarkKind, Timeline};
use super::port::Port;
use crate::config::PortId;
use crate::fxo::line::LineReport;
use crate::fxo::{LineCommand, LineEvent};
use crate::media::{MediaCommand, MediaEvent};
use crate::sip::agent::{SessionEnd, SessionId};
use crate::time::Moment;

/// Marks that are kept of a line without a call; the oldest goes first.
const BEFORE_A_CALL: usize = 8;

/// What the line told this long before a call can belong to it: caller ID and a reversal come before the first ring.
const FORETOLD: Duration = Duration::from_secs(6);

/// A voice that is heard again after a shorter pause is the same voice; it is told each second while it goes on.
const SAME_VOICE: Duration = Duration::from_secs(2);

/// What was last seen on a line, so that only a change is marked.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Where the hook relay is.
    off_hook: Option<bool>,
    /// The exchange feeds the line.
    battery: Option<bool>,
    /// When a voice was last told.
    voice: Option<Moment>,
    /// The stream that flows, by our SSRC.
    attached: Option<u32>,
    /// The last marks of a line without a call.
    before: VecDeque<Mark>,
}

impl Seen {
    /// The box is gone: whatever it told holds no more.
    pub(super) fn forget_line(&mut self) {
        self.off_hook = None;
        self.battery = None;
    }

    /// The timeline of a call that a ring begins now.
    pub(super) fn timeline_of_ring(&mut self, now: Moment) -> Timeline {
        let belongs = |mark: &Mark| now - Moment::from_millis(mark.at_ms) <= FORETOLD && mark.what.foretells_a_call();
        Timeline::beginning_with(self.before.drain(..).filter(belongs))
    }

    fn hook(&mut self, off_hook: bool) -> Option<MarkKind> {
        (self.off_hook.replace(off_hook) != Some(off_hook)).then_some(MarkKind::Hook { off_hook })
    }

    fn battery(&mut self, present: bool, millivolts: Option<i32>) -> Option<MarkKind> {
        (self.battery.replace(present) != Some(present)).then_some(MarkKind::Battery { present, millivolts })
    }
}

impl Gateway {
    /// Tells a mark, and keeps it in the timeline of the port's call.
    pub(super) fn mark(&mut self, id: PortId, what: MarkKind, now: Moment, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let mark = Mark { at_ms: now.as_millis(), port: id, what };
        match &mut port.call {
            Some(call) => call.facts_mut().timeline.add(mark.clone()),
            None => {
                if port.seen.before.len() >= BEFORE_A_CALL {
                    port.seen.before.pop_front();
                }
                port.seen.before.push_back(mark.clone());
            }
        }
        out.push(Action::Mark(mark));
    }

    /// What the box tells of a line.
    pub(super) fn mark_line_event(&mut self, id: PortId, event: &LineEvent, now: Moment, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let what = match event {
            LineEvent::BatteryUp { millivolts } => port.seen.battery(true, *millivolts),
            LineEvent::BatteryDown => port.seen.battery(false, None),
            LineEvent::RingOn { frequency_hz } => {
                Some(MarkKind::RingOn { frequency_hz: Some(*frequency_hz).filter(|frequency_hz| *frequency_hz > 0) })
            }
            LineEvent::RingOff { on } => Some(MarkKind::RingOff { on_ms: whole_ms(*on) }),
            LineEvent::Hook { off_hook } | LineEvent::Measured { off_hook, .. } => port.seen.hook(*off_hook),
            LineEvent::Polarity { forward } => Some(MarkKind::Polarity { forward: *forward }),
            LineEvent::LoopInterruption { duration } => Some(MarkKind::LoopInterruption { duration_ms: whole_ms(*duration) }),
            LineEvent::ExtensionPickup => Some(MarkKind::Extension { off_hook: true }),
            LineEvent::ExtensionRelease => Some(MarkKind::Extension { off_hook: false }),
            LineEvent::CallerId(caller) => Some(MarkKind::CallerId(caller.clone())),
            LineEvent::Tone(heard) => Some(MarkKind::Tone(heard.clone())),
            // What an opening means is told when it is over.
            LineEvent::LoopOpened | LineEvent::SignalDone | LineEvent::CommandFailed { .. } => None,
        };
        if let Some(what) = what {
            self.mark(id, what, now, out);
        }
    }

    /// What the channel hears. A voice is marked while the call is not answered: after that everybody talks.
    pub(super) fn mark_media_event(&mut self, id: PortId, event: &MediaEvent, now: Moment, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let what = match event {
            MediaEvent::Tone(heard) => Some(MarkKind::Tone(heard.clone())),
            MediaEvent::Voice => voice(port, now),
            MediaEvent::CallerIdBurst(burst) => Some(MarkKind::CallerIdBurst(burst.clone())),
            MediaEvent::WaitingCaller(burst) => Some(MarkKind::WaitingCaller { burst: burst.clone() }),
            MediaEvent::CallerId(caller) => Some(MarkKind::CallerId(caller.clone())),
            MediaEvent::LineDigit(digit) => Some(MarkKind::DigitHeard { digit: *digit }),
            MediaEvent::NetDigit(digit) => Some(MarkKind::DigitSent { digit: *digit }),
            MediaEvent::Dialed => Some(MarkKind::Dialed),
            MediaEvent::RtpStarted { from } => Some(MarkKind::RtpHeard { from: from.to_string() }),
            MediaEvent::Flash
            | MediaEvent::RtpMissing { .. }
            | MediaEvent::RtpLost { .. }
            | MediaEvent::Silence { .. }
            | MediaEvent::SoundTested(_)
            | MediaEvent::Meter(_)
            | MediaEvent::Analysis(_) => None,
        };
        if let Some(what) = what {
            self.mark(id, what, now, out);
        }
    }

    /// What a line is told.
    pub(super) fn mark_line_command(&mut self, id: PortId, command: &LineCommand, now: Moment, out: &mut Vec<Action>) {
        let what = match command {
            LineCommand::Seize => MarkKind::Seizing,
            LineCommand::Release => MarkKind::Releasing,
            LineCommand::Flash { .. } => MarkKind::Flash,
            LineCommand::DialPulse { digits } => MarkKind::Dialing { digits: digits.clone() },
            LineCommand::Measure | LineCommand::Reset => return,
        };
        self.mark(id, what, now, out);
    }

    /// What the state machine of a line concludes.
    pub(super) fn mark_line_report(&mut self, id: PortId, report: &LineReport, now: Moment, out: &mut Vec<Action>) {
        let what = match report {
            LineReport::RingingEnded => MarkKind::RingingEnded,
            LineReport::SeizeFailed(failure) => MarkKind::SeizeFailed { failure: *failure },
            LineReport::Dialed => MarkKind::Dialed,
            LineReport::Released => MarkKind::Released,
            LineReport::StuckOffHook => MarkKind::Stuck,
            LineReport::Ringing
            | LineReport::Caller(_)
            | LineReport::Seized
            | LineReport::Progress(_)
            | LineReport::HungUp(_)
            | LineReport::Available
            | LineReport::State(_) => return,
        };
        self.mark(id, what, now, out);
    }

    /// What a channel is told by a call.
    pub(super) fn mark_media_command(&mut self, id: PortId, command: &MediaCommand, now: Moment, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let what = match command {
            MediaCommand::Attach(plan) => {
                let before = port.seen.attached.replace(plan.ssrc);
                if before != Some(plan.ssrc) {
                    // What was measured of another stream says nothing of this one.
                    let quality = port.meter.take().as_ref().and_then(AudioQuality::of);
                    if before.is_some() {
                        self.mark(id, MarkKind::MediaDetached { quality }, now, out);
                    }
                }
                MarkKind::MediaAttached { peer: plan.agreed.remote.to_string(), srtp: plan.agreed.srtp.is_some() }
            }
            MediaCommand::Detach => {
                if port.seen.attached.take().is_none() {
                    return;
                }
                MarkKind::MediaDetached { quality: port.meter.as_ref().and_then(AudioQuality::of) }
            }
            MediaCommand::Dial(digits) => MarkKind::Dialing { digits: digits.clone() },
            MediaCommand::Digit { digit, .. } => MarkKind::DigitSent { digit: *digit },
            MediaCommand::Configure(_)
            | MediaCommand::Listen(_)
            | MediaCommand::TestSound(_)
            | MediaCommand::TakeSound { .. }
            | MediaCommand::Quiet
            | MediaCommand::Analyse => return,
        };
        self.mark(id, what, now, out);
    }

    /// What a peer says in the session of a call.
    pub(super) fn mark_session_event(&mut self, session: SessionId, event: &CallEvent, now: Moment, out: &mut Vec<Action>) {
        let message = match event {
            CallEvent::Cancelled { cause } => with_cause("CANCEL", *cause),
            CallEvent::Acknowledged(_) => "ACK".to_owned(),
            CallEvent::Offer(_) => "INVITE".to_owned(),
            CallEvent::Info { .. } => "INFO".to_owned(),
            CallEvent::SessionEnded(SessionEnd::Bye { cause, .. }) => with_cause("BYE", *cause),
            CallEvent::SessionEnded(SessionEnd::NoAck | SessionEnd::Gone | SessionEnd::Expired) => {
                if let Some(&(id, _)) = self.sessions.get(&session) {
                    self.mark(id, MarkKind::SipLost, now, out);
                }
                return;
            }
            CallEvent::Referred(_) => "REFER".to_owned(),
            CallEvent::LegAnswered { .. } => "200".to_owned(),
            CallEvent::LegRefused { status, cause, .. } => with_cause(&status.to_string(), *cause),
            CallEvent::LegRedirected { status, .. } => status.to_string(),
            // The signs of life that the agent sees to are no news.
            CallEvent::Reanswered(_)
            | CallEvent::LegProgress { .. }
            | CallEvent::Replaced(_)
            | CallEvent::Line(_)
            | CallEvent::Media(_)
            | CallEvent::Measured { .. }
            | CallEvent::Targets(_)
            | CallEvent::End(_) => return,
        };
        self.mark_sip_in(session, message, now, out);
    }

    /// A message that a peer sent in the session of a call.
    pub(super) fn mark_sip_in(&mut self, session: SessionId, message: String, now: Moment, out: &mut Vec<Action>) {
        if let Some(&(id, peer)) = self.sessions.get(&session) {
            self.mark(id, MarkKind::SipIn { message, peer: peer.to_string() }, now, out);
        }
    }
}

/// A message with the Q.850 cause that it told, in the words of no language.
fn with_cause(message: &str, cause: Option<u8>) -> String {
    cause.map_or_else(|| message.to_owned(), |cause| format!("{message} (Q.850 {cause})"))
}

fn voice(port: &mut Port, now: Moment) -> Option<MarkKind> {
    let goes_on = port.seen.voice.replace(now).is_some_and(|told| now - told <= SAME_VOICE);
    let is_awaited = port.call.as_ref().is_some_and(|call| call.facts().answered.is_none());
    (is_awaited && !goes_on).then_some(MarkKind::Voice)
}

fn whole_ms(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
