//! FXLP/1 as it is read in a trace: one line a packet.

use super::frame::{Class, DELIMITER, FrameError, MAX_ENCODED, Packet, WHOLE_BOX};
use crate::fxo::trace::{Decoded, Keep, PieceKind, WireDirection, hex};

/// Names of the operations as `docs/BOX-PROTOCOL.md` has them. That of sound is the only one of its class.
const OPERATIONS: [(u8, &str); 30] = [
    (0x01, "HELLO"),
    (0x02, "PING"),
    (0x03, "GET_UAC_MAP"),
    (0x10, "SET_COUNTRY"),
    (0x11, "SET_DAA"),
    (0x20, "HOOK"),
    (0x21, "FLASH"),
    (0x22, "DIAL_PULSE"),
    (0x23, "TONES"),
    (0x24, "GAIN"),
    (0x25, "AUDIO"),
    (0x26, "LINE"),
    (0x30, "RESET"),
    (0x80, "RING_ON"),
    (0x81, "RING_OFF"),
    (0x82, "LINE_UP"),
    (0x83, "LINE_DOWN"),
    (0x84, "POLARITY"),
    (0x85, "LOOP_INTERRUPTION"),
    (0x86, "EXTENSION_PICKUP"),
    (0x87, "EXTENSION_RELEASE"),
    (0x88, "HOOK"),
    (0x89, "OVERLOAD"),
    (0x8A, "BILLING"),
    (0x8B, "CALLER_ID"),
    (0x8C, "DTMF"),
    (0x8D, "TONE"),
    (0x8E, "AUDIO_STATS"),
    (0x8F, "WATCHDOG_TRIPPED"),
    (0x90, "LOOP_OPENED"),
];

/// Bytes before the samples of a packet of sound: the number of samples before it, and the format.
const SOUND_HEAD: usize = 5;

/// What a response says of its request, by its first byte.
const STATUSES: [&str; 7] = ["done", "busy", "unknown operation", "bad argument", "no line", "bad state", "hardware fault"];

/// Finds packets by their delimiters, both ways.
#[derive(Debug, Default)]
pub struct Tap {
    to_device: Vec<u8>,
    from_device: Vec<u8>,
}

impl Tap {
    /// See [`crate::fxo::trace::Tap::pass`].
    pub(in crate::fxo) fn pass(&mut self, direction: WireDirection, bytes: &[u8], keep: &mut Keep<'_>) {
        let begun = match direction {
            WireDirection::ToDevice => &mut self.to_device,
            WireDirection::FromDevice => &mut self.from_device,
        };
        for part in bytes.split_inclusive(|byte| *byte == DELIMITER) {
            let whole = part.strip_suffix(&[DELIMITER]);
            match whole {
                // Most packets come in one piece, and are not copied.
                Some(packet) if begun.is_empty() => tell(packet, keep),
                Some(rest) => {
                    push(begun, rest);
                    tell(begun, keep);
                    begun.clear();
                }
                None => push(begun, part),
            }
        }
    }
}

/// Of a run of bytes that is too long for a packet, so many are kept that it is seen to be none.
fn push(begun: &mut Vec<u8>, part: &[u8]) {
    let room = (MAX_ENCODED + 1).saturating_sub(begun.len());
    begun.extend_from_slice(&part[..part.len().min(room)]);
}

fn tell(packet: &[u8], keep: &mut Keep<'_>) {
    match *packet {
        [] => {}
        // The first byte of a packet is never zero, so that COBS leaves it as it is.
        [_, first, ..] if first & 0x0F == Class::Audio.code() => keep(PieceKind::Sound, packet),
        _ => keep(PieceKind::Control, packet),
    }
}

/// Puts a packet, without its delimiter, into words.
pub(in crate::fxo) fn decode(piece: &[u8]) -> Decoded {
    let packet = match Packet::of_wire(piece) {
        Ok(packet) => packet,
        Err(FrameError::Checksum) => return damaged("wrong checksum", piece),
        Err(FrameError::Malformed) => return damaged("malformed", piece),
    };
    let Packet { class, seq, .. } = packet;
    let op = name(packet.op);
    let mut payload = packet.payload.as_slice();
    let text = match class {
        Class::Request => format!("request {op} seq {seq}"),
        Class::Response => {
            let status = payload.split_off_first().map_or_else(|| "without status".to_owned(), |status| status_name(*status));
            format!("response {op} seq {seq} {status}")
        }
        Class::Event => format!("event {op} seq {seq}"),
        Class::Audio => {
            // What is said on the line is nobody's to read: a trace shows that sound passed, not the sound.
            let (head, sound) = payload.split_at(payload.len().min(SOUND_HEAD));
            payload = head;
            format!("audio seq {seq} {} bytes", sound.len())
        }
        Class::Log => format!("log {}", String::from_utf8_lossy(std::mem::take(&mut payload)).escape_debug()),
    };
    let port = (packet.port != WHOLE_BOX).then(|| u16::from(packet.port));
    Decoded { port, text, hex: hex(payload) }
}

fn damaged(what: &str, piece: &[u8]) -> Decoded {
    Decoded { port: None, text: what.to_owned(), hex: hex(piece) }
}

fn name(op: u8) -> String {
    OPERATIONS.iter().find(|(known, _)| *known == op).map_or_else(|| format!("operation {op:02x}"), |(_, name)| (*name).to_owned())
}

