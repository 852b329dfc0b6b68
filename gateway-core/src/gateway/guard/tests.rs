//! Floods in virtual time.

use proptest::prelude::*;

use super::*;

const PEER_IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const STRANGER_IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

fn stranger(n: u32) -> IpAddr {
    IpAddr::V4((0x0a00_0000 + n).into())
}

fn admitted(guard: &mut Guard, ip: IpAddr, standing: Standing, count: u32, now: Moment) -> u32 {
    (0..count).map(|_| u32::from(guard.enter(ip, standing, false, now) == Entry::Admitted)).sum()
}

#[test]
fn a_burst_is_heard_then_the_steady_rate_and_a_peer_is_heard_far_more() {
    let mut guard = Guard::new(Moment::ZERO);
    assert_eq!(admitted(&mut guard, STRANGER_IP, Standing::Stranger, 150, Moment::ZERO), 100);
    assert_eq!(admitted(&mut guard, STRANGER_IP, Standing::Stranger, 50, Moment::from_secs(1)), 20);
    assert_eq!(admitted(&mut guard, PEER_IP, Standing::Peer, 1500, Moment::ZERO), 1000);
    assert_eq!(admitted(&mut guard, PEER_IP, Standing::Peer, 1500, Moment::from_secs(1)), 500);
}

#[test]
fn the_addresses_of_an_ipv6_network_share_one_bucket_but_a_peer_among_them_has_its_own() {
    let mut guard = Guard::new(Moment::ZERO);
    let of = |n: u16| IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, n, n, n, n));
    let heard: u32 = (0..500).map(|n| admitted(&mut guard, of(n), Standing::Stranger, 1, Moment::ZERO)).sum();
    assert_eq!(heard, 100);
    assert_eq!(admitted(&mut guard, of(7), Standing::Peer, 10, Moment::ZERO), 10);
}

#[test]
fn ten_thousand_sources_take_nothing_from_a_peer_and_the_tables_stay_small() {
    let mut guard = Guard::new(Moment::ZERO);
    let (mut heard, mut peer) = (0, 0);
    // Ten seconds of a flood of 10 000 messages a second, each from another of 10 000 sources; the peer sends 100 a second.
    for n in 0..100_000_u32 {
        let now = Moment::from_nanos(u64::from(n) * 100_000);
        heard += admitted(&mut guard, stranger(n % 10_000), Standing::Stranger, 1, now);
        if n % 100 == 0 {
            peer += admitted(&mut guard, PEER_IP, Standing::Peer, 1, now);
        }
    }
    assert_eq!(peer, 1000);
    assert!((3500..=3600).contains(&heard), "600 at once and 300 a second: {heard}");
    assert!(guard.strangers.len() <= MOST_ROWS && guard.peers.len() <= MOST_ROWS);
    assert!(guard.conduct.bans(Moment::from_secs(10)).is_empty(), "a forged address that sends little is not banned");
    let view = guard.view(|_| Standing::Stranger, Moment::from_secs(10));
    assert_eq!(view.dropped, u64::from(100_000 - heard));
    assert_eq!(view.crowded, view.dropped);
}

#[test]
fn one_flood_leaves_other_strangers_their_share_and_is_banned() {
    let mut guard = Guard::new(Moment::ZERO);
    let mut bans = Vec::new();
    let mut newcomer = 0;
    for n in 0..10_000_u64 {
        let now = Moment::from_millis(n);
        if let Entry::Flood(ban) = guard.enter(STRANGER_IP, Standing::Stranger, false, now) {
            bans.push(ban);
        }
        if n % 100 == 0 {
            newcomer += admitted(&mut guard, stranger(1), Standing::Stranger, 1, now);
        }
    }
    assert_eq!(newcomer, 100);
    assert_eq!(bans.iter().map(|ban| (ban.reason, ban.times)).collect::<Vec<_>>(), [(Offence::Flood, 1)]);
    assert!(bans[0].since < Moment::from_millis(400), "{bans:?}");
    let view = guard.view(|_| Standing::Stranger, Moment::from_secs(10));
    assert_eq!((view.bans.len(), view.bans[0].effect, view.sources[0].source.as_str()), (1, BanEffect::Silenced, "203.0.113.7"));
    assert!(view.sources[0].dropped > 9_500);
}

