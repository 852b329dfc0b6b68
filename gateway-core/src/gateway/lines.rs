//! What lines, boxes and channels tell, and what a ringing line does.

use std::net::SocketAddr;

use super::call::{Audio, Call, CallEvent, CallFacts, ToSip};
use super::callers::facts;
use super::io::Action;
use super::mark::MarkKind;
use super::notice::{NoticeCode, Severity};
use super::port::Port;
use super::record::{CallDirection, EndCause};
use super::{Gateway, port_id};
use crate::config::PortId;
use crate::fxo::line::{LineInput, LineOrder, LineReport, LineState};
use crate::fxo::{Identity, LineEvent};
use crate::media::{MediaCommand, MediaEvent, Refused, RtpRefusal};
use crate::time::Moment;

impl Gateway {
    pub(super) fn device_up(&mut self, identity: Identity, now: Moment, out: &mut Vec<Action>) {
        let args = [("model", identity.model.clone()), ("ports", identity.ports.to_string())];
        out.push(self.notice(Severity::Info, NoticeCode::DeviceUp, None, &args, now));
        for index in 0..self.ports.len().min(usize::from(identity.ports)) {
            self.line_is_there(index, now, out);
        }
        self.device = Some(identity);
    }

    fn line_is_there(&mut self, index: usize, now: Moment, out: &mut Vec<Action>) {
        self.configure_channel(port_id(index), out);
        self.line_input(port_id(index), LineInput::DeviceUp, now);
        if self.ports[index].held {
            self.line_input(port_id(index), LineInput::Order(LineOrder::OutOfService(true)), now);
        }
    }

    pub(super) fn port_up(&mut self, port: PortId, now: Moment, out: &mut Vec<Action>) {
        if self.ports.get(port.index()).is_some_and(|port| port.line.state() == LineState::Absent) {
            out.push(self.notice(Severity::Info, NoticeCode::PortUp, Some(port), &[], now));
            self.line_is_there(port.index(), now, out);
        }
    }

    pub(super) fn port_gone(&mut self, port: PortId, lost: bool, now: Moment, out: &mut Vec<Action>) {
        if self.ports.get(port.index()).is_some_and(|port| port.line.state() != LineState::Absent) {
            if lost {
                out.push(self.notice(Severity::Alarm, NoticeCode::PortGone, Some(port), &[], now));
            }
            self.lose_line(port.index(), now, out);
        }
    }

    pub(super) fn device_gone(&mut self, now: Moment, out: &mut Vec<Action>) {
        if self.device.take().is_some() {
            out.push(self.notice(Severity::Alarm, NoticeCode::DeviceGone, None, &[], now));
        }
        self.lose_lines(now, out);
    }

    pub(super) fn device_rebooted(&mut self, now: Moment, out: &mut Vec<Action>) {
        out.push(self.notice(Severity::Alarm, NoticeCode::DeviceRebooted, None, &[], now));
        self.lose_lines(now, out);
        if let Some(identity) = self.device.clone() {
            for index in 0..self.ports.len().min(usize::from(identity.ports)) {
                self.line_input(port_id(index), LineInput::DeviceUp, now);
            }
        }
    }

    fn lose_lines(&mut self, now: Moment, out: &mut Vec<Action>) {
        for index in 0..self.ports.len() {
            self.lose_line(index, now, out);
        }
    }

    fn lose_line(&mut self, index: usize, now: Moment, out: &mut Vec<Action>) {
        self.call_event(port_id(index), CallEvent::End(EndCause::DeviceGone), now, out);
        self.line_input(port_id(index), LineInput::DeviceGone, now);
        self.ports[index].millivolts = None;
        self.ports[index].microamps = None;
        self.ports[index].seen.forget_line();
    }

