//! Our side of the box: opens, asks, repeats, pings, and turns packets into line words.

mod channel;
mod mirror;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::channel::{Ask, Channel, Expired};
use self::mirror::Mirror;
use super::frame::{Class, DELIMITER, Deframer, MAJOR, Packet, WHOLE_BOX};
use super::gathering::Gathering;
use super::message::{
    AudioFormat, BoxEvent, Capabilities, Hello, HookPosition, Period, Request, Response, ResponseBody, SoundPacket, Status, UacChannel,
};
use crate::config::PortId;
use crate::config::country::Country;
use crate::dsp::Frame;
use crate::fxo::card::ChannelMap;
use crate::fxo::trace::Dialect;
use crate::fxo::{Device, DeviceOutput, Identity, LineCommand, LineEvent, LinkCounters};
use crate::time::{Moment, earliest};

/// HELLO is repeated this often until the box answers.
const HELLO_EVERY: Duration = Duration::from_millis(500);

/// The box is asked for a sign of life this often.
const PING_EVERY: Duration = Duration::from_secs(1);

/// A box that sent nothing for this long is silent. Its own watchdog has released all lines by then.
const SILENCE: Duration = Duration::from_secs(5);

/// A port that should send sound and did not for this long is told to again.
const AUDIO_MISSED: Duration = Duration::from_secs(1);

/// The part of a pulse during which the loop is closed, in percent, and pulses a second.
const PULSE: (u8, u8) = (33, 10);

/// What a [`BoxDriver`] can be told when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxOptions {
    /// The preferred coding of in-band sound; `None`: no sound at all, as simulated worlds without audio want it.
    pub audio: Option<AudioFormat>,
    /// Take the sound from a sound card although the box may have it in band too.
    pub card: bool,
    /// The country that its lines stand in (ISO 3166 alpha-2), where the box is to be told of it.
    pub country: Option<&'static str>,
}

impl Default for BoxOptions {
    fn default() -> Self {
        BoxOptions { audio: Some(AudioFormat::Ulaw), card: false, country: None }
    }
}

/// The driver of a box that speaks FXLP/1.
#[derive(Debug)]
pub struct BoxDriver {
    options: BoxOptions,
    link: Link,
    deframer: Deframer,
    whole: Channel,
    whole_events: Counted,
    ports: Vec<Port>,
    /// What is known of the box since it first answered.
    peer: Option<Peer>,
    /// It answered, and is told of once the card with its sound is open.
    awaits_card: Option<Identity>,
    counters: LinkCounters,
}

/// How far the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// Not opened.
    Closed,
    /// Asking who is there.
    Greeting { next_hello: Moment, told_silent: bool },
    /// Answered.
    Up { heard: Moment, next_ping: Moment },
}

#[derive(Clone, Debug)]
struct Peer {
    boot_id: u32,
    uptime_ms: u32,
    capabilities: Capabilities,
    /// How its sound comes in band; `None` where it does not.
    format: Option<AudioFormat>,
    /// How much of it a packet holds.
    period: Period,
}

#[derive(Debug)]
struct Port {
    channel: Channel,
    mirror: Mirror,
    events: Counted,
    sound: Counted,
    sound_heard: Moment,
    gathering: Gathering,
    /// Sequence number and timestamp of the sound that we send.
    sent: (u8, u32),
    /// The line was queried since the box came up.
    synced: bool,
}

impl Port {
    fn new(now: Moment) -> Self {
        Port {
            channel: Channel::default(),
            mirror: Mirror::default(),
            events: Counted::default(),
            sound: Counted::default(),
            sound_heard: now,
            gathering: Gathering::default(),
            sent: (0, 0),
            synced: false,
        }
    }
}

/// The running counter of one class and port.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    last: Option<u8>,
}

/// What a running counter says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sequel {
    /// The next one, after `lost` that never came.
    After { lost: u32 },
    /// The same one again.
    Duplicate,
}

