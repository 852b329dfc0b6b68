//! Where the SIP side of an answered call goes on: sent there by REFER (RFC 3515), or taken over by an INVITE with Replaces
//! (RFC 3891). The line stays as it is, unless it is the line that passes its caller on ([`super::recall`]).
//!
//! ```text
//!  talks ──REFER──▶ also calls the target ──2xx──▶ talks with the target ──BYE, or 3 s──▶ the old session is over
//!                        └─refusal─▶ talks as before; over, when whoever referred has left
//! ```

use std::net::IpAddr;
use std::time::Duration;

use super::leg::Leg;
use super::recall::{self, Recall, Turn};
use super::{Audio, Bridge, CallEvent, CallTimer, Ending, Step, talk};
use crate::fxo::line::{LineProgress, LineReport};
use crate::gateway::mark::MarkKind;
use crate::gateway::notice::NoticeCode;
use crate::gateway::record::EndCause;
use crate::media::{MediaCommand, MediaEvent};
use crate::sip::agent::{Invite, SessionId};
use crate::sip::message::phrase;
use crate::time::Timers;

/// Moves that one call makes, over all of its peers: two of them could send the line to and fro for ever.
const MOST_MOVES: u8 = 5;

/// Contacts of one target that are called at once.
const MOST_LEGS: usize = 5;

/// Whoever referred is the one to hang up (RFC 5589 §6.1); when it has not by then, we do.
const HANDOVER: Duration = Duration::from_secs(3);

/// A REFER of the peer.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Where it leads, for the timeline.
    pub target: String,
    /// Whom that is.
    pub lead: Lead,
}

/// Whom a REFER leads to.
#[derive(Clone, Debug)]
pub enum Lead {
    /// Somebody on the SIP side.
    Sip {
        /// The INVITEs that follow it; none: it leads nowhere that is called from here.
        invites: Vec<Invite>,
        /// The media of the new session.
        audio: Audio,
    },
    /// A number that the exchange passes the caller on to.
    Number(String),
}

/// An INVITE with Replaces.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Its session.
    pub session: SessionId,
    /// Where its peer is.
    pub peer: IpAddr,
    /// Who takes over, for the timeline.
    pub by: String,
    /// The media of the new session; the offer, if one came, is answered.
    pub audio: Audio,
}

impl Replacement {
    /// Refuses it.
    pub(super) fn refuse(&self, status: u16, bridge: &mut Bridge<'_>) {
        bridge.opened.push((self.session, self.peer));
        bridge.refuse(self.session, status, None, None);
    }

    /// Accepts it: its session, and the media with which the call goes on.
    pub(super) fn accept(mut self, bridge: &mut Bridge<'_>) -> (SessionId, Audio) {
        bridge.opened.push((self.session, self.peer));
        let body = self.audio.last_answer().unwrap_or_else(|| self.audio.offer());
        bridge.marks.push(MarkKind::TakenOver { by: self.by });
        bridge.answer(self.session, body);
        (self.session, self.audio)
    }
}

/// A transfer that is under way.
#[derive(Debug)]
struct Transfer {
    target: String,
    audio: Audio,
    legs: Vec<Leg>,
    /// Whoever referred has hung up: there is no way back.
    alone: bool,
}

/// The SIP side of a call that talks.
pub(super) struct Side<'a> {
    pub(super) session: &'a mut SessionId,
    pub(super) audio: &'a mut Audio,
    pub(super) timers: &'a mut Timers<CallTimer>,
}

/// The moves of one call.
#[derive(Debug, Default)]
pub(super) struct Moves {
    count: u8,
    transfer: Option<Transfer>,
    /// The session of whoever referred, until it hangs up.
    leaving: Option<SessionId>,
    recall: Option<Recall>,
}

impl Moves {
    /// Handles an event of an answered call.
    pub(super) fn talk(&mut self, event: CallEvent, side: Side<'_>, bridge: &mut Bridge<'_>) -> Step {
        let step = match event {
            event if self.recall.is_some() => self.recalling(event, side, bridge),
            CallEvent::Referred(reference) => self.refer(*reference, side, bridge),
            CallEvent::Replaced(replacement) => self.replace(*replacement, side, bridge),
            CallEvent::LegProgress { session, status } if self.calls(session) => {
                bridge.tell_of_referral(*side.session, status, phrase(status));
                Step::Continue
            }
            CallEvent::LegAnswered { session, body } if self.calls(session) => self.answered(session, &body, side, bridge),
            CallEvent::LegAnswered { session, .. } => {
                bridge.hang_up(session, Some(26));
                Step::Continue
            }
            CallEvent::LegRefused { session, status, .. } | CallEvent::LegRedirected { session, status, .. } if self.calls(session) => {
                self.refused(session, status, *side.session, bridge)
            }
            CallEvent::SessionEnded(end) => match &mut self.transfer {
                Some(transfer) => {
                    transfer.alone = true;
                    bridge.media.push(MediaCommand::Detach);
                    Step::Continue
                }
                None => talk::handle(CallEvent::SessionEnded(end), side, bridge),
            },
            // Whoever refers puts the call on hold, or has left: the new leg has a time of its own.
            CallEvent::Media(MediaEvent::RtpLost { .. } | MediaEvent::Silence { .. }) if self.transfer.is_some() => Step::Continue,
            event => talk::handle(event, side, bridge),
        };
        if matches!(step, Step::End(_)) {
            self.end(bridge);
        }
        step
    }

