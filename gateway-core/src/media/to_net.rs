//! From the line to the network: digits taken out of the audio and sent as events, G.711, packets.

use super::session::Session;
use super::{Digit, MediaOutput};
use crate::config::settings::DtmfToSip;
use crate::dsp::dtmf::DtmfEvent;
use crate::dsp::{FRAME_SAMPLES, Frame, g711};
use crate::rtp::event::{self, Outgoing};
use crate::sdp::Codec;

/// Samples a millisecond.
const PER_MS: usize = 8;

/// The longest packet: 40 ms.
const MOST_SAMPLES: usize = 320;

/// A digit is silenced from this much before its measured onset: 10 ms.
const ONSET_MARGIN_SAMPLES: usize = 80;

/// A digit is silenced for this much after its measured end: 5 ms.
const END_MARGIN_SAMPLES: usize = 40;

/// What is suspected to become a digit began at most this long ago, or else it would be sure: 38 ms.
const SUSPICION_SAMPLES: usize = 304;

/// What the ear found in the newest line frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Findings<'a> {
    /// Digits that began and ended.
    pub(super) digits: &'a [DtmfEvent],
    /// Something began that may become a digit.
    pub(super) suspicious: bool,
}

/// The way from the line to the network.
///
/// Where digits are to be taken out, the audio waits for 20 ms more, so that a digit is recognised (or at least
/// suspected) before its beginning has left.
#[derive(Clone, Debug)]
pub(super) struct ToNet {
    digits: DtmfToSip,
    /// The frame before the newest one.
    held: Frame,
    /// A digit sounds on the line.
    sounding: bool,
    sender: event::Sender,
    packet: Packet,
}

/// The packet that is being filled.
#[derive(Clone, Debug)]
struct Packet {
    bytes: [u8; MOST_SAMPLES],
    length: usize,
    timestamp: u32,
    /// The next packet begins a talk spurt.
    marker: bool,
}

impl ToNet {
    pub(super) fn new() -> Self {
        ToNet {
            digits: DtmfToSip::InBand,
            held: Frame::SILENCE,
            sounding: false,
            sender: event::Sender::default(),
            packet: Packet { bytes: [0; MOST_SAMPLES], length: 0, timestamp: 0, marker: true },
        }
    }

    /// Sets how digits go out from now on.
    pub(super) fn set_digits(&mut self, digits: DtmfToSip) {
        if self.digits != digits {
            self.digits = digits;
            self.held = Frame::SILENCE;
            self.sender.stop();
        }
    }

    /// Forgets the call; the next packet begins a talk spurt.
    pub(super) fn reset(&mut self) {
        *self = ToNet { digits: self.digits, ..ToNet::new() };
    }

    /// The detectors were reset: what sounded will not be told to end.
    pub(super) fn forget_digit(&mut self) {
        self.sounding = false;
        self.sender.stop();
    }

    /// Sends what is due with one more line frame.
    pub(super) fn frame(&mut self, frame: &Frame, findings: Findings<'_>, session: &mut Session, out: &mut Vec<MediaOutput>) {
        match self.digits {
            DtmfToSip::InBand => {
                self.sounding = false;
                self.send_events(session, out);
                self.send_audio(frame, session, out);
            }
            DtmfToSip::Info => {
                let clean = self.without_digits(frame, findings);
                self.send_events(session, out);
                self.send_audio(&clean, session, out);
            }
            DtmfToSip::Rfc4733 => {
                let clean = self.without_digits(frame, findings);
                self.follow_digits(findings.digits, session, out);
                let silent_for_event = self.sender.sounding();
                self.send_events(session, out);
                if silent_for_event {
                    self.packet.marker = true;
                } else {
                    self.send_audio(&clean, session, out);
                }
            }
        }
        session.tick();
    }

