//! What is said to a modem and by it, as it is read in a trace: its lines of text, and the codes that `<DLE>` marks.

use super::stream::{Heard, Stream};
use crate::dsp::FRAME_SAMPLES;
use crate::fxo::trace::{Decoded, Keep, PieceKind, WireDirection, hex};

/// Marks a code (ITU-T T.50).
const DLE: u8 = 0x10;
const ETX: u8 = 0x03;

/// What codes tell, as far as the driver or a technician needs them (ITU-T V.253 §7).
const CODES: [(u8, &str); 12] = [
    (b'R', "ring"),
    (b'l', "loop interruption"),
    (b'P', "extension off hook"),
    (b'p', "extension on hook"),
    (b'u', "underrun"),
    (b'o', "overrun"),
    (b'd', "dial tone"),
    (b'b', "busy tone"),
    (b'c', "fax calling tone"),
    (b's', "silence"),
    (b'q', "quiet"),
    (b'^', "end of sound"),
];

/// Tells text and codes from samples.
#[derive(Debug, Default)]
pub struct Tap {
    stream: Stream,
    /// Samples since the last frame of them was told.
    samples: usize,
}

impl Tap {
    /// See [`crate::fxo::trace::Tap::pass`].
    pub(in crate::fxo) fn pass(&mut self, direction: WireDirection, bytes: &[u8], keep: &mut Keep<'_>) {
        match direction {
            // The driver writes whole frames of samples, and nothing else that is as long.
            WireDirection::ToDevice if bytes.len() >= FRAME_SAMPLES => keep(PieceKind::Sound, &[]),
            WireDirection::ToDevice => {
                // A command is given only to a modem that sends text, and so is what wakes it.
                if bytes.ends_with(b"\r") {
                    self.stream.set_sounding(false);
                }
                keep(PieceKind::Control, bytes);
            }
            WireDirection::FromDevice => bytes.iter().for_each(|byte| self.take(*byte, keep)),
        }
    }

    fn take(&mut self, byte: u8, keep: &mut Keep<'_>) {
        let (mut sounds, samples) = (false, &mut self.samples);
        self.stream.take(byte, |heard| match heard {
            Heard::Sample(_) => {
                *samples += 1;
                if *samples >= FRAME_SAMPLES {
                    *samples = 0;
                    keep(PieceKind::Sound, &[]);
                }
            }
            Heard::Line(line) => {
                sounds = line == "CONNECT";
                keep(PieceKind::Control, line.as_bytes());
            }
            Heard::Code(code) => keep(PieceKind::Control, &[DLE, code]),
            Heard::Packet(text) => keep(PieceKind::Control, &[&[DLE, b'X'], text.as_bytes(), &[DLE, b'.']].concat()),
            Heard::End => keep(PieceKind::Control, &[DLE, ETX]),
        });
        // The very next byte is a sample.
        if sounds {
            self.stream.set_sounding(true);
        }
    }
}

/// Puts what was said into words: text as it is, what has no printed form by its name.
pub(in crate::fxo) fn decode(piece: &[u8]) -> Decoded {
    let mut text: String = piece.iter().map(|byte| letter(*byte)).collect();
    if let [DLE, code] = piece
        && let Some((_, told)) = CODES.iter().find(|(known, _)| known == code)
    {
        text.push(' ');
        text.push_str(told);
    }
    Decoded { port: None, text, hex: hex(piece) }
}

fn letter(byte: u8) -> String {
    match byte {
        DLE => "<DLE>".to_owned(),
        ETX => "<ETX>".to_owned(),
        b'\r' => "<CR>".to_owned(),
        b'\n' => "<LF>".to_owned(),
        b' '..=b'~' => char::from(byte).to_string(),
        other => format!("<{other:02X}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(tap: &mut Tap, direction: WireDirection, bytes: &[u8]) -> (Vec<String>, usize) {
        let (mut lines, mut sound) = (Vec::new(), 0);
        tap.pass(direction, bytes, &mut |kind, piece| match kind {
            PieceKind::Control => lines.push(decode(piece).text),
            PieceKind::Sound => sound += 1,
        });
        (lines, sound)
    }

    #[test]
    fn a_call_is_read_as_its_lines_and_codes_and_its_sound_is_counted() {
        let mut tap = Tap::default();
        let (to, from) = (WireDirection::ToDevice, WireDirection::FromDevice);
        assert_eq!(said(&mut tap, to, b"AT+VLS=1\r"), (vec!["AT+VLS=1<CR>".to_owned()], 0));
        assert_eq!(said(&mut tap, from, b"\r\nOK\r\n"), (vec!["OK".to_owned()], 0));
        assert_eq!(said(&mut tap, to, b"AT+VTR\r").0, ["AT+VTR<CR>"]);
        // What follows the line feed is samples, whatever it looks like.
        let samples = [b'\n'; 3 * FRAME_SAMPLES];
        let wire = [b"\r\nCONNECT\r\n", &samples[..], b"\x10u\x10l", &[0x10, 0x10]].concat();
        let (lines, sound) = said(&mut tap, from, &wire);
        assert_eq!((lines, sound), (["CONNECT", "<DLE>u underrun", "<DLE>l loop interruption"].map(str::to_owned).to_vec(), 3));
        assert_eq!(said(&mut tap, to, &[0xFF; FRAME_SAMPLES]), (Vec::new(), 1));
        assert_eq!(said(&mut tap, to, b"\x10^").0, ["<DLE>^ end of sound"]);
        assert_eq!(said(&mut tap, from, b"\x10\x03\r\nOK\r\n").0, ["<DLE><ETX>", "OK"]);
    }

    #[test]
    fn a_modem_that_was_left_in_sound_is_read_as_text_once_it_is_woken() {
        let mut tap = Tap::default();
        said(&mut tap, WireDirection::FromDevice, b"CONNECT\n");
        let woken = said(&mut tap, WireDirection::ToDevice, b"\x10\x03\x10^\x10\x10\x10^\r");
        assert_eq!(woken.0, ["<DLE><ETX><DLE>^<DLE><DLE><DLE>^<CR>"]);
        assert_eq!(said(&mut tap, WireDirection::FromDevice, b"RING\r\n").0, ["RING"]);
    }

    #[test]
    fn packets_and_bytes_without_a_printed_form_are_told() {
        let mut tap = Tap::default();
        let heard = said(&mut tap, WireDirection::FromDevice, b"\x10XNMBR = 1133334444\r\n\x10.");
        assert_eq!(heard.0, ["<DLE>XNMBR = 1133334444<CR><LF><DLE>."]);
        assert_eq!(decode(&[0x80, b'A']), Decoded { port: None, text: "<80>A".to_owned(), hex: "80 41".to_owned() });
    }
}