impl Counted {
    fn take(&mut self, seq: u8) -> Sequel {
        match self.last.replace(seq).map(|last| seq.wrapping_sub(last)) {
            Some(0) => Sequel::Duplicate,
            Some(step) => Sequel::After { lost: u32::from(step) - 1 },
            None => Sequel::After { lost: 0 },
        }
    }
}

impl BoxDriver {
    /// A driver that was not opened yet.
    #[must_use]
    pub fn new(options: BoxOptions) -> Self {
        BoxDriver {
            options,
            link: Link::Closed,
            deframer: Deframer::new(),
            whole: Channel::default(),
            whole_events: Counted::default(),
            ports: Vec::new(),
            peer: None,
            awaits_card: None,
            counters: LinkCounters::default(),
        }
    }

    fn greet(&mut self, told_silent: bool, now: Moment, out: &mut Vec<DeviceOutput>) {
        self.link = Link::Greeting { next_hello: now + HELLO_EVERY, told_silent };
        self.whole.clear();
        for port in &mut self.ports {
            port.channel.clear();
        }
        let hello = self.whole.packet(WHOLE_BOX, &Request::Hello { major: MAJOR, minor: 0 });
        let mut wire = vec![DELIMITER, DELIMITER];
        wire.extend(hello.to_wire());
        out.push(DeviceOutput::Write(wire));
    }

    fn packet(&mut self, packet: &Packet, now: Moment, out: &mut Vec<DeviceOutput>) {
        match &mut self.link {
            Link::Closed => return,
            Link::Greeting { .. } => {
                if packet.class == Class::Response && packet.port == WHOLE_BOX {
                    self.greeted(packet, now, out);
                }
                return;
            }
            Link::Up { heard, .. } => *heard = now,
        }
        match packet.class {
            Class::Response => self.response(packet, now, out),
            Class::Event => self.event(packet, now, out),
            Class::Audio => self.sound(packet, now, out),
            Class::Log => {}
            Class::Request => self.malformed(),
        }
    }

    fn malformed(&mut self) {
        self.counters.malformed = self.counters.malformed.saturating_add(1);
    }

    /// The answer to HELLO, while we wait for it.
    fn greeted(&mut self, packet: &Packet, now: Moment, out: &mut Vec<DeviceOutput>) {
        let request = Request::Hello { major: MAJOR, minor: 0 };
        if packet.op != request.op() {
            return;
        }
        let hello = match Response::decode(&request, &packet.payload) {
            Ok(Response { body: ResponseBody::Hello(hello), .. }) if hello.major == MAJOR => hello,
            Ok(_) | Err(_) => return self.malformed(),
        };
        let told_silent = matches!(self.link, Link::Greeting { told_silent: true, .. });
        let known = self.peer.take();
        let rebooted = known.as_ref().is_some_and(|peer| peer.boot_id != hello.boot_id);
        self.link = Link::Up { heard: now, next_ping: now + PING_EVERY };
        let on_card = self.options.audio.is_some() && hello.audio_uac && (self.options.card || !hello.audio_in_band);
        self.peer = Some(Peer {
            boot_id: hello.boot_id,
            uptime_ms: hello.uptime_ms,
            capabilities: hello.capabilities,
            format: self.options.audio.filter(|_| hello.audio_in_band && !on_card).and_then(|wanted| hello.formats.choose(wanted)),
            period: Period::default(),
        });
        if rebooted {
            out.push(DeviceOutput::Rebooted);
        }
        self.tell_country(now, out);
        if rebooted || told_silent || known.is_none() {
            self.ports = (0..hello.ports).map(|_| Port::new(now)).collect();
            self.whole_events = Counted::default();
            if on_card {
                self.awaits_card = Some(identity(hello));
                return self.await_card(now, out);
            }
            out.push(DeviceOutput::Up(identity(hello)));
        }
        for index in 0..self.ports.len() {
            self.sync(index, now, out);
        }
    }

