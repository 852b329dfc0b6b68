use std::collections::BTreeMap;

use super::*;

/// What a world's DNS knows, and what it was asked.
#[derive(Default)]
struct Dns {
    answers: BTreeMap<Question, Vec<Record>>,
    asked: Vec<Question>,
}

impl Dns {
    fn knows(mut self, question: Question, records: Vec<Record>) -> Self {
        self.answers.insert(question, records);
        self
    }

    fn hops(&mut self, place: &Place) -> Option<Vec<String>> {
        let hops = hops(place, &mut |question| {
            self.asked.push(question.clone());
            self.answers.get(&question).cloned()
        });
        hops.map(|hops| hops.iter().map(Hop::to_string).collect())
    }
}

fn place(host: &str, transports: &[Transport]) -> Place {
    Place { host: host.to_owned(), port: None, transports: transports.to_vec() }
}

fn services(name: &str) -> Question {
    Question::Srv(name.to_owned())
}

fn addresses(name: &str) -> Question {
    Question::Addresses(name.to_owned())
}

fn address(ip: &str) -> Record {
    Record::Address(ip.parse().unwrap())
}

fn service(priority: u16, weight: u16, port: u16, host: &str) -> Record {
    Record::Srv(Srv { priority, weight, port, host: host.to_owned() })
}

fn pointer(order: u16, service: &str, replacement: &str) -> Record {
    let pointer = Pointer { order, preference: 0, flags: "s".to_owned(), service: service.to_owned(), replacement: replacement.to_owned() };
    Record::Pointer(pointer)
}

#[test]
fn an_address_needs_no_dns() {
    let mut dns = Dns::default();
    assert_eq!(dns.hops(&place("192.0.2.1", &[Transport::Udp])), Some(vec!["192.0.2.1:5060".to_owned()]));
    assert_eq!(dns.hops(&place("2001:db8::1", &[Transport::Tls])), Some(vec!["[2001:db8::1]:5061 (TLS)".to_owned()]));
    assert!(dns.asked.is_empty());
}

#[test]
fn a_name_with_a_port_is_a_host_and_no_domain() {
    let mut dns = Dns::default().knows(addresses("pbx.example"), vec![address("192.0.2.1"), address("192.0.2.2")]);
    let typed = Place { port: Some(5070), ..place("pbx.example", &[Transport::Tcp]) };
    assert_eq!(dns.hops(&typed), Some(vec!["192.0.2.1:5070 (TCP)".to_owned(), "192.0.2.2:5070 (TCP)".to_owned()]));
    assert_eq!(dns.asked, [addresses("pbx.example")]);
}

#[test]
fn names_of_the_house_are_not_asked_for_services() {
    for name in ["pbx", "fritz.LOCAL"] {
        let mut dns = Dns::default().knows(addresses(name), vec![address("192.0.2.1")]);
        assert_eq!(dns.hops(&place(name, &[Transport::Udp])), Some(vec!["192.0.2.1:5060".to_owned()]));
        assert_eq!(dns.asked, [addresses(name)]);
    }
}

#[test]
fn servers_are_tried_in_their_order_with_their_ports() {
    let mut dns = Dns::default()
        .knows(addresses("voip.example"), vec![address("192.0.2.9")])
        .knows(services("_sip._udp.voip.example"), vec![service(10, 0, 5060, "a.example"), service(20, 0, 5080, "b.example")])
        .knows(addresses("a.example"), vec![address("192.0.2.1")])
        .knows(addresses("b.example"), vec![address("192.0.2.2")]);
    let voip = place("voip.example", &[Transport::Udp]);
    assert_eq!(dns.hops(&voip), Some(vec!["192.0.2.1:5060".to_owned(), "192.0.2.2:5080".to_owned()]));
}

#[test]
fn everything_that_is_missing_is_asked_at_once() {
    let mut dns = Dns::default();
    assert_eq!(dns.hops(&place("voip.example", &[Transport::Udp])), None);
    assert_eq!(dns.asked, [addresses("voip.example"), services("_sip._udp.voip.example")]);
    let servers = vec![service(10, 0, 5060, "a.example"), service(20, 0, 5080, "b.example")];
    let mut dns = Dns::default().knows(services("_sip._udp.voip.example"), servers);
    assert_eq!(dns.hops(&place("voip.example", &[Transport::Udp])), None);
    assert!(dns.asked.ends_with(&[addresses("a.example"), addresses("b.example")]));
}

#[test]
fn a_domain_without_services_is_a_host() {
    let mut dns =
        Dns::default().knows(addresses("pbx.example"), vec![address("192.0.2.1")]).knows(services("_sips._tcp.pbx.example"), Vec::new());
    assert_eq!(dns.hops(&place("pbx.example", &[Transport::Tls])), Some(vec!["192.0.2.1:5061 (TLS)".to_owned()]));
}

