//! A driver, and somebody at the other end of its wire who sends anything.

use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::fxo::{Device, DeviceOutput, LineCommand};
use gateway_core::time::Moment;

use super::pieces::Piece;

/// Timeouts of a driver that may be due at one moment.
const MOST_DUE: usize = 100;

/// What a driver may say at one moment beside what it makes of bytes.
const MOST_UNASKED: usize = 200;

/// How long it is waited after a piece, in ms.
const WAITS_MS: [u64; 8] = [0, 1, 20, 50, 400, 1_000, 6_000, 60_000];

/// A driver, and the clock of its story.
pub struct Wire<D> {
    driver: D,
    pub now: Moment,
}

impl<D: Device> Wire<D> {
    /// The wire was just opened.
    pub fn open(mut driver: D) -> Self {
        driver.open(Moment::ZERO, &mut Vec::new());
        Wire { driver, now: Moment::ZERO }
    }

    /// A piece comes: `s` seizes a line before, `r` releases it, `f` flashes, `m` measures, `x` resets it. Then time passes.
    pub fn hear(&mut self, piece: Piece<'_>) {
        let command = match piece.what {
            b's' => Some(LineCommand::Seize),
            b'r' => Some(LineCommand::Release),
            b'f' => Some(LineCommand::Flash { duration: Duration::from_millis(100) }),
            b'm' => Some(LineCommand::Measure),
            b'x' => Some(LineCommand::Reset),
            _ => None,
        };
        let mut out = Vec::new();
        if let Some(command) = command {
            self.driver.command(PortId(0), command, self.now, &mut out);
        }
        self.driver.receive(piece.bytes, self.now, &mut out);
        self.work_off(piece.bytes.len(), out);
        self.now = Moment::from_millis(self.now.as_millis() + WAITS_MS[piece.wait]);
        self.work_off(0, Vec::new());
    }

    /// No timeout stays due when it was worked off, and nobody gets the driver to talk without end.
    fn work_off(&mut self, bytes: usize, mut out: Vec<DeviceOutput>) {
        let mut due = 0;
        while self.driver.deadline().is_some_and(|at| at <= self.now) {
            self.driver.handle_timeout(self.now, &mut out);
            due += 1;
            assert!(due < MOST_DUE, "the driver spins");
        }
        assert!(out.len() <= bytes + MOST_UNASKED, "{} words for {bytes} bytes", out.len());
    }
}
