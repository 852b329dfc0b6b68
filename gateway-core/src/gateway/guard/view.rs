//! What people are shown of the guard.

use serde::{Deserialize, Serialize};

use super::conduct::{Ban, Offence};
use super::{Block, Guard, Standing};
use crate::time::Moment;

/// Sources whose messages were dropped that are shown; those with the most.
const MOST_SHOWN: usize = 50;

/// What a ban means for its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum BanEffect {
    /// It gets no answer.
    Silenced,
    /// It is a peer: it is heard, but only a few times a second.
    Slowed,
}

/// A ban in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct BanView {
    /// An IPv4 address, or an IPv6 block of 64 bits.
    pub source: String,
    /// For what.
    pub reason: Offence,
    /// What it means.
    pub effect: BanEffect,
    /// From when, in ms since the gateway started.
    pub since_ms: u64,
    /// Until when, in ms since the gateway started.
    pub until_ms: u64,
    /// Which one of this source it is, from 1.
    pub times: u32,
}

impl BanView {
    pub(in crate::gateway) fn new(ban: &Ban, standing: Standing) -> Self {
        BanView {
            source: Block::of(ban.ip).to_string(),
            reason: ban.reason,
            effect: match standing {
                Standing::Peer => BanEffect::Slowed,
                Standing::Stranger => BanEffect::Silenced,
            },
            since_ms: ban.since.as_millis(),
            until_ms: ban.until.as_millis(),
            times: ban.times,
        }
    }
}

/// A source whose messages were dropped before they were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DroppedView {
    /// An IPv4 address, or an IPv6 block of 64 bits.
    pub source: String,
    /// It is a peer.
    pub peer: bool,
    /// Messages.
    pub dropped: u64,
    /// When it came last, in ms since the gateway started.
    pub last_ms: u64,
}

/// The guard at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct GuardView {
    /// The bans in force, the newest first.
    pub bans: Vec<BanView>,
    /// Sources whose messages were dropped unread, as far as they are remembered: the 50 with the most.
    pub sources: Vec<DroppedView>,
    /// Messages dropped unread since the start.
    pub dropped: u64,
    /// Those of them that were dropped because all strangers together sent too many.
    pub crowded: u64,
}

impl Guard {
    /// What people are shown. `standing` tells what an address is now.
    pub(in crate::gateway) fn view(&self, standing: impl Fn(std::net::IpAddr) -> Standing, now: Moment) -> GuardView {
        let of = |source: String, peer: bool, row: &super::Row| DroppedView {
            source,
            peer,
            dropped: row.dropped,
            last_ms: row.last.as_millis(),
        };
        let peers = self.peers.iter().map(|(ip, row)| of(ip.to_string(), true, row));
        let strangers = self.strangers.iter().map(|(block, row)| of(block.to_string(), false, row));
        let mut sources: Vec<_> = peers.chain(strangers).filter(|row| row.dropped > 0).collect();
        sources.sort_by_key(|row| std::cmp::Reverse(row.dropped));
        sources.truncate(MOST_SHOWN);
        let bans = self.conduct.bans(now);
        let felt =
            bans.iter().map(|(_, ban)| (ban, standing(ban.ip))).filter(|(ban, standing)| ban.proven || *standing == Standing::Stranger);
        let bans = felt.map(|(ban, standing)| BanView::new(ban, standing)).collect();
        GuardView { bans, sources, dropped: self.dropped, crowded: self.crowded }
    }
}
