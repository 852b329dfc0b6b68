//! What sources did: wrong secrets, probing, malformed messages, floods; and who is banned for it, and how long.
//!
//! Each ban of a source is longer than the one before, and what is held against it fades with quiet time and with right
//! credentials. What a forged sender address could have caused is banned for minutes only.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::block::Block;
use crate::time::Moment;

/// Wrong secrets are forgotten after this time without another one.
const MEMORY: Duration = Duration::from_secs(300);

/// A source without a ban behind it goes on this many times over the tolerated tries before it is banned.
const BAN_FACTOR: u32 = 4;

/// One probe or malformed message is forgotten in this time: a device that sends nonsense twice a minute is no attacker.
const FADES: Duration = Duration::from_secs(10);

/// Requests without credentials, or from a source that no port admits. The telephones of an office behind one address all ask once
/// without credentials before the first of them proves anything.
const MOST_PROBES: u32 = 100;

/// Messages that are no SIP.
const MOST_MALFORMED: u32 = 30;

/// One ban is forgotten in this time without an offence.
const MERCY: Duration = Duration::from_secs(6 * 3600);

/// The first ban, and what each further one is multiplied by; no ban is longer than the last.
#[derive(Clone, Copy)]
struct Terms {
    first: Duration,
    factor: u32,
    longest: Duration,
}

/// For what nobody but the source itself can have done.
const PROVEN: Terms = Terms { first: Duration::from_secs(300), factor: 4, longest: Duration::from_secs(24 * 3600) };

/// For what a forged sender address may have caused: nobody shall be able to shut another out for long.
const FORGEABLE: Terms = Terms { first: Duration::from_secs(60), factor: 2, longest: Duration::from_secs(600) };

/// The longest ban of a source in one's own network: it is more often a telephone with an old secret than an attacker.
const LONGEST_NEAR: Duration = Duration::from_secs(300);

/// Sources that something is held against. A banned one goes last, and of those the one whose ban ends first.
const MOST_ROWS: usize = 1024;

/// What a source did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Offence {
    /// It guessed secrets.
    WrongSecrets,
    /// It looked for users or open doors: requests without credentials, or to a gateway that does not admit it.
    Probing,
    /// It called itself by the name of a known scanner.
    Scanner,
    /// It sent what is no SIP.
    Malformed,
    /// It sent far more than its share.
    Flood,
}

/// What a source with wrong credentials gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Patience {
    /// Another challenge.
    TryAgain,
    /// 403.
    Refused,
}

/// A ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Ban {
    /// The address that caused it.
    pub(in crate::gateway) ip: IpAddr,
    /// For what.
    pub(in crate::gateway) reason: Offence,
    /// From when.
    pub(in crate::gateway) since: Moment,
    /// Until when.
    pub(in crate::gateway) until: Moment,
    /// Which one of this source it is, from 1.
    pub(in crate::gateway) times: u32,
    /// Nobody can have forged the address.
    pub(in crate::gateway) proven: bool,
}

/// A number that fades.
#[derive(Clone, Copy, Debug, Default)]
struct Fading {
    count: u32,
    at: Moment,
}

