//! What a modem may send, and what may be sent to one: any bytes, in pieces of any length.
#![no_main]

use gateway_core::config::PortId;
use gateway_core::fxo::boxlink::message::LineStatus;
use gateway_core::fxo::modem::driver::{ModemDriver, ModemOptions};
use gateway_core::fxo::modem::emulator::{Modem, ModemModel, ModemTraits};
use gateway_core::fxo::{Device, LineCommand};
use gateway_core::time::Moment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|pieces: Vec<Vec<u8>>| {
    let (mut driver, mut out) = (ModemDriver::new(ModemOptions { country: Some(0x16) }), Vec::new());
    let (mut modem, mut done) = (Modem::new(ModemTraits::of(ModemModel::Conexant)), Vec::new());
    let line = LineStatus { millivolts: 48_000, ..LineStatus::default() };
    driver.open(Moment::ZERO, &mut out);
    for (index, piece) in pieces.iter().enumerate() {
        let now = Moment::from_millis(index as u64 * 400);
        driver.handle_timeout(now, &mut out);
        driver.receive(piece, now, &mut out);
        driver.command(PortId(0), if index % 2 == 0 { LineCommand::Seize } else { LineCommand::Release }, now, &mut out);
        modem.receive(piece, &line, now, &mut done);
        modem.handle_timeout(now, &mut done);
        out.clear();
        done.clear();
    }
});
