//! Hosts as people type them: an IP address or a host name, with or without a port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::Serialize;

/// Longest host name (RFC 1035 §2.3.4).
const MAX_NAME_CHARS: usize = 253;
/// Longest label of a host name (RFC 1035 §2.3.4).
const MAX_LABEL_CHARS: usize = 63;

/// An IP address or a host name (lower case, without the final dot).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// An address; IPv4-mapped IPv6 addresses become IPv4.
    Ip(IpAddr),
    /// A name to resolve.
    Name(String),
}

/// What is wrong with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum HostFault {
    /// Nothing stands where a host must stand.
    Missing,
    /// A character that no host name has.
    BadCharacter,
    /// Only digits and dots, and yet no IPv4 address.
    NotAnAddress,
    /// Colons or brackets, and yet no IPv6 address.
    NotAnIpv6Address,
    /// An empty label, or one that begins or ends with a hyphen.
    BadLabel,
    /// A label of more than 63 characters, or a name of more than 253.
    TooLong,
    /// Not 1–65535 after the colon.
    BadPort,
    /// A port where none may stand.
    PortNotAllowed,
    /// Not 0–32 (IPv4) or 0–128 (IPv6) after the slash, or a prefix after a name.
    BadPrefix,
    /// An address that belongs to nobody one could call: `0.0.0.0`, `::`, broadcast or multicast.
    NotAPeer,
    /// More entries than a list may have.
    TooMany,
}

impl HostFault {
    /// Its word, as serialised.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            HostFault::Missing => "missing",
            HostFault::BadCharacter => "bad_character",
            HostFault::NotAnAddress => "not_an_address",
            HostFault::NotAnIpv6Address => "not_an_ipv6_address",
            HostFault::BadLabel => "bad_label",
            HostFault::TooLong => "too_long",
            HostFault::BadPort => "bad_port",
            HostFault::PortNotAllowed => "port_not_allowed",
            HostFault::BadPrefix => "bad_prefix",
            HostFault::NotAPeer => "not_a_peer",
            HostFault::TooMany => "too_many",
        }
    }
}

impl Host {
    /// Reads a host: `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]` or `pbx.example`.
    ///
    /// # Errors
    /// A text that is neither an address nor a host name.
    pub fn parse(text: &str) -> Result<Host, HostFault> {
        if text.is_empty() {
            return Err(HostFault::Missing);
        }
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(HostFault::NotAnIpv6Address)?;
            return ipv6(inner);
        }
        if text.contains(':') {
            return ipv6(text);
        }
        if text.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return text.parse().map(Host::Ip).map_err(|_| HostFault::NotAnAddress);
        }
        name(text)
    }

    /// The host without brackets, as a resolver wants it.
    #[must_use]
    pub fn bare(&self) -> String {
        match self {
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) => name.clone(),
        }
    }

    /// Whether a peer can be called there: every name, and every unicast address.
    #[must_use]
    pub fn is_peer(&self) -> bool {
        match self {
            Host::Ip(IpAddr::V4(ip)) => !ip.is_unspecified() && !ip.is_broadcast() && !ip.is_multicast(),
            Host::Ip(IpAddr::V6(ip)) => !ip.is_unspecified() && !ip.is_multicast(),
            Host::Name(_) => true,
        }
    }
}

impl fmt::Display for Host {
    /// As it stands in a URI: IPv6 in brackets (RFC 3261 §25.1 `IPv6reference`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Host::Ip(ip @ IpAddr::V4(_)) => ip.fmt(f),
            Host::Name(name) => f.write_str(name),
        }
    }
}

/// A host and, if given, a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The host.
    pub host: Host,
    /// The port, when one was typed.
    pub port: Option<u16>,
}