#[test]
fn a_service_that_is_decidedly_not_there_leads_nowhere() {
    let mut dns = Dns::default()
        .knows(addresses("pbx.example"), vec![address("192.0.2.1")])
        .knows(services("_sip._udp.pbx.example"), vec![service(0, 0, 0, "")]);
    assert_eq!(dns.hops(&place("pbx.example", &[Transport::Udp])), Some(Vec::new()));
}

#[test]
fn a_domain_says_what_it_wants_spoken_as_far_as_it_is_allowed() {
    let dns = || {
        Dns::default()
            .knows(addresses("voip.example"), Vec::new())
            .knows(services("_sips._tcp.voip.example"), vec![service(0, 0, 5061, "a.example")])
            .knows(services("_sip._tcp.voip.example"), Vec::new())
            .knows(services("_sip._udp.voip.example"), vec![service(0, 0, 5060, "a.example")])
            .knows(services("other.example"), vec![service(0, 0, 5090, "a.example")])
            .knows(addresses("a.example"), vec![address("192.0.2.1")])
    };
    let pointers = Question::Pointers("voip.example".to_owned());
    let wanted =
        vec![pointer(1, "SIP+D2S", "sctp.example"), pointer(2, "SIP+D2T", "other.example"), pointer(3, "SIP+D2U", "other.example")];
    let all = [Transport::Tls, Transport::Tcp, Transport::Udp];
    let found = dns().knows(pointers.clone(), wanted.clone()).hops(&place("voip.example", &all));
    assert_eq!(found, Some(vec!["192.0.2.1:5090 (TCP)".to_owned(), "192.0.2.1:5090".to_owned()]));
    let found = dns().knows(pointers.clone(), wanted).hops(&place("voip.example", &[Transport::Tls, Transport::Udp]));
    assert_eq!(found, Some(vec!["192.0.2.1:5090".to_owned()]));
    // A domain that points nowhere is asked for each service, in our own order (§4.1).
    let found = dns().knows(pointers, Vec::new()).hops(&place("voip.example", &all));
    assert_eq!(found, Some(vec!["192.0.2.1:5061 (TLS)".to_owned(), "192.0.2.1:5060".to_owned()]));
}

#[test]
fn servers_of_the_same_priority_are_drawn_by_weight() {
    let listed = vec![service(2, 9, 1, "spare"), service(1, 75, 1, "big"), service(1, 25, 1, "small"), service(1, 0, 1, "last")];
    let mut first = BTreeMap::new();
    for seed in 0..2000 {
        let order = in_order(listed.clone(), &[], &mut Rng::from_seed(seed));
        assert_eq!(order.len(), 4);
        assert_eq!(order.last(), listed.first(), "priority goes before weight");
        let Some(Record::Srv(server)) = order.into_iter().next() else { panic!("no server") };
        *first.entry(server.host).or_insert(0) += 1;
    }
    assert!((1400..1600).contains(&first["big"]), "{first:?}");
    assert!((400..600).contains(&first["small"]), "{first:?}");
    assert!(first.get("last").is_none_or(|count| *count < 60), "{first:?}");
}

#[test]
fn an_order_that_was_drawn_stays_as_long_as_the_same_are_listed() {
    let listed: Vec<Record> = (1..=6).map(|n| service(1, 10, n, "a")).collect();
    let drawn = in_order(listed.clone(), &[], &mut Rng::from_seed(1));
    assert_ne!(drawn, listed);
    let turned: Vec<Record> = listed.iter().rev().chain(&listed).cloned().collect();
    assert_eq!(in_order(turned, &drawn, &mut Rng::from_seed(2)), drawn);
    assert_eq!(in_order(listed[1..].to_vec(), &drawn, &mut Rng::from_seed(3)).len(), 5);
}

#[test]
fn addresses_that_turn_round_keep_their_place() {
    let [a, b, c] = [address("192.0.2.1"), address("192.0.2.2"), address("192.0.2.3")];
    let order = |listed: &[Record], before: &[Record]| in_order(listed.to_vec(), before, &mut Rng::from_seed(1));
    assert_eq!(order(&[b.clone(), a.clone()], &[]), [b.clone(), a.clone()], "a resolver's order is its advice");
    assert_eq!(order(&[b.clone(), a.clone()], &[a.clone(), b.clone()]), [a.clone(), b.clone()]);
    assert_eq!(order(&[c.clone(), b.clone()], &[a, b.clone()]), [b, c]);
}
