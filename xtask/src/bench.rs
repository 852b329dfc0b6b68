//! Measurements, printed as ratios and counts; nothing here fails because a machine is slow.

use crate::setup;
use crate::step::{Outcome, Steps, command, must};

/// Runs the measurements; further words choose among them.
pub fn bench(args: &[&str]) -> Outcome {
    let mut steps = Steps::new(2);
    steps.step("what this machine needs", setup::for_tests)?;
    let mut bench = command("cargo", &["bench", "--package", "gateway-core", "--"]);
    steps.step("measurements", || must(bench.args(args)))
}
