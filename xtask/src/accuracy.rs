//! How accurate the receivers are, beside those of spandsp on the same sound.

use crate::setup;
use crate::step::{Outcome, Steps, command, must};

/// Measures, and writes `docs/ACCURACY.md` with its plots. Further words choose among the sections: `dtmf`, `talk_off`, `caller_id`,
/// `cycles`; `quick` has far fewer trials, and prints only.
pub fn accuracy(args: &[&str]) -> Outcome {
    let mut steps = Steps::new(3);
    let build = ["bench", "--package", "gateway-core", "--no-default-features", "--bench", "accuracy"];
    steps.step("what this machine needs", setup::for_accuracy)?;
    steps.step("build, with optimisation (the first time takes some minutes)", || must(command("cargo", &build).arg("--no-run")))?;
    steps.step("measurements (some minutes; quick: half of one)", || must(command("cargo", &build).arg("--").args(args)))
}
