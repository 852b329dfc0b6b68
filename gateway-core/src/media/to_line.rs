//! From the gateway and the network to the line: dialled digits before digits of the call before audio.

mod twins;

use std::time::Duration;

use super::Digit;
use crate::dsp::dtmf::DtmfGenerator;
use crate::dsp::{FRAME_MS, Frame, g711};
use crate::rtp::jitter::JitterBuffer;
use crate::sdp::Codec;
use crate::time::Moment;

use twins::Twins;
pub(super) use twins::Way;

/// Digits of one dialling order; no exchange takes more than half of them.
const MOST_DIGITS: usize = 64;

/// Shortest digit of a call on the line, whatever the network says: an exchange wants 40 ms (ITU-T Q.24), with a margin.
const SHORTEST_DIGIT: Duration = Duration::from_millis(60);

/// Longest digit of a call on the line: a telephone-event that never ends, or an INFO that says so, is let go then.
const LONGEST_DIGIT: Duration = Duration::from_secs(8);

/// The delay that audio of the network starts with, beside the wait for the next frame of the line (0 to 20 ms). A network that
/// needs more gets it with its first late packet.
const START_MS: u8 = 5;

/// The way to the line.
#[derive(Clone, Debug)]
pub(super) struct ToLine {
    dial: DtmfGenerator,
    dialing: bool,
    /// Dialling was finished, and has not been told yet.
    dialed: bool,
    digits: DtmfGenerator,
    /// How long the held digit has been held.
    held_ms: u64,
    twins: Twins,
    jitter: JitterBuffer,
    on: Duration,
    off: Duration,
}

impl ToLine {
    pub(super) fn new(on: Duration, off: Duration) -> Self {
        ToLine {
            dial: DtmfGenerator::default(),
            dialing: false,
            dialed: false,
            digits: DtmfGenerator::default(),
            held_ms: 0,
            twins: Twins::default(),
            jitter: JitterBuffer::new(START_MS),
            on,
            off,
        }
    }

    /// Length of digits and of the pauses between them, for what is queued from now on.
    pub(super) fn set_timing(&mut self, on: Duration, off: Duration) {
        self.on = on;
        self.off = off;
    }

    /// Queues a number. What is no digit (and no `,`, a pause) is left out, as is what follows the 64th digit.
    pub(super) fn dial(&mut self, digits: &str) {
        let upper = digits.chars().map(|c| c.to_ascii_uppercase());
        let known: String = upper.filter(|c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D' | ',')).take(MOST_DIGITS).collect();
        // A full generator has twice as many digits still to sound: the order is void, and told as done with them.
        let _ = self.dial.push(&known, self.on, self.off);
        self.dialing = true;
    }

    /// A digit from INFO.
    pub(super) fn digit(&mut self, digit: Digit, duration: Duration, now: Moment) {
        if self.twins.is_new(digit, Way::Info, now) {
            let wanted = if duration.is_zero() { self.on } else { duration };
            let mut text = [0; 4];
            // What is no digit, or finds 128 before it, is dropped.
            let _ = self.digits.push(digit.encode_utf8(&mut text), wanted.clamp(SHORTEST_DIGIT, LONGEST_DIGIT), self.off);
        }
    }

    /// A telephone-event began; true when it is to be heard, and not the twin of an INFO.
    pub(super) fn press(&mut self, digit: Digit, now: Moment) -> bool {
        if !self.twins.is_new(digit, Way::Event, now) {
            return false;
        }
        self.release();
        self.held_ms = 0;
        self.digits.press(digit, self.on.clamp(SHORTEST_DIGIT, LONGEST_DIGIT)).is_ok()
    }

    /// The telephone-event ended.
    pub(super) fn release(&mut self) {
        self.digits.release(self.off);
    }

    /// Stops digits at once; a number that was being dialled is not told as dialled.
    pub(super) fn quiet(&mut self) {
        self.dial.clear();
        self.digits.clear();
        self.dialing = false;
        self.dialed = false;
    }

    /// The call's audio is over; digits still to be heard remain.
    pub(super) fn detach(&mut self) {
        self.release();
        self.jitter.reset();
        self.twins = Twins::default();
    }

    /// Forgets the audio that waits, because it may not be heard any more.
    pub(super) fn drop_audio(&mut self) {
        self.jitter.reset();
    }

    /// Takes the audio of one packet.
    pub(super) fn audio(&mut self, ssrc: u32, timestamp: u32, codec: Codec, payload: &[u8], now: Moment) {
        let decode = match codec {
            Codec::Pcma => g711::alaw_decode,
            Codec::Pcmu => g711::ulaw_decode,
        };
        self.jitter.push(ssrc, timestamp, payload.iter().map(|&code| decode(code)), now);
    }

    /// Leaves out the audio that a telephone-event stands for.
    pub(super) fn blank(&mut self, timestamp: u32, samples: u32) {
        self.jitter.blank(timestamp, samples);
    }

    /// Whether a number has been dialled since the last time this was asked.
    pub(super) fn take_dialed(&mut self) -> bool {
        std::mem::take(&mut self.dialed)
    }

    pub(super) fn buffer_ms(&self) -> u32 {
        self.jitter.depth_ms()
    }

    /// Whether digits sound on the line, or are to.
    pub(super) fn has_digits(&self) -> bool {
        self.dialing || !self.digits.is_idle()
    }

    /// Lets 20 ms pass in which the line hears nothing of the network: what is said in them is lost, digits wait.
    pub(super) fn wait(&mut self, now: Moment) {
        self.jitter.pull(now);
    }

    /// The next 20 ms.
    pub(super) fn frame(&mut self, now: Moment) -> Frame {
        // The buffer is pulled in any case, because its time runs on.
        let mut frame = self.jitter.pull(now);
        if self.dialing {
            if self.dial.fill(&mut frame) {
                self.dialing = false;
                self.dialed = true;
            }
        } else if !self.digits.is_idle() {
            self.digits.fill(&mut frame);
            self.held_ms += FRAME_MS;
            if u128::from(self.held_ms) >= LONGEST_DIGIT.as_millis() {
                self.release();
            }
        }
        frame
    }
}
