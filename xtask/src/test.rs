//! Every test of the project, in an order that fails early and cheaply first.

use crate::setup;
use crate::step::{Outcome, Steps, answers, command, must, npm};

/// Everything: what continuous integration runs.
pub fn everything() -> Outcome {
    let mut steps = Steps::new(11);
    steps.step("what this machine needs", setup::for_tests)?;
    steps.step("format", format)?;
    steps.step("the window's types and words", || must(&mut npm(&["run", "check"])))?;
    steps.step("the window's tests in a browser without a screen", || must(&mut npm(&["test"])))?;
    steps.step("the pages of the window", || must(&mut npm(&["run", "build"])))?;
    steps.step("every page in a real browser", || must(&mut npm(&["run", "browser"])))?;
    steps.step("lints", lints)?;
    steps.step("the pure core stands without the shell", pure)?;
    steps.step("the fuzz targets", fuzz_targets)?;
    steps.step("tests of the core, the shell, the real peers and the window's commands", || {
        must(&mut command("cargo", &["test", "--workspace"]))
    })?;
    steps.step("the real window", || {
        must(&mut command("cargo", &["build", "--package", "loopstart"]))?;
        must(&mut npm(&["run", "e2e"]))
    })
}

/// The pure core alone: seconds once it is built.
pub fn quick() -> Outcome {
    must(&mut command("cargo", &["test", "--package", "gateway-core", "--no-default-features", "--lib"]))
}

/// Pictures of every page, made over the fake backend.
pub fn shots() -> Outcome {
    let mut steps = Steps::new(2);
    steps.step("what this machine needs", setup::for_shots)?;
    steps.step("pictures, into screenshots/", || must(&mut npm(&["run", "screenshots"])))
}

fn format() -> Outcome {
    if !answers("cargo", &["fmt", "--version"]) {
        println!("skipped: rustfmt is not installed here");
        return Ok(());
    }
    must(&mut command("cargo", &["fmt", "--all", "--check"]))
}

fn lints() -> Outcome {
    if !answers("cargo", &["clippy", "--version"]) {
        println!("skipped: clippy is not installed here");
        return Ok(());
    }
    must(&mut command("cargo", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn pure() -> Outcome {
    must(&mut command("cargo", &["check", "--quiet", "--package", "gateway-core", "--no-default-features", "--lib"]))
}

/// Built as far as it goes without the nightly toolchain; that they hold of their corpora is a test of the core.
fn fuzz_targets() -> Outcome {
    must(&mut command("cargo", &["check", "--quiet", "--locked", "--manifest-path", "fuzz/Cargo.toml"]))
}
