//! Every SIP message that came and went lately: a ring of raw copies, put into words by whoever asks for them.
//!
//! Secrets are masked before a message is kept ([`crate::sip::masking`]). What is left may hold numbers and names of callers.
//! Therefore the ring lives in memory only, nothing of it is logged, and a file of it is written only by order of a person.

mod head;
mod owners;
mod view;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::PortId;
use crate::config::transport::Transport;
use crate::sip::masking;
use crate::time::Moment;

use owners::Owners;
pub use view::{SipMessage, SipTrace};

/// Messages that are kept. The oldest goes first and is counted.
pub const MOST_MESSAGES: usize = 512;

/// Bytes of all messages that are kept, by the same rule.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Bytes that are kept of one message: whole lines from its beginning. A usual one has one or two thousand.
pub const MOST_MESSAGE_BYTES: usize = 8 * 1024;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum SipDirection {
    /// A peer sent it.
    In,
    /// We sent it.
    Out,
}

/// Why nobody listened to a message that came, or why one that was to go did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum SipDrop {
    /// No port admits its source ("only from host").
    SourceUnknown,
    /// Its source has shown too many wrong credentials.
    SourceBanned,
    /// It is no SIP message that can be read.
    Malformed {
        /// What is wrong with it, in the words of the reader.
        defect: String,
    },
    /// The system did not take it.
    NotSent,
}

/// Whose the messages with one Call-ID are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SipOwner {
    /// The Call-ID (RFC 3261 §20.8).
    pub call_id: String,
    /// The port.
    pub port: PortId,
    /// The name of the call, as in its record; `None`: a registration, or a call that was refused before it began.
    pub call: Option<String>,
}

/// What the brain knows of messages, for whoever keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SipNote {
    /// The datagram that it was just handed was not listened to.
    Dropped(SipDrop),
    /// Whose all messages of a Call-ID are, earlier ones too.
    Owner(SipOwner),
}

/// The way of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SipPassage {
    /// Which way it went.
    pub direction: SipDirection,
    /// What carried it.
    pub transport: Transport,
    /// The other end.
    pub peer: SocketAddr,
    /// When it came or went.
    pub at: Moment,
}

/// Which part of a trace is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SipTraceQuery {
    /// Only messages after the one with this number.
    pub after: Option<u64>,
    /// [`SipTrace::owners_told`] of the last answer, to be told whose the messages before `after` have turned out to be.
    pub owners_after: Option<u64>,
}

/// A copy of a message without its secrets.
#[derive(Clone, Debug)]
pub struct MaskedCopy {
    bytes: Arc<[u8]>,
    /// Of the message itself.
    length: usize,
    call_id: Range<usize>,
}

impl MaskedCopy {
    /// Copies a message; `None` for line ends alone, which keep a path through a router open and say nothing (RFC 5626 §3.5.1).
    #[must_use]
    pub fn of(message: &[u8]) -> Option<Self> {
        if message.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return None;
        }
        let mut bytes = whole_lines(message).to_vec();
        masking::mask(&mut bytes);
        let call_id = head::value(&bytes, "Call-ID").unwrap_or_default();
        Some(MaskedCopy { bytes: bytes.into(), length: message.len(), call_id })
    }
}

/// What is kept of a message. It is cut at the end of a line, so that no half of a secret escapes the mask.
fn whole_lines(message: &[u8]) -> &[u8] {
    let Some(most) = message.get(..MOST_MESSAGE_BYTES) else { return message };
    let end = most.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    most.get(..end).unwrap_or_default()
}

/// A message as it is kept. A copy shares the bytes.
#[derive(Clone, Debug)]
struct Kept {
    number: u64,
    passage: SipPassage,
    copy: MaskedCopy,
    repeats: Option<u64>,
    dropped: Option<SipDrop>,
}

impl Kept {
    fn call_id(&self) -> Option<&str> {
        let bytes = self.copy.bytes.get(self.copy.call_id.clone()).filter(|bytes| !bytes.is_empty())?;
        std::str::from_utf8(bytes).ok()
    }

    /// A retransmission is the same message, byte for byte, to or from the same peer (RFC 3261 §17.1, §17.2).
    fn is_same(&self, passage: &SipPassage, copy: &MaskedCopy) -> bool {
        let SipPassage { direction, transport, peer, at: _ } = self.passage;
        self.copy.length == copy.length
            && (direction, transport, peer) == (passage.direction, passage.transport, passage.peer)
            && self.copy.bytes == copy.bytes
    }
}

/// The ring.
#[derive(Clone, Debug, Default)]
pub struct SipRing {
    messages: VecDeque<Kept>,
    bytes: usize,
    next: u64,
    gone: u64,
    owners: Owners,
}

impl SipRing {
    /// Keeps a message.
    pub fn keep(&mut self, passage: SipPassage, copy: MaskedCopy, dropped: Option<SipDrop>) {
        let first = self.messages.iter().rev().find(|kept| kept.is_same(&passage, &copy));
        let repeats = first.map(|first| first.repeats.unwrap_or(first.number));
        let kept = Kept { number: self.next, passage, copy, repeats, dropped };
        self.next += 1;
        if let Some(call_id) = kept.call_id() {
            self.owners.seen(call_id);
        }
        self.bytes += kept.copy.bytes.len();
        self.messages.push_back(kept);
        while (self.messages.len() > MOST_MESSAGES || self.bytes > MOST_BYTES)
            && let Some(oldest) = self.messages.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(oldest.copy.bytes.len());
            self.gone += 1;
        }
    }

    /// Takes in whose the messages of a Call-ID are.
    pub fn belongs(&mut self, owner: SipOwner) {
        self.owners.tell(owner);
    }

    /// What is asked for, still raw.
    #[must_use]
    pub fn answer(&self, query: SipTraceQuery) -> RawSipTrace {
        let first = query.after.map_or(0, |after| self.messages.partition_point(|kept| kept.number <= after));
        let owner = |kept: &Kept| kept.call_id().and_then(|call_id| self.owners.of(call_id));
        let messages = self.messages.range(first..).map(|kept| (kept.clone(), owner(kept))).collect();
        let mut owners = query.owners_after.map_or_else(Vec::new, |after| self.owners.told_after(after));
        let is_known = |owner: &SipOwner| self.messages.range(..first).any(|kept| kept.call_id() == Some(owner.call_id.as_str()));
        owners.retain(is_known);
        RawSipTrace { messages, owners, owners_told: self.owners.told(), gone: self.gone }
    }
}

/// A part of a trace on its way to whoever asked.
#[derive(Debug)]
pub struct RawSipTrace {
    messages: Vec<(Kept, Option<SipOwner>)>,
    owners: Vec<SipOwner>,
    owners_told: u64,
    gone: u64,
}

impl RawSipTrace {
    /// Puts it into words.
    #[must_use]
    pub fn decoded(self) -> SipTrace {
        let messages = self.messages.into_iter().map(|(kept, owner)| view::message(&kept, owner)).collect();
        SipTrace { messages, owners: self.owners, owners_told: self.owners_told, gone: self.gone }
    }
}

#[cfg(test)]
mod tests;
