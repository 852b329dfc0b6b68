//! Which notices a source has caused lately, so that nobody can fill the list of notices from outside.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::notice::NoticeCode;
use crate::time::Moment;

/// The same notice about the same source is told once in this time.
const NOTICE_PAUSE: Duration = Duration::from_secs(60);

/// Notices about sources told in one minute.
const MOST_NOTICES_A_MINUTE: u32 = 60;

/// Rows kept; the oldest goes. A flood from spoofed sources must not grow memory.
const MOST_ROWS: usize = 1024;

/// The table of sources.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    told: BTreeMap<(IpAddr, NoticeCode), Moment>,
    /// When the present minute of notices began, and how many it has had.
    minute: (Moment, u32),
}

impl Sources {
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
    fn a_notice_about_a_source_is_told_once_a_minute_and_the_table_is_bounded() {
        let mut sources = Sources::default();
        assert!(sources.is_news(IP, NoticeCode::SourceDropped, Moment::ZERO));
        assert!(!sources.is_news(IP, NoticeCode::SourceDropped, Moment::from_secs(59)));
        assert!(sources.is_news(IP, NoticeCode::SourceDropped, Moment::from_secs(60)));
        for n in 0..5000_u32 {
            let ip = IpAddr::V4(n.into());
            sources.is_news(ip, NoticeCode::SourceDropped, Moment::from_secs(u64::from(n)));
        }
        assert!(sources.told.len() <= MOST_ROWS);
    }
}