    pub(super) fn line_event(&mut self, id: PortId, event: LineEvent, now: Moment, out: &mut Vec<Action>) {
        self.mark_line_event(id, &event, now, out);
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let mut measured = None;
        match &event {
            LineEvent::Measured { millivolts, microamps, off_hook } => {
                port.millivolts = Some(*millivolts);
                port.microamps = *microamps;
                measured = Some(CallEvent::Measured { millivolts: *millivolts, microamps: *microamps, off_hook: *off_hook });
            }
            LineEvent::BatteryUp { millivolts } => port.millivolts = *millivolts,
            LineEvent::BatteryDown => port.millivolts = None,
            LineEvent::RingOn { .. }
            | LineEvent::RingOff { .. }
            | LineEvent::Hook { .. }
            | LineEvent::Polarity { .. }
            | LineEvent::LoopOpened
            | LineEvent::LoopInterruption { .. }
            | LineEvent::ExtensionPickup
            | LineEvent::ExtensionRelease
            | LineEvent::CallerId(_)
            | LineEvent::Tone(_)
            | LineEvent::SignalDone
            | LineEvent::CommandFailed { .. } => {}
        }
        self.line_input(id, LineInput::Driver(event), now);
        let is_rung = self.ports.get(id.index()).is_some_and(|port| port.line.is_rung());
        if let Some(measured) = measured.filter(|_| !is_rung) {
            self.call_event(id, measured, now, out);
        }
    }

    /// Somebody looks at what is heard on a line. A line that is not there has no channel that could tell.
    pub(super) fn analyse(&self, id: PortId, out: &mut Vec<Action>) {
        if self.ports.get(id.index()).is_some_and(|port| port.line.state() != LineState::Absent) {
            out.push(Action::Media { port: id, command: MediaCommand::Analyse });
        }
    }

    pub(super) fn media_event(&mut self, id: PortId, event: MediaEvent, now: Moment, out: &mut Vec<Action>) {
        self.mark_media_event(id, &event, now, out);
        match event {
            MediaEvent::Meter(meter) => {
                if let Some(port) = self.ports.get_mut(id.index()) {
                    port.meter = port.call.is_some().then_some(meter);
                }
            }
            MediaEvent::Analysis(analysis) => out.push(Action::Analysis { port: id, analysis }),
            MediaEvent::Tone(heard) => self.line_input(id, LineInput::Heard(heard), now),
            MediaEvent::CallerId(caller) => self.line_input(id, LineInput::CallerId(caller), now),
            // Evidence of which nothing follows: its mark is all.
            MediaEvent::CallerIdBurst(_) | MediaEvent::WaitingCaller(_) => {}
            MediaEvent::RtpMissing { expected, refused } => self.rtp_missing(id, expected, refused, now, out),
            other @ (MediaEvent::Voice
            | MediaEvent::LineDigit(_)
            | MediaEvent::NetDigit(_)
            | MediaEvent::Flash
            | MediaEvent::Dialed
            | MediaEvent::RtpStarted { .. }
            | MediaEvent::RtpLost { .. }
            | MediaEvent::Silence { .. }
            | MediaEvent::SoundTested(_)) => self.call_event(id, CallEvent::Media(other), now, out),
        }
    }

    /// Says once that nobody hears the network side of an answered call, and why if that can be known. Before the answer many a
    /// telephone sends nothing.
    fn rtp_missing(&mut self, id: PortId, expected: SocketAddr, refused: Option<Refused>, now: Moment, out: &mut Vec<Action>) {
        let Some(call) = self.ports.get_mut(id.index()).and_then(|port| port.call.as_mut()) else { return };
        let facts = call.facts_mut();
        if facts.answered.is_none() || std::mem::replace(&mut facts.rtp_missing_told, true) {
            return;
        }
        let expected = expected.to_string();
        let (code, args) = match refused {
            None => (NoticeCode::RtpMissing, vec![("expected", expected.clone())]),
            Some(Refused { source, why: RtpRefusal::OtherHost }) => {
                (NoticeCode::RtpRefused, vec![("expected", expected.clone()), ("source", source.to_string())])
            }
            Some(Refused { source, why: RtpRefusal::NotSealed }) => (NoticeCode::RtpNotSealed, vec![("source", source.to_string())]),
        };
        let not_sealed = refused.is_some_and(|refused| refused.why == RtpRefusal::NotSealed);
        let refused = refused.map(|refused| refused.source.to_string());
        self.mark(id, MarkKind::RtpMissing { expected, refused, not_sealed }, now, out);
        out.push(self.notice(Severity::Warning, code, Some(id), &args, now));
    }