    /// Asks where the sound is. Until it flows nobody talks on a line, so that none is held: whoever was here before may have
    /// left one, and our words keep the box from letting go by itself.
    fn await_card(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        if let Ok(Some(wire)) = self.whole.ask(WHOLE_BOX, Ask::own(Request::GetUacMap), now) {
            out.push(DeviceOutput::Write(wire));
        }
        for index in 0..self.ports.len() {
            self.ask(index, Ask::own(self.request_of(LineCommand::Release)), now, out);
        }
    }

    /// The box said which channels of its card are which ports, or that it does not know.
    fn mapped(&self, map: &[UacChannel], out: &mut Vec<DeviceOutput>) {
        let map = map.iter().map(|entry| (PortId(entry.port.into()), entry.channel.into())).collect();
        out.push(DeviceOutput::Card(ChannelMap::of_box(map, u16::try_from(self.ports.len()).unwrap_or(u16::MAX))));
    }

    /// Asks a port for sound and for the state of its line.
    fn sync(&mut self, index: usize, now: Moment, out: &mut Vec<DeviceOutput>) {
        if let Some((format, period)) = self.sound_in_band() {
            self.ask(index, Ask::own(Request::Audio { run: true, format, frame_ms: period.ms() }), now, out);
        }
        self.ask(index, Ask::own(Request::Line), now, out);
    }

    fn sound_in_band(&self) -> Option<(AudioFormat, Period)> {
        self.peer.as_ref().and_then(|peer| Some((peer.format?, peer.period)))
    }

    /// A box without packets of 20 ms may have those of 10 ms.
    fn sound_refused(&mut self, index: usize, frame_ms: u8, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Some(peer) = &mut self.peer else { return };
        if peer.period.ms() == frame_ms {
            peer.period = match peer.period {
                Period::Twenty => Period::Ten,
                Period::Ten => Period::Twenty,
            };
        }
        // What refuses both is asked again by the next tick that misses its sound.
        if frame_ms == Period::Twenty.ms() {
            self.sync(index, now, out);
        }
    }

    fn tell_country(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Some([first, second]) = self.options.country.and_then(|code| <[u8; 2]>::try_from(code.as_bytes()).ok()) else { return };
        let request = Request::SetCountry { iso: u16::from_le_bytes([first, second]) };
        if let Ok(Some(wire)) = self.whole.ask(WHOLE_BOX, Ask::own(request), now) {
            out.push(DeviceOutput::Write(wire));
        }
    }

    fn ask(&mut self, index: usize, ask: Ask, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Some((port, number)) = self.ports.get_mut(index).zip(u8::try_from(index).ok()) else { return };
        match port.channel.ask(number, ask, now) {
            Ok(Some(wire)) => out.push(DeviceOutput::Write(wire)),
            Ok(None) => {}
            Err(refused) => {
                if refused.ordered {
                    fail(index, Status::Busy.code(), out);
                }
            }
        }
    }

    fn response(&mut self, packet: &Packet, now: Moment, out: &mut Vec<DeviceOutput>) {
        if packet.port == WHOLE_BOX {
            let Some(ask) = self.whole.answered(packet) else { return };
            match Response::decode(&ask.request, &packet.payload) {
                Ok(Response { body: ResponseBody::Ping { uptime_ms }, .. }) => self.ponged(uptime_ms, now, out),
                Ok(Response { body: ResponseBody::UacMap(map), .. }) => self.mapped(&map, out),
                Ok(_) if ask.request == Request::GetUacMap => self.mapped(&[], out),
                Ok(_) => {}
                Err(_) => self.malformed(),
            }
            if let Some(wire) = self.whole.next(WHOLE_BOX, now) {
                out.push(DeviceOutput::Write(wire));
            }
            return;
        }
        let index = usize::from(packet.port);
        let Some(ask) = self.ports.get_mut(index).and_then(|port| port.channel.answered(packet)) else { return };
        match Response::decode(&ask.request, &packet.payload) {
            Ok(Response { status: Status::Ok, body }) => self.done(index, &ask.request, &body, now, out),
            Ok(Response { status, .. }) => {
                if ask.ordered {
                    fail(index, status.code(), out);
                }
                if let Request::Audio { run: true, frame_ms, .. } = ask.request {
                    self.sound_refused(index, frame_ms, now, out);
                }
            }
            Err(_) => {
                self.malformed();
                if ask.ordered {
                    fail(index, Status::HardwareFault.code(), out);
                }
            }
        }
        self.next_ask(index, now, out);
    }

