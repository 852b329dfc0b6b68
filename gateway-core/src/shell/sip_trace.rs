//! The SIP messages that came and went lately, as the program keeps them and writes them down.
//!
//! They are in memory only and never logged, for what a message holds besides its masked secrets is somebody's number or name.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;

use crate::gateway::sip_trace::{MaskedCopy, SipDirection, SipDrop, SipMessage, SipOwner, SipPassage, SipRing, SipTrace, SipTraceQuery};
use crate::shell::calls_csv::local_time;
use crate::sip::hop::Hop;
use crate::time::Moment;

/// The messages. Clones are the same messages.
#[derive(Clone, Default)]
pub(crate) struct SipMessages {
    ring: Arc<Mutex<SipRing>>,
}

impl SipMessages {
    /// Keeps what a peer sent, and why it was not listened to.
    pub(crate) fn came(&self, peer: Hop, copy: MaskedCopy, dropped: Option<SipDrop>, at: Moment) {
        self.keep(SipPassage { direction: SipDirection::In, transport: peer.transport, peer: peer.address, at }, copy, dropped);
    }

    /// Keeps what was sent to a peer, or was to be.
    pub(crate) fn went(&self, peer: Hop, bytes: &[u8], dropped: Option<SipDrop>, at: Moment) {
        if let Some(copy) = MaskedCopy::of(bytes) {
            self.keep(SipPassage { direction: SipDirection::Out, transport: peer.transport, peer: peer.address, at }, copy, dropped);
        }
    }

    fn keep(&self, passage: SipPassage, copy: MaskedCopy, dropped: Option<SipDrop>) {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).keep(passage, copy, dropped);
    }

    /// Takes in whose the messages of a Call-ID are.
    pub(crate) fn belongs(&self, owner: SipOwner) {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).belongs(owner);
    }

    /// What is asked for, in words. Whoever asks does that work, on a copy.
    pub(crate) fn answer(&self, query: SipTraceQuery) -> SipTrace {
        let raw = self.ring.lock().unwrap_or_else(PoisonError::into_inner).answer(query);
        raw.decoded()
    }
}

impl std::fmt::Debug for SipMessages {
    /// Says nothing of the messages: they must not get into a log with whatever holds them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SipMessages").finish_non_exhaustive()
    }
}

/// Messages as a file: a remark, then each message below a line with local time, direction (`<` came, `>` went), transport, peer,
/// port (from 1), call, and what is special about it, with tabs between.
#[must_use]
pub fn as_text(messages: &[SipMessage], remark: &str, started_epoch_ms: u64, zone: &TimeZone) -> String {
    let mut text: String = remark.lines().map(|line| format!("# {line}\n")).collect();
    for message in messages {
        let at = local_time(started_epoch_ms.saturating_add(message.at_ms), zone);
        let way = match message.direction {
            SipDirection::In => "<",
            SipDirection::Out => ">",
        };
        let transport = crate::code::of(&message.transport);
        let port = message.port.map_or_else(|| "-".to_owned(), |port| (u32::from(port.0) + 1).to_string());
        let call = message.call.as_deref().unwrap_or("-");
        let repeated = if message.repeats.is_some() { "retransmission" } else { "" };
        let dropped = message.dropped.as_ref().map(dropped_words).unwrap_or_default();
        let cut = if message.cut_bytes > 0 { format!("{} bytes cut", message.cut_bytes) } else { String::new() };
        let special = [repeated, &dropped, &cut].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
        text.push_str([at.as_str(), way, &transport, &message.peer, &port, call, &special].join("\t").trim_end());
        text.push('\n');
        for line in message.text.trim_end().lines() {
            // A line of a stranger's message must not look like one of the file's own.
            text.push_str(&format!("  {}\n", line.trim_end_matches('\r')));
        }
        text.push('\n');
    }
    text
}

fn dropped_words(dropped: &SipDrop) -> String {
    match dropped {
        SipDrop::SourceUnknown => "dropped: unknown source".to_owned(),
        SipDrop::SourceBanned => "dropped: banned source".to_owned(),
        SipDrop::Malformed { defect } => format!("dropped: {defect}"),
        SipDrop::NotSent => "not sent".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::config::PortId;

    const OPTIONS: &str = "OPTIONS sip:gw SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\n\r\n";

    #[test]
    fn a_file_says_what_it_may_hold_and_then_every_message_below_a_line_about_it() {
        let messages = SipMessages::default();
        let peer: Hop = SocketAddr::from(([192, 0, 2, 7], 5060)).into();
        messages.came(peer, MaskedCopy::of(OPTIONS.as_bytes()).unwrap(), Some(SipDrop::SourceUnknown), Moment::from_millis(1250));
        messages.went(peer, OPTIONS.as_bytes(), None, Moment::from_millis(1300));
        messages.went(peer, OPTIONS.as_bytes(), Some(SipDrop::NotSent), Moment::from_millis(1800));
        messages.went(peer, b"\r\n", None, Moment::from_millis(1900));
        messages.belongs(SipOwner { call_id: "a".to_owned(), port: PortId(0), call: Some("00ff".to_owned()) });
        let trace = messages.answer(SipTraceQuery::default());
        let text = as_text(&trace.messages, "May hold numbers.\nKeep it.", 0, &TimeZone::UTC);
        let body = "  OPTIONS sip:gw SIP/2.0\n  Call-ID: a\n  CSeq: 1 OPTIONS\n\n";
        let expected = format!(
            "# May hold numbers.\n# Keep it.\n\
             1970-01-01T00:00:01.250+00:00\t<\tudp\t192.0.2.7:5060\t1\t00ff\tdropped: unknown source\n{body}\
             1970-01-01T00:00:01.300+00:00\t>\tudp\t192.0.2.7:5060\t1\t00ff\n{body}\
             1970-01-01T00:00:01.800+00:00\t>\tudp\t192.0.2.7:5060\t1\t00ff\tretransmission, not sent\n{body}"
        );
        assert_eq!(text, expected);
        assert_eq!(format!("{messages:?}"), "SipMessages { .. }");
    }
}
