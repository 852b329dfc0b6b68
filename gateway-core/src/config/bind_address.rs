//! Where SIP and RTP are received: an address of this computer, or a network interface by its name.

use std::net::IpAddr;

/// What `gateway.bind_address` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindAddress {
    /// An address of this computer, or the unspecified one for all of them.
    Ip(IpAddr),
    /// The name of a network interface, such as `eth0` or `Wi-Fi`: whatever address it has.
    Interface(String),
}

impl BindAddress {
    /// Reads it; `None`: it is neither. Whether this computer has it is not asked.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(ip) = text.parse::<IpAddr>() {
            return (!ip.is_multicast() && ip != IpAddr::from([255; 4])).then_some(BindAddress::Ip(ip));
        }
        // What has no letter is an address with a fault in it, and this name of an address is no name of an interface anywhere.
        let is_name = text.chars().all(is_of_name) && text.chars().any(char::is_alphabetic) && !text.eq_ignore_ascii_case("localhost");
        is_name.then(|| BindAddress::Interface(text.to_owned()))
    }

    /// Whether only this computer reaches it. Of an interface that is not known here.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        matches!(self, BindAddress::Ip(ip) if ip.is_loopback())
    }
}

/// Linux takes nearly everything, Windows names as people say them: `Ethernet 2`, `Local Area Connection* 1`. A colon stands in
/// addresses alone.
fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || " ._-*#@()".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_told_apart() {
        for name in ["eth0", "enp3s0f1", "Wi-Fi", "Ethernet 2", "Local Area Connection* 1", "Conexão de Rede", "br-lan.20"] {
            assert_eq!(BindAddress::parse(name), Some(BindAddress::Interface(name.to_owned())));
        }
        for ip in ["127.0.0.1", "0.0.0.0", "::", "::1", " 192.0.2.1 "] {
            assert!(matches!(BindAddress::parse(ip), Some(BindAddress::Ip(_))), "{ip}");
        }
        for neither in ["", "192.168.1", "224.0.0.1", "255.255.255.255", "fe80::zz", "eth0:1", "a/b", "10.0.0.1:5060", "[::1]", "localhost"]
        {
            assert_eq!(BindAddress::parse(neither), None, "{neither}");
        }
    }
}