    /// A clock that runs backwards is a box that restarted between two pings.
    fn ponged(&mut self, uptime_ms: u32, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Some(peer) = &mut self.peer else { return };
        let restarted = uptime_ms < peer.uptime_ms;
        peer.uptime_ms = uptime_ms;
        if restarted {
            self.greet(false, now, out);
        }
    }

    /// A request of a port was carried out.
    fn done(&mut self, index: usize, request: &Request, body: &ResponseBody, now: Moment, out: &mut Vec<DeviceOutput>) {
        if self.awaits_card.is_some() {
            return;
        }
        let measures = self.peer.as_ref().is_some_and(|peer| peer.capabilities.contains(Capabilities::MEASURE));
        let Some(port) = self.ports.get_mut(index) else { return };
        let mut events = Vec::new();
        match request {
            Request::Hook(position) => {
                port.mirror.ordered(*position == HookPosition::Off, &mut events);
                self.ask(index, Ask::own(Request::Line), now, out);
            }
            Request::Flash { .. } | Request::DialPulse { .. } => events.push(LineEvent::SignalDone),
            Request::Line => {
                port.synced = true;
                if let ResponseBody::Line(line) = body {
                    port.mirror.measured(line, measures, &mut events);
                }
            }
            Request::Reset => {
                port.mirror.forget_hook();
                self.sync(index, now, out);
            }
            Request::Audio { .. }
            | Request::Hello { .. }
            | Request::Ping
            | Request::GetUacMap
            | Request::SetCountry { .. }
            | Request::SetDaa { .. }
            | Request::Tones(_)
            | Request::Gain { .. } => {}
        }
        tell(index, events, out);
    }

    fn next_ask(&mut self, index: usize, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Some((port, number)) = self.ports.get_mut(index).zip(u8::try_from(index).ok()) else { return };
        if let Some(wire) = port.channel.next(number, now) {
            out.push(DeviceOutput::Write(wire));
        }
    }

    fn lost(&mut self, lost: u32) {
        self.counters.lost = self.counters.lost.saturating_add(lost);
    }

    fn event(&mut self, packet: &Packet, now: Moment, out: &mut Vec<DeviceOutput>) {
        let index = usize::from(packet.port);
        let counted = match self.ports.get_mut(index) {
            Some(port) => &mut port.events,
            None if packet.port == WHOLE_BOX => &mut self.whole_events,
            None => return self.malformed(),
        };
        let Sequel::After { lost } = counted.take(packet.seq) else { return };
        self.lost(lost);
        let Ok(event) = BoxEvent::decode(packet.op, &packet.payload) else { return self.malformed() };
        if self.awaits_card.is_some() {
            // Nobody was told of this box yet; how its lines are is asked for when it is up.
            return;
        }
        if event == BoxEvent::WatchdogTripped {
            return self.watchdog_tripped(now, out);
        }
        if let BoxEvent::AudioStats { tx_underrun, rx_overrun, .. } = event {
            self.counters.underruns = self.counters.underruns.saturating_add(tx_underrun.into());
            self.counters.overruns = self.counters.overruns.saturating_add(rx_overrun.into());
        }
        let Some(port) = self.ports.get_mut(index) else { return };
        let mut events = Vec::new();
        port.mirror.event(event, &mut events);
        tell(index, events, out);
        if lost > 0 {
            self.ask(index, Ask::own(Request::Line), now, out);
        }
    }