impl Fading {
    fn add(&mut self, now: Moment) -> u32 {
        let faded = u32::try_from((now - self.at).as_nanos() / FADES.as_nanos()).unwrap_or(u32::MAX);
        if faded > 0 {
            self.count = self.count.saturating_sub(faded);
            self.at = now;
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

#[derive(Clone, Debug)]
struct Row {
    wrong: u32,
    probes: Fading,
    malformed: Fading,
    last: Moment,
    /// Bans that are not forgotten yet, and from when their time counts.
    bans: u32,
    quiet_since: Moment,
    ban: Option<Ban>,
}

impl Row {
    fn new(now: Moment) -> Self {
        let fading = Fading { count: 0, at: now };
        Row { wrong: 0, probes: fading, malformed: fading, last: now, bans: 0, quiet_since: now, ban: None }
    }

    fn is_banned(&self, now: Moment) -> bool {
        self.ban.is_some_and(|ban| now < ban.until)
    }

    /// Forgets what is old enough.
    fn fade(&mut self, now: Moment) {
        while self.bans > 0 && now - self.quiet_since >= MERCY {
            self.bans -= 1;
            self.quiet_since = self.quiet_since + MERCY;
        }
    }

    fn forget_counts(&mut self, now: Moment) {
        self.wrong = 0;
        self.probes = Fading { count: 0, at: now };
        self.malformed = self.probes;
    }

    fn ban(&mut self, ip: IpAddr, reason: Offence, proven: bool, now: Moment) -> Ban {
        let terms = if proven { PROVEN } else { FORGEABLE };
        let longest = if Block::of(ip).is_near() { LONGEST_NEAR } else { terms.longest };
        // Beyond a dozen every ban is the longest.
        let length = terms.first.saturating_mul(terms.factor.saturating_pow(self.bans.min(12))).min(longest);
        self.bans = self.bans.saturating_add(1);
        let ban = Ban { ip, reason, since: now, until: now + length, times: self.bans, proven };
        self.quiet_since = ban.until;
        self.forget_counts(now);
        self.ban = Some(ban);
        ban
    }
}

/// The table of what is held against sources.
#[derive(Clone, Debug, Default)]
pub(in crate::gateway) struct Conduct {
    rows: BTreeMap<Block, Row>,
}

impl Conduct {
    /// Notes wrong credentials from `ip`, of which `tolerated` in a row are met with another challenge, and answers a ban that
    /// begins with them. They come with a nonce that only their sender can have received, so they are proven.
    pub(in crate::gateway) fn wrong(&mut self, ip: IpAddr, tolerated: u8, now: Moment) -> (Patience, Option<Ban>) {
        let tolerated = u32::from(tolerated.max(1));
        let row = self.row(ip, now);
        row.wrong = if now - row.last >= MEMORY { 1 } else { row.wrong.saturating_add(1) };
        row.last = now;
        let patience = if row.wrong >= tolerated { Patience::Refused } else { Patience::TryAgain };
        let most = if row.bans == 0 { tolerated.saturating_mul(BAN_FACTOR) } else { tolerated };
        let begins = row.wrong >= most && !row.is_banned(now);
        (patience, begins.then(|| row.ban(ip, Offence::WrongSecrets, true, now)))
    }

    /// Notes an offence of `ip`, and answers a ban that begins with it. `proven`: nobody can have forged its address.
    pub(in crate::gateway) fn offend(&mut self, ip: IpAddr, offence: Offence, proven: bool, now: Moment) -> Option<Ban> {
        let row = self.row(ip, now);
        row.last = now;
        let is_enough = match offence {
            Offence::Probing => row.probes.add(now) >= MOST_PROBES,
            Offence::Malformed => row.malformed.add(now) >= MOST_MALFORMED,
            Offence::WrongSecrets | Offence::Scanner | Offence::Flood => true,
        };
        (is_enough && !row.is_banned(now)).then(|| row.ban(ip, offence, proven, now))
    }

    /// Right credentials came from `ip`: its tries are forgiven, and the last ban that is over.
    pub(in crate::gateway) fn right(&mut self, ip: IpAddr, now: Moment) {
        if let Some(row) = self.rows.get_mut(&Block::of(ip)) {
            row.forget_counts(now);
            if !row.is_banned(now) {
                row.bans = row.bans.saturating_sub(1);
            }
            if row.bans == 0 {
                self.rows.remove(&Block::of(ip));
            }
        }
    }

    /// The ban that `ip` is under.
    #[must_use]
    pub(in crate::gateway) fn ban_of(&self, ip: IpAddr, now: Moment) -> Option<Ban> {
        self.rows.get(&Block::of(ip)).and_then(|row| row.ban).filter(|ban| now < ban.until)
    }

    /// A person forgives a source everything.
    pub(in crate::gateway) fn lift(&mut self, block: Block) {
        self.rows.remove(&block);
    }

    /// The bans in force, the newest first.
    #[must_use]
    pub(in crate::gateway) fn bans(&self, now: Moment) -> Vec<(Block, Ban)> {
        let running = |(block, row): (&Block, &Row)| row.ban.filter(|ban| now < ban.until).map(|ban| (*block, ban));
        let mut bans: Vec<_> = self.rows.iter().filter_map(running).collect();
        bans.sort_by_key(|(block, ban)| (std::cmp::Reverse(ban.since), *block));
        bans
    }

    fn row(&mut self, ip: IpAddr, now: Moment) -> &mut Row {
        let block = Block::of(ip);
        if self.rows.len() >= MOST_ROWS && !self.rows.contains_key(&block) {
            let worth = |row: &Row| (row.ban.map(|ban| ban.until).filter(|until| now < *until), row.last);
            let least = self.rows.iter().min_by_key(|(_, row)| worth(row)).map(|(block, _)| *block);
            least.and_then(|least| self.rows.remove(&least));
        }
        let row = self.rows.entry(block).or_insert_with(|| Row::new(now));
        row.fade(now);
        row
    }
}

#[cfg(test)]
mod tests;
