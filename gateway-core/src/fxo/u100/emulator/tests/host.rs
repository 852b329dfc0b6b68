//! A host for tests, written from the table of the document bit by bit, and from nothing else.

/// Reads one command of the document.
pub(in crate::fxo) fn read_fxo(port: u8, register: u8) -> [u8; 3] {
    [0b0000_0100 | port, register, 0]
}

pub(in crate::fxo) fn write_fxo(port: u8, register: u8, value: u8) -> [u8; 3] {
    [0b0000_1000 | port, register, value]
}

pub(in crate::fxo) fn read_cpu(register: u8) -> [u8; 3] {
    [0b0001_0000, register, 0]
}

pub(in crate::fxo) fn write_cpu(register: u8, value: u8) -> [u8; 3] {
    [0b0001_0100, register, value]
}

fn bit(value: u8, place: u32) -> u8 {
    (value >> place) & 1
}

fn byte(bits: [u8; 8]) -> u8 {
    bits.into_iter().fold(0, |byte, bit| byte << 1 | bit)
}

/// A group as the table draws it.
pub(in crate::fxo) fn group(c: u8, [p, q]: [u8; 2], start_of_frame: bool) -> [u8; 4] {
    let s = u8::from(start_of_frame);
    [
        byte([bit(c, 7), bit(c, 6), s, 1, bit(p, 3), bit(p, 2), bit(p, 1), bit(p, 0)]),
        byte([bit(c, 5), bit(c, 4), 0, 0, bit(q, 3), bit(q, 2), bit(q, 1), bit(q, 0)]),
        byte([bit(c, 3), bit(c, 2), 0, 0, bit(p, 7), bit(p, 6), bit(p, 5), bit(p, 4)]),
        byte([bit(c, 1), bit(c, 0), 0, 0, bit(q, 7), bit(q, 6), bit(q, 5), bit(q, 4)]),
    ]
}

/// 64 bytes with these control bytes from the second group on.
pub(in crate::fxo) fn chunk(controls: &[u8], mut samples: impl FnMut() -> [u8; 2]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for index in 0..16usize {
        let control = index.checked_sub(1).and_then(|at| controls.get(at)).copied().filter(|_| index % 8 != 0).unwrap_or(0x7E);
        bytes.extend(group(control, samples(), index % 8 == 0));
    }
    bytes
}

/// What a host takes from a stream that begins with a frame.
#[derive(Debug, Default)]
pub(in crate::fxo) struct Ear {
    held: Vec<u8>,
    groups: usize,
    message: Vec<u8>,
    /// Messages of three bytes or more.
    pub(in crate::fxo) messages: Vec<Vec<u8>>,
    /// Messages that were too short.
    pub(in crate::fxo) shorts: Vec<Vec<u8>>,
    /// What was heard of each port.
    pub(in crate::fxo) samples: [Vec<u8>; 2],
    /// Whether the device follows this host, as of the last frame.
    pub(in crate::fxo) followed: bool,
}

impl Ear {
    pub(in crate::fxo) fn hear(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.held.push(*byte);
            if let [a, b, c, d] = *self.held.as_slice() {
                self.held.clear();
                self.group([a, b, c, d]);
            }
        }
    }

    fn group(&mut self, [a, b, c, d]: [u8; 4]) {
        let first = self.groups.is_multiple_of(8);
        self.groups += 1;
        assert_eq!((bit(a, 4), bit(a, 5)), (1, u8::from(first)), "marks of group {}", self.groups);
        assert_eq!((bit(b, 4), c & 0x30, d & 0x30), (0, 0, 0), "bits that are 0 in group {}", self.groups);
        let control = (a >> 6) * 64 + (b >> 6) * 16 + (c >> 6) * 4 + (d >> 6);
        if first {
            assert_eq!(control, 0x7E, "first of a frame");
            self.followed = bit(b, 5) == 1;
        } else {
            assert_eq!(bit(b, 5), 0);
        }
        self.samples[0].push((c & 15) * 16 + (a & 15));
        self.samples[1].push((d & 15) * 16 + (b & 15));
        if control != 0x7E {
            self.message.push(control);
        } else if !self.message.is_empty() {
            let message = std::mem::take(&mut self.message);
            if message.len() < 3 { &mut self.shorts } else { &mut self.messages }.push(message);
        }
    }

    /// Values that were told unasked of a register of a port.
    pub(in crate::fxo) fn events(&self, port: u8, register: u8) -> Vec<u8> {
        let of_it = self.messages.iter().filter(|message| message[..2] == [0b0000_1100 | port, register]);
        of_it.map(|message| message[2]).collect()
    }
}
