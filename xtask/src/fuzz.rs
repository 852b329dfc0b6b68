//! Coverage-guided fuzzing: looks for bytes of which something does not hold that must.

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::{Outcome, Steps, answers, command, must, root};

/// How long each target is fuzzed where nothing else is asked for, in seconds.
const SECONDS: u32 = 60;

/// Bounds of one input: what takes longer, holds more memory or is longer itself is a finding, or not looked at.
const BOUNDS: [&str; 4] = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=8000", "-print_final_stats=1"];

/// Fuzzes every target, or one, for so many seconds; `keep` puts what was found into the corpora of the tests instead.
pub fn fuzz(args: &[&str]) -> Outcome {
    needed()?;
    let targets = targets()?;
    match args {
        [] => each(&targets, |target| search(target, SECONDS)),
        ["keep"] => each(&targets, keep),
        [target] => search(known(target, &targets)?, SECONDS),
        [target, seconds] => {
            let seconds = seconds.parse().map_err(|_| format!("{seconds} is no number of seconds"))?;
            search(known(target, &targets)?, seconds)
        }
        _ => Err("more words than a target and seconds".to_owned()),
    }
}

fn needed() -> Outcome {
    if !answers("cargo", &["+nightly", "--version"]) {
        return Err("fuzzing needs the nightly toolchain, whose compiler counts edges: rustup toolchain install nightly".to_owned());
    }
    if !answers("cargo", &["fuzz", "--version"]) {
        return Err("fuzzing needs cargo-fuzz: cargo install cargo-fuzz".to_owned());
    }
    Ok(())
}

/// The names of the fuzz targets, in order.
fn targets() -> Result<Vec<String>, String> {
    let dir = root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let stems = entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()));
    let mut targets: Vec<String> = stems.collect();
    targets.sort();
    Ok(targets)
}

fn known<'a>(target: &'a str, targets: &[String]) -> Result<&'a str, String> {
    let is_known = targets.iter().any(|known| known == target);
    is_known.then_some(target).ok_or_else(|| format!("{target} is no target; there are {}", targets.join(", ")))
}

fn each(targets: &[String], act: impl Fn(&str) -> Outcome) -> Outcome {
    let mut steps = Steps::new(targets.len());
    targets.iter().try_for_each(|target| steps.step(target, || act(target)))
}

/// What the fuzzer collects, and where it begins from.
fn corpora(target: &str) -> (PathBuf, PathBuf) {
    (root().join("fuzz/corpus").join(target), root().join("gateway-core/tests/any_bytes/corpus").join(target))
}

fn search(target: &str, seconds: u32) -> Outcome {
    let (found, kept) = corpora(target);
    let time = format!("-max_total_time={seconds}");
    run(target, [&found, &kept], &[&[time.as_str()], &BOUNDS[..]].concat()).map_err(|problem| {
        let failing = root().join("fuzz/artifacts").join(target);
        format!(
            "{problem}\nthe input is in {}; it belongs into {}, under its hash, before the code is mended",
            failing.display(),
            kept.display()
        )
    })
}

/// Adds to the corpus of the tests what reaches an edge that nothing in it reaches.
fn keep(target: &str) -> Outcome {
    let (found, kept) = corpora(target);
    run(target, [&kept, &found], &["-merge=1", "-use_counters=0", "-timeout=10", "-max_len=8000"])
}

fn run(target: &str, [first, second]: [&Path; 2], flags: &[&str]) -> Outcome {
    for dir in [first, second] {
        fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    must(
        command("cargo", &["+nightly", "fuzz", "run", target]).args([first, second]).arg("--").args(flags).current_dir(root().join("fuzz")),
    )
}
