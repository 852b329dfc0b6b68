//! What goes over the wire of a device, for people: cut into pieces as it passes, put into words when somebody looks.
//!
//! A [`Tap`] only finds where pieces begin and end and which of them are sound; it formats nothing, so that a wire nobody looks
//! at costs no more than a look at its bytes. [`decode`] makes a line of a piece.

use serde::{Deserialize, Serialize};

use super::boxlink::trace as boxlink;
use super::modem::trace as modem;
use super::u100::trace as u100;

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum WireDirection {
    /// We said it.
    ToDevice,
    /// The device said it.
    FromDevice,
}

/// What is spoken on a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// FXLP/1.
    Boxlink,
    /// AT commands, with samples and `<DLE>` codes (ITU-T V.253).
    Modem,
    /// The stream of a Sangoma U100.
    U100,
}

/// What a piece of a wire carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// Orders, answers and events.
    Control,
    /// 10 or 20 ms of sound. Its bytes are there where the wire has frames of sound, and missing where it only has samples.
    Sound,
}

/// Takes each piece that a tap finds.
pub type Keep<'a> = dyn FnMut(PieceKind, &[u8]) + 'a;

/// Finds the pieces in the bytes of one wire, both ways.
#[derive(Debug)]
pub enum Tap {
    /// Of FXLP/1.
    Boxlink(boxlink::Tap),
    /// Of a modem.
    Modem(modem::Tap),
    /// Of a U100.
    U100(Box<u100::Tap>),
}

impl Tap {
    /// A tap at the beginning of a wire.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Boxlink => Tap::Boxlink(boxlink::Tap::default()),
            Dialect::Modem => Tap::Modem(modem::Tap::default()),
            Dialect::U100 => Tap::U100(Box::default()),
        }
    }

    /// What the wire speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self {
            Tap::Boxlink(_) => Dialect::Boxlink,
            Tap::Modem(_) => Dialect::Modem,
            Tap::U100(_) => Dialect::U100,
        }
    }

    /// Bytes that pass. Those of a device come in pieces of any size; ours as the driver wrote them.
    pub fn pass(&mut self, direction: WireDirection, bytes: &[u8], keep: &mut Keep<'_>) {
        match self {
            Tap::Boxlink(tap) => tap.pass(direction, bytes, keep),
            Tap::Modem(tap) => tap.pass(direction, bytes, keep),
            Tap::U100(tap) => tap.pass(direction, bytes, keep),
        }
    }
}

/// A piece in words. The words are those of the protocol, the same in every language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The port at the device that it is about; `None`: the whole device, or not known.
    pub port: Option<u16>,
    /// What it says.
    pub text: String,
    /// The bytes that the words do not tell, two hexadecimal digits each.
    pub hex: String,
}

/// Puts a piece into words.
#[must_use]
pub fn decode(dialect: Dialect, direction: WireDirection, piece: &[u8]) -> Decoded {
    match dialect {
        Dialect::Boxlink => boxlink::decode(piece),
        Dialect::Modem => modem::decode(piece),
        Dialect::U100 => u100::decode(direction, piece),
    }
}

/// `01 a0 ff`.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = write!(text, "{}{byte:02x}", if index > 0 { " " } else { "" });
    }
    text
}
