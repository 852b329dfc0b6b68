//! The channel of one port: who hears what, and what comes of it.

use std::net::SocketAddr;

use super::analyser::Analyser;
use super::ear::LineEar;
use super::echo::Echo;
use super::last_sound::LastSound;
use super::probe::Probe;
use super::session::{Content, Session};
use super::to_line::ToLine;
use super::to_net::ToNet;
use super::waiting_caller::WaitingCaller;
use super::watch::Watch;
use super::{CallSound, Ear, MediaCommand, MediaConfig, MediaEvent, MediaOutput, MediaPlan, Meter};
use crate::config::settings::DtmfToSip;
use crate::dsp::Frame;
use crate::dsp::level::{SILENCE_DBM0, dbm0_of};
use crate::rtp::event::{self, Heard, Payload};
use crate::sdp::Direction;
use crate::time::Moment;

/// Frames from one meter event to the next: 200 ms.
const METER_FRAMES: u8 = 10;

/// While an event goes on, audio is left out for this much beyond what its packets have told: 50 ms.
const EVENT_GOES_ON_SAMPLES: u32 = 400;

/// After an event, audio is left out for this much more: 20 ms.
const EVENT_IS_OVER_SAMPLES: u32 = 160;

/// The audio plane of one port.
///
/// The box is its clock: every 20 ms the port calls [`Channel::line_frame`] with what was heard on the line and
/// [`Channel::to_line`] for what is to be heard there, in either order. Packets are handed in as they come. All timeouts are
/// looked at on line frames, so there is no deadline of its own.
///
/// Delays: line to RTP 20 ms for the frame, and 20 ms more where digits are taken out of the audio (not when they stay in
/// band); RTP to line 5 ms at first, 200 ms at most ([`crate::rtp::jitter`]).
#[derive(Debug)]
pub struct Channel {
    config: MediaConfig,
    ear: LineEar,
    echo: Echo,
    to_net: ToNet,
    to_line: ToLine,
    session: Option<Session>,
    events: event::Receiver,
    watch: Watch,
    probe: Probe,
    waiting_caller: WaitingCaller,
    last_sound: LastSound,
    analyser: Analyser,
    rx_dbm0: f32,
    tx_dbm0: f32,
    frames_to_meter: u8,
}

impl Channel {
    /// A channel that listens to nothing and is attached to nobody. All memory it works with is taken now.
    #[must_use]
    pub fn new(config: MediaConfig) -> Self {
        Channel {
            ear: LineEar::new(&config),
            echo: Echo::new(&config),
            to_net: ToNet::new(),
            to_line: ToLine::new(config.dtmf_on, config.dtmf_off),
            session: None,
            events: event::Receiver::default(),
            watch: Watch::new(&config),
            probe: Probe::new(),
            waiting_caller: WaitingCaller::new(),
            last_sound: LastSound::new(),
            analyser: Analyser::new(),
            rx_dbm0: SILENCE_DBM0,
            tx_dbm0: SILENCE_DBM0,
            frames_to_meter: METER_FRAMES,
            config,
        }
    }

    /// Carries out an order of the gateway.
    pub fn command(&mut self, command: MediaCommand, now: Moment, out: &mut Vec<MediaOutput>) {
        match command {
            MediaCommand::Configure(config) => self.configure(*config),
            MediaCommand::Listen(ear) => {
                // What was on a line belongs to whoever had it off hook. A cable that is pulled out ends a call, whose sound is still
                // to be taken.
                if ear != Ear::Closed && ear != self.ear.listens_to() {
                    self.last_sound.forget();
                }
                self.ear.listen(ear);
                self.to_net.forget_digit();
                self.watch.restart_silence();
                self.probe.stop();
                self.waiting_caller.reset();
            }
            MediaCommand::Attach(plan) => self.attach(*plan, now, out),
            MediaCommand::Detach => self.detach(now, out),
            MediaCommand::Dial(digits) => self.to_line.dial(&digits),
            MediaCommand::Digit { digit, duration } => self.to_line.digit(digit, duration, now),
            MediaCommand::TestSound(test) => self.probe.start(test),
            MediaCommand::Analyse => self.analyser.watch(),
            MediaCommand::Quiet => {
                self.to_line.quiet();
                self.probe.stop();
            }
            MediaCommand::TakeSound { call } => {
                let alaw = self.last_sound.take();
                out.extend((!alaw.is_empty()).then_some(MediaOutput::Sound(CallSound { call, alaw })));
            }
        }
    }

