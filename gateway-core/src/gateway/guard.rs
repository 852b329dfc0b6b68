//! The guard at the door: how much of what a network brings is looked at, and whose messages are not.
//!
//! Every source has a bucket of tokens that fills at a steady rate; a message that finds none is dropped before a byte of it is
//! read. Strangers share one more bucket, so that a flood with forged sources takes nothing from peers. Peers, whom the settings
//! name or who registered or are in a call, have a bucket of their own each, far larger, and are never silenced.
//! Decision 0012 tells why it is done this way.

mod block;
mod bucket;
mod conduct;
mod view;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::time::Moment;

pub use block::Block;
use bucket::{Bucket, Rate};
pub use conduct::Offence;
pub(super) use conduct::{Ban, Conduct, Patience};
pub use view::{BanEffect, BanView, DroppedView, GuardView};

/// A peer: a PBX that starts anew brings hundreds of messages in a second, and the telephones behind it as many.
const PEER: Rate = Rate { per_second: 500, burst: 1000 };

/// A stranger: enough for the telephones of an office behind one address that register all at once, each with two requests.
const STRANGER: Rate = Rate { per_second: 20, burst: 100 };

/// All strangers together.
const STRANGERS: Rate = Rate { per_second: 300, burst: 600 };

/// A peer that would be banned, were it a stranger: it can still call, and hardly guess.
const SLOWED: Rate = Rate { per_second: 5, burst: 20 };

/// A banned source: enough to be seen in the trace of SIP messages, where it is kept with the reason.
const BANNED: Rate = Rate { per_second: 1, burst: 5 };

/// Messages beyond its share after which a stranger counts as a flood, unless its bucket was full in between.
const FLOOD: u32 = 200;

/// Rows of strangers, and of peers, that are kept; the one that was quiet for longest goes, and begins anew when it comes back.
/// New rows of strangers are bounded by what strangers share, so a flood with forged sources cannot turn the table over at will.
const MOST_ROWS: usize = 2048;

/// How long it is believed what a source was found to be.
const STANDING: Duration = Duration::from_secs(1);

/// Whose messages they are, as far as an address tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The settings name it, or it registered here, or it is in a call.
    Peer,
    /// Anybody else.
    Stranger,
}

/// What becomes of a message that nobody has looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It may be read.
    Admitted,
    /// Its source has used up its share.
    TooFast,
    /// Its source has used up its share so often that it is banned from now on.
    Flood(Ban),
    /// Strangers together have used up theirs.
    Crowded,
    /// Its source is banned, and has been seen often enough.
    Banned,
}

#[derive(Clone, Debug)]
struct Row {
    /// The address that was looked up last, what it was, and when.
    looked_up: (IpAddr, Standing, Moment),
    bucket: Bucket,
    last: Moment,
    dropped: u64,
    /// Dropped since the bucket was full.
    in_a_row: u32,
}

impl Row {
    fn new(rate: Rate, looked_up: (IpAddr, Standing, Moment)) -> Self {
        Row { looked_up, bucket: Bucket::full(rate, looked_up.2), last: looked_up.2, dropped: 0, in_a_row: 0 }
    }

    fn take(&mut self, rate: Rate, now: Moment) -> bool {
        self.last = now;
        if self.bucket.is_full(rate, now) {
            self.in_a_row = 0;
        }
        let taken = self.bucket.take(rate, now);
        if !taken {
            self.dropped = self.dropped.saturating_add(1);
            self.in_a_row = self.in_a_row.saturating_add(1);
        }
        taken
    }
}

/// Who may be heard how often, and who not at all.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    peers: BTreeMap<IpAddr, Row>,
    strangers: BTreeMap<Block, Row>,
    /// What strangers share.
    shared: Bucket,
    /// What sources did, and who is banned for it.
    pub(super) conduct: Conduct,
    dropped: u64,
    crowded: u64,
}

