//! The stream in both directions: groups of four bytes with a sample of each port and one control byte, eight groups a frame.
//!
//! ```text
//!         bit 7 6 | 5               4      | 3..0
//! byte 0   C7 C6  | start of frame  start  | port 0, low nibble
//! byte 1   C5 C4  | host in sync    0      | port 1, low nibble
//! byte 2   C3 C2  | 0               0      | port 0, high nibble
//! byte 3   C1 C0  | 0               0      | port 1, high nibble
//! ```

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::registers::Kind;

/// Bytes of a group, groups of a frame (1 ms), bytes of a frame.
const GROUP: usize = 4;
pub(super) const GROUPS: usize = 8;
pub(super) const FRAME_BYTES: usize = GROUP * GROUPS;

/// The control byte that begins each frame, fills pauses, and stands between messages.
const IDLE: u8 = 0x7E;

/// The mark of a group, and of the first one of a frame.
const START: u8 = 0x10;
const START_OF_FRAME: u8 = 0x20;
const START_OF_FRAME_AND_GROUP: u8 = START | START_OF_FRAME;

/// In byte 1 of the first group: the device follows what the host sends.
const HOST_IN_SYNC: u8 = 0x20;

/// What is no message is not kept: none is longer than three bytes.
const LONGEST_MESSAGE: usize = 3;

/// Messages that wait: the whole set-up of both ports, and much more than that takes a device whose stream stands still.
const MOST_MESSAGES: usize = 128;

/// µ-law silence.
pub(super) const SILENCE: u8 = 0xFF;

/// A register that is read, written, or told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) port: u8,
    pub(super) register: u8,
    /// Nothing is meant by it in a question.
    pub(super) value: u8,
}

impl Message {
    pub(super) fn bytes(self) -> [u8; LONGEST_MESSAGE] {
        [(self.kind as u8) << 2 | self.port, self.register, self.value]
    }

    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let [head, register, value] = *bytes else { return None };
        Some(Message { kind: Kind::of(head >> 2)?, port: head & 3, register, value })
    }
}

/// A millisecond of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Millisecond {
    /// µ-law samples of each port.
    pub(super) samples: [[u8; GROUPS]; 2],
    control: [u8; GROUPS],
    /// The device follows what the host sends.
    pub(super) host_in_sync: bool,
}

/// Finds the frames in what the device sends.
#[derive(Debug, Default)]
pub(super) struct Unpacker {
    bytes: Vec<u8>,
    synced: bool,
    /// How often the rhythm was lost.
    pub(super) losses: u32,
}

impl Unpacker {
    /// Bytes from the device; each whole frame goes to `frame`.
    pub(super) fn push(&mut self, bytes: &[u8], mut frame: impl FnMut(Millisecond)) {
        self.bytes.extend(bytes);
        let mut at = 0;
        // One frame is believed when the next one begins where it should.
        while let Some(window) = self.bytes.get(at..at + FRAME_BYTES + GROUP) {
            if begins(window) && (self.synced || begins(&window[FRAME_BYTES..])) {
                self.synced = true;
                frame(unpack(window));
                at += FRAME_BYTES;
            } else {
                self.losses += u32::from(std::mem::take(&mut self.synced));
                at += 1;
            }
        }
        self.bytes.drain(..at);
    }

    /// Whether frames are found.
    pub(super) fn is_synced(&self) -> bool {
        self.synced
    }
}

fn begins(group: &[u8]) -> bool {
    group[0] & START_OF_FRAME_AND_GROUP == START_OF_FRAME_AND_GROUP && control_of(group) == IDLE
}

fn control_of(group: &[u8]) -> u8 {
    group[..GROUP].iter().fold(0, |control, byte| control << 2 | byte >> 6)
}

fn unpack(frame: &[u8]) -> Millisecond {
    let mut out = Millisecond { samples: [[0; GROUPS]; 2], control: [0; GROUPS], host_in_sync: frame[1] & HOST_IN_SYNC != 0 };
    for (index, group) in frame.chunks_exact(GROUP).take(GROUPS).enumerate() {
        out.samples[0][index] = group[0] & 0x0F | group[2] << 4;
        out.samples[1][index] = group[1] & 0x0F | group[3] << 4;
        out.control[index] = control_of(group);
    }
    out
}

/// Finds the messages in the control bytes.
#[derive(Debug, Default)]
pub(super) struct Reader {
    message: Vec<u8>,
}

impl Reader {
    /// The control bytes of a frame; each message in them goes to `message`. What is too short or too long is none.
    pub(super) fn push(&mut self, frame: &Millisecond, mut message: impl FnMut(Message)) {
        for byte in frame.control {
            if byte != IDLE {
                if self.message.len() <= LONGEST_MESSAGE {
                    self.message.push(byte);
                }
            } else {
                if let Some(whole) = Message::of(&self.message) {
                    message(whole);
                }
                self.message.clear();
            }
        }
    }
}

/// Makes what the host sends: one message each two frames at most, from the second group on.
#[derive(Debug, Default)]
pub(super) struct Packer {
    waiting: VecDeque<Message>,
    odd: bool,
}

impl Packer {
    /// Sends a message when it is its turn. What finds no room is lost, and missed where its effect is asked for.
    pub(super) fn say(&mut self, message: Message) {
        if self.waiting.len() < MOST_MESSAGES {
            self.waiting.push_back(message);
        }
    }

    /// The bytes of the next millisecond.
    pub(super) fn frame(&mut self, samples: [[u8; GROUPS]; 2], out: &mut Vec<u8>) {
        let mut control = [IDLE; GROUPS];
        self.odd = !self.odd;
        if self.odd
            && let Some(message) = self.waiting.pop_front()
        {
            control[1..=LONGEST_MESSAGE].copy_from_slice(&message.bytes());
        }
        for (index, control) in control.into_iter().enumerate() {
            let [first, second] = [samples[0][index], samples[1][index]];
            let marks = if index == 0 { START_OF_FRAME_AND_GROUP } else { START };
            out.extend([
                control & 0xC0 | marks | first & 0x0F,
                (control << 2) & 0xC0 | second & 0x0F,
                (control << 4) & 0xC0 | first >> 4,
                (control << 6) | second >> 4,
            ]);
        }
    }
}
