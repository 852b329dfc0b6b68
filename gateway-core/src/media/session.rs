//! One attachment to a peer: sequence numbers, clocks, counts and reports of the RTP session.

use std::net::SocketAddr;
use std::time::Duration;

use super::peer::Peer;
use super::{MediaOutput, MediaPlan};
use crate::dsp::FRAME_SAMPLES;
use crate::rtp::packet::{self, Header};
use crate::rtp::rtcp::{self, LastSenderReport, REPORT_INTERVAL};
use crate::rtp::stats::Reception;
use crate::sdp::{Codec, Direction};
use crate::time::Moment;

/// While a source is heard, packets of another one on the same path are dropped; after this much quiet they are taken.
const SOURCE_QUIET: Duration = Duration::from_millis(50);

/// RTP and RTCP with one peer.
#[derive(Clone, Debug)]
pub(super) struct Session {
    plan: MediaPlan,
    peer: Peer,
    /// Where the latest packet came from that was not taken from there.
    refused: Option<SocketAddr>,
    sequence: u16,
    /// RTP timestamp of what the current line frame sends.
    clock: u32,
    packets: u32,
    octets: u32,
    received: u32,
    reception: Option<Reception>,
    lost_before: u32,
    last_arrival: Option<Moment>,
    last_sender_report: Option<LastSenderReport>,
    report_due: Moment,
    sent_since_report: bool,
}

/// What a packet from the peer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Audio(Codec),
    TelephoneEvent,
    /// Nothing we play, but a sign of life.
    Other,
}

/// A packet that was admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted<'a> {
    pub(super) header: Header,
    pub(super) payload: &'a [u8],
    pub(super) content: Content,
    /// The first packet from this peer.
    pub(super) first: bool,
    /// The first packet of another source than before.
    pub(super) new_source: bool,
}

impl Session {
    pub(super) fn new(plan: MediaPlan, now: Moment) -> Self {
        // The first report comes after half the interval (RFC 3550 §6.2), shifted so that the ports do not report together.
        let shift = Duration::from_millis(u64::from(plan.ssrc % 1024));
        Session {
            peer: Peer::new(&plan),
            refused: None,
            sequence: plan.first_sequence,
            clock: plan.first_timestamp,
            packets: 0,
            octets: 0,
            received: 0,
            reception: None,
            lost_before: 0,
            last_arrival: None,
            last_sender_report: None,
            report_due: now + REPORT_INTERVAL / 2 + shift,
            sent_since_report: false,
            plan,
        }
    }

    /// Takes over what a new offer and answer agreed on; true when the peer has moved.
    pub(super) fn change(&mut self, plan: MediaPlan) -> bool {
        let moved = !self.peer.is(&plan);
        if moved {
            self.peer = Peer::new(&plan);
            self.last_arrival = None;
            self.refused = None;
        }
        self.plan = plan;
        moved
    }

    pub(super) fn plan(&self) -> &MediaPlan {
        &self.plan
    }

    /// Whether the direction lets us send.
    pub(super) fn sends(&self) -> bool {
        matches!(self.plan.agreed.direction, Direction::Sendrecv | Direction::Sendonly)
    }

    /// Whether the direction lets the peer be heard.
    pub(super) fn receives(&self) -> bool {
        matches!(self.plan.agreed.direction, Direction::Sendrecv | Direction::Recvonly)
    }

    /// RTP timestamp of the first sample that the current line frame sends.
    pub(super) fn clock(&self) -> u32 {
        self.clock
    }

    /// A line frame has passed. The clock runs on while nothing is sent.
    pub(super) fn tick(&mut self) {
        self.clock = self.clock.wrapping_add(u32::try_from(FRAME_SAMPLES).unwrap_or(0));
    }

