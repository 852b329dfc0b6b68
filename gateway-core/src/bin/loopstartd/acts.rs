//! Acts at the simulated exchange, one JSON object a line of standard input.

use std::io::{self, BufRead as _, Read as _};
use std::thread::Builder;

use gateway_core::fxo::simulator::act::PortAct;
use serde_json::json;

use super::output;

/// The longest line that is read.
const LINE_BYTES: u64 = 64 * 1024;

/// Reads acts on a thread of their own until standard input ends, and hands each to `act`. What is no act, or is refused, is told
/// on standard output as `bad_act`, with its line and the reason.
///
/// # Errors
/// The system gave no thread.
pub(crate) fn start(act: impl FnMut(PortAct) -> Result<(), String> + Send + 'static) -> io::Result<()> {
    Builder::new().name("acts".to_owned()).spawn(move || read(act)).map(drop)
}

fn read(mut act: impl FnMut(PortAct) -> Result<(), String>) {
    let mut input = io::stdin().lock();
    let mut number = 0_u64;
    loop {
        number += 1;
        let mut line = Vec::new();
        match (&mut input).take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.iter().all(u8::is_ascii_whitespace) => {}
            Ok(_) => {
                let acted = serde_json::from_slice(&line).map_err(|error| error.to_string()).and_then(&mut act);
                if let Err(detail) = acted
                    && output::json(&json!({ "event": "bad_act", "line": number, "detail": detail })).is_err()
                {
                    return;
                }
            }
        }
    }
}
