//! The project's commands: `cargo xtask <setup|run|test|fuzz|bench|accuracy|shots|package>`.
//!
//! Each installs what it needs first, so that a fresh machine needs one command only.

mod accuracy;
mod bench;
mod fuzz;
mod package;
mod run;
mod setup;
mod step;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  setup            install what is missing on this machine
  run              build the window and open it on the virtual box
  run --headless   the same gateway without a window
  test             every test; what continuous integration runs
  test --quick     only the tests of the core that need no peers
  fuzz             a minute of fuzzing for each target; `fuzz TARGET SECONDS` for one
  fuzz keep        puts what fuzzing found into the corpora of the tests
  bench            print the measurements
  bench window     launch, reaction, processor time, memory and scrolling of the window
  accuracy         the receivers beside those of spandsp; writes docs/ACCURACY.md
  accuracy quick   a rough picture, printed
  shots            pictures of every page in every size, theme and language
  package          packages to install, and their sizes
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["setup"] => setup::for_tests(),
        ["run", rest @ ..] => run::run(rest),
        ["test"] => test::everything(),
        ["test", "--quick"] => test::quick(),
        ["fuzz", rest @ ..] => fuzz::fuzz(rest),
        ["bench", rest @ ..] => bench::bench(rest),
        ["accuracy", rest @ ..] => accuracy::accuracy(rest),
        ["shots"] => test::shots(),
        ["package"] => package::package(),
        _ => {
            print!("{USAGE}");
            return if args.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(64) };
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\nxtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
