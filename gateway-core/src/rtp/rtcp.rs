//! RTCP (RFC 3550 §6): our sender and receiver reports with CNAME, BYE, and what we use of the peer's.

use std::time::Duration;

use rtcp_types::{
    Bye, Compound, CompoundBuilder, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, RtcpPacketWriter, RtcpPacketWriterExt, Sdes,
    SdesChunk, SdesItem, SenderReport,
};
use thiserror::Error;

use super::stats::Quality;
use crate::time::Moment;

/// Time between our reports (§6.2 allows no less for a session of two).
pub const REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// Whoever needs longer for an answer is in no conversation.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(10);

/// More lost packets than this are a negative number: some came twice (§6.4.1).
const MOST_LOST: u32 = 0x7f_ffff;

/// The longest datagram that is looked at.
const MAX_RTCP_BYTES: usize = 1500;

/// What we have sent (§6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The RTP timestamp that belongs to the moment of the report.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload octets sent.
    pub octets: u32,
}

/// The peer's last sender report, as our next report has to mention it (§6.4.1 LSR and DLSR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSenderReport {
    /// The middle 32 bits of its NTP timestamp.
    pub ntp_middle: u32,
    /// When it arrived.
    pub arrival: Moment,
}

/// What a datagram from the peer told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The middle 32 bits of the NTP timestamp of a sender report.
    pub sender_report: Option<u32>,
    /// The peer has ended its stream.
    pub bye: bool,
    /// What it says of the stream that it gets.
    pub told: Option<Told>,
}

/// What a peer says of the stream that it gets (§6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Packets that it misses, as it counts them.
    pub lost: u32,
    /// The middle 32 bits of the NTP timestamp of the sender report that it had last; 0: none.
    last_sender_report: u32,
    /// How long it had had that, in 1/65536 s.
    delay: u32,
}

impl Told {
    /// The time from us to the peer and back, when the report arrives now; `None`: it has had no report of ours, or the numbers
    /// cannot be right.
    #[must_use]
    pub fn round_trip(&self, now: Moment) -> Option<Duration> {
        let gone = ntp_middle(ntp(now)).wrapping_sub(self.last_sender_report).wrapping_sub(self.delay);
        let time = Duration::from_nanos((u64::from(gone) * 1_000_000_000) >> 16);
        (self.last_sender_report != 0 && time < LONGEST_ROUND_TRIP).then_some(time)
    }
}

/// Why a datagram is no compound RTCP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RtcpError {
    /// Longer than any report for two parties.
    #[error("datagram too long")]
    TooLong,
    /// Not version 2, or lengths that do not fit.
    #[error("not an RTCP packet")]
    Malformed,
}

/// Our report: SR when something was sent, else RR; about `heard_from`, when something was received; and our CNAME.
#[must_use]
pub fn report(ssrc: u32, now: Moment, sent: Option<Sent>, heard_from: Option<(Quality, Option<LastSenderReport>)>, cname: &str) -> Vec<u8> {
    bytes_of(compound(ssrc, now, sent, heard_from, cname))
}

/// Our farewell: an empty receiver report, CNAME and BYE (§6.6).
#[must_use]
pub fn bye(ssrc: u32, now: Moment, cname: &str) -> Vec<u8> {
    bytes_of(compound(ssrc, now, None, None, cname).add_packet(Bye::builder().add_source(ssrc)))
}

/// Reads one datagram of a peer that gets the stream with this SSRC.
///
/// # Errors
/// [`RtcpError`] when it is no compound RTCP packet; it is then to be dropped.
pub fn read(bytes: &[u8], ssrc: u32) -> Result<Heard, RtcpError> {
    if bytes.len() > MAX_RTCP_BYTES {
        return Err(RtcpError::TooLong);
    }
    let mut heard = Heard::default();
    for packet in Compound::parse(bytes).map_err(|_| RtcpError::Malformed)? {
        match packet.map_err(|_| RtcpError::Malformed)? {
            Packet::Sr(report) => {
                heard.sender_report = Some(ntp_middle(report.ntp_timestamp()));
                heard.told = report.report_blocks().find(|block| block.ssrc() == ssrc).map(|block| told(&block)).or(heard.told);
            }
            Packet::Rr(report) => {
                heard.told = report.report_blocks().find(|block| block.ssrc() == ssrc).map(|block| told(&block)).or(heard.told);
            }
            Packet::Bye(_) => heard.bye = true,
            Packet::App(_)
            | Packet::Sdes(_)
            | Packet::TransportFeedback(_)
            | Packet::PayloadFeedback(_)
            | Packet::Xr(_)
            | Packet::Unknown(_) => {}
        }
    }
    Ok(heard)
}

