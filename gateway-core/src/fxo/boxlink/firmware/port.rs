//! One port of the box.

use super::signal::Signal;
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::fxo::boxlink::frame::{Class, Packet};
use crate::fxo::boxlink::message::{AudioFormat, SoundPacket};
use crate::time::{Moment, earliest};

#[derive(Debug, Default)]
pub(super) struct BoxPort {
    /// The host wants the line.
    pub(super) off_hook: bool,
    /// The request that is being timed, and where it is.
    pub(super) signal: Option<(Packet, Signal)>,
    /// The next 20 ms of sound are due.
    pub(super) frame_due: Option<Moment>,
    format: AudioFormat,
    /// The last request and what was answered, in case the answer got lost.
    answered: Option<(Packet, Vec<u8>)>,
    events: u8,
    sounds: u8,
    timestamp: u32,
}

impl BoxPort {
    /// Where the contact of the relay is, in the middle of a pulse too.
    pub(super) fn relay_closed(&self) -> bool {
        self.off_hook && self.signal.as_ref().is_none_or(|(_, signal)| signal.is_closed())
    }

    pub(super) fn is_sounding(&self) -> bool {
        self.frame_due.is_some()
    }

    /// Starts the sound, or goes on with it in another coding.
    pub(super) fn start_sound(&mut self, format: AudioFormat, first: Moment) {
        self.format = format;
        self.frame_due.get_or_insert(first);
    }

    pub(super) fn stop_sound(&mut self) {
        self.frame_due = None;
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        earliest(self.frame_due, self.signal.as_ref().map(|(_, signal)| signal.deadline()))
    }

    /// The answer to this very request, when it was the last one.
    pub(super) fn answered_before(&self, request: &Packet) -> Option<Vec<u8>> {
        self.answered.as_ref().filter(|(last, _)| last == request).map(|(_, wire)| wire.clone())
    }

    pub(super) fn remember_answer(&mut self, request: Packet, wire: Vec<u8>) {
        self.answered = Some((request, wire));
    }

    pub(super) fn forget_answer(&mut self) {
        self.answered = None;
    }

    pub(super) fn next_event(&mut self) -> u8 {
        let seq = self.events;
        self.events = seq.wrapping_add(1);
        seq
    }

    /// The packet for these 20 ms; none when nobody wants sound.
    pub(super) fn sound_packet(&mut self, number: u8, frame: &Frame) -> Option<Packet> {
        self.frame_due?;
        let (seq, timestamp) = (self.sounds, self.timestamp);
        self.sounds = seq.wrapping_add(1);
        self.timestamp = timestamp.wrapping_add(u32::try_from(FRAME_SAMPLES).unwrap_or(0));
        let payload = SoundPacket { timestamp, frame: *frame }.payload(self.format);
        Some(Packet { class: Class::Audio, port: number, seq, op: SoundPacket::OP, payload })
    }
}
