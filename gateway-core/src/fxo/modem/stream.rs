//! What a modem sends, taken apart: lines of text, samples, and the codes that `<DLE>` marks (ITU-T V.253 §7, §9).

/// Marks a code (ITU-T T.50).
const DLE: u8 = 0x10;
/// After `<DLE>`: the end of the samples.
const ETX: u8 = 0x03;
/// After `<DLE>`: two samples of the value of `<DLE>`.
const SUB: u8 = 0x1A;
/// After `<DLE>`: a packet of text begins; it ends with `<DLE>` and [`PACKET_ENDS`].
const PACKET: u8 = b'X';
const PACKET_ENDS: u8 = b'.';

/// Longest line of text that is kept; of a longer one the rest is dropped.
const LONGEST_LINE: usize = 256;

/// Longest packet that is kept; of a longer one the rest is dropped.
const LONGEST_PACKET: usize = 512;

/// What ends the samples that we send, or those that the modem sends to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// `<DLE>^`, as Conexant ends duplex sound.
    Caret,
    /// `<DLE><ETX>`, as U.S. Robotics does and V.253 says of sound in one direction.
    EndOfText,
    /// `<DLE><DLE><DLE>^`: some Conexant firmware takes the mark only behind a doubled one.
    TripleCaret,
}

impl Leave {
    /// The bytes on the wire.
    pub(super) fn wire(self) -> &'static [u8] {
        match self {
            Leave::Caret => &[DLE, b'^'],
            Leave::EndOfText => &[DLE, ETX],
            Leave::TripleCaret => &[DLE, DLE, DLE, b'^'],
        }
    }
}

/// Samples as they go on the wire: a sample of the value of `<DLE>` is doubled.
pub(super) fn shield(samples: impl Iterator<Item = u8>, wire: &mut Vec<u8>) {
    for sample in samples {
        if sample == DLE {
            wire.push(DLE);
        }
        wire.push(sample);
    }
}

/// A part of what a modem sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A line of text, without its end. Empty lines are not told.
    Line(String),
    /// A sample.
    Sample(u8),
    /// The byte after a `<DLE>`: something happened on the line.
    Code(u8),
    /// A packet of text between the samples.
    Packet(String),
    /// The samples are over; text follows.
    End,
}

/// Takes apart what comes from a modem, byte by byte: where a line says that samples follow, the very next byte is one.
#[derive(Debug, Default)]
pub(super) struct Stream {
    sounding: bool,
    marked: bool,
    line: Vec<u8>,
    packet: Option<Vec<u8>>,
    /// The second sample of a pair that one code stands for.
    again: bool,
}

impl Stream {
    /// From here on bytes are samples, or lines of text.
    pub(super) fn set_sounding(&mut self, sounding: bool) {
        self.sounding = sounding;
        self.line.clear();
        self.packet = None;
    }

    /// Whether bytes are samples.
    pub(super) fn is_sounding(&self) -> bool {
        self.sounding
    }

    /// One byte of the wire; what it completes goes to `tell`.
    pub(super) fn take(&mut self, byte: u8, mut tell: impl FnMut(Heard)) {
        if std::mem::take(&mut self.marked) {
            if let Some(heard) = self.code(byte) {
                tell(heard);
            }
            if std::mem::take(&mut self.again) {
                tell(Heard::Sample(DLE));
            }
        } else if byte == DLE {
            self.marked = true;
        } else if let Some(packet) = &mut self.packet {
            if packet.len() < LONGEST_PACKET {
                packet.push(byte);
            }
        } else if self.sounding {
            tell(Heard::Sample(byte));
        } else if let Some(line) = self.letter(byte) {
            tell(Heard::Line(line));
        }
    }

    /// The byte after a mark.
    fn code(&mut self, code: u8) -> Option<Heard> {
        if code == PACKET_ENDS
            && let Some(packet) = self.packet.take()
        {
            return Some(Heard::Packet(String::from_utf8_lossy(&packet).into_owned()));
        }
        match code {
            DLE | SUB if self.sounding => {
                self.again = code == SUB;
                Some(Heard::Sample(DLE))
            }
            // Outside of sound there is nothing that a doubled mark could stand for.
            DLE | SUB => None,
            ETX => {
                self.set_sounding(false);
                Some(Heard::End)
            }
            PACKET => {
                self.packet = Some(Vec::new());
                None
            }
            other => Some(Heard::Code(other)),
        }
    }

    /// A byte of text. Lines end with a line feed; what else has no printed form is dropped, as a modem's first bytes are.
    fn letter(&mut self, byte: u8) -> Option<String> {
        if byte == b'\n' {
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            return (!line.is_empty()).then_some(line);
        }
        if (b' '..0x7F).contains(&byte) && self.line.len() < LONGEST_LINE {
            self.line.push(byte);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(stream: &mut Stream, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for byte in bytes {
            stream.take(*byte, |part| heard.push(part));
        }
        heard
    }

    #[test]
    fn every_sample_comes_through_a_shield_unchanged() {
        let samples: Vec<u8> = (0..=255).chain([DLE, DLE, DLE]).collect();
        let mut wire = Vec::new();
        shield(samples.iter().copied(), &mut wire);
        let mut stream = Stream::default();
        stream.set_sounding(true);
        let heard = take_all(&mut stream, &wire);
        assert_eq!(heard, samples.into_iter().map(Heard::Sample).collect::<Vec<_>>());
    }

    #[test]
    fn the_byte_after_connect_is_a_sample() {
        let mut stream = Stream::default();
        let mut heard = Vec::new();
        for byte in *b"\r\nCONNECT\r\n\x0A\x41" {
            let mut line = false;
            stream.take(byte, |part| {
                line = matches!(part, Heard::Line(_));
                heard.push(part);
            });
            if line {
                stream.set_sounding(true);
            }
        }
        assert_eq!(heard, [Heard::Line("CONNECT".to_owned()), Heard::Sample(0x0A), Heard::Sample(0x41)]);
    }

    #[test]
    fn codes_packets_and_the_end_stand_between_samples() {
        let mut stream = Stream::default();
        stream.set_sounding(true);
        let heard = take_all(&mut stream, b"a\x10b\x10\x1A\x10XNMBR = 1\r\n\x10.c\x10\x03\r\nOK\r\n");
        assert_eq!(
            heard,
            [
                Heard::Sample(b'a'),
                Heard::Code(b'b'),
                Heard::Sample(DLE),
                Heard::Sample(DLE),
                Heard::Packet("NMBR = 1\r\n".to_owned()),
                Heard::Sample(b'c'),
                Heard::End,
                Heard::Line("OK".to_owned()),
            ]
        );
    }

    #[test]
    fn a_line_without_end_stays_short() {
        let mut stream = Stream::default();
        assert!(take_all(&mut stream, &[b'A'; 10_000]).is_empty());
        let heard = take_all(&mut stream, b"\n");
        assert!(matches!(&heard[..], [Heard::Line(line)] if line.len() == LONGEST_LINE));
    }
}
