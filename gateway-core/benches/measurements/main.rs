//! Measurements, printed as ratios and counts. Nothing here fails because a machine is slow: a figure stands beside a reference
//! that was measured in the same run, and beside the load of the machine.
//!
//! `cargo bench -p gateway-core --bench measurements -- machines calls` measures only what is named.
#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench ends at the first surprise"
)]

mod calls;
mod drift;
mod history;
mod machines;
mod processor;
mod table;
mod worlds;

#[cfg(unix)]
mod card;
#[cfg(unix)]
mod cpu;
#[cfg(unix)]
mod delay;
#[cfg(unix)]
mod devices;
#[cfg(unix)]
mod flood;
#[cfg(unix)]
mod gateway;
#[cfg(unix)]
mod line;
#[cfg(unix)]
mod memory;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod sipp;
#[cfg(unix)]
mod spread;
#[cfg(unix)]
mod talk;

#[cfg(unix)]
#[allow(dead_code, reason = "written for tests")]
#[path = "../../tests/bench/sound_card.rs"]
mod sound_card;

#[cfg(unix)]
#[allow(dead_code, reason = "written for tests")]
#[path = "../../tests/peers/noise.rs"]
mod noise;

#[cfg(unix)]
#[allow(dead_code, reason = "written for tests")]
#[path = "../../tests/bench/caller.rs"]
mod caller;
#[allow(dead_code, reason = "written for tests")]
#[path = "../../tests/bench/place.rs"]
mod place;

use table::Table;

/// A measurement and its name on the command line.
type Measurement = (&'static str, fn(&mut Table));

#[cfg(unix)]
const MEASUREMENTS: &[Measurement] = &[
    ("machines", machines::measure),
    ("calls", calls::measure),
    ("history", history::measure),
    ("drift", drift::measure),
    ("delay", delay::measure),
    ("devices", devices::measure),
    ("card", card::measure),
    ("cpu", cpu::measure),
    ("sipp", sipp::measure),
    ("flood", flood::measure),
    ("memory", memory::measure),
];

/// The others need a pseudo-terminal or SIPp.
#[cfg(not(unix))]
const MEASUREMENTS: &[Measurement] =
    &[("machines", machines::measure), ("calls", calls::measure), ("history", history::measure), ("drift", drift::measure)];

fn main() {
    // Cargo passes `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let names: Vec<&str> = MEASUREMENTS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = wanted.iter().find(|word| !names.contains(&word.as_str())) {
        eprintln!("no measurement {unknown}; there are: {}", names.join(" "));
        std::process::exit(64);
    }
    let mut table = Table::new();
    for (name, measure) in MEASUREMENTS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            table.section(name);
            measure(&mut table);
        }
    }
    table.print();
}
