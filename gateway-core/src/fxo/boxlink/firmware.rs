//! The side of the box, as the simulated box runs it: a reference for real firmware.
//!
//! The box is the clock of the sound, times flashes and pulses itself, and lets go of every line when the host falls silent.

mod port;
mod signal;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::port::BoxPort;
use self::signal::Signal;
use super::frame::{Class, DELIMITER, Deframer, MAJOR, MAX_DECODED, Packet, WHOLE_BOX};
use super::message::{
    AudioFormats, BoxEvent, Capabilities, Hello, HookCause, HookPosition, LineStatus, MessageError, Period, Request, Response,
    ResponseBody, SoundPacket, Status, UacChannel,
};
use crate::config::PortId;
use crate::dsp::Frame;
use crate::fxo::{Identity, LineEvent};
use crate::time::{Moment, earliest};

/// Without a valid packet for this long, every line is released.
pub const WATCHDOG: Duration = Duration::from_secs(5);

/// Least voltage on which a line is taken, in mV.
const BATTERY_MIN_MV: u32 = 3_000;

/// What a simulated box says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoxIdentity {
    /// Model, serial number, version and number of ports (at most 254).
    pub identity: Identity,
    /// Optional abilities.
    pub capabilities: Capabilities,
    /// Codings of sound.
    pub formats: AudioFormats,
    /// How much sound its packets hold, one of these as the host asks.
    pub periods: &'static [Period],
    /// Its ports are channels of a sound card, each of the channel with its own number.
    pub card: bool,
    /// Another number after each start.
    pub boot_id: u32,
}

/// What the line interface of the box measures.
pub trait Sense {
    /// The electrical state of a line. The box itself knows where its hook relay is: `off_hook` is ignored.
    fn line_status(&self, port: PortId) -> LineStatus;
}

/// What the box does.
#[derive(Clone, Debug, PartialEq)]
pub enum FirmwareOutput {
    /// Bytes for the host.
    Write(Vec<u8>),
    /// The hook relay moved: true closed (off hook).
    Relay(PortId, bool),
    /// 20 ms for the line.
    Sounded(PortId, Frame),
    /// 20 ms of the line are due: give them to [`Firmware::heard`].
    FrameDue(PortId),
}

/// The box.
#[derive(Debug)]
pub struct Firmware {
    about: BoxIdentity,
    started: Moment,
    deframer: Deframer,
    /// When the host was last heard.
    heard: Moment,
    /// The watchdog let go of the lines, and the host does not know.
    tripped: bool,
    ports: Vec<BoxPort>,
    whole_events: u8,
}

impl Firmware {
    /// A box that starts now.
    #[must_use]
    pub fn new(about: BoxIdentity, now: Moment) -> Self {
        let count = about.identity.ports.min(u16::from(WHOLE_BOX) - 1);
        Firmware {
            about,
            started: now,
            deframer: Deframer::new(),
            heard: now,
            tripped: false,
            ports: (0..count).map(|_| BoxPort::default()).collect(),
            whole_events: 0,
        }
    }

    /// Power off and on again, under another `boot_id`.
    pub fn reboot(&mut self, boot_id: u32, now: Moment, out: &mut Vec<FirmwareOutput>) {
        for (index, port) in self.ports.iter().enumerate() {
            if port.relay_closed() {
                out.push(FirmwareOutput::Relay(port_id(index), false));
            }
        }
        *self = Firmware::new(BoxIdentity { boot_id, ..self.about.clone() }, now);
    }

    /// It has sound of these periods only from now on.
    #[cfg(test)]
    pub(crate) fn only(&mut self, periods: &'static [Period]) {
        self.about.periods = periods;
    }

    /// Whether the host holds this line off hook.
    #[must_use]
    pub fn is_off_hook(&self, port: PortId) -> bool {
        self.ports.get(port.index()).is_some_and(|port| port.off_hook)
    }

    /// Bytes from the host.
    pub fn receive(&mut self, bytes: &[u8], lines: &dyn Sense, now: Moment, out: &mut Vec<FirmwareOutput>) {
        let mut packets = Vec::new();
        self.deframer.push(bytes, &mut packets);
        for packet in packets {
            self.heard = now;
            if std::mem::take(&mut self.tripped) {
                self.whole_event(&BoxEvent::WatchdogTripped, out);
            }
            match packet.class {
                Class::Request => self.request(packet, lines, now, out),
                Class::Audio => self.sound(&packet, out),
                Class::Response | Class::Event | Class::Log => {}
            }
        }
    }

