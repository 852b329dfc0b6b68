//! Where the servers of a domain are (RFC 3263 §4): from what DNS says to hops, in the order in which they are tried.
//!
//! Pure: whoever asks has a table of answers, and is asked for those that are missing.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::hop::{Hop, Transport};
use crate::rng::Rng;

/// Hops of one place that are tried; what a domain lists beyond them is left alone.
const MOST_HOPS: usize = 8;

/// What DNS is asked. Names are without the final dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Which services a domain has, and over what (NAPTR, RFC 3403).
    Pointers(String),
    /// Which servers a service has (SRV, RFC 2782).
    Srv(String),
    /// Which addresses a host has (A, AAAA).
    Addresses(String),
}

impl Question {
    /// The name that is asked about.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Question::Pointers(name) | Question::Srv(name) | Question::Addresses(name) => name,
        }
    }
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// A, AAAA.
    Address(IpAddr),
    /// SRV.
    Srv(Srv),
    /// NAPTR.
    Pointer(Pointer),
}

/// A server of a service (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Srv {
    /// The lowest is tried first.
    pub priority: u16,
    /// Share of the clients, among those of the same priority.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its host, without the final dot; blank: the service is decidedly not there.
    pub host: String,
}

/// A service of a domain (RFC 3403, RFC 3263 §4.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pointer {
    /// The lowest is wanted most.
    pub order: u16,
    /// The lowest is wanted most, among those of the same order.
    pub preference: u16,
    /// What kind of name `replacement` is; `s`: one of a service.
    pub flags: String,
    /// The service: `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`.
    pub service: String,
    /// The name to ask about, without the final dot.
    pub replacement: String,
}

impl Pointer {
    /// What the service is spoken over; `None`: it is none of ours.
    fn transport(&self) -> Option<Transport> {
        let ours = [("SIP+D2U", Transport::Udp), ("SIP+D2T", Transport::Tcp), ("SIPS+D2T", Transport::Tls)];
        let found = ours.into_iter().find(|(service, _)| self.service.eq_ignore_ascii_case(service));
        found.filter(|_| self.flags.eq_ignore_ascii_case("s")).map(|(_, transport)| transport)
    }
}

/// What has to be found: a host as somebody typed it, and what may be spoken with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A name, or an address without brackets.
    pub host: String,
    /// A typed port. With one the host is a host and no domain with services (RFC 3263 §4.2).
    pub port: Option<u16>,
    /// What may be spoken, the most wanted first; where there is one alone, the domain is not asked what it wants.
    pub transports: Vec<Transport>,
}

impl Place {
    /// A host that is only asked for its addresses.
    #[must_use]
    pub fn of_host(host: &str) -> Place {
        let transport = Transport::Udp;
        Place { host: host.to_owned(), port: Some(transport.default_port()), transports: vec![transport] }
    }

    /// The address, where it is written out.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// What is spoken where DNS does not say: the one allowed transport, else UDP (RFC 3263 §4.1).
    fn usual_transport(&self) -> Transport {
        match self.transports.as_slice() {
            [only] => *only,
            _ => Transport::Udp,
        }
    }

    /// Whether it can have records of services: a typed port says that it is a host, and names of one label or under `local` live
    /// in no DNS (RFC 6762 §3).
    fn may_have_services(&self) -> bool {
        self.port.is_none() && self.host.rsplit_once('.').is_some_and(|(_, last)| !last.eq_ignore_ascii_case("local"))
    }
}

/// The hops of a place in the order in which they are tried; `None`: an answer is missing, and `known` was asked for everything
/// that is. Empty: there is none.
pub fn hops(place: &Place, known: &mut dyn FnMut(Question) -> Option<Vec<Record>>) -> Option<Vec<Hop>> {
    let usual = place.usual_transport();
    let port = place.port.unwrap_or(usual.default_port());
    if let Some(ip) = place.ip() {
        return Some(vec![Hop::new(usual, SocketAddr::new(ip, port))]);
    }
    // All questions go out at once: whoever has no services is found as fast as ever.
    let addresses = known(Question::Addresses(place.host.clone()));
    let services = if place.may_have_services() { services(place, known)? } else { Vec::new() };
    if services.is_empty() {
        return addresses.map(|records| at(records, usual, port));
    }
    let servers = services.into_iter().filter(|(_, srv)| !srv.host.is_empty()).take(MOST_HOPS);
    let found: Vec<Option<Vec<Hop>>> = servers
        .map(|(transport, srv)| {
            let records = known(Question::Addresses(srv.host))?;
            Some(at(records, transport, srv.port))
        })
        .collect();
    let found: Option<Vec<Vec<Hop>>> = found.into_iter().collect();
    found.map(|hops| hops.into_iter().flatten().take(MOST_HOPS).collect())
}

