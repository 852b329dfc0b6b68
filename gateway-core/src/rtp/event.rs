//! Named telephone events in RTP (RFC 4733): digits and the hook flash, each sent so that it survives loss and heard once.

use std::time::Duration;

use thiserror::Error;

use crate::time::Moment;

/// Event code of the hook flash (RFC 4733 §3.2, table 3; kept from RFC 2833).
pub const FLASH: u8 = 16;

/// How often the end of an event is sent (§2.5.1.4).
const END_PACKETS: u8 = 3;

/// Power of a digit that we send, in −dBm0 (§2.3.4).
const VOLUME: u8 = 10;

/// The longest event we send: 8 s, below the 65535 samples that the duration field can tell (§2.5.1.3 would split it).
const LONGEST_SAMPLES: u16 = 64_000;

/// An event whose packets stop without an end is over after this time.
const OPEN_TIMEOUT: Duration = Duration::from_millis(150);

/// Events remembered, so that late and repeated packets of theirs are not heard again.
const REMEMBERED: usize = 16;

/// The event code of a digit, `0`–`9`, `*`, `#`, `A`–`D` (§3.2).
#[must_use]
pub fn code_of(digit: char) -> Option<u8> {
    match digit {
        '0'..='9' => u8::try_from(digit).ok().map(|ascii| ascii - b'0'),
        '*' => Some(10),
        '#' => Some(11),
        'A'..='D' => u8::try_from(digit).ok().map(|ascii| ascii - b'A' + 12),
        _ => None,
    }
}

/// The digit of an event code, if it is one.
#[must_use]
pub fn digit_of(code: u8) -> Option<char> {
    match code {
        0..=9 => Some(char::from(b'0' + code)),
        10 => Some('*'),
        11 => Some('#'),
        12..=15 => Some(char::from(b'A' + code - 12)),
        _ => None,
    }
}

/// The payload of an event packet (§2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Event code.
    pub event: u8,
    /// This packet ends the event.
    pub end: bool,
    /// Power in −dBm0, 0–63.
    pub volume: u8,
    /// Duration so far in samples.
    pub duration: u16,
}

/// A payload with fewer than four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("telephone-event payload too short")]
pub struct TooShort;

impl Payload {
    /// Reads the first event of a payload.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn read(bytes: &[u8]) -> Result<Self, TooShort> {
        let &[event, flags, high, low, ..] = bytes else { return Err(TooShort) };
        Ok(Payload { event, end: flags & 0x80 != 0, volume: flags & 0x3f, duration: u16::from_be_bytes([high, low]) })
    }

    /// The four bytes of the payload.
    #[must_use]
    pub fn write(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, (u8::from(self.end) << 7) | (self.volume & 0x3f), high, low]
    }
}

/// One packet that the sender wants sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// RTP timestamp: the start of the event, the same in all its packets.
    pub timestamp: u32,
    /// RTP marker: set on the first packet of the event.
    pub marker: bool,
    /// The payload.
    pub payload: Payload,
}

/// Sends one event at a time: updates while it sounds, then its end three times.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    state: SenderState,
}

#[derive(Clone, Copy, Debug, Default)]
enum SenderState {
    #[default]
    Idle,
    Sounding {
        event: u8,
        timestamp: u32,
        duration: u16,
        marker: bool,
    },
    Ending {
        event: u8,
        timestamp: u32,
        duration: u16,
        marker: bool,
        left: u8,
    },
}

impl Sender {
    /// Begins an event at an RTP timestamp. An event that is still open is ended, with the end packets that are still
    /// due handed to `send`.
    pub fn start(&mut self, event: u8, timestamp: u32, mut send: impl FnMut(Outgoing)) {
        self.stop();
        while let Some(packet) = self.step(0) {
            send(packet);
        }
        self.state = SenderState::Sounding { event, timestamp, duration: 0, marker: true };
    }

    /// The event has ended: its end goes out with the next steps.
    pub fn stop(&mut self) {
        if let SenderState::Sounding { event, timestamp, duration, marker } = self.state {
            self.state = SenderState::Ending { event, timestamp, duration, marker, left: END_PACKETS };
        }
    }

    /// Whether an event sounds now, so that its audio is not to be sent.
    #[must_use]
    pub fn sounding(&self) -> bool {
        matches!(self.state, SenderState::Sounding { .. })
    }

