//! Packets on a byte stream: COBS between zero bytes, closed by a CRC-16/X-25.

use crc::{CRC_16_IBM_SDLC, Crc};

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_SDLC);

/// Between two packets on the wire, and nowhere else.
pub const DELIMITER: u8 = 0;

/// Longest decoded packet, header and checksum included.
pub const MAX_DECODED: usize = 1024;

/// Longest payload of a packet.
pub const MAX_PAYLOAD: usize = MAX_DECODED - HEADER - CHECKSUM;

/// The `port` that means the whole box.
pub const WHOLE_BOX: u8 = 0xFF;

/// The major version spoken here.
pub const MAJOR: u8 = 1;

const HEADER: usize = 4;
const CHECKSUM: usize = 2;

/// COBS adds one byte for each 254, and at least one.
pub(super) const MAX_ENCODED: usize = MAX_DECODED + MAX_DECODED.div_ceil(254);

/// What kind of packet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The host asks the box.
    Request,
    /// The box answers.
    Response,
    /// The box reports unasked.
    Event,
    /// 10 or 20 ms of sound, both ways.
    Audio,
    /// Text of the firmware for its developers.
    Log,
}

impl Class {
    pub(super) const fn code(self) -> u8 {
        match self {
            Class::Request => 0,
            Class::Response => 1,
            Class::Event => 2,
            Class::Audio => 3,
            Class::Log => 4,
        }
    }

    const fn of(code: u8) -> Option<Class> {
        match code {
            0 => Some(Class::Request),
            1 => Some(Class::Response),
            2 => Some(Class::Event),
            3 => Some(Class::Audio),
            4 => Some(Class::Log),
            _ => None,
        }
    }
}

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its kind.
    pub class: Class,
    /// The port, or [`WHOLE_BOX`].
    pub port: u8,
    /// Sequence number.
    pub seq: u8,
    /// Operation.
    pub op: u8,
    /// What `op` needs; at most [`MAX_PAYLOAD`] bytes.
    pub payload: Vec<u8>,
}

impl Packet {
    /// The packet as it goes on the wire, closing delimiter included.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        let mut raw = Vec::with_capacity(HEADER + self.payload.len() + CHECKSUM);
        raw.extend([self.class.code() | MAJOR << 4, self.port, self.seq, self.op]);
        raw.extend_from_slice(&self.payload[..self.payload.len().min(MAX_PAYLOAD)]);
        raw.extend(CRC.checksum(&raw).to_le_bytes());
        let mut wire = cobs::encode_vec(&raw);
        wire.push(DELIMITER);
        wire
    }

    pub(super) fn of_wire(encoded: &[u8]) -> Result<Packet, FrameError> {
        let raw = cobs::decode_vec(encoded).map_err(|_| FrameError::Malformed)?;
        if raw.len() > MAX_DECODED || raw.len() < HEADER + CHECKSUM {
            return Err(FrameError::Malformed);
        }
        let (body, sum) = raw.split_at(raw.len() - CHECKSUM);
        if CRC.checksum(body).to_le_bytes() != sum {
            return Err(FrameError::Checksum);
        }
        let &[first, port, seq, op, ref payload @ ..] = body else { return Err(FrameError::Malformed) };
        match (first >> 4, Class::of(first & 0x0F)) {
            (MAJOR, Some(class)) => Ok(Packet { class, port, seq, op, payload: payload.to_vec() }),
            _ => Err(FrameError::Malformed),
        }
    }
}

/// Why bytes between two delimiters are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Too short, too long, not COBS, or of another version or class.
    #[error("no packet of this protocol")]
    Malformed,
    /// The checksum is wrong.
    #[error("wrong checksum")]
    Checksum,
}

/// Cuts a byte stream into packets. It holds at most one packet's worth of bytes, and finds its feet at any delimiter.
#[derive(Clone, Debug, Default)]
pub struct Deframer {
    encoded: Vec<u8>,
    /// The current run of bytes is too long to be a packet; skip to the next delimiter.
    overrun: bool,
    /// Packets with a wrong checksum.
    pub crc_errors: u32,
    /// Runs of bytes that were no packet.
    pub malformed: u32,
}