    /// Sends one RTP packet.
    pub(super) fn send(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8], out: &mut Vec<MediaOutput>) {
        let Some(to) = self.peer.rtp_to().filter(|_| self.sends()) else { return };
        let header = Header { payload_type, marker, sequence: self.sequence, timestamp, ssrc: self.plan.ssrc };
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(u32::try_from(payload.len()).unwrap_or(0));
        self.sent_since_report = true;
        out.push(MediaOutput::Rtp { to, bytes: packet::write(header, payload) });
    }

    /// Reads and counts a datagram; `None` when it is not to be used.
    pub(super) fn admit<'a>(&mut self, bytes: &'a [u8], source: SocketAddr, now: Moment) -> Option<Admitted<'a>> {
        let packet = packet::read(bytes).ok()?;
        let header = packet.header;
        let other_source = self.reception.as_ref().is_some_and(|reception| reception.ssrc() != header.ssrc);
        if other_source && self.last_arrival.is_some_and(|last| now - last < SOURCE_QUIET) {
            return None;
        }
        if !self.peer.admits_rtp(source, now) {
            self.refused = Some(source);
            return None;
        }
        if other_source && let Some(reception) = self.reception.take() {
            self.lost_before = self.lost_before.saturating_add(reception.lost());
        }
        let reception = self.reception.get_or_insert_with(|| Reception::new(header.ssrc, header.sequence));
        reception.packet(header.sequence, header.timestamp, now);
        self.received = self.received.saturating_add(1);
        let first = self.last_arrival.replace(now).is_none();
        let content = self.content_of(header.payload_type);
        Some(Admitted { header, payload: packet.payload, content, first, new_source: other_source })
    }

    /// Where RTP should come from and where the latest came from that was refused, while none has come.
    pub(super) fn missing(&self) -> Option<(SocketAddr, Option<SocketAddr>)> {
        self.last_arrival.is_none().then_some((self.plan.agreed.remote, self.refused))
    }

    /// Reads an RTCP datagram.
    pub(super) fn admit_rtcp(&mut self, bytes: &[u8], source: SocketAddr, now: Moment) {
        let Ok(heard) = rtcp::read(bytes) else { return };
        if self.peer.admits_rtcp(source, now)
            && let Some(ntp_middle) = heard.sender_report
        {
            self.last_sender_report = Some(LastSenderReport { ntp_middle, arrival: now });
        }
    }

    /// Sends a report when one is due.
    pub(super) fn report_if_due(&mut self, now: Moment, out: &mut Vec<MediaOutput>) {
        if now < self.report_due {
            return;
        }
        self.report_due = now + REPORT_INTERVAL;
        let Some(to) = self.peer.rtcp_to() else { return };
        let sent = rtcp::Sent { rtp_timestamp: self.clock, packets: self.packets, octets: self.octets };
        let sent = std::mem::take(&mut self.sent_since_report).then_some(sent);
        let heard_from = self.reception.as_mut().map(|reception| (reception.report(), self.last_sender_report));
        out.push(MediaOutput::Rtcp { to, bytes: rtcp::report(self.plan.ssrc, now, sent, heard_from, &self.plan.cname) });
    }

    /// Says goodbye.
    pub(super) fn bye(&self, now: Moment, out: &mut Vec<MediaOutput>) {
        if let Some(to) = self.peer.rtcp_to() {
            out.push(MediaOutput::Rtcp { to, bytes: rtcp::bye(self.plan.ssrc, now, &self.plan.cname) });
        }
    }

    /// Packets sent, received and lost, and jitter in ms.
    pub(super) fn counts(&self) -> (u32, u32, u32, f32) {
        let (lost, jitter_ms) = self.reception.as_ref().map_or((0, 0.0), |r| (r.lost(), r.jitter_ms()));
        (self.packets, self.received, self.lost_before.saturating_add(lost), jitter_ms)
    }

    /// G.711 is known by its static payload types too, because some peers answer one and send the other.
    fn content_of(&self, payload_type: u8) -> Content {
        let agreed = &self.plan.agreed;
        if agreed.telephone_event == Some(payload_type) {
            Content::TelephoneEvent
        } else if agreed.payload_type == payload_type {
            Content::Audio(agreed.codec)
        } else {
            match payload_type {
                0 => Content::Audio(Codec::Pcmu),
                8 => Content::Audio(Codec::Pcma),
                _ => Content::Other,
            }
        }
    }
}
