//! Any bytes: what must hold of whatever comes from outside, held to the corpus that the fuzzer and the torture tests left.
//!
//! Every file of `any_bytes/corpus/<target>` is one input. Those with a telling name were written by hand, the others are what the
//! fuzzer ever found wrong, or the shortest that reach what no other reaches. `cargo xtask fuzz` looks for more.
#![allow(
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests stop at the first surprise"
)]

mod any_bytes {
    pub mod targets;
}

use std::fs;
use std::path::{Path, PathBuf};

use any_bytes::targets::TARGETS;

/// The longest file of a corpus, in bytes: a longer one has to be made shorter first.
const LONGEST: u64 = 8 * 1024;

/// All corpora together, in bytes.
const MOST_BYTES: u64 = 600 * 1024;

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/any_bytes/corpus")
}

#[test]
fn what_must_hold_of_any_bytes_holds_of_every_kept_file() {
    for (name, property) in TARGETS {
        let files = files(&corpus().join(name));
        assert!(!files.is_empty(), "{name} has no corpus");
        for path in files {
            // Seen only when the next line panics.
            println!("{}", path.display());
            property(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_a_fuzz_target_of_its_name() {
    let names: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    assert_eq!(files(&corpus()).iter().map(stem).collect::<Vec<_>>(), names);
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    assert_eq!(files(&fuzz.join("fuzz_targets")).iter().map(stem).collect::<Vec<_>>(), names);
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert_eq!(names.iter().find(|name| !manifest.contains(&format!("name = \"{name}\""))), None);
}

#[test]
fn corpora_stay_small() {
    let sizes: Vec<(PathBuf, u64)> = TARGETS
        .iter()
        .flat_map(|(name, _)| files(&corpus().join(name)))
        .map(|path| (path.clone(), path.metadata().unwrap().len()))
        .collect();
    let long: Vec<_> = sizes.iter().filter(|(_, size)| *size > LONGEST).collect();
    assert!(long.is_empty(), "{long:#?}");
    let all: u64 = sizes.iter().map(|(_, size)| size).sum();
    assert!(all <= MOST_BYTES, "{all} bytes");
}
