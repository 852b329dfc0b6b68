//! DNS: asked beside the brain, a bounded number of questions at a time, each for a bounded time.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver as Dns, TokioResolver};
use tokio::sync::{Semaphore, mpsc};

use crate::config::host::{Host, HostPort};
use crate::gateway::io::Event;
use crate::gateway::names::Answer;
use crate::sip::locate::{Pointer, Question, Record, Srv};

/// Questions that may be under way at the same time; a further one is answered at once as "nothing there".
const AT_ONCE: usize = 32;

/// The longest a question may take.
const LONGEST: Duration = Duration::from_secs(5);

/// How long one DNS server is waited for before it, or the next one, is asked again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Records that are passed on of one answer.
const RECORDS: usize = 16;

/// The port of DNS (RFC 1035 §4.2).
const DNS_PORT: u16 = 53;

/// Asks DNS for the brain.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    slots: Arc<Semaphore>,
    brain: mpsc::Sender<Event>,
}

impl Resolver {
    pub(crate) fn new(brain: mpsc::Sender<Event>) -> Self {
        Resolver { slots: Arc::new(Semaphore::new(AT_ONCE)), brain }
    }

    /// Asks, at the server of the settings (`address[:port]`) or as this computer is set up, and tells the brain; the answer always
    /// comes, with no records when there are none.
    pub(crate) fn resolve(&self, question: Question, server: &str) {
        let (slots, brain, server) = (Arc::clone(&self.slots), self.brain.clone(), server_of(server));
        tokio::spawn(async move {
            let found = match slots.try_acquire() {
                Ok(_slot) => tokio::time::timeout(LONGEST, ask(&question, server)).await.ok().flatten(),
                Err(_) => None,
            };
            let (records, ttl) = found.unwrap_or_default();
            // The brain is gone only when the gateway stops; then nobody waits for the answer.
            let _ = brain.send(Event::Resolved(Answer { question, records, ttl })).await;
        });
    }
}

fn server_of(setting: &str) -> Option<SocketAddr> {
    match HostPort::parse(setting.trim()).ok()? {
        HostPort { host: Host::Ip(ip), port } => Some(SocketAddr::new(ip, port.unwrap_or(DNS_PORT))),
        HostPort { host: Host::Name(_), .. } => None,
    }
}

/// The records, and for how long they hold where that is known; `None`: nobody answered.
type Found = Option<(Vec<Record>, Option<Duration>)>;

async fn ask(question: &Question, server: Option<SocketAddr>) -> Found {
    match question {
        // The computer knows more names than DNS does: files of hosts, the names of the local network.
        Question::Addresses(host) if server.is_none() => Some((look_up(host).await, None)),
        Question::Addresses(host) => {
            let dns = dns(server).ok()?;
            let addresses = dns.lookup_ip(absolute(host)?).await.ok()?;
            Some(records_of(addresses.as_lookup()))
        }
        Question::Srv(name) => inquire(name, RecordType::SRV, server).await,
        Question::Pointers(name) => inquire(name, RecordType::NAPTR, server).await,
    }
}

async fn inquire(name: &str, record_type: RecordType, server: Option<SocketAddr>) -> Found {
    let dns = dns(server).ok()?;
    let answer = dns.lookup(absolute(name)?, record_type).await.ok()?;
    Some(records_of(&answer))
}

/// Where DNS is asked. It is made anew for each question: a laptop finds other servers in each network, and what they said is
/// remembered by the brain.
fn dns(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        Some(server) => {
            let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
            name_server.connections.iter_mut().for_each(|connection| connection.port = server.port());
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![name_server]);
            Dns::builder_with_config(config, TokioRuntimeProvider::default())
        }
        None => Dns::builder_tokio()?,
    };
    builder.options_mut().timeout = PATIENCE;
    builder.build()
}

/// A name that no search list is tried with.
fn absolute(name: &str) -> Option<Name> {
    let mut name = Name::from_utf8(name).ok()?;
    name.set_fqdn(true);
    Some(name)
}

fn records_of(answer: &Lookup) -> (Vec<Record>, Option<Duration>) {
    let records = answer.answers().iter().filter_map(|record| record_of(&record.data)).take(RECORDS).collect();
    (records, Some(answer.valid_until().saturating_duration_since(Instant::now())))
}

fn record_of(data: &RData) -> Option<Record> {
    let name = |name: &Name| name.to_utf8().trim_end_matches('.').to_owned();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match data {
        RData::A(address) => Some(Record::Address(IpAddr::V4(address.0))),
        RData::AAAA(address) => Some(Record::Address(IpAddr::V6(address.0))),
        RData::SRV(srv) => {
            let (priority, weight, port) = (srv.priority, srv.weight, srv.port);
            Some(Record::Srv(Srv { priority, weight, port, host: name(&srv.target) }))
        }
        RData::NAPTR(pointer) => Some(Record::Pointer(Pointer {
            order: pointer.order,
            preference: pointer.preference,
            flags: text(&pointer.flags),
            service: text(&pointer.services),
            replacement: name(&pointer.replacement),
        })),
        // Aliases on the way, and what nobody asked for.
        _ => None,
    }
}

async fn look_up(host: &str) -> Vec<Record> {
    let Ok(found) = tokio::net::lookup_host((host, 0)).await else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let addresses = found.map(|address| address.ip()).filter(|ip| seen.insert(*ip));
    addresses.map(Record::Address).take(RECORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer_for(question: Question, server: &str) -> Vec<Record> {
        let (brain, mut inbox) = mpsc::channel(1);
        Resolver::new(brain).resolve(question.clone(), server);
        match tokio::time::timeout(Duration::from_secs(10), inbox.recv()).await {
            Ok(Some(Event::Resolved(answer))) if answer.question == question => answer.records,
            other => panic!("no answer: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_gets_its_addresses_and_nonsense_gets_none() {
        let addresses = |host: &str| Question::Addresses(host.to_owned());
        let is_loopback = |record: &Record| matches!(record, Record::Address(ip) if ip.is_loopback());
        assert!(answer_for(addresses("localhost"), "").await.iter().any(is_loopback));
        assert!(answer_for(addresses("no such name.invalid"), "").await.is_empty());
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_answers_nothing_in_time() {
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let server = silent.local_addr().unwrap().to_string();
        let begun = Instant::now();
        assert!(answer_for(Question::Srv("_sip._udp.voip.example".to_owned()), &server).await.is_empty());
        assert!(begun.elapsed() < Duration::from_secs(9));
    }
}