impl Guard {
    /// Nobody came yet.
    pub(super) fn new(now: Moment) -> Self {
        Guard {
            peers: BTreeMap::new(),
            strangers: BTreeMap::new(),
            shared: Bucket::full(STRANGERS, now),
            conduct: Conduct::default(),
            dropped: 0,
            crowded: 0,
        }
    }

    /// What `ip` was found to be a moment ago, so that a flood from one source is not looked up with each message.
    #[must_use]
    pub(super) fn standing_of(&self, ip: IpAddr, now: Moment) -> Option<Standing> {
        let fresh = |row: &Row| (row.looked_up.0 == ip && now - row.looked_up.2 < STANDING).then_some(row.looked_up.1);
        self.peers.get(&ip).and_then(fresh).or_else(|| self.strangers.get(&Block::of(ip)).and_then(fresh))
    }

    /// Decides over one message of `ip`, a plain address. `proven`: nobody can have forged it.
    pub(super) fn enter(&mut self, ip: IpAddr, standing: Standing, proven: bool, now: Moment) -> Entry {
        let entry = match standing {
            Standing::Peer => self.enter_as_peer(ip, now),
            Standing::Stranger => self.enter_as_stranger(ip, proven, now),
        };
        if entry != Entry::Admitted {
            self.dropped = self.dropped.saturating_add(1);
        }
        entry
    }

    fn enter_as_peer(&mut self, ip: IpAddr, now: Moment) -> Entry {
        // What anybody could have sent in its name does not slow a peer: whoever forges addresses would slow every call.
        let slowed = self.conduct.ban_of(ip, now).is_some_and(|ban| ban.proven);
        let rate = if slowed { SLOWED } else { PEER };
        make_room(&mut self.peers, &ip);
        let row = self.peers.entry(ip).or_insert_with(|| Row::new(rate, (ip, Standing::Peer, now)));
        row.looked_up = looked_up(row, ip, Standing::Peer, now);
        if row.take(rate, now) { Entry::Admitted } else { Entry::TooFast }
    }

    fn enter_as_stranger(&mut self, ip: IpAddr, proven: bool, now: Moment) -> Entry {
        let block = Block::of(ip);
        let banned = self.conduct.ban_of(ip, now).is_some();
        let rate = if banned { BANNED } else { STRANGER };
        if let Some(row) = self.strangers.get_mut(&block) {
            row.looked_up = looked_up(row, ip, Standing::Stranger, now);
            if !row.take(rate, now) {
                if banned {
                    return Entry::Banned;
                }
                let is_flood = row.in_a_row >= FLOOD;
                if is_flood {
                    row.in_a_row = 0;
                }
                let ban = is_flood.then(|| self.conduct.offend(ip, Offence::Flood, proven, now)).flatten();
                return ban.map_or(Entry::TooFast, Entry::Flood);
            }
        }
        if !self.shared.take(STRANGERS, now) {
            self.crowded = self.crowded.saturating_add(1);
            return Entry::Crowded;
        }
        if !self.strangers.contains_key(&block) {
            make_room(&mut self.strangers, &block);
            let mut row = Row::new(rate, (ip, Standing::Stranger, now));
            row.take(rate, now);
            self.strangers.insert(block, row);
        }
        Entry::Admitted
    }
}

/// What is remembered of a look-up: the older one, while it is believed.
fn looked_up(row: &Row, ip: IpAddr, standing: Standing, now: Moment) -> (IpAddr, Standing, Moment) {
    let (known, before, at) = row.looked_up;
    if known == ip && before == standing && now - at < STANDING { row.looked_up } else { (ip, standing, now) }
}

/// Room for one more row, if `wanted` has none yet.
fn make_room<K: Ord + Copy>(rows: &mut BTreeMap<K, Row>, wanted: &K) {
    if rows.len() >= MOST_ROWS && !rows.contains_key(wanted) {
        let oldest = rows.iter().min_by_key(|(_, row)| row.last).map(|(key, _)| *key);
        oldest.and_then(|oldest| rows.remove(&oldest));
    }
}

#[cfg(test)]
mod tests;
