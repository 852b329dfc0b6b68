//! Commands in their order: one at a time, each with its answer or its repetition (ITU-T V.250 §5).

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Moment;

/// Most commands that wait. A script has a dozen; more means that somebody orders faster than a modem can.
const MOST_WAITING: usize = 48;

/// Most lines of an answer that are kept.
const MOST_LINES: usize = 32;

/// How an answer ends (ITU-T V.250 §5.7, V.253 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    /// Samples follow.
    Connect,
    /// Refused, or nobody there.
    Refused,
}

impl Verdict {
    fn of(line: &str) -> Option<Verdict> {
        Some(match line {
            "OK" | "VCON" => Verdict::Ok,
            "CONNECT" => Verdict::Connect,
            "ERROR" | "NO CARRIER" | "BUSY" | "NO ANSWER" | "NO DIALTONE" | "NO DIAL TONE" | "NO LINE" | "LINE IN USE" => Verdict::Refused,
            _ => return None,
        })
    }
}

/// A command and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command<K> {
    /// What its answer is for.
    pub(super) kind: K,
    /// Without `AT` and the end of the line.
    pub(super) text: String,
    /// Longest wait for the answer.
    pub(super) patience: Duration,
}

/// What a dialogue found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome<K> {
    /// The command was answered; `lines` came before the verdict.
    Answered { kind: K, verdict: Verdict, lines: Vec<String> },
    /// It was not, twice.
    Unanswered,
}

#[derive(Debug)]
struct Pending<K> {
    command: Command<K>,
    due: Moment,
    repeated: bool,
    lines: Vec<String>,
}

/// The conversation with one modem.
#[derive(Debug)]
pub(super) struct Dialogue<K> {
    waiting: VecDeque<Command<K>>,
    pending: Option<Pending<K>>,
}

impl<K> Default for Dialogue<K> {
    fn default() -> Self {
        Dialogue { waiting: VecDeque::new(), pending: None }
    }
}

impl<K: Copy> Dialogue<K> {
    /// Puts a command behind those that wait. False: there are too many, and it is dropped.
    pub(super) fn push(&mut self, command: Command<K>) -> bool {
        let room = self.waiting.len() < MOST_WAITING;
        if room {
            self.waiting.push_back(command);
        }
        room
    }

    /// Forgets what was not sent yet. What was sent is still answered.
    pub(super) fn drop_waiting(&mut self) {
        self.waiting.clear();
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.pending = None;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.pending.is_none()
    }

    /// The bytes of the next command, when its turn has come.
    pub(super) fn next(&mut self, now: Moment) -> Option<Vec<u8>> {
        if self.pending.is_some() {
            return None;
        }
        let command = self.waiting.pop_front()?;
        let bytes = wire(&command.text);
        self.pending = Some(Pending { due: now + command.patience, command, repeated: false, lines: Vec::new() });
        Some(bytes)
    }

    /// A line that is none of those which come unasked.
    pub(super) fn line(&mut self, line: &str) -> Option<Outcome<K>> {
        let pending = self.pending.as_mut()?;
        match Verdict::of(line) {
            Some(verdict) => {
                let Pending { command, lines, .. } = self.pending.take()?;
                Some(Outcome::Answered { kind: command.kind, verdict, lines })
            }
            None => {
                // The modem may repeat what it was told, before it has learnt not to.
                if !line.starts_with("AT") && pending.lines.len() < MOST_LINES {
                    pending.lines.push(line.to_owned());
                }
                None
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.pending.as_ref().map(|pending| pending.due)
    }

    /// A command without an answer is sent once more, and then given up with all that wait behind it.
    pub(super) fn expire(&mut self, now: Moment) -> Option<Result<Vec<u8>, Outcome<K>>> {
        let pending = self.pending.as_mut().filter(|pending| pending.due <= now)?;
        if pending.repeated {
            self.clear();
            return Some(Err(Outcome::Unanswered));
        }
        pending.repeated = true;
        pending.due = now + pending.command.patience;
        pending.lines.clear();
        Some(Ok(wire(&pending.command.text)))
    }
}

fn wire(text: &str) -> Vec<u8> {
    format!("AT{text}\r").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(2);

    fn command(kind: u8, text: &str) -> Command<u8> {
        Command { kind, text: text.to_owned(), patience: PATIENCE }
    }

    #[test]
    fn one_command_at_a_time_each_with_the_lines_of_its_answer() {
        let (mut dialogue, now) = (Dialogue::default(), Moment::from_secs(1));
        assert!(dialogue.push(command(1, "I3")));
        assert!(dialogue.push(command(2, "+VTR")));
        assert_eq!(dialogue.next(now), Some(b"ATI3\r".to_vec()));
        assert_eq!(dialogue.next(now), None);
        assert_eq!(dialogue.line("ATI3"), None);
        assert_eq!(dialogue.line("CX93001"), None);
        let answered = Outcome::Answered { kind: 1, verdict: Verdict::Ok, lines: vec!["CX93001".to_owned()] };
        assert_eq!(dialogue.line("OK"), Some(answered));
        assert_eq!(dialogue.line("OK"), None, "nobody asked");
        assert_eq!(dialogue.next(now), Some(b"AT+VTR\r".to_vec()));
        assert_eq!(dialogue.line("CONNECT"), Some(Outcome::Answered { kind: 2, verdict: Verdict::Connect, lines: Vec::new() }));
        assert!(dialogue.is_idle());
    }

    #[test]
    fn what_is_not_answered_is_said_twice_and_given_up() {
        let (mut dialogue, now) = (Dialogue::default(), Moment::from_secs(1));
        dialogue.push(command(1, "Z"));
        dialogue.push(command(2, "E0"));
        dialogue.next(now);
        assert_eq!(dialogue.expire(now), None);
        assert_eq!(dialogue.expire(now + PATIENCE), Some(Ok(b"ATZ\r".to_vec())));
        assert_eq!(dialogue.deadline(), Some(now + PATIENCE * 2));
        assert_eq!(dialogue.expire(now + PATIENCE * 2), Some(Err(Outcome::Unanswered)));
        assert!(dialogue.is_idle());
    }

    #[test]
    fn what_waits_and_what_is_kept_of_an_answer_have_bounds() {
        let (mut dialogue, now) = (Dialogue::default(), Moment::from_secs(1));
        assert_eq!((0..1000).filter(|_| dialogue.push(command(1, ""))).count(), MOST_WAITING);
        dialogue.next(now);
        for _ in 0..1000 {
            dialogue.line("more");
        }
        assert!(matches!(dialogue.line("ERROR"), Some(Outcome::Answered { lines, .. }) if lines.len() == MOST_LINES));
    }
}