    /// Takes the 20 ms that were heard on the line.
    pub fn line_frame(&mut self, frame: &Frame, now: Moment, out: &mut Vec<MediaOutput>) {
        self.rx_dbm0 = dbm0_of(&frame.0);
        self.watch.heard_on_line(frame);
        if self.ear.listens_to() == Ear::OffHook {
            self.last_sound.hear(frame, self.rx_dbm0);
        }
        self.ear.hear(frame, self.rx_dbm0, &self.echo, now, out);
        let analysis = self.analyser.hear(frame, now, || self.ear.belief(&self.echo, now));
        out.extend(analysis.map(|analysis| MediaOutput::Event(MediaEvent::Analysis(analysis))));
        let tested = self.probe.hear(frame, &self.config.tones.dial.frequencies_hz);
        out.extend(tested.map(|result| MediaOutput::Event(MediaEvent::SoundTested(result))));
        let are_apart = self.ask_who_waits(frame, out);
        if let Some(session) = &mut self.session {
            let to_line = &mut self.to_line;
            self.events.timeout(now, |heard| on_telephone_event(heard, to_line, now, out));
            let frame = if are_apart { &Frame::SILENCE } else { frame };
            self.to_net.frame(frame, self.ear.findings(), session, out);
            session.report_if_due(now, out);
        }
        self.watch_over(now, out);
        if self.to_line.take_dialed() {
            self.ear.dialed();
            out.push(MediaOutput::Event(MediaEvent::Dialed));
        }
        self.tell_meter(out);
    }

    /// Takes a datagram that came to the RTP port. What is no RTP, or from a host that is not the peer's, is dropped.
    pub fn packet(&mut self, bytes: &[u8], source: SocketAddr, now: Moment, out: &mut Vec<MediaOutput>) {
        let Some(session) = &mut self.session else { return };
        let Some(packet) = session.admit(bytes, source, now) else { return };
        self.watch.rtp(now);
        if packet.first {
            out.push(MediaOutput::Event(MediaEvent::RtpStarted { from: source }));
        }
        let to_line = &mut self.to_line;
        if packet.new_source {
            self.events.reset(|heard| on_telephone_event(heard, to_line, now, out));
        }
        if !session.receives() {
            return;
        }
        let header = packet.header;
        match packet.content {
            Content::Audio(codec) => to_line.audio(header.ssrc, header.timestamp, codec, &packet.payload, now),
            Content::TelephoneEvent => {
                if let Ok(payload) = Payload::read(&packet.payload) {
                    self.events.packet(header.timestamp, payload, now, |heard| on_telephone_event(heard, to_line, now, out));
                }
            }
            Content::Other => {}
        }
    }

    /// Takes a datagram that came to the RTCP port. Nothing comes of it but the next report.
    pub fn rtcp(&mut self, bytes: &[u8], source: SocketAddr, now: Moment, _out: &mut Vec<MediaOutput>) {
        if let Some(session) = &mut self.session {
            session.admit_rtcp(bytes, source, now);
        }
    }

    /// The next 20 ms to be heard on the line: a signal that measures it, else the question who waits, else dialled digits, else digits of
    /// the call, else its audio.
    pub fn to_line(&mut self, now: Moment) -> Frame {
        let mut frame = if self.waiting_caller.is_asking() {
            self.to_line.wait(now);
            self.waiting_caller.frame()
        } else {
            self.to_line.frame(now)
        };
        if self.config.waiting_caller_id {
            self.waiting_caller.put_on_line(&frame);
        }
        self.probe.play(&mut frame);
        self.watch.put_on_line(&frame);
        self.tx_dbm0 = self.echo.outgoing(&frame, now);
        frame
    }

    /// Live numbers.
    #[must_use]
    pub fn meter(&self) -> Meter {
        let (sent, received, lost, jitter_ms) = self.session.as_ref().map_or((0, 0, 0, 0.0), Session::counts);
        let (peer_lost, round_trip_ms) = self.session.as_ref().map_or((None, None), Session::told);
        let (rx_dbm0, tx_dbm0, buffer_ms) = (self.rx_dbm0, self.tx_dbm0, self.to_line.buffer_ms());
        Meter { rx_dbm0, tx_dbm0, sent, received, lost, jitter_ms, buffer_ms, peer_lost, round_trip_ms }
    }

    fn configure(&mut self, config: MediaConfig) {
        if config.tones != self.config.tones || config.category_digit != self.config.category_digit {
            self.ear.retune(&config);
            self.echo.retune(&config);
        }
        self.to_line.set_timing(config.dtmf_on, config.dtmf_off);
        self.watch.configure(&config);
        if !config.waiting_caller_id {
            self.waiting_caller.reset();
        }
        self.config = config;
        self.choose_digits();
    }

