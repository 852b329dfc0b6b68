//! What a box may send (docs/BOX-PROTOCOL.md): any bytes, in pieces of any length.

use gateway_core::fxo::boxlink::driver::{BoxDriver, BoxOptions};

use super::device::Wire;
use super::pieces::pieces;

pub fn holds(bytes: &[u8]) {
    let mut wire = Wire::open(BoxDriver::new(BoxOptions::default()));
    pieces(bytes).into_iter().for_each(|piece| wire.hear(piece));
}
