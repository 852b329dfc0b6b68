//! "Only from host": the list of hosts that may use a port.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use super::host::{Host, HostFault};

/// Most entries of one list.
pub const MAX_HOSTS: usize = 64;

/// Who may use a port. An empty list admits anyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostList {
    rules: Vec<Rule>,
}

/// An entry that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct BadHost {
    /// The entry, as typed.
    pub entry: String,
    /// What is wrong with it.
    pub fault: HostFault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// All addresses that share the first `prefix` bits.
    Block { network: IpAddr, prefix: u8 },
    /// The addresses of a name.
    Name(String),
}

impl HostList {
    /// Reads IPs, CIDR blocks (RFC 4632, RFC 4291 §2.3) and host names, separated by commas, semicolons or white space.
    /// IPv4-mapped IPv6 addresses and blocks are taken as IPv4. Blank is the list that admits anyone.
    ///
    /// # Errors
    /// Every entry that is none of these, in the order typed.
    pub fn parse(text: &str) -> Result<HostList, Vec<BadHost>> {
        let mut rules = Vec::new();
        let mut bad = Vec::new();
        let entries = text.split(|c: char| c == ',' || c == ';' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        for (count, entry) in entries.enumerate() {
            let rule = if count < MAX_HOSTS { Rule::parse(entry) } else { Err(HostFault::TooMany) };
            match rule {
                Ok(rule) if rules.contains(&rule) => {}
                Ok(rule) => rules.push(rule),
                Err(fault) => bad.push(BadHost { entry: entry.to_owned(), fault }),
            }
            if count >= MAX_HOSTS {
                break;
            }
        }
        if bad.is_empty() { Ok(HostList { rules }) } else { Err(bad) }
    }

    /// True when the list is blank: any host may use the port.
    #[must_use]
    pub fn is_anyone(&self) -> bool {
        self.rules.is_empty()
    }

    /// True when the list admits every IPv4 or every IPv6 host: blank, `0.0.0.0/0` or `::/0`.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_anyone() || self.rules.iter().any(|rule| matches!(rule, Rule::Block { prefix: 0, .. }))
    }

    /// The host names that must be resolved for [`HostList::admits`].
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter_map(|rule| match rule {
            Rule::Name(name) => Some(name.as_str()),
            Rule::Block { .. } => None,
        })
    }

    /// Whether the list names this very host, by its address or by a name that has it: somebody expects it.
    pub fn names_host(&self, source: IpAddr, resolve: &dyn Fn(&str) -> Vec<IpAddr>) -> bool {
        let source = source.to_canonical();
        self.rules.iter().any(|rule| match rule {
            Rule::Block { network, prefix } => *network == source && *prefix == width(source),
            Rule::Name(name) => resolve(name).iter().any(|address| address.to_canonical() == source),
        })
    }

    /// Whether a host may use the port. `resolve` tells the addresses known of a name; none while it is not resolved, and a
    /// name without addresses admits nobody.
    pub fn admits(&self, source: IpAddr, resolve: &dyn Fn(&str) -> Vec<IpAddr>) -> bool {
        let source = source.to_canonical();
        self.is_anyone()
            || self.rules.iter().any(|rule| match rule {
                Rule::Block { network, prefix } => shares_prefix(*network, source, *prefix),
                Rule::Name(name) => resolve(name).iter().any(|address| address.to_canonical() == source),
            })
    }
}

impl fmt::Display for HostList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.rules.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match rule {
                Rule::Block { network, prefix } if *prefix == width(*network) => network.fmt(f)?,
                Rule::Block { network, prefix } => write!(f, "{network}/{prefix}")?,
                Rule::Name(name) => f.write_str(name)?,
            }
        }
        Ok(())
    }
}

impl Rule {
    fn parse(entry: &str) -> Result<Rule, HostFault> {
        let (host, prefix) = match entry.split_once('/') {
            Some((host, prefix)) => (host, Some(prefix)),
            None => (entry, None),
        };
        // A colon in what is no IPv6 address: somebody typed a port.
        if host.matches(':').count() == 1 || host.contains("]:") {
            return Err(HostFault::PortNotAllowed);
        }
        match (Host::parse(host)?, prefix) {
            (Host::Name(_), Some(_)) => Err(HostFault::BadPrefix),
            (Host::Name(name), None) => Ok(Rule::Name(name)),
            (Host::Ip(ip), None) if !Host::Ip(ip).is_peer() => Err(HostFault::NotAPeer),
            (Host::Ip(ip), None) => Ok(Rule::Block { network: ip, prefix: width(ip) }),
            (Host::Ip(ip), Some(prefix)) => Rule::block(ip, prefix, host.contains(':')),
        }
    }

    fn block(ip: IpAddr, prefix: &str, typed_as_ipv6: bool) -> Result<Rule, HostFault> {
        if prefix.is_empty() || !prefix.chars().all(|c| c.is_ascii_digit()) {
            return Err(HostFault::BadPrefix);
        }
        let typed: u8 = prefix.parse().map_err(|_| HostFault::BadPrefix)?;
        // `::ffff:192.0.2.0/120` is 192.0.2.0/24: the first 96 bits are the mapping.
        let prefix = if ip.is_ipv4() && typed_as_ipv6 { typed.checked_sub(96).ok_or(HostFault::BadPrefix)? } else { typed };
        if prefix > width(ip) {
            return Err(HostFault::BadPrefix);
        }
        Ok(Rule::Block { network: masked(ip, prefix), prefix })
    }
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// The address with all bits after the prefix cleared.
fn masked(ip: IpAddr, prefix: u8) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

/// Same family and same first bits.
fn shares_prefix(network: IpAddr, source: IpAddr, prefix: u8) -> bool {
    network.is_ipv4() == source.is_ipv4() && masked(source, prefix) == network
}

#[cfg(test)]
mod tests;
