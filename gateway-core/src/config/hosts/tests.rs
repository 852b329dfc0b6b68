use super::*;
use crate::rng::Rng;

fn list(text: &str) -> HostList {
    HostList::parse(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn admits(text: &str, source: &str) -> bool {
    list(text).admits(ip(source), &|_| Vec::new())
}

#[test]
fn a_blank_list_admits_anyone() {
    for blank in ["", "  ", ", ;\n"] {
        assert!(list(blank).is_anyone());
        assert!(list(blank).is_open());
        assert!(admits(blank, "192.0.2.9") && admits(blank, "2001:db8::9"));
    }
}

#[test]
fn an_address_admits_itself_alone() {
    assert!(admits("192.0.2.9", "192.0.2.9"));
    assert!(!admits("192.0.2.9", "192.0.2.8"));
    assert!(admits("[2001:db8::9]", "2001:db8::9"));
    assert!(!admits("2001:db8::9", "2001:db8::8"));
}

#[test]
fn a_block_admits_what_shares_its_first_bits() {
    assert!(admits("10.1.0.0/16", "10.1.255.255"));
    assert!(!admits("10.1.0.0/16", "10.2.0.0"));
    assert!(admits("10.1.2.3/8", "10.255.0.1"), "bits after the prefix do not count");
    assert!(admits("2001:db8::/32", "2001:db8:ffff::1"));
    assert!(!admits("2001:db8::/32", "2001:db9::1"));
    assert!(admits("192.0.2.128/25", "192.0.2.128") && !admits("192.0.2.128/25", "192.0.2.127"));
}

#[test]
fn ipv4_mapped_addresses_are_ipv4() {
    assert!(admits("192.0.2.0/24", "::ffff:192.0.2.7"));
    assert!(admits("::ffff:192.0.2.7", "192.0.2.7"));
    assert!(admits("::ffff:192.0.2.0/120", "192.0.2.200"));
    assert!(!admits("::/0", "192.0.2.7"), "a block of one family says nothing about the other");
}

#[test]
fn a_name_admits_the_addresses_it_resolves_to() {
    let hosts = list("PBX.example, 192.0.2.1");
    let addresses = [ip("198.51.100.4"), ip("2001:db8::4")];
    let resolve = |name: &str| if name == "pbx.example" { addresses.to_vec() } else { Vec::new() };
    assert_eq!(hosts.names().collect::<Vec<_>>(), ["pbx.example"]);
    assert!(hosts.admits(ip("198.51.100.4"), &resolve) && hosts.admits(ip("2001:db8::4"), &resolve));
    assert!(!hosts.admits(ip("198.51.100.5"), &resolve));
    assert!(!hosts.admits(ip("198.51.100.4"), &|_| Vec::new()), "not resolved yet: nobody");
}

#[test]
fn commas_semicolons_and_white_space_separate_and_doubles_count_once() {
    let hosts = list(" 192.0.2.1,192.0.2.2;pbx.example\t10.0.0.0/8 \n 192.0.2.1 ");
    assert_eq!(hosts.to_string(), "192.0.2.1, 192.0.2.2, pbx.example, 10.0.0.0/8");
    assert_eq!(list(&hosts.to_string()), hosts);
}

#[test]
fn a_block_of_everything_is_open_but_not_blank() {
    assert!(list("0.0.0.0/0").is_open() && !list("0.0.0.0/0").is_anyone());
    assert!(list("192.0.2.1 ::/0").is_open());
    assert!(!list("0.0.0.0/1").is_open());
}

#[test]
fn every_bad_entry_is_named() {
    let bad =
        HostList::parse("192.0.2.1, 300.0.0.1, 10.0.0.0/33 pbx:5060 [::1]:5060 *.example 0.0.0.0 pbx/24 ::ffff:1.2.3.4/90").unwrap_err();
    let named: Vec<_> = bad.iter().map(|bad| (bad.entry.as_str(), bad.fault)).collect();
    assert_eq!(
        named,
        [
            ("300.0.0.1", HostFault::NotAnAddress),
            ("10.0.0.0/33", HostFault::BadPrefix),
            ("pbx:5060", HostFault::PortNotAllowed),
            ("[::1]:5060", HostFault::PortNotAllowed),
            ("*.example", HostFault::BadCharacter),
            ("0.0.0.0", HostFault::NotAPeer),
            ("pbx/24", HostFault::BadPrefix),
            ("::ffff:1.2.3.4/90", HostFault::BadPrefix),
        ]
    );
}

#[test]
fn a_list_has_a_bound() {
    let many: Vec<String> = (0..=MAX_HOSTS).map(|i| format!("192.0.2.{i}")).collect();
    assert!(HostList::parse(&many[..MAX_HOSTS].join(",")).is_ok());
    let bad = HostList::parse(&(many.join(",") + &",192.0.2.1".repeat(1000))).unwrap_err();
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].fault, HostFault::TooMany);
}

#[test]
fn no_input_makes_the_list_panic_and_what_it_reads_it_reads_again() {
    let mut rng = Rng::from_seed(0x4057);
    let parts = ["10.0.0.", "::", "ffff:", "/", "[", "]", "pbx", ".", ",", " ", "255", "é", ":", "-", "0", "128", "/24", "_"];
    for _ in 0..20_000 {
        let text: String = (0..rng.below(8)).map(|_| parts[usize::try_from(rng.below(18)).unwrap()]).collect();
        if let Ok(hosts) = HostList::parse(&text) {
            assert_eq!(HostList::parse(&hosts.to_string()).as_ref(), Ok(&hosts), "{text}");
            let _ = hosts.admits(IpAddr::V4(rng.next_u32().into()), &|_| Vec::new());
        }
    }
}