fn at(records: Vec<Record>, transport: Transport, port: u16) -> Vec<Hop> {
    let ips = records.into_iter().filter_map(|record| if let Record::Address(ip) = record { Some(ip) } else { None });
    ips.map(|ip| Hop::new(transport, SocketAddr::new(ip, port))).take(MOST_HOPS).collect()
}

/// The servers of a domain and what is spoken with each; none: it has no records of services.
fn services(place: &Place, known: &mut dyn FnMut(Question) -> Option<Vec<Record>>) -> Option<Vec<(Transport, Srv)>> {
    let pointers = if place.transports.len() > 1 { known(Question::Pointers(place.host.clone())) } else { Some(Vec::new()) };
    let usual: Vec<_> = place.transports.iter().map(|transport| (*transport, srv_name(*transport, &place.host))).collect();
    let asked: Vec<_> = usual.into_iter().map(|(transport, name)| (transport, known(Question::Srv(name)))).collect();
    let pointers = pointers?.into_iter().filter_map(|record| if let Record::Pointer(pointer) = record { Some(pointer) } else { None });
    let wanted = pointers.filter_map(|pointer| Some((pointer.transport()?, pointer.replacement)));
    let wanted: Vec<_> = wanted.filter(|(transport, _)| place.transports.contains(transport)).collect();
    let answers = if wanted.is_empty() {
        asked
    } else {
        wanted.into_iter().map(|(transport, name)| (transport, known(Question::Srv(name)))).collect()
    };
    let mut services = Vec::new();
    for (transport, records) in answers {
        for record in records? {
            if let Record::Srv(srv) = record {
                services.push((transport, srv));
            }
        }
    }
    Some(services)
}

/// The name under which a domain lists its servers (RFC 3263 §4.1).
fn srv_name(transport: Transport, domain: &str) -> String {
    match transport {
        Transport::Udp => format!("_sip._udp.{domain}"),
        Transport::Tcp => format!("_sip._tcp.{domain}"),
        Transport::Tls => format!("_sips._tcp.{domain}"),
    }
}

/// Records in the order in which they are used. Servers of the same priority are drawn by weight (RFC 2782), once: as long as the
/// same ones are listed, their order stays, and addresses that were known before stay in front, because resolvers turn them round.
#[must_use]
pub fn in_order(mut records: Vec<Record>, before: &[Record], rng: &mut Rng) -> Vec<Record> {
    let mut seen = BTreeSet::new();
    records.retain(|record| seen.insert(record.clone()));
    let kept: Vec<Record> = before.iter().filter(|record| records.contains(record)).cloned().collect();
    if kept.len() == records.len() {
        return kept;
    }
    if records.iter().all(|record| matches!(record, Record::Address(_))) {
        let new = records.into_iter().filter(|record| !kept.contains(record)).collect();
        return [kept, new].concat();
    }
    // Pointers are wanted as they are ordered; servers too, until weights say otherwise.
    records.sort();
    let mut drawn = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let same = records.iter().take_while(|record| priority(record) == priority(first)).count();
        let index = draw(records.get(..same).unwrap_or_default(), rng);
        drawn.push(records.remove(index));
    }
    drawn
}

fn priority(record: &Record) -> Option<u16> {
    match record {
        Record::Srv(srv) => Some(srv.priority),
        Record::Address(_) | Record::Pointer(_) => None,
    }
}

/// One of several servers of the same priority, by weight; of anything else the first.
fn draw(records: &[Record], rng: &mut Rng) -> usize {
    let weights: Vec<u64> = records.iter().map(|record| if let Record::Srv(srv) = record { srv.weight.into() } else { 0 }).collect();
    let total: u64 = weights.iter().sum();
    if records.len() < 2 || total == 0 {
        return 0;
    }
    let at = rng.below(total + 1);
    let mut sum = 0;
    weights
        .iter()
        .position(|weight| {
            sum += weight;
            sum >= at
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