    /// The frame that leaves now, 20 ms older than the newest, with silence where a digit sounds.
    fn without_digits(&mut self, newest: &Frame, findings: Findings<'_>) -> Frame {
        let mut leaving = std::mem::replace(&mut self.held, *newest);
        let mut muted = [self.sounding; FRAME_SAMPLES];
        let oldest_age = 2 * FRAME_SAMPLES;
        for event in findings.digits {
            let (begins, age) = match *event {
                DtmfEvent::Begin { since_ms, .. } => (true, samples_of(since_ms) + ONSET_MARGIN_SAMPLES),
                DtmfEvent::End { since_ms, .. } => (false, samples_of(since_ms).saturating_sub(END_MARGIN_SAMPLES)),
            };
            self.sounding = begins;
            muted[oldest_age.saturating_sub(age).min(FRAME_SAMPLES)..].fill(begins);
        }
        if findings.suspicious {
            muted[oldest_age - SUSPICION_SAMPLES..].fill(true);
        }
        for (sample, _) in leaving.0.iter_mut().zip(muted).filter(|(_, muted)| *muted) {
            *sample = 0;
        }
        leaving
    }

    /// Begins and ends events with the digits of the line.
    fn follow_digits(&mut self, digits: &[DtmfEvent], session: &mut Session, out: &mut Vec<MediaOutput>) {
        for digit in digits {
            match *digit {
                DtmfEvent::Begin { digit, since_ms, .. } => self.begin_event(digit, since_ms, session, out),
                DtmfEvent::End { .. } => self.sender.stop(),
            }
        }
    }

    fn begin_event(&mut self, digit: Digit, since_ms: u32, session: &mut Session, out: &mut Vec<MediaOutput>) {
        let Some(code) = event::code_of(digit) else { return };
        self.flush(session, out);
        // The clock is at the start of the leaving frame, which is two frames old.
        let onset_age = u32::try_from(samples_of(since_ms)).unwrap_or(0);
        let timestamp = session.clock().wrapping_add(2 * FRAME_SAMPLES as u32).wrapping_sub(onset_age);
        let payload_type = session.plan().agreed.telephone_event;
        self.sender.start(code, timestamp, |packet| send_event(packet, payload_type, session, out));
    }

    /// One event packet a frame while an event sounds, and after it until its end was sent three times.
    fn send_events(&mut self, session: &mut Session, out: &mut Vec<MediaOutput>) {
        let payload_type = session.plan().agreed.telephone_event;
        if let Some(packet) = self.sender.step(FRAME_SAMPLES as u16) {
            send_event(packet, payload_type, session, out);
        }
    }

    fn send_audio(&mut self, frame: &Frame, session: &mut Session, out: &mut Vec<MediaOutput>) {
        let codec = session.plan().agreed.codec;
        let packet_samples = packet_samples(session.plan().agreed.ptime_ms);
        for (n, &sample) in (0_u32..).zip(&frame.0) {
            if self.packet.length == 0 {
                self.packet.timestamp = session.clock().wrapping_add(n);
            }
            if let Some(slot) = self.packet.bytes.get_mut(self.packet.length) {
                *slot = encode(codec, sample);
                self.packet.length += 1;
            }
            if self.packet.length >= packet_samples {
                self.flush(session, out);
            }
        }
    }

    /// Sends what has gathered, even when it is less than a packet.
    fn flush(&mut self, session: &mut Session, out: &mut Vec<MediaOutput>) {
        let length = std::mem::take(&mut self.packet.length);
        if !session.sends() {
            // On hold: what follows later is a new talk spurt.
            self.packet.marker = true;
        } else if length > 0 {
            let marker = std::mem::take(&mut self.packet.marker);
            let payload_type = session.plan().agreed.payload_type;
            session.send(payload_type, marker, self.packet.timestamp, &self.packet.bytes[..length], out);
        }
    }
}

fn send_event(packet: Outgoing, payload_type: Option<u8>, session: &mut Session, out: &mut Vec<MediaOutput>) {
    if let Some(payload_type) = payload_type {
        session.send(payload_type, packet.marker, packet.timestamp, &packet.payload.write(), out);
    }
}

fn encode(codec: Codec, sample: i16) -> u8 {
    match codec {
        Codec::Pcma => g711::alaw_encode(sample),
        Codec::Pcmu => g711::ulaw_encode(sample),
    }
}

fn samples_of(ms: u32) -> usize {
    ms as usize * PER_MS
}

/// Packets are sent with 10, 20, 30 or 40 ms, whichever the agreed packet time is nearest to.
fn packet_samples(ptime_ms: u16) -> usize {
    let tens = (usize::from(ptime_ms) + 5) / 10;
    tens.clamp(1, 4) * 10 * PER_MS
}
