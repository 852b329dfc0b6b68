//! What a modem may send (ITU-T V.250, V.253), and what may be sent to an emulated one: any bytes, in pieces of any length.

use gateway_core::fxo::boxlink::message::LineStatus;
use gateway_core::fxo::modem::driver::{ModemDriver, ModemOptions};
use gateway_core::fxo::modem::emulator::{Modem, ModemModel, ModemTraits};

use super::device::Wire;
use super::pieces::pieces;

pub fn holds(bytes: &[u8]) {
    let mut wire = Wire::open(ModemDriver::new(ModemOptions { country: Some(0x16) }));
    let mut modem = Modem::new(ModemTraits::of(ModemModel::Conexant));
    let line = LineStatus { millivolts: 48_000, ..LineStatus::default() };
    for piece in pieces(bytes) {
        modem.receive(piece.bytes, &line, wire.now, &mut Vec::new());
        wire.hear(piece);
        modem.handle_timeout(wire.now, &mut Vec::new());
    }
}
