//! The main job: the gateway on the virtual box, in its window or without one.

use crate::setup;
use crate::step::{Outcome, Steps, command, must, npm};

/// Opens the window on the virtual box, or runs the headless program with `--headless`; further words go to the program.
pub fn run(args: &[&str]) -> Outcome {
    match args {
        ["--headless", rest @ ..] => headless(rest),
        rest => window(rest),
    }
}

fn window(rest: &[&str]) -> Outcome {
    if cfg!(target_os = "linux") && std::env::var_os("DISPLAY").is_none() && std::env::var_os("WAYLAND_DISPLAY").is_none() {
        return Err("there is no display here; use `cargo xtask run --headless`".to_owned());
    }
    let mut steps = Steps::new(4);
    steps.step("what this machine needs", setup::for_run)?;
    steps.step("the pages of the window", || must(&mut npm(&["run", "build"])))?;
    steps.step("the program (the first time takes some minutes)", || must(&mut command("cargo", &["build", "--package", "loopstart"])))?;
    let mut start = command("cargo", &["run", "--quiet", "--package", "loopstart", "--"]);
    steps.step("the window", || must(start.args(rest)))
}

fn headless(rest: &[&str]) -> Outcome {
    let mut steps = Steps::new(3);
    steps.step("what this machine needs", setup::for_headless)?;
    let build = ["build", "--package", "gateway-core", "--bin", "loopstartd"];
    steps.step("the program (the first time takes some minutes)", || must(&mut command("cargo", &build)))?;
    let mut start = command("cargo", &["run", "--quiet", "--package", "gateway-core", "--bin", "loopstartd", "--", "run"]);
    let device = if rest.contains(&"--device") { &[][..] } else { &["--device", "virtual"] };
    steps.step("the gateway; Ctrl-C stops it", || must(start.args(device).args(rest)))
}