    fn attach(&mut self, plan: MediaPlan, now: Moment, out: &mut Vec<MediaOutput>) {
        match &mut self.session {
            Some(session) if session.plan().ssrc == plan.ssrc => {
                if session.change(plan) {
                    self.to_line.drop_audio();
                    self.watch.rtp_is_due(now);
                }
                if !session.receives() {
                    self.to_line.drop_audio();
                    self.to_line.release();
                }
            }
            _ => {
                self.detach(now, out);
                self.session = Some(Session::new(plan, now));
                self.watch.rtp_is_due(now);
                self.watch.restart_silence();
            }
        }
        self.choose_digits();
    }

    fn detach(&mut self, now: Moment, out: &mut Vec<MediaOutput>) {
        if let Some(mut session) = self.session.take() {
            session.bye(now, out);
            self.forget_call();
        }
    }

    /// While a line is off hook and attached; tells whether the network hears nothing of this frame.
    fn ask_who_waits(&mut self, frame: &Frame, out: &mut Vec<MediaOutput>) -> bool {
        let was_asking = self.waiting_caller.is_asking();
        if self.config.waiting_caller_id && self.session.is_some() && self.ear.listens_to() == Ear::OffHook {
            let told = self.waiting_caller.hear(frame, self.to_line.has_digits());
            out.extend(told.map(|burst| MediaOutput::Event(MediaEvent::WaitingCaller(burst.map(Box::new)))));
        }
        was_asking || self.waiting_caller.is_asking()
    }

    fn forget_call(&mut self) {
        self.waiting_caller.reset();
        self.to_net.reset();
        self.to_line.detach();
        self.events = event::Receiver::default();
    }

    /// Without an agreed telephone-event the digits stay in the audio, where the peer can still find them.
    fn choose_digits(&mut self) {
        let agreed_events = self.session.as_ref().is_none_or(|session| session.plan().agreed.telephone_event.is_some());
        self.to_net.set_digits(match self.config.dtmf_to_sip {
            DtmfToSip::Rfc4733 if !agreed_events => DtmfToSip::InBand,
            chosen @ (DtmfToSip::Rfc4733 | DtmfToSip::Info | DtmfToSip::InBand) => chosen,
        });
    }

    /// Hold is neither loss nor silence: both are watched only while media flows both ways.
    fn watch_over(&mut self, now: Moment, out: &mut Vec<MediaOutput>) {
        let both_ways = self.session.as_ref().is_some_and(|session| session.plan().agreed.direction == Direction::Sendrecv);
        if both_ways {
            let missing = self.session.as_ref().and_then(Session::missing).filter(|_| self.watch.rtp_is_late(now));
            out.extend(missing.map(|(expected, refused)| MediaOutput::Event(MediaEvent::RtpMissing { expected, refused })));
            out.extend(self.watch.rtp_lost(now).map(MediaOutput::Event));
        } else {
            self.watch.rtp_is_due(now);
        }
        if both_ways && self.ear.listens_to() == Ear::OffHook {
            out.extend(self.watch.silence().map(MediaOutput::Event));
        } else {
            self.watch.restart_silence();
        }
    }

    fn tell_meter(&mut self, out: &mut Vec<MediaOutput>) {
        if self.session.is_none() && self.ear.listens_to() != Ear::OffHook {
            self.frames_to_meter = METER_FRAMES;
            return;
        }
        self.frames_to_meter -= 1;
        if self.frames_to_meter == 0 {
            self.frames_to_meter = METER_FRAMES;
            out.push(MediaOutput::Event(MediaEvent::Meter(self.meter())));
        }
    }
}

fn on_telephone_event(heard: Heard, to_line: &mut ToLine, now: Moment, out: &mut Vec<MediaOutput>) {
    match heard {
        Heard::Began { event: event::FLASH, .. } => out.push(MediaOutput::Event(MediaEvent::Flash)),
        Heard::Began { event, .. } => {
            if let Some(digit) = event::digit_of(event)
                && to_line.press(digit, now)
            {
                out.push(MediaOutput::Event(MediaEvent::NetDigit(digit)));
            }
        }
        Heard::Lasts { timestamp, duration } => to_line.blank(timestamp, u32::from(duration) + EVENT_GOES_ON_SAMPLES),
        Heard::Ended { timestamp, duration, .. } => {
            to_line.blank(timestamp, u32::from(duration) + EVENT_IS_OVER_SAMPLES);
            to_line.release();
        }
    }
}

#[cfg(test)]
mod tests;