    /// The box released every line because it did not hear us.
    fn watchdog_tripped(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        for index in 0..self.ports.len() {
            let mut events = Vec::new();
            self.ports[index].mirror.dropped(&mut events);
            tell(index, events, out);
            self.sync(index, now, out);
        }
    }

    fn sound(&mut self, packet: &Packet, now: Moment, out: &mut Vec<DeviceOutput>) {
        let index = usize::from(packet.port);
        let Some(port) = self.ports.get_mut(index) else { return self.malformed() };
        let Sequel::After { lost } = port.sound.take(packet.seq) else { return };
        port.sound_heard = now;
        self.lost(lost);
        let Ok(sound) = SoundPacket::decode(packet.op, &packet.payload) else { return self.malformed() };
        if let Some(frame) = self.ports[index].gathering.take(&sound.samples, lost > 0) {
            out.push(DeviceOutput::Audio(port_id(index), frame));
        }
    }

    /// Once a second: a ping, and another try for what the box owes us.
    fn tick(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        if let Ok(Some(wire)) = self.whole.ask(WHOLE_BOX, Ask::own(Request::Ping), now) {
            out.push(DeviceOutput::Write(wire));
        }
        let sounding = self.peer.as_ref().is_some_and(|peer| peer.format.is_some());
        for index in 0..self.ports.len() {
            let port = &self.ports[index];
            if self.awaits_card.is_none() && !port.synced || (sounding && now - port.sound_heard > AUDIO_MISSED) {
                self.sync(index, now, out);
            }
        }
    }

    fn expire(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        match self.whole.expire(now) {
            Expired::Again(wire) => self.again(wire, out),
            Expired::GivenUp(ask) => {
                self.counters.timeouts = self.counters.timeouts.saturating_add(1);
                if ask.request == Request::GetUacMap {
                    self.mapped(&[], out);
                }
                if let Some(wire) = self.whole.next(WHOLE_BOX, now) {
                    out.push(DeviceOutput::Write(wire));
                }
            }
            Expired::No => {}
        }
        for index in 0..self.ports.len() {
            match self.ports[index].channel.expire(now) {
                Expired::Again(wire) => self.again(wire, out),
                Expired::GivenUp(ask) => {
                    self.counters.timeouts = self.counters.timeouts.saturating_add(1);
                    if ask.ordered {
                        fail(index, LineEvent::NOT_ANSWERED, out);
                    }
                    self.next_ask(index, now, out);
                }
                Expired::No => {}
            }
        }
    }

    fn again(&mut self, wire: Vec<u8>, out: &mut Vec<DeviceOutput>) {
        self.counters.retries = self.counters.retries.saturating_add(1);
        out.push(DeviceOutput::Write(wire));
    }

    fn request_of(&self, command: LineCommand) -> Request {
        let listens = self.peer.as_ref().is_some_and(|peer| peer.capabilities.contains(Capabilities::ON_HOOK_AUDIO));
        match command {
            LineCommand::Seize => Request::Hook(HookPosition::Off),
            LineCommand::Release if listens => Request::Hook(HookPosition::OnListening),
            LineCommand::Release => Request::Hook(HookPosition::On),
            LineCommand::Flash { duration } => Request::Flash { ms: u16::try_from(duration.as_millis()).unwrap_or(u16::MAX) },
            LineCommand::DialPulse { digits } => Request::DialPulse { make_pct: PULSE.0, pps: PULSE.1, digits },
            LineCommand::Measure => Request::Line,
            LineCommand::Reset => Request::Reset,
        }
    }
}

