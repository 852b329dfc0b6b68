//! How and where a message travels: one hop (RFC 3261 §18, RFC 3263 §4).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

pub use crate::config::transport::Transport;

/// The neighbour that a message comes from or goes to. Over a stream it names the connection, too: a peer's end of it has an
/// address and port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

impl Hop {
    /// A neighbour over this transport.
    #[must_use]
    pub fn new(transport: Transport, address: SocketAddr) -> Self {
        Hop { transport, address }
    }

    /// Its host.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.address.ip()
    }
}

/// Why TLS with a neighbour did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TlsFault {
    /// Nobody that we trust signed its certificate.
    UnknownAuthority,
    /// Its certificate is one of another name.
    WrongName,
    /// Its certificate is not the one that we know it by.
    WrongFingerprint,
    /// Its certificate is too old.
    Expired,
    /// Its certificate does not hold yet: often a clock is wrong.
    NotYetValid,
    /// Its certificate is none for servers: a self-made one of an authority, one that is made for something else.
    BadCertificate,
    /// It refused, most often our certificate.
    Refused,
    /// It does not speak TLS as we do, or not at all.
    NoHandshake,
}

impl From<SocketAddr> for Hop {
    /// Over UDP.
    fn from(address: SocketAddr) -> Self {
        Hop { transport: Transport::Udp, address }
    }
}

impl fmt::Display for Hop {
    /// The address, and the transport where it is not UDP.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.transport {
            Transport::Udp => write!(f, "{}", self.address),
            Transport::Tcp | Transport::Tls => write!(f, "{} ({})", self.address, self.transport.via()),
        }
    }
}

#[cfg(test)]
impl std::str::FromStr for Hop {
    type Err = std::net::AddrParseError;

    /// Over UDP.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|address: SocketAddr| address.into())
    }
}
