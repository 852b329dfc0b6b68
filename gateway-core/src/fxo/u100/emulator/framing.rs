//! The stream of the wire: groups of four bytes, eight of them to a frame of 1 ms.
//!
//! A group carries one sample of each port in its low nibbles and one control byte, two bits at a time, in its top bits.

use super::PORTS;

/// The control byte between messages, and the first of every frame.
pub(super) const IDLE: u8 = 0x7E;

/// Groups in a frame; also the samples of a port in 1 ms.
pub(super) const GROUPS: usize = 8;

/// Bytes of a group.
const GROUP_BYTES: usize = 4;

/// In the first byte of a group: it begins a frame.
const FRAME_BIT: u8 = 0x20;

/// In the first byte of a group: it begins a group.
const START_BIT: u8 = 0x10;

/// In the second byte of the first group of a frame: the device follows the stream of the host.
const SYNC_BIT: u8 = 0x20;

/// Both marks of the first byte of a frame.
const FRAME_START: u8 = FRAME_BIT | START_BIT;

/// Writes one frame: its control bytes, the samples of each port, and whether the device follows the host.
pub(super) fn put_frame(controls: &[u8; GROUPS], samples: [&[u8]; PORTS], in_sync: bool, wire: &mut Vec<u8>) {
    let [one, other] = samples;
    for (index, ((control, one), other)) in controls.iter().zip(one).zip(other).enumerate() {
        let first = index == 0;
        wire.extend([
            (control & 0xC0) | if first { FRAME_BIT } else { 0 } | START_BIT | (one & 0x0F),
            ((control << 2) & 0xC0) | if first && in_sync { SYNC_BIT } else { 0 } | (other & 0x0F),
            ((control << 4) & 0xC0) | (one >> 4),
            ((control << 6) & 0xC0) | (other >> 4),
        ]);
    }
}

/// What came of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// A group is complete.
    Group {
        /// Its control byte.
        control: u8,
        /// A sample of each port.
        samples: [u8; PORTS],
    },
    /// The frame did not begin where it should; the hunt is on.
    Lost,
}

/// Finds the frames in the stream of the host and follows them.
///
/// By the rule of the document only the first group of a frame is looked at: its marks and its control byte. A byte that goes
/// missing inside a frame is therefore noticed where the next one should begin, and what was read till then is nonsense.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    held: [u8; GROUP_BYTES],
    /// Bytes held.
    filled: usize,
    /// The group that is being filled, while in sync.
    group: usize,
    in_sync: bool,
}

impl Receiver {
    /// Whether it follows the host's frames.
    pub(super) fn is_in_sync(&self) -> bool {
        self.in_sync
    }

    /// The next byte of the host.
    pub(super) fn push(&mut self, byte: u8) -> Option<Received> {
        if self.filled == 0 && self.group == 0 && byte & FRAME_START != FRAME_START {
            return self.lost();
        }
        if let Some(slot) = self.held.get_mut(self.filled) {
            *slot = byte;
        }
        self.filled += 1;
        if self.filled < GROUP_BYTES {
            return None;
        }
        self.filled = 0;
        let [a, b, c, d] = self.held;
        let control = (a & 0xC0) | ((b & 0xC0) >> 2) | ((c & 0xC0) >> 4) | (d >> 6);
        if self.group == 0 && control != IDLE {
            return self.lost();
        }
        self.in_sync = true;
        self.group = (self.group + 1) % GROUPS;
        Some(Received::Group { control, samples: [(a & 0x0F) | (c << 4), (b & 0x0F) | (d << 4)] })
    }

    /// What is held is passed over: one byte without the marks, or a group with another control byte.
    fn lost(&mut self) -> Option<Received> {
        std::mem::take(&mut self.in_sync).then_some(Received::Lost)
    }
}
