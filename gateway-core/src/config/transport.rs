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
}

impl Transport {
    /// Every transport.
    pub const ALL: [Transport; 2] = [Transport::Udp, Transport::Tcp];

    /// Whether it carries a message to the other end or says that it cannot.
    #[must_use]
    pub fn is_reliable(self) -> bool {
        match self {
            Transport::Udp => false,
            Transport::Tcp => true,
        }
    }

    /// As `Via` names it (RFC 3261 §20.42).
    #[must_use]
    pub fn via(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        }
    }

    /// The parameter that a URI needs to be reached over it (RFC 3261 §19.1.1); nothing for UDP.
    #[must_use]
    pub fn parameter(self) -> &'static str {
        match self {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for transport in Transport::ALL {
            assert_eq!(Transport::named(&transport.via().to_lowercase()), Some(transport));
        }
        assert_eq!(Transport::named("sctp"), None);
    }
}
