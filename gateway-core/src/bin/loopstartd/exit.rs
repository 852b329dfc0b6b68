//! How the program ends: the numbers of sysexits.h, each with its code.

use std::process::ExitCode;

use super::{output, words};

/// The end of `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
   0  done; a line test: it passed, perhaps with a warning; a dial test: the number would be dialled;
      an exposure test: grade A or B
   1  a line test: a fault was found, or it could not be finished; a dial test: the number would be refused;
      an exposure test: grade C, D or F
  64  wrong arguments
  65  the profile or the input is wrong
  66  an input file cannot be read
  69  an address, a port or a device cannot be had
  70  the program itself failed
  71  the system refused something
  73  an output file cannot be written
  74  the database cannot be used
  78  the settings are wrong or want to be confirmed";

/// Why the program ends without having done its work.
#[derive(Debug)]
pub(crate) enum Exit {
    /// A line test did not pass; what it found is told already.
    LineFault,
    /// A number would not be dialled; why is told already.
    NotDialled,
    /// An exposure test has a bad grade; what it found is told already.
    Exposed,
    /// Wrong arguments; they are explained already.
    Usage,
    /// Wrong data; explained already.
    Data,
    /// An input file cannot be read.
    NoInput { path: String, detail: String },
    /// Something from outside cannot be had.
    Unavailable(String),
    /// The program itself failed.
    Software,
    /// The system refused something.
    System(String),
    /// An output file cannot be written.
    CannotCreate { path: String, detail: String },
    /// The database cannot be used.
    Store(String),
    /// The settings are wrong.
    Config(String),
}

impl Exit {
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Exit::LineFault | Exit::NotDialled | Exit::Exposed => 1,
            Exit::Usage => 64,
            Exit::Data => 65,
            Exit::NoInput { .. } => 66,
            Exit::Unavailable(_) => 69,
            Exit::Software => 70,
            Exit::System(_) => 71,
            Exit::CannotCreate { .. } => 73,
            Exit::Store(_) => 74,
            Exit::Config(_) => 78,
        })
    }

    /// Says on standard error why.
    pub(crate) fn explain(&self) {
        let text = match self {
            Exit::LineFault | Exit::NotDialled | Exit::Exposed | Exit::Usage | Exit::Data => return,
            Exit::NoInput { path, detail } => words::of("exit.no_input", &[("path", path), ("detail", detail)]),
            Exit::Unavailable(detail) => words::of("exit.unavailable", &[("detail", detail)]),
            Exit::Software => words::of("exit.software", &[]),
            Exit::System(detail) => words::of("exit.system", &[("detail", detail)]),
            Exit::CannotCreate { path, detail } => words::of("exit.cannot_create", &[("path", path), ("detail", detail)]),
            Exit::Store(detail) => words::of("exit.store", &[("detail", detail)]),
            Exit::Config(detail) => words::of("exit.config", &[("detail", detail)]),
        };
        output::complain(&text);
    }
}
