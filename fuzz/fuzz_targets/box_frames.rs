//! What a box may send: any bytes, in pieces of any length.
#![no_main]

use gateway_core::config::PortId;
use gateway_core::fxo::boxlink::driver::{BoxDriver, BoxOptions};
use gateway_core::fxo::{Device, LineCommand};
use gateway_core::time::Moment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|pieces: Vec<Vec<u8>>| {
    let (mut driver, mut out) = (BoxDriver::new(BoxOptions::default()), Vec::new());
    driver.open(Moment::ZERO, &mut out);
    for (index, piece) in pieces.iter().enumerate() {
        let now = Moment::from_millis(index as u64 * 50);
        driver.receive(piece, now, &mut out);
        driver.command(PortId(0), if index % 2 == 0 { LineCommand::Seize } else { LineCommand::Release }, now, &mut out);
        driver.handle_timeout(now, &mut out);
        out.clear();
    }
});
