//! The log: lines on standard error and the last lines in memory, for the window's diagnostics page.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use super::lines::LineWriter;

/// Lines that are kept in memory; the oldest goes first.
pub const LINES_KEPT: usize = 2_000;

/// The longest line that is kept, in bytes.
const LINE_BYTES: usize = 512;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LogLine {
    /// When, in ms since 1970 (UTC).
    pub at_epoch_ms: u64,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// Which part of the program.
    pub part: String,
    /// What.
    pub text: String,
}

/// The last lines of the log.
#[derive(Clone, Debug, Default)]
pub struct LogRing {
    lines: Arc<Mutex<VecDeque<LogLine>>>,
}

impl LogRing {
    /// The lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn push(&self, line: LogLine) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// The way to standard error.
static LINES: OnceLock<LineWriter> = OnceLock::new();

/// Starts logging once for the whole program and answers the ring; later calls answer the same ring.
///
/// `RUST_LOG` chooses what is logged (`info` without it), as in `RUST_LOG=gateway_core=debug`. At `info` and above a line
/// holds neither secrets nor telephone numbers.
pub fn start() -> LogRing {
    static RING: OnceLock<LogRing> = OnceLock::new();
    RING.get_or_init(|| {
        let ring = LogRing::default();
        // A log that nobody reads, or that stands still, must not hold up whoever logs. Without a thread the ring still has it.
        let write = |line: &str| io::stderr().lock().write_all(line.as_bytes());
        if let Ok(lines) = LineWriter::start("log", write, |lost| format!("log_lines_lost={lost}\n")) {
            let _ = LINES.set(lines);
        }
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let colour = io::stderr().is_terminal();
        let stderr = LINES.get().map(|lines| {
            let writer = || Line(lines);
            tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colour).with_target(true)
        });
        let memory = RingLayer { ring: ring.clone() };
        let started = tracing_subscriber::registry().with(filter).with(stderr).with(memory).try_init();
        if started.is_err() {
            tracing::debug!("another subscriber collects the log");
        }
        ring
    })
    .clone()
}

/// Waits until the log is on standard error, but no longer than a moment; for the end of the program.
pub fn settle() {
    if let Some(lines) = LINES.get() {
        lines.settle(Duration::from_millis(500));
    }
}

/// What is formatted of one event is one line.
struct Line(&'static LineWriter);

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.tell(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct RingLayer {
    ring: LogRing,
}

impl<S: tracing::Subscriber> Layer<S> for RingLayer {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        let mut text = LineText(String::new());
        event.record(&mut text);
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.ring.push(LogLine {
            at_epoch_ms: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
            level: event.metadata().level().as_str().to_ascii_lowercase(),
            part: event.metadata().target().to_owned(),
            text: text.0,
        });
    }
}

/// The text of one line: the message first, then `name=value` for each field, cut at [`LINE_BYTES`].
struct LineText(String);

impl Visit for LineText {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if self.0.len() >= LINE_BYTES {
            return;
        }
        let written = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            let gap = if self.0.is_empty() { "" } else { " " };
            write!(self.0, "{gap}{}={value:?}", field.name())
        };
        if written.is_ok() && self.0.len() > LINE_BYTES {
            let mut end = LINE_BYTES;
            while !self.0.is_char_boundary(end) {
                end -= 1;
            }
            self.0.truncate(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_keeps_the_last_lines_with_their_fields_and_cuts_long_ones() {
        let ring = LogRing::default();
        let subscriber = tracing_subscriber::registry().with(RingLayer { ring: ring.clone() });
        tracing::subscriber::with_default(subscriber, || {
            for n in 0..LINES_KEPT {
                tracing::debug!(n, "counting");
            }
            tracing::warn!(port = 3, "line {}", "é".repeat(600));
        });
        let lines = ring.lines();
        assert_eq!(lines.len(), LINES_KEPT);
        assert_eq!(lines[0].text, "counting n=1");
        let last = &lines[LINES_KEPT - 1];
        assert_eq!((last.level.as_str(), last.text.len() <= LINE_BYTES), ("warn", true));
    }
}