impl Device for BoxDriver {
    fn open(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        self.greet(false, now, out);
    }

    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<DeviceOutput>) {
        let mut packets = Vec::new();
        self.deframer.push(bytes, &mut packets);
        for packet in &packets {
            self.packet(packet, now, out);
        }
    }

    fn command(&mut self, port: PortId, command: LineCommand, now: Moment, out: &mut Vec<DeviceOutput>) {
        let index = port.index();
        if !matches!(self.link, Link::Up { .. }) {
            return fail(index, LineEvent::NOT_ANSWERED, out);
        }
        let request = self.request_of(command);
        let Some(port) = self.ports.get_mut(index) else { return fail(index, Status::NoLine.code(), out) };
        if matches!(request, Request::Hook(_)) {
            port.mirror.forget_hook();
        }
        self.ask(index, Ask::ordered(request), now, out);
    }

    fn card_up(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Some(identity) = self.awaits_card.take() else { return };
        out.push(DeviceOutput::Up(identity));
        for index in 0..self.ports.len() {
            self.sync(index, now, out);
        }
    }

    fn play(&mut self, port: PortId, frame: &Frame, _now: Moment, out: &mut Vec<DeviceOutput>) {
        let index = port.index();
        let Some((format, period)) = self.sound_in_band() else { return };
        let (Link::Up { .. }, Ok(number)) = (self.link, u8::try_from(index)) else { return };
        let Some(port) = self.ports.get_mut(index) else { return };
        for samples in frame.0.chunks(period.samples()) {
            let (seq, timestamp) = port.sent;
            port.sent = (seq.wrapping_add(1), timestamp.wrapping_add(u32::try_from(samples.len()).unwrap_or(0)));
            let payload = SoundPacket { timestamp, samples: samples.to_vec() }.payload(format);
            let packet = Packet { class: Class::Audio, port: number, seq, op: SoundPacket::OP, payload };
            out.push(DeviceOutput::Write(packet.to_wire()));
        }
    }

    fn stand_in(&mut self, country: &Country, now: Moment, out: &mut Vec<DeviceOutput>) -> bool {
        self.options.country = Some(country.code);
        if matches!(self.link, Link::Up { .. }) {
            self.tell_country(now, out);
        }
        true
    }

    fn deadline(&self) -> Option<Moment> {
        match self.link {
            Link::Closed => None,
            Link::Greeting { next_hello, .. } => Some(next_hello),
            Link::Up { heard, next_ping } => {
                let asked = self.ports.iter().map(|port| port.channel.deadline()).fold(self.whole.deadline(), earliest);
                earliest(asked, Some(next_ping.min(heard + SILENCE)))
            }
        }
    }

    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        match &mut self.link {
            Link::Closed => {}
            Link::Greeting { next_hello, told_silent } => {
                if *next_hello <= now {
                    let told_silent = *told_silent;
                    self.greet(told_silent, now, out);
                }
            }
            Link::Up { heard, next_ping } => {
                if now - *heard >= SILENCE {
                    out.push(DeviceOutput::Silent);
                    return self.greet(true, now, out);
                }
                let ping = *next_ping <= now;
                if ping {
                    *next_ping = now + PING_EVERY;
                }
                self.expire(now, out);
                if ping {
                    self.tick(now, out);
                }
            }
        }
    }

    fn dialect(&self) -> Dialect {
        Dialect::Boxlink
    }

    fn counters(&self) -> LinkCounters {
        LinkCounters {
            crc_errors: self.deframer.crc_errors,
            malformed: self.counters.malformed.saturating_add(self.deframer.malformed),
            ..self.counters
        }
    }
}

fn identity(hello: Hello) -> Identity {
    Identity { model: hello.model, serial: hello.serial, firmware: hello.firmware, ports: u16::from(hello.ports) }
}

fn port_id(index: usize) -> PortId {
    PortId(u16::try_from(index).unwrap_or(u16::MAX))
}

fn tell(index: usize, events: Vec<LineEvent>, out: &mut Vec<DeviceOutput>) {
    out.extend(events.into_iter().map(|event| DeviceOutput::Line(port_id(index), event)));
}

fn fail(index: usize, status: u8, out: &mut Vec<DeviceOutput>) {
    tell(index, vec![LineEvent::CommandFailed { status }], out);
}