impl Deframer {
    /// A deframer at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the bytes that came, in pieces of any size, and tells the packets that they complete.
    pub fn push(&mut self, bytes: &[u8], packets: &mut Vec<Packet>) {
        for &byte in bytes {
            if byte != DELIMITER {
                if self.encoded.len() < MAX_ENCODED {
                    self.encoded.push(byte);
                } else {
                    self.overrun = true;
                }
                continue;
            }
            if self.overrun {
                self.malformed = self.malformed.saturating_add(1);
            } else if !self.encoded.is_empty() {
                match Packet::of_wire(&self.encoded) {
                    Ok(packet) => packets.push(packet),
                    Err(FrameError::Checksum) => self.crc_errors = self.crc_errors.saturating_add(1),
                    Err(FrameError::Malformed) => self.malformed = self.malformed.saturating_add(1),
                }
            }
            self.encoded.clear();
            self.overrun = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    }

    fn deframe(bytes: &[u8]) -> (Vec<Packet>, Deframer) {
        let (mut packets, mut deframer) = (Vec::new(), Deframer::new());
        deframer.push(bytes, &mut packets);
        (packets, deframer)
    }

    const VECTORS: [(&str, &str); 5] = [
        ("10 ff 01 01 01 00", "06 10 ff 01 01 01 03 da 1f 00"),
        ("10 ff 03 02", "07 10 ff 03 02 f6 f0 00"),
        ("10 00 02 20 01", "02 10 06 02 20 01 35 fc 00"),
        ("11 00 02 20 00", "02 11 03 02 20 03 f8 e6 00"),
        ("12 01 07 80 e8 03 00 00 19", "07 12 01 07 80 e8 03 01 04 19 c7 4f 00"),
    ];

    #[test]
    fn the_specification_for_strangers_has_the_same_vectors() {
        let specification = include_str!("../../../../docs/BOX-PROTOCOL.md");
        for (_, wire) in VECTORS {
            assert!(specification.contains(wire), "{wire}");
        }
    }

    #[test]
    fn the_published_vectors_are_met_byte_for_byte_both_ways() {
        for (raw, wire) in VECTORS {
            let (raw, wire) = (hex(raw), hex(wire));
            let packet =
                Packet { class: Class::of(raw[0] & 0x0F).unwrap(), port: raw[1], seq: raw[2], op: raw[3], payload: raw[4..].to_vec() };
            assert_eq!(packet.to_wire(), wire);
            assert_eq!(deframe(&wire).0, [packet]);
        }
    }

    #[test]
    fn a_stream_in_single_bytes_gives_the_same_packets() {
        let wire: Vec<u8> = VECTORS.iter().flat_map(|(_, wire)| hex(wire)).collect();
        let (mut packets, mut deframer) = (Vec::new(), Deframer::new());
        for byte in &wire {
            deframer.push(&[*byte], &mut packets);
        }
        assert_eq!(packets, deframe(&wire).0);
        assert_eq!(packets.len(), 5);
    }

    #[test]
    fn garbage_and_overlong_runs_are_counted_and_the_next_packet_is_found() {
        let good = hex(VECTORS[1].1);
        let mut stream = vec![0x55; 5000];
        stream.push(0);
        stream.extend(hex("07 10 ff 03 02 f6 f1 00"));
        stream.extend([3, 1, 0]);
        stream.extend(&good);
        let (packets, deframer) = deframe(&stream);
        assert_eq!(packets.len(), 1);
        assert_eq!((deframer.crc_errors, deframer.malformed), (1, 2));
        assert!(deframer.encoded.capacity() <= 2 * MAX_ENCODED);
    }

    #[test]
    fn a_packet_of_the_largest_size_passes_and_a_larger_one_does_not() {
        let largest = Packet { class: Class::Audio, port: 0, seq: 0, op: 1, payload: vec![0; MAX_PAYLOAD] };
        assert_eq!(deframe(&largest.to_wire()).0, [largest]);
        let mut raw = vec![0x13, 0, 0, 1];
        raw.extend(vec![7; MAX_PAYLOAD + 1]);
        raw.extend(CRC.checksum(&raw).to_le_bytes());
        let mut wire = cobs::encode_vec(&raw);
        wire.push(0);
        let (packets, deframer) = deframe(&wire);
        assert!(packets.is_empty());
        assert_eq!(deframer.malformed, 1);
    }

    #[test]
    fn no_bytes_make_it_panic_and_every_damaged_packet_is_noticed() {
        let mut rng = Rng::from_seed(11);
        for _ in 0..2000 {
            let length = usize::try_from(rng.below(60)).unwrap();
            let noise: Vec<u8> = (0..length).map(|_| rng.next_u32().to_le_bytes()[0]).collect();
            deframe(&noise);
            let mut wire = hex(VECTORS[usize::try_from(rng.below(5)).unwrap()].1);
            let at = usize::try_from(rng.below(wire.len() as u64 - 1)).unwrap();
            wire[at] ^= 1 << rng.below(8);
            let (packets, deframer) = deframe(&wire);
            assert!(packets.is_empty());
            assert!(deframer.crc_errors + deframer.malformed > 0);
        }
    }
}