    /// Whoever referred had its time to hang up.
    pub(super) fn handed_over(&mut self, bridge: &mut Bridge<'_>) -> Step {
        if let Some(session) = self.leaving.take() {
            bridge.hang_up(session, Some(16));
        }
        Step::Continue
    }

    /// The time after a hook flash is over.
    pub(super) fn recall_due(&mut self, side: Side<'_>, bridge: &mut Bridge<'_>) -> Step {
        let Some(recall) = &mut self.recall else {
            recall::judge_again(bridge);
            return Step::Continue;
        };
        let turn = recall.due();
        let step = self.turn(turn, side, bridge);
        if matches!(step, Step::End(_)) {
            self.end(bridge);
        }
        step
    }

    /// The gateway is at another address now: whoever is called meanwhile is told with the answer.
    pub(super) fn relocate(&mut self, ip: IpAddr) {
        if let Some(transfer) = &mut self.transfer {
            transfer.audio.relocate(ip, None);
        }
    }

    /// The call ends: nobody is called any more.
    pub(super) fn end(&mut self, bridge: &mut Bridge<'_>) {
        self.handed_over(bridge);
        for leg in self.transfer.take().map(|transfer| transfer.legs).unwrap_or_default() {
            bridge.hang_up(leg.session, Some(16));
        }
    }

    fn calls(&self, session: SessionId) -> bool {
        self.transfer.as_ref().is_some_and(|transfer| transfer.legs.iter().any(|leg| leg.session == session))
    }

    fn refer(&mut self, reference: Reference, side: Side<'_>, bridge: &mut Bridge<'_>) -> Step {
        let Reference { target, lead } = reference;
        let session = *side.session;
        let nowhere = matches!(&lead, Lead::Sip { invites, .. } if invites.is_empty());
        if self.transfer.is_some() {
            bridge.answer_refer(session, Err(491));
            return Step::Continue;
        }
        if nowhere || self.count == MOST_MOVES {
            bridge.answer_refer(session, Err(403));
            bridge.notices.push((NoticeCode::TransferRefused, vec![("target", target)]));
            return Step::Continue;
        }
        self.count += 1;
        bridge.answer_refer(session, Ok(()));
        match lead {
            Lead::Sip { invites, mut audio } => {
                let legs = invites.into_iter().take(MOST_LEGS).map(|invite| Leg::call(invite, &mut audio, bridge)).collect();
                self.transfer = Some(Transfer { target, audio, legs, alone: false });
            }
            Lead::Number(digits) => self.recall = Some(Recall::begin(target, digits, side.timers, bridge)),
        }
        Step::Continue
    }

    /// An event while the caller on the line is being passed on to another number.
    fn recalling(&mut self, event: CallEvent, side: Side<'_>, bridge: &mut Bridge<'_>) -> Step {
        let Some(recall) = &mut self.recall else { return Step::Continue };
        let turn = match event {
            CallEvent::Line(LineReport::Progress(LineProgress::Tone(heard))) => recall.tone(heard.tone, side.timers, bridge),
            CallEvent::Line(LineReport::Dialed) | CallEvent::Media(MediaEvent::Dialed) => recall.dialed(side.timers, bridge),
            CallEvent::Line(LineReport::HungUp(_)) if recall.is_passed() => Turn::Over,
            CallEvent::SessionEnded(_) => recall.left(bridge),
            CallEvent::Referred(_) => {
                bridge.answer_refer(*side.session, Err(491));
                Turn::Wait
            }
            CallEvent::Replaced(replacement) => {
                replacement.refuse(491, bridge);
                Turn::Wait
            }
            // Whoever refers puts the call on hold, or has left; and what it presses belongs to no number.
            CallEvent::Media(MediaEvent::RtpLost { .. } | MediaEvent::Silence { .. } | MediaEvent::Flash) | CallEvent::Info { .. } => {
                Turn::Wait
            }
            event => return talk::handle(event, side, bridge),
        };
        self.turn(turn, side, bridge)
    }

