//! What counts as one source: an IPv4 address, or the /64 of an IPv6 address, within which a host may choose at will.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// One source (RFC 4291 §2.5.4: the last 64 bits of an address are the host's own).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block(IpAddr);

impl Block {
    /// The source that an address belongs to.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => Block(v4.into()),
            IpAddr::V6(v6) => Block(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into()),
        }
    }

    /// A source as it is written: an address, or a block of 64 bits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let address = text.trim();
        address.strip_suffix("/64").unwrap_or(address).parse().ok().map(Block::of)
    }

    /// Whether it is on this computer or in a network that is not the public one (RFC 1918, RFC 3927, RFC 4193).
    #[must_use]
    pub fn is_near(self) -> bool {
        match self.0 {
            IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_source_is_its_64_and_a_mapped_address_is_ipv4() {
        let of = |text: &str| Block::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1:2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        for written in ["192.0.2.7", "2001:db8::/64", "::/64"] {
            assert_eq!(Block::parse(written).unwrap().to_string(), written);
        }
        assert_eq!(Block::parse("a neighbour"), None);
    }

    #[test]
    fn near_is_what_the_public_network_does_not_carry() {
        for (text, near) in
            [("127.0.0.1", true), ("10.1.2.3", true), ("::1", true), ("fd00::1", true), ("8.8.8.8", false), ("2001:db8::1", false)]
        {
            assert_eq!(Block::parse(text).unwrap().is_near(), near, "{text}");
        }
    }
}