    /// What the line interface noticed on a line.
    pub fn report(&mut self, port: PortId, event: &LineEvent, now: Moment, out: &mut Vec<FirmwareOutput>) {
        let at_ms = self.uptime_ms(now);
        let event = match event {
            LineEvent::BatteryUp { millivolts } => BoxEvent::LineUp { millivolts: millivolts.unwrap_or_default() },
            LineEvent::BatteryDown => BoxEvent::LineDown,
            LineEvent::RingOn { frequency_hz } => BoxEvent::RingOn { at_ms, frequency_hz: *frequency_hz },
            LineEvent::RingOff { on } => BoxEvent::RingOff { at_ms, on_ms: short_ms(*on) },
            LineEvent::Polarity { forward } => BoxEvent::Polarity { forward: *forward },
            LineEvent::LoopOpened => BoxEvent::LoopOpened,
            LineEvent::LoopInterruption { duration } => BoxEvent::LoopInterruption { ms: short_ms(*duration) },
            LineEvent::ExtensionPickup => BoxEvent::ExtensionPickup,
            LineEvent::ExtensionRelease => BoxEvent::ExtensionRelease,
            LineEvent::CallerId(caller) => BoxEvent::CallerId(caller.clone()),
            LineEvent::Tone(tone) => BoxEvent::Tone { tone: tone.tone, cycles: u8::try_from(tone.cycles).unwrap_or(u8::MAX) },
            // The box tells these from its own knowledge.
            LineEvent::Hook { .. } | LineEvent::Measured { .. } | LineEvent::SignalDone | LineEvent::CommandFailed { .. } => return,
        };
        self.event(port.index(), &event, out);
    }

    /// 20 ms of a line, asked for by [`FirmwareOutput::FrameDue`].
    pub fn heard(&mut self, port: PortId, frame: &Frame, out: &mut Vec<FirmwareOutput>) {
        let index = port.index();
        let Some((port, number)) = self.ports.get_mut(index).zip(u8::try_from(index).ok()) else { return };
        if let Some(packet) = port.sound_packet(number, frame) {
            out.push(FirmwareOutput::Write(packet.to_wire()));
        }
    }

