//! Measurements, printed as ratios and counts; nothing here fails because a machine is slow.

use crate::setup;
use crate::step::{Outcome, Steps, command, must, npm, root};

/// Runs the measurements of the gateway; further words choose among them: `machines`, `calls`, `history`, `delay`, `cpu`, `sipp`,
/// `flood`, `memory`, `devices`, `card`, `drift`. `window` measures the window instead, and `window MINUTES` how its memory goes for so
/// long with 2 and with 64 ports.
pub fn bench(args: &[&str]) -> Outcome {
    match args {
        ["window", minutes @ ..] => window(minutes),
        _ => gateway(args),
    }
}

fn gateway(args: &[&str]) -> Outcome {
    let mut steps = Steps::new(3);
    let build = ["bench", "--package", "gateway-core", "--bench", "measurements"];
    steps.step("what this machine needs", setup::for_bench)?;
    steps.step("build, with optimisation (the first time takes some minutes)", || must(command("cargo", &build).arg("--no-run")))?;
    steps.step("measurements (about three minutes)", || must(command("cargo", &build).arg("--").args(args)))
}

fn window(minutes: &[&str]) -> Outcome {
    let mut steps = Steps::new(if minutes.is_empty() { 5 } else { 4 });
    steps.step("what this machine needs", setup::for_tests)?;
    steps.step("the pages of the window", || must(&mut npm(&["run", "build"])))?;
    steps.step("the program, with optimisation (the first time takes some minutes)", || {
        must(&mut command("cargo", &["build", "--release", "--package", "loopstart"]))
    })?;
    steps.step("the window", || must(npm(&["run", "measure", "--"]).args(minutes).env("LOOPSTART_BINARY", release_binary())))?;
    if minutes.is_empty() {
        return steps.step("a hundred thousand calls", || must(&mut npm(&["run", "scroll"])));
    }
    Ok(())
}

fn release_binary() -> std::path::PathBuf {
    root().join("target/release/loopstart")
}