#[test]
fn a_flood_that_goes_on_is_banned_again_for_longer() {
    let mut guard = Guard::new(Moment::ZERO);
    let mut times = 0;
    for n in 0..1000 * 300_u64 {
        if let Entry::Flood(ban) = guard.enter(STRANGER_IP, Standing::Stranger, false, Moment::from_millis(n)) {
            times = ban.times;
        }
    }
    assert_eq!(times, 3, "one minute, two, four");
}

#[test]
fn a_peer_that_misbehaves_is_slowed_and_never_silent_and_its_flood_is_no_ban() {
    let mut guard = Guard::new(Moment::ZERO);
    assert_eq!(admitted(&mut guard, PEER_IP, Standing::Peer, 5000, Moment::ZERO), 1000);
    assert_eq!(guard.conduct.ban_of(PEER_IP, Moment::ZERO), None);
    guard.conduct.offend(PEER_IP, Offence::Scanner, true, Moment::from_secs(60)).unwrap();
    let heard: Vec<_> = (60..70).map(|s| admitted(&mut guard, PEER_IP, Standing::Peer, 100, Moment::from_secs(s))).collect();
    assert_eq!(heard, [20, 5, 5, 5, 5, 5, 5, 5, 5, 5]);
    assert_eq!(guard.view(|_| Standing::Peer, Moment::from_secs(61)).bans[0].effect, BanEffect::Slowed);
    let (mut guard, other) = (Guard::new(Moment::ZERO), stranger(1));
    guard.conduct.offend(other, Offence::Scanner, false, Moment::ZERO).unwrap();
    assert_eq!(admitted(&mut guard, other, Standing::Peer, 100, Moment::ZERO), 100, "whoever forges its address does not slow it");
    assert!(guard.view(|_| Standing::Peer, Moment::ZERO).bans.is_empty());
}

#[test]
fn what_a_source_was_found_to_be_is_believed_for_a_second() {
    let mut guard = Guard::new(Moment::ZERO);
    assert_eq!(guard.standing_of(PEER_IP, Moment::ZERO), None);
    guard.enter(PEER_IP, Standing::Stranger, false, Moment::ZERO);
    guard.enter(PEER_IP, Standing::Stranger, false, Moment::from_millis(900));
    assert_eq!(guard.standing_of(PEER_IP, Moment::from_millis(999)), Some(Standing::Stranger));
    assert_eq!(guard.standing_of(PEER_IP, Moment::from_millis(1000)), None);
    guard.enter(PEER_IP, Standing::Peer, false, Moment::from_millis(1000));
    assert_eq!(guard.standing_of(PEER_IP, Moment::from_millis(1001)), Some(Standing::Peer));
}

proptest! {
    /// Whatever strangers send, and whenever: a peer within its rate is always heard, no stranger is heard beyond its own share nor
    /// all of them beyond theirs, and nothing grows without a bound.
    #[test]
    fn strangers_never_get_more_than_their_share(steps in proptest::collection::vec((0_u32..10_000, 1_u32..400, 0_u64..200), 1..200)) {
        let mut guard = Guard::new(Moment::ZERO);
        let mut now = Moment::ZERO;
        let mut heard: BTreeMap<u32, u32> = BTreeMap::new();
        for (n, count, pause_ms) in steps {
            now = now + Duration::from_millis(pause_ms);
            *heard.entry(n).or_default() += admitted(&mut guard, stranger(n), Standing::Stranger, count, now);
            prop_assert_eq!(guard.enter(PEER_IP, Standing::Peer, false, now), Entry::Admitted);
        }
        let seconds = now.as_millis().div_ceil(1000);
        prop_assert!(heard.values().all(|heard| u64::from(*heard) <= 100 + 20 * seconds));
        prop_assert!(u64::from(heard.values().sum::<u32>()) <= 600 + 300 * seconds);
        prop_assert!(guard.strangers.len() <= MOST_ROWS);
    }
}
