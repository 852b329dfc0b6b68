//! Examines a real box: the rules of the protocol over a serial port.

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::Duration;

use super::choice::DeviceFault;
use super::link::open_serial;
use crate::fxo::boxlink::examination::{self, Finding, Wire, WireGone};
use crate::fxo::boxlink::message::Hello;
use crate::fxo::catalog::FXLP_BOX;
use crate::shell::clock::Clock;
use crate::time::Moment;

/// How long one read or write may wait.
const WAIT: Duration = Duration::from_millis(5);

/// Examines the box on the serial port at `path`, and tells each finding as it comes; lines are seized only where `seize`
/// allows it. Nobody else may use the box meanwhile. It takes about ten seconds, and five more for each port. Answers what
/// the box says of itself; nothing when it does not answer.
///
/// # Errors
/// Why the port cannot be opened; [`DeviceFault::Unplugged`] when the box goes away meanwhile.
pub fn examine(path: &str, seize: bool, tell: &mut dyn FnMut(Finding)) -> Result<Option<Hello>, DeviceFault> {
    let clock = Clock::start();
    let mut wire = SerialWire { port: open_serial(path, FXLP_BOX.baud(), WAIT)?, clock, due: clock.now() };
    examination::examine(&mut wire, seize, tell).map_err(|WireGone| DeviceFault::Unplugged)
}

struct SerialWire {
    port: Box<dyn serialport::SerialPort>,
    clock: Clock,
    /// When the span that is listened to ends. Spans follow each other without a gap, so that lateness does not add up.
    due: Moment,
}

impl Wire for SerialWire {
    fn send(&mut self, bytes: &[u8]) -> Result<(), WireGone> {
        self.port.write_all(bytes).map_err(|_| WireGone)
    }

    fn listen(&mut self, span: Duration) -> Result<Vec<u8>, WireGone> {
        self.due = self.due + span;
        let (mut heard, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            match self.port.read(&mut piece) {
                Ok(0) => return Err(WireGone),
                Ok(count) => heard.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => return Err(WireGone),
            }
            if self.clock.now() >= self.due {
                return Ok(heard);
            }
        }
    }
}