    /// The packet that is due after `samples` more of time, if any. Events end by themselves after 8 s.
    pub fn step(&mut self, samples: u16) -> Option<Outgoing> {
        match &mut self.state {
            SenderState::Idle => None,
            SenderState::Sounding { event, timestamp, duration, marker } => {
                *duration = duration.saturating_add(samples);
                let payload = Payload { event: *event, end: false, volume: VOLUME, duration: *duration };
                let packet = Outgoing { timestamp: *timestamp, marker: std::mem::take(marker), payload };
                if *duration >= LONGEST_SAMPLES {
                    self.stop();
                }
                Some(packet)
            }
            SenderState::Ending { event, timestamp, duration, marker, left } => {
                let payload = Payload { event: *event, end: true, volume: VOLUME, duration: (*duration).max(1) };
                let packet = Outgoing { timestamp: *timestamp, marker: std::mem::take(marker), payload };
                *left -= 1;
                if *left == 0 {
                    self.state = SenderState::Idle;
                }
                Some(packet)
            }
        }
    }
}

/// What the receiver makes of packets: each event begins once and ends once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A new event. When only its end arrived, [`Heard::Ended`] follows at once.
    Began {
        /// Event code.
        event: u8,
        /// RTP timestamp of its start.
        timestamp: u32,
    },
    /// The event lasts at least this long by now.
    Lasts {
        /// RTP timestamp of its start.
        timestamp: u32,
        /// Duration so far in samples.
        duration: u16,
    },
    /// The event is over.
    Ended {
        /// Event code.
        event: u8,
        /// RTP timestamp of its start.
        timestamp: u32,
        /// Duration in samples, as far as known.
        duration: u16,
    },
}

/// Hears events, keyed by RTP timestamp: markers, starts and ends may be lost, and packets may come late or twice.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    open: Option<Open>,
    /// Timestamps of the last events, overwritten in turn.
    known: [Option<u32>; REMEMBERED],
    next_known: usize,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    event: u8,
    timestamp: u32,
    duration: u16,
    last_arrival: Moment,
}

impl Receiver {
    /// Takes one event packet.
    pub fn packet(&mut self, timestamp: u32, payload: Payload, now: Moment, mut heard: impl FnMut(Heard)) {
        if let Some(open) = &mut self.open {
            if open.timestamp == timestamp {
                open.last_arrival = now;
                open.duration = open.duration.max(payload.duration);
                heard(Heard::Lasts { timestamp, duration: open.duration });
                if payload.end {
                    self.end(&mut heard);
                }
                return;
            }
            if open.continues_at(timestamp, payload) {
                // A segment of one long event (§2.5.1.3): the same press, with a new timestamp.
                *open = Open { timestamp, duration: payload.duration, last_arrival: now, ..*open };
                self.remember(timestamp);
                if payload.end {
                    self.end(&mut heard);
                }
                return;
            }
        }
        if self.known.contains(&Some(timestamp)) {
            return;
        }
        self.end(&mut heard);
        self.remember(timestamp);
        heard(Heard::Began { event: payload.event, timestamp });
        heard(Heard::Lasts { timestamp, duration: payload.duration });
        self.open = Some(Open { event: payload.event, timestamp, duration: payload.duration, last_arrival: now });
        if payload.end {
            self.end(&mut heard);
        }
    }

    /// Ends an event whose packets have stopped coming; to be called on every frame.
    pub fn timeout(&mut self, now: Moment, mut heard: impl FnMut(Heard)) {
        if self.open.is_some_and(|open| now - open.last_arrival >= OPEN_TIMEOUT) {
            self.end(&mut heard);
        }
    }

    /// Forgets everything, because the sender has started anew.
    pub fn reset(&mut self, mut heard: impl FnMut(Heard)) {
        self.end(&mut heard);
        *self = Receiver::default();
    }

    fn end(&mut self, heard: &mut impl FnMut(Heard)) {
        if let Some(Open { event, timestamp, duration, .. }) = self.open.take() {
            heard(Heard::Ended { event, timestamp, duration });
        }
    }

    fn remember(&mut self, timestamp: u32) {
        if let Some(slot) = self.known.get_mut(self.next_known) {
            *slot = Some(timestamp);
        }
        self.next_known = (self.next_known + 1) % REMEMBERED;
    }
}

impl Open {
    fn continues_at(&self, timestamp: u32, payload: Payload) -> bool {
        self.event == payload.event && timestamp == self.timestamp.wrapping_add(u32::from(u16::MAX))
    }
}

#[cfg(test)]
mod tests;