fn told(block: &ReportBlock<'_>) -> Told {
    let lost = block.cumulative_lost();
    Told {
        lost: if lost > MOST_LOST { 0 } else { lost },
        last_sender_report: block.last_sender_report_timestamp(),
        delay: block.delay_since_last_sender_report_timestamp(),
    }
}

fn compound<'a>(
    ssrc: u32,
    now: Moment,
    sent: Option<Sent>,
    heard_from: Option<(Quality, Option<LastSenderReport>)>,
    cname: &'a str,
) -> CompoundBuilder<'a> {
    let block = heard_from.map(|(quality, last)| report_block(quality, last, now));
    let builder = match sent {
        Some(sent) => {
            let report = SenderReport::builder(ssrc)
                .ntp_timestamp(ntp(now))
                .rtp_timestamp(sent.rtp_timestamp)
                .packet_count(sent.packets)
                .octet_count(sent.octets);
            Compound::builder().add_packet(match block {
                Some(block) => report.add_report_block(block),
                None => report,
            })
        }
        None => {
            let report = ReceiverReport::builder(ssrc);
            Compound::builder().add_packet(match block {
                Some(block) => report.add_report_block(block),
                None => report,
            })
        }
    };
    let item = SdesItem::builder(SdesItem::CNAME, cname);
    builder.add_packet(Sdes::builder().add_chunk(SdesChunk::builder(ssrc).add_item(item)))
}

fn report_block(quality: Quality, last: Option<LastSenderReport>, now: Moment) -> ReportBlockBuilder {
    let block = ReportBlock::builder(quality.ssrc)
        .fraction_lost(quality.fraction_lost)
        .cumulative_lost(quality.lost)
        .extended_sequence_number(quality.extended_highest)
        .interarrival_jitter(quality.jitter);
    match last {
        Some(last) => {
            block.last_sender_report_timestamp(last.ntp_middle).delay_since_last_sender_report_timestamp(in_65536ths(now - last.arrival))
        }
        None => block,
    }
}

/// An empty datagram when the writer refuses, which only a CNAME above 255 bytes brings about.
fn bytes_of(builder: CompoundBuilder<'_>) -> Vec<u8> {
    let mut bytes = vec![0; builder.calculate_size().unwrap_or(0)];
    let length = builder.write_into(&mut bytes).unwrap_or(0);
    bytes.truncate(length);
    bytes
}

/// 32.32 fixed point seconds since the gateway started: without a wall clock §4 allows the time since the start.
fn ntp(now: Moment) -> u64 {
    let (seconds, nanos) = (now.as_nanos() / 1_000_000_000, now.as_nanos() % 1_000_000_000);
    (seconds << 32) | ((nanos << 32) / 1_000_000_000)
}

fn ntp_middle(ntp: u64) -> u32 {
    u32::try_from((ntp >> 16) & u64::from(u32::MAX)).unwrap_or(0)
}