    fn turn(&mut self, turn: Turn, side: Side<'_>, bridge: &mut Bridge<'_>) -> Step {
        let Some(recall) = &mut self.recall else { return Step::Continue };
        match turn {
            Turn::Wait => Step::Continue,
            Turn::Passed => {
                bridge.tell_of_referral(*side.session, 200, phrase(200));
                bridge.marks.push(MarkKind::Transferred { to: recall.target.clone() });
                recall.hand_over(side.timers, bridge);
                if recall.alone { Step::End(Ending::new(EndCause::Transferred)) } else { Step::Continue }
            }
            Turn::Over => talk::hang_up(EndCause::Transferred, *side.session, bridge),
            Turn::Failed(status) => {
                let (target, alone) = (std::mem::take(&mut recall.target), recall.alone);
                self.recall = None;
                bridge.tell_of_referral(*side.session, status, phrase(status));
                tell_failure(target, status, bridge);
                if alone {
                    return Step::End(Ending::new(EndCause::TransferFailed).with_status(status));
                }
                recall::flash(side.timers, bridge);
                Step::Continue
            }
        }
    }

    fn answered(&mut self, session: SessionId, body: &[u8], side: Side<'_>, bridge: &mut Bridge<'_>) -> Step {
        let Some(Transfer { audio, legs, .. }) = &mut self.transfer else { return Step::Continue };
        let Some(leg) = legs.iter().find(|leg| leg.session == session) else { return Step::Continue };
        if leg.accept(body, audio, bridge).is_err() {
            bridge.hang_up(session, Some(65));
            return self.lost(session, 488, *side.session, bridge);
        }
        let Some(transfer) = self.transfer.take() else { return Step::Continue };
        for leg in transfer.legs.iter().filter(|leg| leg.session != session) {
            bridge.hang_up(leg.session, Some(26));
        }
        let old = std::mem::replace(side.session, session);
        *side.audio = transfer.audio;
        bridge.attach(session, side.audio);
        bridge.tell_move(session, side.audio);
        bridge.marks.push(MarkKind::Transferred { to: transfer.target });
        self.handed_over(bridge);
        if !transfer.alone {
            bridge.tell_of_referral(old, 200, phrase(200));
            self.leaving = Some(old);
            side.timers.set(CallTimer::Handover, bridge.now + HANDOVER);
        }
        Step::Continue
    }

    fn refused(&mut self, session: SessionId, status: u16, peer: SessionId, bridge: &mut Bridge<'_>) -> Step {
        if let Some(Transfer { audio, legs, .. }) = &mut self.transfer
            && let Some(leg) = legs.iter_mut().find(|leg| leg.session == session)
            && leg.insist(status, audio, bridge)
        {
            return Step::Continue;
        }
        self.lost(session, status, peer, bridge)
    }

    /// One of the legs comes to nothing; with the last one the transfer does.
    fn lost(&mut self, session: SessionId, status: u16, peer: SessionId, bridge: &mut Bridge<'_>) -> Step {
        if let Some(transfer) = &mut self.transfer {
            transfer.legs.retain(|leg| leg.session != session);
        }
        let Some(Transfer { target, alone, .. }) = self.transfer.take_if(|transfer| transfer.legs.is_empty()) else {
            return Step::Continue;
        };
        bridge.tell_of_referral(peer, status, phrase(status));
        tell_failure(target, status, bridge);
        if alone { Step::End(Ending::new(EndCause::TransferFailed).with_status(status)) } else { Step::Continue }
    }

    fn replace(&mut self, replacement: Replacement, side: Side<'_>, bridge: &mut Bridge<'_>) -> Step {
        if self.count == MOST_MOVES {
            replacement.refuse(403, bridge);
            return Step::Continue;
        }
        self.count += 1;
        if self.transfer.is_some() {
            bridge.tell_of_referral(*side.session, 487, phrase(487));
        }
        self.end(bridge);
        let (session, audio) = replacement.accept(bridge);
        let old = std::mem::replace(side.session, session);
        *side.audio = audio;
        // An INVITE without offer gets its answer with the ACK: until then nobody listens to the old peer any more.
        bridge.media.push(MediaCommand::Detach);
        bridge.attach(session, side.audio);
        bridge.hang_up(old, Some(16));
        Step::Continue
    }
}

fn tell_failure(target: String, status: u16, bridge: &mut Bridge<'_>) {
    bridge.marks.push(MarkKind::TransferFailed { to: target.clone(), status });
    bridge.notices.push((NoticeCode::TransferFailed, vec![("target", target), ("status", status.to_string())]));
}
