//! Any datagram on an RTCP port alone (RFC 3550 §6), and any numbers in the reports that we send ourselves.

use std::time::Duration;

use gateway_core::rtp::rtcp::{self, Heard, LastSenderReport, Sent};
use gateway_core::rtp::stats::{Quality, Reception};
use gateway_core::time::Moment;

pub fn holds(bytes: &[u8]) {
    if let Ok(heard) = rtcp::read(bytes, 7) {
        // Every packet of a compound says its length: with one of ours behind it, it is a compound still.
        let more = [bytes, &rtcp::bye(1, Moment::ZERO, "any bytes")].concat();
        if more.len() <= 1500 && !has_padding(bytes) {
            assert_eq!(rtcp::read(&more, 7), Ok(Heard { bye: true, ..heard }));
        }
    }
    reports_hold(bytes);
}

/// Padding may stand in the last packet of a compound alone (§6.4.1).
fn has_padding(compound: &[u8]) -> bool {
    let mut rest = compound;
    while let [first, _, high, low, ..] = rest {
        let length = 4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1);
        if first & 0x20 != 0 {
            return true;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    false
}

/// What was received in any order makes a report that can be read.
fn reports_hold(bytes: &[u8]) {
    let mut words = bytes.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
    let (Some(ssrc), Some(first)) = (words.next(), words.next()) else { return };
    let mut now = Moment::ZERO;
    let mut reception = Reception::new(ssrc, first.to_be_bytes()[3].into());
    let last = words.clone().next().map(|ntp_middle| LastSenderReport { ntp_middle, arrival: now });
    for word in words {
        now = now + Duration::from_millis(u64::from(word >> 24));
        reception.packet((word & 0xffff) as u16, word, now);
        let quality: Quality = reception.report();
        assert!(quality.lost < 1 << 23);
        let sent = Sent { rtp_timestamp: word, packets: word, octets: word };
        let report = rtcp::report(1, now, Some(sent).filter(|_| word & 1 == 0), Some((quality, last)), "any bytes");
        assert!(rtcp::read(&report, 7).is_ok_and(|heard| heard.sender_report.is_some() == (word & 1 == 0) && !heard.bye));
    }
}
