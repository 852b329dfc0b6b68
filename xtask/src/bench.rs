//! Measurements, printed as ratios and counts; nothing here fails because a machine is slow.

use crate::setup;
use crate::step::{Outcome, Steps, command, must};

/// Runs the measurements; further words choose among them: `machines`, `calls`, `delay`, `cpu`, `sipp`.
pub fn bench(args: &[&str]) -> Outcome {
    let mut steps = Steps::new(3);
    let build = ["bench", "--package", "gateway-core", "--bench", "measurements"];
    steps.step("what this machine needs", setup::for_bench)?;
    steps.step("build, with optimisation (the first time takes some minutes)", || must(command("cargo", &build).arg("--no-run")))?;
    steps.step("measurements (about three minutes)", || must(command("cargo", &build).arg("--").args(args)))
}
