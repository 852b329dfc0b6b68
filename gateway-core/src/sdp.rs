//! SDP (RFC 8866) offer/answer (RFC 3264) for one audio stream: PCMA, PCMU and telephone-event, in RTP or SRTP.

mod crypto;
mod negotiate;
mod read;

pub use crypto::{CryptoLine, MasterKey, OwnKeys, SrtpKeys, SrtpUse, Suite};
pub use negotiate::{accept, accept_again, answer, offer, offer_again};
pub use read::{Description, Stream, parse};

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

impl Direction {
    /// Whether we send.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Direction::Sendrecv | Direction::Sendonly)
    }

    /// Whether we receive.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Direction::Sendrecv | Direction::Recvonly)
    }

    /// The same, seen from the other side.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Direction::Sendrecv,
            (true, false) => Direction::Sendonly,
            (false, true) => Direction::Recvonly,
            (false, false) => Direction::Inactive,
        }
    }

    /// The name of the attribute (RFC 8866 §6.7).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Sendrecv => "sendrecv",
            Direction::Sendonly => "sendonly",
            Direction::Recvonly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }
}

impl Codec {
    /// The encoding name of the media type (RFC 3551 §6).
    #[must_use]
    pub fn encoding_name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
        }
    }

    /// The static payload type (RFC 3551 §6).
    #[must_use]
    pub fn static_payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
        }
    }
}

/// Why a description leads to no call. All but `Malformed` deserve 488, that one 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum SdpError {
    /// Not SDP, or a line that is needed is broken.
    #[error("malformed SDP")]
    Malformed,
    /// No audio stream over RTP that is not refused (port 0).
    #[error("no audio stream")]
    NoAudio,
    /// Audio streams, but none that is secured as it has to be: SRTP with a key that we can use, or without any.
    #[error("no audio stream secured as wanted")]
    NotSecured,
    /// The audio stream has no IP address; names are not resolved for media.
    #[error("no IP address for audio")]
    NoAddress,
    /// No codec of the audio stream is one of ours.
    #[error("no codec in common")]
    NoCommonCodec,
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
    /// Whether audio goes in SRTP.
    pub srtp: SrtpUse,
    /// Our keys for it.
    pub keys: OwnKeys,
    /// The `o=` session id; the version grows by one with each new description.
    pub session_id: u64,
    /// The `o=` version.
    pub session_version: u64,
}

impl LocalMedia {
    /// What a port can do that has an address, both codecs and nothing besides: telephone-event as 101, 20 ms, plain RTP.
    #[must_use]
    pub fn plain(address: SocketAddr) -> Self {
        LocalMedia {
            address,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            telephone_event: 101,
            ptime_ms: 20,
            srtp: SrtpUse::Off,
            keys: OwnKeys::none(),
            session_id: 1,
            session_version: 1,
        }
    }
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
    /// What packets are sealed with; `None`: plain RTP.
    pub srtp: Option<SrtpKeys>,
}

impl Agreed {
    /// What two sides agree on that name an address and a codec and nothing besides: RTCP one port above, the static payload type,
    /// telephone-event as 101, 20 ms, both ways, plain RTP.
    #[must_use]
    pub fn plain(remote: SocketAddr, codec: Codec) -> Self {
        Agreed {
            remote,
            remote_rtcp: SocketAddr::new(remote.ip(), remote.port().saturating_add(1)),
            codec,
            payload_type: codec.static_payload_type(),
            telephone_event: Some(101),
            ptime_ms: 20,
            direction: Direction::Sendrecv,
            srtp: None,
        }
    }
}