    /// When [`Firmware::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let ports = self.ports.iter().map(BoxPort::deadline).fold(None, earliest);
        let watched = self.ports.iter().any(|port| port.off_hook || port.is_sounding());
        earliest(ports, watched.then(|| self.heard + WATCHDOG))
    }

    /// Sound, signals and the watchdog, as far as they are due.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<FirmwareOutput>) {
        if now - self.heard >= WATCHDOG {
            self.trip(out);
        }
        for index in 0..self.ports.len() {
            self.advance_signal(index, now, out);
            let Some((port, number)) = self.ports.get_mut(index).zip(u8::try_from(index).ok()) else { continue };
            while port.take_due(now) {
                out.push(match port.half_packet(number) {
                    Some(packet) => FirmwareOutput::Write(packet.to_wire()),
                    None => FirmwareOutput::FrameDue(port_id(index)),
                });
            }
        }
    }

    /// The host is gone, perhaps asleep: no line stays seized and no sound is sent to nobody.
    fn trip(&mut self, out: &mut Vec<FirmwareOutput>) {
        for index in 0..self.ports.len() {
            let Some(port) = self.ports.get_mut(index) else { continue };
            self.tripped |= port.off_hook || port.is_sounding();
            port.stop_sound();
            self.move_hook(index, false, HookCause::Device, out);
        }
    }

    fn move_hook(&mut self, index: usize, off_hook: bool, cause: HookCause, out: &mut Vec<FirmwareOutput>) {
        let Some(port) = self.ports.get_mut(index) else { return };
        let was_closed = port.relay_closed();
        let was_off_hook = std::mem::replace(&mut port.off_hook, off_hook);
        port.signal = None;
        if was_closed != off_hook {
            out.push(FirmwareOutput::Relay(port_id(index), off_hook));
        }
        if was_off_hook != off_hook {
            self.event(index, &BoxEvent::Hook { off_hook, cause }, out);
        }
    }

    fn advance_signal(&mut self, index: usize, now: Moment, out: &mut Vec<FirmwareOutput>) {
        let Some(port) = self.ports.get_mut(index) else { return };
        let Some((request, signal)) = &mut port.signal else { return };
        let done = signal.advance(now, |closed| out.push(FirmwareOutput::Relay(port_id(index), closed)));
        if done {
            let request = request.clone();
            port.signal = None;
            self.answer(request, &Response::plain(Status::Ok), out);
        }
    }

    fn request(&mut self, packet: Packet, lines: &dyn Sense, now: Moment, out: &mut Vec<FirmwareOutput>) {
        let request = Request::decode(packet.op, &packet.payload);
        if packet.port == WHOLE_BOX {
            let response = match request {
                Ok(request) => self.whole_request(&request, now),
                Err(error) => Response::plain(refusal(error)),
            };
            return self.answer(packet, &response, out);
        }
        let index = usize::from(packet.port);
        let Some(port) = self.ports.get(index) else {
            return self.answer(packet, &Response::plain(Status::NoLine), out);
        };
        if let Some(wire) = port.answered_before(&packet) {
            return out.push(FirmwareOutput::Write(wire));
        }
        if port.signal.as_ref().is_some_and(|(running, _)| *running == packet) {
            return;
        }
        let response = match request {
            Ok(request) => self.port_request(index, &request, &packet, lines, now, out),
            Err(error) => Some(Response::plain(refusal(error))),
        };
        if let Some(response) = response {
            self.answer(packet, &response, out);
        }
    }

    fn whole_request(&mut self, request: &Request, now: Moment) -> Response {
        let body = match request {
            Request::Hello { major, .. } if *major == MAJOR => {
                // A new conversation: its sequence numbers have nothing to do with those of the last one.
                for port in &mut self.ports {
                    port.forget_answer();
                }
                ResponseBody::Hello(self.hello(now))
            }
            Request::Hello { .. } => return Response::plain(Status::BadArgument),
            Request::Ping => ResponseBody::Ping { uptime_ms: self.uptime_ms(now) },
            Request::GetUacMap if self.about.card => ResponseBody::UacMap(self.channels()),
            Request::GetUacMap => return Response::plain(Status::UnknownOperation),
            Request::SetCountry { .. } => ResponseBody::Plain,
            Request::SetDaa { .. }
            | Request::Hook(_)
            | Request::Flash { .. }
            | Request::DialPulse { .. }
            | Request::Tones(_)
            | Request::Gain { .. }
            | Request::Audio { .. }
            | Request::Line
            | Request::Reset => return Response::plain(Status::BadArgument),
        };
        Response { status: Status::Ok, body }
    }

    fn channels(&self) -> Vec<UacChannel> {
        let number = |index| u8::try_from(index).unwrap_or(u8::MAX);
        (0..self.ports.len()).map(|index| UacChannel { port: number(index), channel: number(index) }).collect()
    }

    fn hello(&self, now: Moment) -> Hello {
        let identity = self.about.identity.clone();
        Hello {
            major: MAJOR,
            minor: 0,
            ports: u8::try_from(self.ports.len()).unwrap_or(0),
            capabilities: self.about.capabilities,
            audio_in_band: self.about.formats.0 != 0,
            audio_uac: self.about.card,
            formats: self.about.formats,
            max_frame: u16::try_from(MAX_DECODED).unwrap_or(0),
            boot_id: self.about.boot_id,
            uptime_ms: self.uptime_ms(now),
            model: identity.model,
            serial: identity.serial,
            firmware: identity.firmware,
        }
    }

    /// Carries out the request of a port; `None` when the answer comes later.
    fn port_request(
        &mut self,
        index: usize,
        request: &Request,
        packet: &Packet,
        lines: &dyn Sense,
        now: Moment,
        out: &mut Vec<FirmwareOutput>,
    ) -> Option<Response> {
        let port = self.ports.get_mut(index)?;
        let status = match request {
            Request::Hook(HookPosition::On | HookPosition::OnListening) => {
                self.move_hook(index, false, HookCause::Host, out);
                Status::Ok
            }
            Request::Hook(HookPosition::Off) if port.signal.is_some() => Status::Busy,
            Request::Hook(HookPosition::Off) => {
                let live = lines.line_status(port_id(index)).millivolts.unsigned_abs() >= BATTERY_MIN_MV;
                if live || port.off_hook {
                    self.move_hook(index, true, HookCause::Host, out);
                    Status::Ok
                } else {
                    Status::NoLine
                }
            }
            Request::Flash { .. } | Request::DialPulse { .. } if port.signal.is_some() => Status::Busy,
            Request::Flash { .. } | Request::DialPulse { .. } if !port.off_hook => Status::BadState,
            Request::Flash { ms } => return self.signal(index, Signal::flash(*ms, now), packet, now, out),
            Request::DialPulse { make_pct, pps, digits } => match Signal::pulses(*make_pct, *pps, digits, now) {
                Some(signal) => return self.signal(index, signal, packet, now, out),
                None => Status::BadArgument,
            },
            Request::Audio { run, format, frame_ms } => {
                let period = Period::of_ms(*frame_ms).filter(|period| self.about.periods.contains(period));
                match period.filter(|_| self.about.formats.contains(*format)) {
                    _ if !run => {
                        port.stop_sound();
                        Status::Ok
                    }
                    Some(period) => {
                        port.start_sound(*format, period, now);
                        Status::Ok
                    }
                    None => Status::BadArgument,
                }
            }
            Request::Line => {
                let line = LineStatus { off_hook: port.off_hook, ..lines.line_status(port_id(index)) };
                return Some(Response { status: Status::Ok, body: ResponseBody::Line(line) });
            }
            Request::Reset => {
                port.stop_sound();
                self.move_hook(index, false, HookCause::Device, out);
                Status::Ok
            }
            Request::SetCountry { .. } | Request::SetDaa { .. } | Request::Gain { .. } => Status::Ok,
            Request::Hello { .. } | Request::Ping | Request::GetUacMap => Status::BadArgument,
            // Tones are made by the host on this box.
            Request::Tones(_) => Status::UnknownOperation,
        };
        Some(Response::plain(status))
    }

    fn signal(&mut self, index: usize, signal: Signal, packet: &Packet, now: Moment, out: &mut Vec<FirmwareOutput>) -> Option<Response> {
        self.ports.get_mut(index)?.signal = Some((packet.clone(), signal));
        self.advance_signal(index, now, out);
        None
    }

    fn answer(&mut self, request: Packet, response: &Response, out: &mut Vec<FirmwareOutput>) {
        let packet = Packet { class: Class::Response, payload: response.payload(), ..request };
        let wire = packet.to_wire();
        if let Some(port) = self.ports.get_mut(usize::from(request.port)) {
            port.remember_answer(Packet { class: Class::Request, payload: request.payload, ..packet }, wire.clone());
        }
        out.push(FirmwareOutput::Write(wire));
    }

    fn sound(&mut self, packet: &Packet, out: &mut Vec<FirmwareOutput>) {
        let index = usize::from(packet.port);
        let (Some(port), Ok(sound)) = (self.ports.get_mut(index), SoundPacket::decode(packet.op, &packet.payload)) else { return };
        if let Some(frame) = port.play(&sound.samples) {
            out.push(FirmwareOutput::Sounded(port_id(index), frame));
        }
    }

    fn event(&mut self, index: usize, event: &BoxEvent, out: &mut Vec<FirmwareOutput>) {
        let Some((port, number)) = self.ports.get_mut(index).zip(u8::try_from(index).ok()) else { return };
        let seq = port.next_event();
        let packet = Packet { class: Class::Event, port: number, seq, op: event.op(), payload: event.payload() };
        out.push(FirmwareOutput::Write(packet.to_wire()));
    }

    fn whole_event(&mut self, event: &BoxEvent, out: &mut Vec<FirmwareOutput>) {
        let seq = self.whole_events;
        self.whole_events = seq.wrapping_add(1);
        let packet = Packet { class: Class::Event, port: WHOLE_BOX, seq, op: event.op(), payload: event.payload() };
        let mut wire = vec![DELIMITER];
        wire.extend(packet.to_wire());
        out.push(FirmwareOutput::Write(wire));
    }

    /// Milliseconds since the start, wrapping after 49 days.
    fn uptime_ms(&self, now: Moment) -> u32 {
        let [a, b, c, d, ..] = (now.as_millis().saturating_sub(self.started.as_millis())).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

fn refusal(error: MessageError) -> Status {
    match error {
        MessageError::UnknownOperation(_) => Status::UnknownOperation,
        MessageError::Short | MessageError::Value => Status::BadArgument,
    }
}

fn short_ms(duration: Duration) -> u16 {
    u16::try_from(duration.as_millis()).unwrap_or(u16::MAX)
}

fn port_id(index: usize) -> PortId {
    PortId(u16::try_from(index).unwrap_or(u16::MAX))
}