fn in_65536ths(duration: Duration) -> u32 {
    u32::try_from((duration.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    const QUALITY: Quality = Quality { ssrc: 7, fraction_lost: 13, lost: 300, extended_highest: 70_000, jitter: 42 };

    fn sender_report() -> Vec<u8> {
        let sent = Sent { rtp_timestamp: 1600, packets: 10, octets: 1600 };
        let last = LastSenderReport { ntp_middle: 0x1234_5678, arrival: Moment::from_millis(8500) };
        report(9, Moment::from_millis(10_000), Some(sent), Some((QUALITY, Some(last))), "line-1@box")
    }

    #[test]
    fn a_sender_report_carries_our_numbers_the_peers_and_our_name() {
        let bytes = sender_report();
        assert_eq!(bytes.len() % 4, 0);
        let packets: Vec<_> = Compound::parse(&bytes).unwrap().map(Result::unwrap).collect();
        let [Packet::Sr(sr), Packet::Sdes(sdes)] = &packets[..] else { panic!("{packets:?}") };
        assert_eq!((sr.ssrc(), sr.rtp_timestamp(), sr.packet_count(), sr.octet_count()), (9, 1600, 10, 1600));
        assert_eq!(sr.ntp_timestamp(), 10 << 32);
        let block = sr.report_blocks().next().unwrap();
        assert_eq!((block.ssrc(), block.fraction_lost(), block.cumulative_lost()), (7, 13, 300));
        assert_eq!((block.extended_sequence_number(), block.interarrival_jitter()), (70_000, 42));
        assert_eq!(block.last_sender_report_timestamp(), 0x1234_5678);
        assert_eq!(block.delay_since_last_sender_report_timestamp(), 0x1_8000, "1.5 s in 1/65536 s");
        let item = sdes.chunks().next().unwrap().items().next().unwrap();
        assert_eq!((item.type_(), item.value()), (SdesItem::CNAME, &b"line-1@box"[..]));
    }

    #[test]
    fn who_has_sent_nothing_sends_a_receiver_report() {
        let bytes = report(9, Moment::ZERO, None, Some((QUALITY, None)), "x");
        let packets: Vec<_> = Compound::parse(&bytes).unwrap().map(Result::unwrap).collect();
        assert!(matches!(&packets[..], [Packet::Rr(rr), Packet::Sdes(_)] if rr.n_reports() == 1));
    }

    #[test]
    fn sender_reports_and_byes_are_heard() {
        let heard = read(&sender_report(), 7).unwrap();
        assert_eq!((heard.sender_report, heard.bye), (Some(10 << 16), false));
        let heard = read(&bye(9, Moment::ZERO, "x"), 7).unwrap();
        assert_eq!(heard, Heard { bye: true, ..Heard::default() });
    }

    #[test]
    fn no_bytes_make_the_reader_panic() {
        let mut rng = Rng::from_seed(2);
        for whole in [sender_report(), bye(9, Moment::ZERO, "name")] {
            for _ in 0..50_000 {
                let mut bytes = whole.clone();
                bytes.truncate(usize::try_from(rng.below(whole.len() as u64 + 1)).unwrap());
                for _ in 0..rng.below(6) {
                    let at = usize::try_from(rng.below(whole.len() as u64)).unwrap();
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = u8::try_from(rng.below(256)).unwrap();
                    }
                }
                let _ = read(&bytes, 7);
            }
        }
        assert_eq!(read(&[], 7), Err(RtcpError::Malformed));
        assert_eq!(read(&[0x80; 1501], 7), Err(RtcpError::TooLong));
    }

    #[test]
    fn the_peers_report_tells_its_losses_and_how_long_the_way_is() {
        // Our report went out at 10 s; the peer had it for 1.5 s, and its own took 250 ms.
        let sent = Sent { rtp_timestamp: 0, packets: 1, octets: 160 };
        let ours = read(&report(7, Moment::from_millis(10_000), Some(sent), None, "x"), 0).unwrap().sender_report.unwrap();
        let last = LastSenderReport { ntp_middle: ours, arrival: Moment::from_millis(10_100) };
        let theirs = report(9, Moment::from_millis(11_600), None, Some((QUALITY, Some(last))), "y");
        let told = read(&theirs, 7).unwrap().told.unwrap();
        assert_eq!(told.lost, 300);
        let round_trip = told.round_trip(Moment::from_millis(11_750)).unwrap();
        assert!(round_trip.abs_diff(Duration::from_millis(250)) < Duration::from_millis(1), "{round_trip:?}");
        assert_eq!(told.round_trip(Moment::from_millis(60_000)), None);
        assert_eq!(read(&theirs, 8).unwrap().told, None, "of somebody else's stream");
        let without = read(&report(9, Moment::ZERO, None, Some((QUALITY, None)), "y"), 7).unwrap().told.unwrap();
        assert_eq!(without.round_trip(Moment::from_millis(20)), None);
        let twice = Quality { lost: 0xff_fffe, ..QUALITY };
        assert_eq!(read(&report(9, Moment::ZERO, None, Some((twice, None)), "y"), 7).unwrap().told.unwrap().lost, 0);
    }
}