    pub(super) fn line_report(&mut self, id: PortId, report: LineReport, now: Moment, out: &mut Vec<Action>) {
        match report {
            LineReport::Ringing => self.rings(id, now, out),
            LineReport::State(state) => self.line_state_changed(id, state, now, out),
            LineReport::StuckOffHook => {
                out.push(self.notice(Severity::Alarm, NoticeCode::StuckOffHook, Some(id), &[], now));
                self.call_event(id, CallEvent::Line(report), now, out);
            }
            other @ (LineReport::Caller(_)
            | LineReport::RingingEnded
            | LineReport::Seized
            | LineReport::SeizeFailed(_)
            | LineReport::Dialed
            | LineReport::Progress(_)
            | LineReport::HungUp(_)
            | LineReport::Released
            | LineReport::Available) => self.call_event(id, CallEvent::Line(other), now, out),
        }
    }

    /// A valid ring began: a call, unless FXO→SIP is off, in which case nothing at all goes out.
    fn rings(&mut self, id: PortId, now: Moment, out: &mut Vec<Action>) {
        // Only a line on hook rings, and a caller is worth more than a test.
        if let Some(Port { call: Some(Call::LineTest(_)), .. }) = self.ports.get(id.index()) {
            self.call_event(id, CallEvent::End(EndCause::Glare), now, out);
        }
        let Some(port) = self.ports.get(id.index()) else { return };
        if port.call.is_some() || self.takes_no_calls() || id.index() >= self.settings.ports.len() {
            return;
        }
        if !port.settings.fxo_to_sip {
            if let Action::Notice(mut notice) = self.notice(Severity::Info, NoticeCode::RingIgnored, Some(id), &[], now) {
                notice.setting = Some(format!("ports[{}].fxo_to_sip", id.0));
                out.push(Action::Notice(notice));
            }
            return;
        }
        out.push(self.notice(Severity::Info, NoticeCode::Ringing, Some(id), &[], now));
        let local = self.local_media(id);
        let audio = Audio::new(local, &mut self.rng);
        let timeline = self.ports[id.index()].seen.timeline_of_ring(now);
        let facts = CallFacts { timeline, ..facts(&mut self.rng, id, CallDirection::FxoToSip, String::new(), String::new(), now) };
        self.ports[id.index()].call = Some(Call::ToSip(ToSip::begin(facts, audio)));
    }

    fn line_state_changed(&mut self, id: PortId, state: LineState, now: Moment, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let ear = port.wanted_ear();
        if port.ear != ear {
            port.ear = ear;
            out.push(Action::Media { port: id, command: MediaCommand::Listen(ear) });
        }
        match state {
            LineState::NoBattery if port.had_battery == Some(true) => {
                port.had_battery = Some(false);
                out.push(self.notice(Severity::Warning, NoticeCode::LineDisconnected, Some(id), &[], now));
            }
            LineState::Idle => {
                if port.had_battery.replace(true) == Some(false) {
                    out.push(self.notice(Severity::Info, NoticeCode::LineConnected, Some(id), &[], now));
                }
            }
            LineState::Absent => port.had_battery = None,
            LineState::InUse => out.push(self.notice(Severity::Info, NoticeCode::ParallelPhone, Some(id), &[], now)),
            LineState::NoBattery
            | LineState::Ringing
            | LineState::Seizing
            | LineState::OffHook
            | LineState::Releasing
            | LineState::Guard
            | LineState::OutOfService
            | LineState::Fault => {}
        }
    }
}
