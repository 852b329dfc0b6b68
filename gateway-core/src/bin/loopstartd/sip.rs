//! `loopstartd run --sip`: every SIP message as an event.

use gateway_core::gateway::sip_trace::{SipTrace, SipTraceQuery};
use gateway_core::shell::GatewayHandle;
use serde_json::{Value, json};

/// Which messages were told, and whose they are.
#[derive(Debug, Default)]
pub(crate) struct SipTold {
    upto: SipTraceQuery,
}

impl SipTold {
    /// What came and went since the last time, and whose the messages are that were told before.
    pub(crate) fn news(&mut self, gateway: &GatewayHandle) -> Vec<Value> {
        self.lines(&gateway.sip_trace(self.upto))
    }

    fn lines(&mut self, trace: &SipTrace) -> Vec<Value> {
        let mut lines: Vec<Value> = trace.owners.iter().map(|owner| json!({ "event": "sip_owner", "sip_owner": owner })).collect();
        if let Some(first) = trace.messages.first() {
            // Numbers have no gaps: messages that are missing between passed faster than they were read.
            let expected = self.upto.after.map_or(0, |newest| newest + 1);
            if first.number > expected {
                lines.push(json!({ "event": "sip_lagged", "lost": first.number - expected }));
            }
        }
        let newest = trace.messages.last().map(|message| message.number).or(self.upto.after);
        self.upto = SipTraceQuery { after: newest, owners_after: Some(trace.owners_told) };
        lines.extend(trace.messages.iter().map(|message| json!({ "event": "sip", "sip": message })));
        lines
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::config::PortId;
    use gateway_core::config::transport::Transport;
    use gateway_core::gateway::sip_trace::{MaskedCopy, SipDirection, SipOwner, SipPassage, SipRing};
    use gateway_core::time::Moment;

    use super::*;

    fn pass(ring: &mut SipRing, text: &str) {
        let passage =
            SipPassage { direction: SipDirection::In, transport: Transport::Udp, peer: ([192, 0, 2, 7], 5060).into(), at: Moment::ZERO };
        ring.keep(passage, MaskedCopy::of(text.as_bytes()).unwrap(), None);
    }

    #[test]
    fn each_message_is_told_once_and_those_that_were_missed_are_counted() {
        let (mut ring, mut told) = (SipRing::default(), SipTold::default());
        let mut news = |ring: &SipRing| told.lines(&ring.answer(told.upto).decoded());
        assert!(news(&ring).is_empty());
        pass(&mut ring, "ACK sip:a SIP/2.0\r\nCall-ID: x\r\n\r\n");
        let lines = news(&ring);
        assert_eq!((lines.len(), &lines[0]["event"], &lines[0]["sip"]["method"]), (1, &json!("sip"), &json!("ACK")));
        ring.belongs(SipOwner { call_id: "x".to_owned(), port: PortId(1), call: None });
        assert_eq!(news(&ring), [json!({ "event": "sip_owner", "sip_owner": { "call_id": "x", "port": 1, "call": null } })]);
        assert!(news(&ring).is_empty(), "it is told once");
        for n in 0..600 {
            pass(&mut ring, &format!("ACK sip:{n} SIP/2.0\r\n\r\n"));
        }
        let lines = news(&ring);
        assert_eq!((lines.len(), &lines[0]), (513, &json!({ "event": "sip_lagged", "lost": 88 })));
    }
}
