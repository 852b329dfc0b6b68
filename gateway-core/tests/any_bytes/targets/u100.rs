//! What a U100 may send, and what may be sent to an emulated one: any bytes, in pieces of any length.

use gateway_core::fxo::u100::driver::U100Driver;
use gateway_core::fxo::u100::emulator::{U100, U100Traits};
use gateway_core::time::Moment;

use super::device::Wire;
use super::pieces::pieces;

pub fn holds(bytes: &[u8]) {
    let mut wire = Wire::open(U100Driver::default());
    let mut device = U100::new(U100Traits::default(), Moment::ZERO);
    for piece in pieces(bytes) {
        device.receive(piece.bytes, wire.now, &mut Vec::new());
        wire.hear(piece);
        device.handle_timeout(wire.now, &mut Vec::new());
    }
}
