//! Offences of one source after the other, in virtual time.

use super::*;

const FAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
const NEAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));

fn minutes(ban: Ban) -> u64 {
    (ban.until - ban.since).as_secs() / 60
}

/// Guesses until a ban begins.
fn guess(conduct: &mut Conduct, ip: IpAddr, now: Moment) -> (u32, Ban) {
    (1..).find_map(|tries| conduct.wrong(ip, 3, now).1.map(|ban| (tries, ban))).unwrap()
}

#[test]
fn wrong_tries_are_challenged_then_refused_then_banned_and_the_ban_ends() {
    let mut conduct = Conduct::default();
    let now = Moment::from_secs(1);
    let patience = [0; 3].map(|_| conduct.wrong(FAR, 3, now));
    assert_eq!(patience, [(Patience::TryAgain, None), (Patience::TryAgain, None), (Patience::Refused, None)]);
    let (tries, ban) = guess(&mut conduct, FAR, now);
    assert_eq!((3 + tries, ban.reason, ban.times, minutes(ban)), (12, Offence::WrongSecrets, 1, 5));
    assert_eq!(conduct.ban_of(FAR, now), Some(ban));
    assert_eq!(conduct.ban_of(FAR, ban.until), None);
}

#[test]
fn each_ban_of_a_stranger_is_longer_and_comes_sooner() {
    let mut conduct = Conduct::default();
    let mut now = Moment::ZERO;
    let mut bans = Vec::new();
    for _ in 0..8 {
        let (tries, ban) = guess(&mut conduct, FAR, now);
        bans.push((tries, minutes(ban)));
        now = ban.until;
    }
    assert_eq!(bans, [(12, 5), (3, 20), (3, 80), (3, 320), (3, 1280), (3, 1440), (3, 1440), (3, 1440)]);
}

#[test]
fn bans_fade_with_quiet_time_and_with_right_credentials() {
    let mut conduct = Conduct::default();
    let (_, first) = guess(&mut conduct, FAR, Moment::ZERO);
    let (_, second) = guess(&mut conduct, FAR, first.until);
    assert_eq!(second.times, 2);
    let (_, later) = guess(&mut conduct, FAR, second.until + MERCY);
    assert_eq!(later.times, 2, "one was forgotten");
    let (_, much_later) = guess(&mut conduct, FAR, later.until + MERCY * 2);
    assert_eq!((much_later.times, minutes(much_later)), (1, 5), "all were");

    conduct.right(FAR, much_later.since);
    assert!(conduct.ban_of(FAR, much_later.since).is_some(), "a ban that runs is not talked away");
    conduct.right(FAR, much_later.until);
    assert_eq!(guess(&mut conduct, FAR, much_later.until).1.times, 1);
}

#[test]
fn a_neighbour_is_banned_for_five_minutes_at_most() {
    let mut conduct = Conduct::default();
    let mut now = Moment::ZERO;
    for times in 1..6 {
        let (_, ban) = guess(&mut conduct, NEAR, now);
        assert_eq!((minutes(ban), ban.times), (5, times));
        now = ban.until;
    }
}

#[test]
fn what_may_be_forged_is_banned_for_ten_minutes_at_most() {
    let mut conduct = Conduct::default();
    let mut now = Moment::ZERO;
    let mut lengths = Vec::new();
    for _ in 0..6 {
        let ban = conduct.offend(FAR, Offence::Scanner, false, now).unwrap();
        lengths.push(minutes(ban));
        now = ban.until;
    }
    assert_eq!(lengths, [1, 2, 4, 8, 10, 10]);
    assert_eq!(minutes(Conduct::default().offend(FAR, Offence::Scanner, true, now).unwrap()), 5);
}

#[test]
fn probing_and_nonsense_are_banned_in_a_storm_and_forgotten_when_they_are_rare() {
    for (offence, most) in [(Offence::Probing, MOST_PROBES), (Offence::Malformed, MOST_MALFORMED)] {
        let mut conduct = Conduct::default();
        let storm: Vec<_> = (0..most).map(|_| conduct.offend(FAR, offence, false, Moment::ZERO)).collect();
        assert_eq!(storm.iter().position(Option::is_some), Some(storm.len() - 1));
        let mut rare = Conduct::default();
        assert!((0..10_000).all(|n| rare.offend(FAR, offence, false, Moment::from_secs(n * 15)).is_none()), "{offence:?}");
    }
}

#[test]
fn right_credentials_forgive_tries_and_probes() {
    let mut conduct = Conduct::default();
    for _ in 0..20 {
        for _ in 0..MOST_PROBES - 1 {
            assert_eq!(conduct.offend(FAR, Offence::Probing, false, Moment::ZERO), None);
        }
        assert_eq!(conduct.wrong(FAR, 2, Moment::ZERO), (Patience::TryAgain, None));
        conduct.right(FAR, Moment::ZERO);
    }
}

#[test]
fn a_person_forgives_all() {
    let mut conduct = Conduct::default();
    let (_, first) = guess(&mut conduct, FAR, Moment::ZERO);
    assert_eq!(conduct.bans(Moment::ZERO), [(Block::of(FAR), first)]);
    conduct.lift(Block::of(FAR));
    assert!(conduct.bans(Moment::ZERO).is_empty());
    assert_eq!(guess(&mut conduct, FAR, Moment::ZERO).1.times, 1);
}

#[test]
fn the_table_is_bounded_and_bans_outlast_what_is_merely_noted() {
    let mut conduct = Conduct::default();
    guess(&mut conduct, FAR, Moment::ZERO);
    for n in 0..5000_u32 {
        conduct.offend(IpAddr::V4((0x0a00_0000 + n).into()), Offence::Malformed, false, Moment::from_millis(u64::from(n)));
    }
    assert_eq!(conduct.rows.len(), MOST_ROWS);
    assert!(conduct.ban_of(FAR, Moment::from_secs(5)).is_some());
}
