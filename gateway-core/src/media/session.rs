//! One attachment to a peer: sequence numbers, clocks, counts and reports of the RTP session.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use super::peer::Peer;
use super::srtp::Srtp;
use super::{MediaOutput, MediaPlan, Refused, RtpRefusal};
use crate::dsp::FRAME_SAMPLES;
use crate::rtp::packet::{self, Header};
use crate::rtp::rtcp::{self, LastSenderReport, REPORT_INTERVAL, Told};
use crate::rtp::stats::Reception;
use crate::sdp::{Codec, Direction};
use crate::time::Moment;

/// While a source is heard, packets of another one on the same path are dropped; after this much quiet they are taken.
const SOURCE_QUIET: Duration = Duration::from_millis(50);

/// RTP and RTCP with one peer.
#[derive(Debug)]
pub(super) struct Session {
    plan: MediaPlan,
    peer: Peer,
    /// What packets are sealed with, where it was agreed.
    srtp: Option<Srtp>,
    /// Where the latest packet came from that was not taken, and why.
    refused: Option<Refused>,
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
    /// What the peer said last of our stream, and how long the way there and back was then.
    told: Option<(Told, Option<Duration>)>,
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
#[derive(Clone, Debug)]
pub(super) struct Admitted<'a> {
    pub(super) header: Header,
    pub(super) payload: Cow<'a, [u8]>,
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
            srtp: plan.agreed.srtp.clone().and_then(Srtp::new),
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
            told: None,
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
        match (&mut self.srtp, plan.agreed.srtp.clone()) {
            (Some(srtp), Some(keys)) => srtp.change(keys),
            (srtp, Some(keys)) => *srtp = Srtp::new(keys),
            // A call that was sealed is never opened again (`Audio::answer`); its key waits for the packets that it has not sealed yet.
            (_, None) => {}
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
        let packet = packet::write(header, payload);
        out.extend(self.sealed(packet, Srtp::seal_rtp).map(|bytes| MediaOutput::Rtp { to, bytes }));
    }

    /// A packet as it goes out. What cannot be sealed although that was agreed goes nowhere.
    fn sealed(&mut self, packet: Vec<u8>, seal: impl FnOnce(&mut Srtp, &[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        match &mut self.srtp {
            Some(srtp) => seal(srtp, &packet),
            None => self.plan.agreed.srtp.is_none().then_some(packet),
        }
    }

    /// Reads and counts a datagram; `None` when it is not to be used.
    pub(super) fn admit<'a>(&mut self, bytes: &'a [u8], source: SocketAddr, now: Moment) -> Option<Admitted<'a>> {
        let opened = self.opened(bytes, source)?;
        let packet = packet::read(&opened).ok()?;
        let header = packet.header;
        let other_source = self.reception.as_ref().is_some_and(|reception| reception.ssrc() != header.ssrc);
        if other_source && self.last_arrival.is_some_and(|last| now - last < SOURCE_QUIET) {
            return None;
        }
        if !self.peer.admits_rtp(source, self.srtp.is_some(), now) {
            self.refused = Some(Refused { source, why: RtpRefusal::OtherHost });
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
        let payload = match opened {
            Cow::Borrowed(bytes) => Cow::Borrowed(packet::read(bytes).ok()?.payload),
            Cow::Owned(_) => Cow::Owned(packet.payload.to_vec()),
        };
        Some(Admitted { header, payload, content, first, new_source: other_source })
    }

    /// The packet in a datagram; `None` when it is not sealed as agreed.
    fn opened<'a>(&mut self, datagram: &'a [u8], source: SocketAddr) -> Option<Cow<'a, [u8]>> {
        let Some(srtp) = &mut self.srtp else {
            return self.plan.agreed.srtp.is_none().then_some(Cow::Borrowed(datagram));
        };
        let opened = srtp.open_rtp(datagram);
        if opened.is_none() {
            self.refused = Some(Refused { source, why: RtpRefusal::NotSealed });
        }
        opened.map(Cow::Owned)
    }

    /// Where RTP should come from and where the latest came from that was refused, while none has come.
    pub(super) fn missing(&self) -> Option<(SocketAddr, Option<Refused>)> {
        self.last_arrival.is_none().then_some((self.plan.agreed.remote, self.refused))
    }

    /// Reads an RTCP datagram.
    pub(super) fn admit_rtcp(&mut self, bytes: &[u8], source: SocketAddr, now: Moment) {
        let opened = match &mut self.srtp {
            Some(srtp) => srtp.open_rtcp(bytes).map(Cow::Owned),
            None => self.plan.agreed.srtp.is_none().then_some(Cow::Borrowed(bytes)),
        };
        let Some(Ok(heard)) = opened.map(|packet| rtcp::read(&packet, self.plan.ssrc)) else { return };
        if !self.peer.admits_rtcp(source, self.srtp.is_some(), now) {
            return;
        }
        if let Some(ntp_middle) = heard.sender_report {
            self.last_sender_report = Some(LastSenderReport { ntp_middle, arrival: now });
        }
        self.told = heard.told.map(|told| (told, told.round_trip(now))).or(self.told);
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
        let report = rtcp::report(self.plan.ssrc, now, sent, heard_from, &self.plan.cname);
        out.extend(self.sealed(report, Srtp::seal_rtcp).map(|bytes| MediaOutput::Rtcp { to, bytes }));
    }

    /// Says goodbye.
    pub(super) fn bye(&mut self, now: Moment, out: &mut Vec<MediaOutput>) {
        if let Some(to) = self.peer.rtcp_to() {
            let bye = rtcp::bye(self.plan.ssrc, now, &self.plan.cname);
            out.extend(self.sealed(bye, Srtp::seal_rtcp).map(|bytes| MediaOutput::Rtcp { to, bytes }));
        }
    }

    /// Packets that the peer says it misses, and the time there and back in ms, as far as it has told.
    pub(super) fn told(&self) -> (Option<u32>, Option<u32>) {
        let round_trip = self.told.and_then(|(_, time)| time).map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
        (self.told.map(|(told, _)| told.lost), round_trip)
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
