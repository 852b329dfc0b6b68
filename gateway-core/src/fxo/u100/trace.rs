//! The messages in the stream of a U100, as they are read in a trace: which register, and what is in it.

use super::registers::{Kind, device, line};
use super::stream::{Message, Millisecond, Reader, Unpacker};
use crate::fxo::trace::{Decoded, Keep, PieceKind, WireDirection, hex};

/// Milliseconds of the stream that are told as one piece of sound.
const SOUND_MS: u8 = 20;

/// Registers of a line interface (data sheet "Si3050 + Si3018/19", §5).
const LINE_REGISTERS: [(u8, &str); 15] = [
    (line::CONTROL_1, "CONTROL_1"),
    (line::CONTROL_2, "CONTROL_2"),
    (line::INTERRUPT, "INTERRUPT"),
    (line::HOOK, "HOOK"),
    (line::POWER, "POWER"),
    (line::LINE_SIDE, "LINE_SIDE"),
    (16, "INTERNATIONAL_1"),
    (line::RING_FULL_WAVE, "RING_FULL_WAVE"),
    (26, "DC_TERMINATION"),
    (line::CURRENT, "CURRENT"),
    (line::VOLTAGE, "VOLTAGE"),
    (30, "AC_TERMINATION"),
    (31, "DAA_CONTROL_3"),
    (32, "GROUND_START"),
    (line::PCM, "PCM"),
];

/// Registers of the device itself.
const DEVICE_REGISTERS: [(u8, &str); 7] = [
    (device::ID, "ID"),
    (device::HARDWARE, "HARDWARE"),
    (device::FIRMWARE, "FIRMWARE"),
    (device::CONTROL, "CONTROL"),
    (device::FIFO, "FIFO"),
    (device::UART, "UART"),
    (device::HOST, "HOST"),
];

/// Finds the messages, both ways.
#[derive(Debug, Default)]
pub struct Tap {
    to_device: Way,
    from_device: Way,
}

#[derive(Debug, Default)]
struct Way {
    unpacker: Unpacker,
    reader: Reader,
    /// Milliseconds since sound was told.
    sound_ms: u8,
}

impl Tap {
    /// See [`crate::fxo::trace::Tap::pass`].
    pub(in crate::fxo) fn pass(&mut self, direction: WireDirection, bytes: &[u8], keep: &mut Keep<'_>) {
        let Way { unpacker, reader, sound_ms } = match direction {
            WireDirection::ToDevice => &mut self.to_device,
            WireDirection::FromDevice => &mut self.from_device,
        };
        unpacker.push(bytes, |frame: Millisecond| {
            reader.push(&frame, |message| keep(PieceKind::Control, &message.bytes()));
            *sound_ms += 1;
            if *sound_ms >= SOUND_MS {
                *sound_ms = 0;
                keep(PieceKind::Sound, &[]);
            }
        });
    }
}

/// Puts a message into words. What we send to read a register has no value yet.
pub(in crate::fxo) fn decode(direction: WireDirection, piece: &[u8]) -> Decoded {
    let Some(Message { kind, port, register, value }) = Message::of(piece) else {
        return Decoded { port: None, text: "malformed".to_owned(), hex: hex(piece) };
    };
    let asks = direction == WireDirection::ToDevice;
    let is = format!("{value:02x}");
    let (of_line, text) = match kind {
        Kind::ReadLine if asks => (true, format!("read {}", name(&LINE_REGISTERS, register))),
        Kind::ReadDevice if asks => (false, format!("read {}", name(&DEVICE_REGISTERS, register))),
        Kind::ReadLine => (true, format!("read {} = {is}", name(&LINE_REGISTERS, register))),
        Kind::ReadDevice => (false, format!("read {} = {is}", name(&DEVICE_REGISTERS, register))),
        Kind::WriteLine => (true, format!("write {} = {is}", name(&LINE_REGISTERS, register))),
        Kind::WriteDevice => (false, format!("write {} = {is}", name(&DEVICE_REGISTERS, register))),
        Kind::Event => (true, format!("event {} = {is}", name(&LINE_REGISTERS, register))),
    };
    Decoded { port: of_line.then(|| u16::from(port)), text, hex: hex(piece) }
}

fn name(names: &[(u8, &str)], register: u8) -> String {
    names.iter().find(|(known, _)| *known == register).map_or_else(|| format!("register {register}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::stream::{GROUPS, Packer, SILENCE};
    use super::*;

    /// What a tap tells of messages that are sent one after the other, each in a millisecond of its own and a pause.
    fn told(direction: WireDirection, messages: &[Message]) -> (Vec<(Option<u16>, String)>, usize) {
        let (mut packer, mut wire) = (Packer::default(), Vec::new());
        messages.iter().for_each(|message| packer.say(*message));
        for _ in 0..41 {
            packer.frame([[SILENCE; GROUPS]; 2], &mut wire);
        }
        let (mut lines, mut sound) = (Vec::new(), 0);
        let mut tap = Tap::default();
        for part in wire.chunks(7) {
            tap.pass(direction, part, &mut |kind, piece| match kind {
                PieceKind::Control => {
                    let Decoded { port, text, .. } = decode(direction, piece);
                    lines.push((port, text));
                }
                PieceKind::Sound => sound += 1,
            });
        }
        (lines, sound)
    }

    fn message(kind: Kind, port: u8, register: u8, value: u8) -> Message {
        Message { kind, port, register, value }
    }

    #[test]
    fn registers_are_told_by_name_and_sound_is_counted() {
        let asked = [message(Kind::ReadDevice, 0, 0, 0), message(Kind::WriteLine, 1, 5, 0x09), message(Kind::ReadLine, 0, 29, 0)];
        let lines = vec![(None, "read ID".to_owned()), (Some(1), "write HOOK = 09".to_owned()), (Some(0), "read VOLTAGE".to_owned())];
        assert_eq!(told(WireDirection::ToDevice, &asked), (lines, 2));
        let answered = [message(Kind::ReadDevice, 0, 0, 0x55), message(Kind::Event, 0, 4, 0x80), message(Kind::ReadLine, 1, 77, 1)];
        let lines = vec![
            (None, "read ID = 55".to_owned()),
            (Some(0), "event INTERRUPT = 80".to_owned()),
            (Some(1), "read register 77 = 01".to_owned()),
        ];
        assert_eq!(told(WireDirection::FromDevice, &answered), (lines, 2));
    }

    #[test]
    fn what_is_no_message_is_told_by_its_bytes() {
        assert_eq!(
            decode(WireDirection::FromDevice, &[0xFC, 1]),
            Decoded { port: None, text: "malformed".to_owned(), hex: "fc 01".to_owned() }
        );
    }
}
