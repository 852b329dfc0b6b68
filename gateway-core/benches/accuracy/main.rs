//! How accurate the receivers are, beside those of spandsp on the same sound, over the faults of a telephone line.
//!
//! `cargo xtask accuracy` installs what is needed and runs it. A whole run writes `docs/ACCURACY.md` and its plots; one of named
//! sections writes those anew; `quick` has far fewer trials, prints, and writes nothing. Everything follows from seeds, so a
//! document changes only where a receiver does.
#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench ends at the first surprise"
)]

mod caller_id;
mod context;
mod cycles;
mod dtmf;
mod no_tone;
mod path;
mod plot;
mod recordings;
mod report;
mod rival;
mod second_callers;
mod sound;
mod talk_off;
mod tally;
mod tones;

use context::Context;
use report::Report;

/// A section of the document and its name on the command line.
type Section = (&'static str, fn(&mut Context, &mut Report));

const SECTIONS: &[Section] = &[
    ("tones", tones::run),
    ("no_tone", no_tone::run),
    ("dtmf", dtmf::run),
    ("path", path::run),
    ("talk_off", talk_off::run),
    ("caller_id", caller_id::run),
    ("second_callers", second_callers::run),
    ("cycles", cycles::run),
];

fn main() {
    // Cargo passes `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let (quick, wanted): (Vec<String>, Vec<String>) = words.into_iter().partition(|word| word == "quick");
    let names: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = wanted.iter().find(|word| !names.contains(&word.as_str())) {
        eprintln!("no section {unknown}; there are: quick {}", names.join(" "));
        std::process::exit(64);
    }
    let mut context = Context::new(!quick.is_empty());
    let mut report = Report::new(&names);
    for (name, run) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            report.section(name);
            run(&mut context, &mut report);
        }
    }
    if context.quick {
        println!("\nquick: nothing was written");
    } else if !context.has_rival() {
        println!("\nwithout spandsp nothing is written");
    } else {
        report.write();
    }
}