fn status_name(status: u8) -> String {
    STATUSES.get(usize::from(status)).map_or_else(|| format!("status {status}"), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fxo::boxlink::message::Request;

    fn bytes(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    }

    fn line(wire: &str) -> (Option<u16>, String, String) {
        let Decoded { port, text, hex } = decode(&bytes(wire));
        (port, text, hex)
    }

    /// The packets of `docs/BOX-PROTOCOL.md`, without their closing zero.
    #[test]
    fn each_packet_is_one_line() {
        let told = |port: Option<u16>, text: &str, hex: &str| (port, text.to_owned(), hex.to_owned());
        assert_eq!(line("06 10 ff 01 01 01 03 da 1f"), told(None, "request HELLO seq 1", "01 00"));
        assert_eq!(line("07 10 ff 03 02 f6 f0"), told(None, "request PING seq 3", ""));
        assert_eq!(line("02 10 06 02 20 01 35 fc"), told(Some(0), "request HOOK seq 2", "01"));
        assert_eq!(line("02 11 03 02 20 03 f8 e6"), told(Some(0), "response HOOK seq 2 done", ""));
        assert_eq!(line("07 12 01 07 80 e8 03 01 04 19 c7 4f"), told(Some(1), "event RING_ON seq 7", "e8 03 00 00 19"));
        assert_eq!(line("07 10 ff 03 02 f6 f1"), told(None, "wrong checksum", "07 10 ff 03 02 f6 f1"));
        assert_eq!(line("03 01"), told(None, "malformed", "03 01"));
    }

    #[test]
    fn refusals_unknown_operations_and_the_firmwares_own_words_are_told() {
        let packet = |class, op, payload: &[u8]| {
            let wire = Packet { class, port: 1, seq: 9, op, payload: payload.to_vec() }.to_wire();
            let Decoded { text, hex, .. } = decode(&wire[..wire.len() - 1]);
            (text, hex)
        };
        assert_eq!(packet(Class::Response, 0x20, &[4]), ("response HOOK seq 9 no line".to_owned(), String::new()));
        assert_eq!(packet(Class::Response, 0x20, &[77, 1]), ("response HOOK seq 9 status 77".to_owned(), "01".to_owned()));
        assert_eq!(packet(Class::Response, 0x20, &[]), ("response HOOK seq 9 without status".to_owned(), String::new()));
        assert_eq!(packet(Class::Event, 0xEE, &[0]), ("event operation ee seq 9".to_owned(), "00".to_owned()));
        let sound = [&[0xA0, 0, 0, 0, 0][..], &[0x7E; 160]].concat();
        assert_eq!(packet(Class::Audio, 1, &sound), ("audio seq 9 160 bytes".to_owned(), "a0 00 00 00 00".to_owned()));
        assert_eq!(packet(Class::Audio, 1, &[1]), ("audio seq 9 0 bytes".to_owned(), "01".to_owned()));
        assert_eq!(packet(Class::Log, 0, b"hi\r\n\x1b[0m"), (r"log hi\r\n\u{1b}[0m".to_owned(), String::new()));
    }

    #[test]
    fn the_operations_have_the_names_of_the_specification() {
        let specification = include_str!("../../../../docs/BOX-PROTOCOL.md");
        for (op, name) in OPERATIONS {
            let row = format!("| `{op:02X}` | {name} ");
            assert!(specification.contains(&row), "{row}");
        }
        let rows = specification.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, OPERATIONS.len(), "an operation of the specification has no name here");
        assert_eq!(name(Request::Ping.op()), "PING");
    }

    fn pieces(tap: &mut Tap, direction: WireDirection, bytes: &[u8]) -> Vec<(PieceKind, Vec<u8>)> {
        let mut kept = Vec::new();
        tap.pass(direction, bytes, &mut |kind, piece| kept.push((kind, piece.to_vec())));
        kept
    }

    #[test]
    fn packets_are_found_however_the_bytes_come_and_sound_is_told_apart() {
        let sound = Packet { class: Class::Audio, port: 0, seq: 1, op: 1, payload: vec![0; 165] }.to_wire();
        let ping = bytes("07 10 ff 03 02 f6 f0 00");
        let wire = [&[0, 0], sound.as_slice(), ping.as_slice()].concat();
        let expected = [(PieceKind::Sound, sound[..sound.len() - 1].to_vec()), (PieceKind::Control, ping[..ping.len() - 1].to_vec())];
        assert_eq!(pieces(&mut Tap::default(), WireDirection::FromDevice, &wire), expected);
        let mut tap = Tap::default();
        let bit_by_bit: Vec<_> = wire.iter().flat_map(|byte| pieces(&mut tap, WireDirection::FromDevice, &[*byte])).collect();
        assert_eq!(bit_by_bit, expected);
    }

    #[test]
    fn both_ways_are_apart_and_what_never_ends_stays_short() {
        let mut tap = Tap::default();
        assert!(pieces(&mut tap, WireDirection::FromDevice, &[0x55; 100_000]).is_empty());
        assert_eq!(pieces(&mut tap, WireDirection::ToDevice, &bytes("07 10 ff 03 02 f6 f0 00")).len(), 1);
        let long = pieces(&mut tap, WireDirection::FromDevice, &[0]);
        assert_eq!(long[0].1.len(), MAX_ENCODED + 1);
        assert_eq!(decode(&long[0].1).text, "malformed");
    }
}
