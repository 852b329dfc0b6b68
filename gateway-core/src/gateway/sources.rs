//! Where requests come from: who guessed wrong how often, who is banned, and which notices a source has caused lately.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::notice::NoticeCode;
use crate::time::Moment;

/// Wrong tries are forgotten after this time without another one.
const MEMORY: Duration = Duration::from_secs(300);

/// A source is banned when it goes on this many times over the tolerated tries.
const BAN_FACTOR: u32 = 4;

/// Length of a ban.
const BAN: Duration = Duration::from_secs(300);

/// The same notice about the same source is told once in this time.
const NOTICE_PAUSE: Duration = Duration::from_secs(60);

/// Notices about sources told in one minute.
const MOST_NOTICES_A_MINUTE: u32 = 60;

/// Rows kept; the oldest goes. A flood from spoofed sources must not grow memory.
const MOST_ROWS: usize = 1024;

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    last: Moment,
    banned_until: Option<Moment>,
}

/// What a source with wrong credentials gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Another challenge.
    TryAgain,
    /// 403.
    Refused,
}

/// The table of sources.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    tries: BTreeMap<IpAddr, Tries>,
    told: BTreeMap<(IpAddr, NoticeCode), Moment>,
    /// When the present minute of notices began, and how many it has had.
    minute: (Moment, u32),
}

impl Sources {
    /// Notes wrong credentials from `ip`, of which `tolerated` in a row are met with another challenge.
    pub(super) fn wrong(&mut self, ip: IpAddr, tolerated: u8, now: Moment) -> Patience {
        let tolerated = u32::from(tolerated.max(1));
        make_room(&mut self.tries, |tries| tries.last);
        let row = self.tries.entry(ip).or_insert(Tries { wrong: 0, last: now, banned_until: None });
        row.wrong = if now.since(row.last) >= MEMORY { 1 } else { row.wrong.saturating_add(1) };
        row.last = now;
        if row.wrong >= tolerated.saturating_mul(BAN_FACTOR) {
            row.banned_until = Some(now + BAN);
        }
        if row.wrong >= tolerated { Patience::Refused } else { Patience::TryAgain }
    }

    /// Right credentials came from `ip`: earlier tries are forgiven.
    pub(super) fn right(&mut self, ip: IpAddr) {
        self.tries.remove(&ip);
    }

    /// Whether requests from `ip` get no answer now.
    #[must_use]
    pub(super) fn is_banned(&self, ip: IpAddr, now: Moment) -> bool {
        self.tries.get(&ip).and_then(|tries| tries.banned_until).is_some_and(|until| now < until)
    }

    /// Whether this notice about `ip` is news, so that a scanner cannot fill the notice list.
    pub(super) fn is_news(&mut self, ip: IpAddr, code: NoticeCode, now: Moment) -> bool {
        if self.told.get(&(ip, code)).is_some_and(|told| now.since(*told) < NOTICE_PAUSE) {
            return false;
        }
        if !self.has_room(now) {
            return false;
        }
        make_room(&mut self.told, |told| *told);
        self.told.insert((ip, code), now);
        true
    }

    /// Whether one more notice about a source fits into this minute: a flood with forged sources must not drown the others.
    pub(super) fn has_room(&mut self, now: Moment) -> bool {
        if now.since(self.minute.0) >= Duration::from_secs(60) {
            self.minute = (now, 0);
        }
        self.minute.1 += 1;
        self.minute.1 <= MOST_NOTICES_A_MINUTE
    }
}

fn make_room<K: Ord + Copy, V>(table: &mut BTreeMap<K, V>, age: impl Fn(&V) -> Moment) {
    if table.len() >= MOST_ROWS {
        let oldest = table.iter().min_by_key(|(_, row)| age(row)).map(|(key, _)| *key);
        if let Some(oldest) = oldest {
            table.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn wrong_tries_are_challenged_then_refused_then_banned_and_the_ban_ends() {
        let mut sources = Sources::default();
        let now = Moment::from_secs(1);
        assert_eq!(sources.wrong(IP, 3, now), Patience::TryAgain);
        assert_eq!(sources.wrong(IP, 3, now), Patience::TryAgain);
        assert_eq!(sources.wrong(IP, 3, now), Patience::Refused);
        for _ in 0..9 {
            sources.wrong(IP, 3, now);
        }
        assert!(sources.is_banned(IP, now));
        assert!(!sources.is_banned(IP, now + BAN));
    }

    #[test]
    fn right_credentials_forgive() {
        let mut sources = Sources::default();
        sources.wrong(IP, 2, Moment::ZERO);
        sources.right(IP);
        assert_eq!(sources.wrong(IP, 2, Moment::ZERO), Patience::TryAgain);
    }

    #[test]
    fn a_notice_about_a_source_is_told_once_a_minute_and_the_tables_are_bounded() {
        let mut sources = Sources::default();
        assert!(sources.is_news(IP, NoticeCode::SourceDropped, Moment::ZERO));
        assert!(!sources.is_news(IP, NoticeCode::SourceDropped, Moment::from_secs(59)));
        assert!(sources.is_news(IP, NoticeCode::SourceDropped, Moment::from_secs(60)));
        for n in 0..5000_u32 {
            let ip = IpAddr::V4(n.into());
            sources.is_news(ip, NoticeCode::SourceDropped, Moment::from_secs(u64::from(n)));
            sources.wrong(ip, 5, Moment::from_secs(u64::from(n)));
        }
        assert!(sources.told.len() <= MOST_ROWS && sources.tries.len() <= MOST_ROWS);
    }
}