impl HostPort {
    /// Reads `host[:port]`; an IPv6 address with a port needs brackets.
    ///
    /// # Errors
    /// A bad host or a bad port.
    pub fn parse(text: &str) -> Result<HostPort, HostFault> {
        let (host, port) = match text.rsplit_once(':') {
            // More than one colon outside brackets: a bare IPv6 address.
            Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port)),
            Some(_) | None => (text, None),
        };
        let host = Host::parse(host)?;
        let port = port.map(port_number).transpose()?;
        Ok(HostPort { host, port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => self.host.fmt(f),
        }
    }
}

fn port_number(text: &str) -> Result<u16, HostFault> {
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port > 0 => Ok(port),
        Ok(_) | Err(_) => Err(HostFault::BadPort),
    }
}

fn ipv6(text: &str) -> Result<Host, HostFault> {
    let ip: Ipv6Addr = text.parse().map_err(|_| HostFault::NotAnIpv6Address)?;
    Ok(Host::Ip(IpAddr::V6(ip).to_canonical()))
}

fn name(text: &str) -> Result<Host, HostFault> {
    let text = text.strip_suffix('.').unwrap_or(text);
    // Underscores are no host-name characters (RFC 952), but local networks have them.
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
        return Err(HostFault::BadCharacter);
    }
    if text.len() > MAX_NAME_CHARS || text.split('.').any(|label| label.len() > MAX_LABEL_CHARS) {
        return Err(HostFault::TooLong);
    }
    if text.split('.').any(|label| label.is_empty() || label.starts_with('-') || label.ends_with('-')) {
        return Err(HostFault::BadLabel);
    }
    // The last label of a domain begins with a letter (RFC 3261 §25.1 `toplabel`); `10.0.0.1-9` and `pbx.123` are mistyped
    // addresses. A single label such as `3cx` may begin with a digit.
    if text.rsplit_once('.').is_some_and(|(_, last)| last.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(HostFault::NotAnAddress);
    }
    Ok(Host::Name(text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, HostFault> {
        HostPort::parse(text).map(|host| host.to_string())
    }

    #[test]
    fn hosts_are_read_as_people_type_them() {
        for (typed, read) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:5080", "192.0.2.1:5080"),
            ("PBX.Example.", "pbx.example"),
            ("pbx:5061", "pbx:5061"),
            ("2001:DB8::1", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("[2001:db8::1]:5060", "[2001:db8::1]:5060"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("my_pbx.local", "my_pbx.local"),
            ("1and1.example", "1and1.example"),
            ("3cx", "3cx"),
        ] {
            assert_eq!(shown(typed).as_deref(), Ok(read), "{typed}");
        }
    }

    #[test]
    fn each_mistake_in_a_host_has_its_own_name() {
        let long_label = "a".repeat(64);
        let long_name = "abc.".repeat(80) + "example";
        for (typed, fault) in [
            ("", HostFault::Missing),
            (":5060", HostFault::Missing),
            ("300.1.1.1", HostFault::NotAnAddress),
            ("10.0.0", HostFault::NotAnAddress),
            ("010.0.0.1", HostFault::NotAnAddress),
            ("pbx.123", HostFault::NotAnAddress),
            ("10.0.0.1-9", HostFault::NotAnAddress),
            ("[2001:db8::1", HostFault::NotAnIpv6Address),
            ("2001:db8:::1", HostFault::NotAnIpv6Address),
            ("a:b:c", HostFault::NotAnIpv6Address),
            ("pbx..example", HostFault::BadLabel),
            ("-pbx.example", HostFault::BadLabel),
            (".", HostFault::NotAnAddress),
            ("a.-", HostFault::BadLabel),
            ("pbx example", HostFault::BadCharacter),
            ("*", HostFault::BadCharacter),
            ("pbx.exämple", HostFault::BadCharacter),
            (long_label.as_str(), HostFault::TooLong),
            (long_name.as_str(), HostFault::TooLong),
            ("pbx:0", HostFault::BadPort),
            ("pbx:", HostFault::BadPort),
            ("pbx:+5060", HostFault::BadPort),
            ("pbx:65536", HostFault::BadPort),
        ] {
            assert_eq!(shown(typed), Err(fault), "{typed}");
        }
    }
}
