//! Packages that people install.

use std::path::Path;

use crate::setup;
use crate::step::{Outcome, Steps, command, must, root};

/// Builds the packages of this system and prints their sizes.
pub fn package() -> Outcome {
    let mut steps = Steps::new(3);
    steps.step("what this machine needs", setup::for_packages)?;
    steps.step("the program and its packages (the first time takes some minutes)", || {
        let tauri = root().join("ui/node_modules/@tauri-apps/cli/tauri.js");
        must(command("node", &[]).arg(tauri).arg("build").current_dir(root().join("src-tauri")))
    })?;
    steps.step("sizes", || print_sizes(&root().join("target/release/bundle")))
}

/// Prints every package below a folder, which has one folder for each kind of package.
fn print_sizes(bundle: &Path) -> Outcome {
    let listed = |path: &Path| std::fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()));
    for kind in listed(bundle)?.flatten() {
        for file in listed(&kind.path())?.flatten() {
            let size = file.metadata().map_err(|error| error.to_string())?;
            if size.is_file() {
                println!("{} {:.1} MB", file.path().display(), size_mb(size.len()));
            }
        }
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a package is far smaller than what a double counts exactly")]
fn size_mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
