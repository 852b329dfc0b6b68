//! What carries SIP between two neighbours (RFC 3261 §18).

use serde::{Deserialize, Serialize};

/// What carries SIP between two neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Datagrams: whatever is not answered is sent again.
    #[default]
    Udp,
    /// A stream: nothing is sent twice.
    Tcp,
    /// A stream that nobody else reads (RFC 3261 §26.2.1).
    Tls,
}

impl Transport {
    /// Every transport.
    pub const ALL: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

    /// Whether it carries a message to the other end or says that it cannot.
    #[must_use]
    pub fn is_reliable(self) -> bool {
        match self {
            Transport::Udp => false,
            Transport::Tcp | Transport::Tls => true,
        }
    }

    /// As `Via` names it (RFC 3261 §20.42).
    #[must_use]
    pub fn via(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }

    /// The parameter that a URI needs to be reached over it (RFC 3261 §19.1.1); nothing for UDP.
    #[must_use]
    pub fn parameter(self) -> &'static str {
        match self {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            // RFC 3261 §26.2.2 would have `sips:` here, which demands TLS of every hop behind this one; in the field it is this.
            Transport::Tls => ";transport=tls",
        }
    }

    /// The transport that a `transport` parameter or a `Via` names.
    #[must_use]
    pub fn named(name: &str) -> Option<Transport> {
        Transport::ALL.into_iter().find(|transport| transport.via().eq_ignore_ascii_case(name))
    }

    /// The port where SIP is spoken over it when nobody says another (RFC 3261 §19.1.2).
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
        }
    }
}

/// How SIP goes to the remote server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RemoteTransport {
    /// Over UDP.
    #[default]
    Udp,
    /// Over TCP.
    Tcp,
    /// Over TLS.
    Tls,
    /// As the DNS of its domain says, of what is taken here (RFC 3263 §4.1).
    Dns,
}

impl RemoteTransport {
    /// The transport, where the settings say which.
    #[must_use]
    pub fn fixed(self) -> Option<Transport> {
        match self {
            RemoteTransport::Udp => Some(Transport::Udp),
            RemoteTransport::Tcp => Some(Transport::Tcp),
            RemoteTransport::Tls => Some(Transport::Tls),
            RemoteTransport::Dns => None,
        }
    }
}

impl From<Transport> for RemoteTransport {
    /// Over this one and no other.
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => RemoteTransport::Udp,
            Transport::Tcp => RemoteTransport::Tcp,
            Transport::Tls => RemoteTransport::Tls,
        }
    }
}

/// What makes the certificate of a server a good one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TlsTrust {
    /// An authority that this computer trusts signed it for the server's name (RFC 5922 §7).
    #[default]
    System,
    /// An authority of our own signed it for the server's name.
    Authority,
    /// It is one certificate and no other, whatever name it has.
    Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_is_the_one_that_is_spoken() {
        for transport in Transport::ALL {
            assert_eq!(RemoteTransport::from(transport).fixed(), Some(transport));
        }
    }

    #[test]
    fn names_are_read_in_any_case() {
        for transport in Transport::ALL {
            assert_eq!(Transport::named(&transport.via().to_lowercase()), Some(transport));
        }
        assert_eq!(Transport::named("sctp"), None);
    }
}
