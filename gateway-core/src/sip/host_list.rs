//! "Only from host": which sources may use a port. Addresses, blocks and names in one line of text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// The most entries one list may hold.
pub const MAX_ENTRIES: usize = 64;

/// A list of hosts. Blank admits everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostList {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// An address block; one address is a block of full length.
    Block { network: IpAddr, prefix: u8 },
    /// A host name in lower case, to be resolved outside.
    Name(String),
}

/// What is wrong with one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostProblemKind {
    /// Neither an address nor a possible host name.
    NotAHost,
    /// The number after the slash is none, or longer than the address.
    PrefixLength,
    /// A port was given; the rule is for every port.
    PortGiven,
    /// More than [`MAX_ENTRIES`] entries.
    TooMany,
}

/// One wrong entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostProblem {
    /// The entry as it was written.
    pub entry: String,
    /// What is wrong with it.
    pub kind: HostProblemKind,
}

impl HostList {
    /// Reads entries separated by commas, semicolons or white space.
    ///
    /// # Errors
    /// Every wrong entry, in order.
    pub fn parse(text: &str) -> Result<Self, Vec<HostProblem>> {
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        for word in text.split([',', ';', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
            if entries.len() + problems.len() >= MAX_ENTRIES {
                problems.push(HostProblem { entry: word.to_owned(), kind: HostProblemKind::TooMany });
                break;
            }
            match Entry::parse(word) {
                Ok(entry) => entries.push(entry),
                Err(kind) => problems.push(HostProblem { entry: word.to_owned(), kind }),
            }
        }
        if problems.is_empty() { Ok(HostList { entries }) } else { Err(problems) }
    }

    /// Whether the list is blank and so admits everyone.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.entries.is_empty()
    }

    /// The host names in the list, to be resolved and kept fresh outside.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Name(name) => Some(name.as_str()),
            Entry::Block { .. } => None,
        })
    }

    /// Whether `source` may come in. `resolved` tells the addresses a name stands for at this time; an unresolved name
    /// admits nobody.
    #[must_use]
    pub fn admits(&self, source: IpAddr, resolved: &dyn Fn(&str) -> Vec<IpAddr>) -> bool {
        let source = source.to_canonical();
        self.is_blank()
            || self.entries.iter().any(|entry| match entry {
                Entry::Block { network, prefix } => masked(source, *prefix) == Some(*network),
                Entry::Name(name) => resolved(name).into_iter().any(|ip| ip.to_canonical() == source),
            })
    }
}

impl Entry {
    fn parse(word: &str) -> Result<Self, HostProblemKind> {
        let (host, prefix) = match word.split_once('/') {
            Some((host, prefix)) => (host, Some(prefix)),
            None => (word, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            let prefix = match prefix {
                Some(digits) => crate::sip::header::grammar::decimal(digits).ok_or(HostProblemKind::PrefixLength)?,
                None => width(address),
            };
            return Self::block(address, prefix).ok_or(HostProblemKind::PrefixLength);
        }
        if prefix.is_some() {
            return Err(HostProblemKind::NotAHost);
        }
        if word.parse::<std::net::SocketAddr>().is_ok() || word.split_once(':').is_some_and(|(name, _)| is_host_name(name)) {
            return Err(HostProblemKind::PortGiven);
        }
        if is_host_name(word) { Ok(Entry::Name(word.to_ascii_lowercase())) } else { Err(HostProblemKind::NotAHost) }
    }

    /// The block of `prefix` bits around `address`. IPv4 in IPv6 clothes is IPv4.
    fn block(address: IpAddr, prefix: u8) -> Option<Self> {
        let plain = address.to_canonical();
        let prefix = prefix.checked_sub(width(address) - width(plain))?;
        Some(Entry::Block { network: masked(plain, prefix)?, prefix })
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// `address` with all but its first `prefix` bits cleared; `None` when it has fewer.
fn masked(address: IpAddr, prefix: u8) -> Option<IpAddr> {
    let spare = u32::from(width(address).checked_sub(prefix)?);
    Some(match address {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & u32::MAX.checked_shl(spare).unwrap_or(0)).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & u128::MAX.checked_shl(spare).unwrap_or(0)).into(),
    })
}

/// Whether `text` can be a host name (RFC 1123 §2.1): the last label is no number, or it would be a mistyped address.
fn is_host_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numeric_end = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    (1..=253).contains(&name.len()) && name.split('.').all(label_ok) && !numeric_end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(list: &str, source: &str) -> bool {
        let resolved = |name: &str| match name {
            "pbx.example" => vec!["198.51.100.9".parse().unwrap(), "2001:db8:1::9".parse().unwrap()],
            _ => Vec::new(),
        };
        HostList::parse(list).unwrap().admits(source.parse().unwrap(), &resolved)
    }

    #[test]
    fn addresses_blocks_and_names_admit_exactly_themselves() {
        let list = "10.0.0.1, 192.168.0.77/24; PBX.example\n2001:db8::/32 gone.example";
        for source in ["10.0.0.1", "192.168.0.0", "192.168.0.255", "198.51.100.9", "2001:db8:ffff::1", "::ffff:10.0.0.1"] {
            assert!(admits(list, source), "{source}");
        }
        for source in ["10.0.0.2", "192.168.1.0", "198.51.100.8", "2001:db9::1", "::1", "::ffff:10.0.0.2", "0.0.0.0"] {
            assert!(!admits(list, source), "{source}");
        }
        assert_eq!(HostList::parse(list).unwrap().names().collect::<Vec<_>>(), ["pbx.example", "gone.example"]);
    }

    #[test]
    fn blank_admits_anyone_and_slash_zero_only_its_family() {
        assert!(admits(" , ; ", "203.0.113.5") && admits("", "::1"));
        assert!(admits("0.0.0.0/0", "203.0.113.5") && !admits("0.0.0.0/0", "2001:db8::1"));
        assert!(admits("::ffff:10.1.0.0/112", "10.1.2.3") && !admits("::ffff:10.1.0.0/112", "10.2.2.3"));
    }

    #[test]
    fn every_wrong_entry_is_reported_as_it_was_written() {
        use HostProblemKind::*;
        let text = "10.0.0.256, 10.0.0.0/33, ok.example, 10.0.0.1:5060, pbx.example:5060, a_b-.x, ::1/129, pbx/24, 10.0.0.0/+8, [::1]:5060, -x, 10.0.0";
        let problems = HostList::parse(text).unwrap_err();
        let seen: Vec<_> = problems.iter().map(|problem| (problem.entry.as_str(), problem.kind)).collect();
        assert_eq!(
            seen,
            [
                ("10.0.0.256", NotAHost),
                ("10.0.0.0/33", PrefixLength),
                ("10.0.0.1:5060", PortGiven),
                ("pbx.example:5060", PortGiven),
                ("a_b-.x", NotAHost),
                ("::1/129", PrefixLength),
                ("pbx/24", NotAHost),
                ("10.0.0.0/+8", PrefixLength),
                ("[::1]:5060", PortGiven),
                ("-x", NotAHost),
                ("10.0.0", NotAHost),
            ]
        );
        let many = "h.example ".repeat(MAX_ENTRIES + 5);
        assert_eq!(HostList::parse(&many).unwrap_err()[0].kind, TooMany);
    }
}
