//! Standard output and standard error, one line at a time.

use std::io::{self, Write as _};

use serde::Serialize;

/// Writes one line to standard output at once.
///
/// # Errors
/// Nobody reads it any more.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes one line of JSON to standard output at once.
///
/// # Errors
/// Nobody reads it any more.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value).map_err(io::Error::other)?)
}

/// Writes one line to standard error.
pub(crate) fn complain(text: &str) {
    // Nobody reads it: then there is nobody to complain to.
    let _ = writeln!(io::stderr().lock(), "loopstartd: {text}");
}
