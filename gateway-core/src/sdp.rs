//! SDP (RFC 8866) offer/answer (RFC 3264) for one audio stream: PCMA, PCMU and telephone-event.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// An audio codec towards SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 A-law, static payload type 8 (RFC 3551).
    Pcma,
    /// G.711 µ-law, static payload type 0 (RFC 3551).
    Pcmu,
}

/// Which way media may flow, from our side (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Both ways.
    #[default]
    Sendrecv,
    /// We send only.
    Sendonly,
    /// We receive only.
    Recvonly,
    /// Neither way.
    Inactive,
}

/// What one of our ports can do, from which offers and answers are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we receive RTP; RTCP is one port above.
    pub address: SocketAddr,
    /// Codecs, preferred first.
    pub codecs: Vec<Codec>,
    /// Payload type we offer for telephone-event (RFC 4733); 101 by habit.
    pub telephone_event: u8,
    /// Packet time in ms.
    pub ptime_ms: u16,
    /// The `o=` session id; the version grows by one with each new description.
    pub session_id: u64,
    /// The `o=` version.
    pub session_version: u64,
}

/// What both sides agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Where the peer receives RTP.
    pub remote: SocketAddr,
    /// Where the peer receives RTCP.
    pub remote_rtcp: SocketAddr,
    /// The codec, both ways.
    pub codec: Codec,
    /// Payload type to send the codec with (and to expect).
    pub payload_type: u8,
    /// Payload type of telephone-event, when agreed.
    pub telephone_event: Option<u8>,
    /// Packet time to send with, in ms.
    pub ptime_ms: u16,
    /// The way media flows, from our side.
    pub direction: Direction,
}
