//! Messages in words.

use serde::{Deserialize, Serialize};

use super::{Kept, SipDirection, SipDrop, SipOwner, head};
use crate::config::PortId;
use crate::config::transport::Transport;

/// SIP messages that came and went lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SipTrace {
    /// Oldest first.
    pub messages: Vec<SipMessage>,
    /// What has become known since the last answer of messages that were asked for before: whose they are.
    pub owners: Vec<SipOwner>,
    /// How often it became known whose messages are, since the gateway started.
    pub owners_told: u64,
    /// Messages that are not kept any more, since the gateway started.
    pub gone: u64,
}

/// One SIP message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SipMessage {
    /// Counts up while the gateway runs, without a gap.
    pub number: u64,
    /// When it came or went, in ms since the gateway started.
    pub at_ms: u64,
    /// Which way it went.
    pub direction: SipDirection,
    /// What carried it.
    pub transport: Transport,
    /// The other end, `address:port`.
    pub peer: String,
    /// The method of a request; of a response, that of the request which it answers. Empty where the message does not say.
    pub method: String,
    /// The status of a response, 100–699; `None`: a request.
    pub status: Option<u16>,
    /// The reason phrase of a response; empty for a request.
    pub reason: String,
    /// The Call-ID; empty where there is none.
    pub call_id: String,
    /// The URI of From; empty where there is none.
    pub from: String,
    /// The URI of To; empty where there is none.
    pub to: String,
    /// The port that it belongs to.
    pub port: Option<PortId>,
    /// The name of the call that it belongs to, as in its record.
    pub call: Option<String>,
    /// The number of the same message that passed before: it is a retransmission.
    pub repeats: Option<u64>,
    /// Why nobody listened to it, or why it did not go.
    pub dropped: Option<SipDrop>,
    /// The message itself, its secrets masked by stars.
    pub text: String,
    /// Bytes at its end that were not kept.
    pub cut_bytes: u64,
}

impl SipMessage {
    /// What it is in a few words: `INVITE`, `200 OK`; empty where it does not say.
    #[must_use]
    pub fn title(&self) -> String {
        match self.status {
            Some(status) => format!("{status} {}", self.reason).trim_end().to_owned(),
            None => self.method.clone(),
        }
    }
}

/// The beginning of a message.
struct Start {
    method: String,
    status: Option<u16>,
    reason: String,
}

pub(super) fn message(kept: &Kept, owner: Option<SipOwner>) -> SipMessage {
    let bytes = &*kept.copy.bytes;
    let Start { method, status, reason } = start(bytes);
    let cut = kept.copy.length.saturating_sub(bytes.len());
    let (port, call) = owner.map_or((None, None), |owner| (Some(owner.port), owner.call));
    SipMessage {
        number: kept.number,
        at_ms: kept.passage.at.as_millis(),
        direction: kept.passage.direction,
        transport: kept.passage.transport,
        peer: kept.passage.peer.to_string(),
        method,
        status,
        reason,
        call_id: head::text(bytes, "Call-ID"),
        from: uri(&head::text(bytes, "From")),
        to: uri(&head::text(bytes, "To")),
        port,
        call,
        repeats: kept.repeats,
        dropped: kept.dropped.clone(),
        text: head::plain(bytes),
        cut_bytes: u64::try_from(cut).unwrap_or(u64::MAX),
    }
}

fn start(bytes: &[u8]) -> Start {
    let line = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next().map(head::plain).unwrap_or_default();
    let mut words = line.trim().splitn(3, ' ');
    let (first, second, third) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if first.eq_ignore_ascii_case("SIP/2.0") {
        let answered = head::text(bytes, "CSeq");
        let method = answered.split_ascii_whitespace().nth(1).unwrap_or_default().to_owned();
        return Start { method, status: second.parse().ok().filter(|status| (100..700).contains(status)), reason: third.to_owned() };
    }
    let is_request = third.trim_start().get(..4).is_some_and(|version| version.eq_ignore_ascii_case("SIP/"));
    Start { method: if is_request { first.to_owned() } else { String::new() }, status: None, reason: String::new() }
}

/// The URI of an address, also of one whose grammar is broken (RFC 3261 §20.10).
fn uri(address: &str) -> String {
    let inside = address.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(uri, _)| uri);
    inside.unwrap_or_else(|| address.split(';').next().unwrap_or_default()).trim().to_owned()
}
