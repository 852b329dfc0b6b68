//! What a U100 may send, and what may be sent to one: any bytes, in pieces of any length.
#![no_main]

use gateway_core::config::PortId;
use gateway_core::fxo::u100::driver::U100Driver;
use gateway_core::fxo::u100::emulator::{U100, U100Traits};
use gateway_core::fxo::{Device, LineCommand};
use gateway_core::time::Moment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|pieces: Vec<Vec<u8>>| {
    let (mut driver, mut out) = (U100Driver::default(), Vec::new());
    let (mut device, mut done) = (U100::new(U100Traits::default(), Moment::ZERO), Vec::new());
    driver.open(Moment::ZERO, &mut out);
    for (index, piece) in pieces.iter().enumerate() {
        let now = Moment::from_millis(index as u64 * 20);
        driver.handle_timeout(now, &mut out);
        driver.receive(piece, now, &mut out);
        driver.command(PortId(0), if index % 2 == 0 { LineCommand::Seize } else { LineCommand::Release }, now, &mut out);
        device.receive(piece, now, &mut done);
        device.handle_timeout(now, &mut done);
        out.clear();
        done.clear();
    }
});
