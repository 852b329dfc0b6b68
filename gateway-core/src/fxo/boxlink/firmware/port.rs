//! One port of the box.

use std::time::Duration;

use super::signal::Signal;
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::fxo::boxlink::frame::{Class, Packet};
use crate::fxo::boxlink::gathering::Gathering;
use crate::fxo::boxlink::message::{AudioFormat, Period, SoundPacket};
use crate::time::{Moment, earliest};

/// A box that was not called for longer than this drops the sound it missed instead of catching up.
const MOST_LAG: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
pub(super) struct BoxPort {
    /// The host wants the line.
    pub(super) off_hook: bool,
    /// The request that is being timed, and where it is.
    pub(super) signal: Option<(Packet, Signal)>,
    /// The next period of sound is due.
    sound_due: Option<Moment>,
    format: AudioFormat,
    period: Period,
    /// The second half of a frame of which the first was sent.
    half: Option<[i16; FRAME_SAMPLES / 2]>,
    /// What the host sent of the next frame.
    gathering: Gathering,
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
        self.sound_due.is_some()
    }

    /// Starts the sound, or goes on with it in another coding or period.
    pub(super) fn start_sound(&mut self, format: AudioFormat, period: Period, now: Moment) {
        (self.format, self.period) = (format, period);
        self.sound_due.get_or_insert(now + duration(period));
    }

    pub(super) fn stop_sound(&mut self) {
        self.sound_due = None;
        self.half = None;
        self.gathering = Gathering::default();
    }

    /// Whether a period is due, which is taken; sound that is later than [`MOST_LAG`] is dropped.
    pub(super) fn take_due(&mut self, now: Moment) -> bool {
        let Some(due) = &mut self.sound_due else { return false };
        if now - *due > MOST_LAG {
            *due = now;
        }
        let is_due = *due <= now;
        if is_due {
            *due = *due + duration(self.period);
        }
        is_due
    }

    /// The packet of the half that was kept for this period.
    pub(super) fn half_packet(&mut self, number: u8) -> Option<Packet> {
        let half = self.half.take()?;
        Some(self.packet(number, &half))
    }

    /// A period of the host's sound; 20 ms for the line once they are together.
    pub(super) fn play(&mut self, samples: &[i16]) -> Option<Frame> {
        self.sound_due?;
        self.gathering.take(samples, false)
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        earliest(self.sound_due, self.signal.as_ref().map(|(_, signal)| signal.deadline()))
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

    /// The packet that begins these 20 ms; none when nobody wants sound.
    pub(super) fn sound_packet(&mut self, number: u8, frame: &Frame) -> Option<Packet> {
        self.sound_due?;
        let samples = match self.period {
            Period::Twenty => &frame.0[..],
            Period::Ten => {
                self.half = frame.0.last_chunk().copied();
                &frame.0[..FRAME_SAMPLES / 2]
            }
        };
        Some(self.packet(number, samples))
    }

    fn packet(&mut self, number: u8, samples: &[i16]) -> Packet {
        let (seq, timestamp) = (self.sounds, self.timestamp);
        self.sounds = seq.wrapping_add(1);
        self.timestamp = timestamp.wrapping_add(u32::try_from(samples.len()).unwrap_or(0));
        let payload = SoundPacket { timestamp, samples: samples.to_vec() }.payload(self.format);
        Packet { class: Class::Audio, port: number, seq, op: SoundPacket::OP, payload }
    }
}

fn duration(period: Period) -> Duration {
    Duration::from_millis(period.ms().into())
}
