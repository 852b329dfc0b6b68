//! The project's commands: setup, run, test, bench.

fn main() {}
