//! What happened, line by line, for whoever has to find out why a history went wrong.

use std::collections::VecDeque;

use super::network::Datagram;
use crate::time::Moment;

/// Lines kept; the oldest go.
const MOST_LINES: usize = 3_000;

/// Longest line.
const MOST_CHARACTERS: usize = 240;

/// A bounded list of what happened.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: VecDeque<String>,
}

impl Trace {
    /// Notes something.
    pub fn note(&mut self, now: Moment, text: &str) {
        if self.lines.len() >= MOST_LINES {
            self.lines.pop_front();
        }
        let text: String = text.chars().take(MOST_CHARACTERS).collect();
        self.lines.push_back(format!("{now:?} {text}"));
    }

    /// Notes a datagram: both ends, the first line, and what tells calls apart.
    pub fn datagram(&mut self, now: Moment, what: &str, datagram: &Datagram) {
        let text = String::from_utf8_lossy(&datagram.bytes);
        let first = text.lines().next().unwrap_or_default();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        let call: String = header("Call-ID:").chars().take(6).collect();
        self.note(now, &format!("{what} {} > {}  {first}  [{call} {}]", datagram.from, datagram.to, header("CSeq:")));
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}
